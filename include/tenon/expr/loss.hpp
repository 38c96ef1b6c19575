// Losses that are reductions of elementwise regions.
#pragma once

#include <tenon/expr/cross_entropy.hpp>
#include <tenon/expr/reduce.hpp>
#include <tenon/op/square.hpp>

namespace tenon::inline TENON_TARGET {

/// A loss compares element by element: shapes that would only broadcast are refused.
template <class Input, class Target>
struct loss_shapes_differ;

namespace detail {
/// Joins the elements of a loss as asked for.
template <reduction R, class E>
constexpr auto reduce_loss(E&& e) {
    if constexpr (R == reduction::mean) return mean(std::forward<E>(e));
    else if constexpr (R == reduction::sum) return sum(std::forward<E>(e));
    else return as_node(std::forward<E>(e));
}
template <class A, class B>
constexpr bool same_shape() {
    if constexpr (A::rank() != B::rank()) return false;
    else {
        for (std::size_t a = 0; a != A::rank(); ++a) {
            std::size_t const x = A::static_extents[a], y = B::static_extents[a];
            if (!is_dynamic(x) && !is_dynamic(y) && x != y) return false;
        }
        return true;
    }
}
}  // namespace detail

/// (x − t)², averaged (or summed, or element by element); torch.nn.functional.mse_loss. Compile error
/// `loss_shapes_differ`, or shape_error where only run time can know.
template <reduction R = reduction::mean, operand X, operand T>
constexpr auto mse_loss(X&& x, T&& t) {
    using a = shape_t<node_t<X>>;
    using b = shape_t<node_t<T>>;
    if constexpr (!detail::same_shape<a, b>()) return loss_shapes_differ<a, b>{};
    else {
        if (!(x.shape() == t.shape())) throw_shapes("mse_loss", to_string(x.shape()), to_string(t.shape()));
        return detail::reduce_loss<R>(square(std::forward<X>(x) - std::forward<T>(t)));
    }
}

}  // namespace tenon::inline TENON_TARGET
