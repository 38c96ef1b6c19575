// Losses of a regression: differences joined as asked for.
#pragma once

#include <stdexcept>
#include <utility>

#include <tenon/expr/reduce.hpp>
#include <tenon/expr/reduction.hpp>
#include <tenon/op/square.hpp>
#include <tenon/scalar/math.hpp>

namespace tenon::inline TENON_TARGET {

/// A loss compares element by element: shapes that would only broadcast are refused.
template <operation_name Loss, class Input, class Target>
struct loss_shapes_differ;
/// `reduction::batchmean` is for kl_div alone.
template <operation_name Loss>
struct loss_has_no_batchmean;

/// Options of smooth_l1_loss.
struct smooth_l1_options {
    double beta = 1;  ///< from this difference on the loss grows linearly; 0 makes it l1_loss
};
/// Options of huber_loss.
struct huber_options {
    double delta = 1;  ///< from this difference on the loss grows linearly
};

namespace op {
/// |x − t|; slope the sign of the difference, 0 where it is 0.
struct l1_loss : floating {
    static constexpr char const* name = "l1_loss";
    template <class V>
    TENON_LANE static V value(V x, V t) {
        return math::abs(x - t);
    }
    template <std::size_t I, class V>
    TENON_LANE static V slope(V, V x, V t) {
        V const d = I == 0 ? x - t : t - x;
        return math::select(d > 0, V(1), math::select(d < 0, V(-1), d));
    }
};
/// ½ d² / beta for differences |d| < beta, else |d| − ½ beta.
struct smooth_l1_loss : floating {
    static constexpr char const* name = "smooth_l1_loss";
    double beta;
    template <class V>
    TENON_LANE V value(V x, V t) const {
        V const d = math::abs(x - t);
        return math::select(d < V(beta), V(0.5) * d * d / V(beta), d - V(0.5 * beta));
    }
    template <std::size_t I, class V>
    TENON_LANE V slope(V, V x, V t) const {
        V const d = I == 0 ? x - t : t - x;
        V const outside = math::select(d > 0, V(1), math::select(d < 0, V(-1), d));
        return math::select((d < V(beta)) & (d > V(-beta)), d / V(beta), outside);
    }
};
/// ½ d² for differences |d| < delta, else delta (|d| − ½ delta).
struct huber_loss : floating {
    static constexpr char const* name = "huber_loss";
    double delta;
    template <class V>
    TENON_LANE V value(V x, V t) const {
        V const d = math::abs(x - t);
        return math::select(d < V(delta), V(0.5) * d * d, V(delta) * (d - V(0.5 * delta)));
    }
    template <std::size_t I, class V>
    TENON_LANE V slope(V, V x, V t) const {
        V const d = I == 0 ? x - t : t - x;
        return math::select(d >= V(delta), V(delta), math::select(d <= V(-delta), V(-delta), d));
    }
};
}  // namespace op

namespace detail {
/// Joins the elements of a loss as asked for.
template <reduction R, class E>
constexpr auto reduce_loss(E&& e) {
    if constexpr (R == reduction::mean) return mean(std::forward<E>(e));
    else if constexpr (R == reduction::sum) return sum(std::forward<E>(e));
    else {
        static_assert(R == reduction::none, "a loss's reduction is mean, sum or none");
        return as_node(std::forward<E>(e));
    }
}
/// f(x, t) for a loss that compares element by element; `loss_shapes_differ` or shape_error where the shapes differ.
template <reduction R, operation_name Loss, class F, class X, class T>
constexpr auto compare_elements(F&& f, X&& x, T&& t) {
    using a = shape_t<node_t<X>>;
    using b = shape_t<node_t<T>>;
    if constexpr (R == reduction::batchmean) return loss_has_no_batchmean<Loss>{};
    else if constexpr (!shapes_may_match<a, b>()) return loss_shapes_differ<Loss, a, b>{};
    else {
        if constexpr (!a::is_static || !b::is_static)
            if (!(x.shape() == t.shape())) throw_shapes(Loss.text, to_string(x.shape()), to_string(t.shape()));
        return f(std::forward<X>(x), std::forward<T>(t));
    }
}
/// An operator of x and t as a loss.
template <reduction R, operation_name Loss, class Op, class X, class T>
constexpr auto elementwise_loss(Op op, X&& x, T&& t) {
    return compare_elements<R, Loss>(
        [op](auto&& a, auto&& b) {
            return reduce_loss<R>(make_map(op, std::forward<decltype(a)>(a), std::forward<decltype(b)>(b)));
        },
        std::forward<X>(x), std::forward<T>(t));
}
}  // namespace detail

/// (x − t)², averaged (or summed, or element by element); torch.nn.functional.mse_loss. Compile error
/// `loss_shapes_differ`, or shape_error where only run time can know.
template <reduction R = reduction::mean, operand X, operand T>
constexpr auto mse_loss(X&& x, T&& t) {
    return detail::compare_elements<R, "mse_loss">(
        [](auto&& a, auto&& b) {
            return detail::reduce_loss<R>(square(std::forward<decltype(a)>(a) - std::forward<decltype(b)>(b)));
        },
        std::forward<X>(x), std::forward<T>(t));
}

/// |x − t|, averaged (or summed, or element by element); the slope of equal elements is 0; torch.nn.functional.l1_loss.
/// Compile error `loss_shapes_differ`, or shape_error where only run time can know.
template <reduction R = reduction::mean, operand X, operand T>
constexpr auto l1_loss(X&& x, T&& t) {
    return detail::elementwise_loss<R, "l1_loss">(op::l1_loss{}, std::forward<X>(x), std::forward<T>(t));
}

/// ½ (x − t)² / beta where |x − t| < beta, else |x − t| − ½ beta; averaged (or summed, or element by element);
/// torch.nn.functional.smooth_l1_loss. Compile error `loss_shapes_differ`, or shape_error where only run time can know;
/// std::invalid_argument for a negative beta.
template <reduction R = reduction::mean, operand X, operand T>
constexpr auto smooth_l1_loss(X&& x, T&& t, smooth_l1_options options = {}) {
    if (!(options.beta >= 0)) throw std::invalid_argument("smooth_l1_loss: beta may not be negative");
    return detail::elementwise_loss<R, "smooth_l1_loss">(op::smooth_l1_loss{{}, options.beta}, std::forward<X>(x),
                                                         std::forward<T>(t));
}

/// ½ (x − t)² where |x − t| < delta, else delta (|x − t| − ½ delta); averaged (or summed, or element by element);
/// torch.nn.functional.huber_loss. Compile error `loss_shapes_differ`, or shape_error where only run time can know;
/// std::invalid_argument unless delta is positive.
template <reduction R = reduction::mean, operand X, operand T>
constexpr auto huber_loss(X&& x, T&& t, huber_options options = {}) {
    if (!(options.delta > 0)) throw std::invalid_argument("huber_loss: delta has to be positive");
    return detail::elementwise_loss<R, "huber_loss">(op::huber_loss{{}, options.delta}, std::forward<X>(x),
                                                     std::forward<T>(t));
}

}  // namespace tenon::inline TENON_TARGET
