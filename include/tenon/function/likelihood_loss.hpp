// Losses that are negative log-likelihoods of distributions over numbers, and of a linear map's classes.
#pragma once

#include <cmath>
#include <cstddef>
#include <numbers>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include <tenon/expr/cross_entropy.hpp>
#include <tenon/expr/matmul.hpp>
#include <tenon/expr/reshape.hpp>
#include <tenon/expr/window_grid.hpp>
#include <tenon/function/loss.hpp>
#include <tenon/op/exp.hpp>
#include <tenon/op/extremum.hpp>
#include <tenon/op/log.hpp>

namespace tenon::inline TENON_TARGET {

/// Options of poisson_nll_loss.
struct poisson_nll_options {
    bool log_input = true;  ///< whether the input is the logarithm of the rate
    bool full = false;      ///< whether Stirling's approximation of log t! is added where t > 1
    double eps = 1e-8;      ///< added to the rate before its logarithm is taken
};
/// Options of gaussian_nll_loss.
struct gaussian_nll_options {
    bool full = false;  ///< whether ½ log 2π is added
    double eps = 1e-6;  ///< what smaller variances count as
};
/// The variances of gaussian_nll_loss have the input's shape, or that without the last axis, or with 1 in its place.
template <class Input, class Variances>
struct variances_do_not_fit;
/// linear_cross_entropy takes an input [rows…, in] and a weight [classes, in] or [classes, …, in].
template <class Input, class Weight>
struct linear_cross_entropy_does_not_fit;

namespace op {
struct poisson_nll_loss : floating {
    static constexpr char const* name = "poisson_nll_loss";
    poisson_nll_options options;
    template <class V>
    TENON_LANE V value(V x, V t) const {
        V loss = options.log_input ? math::exp(x) - t * x : x - t * math::log(x + V(options.eps));
        if (options.full)
            loss +=
                math::select(t > V(1), t * math::log(t) - t + V(0.5) * math::log(V(2 * std::numbers::pi) * t), V(0));
        return loss;
    }
    template <std::size_t I, class V>
    TENON_LANE V slope(V, V x, V t) const {
        if constexpr (I == 0) return options.log_input ? element::exp(x) - t : V(1) - t / (x + V(options.eps));
        else {
            V s = options.log_input ? -x : -element::log(x + V(options.eps));
            if (options.full) s += math::select(t > V(1), element::log(t) + V(0.5) / t, V(0));
            return s;
        }
    }
};
/// ½ (log v + (x − t)² / v) for v = max(variance, eps). On the processor a negative variance is refused.
struct gaussian_nll_loss : floating {
    static constexpr char const* name = "gaussian_nll_loss";
    double eps, constant;
    template <class V>
    TENON_LANE V value(V x, V t, V variance) const {
        if constexpr (host_code && !element::is_dual<V>)
            if (math::any_of(variance < V(0))) throw std::invalid_argument("gaussian_nll_loss: a variance is negative");
        V const v = math::maximum(variance, V(eps)), d = x - t;
        return V(0.5) * (math::log(v) + d * d / v) + V(constant);
    }
    template <std::size_t I, class V>
    TENON_LANE V slope(V, V x, V t, V variance) const {
        V const v = element::maximum(variance, V(eps)), d = x - t;
        if constexpr (I == 2) return V(0.5) * (V(1) - d * d / v) / v;
        else return (I == 0 ? d : -d) / v;
    }
};
}  // namespace op

/// exp x − t x for log-rates x and counts t (or x − t log(x + eps) for rates, with `{.log_input = false}`), averaged (or summed, or
/// element by element). Compile error `loss_shapes_differ`; torch.nn.functional.poisson_nll_loss.
template <reduction R = reduction::mean, operand X, operand T>
constexpr auto poisson_nll_loss(X&& x, T&& t, poisson_nll_options options = {}) {
    return detail::elementwise_loss<R, "poisson_nll_loss">(op::poisson_nll_loss{{}, options}, std::forward<X>(x),
                                                           std::forward<T>(t));
}

/// ½ (log v + (x − t)² / v) for means x, targets t and variances v, which have x's shape, or that without its last axis, or 1 in its
/// place, or are a number; averaged (or summed, or element by element). The gradient of a variance below eps is that at eps. Compile
/// errors `loss_shapes_differ`, `variances_do_not_fit`; @throws std::invalid_argument for a negative variance or an eps that is not
/// positive; torch.nn.functional.gaussian_nll_loss.
template <reduction R = reduction::mean, operand X, operand T, operand V>
constexpr auto gaussian_nll_loss(X&& x, T&& t, V&& variance, gaussian_nll_options options = {}) {
    using s = shape_t<node_t<X>>;
    using u = shape_t<node_t<V>>;
    if (!(options.eps > 0)) throw std::invalid_argument("gaussian_nll_loss: eps has to be positive");
    if constexpr (u::rank() != 0 && u::rank() + 1 == s::rank())
        return gaussian_nll_loss<R>(std::forward<X>(x), std::forward<T>(t), unsqueeze<-1>(std::forward<V>(variance)),
                                    options);
    else if constexpr (u::rank() != 0 && (u::rank() != s::rank() || !std::is_same_v<broadcast_t<s, u>, s>))
        return variances_do_not_fit<s, u>{};
    else
        return detail::compare_elements<R, "gaussian_nll_loss">(
            [&](auto&& a, auto&& b) {
                double const constant = options.full ? 0.5 * std::log(2 * std::numbers::pi) : 0;
                return detail::reduce_loss<R>(make_map(op::gaussian_nll_loss{{}, options.eps, constant},
                                                       std::forward<decltype(a)>(a), std::forward<decltype(b)>(b),
                                                       std::forward<V>(variance)));
            },
            std::forward<X>(x), std::forward<T>(t));
}

namespace detail {
/// [rows…, out] with out split to the extents of a weight without its last.
template <class W>
struct logits_extents {
    template <std::size_t N>
    static constexpr auto of(std::array<std::size_t, N> const& e) {
        std::array<std::size_t, N + W::rank() - 2> all{};
        for (std::size_t a = 0; a + 1 < N; ++a) all[a] = e[a];
        for (std::size_t a = 0; a + 1 < W::rank(); ++a) all[N - 1 + a] = W::static_extents[a];
        return all;
    }
};
template <class X, class W>
constexpr auto linear_logits(X&& x, W&& weight) {
    using t = shape_t<W>;
    auto product = matmul(std::forward<X>(x), transpose(flatten<0, -2>(std::forward<W>(weight))));
    if constexpr (t::rank() == 2) return product;
    else {
        auto const to = shape_by<logits_extents<t>>(product.shape());
        return reshape_to(std::move(product), to);
    }
}
template <class X, class W>
inline constexpr bool linear_fits = [] {
    using s = shape_t<X>;
    using t = shape_t<W>;
    if constexpr (s::rank() == 0 || t::rank() < 2 || !t::is_static) return false;
    else return is_dynamic(inner_extent<s>) || inner_extent<s> == inner_extent<t>;
}();
template <class X, class W>
using linear_options =
    cross_entropy_options<promote_t<value_t<X>, value_t<W>>, shape_t<W>::static_extents[0], device_of_t<X>>;
}  // namespace detail

/// cross_entropy(x Wᵀ, t) for x of shape [rows…, in] and a weight [classes, in], or [classes, …, in] for a class at each place, with
/// static extents; targets and options are those of cross_entropy. Compile error `linear_cross_entropy_does_not_fit` and those of
/// cross_entropy; torch.nn.functional.linear_cross_entropy.
template <reduction R = reduction::mean, expression X, expression W, operand T>
constexpr auto linear_cross_entropy(X&& x, W&& weight, T&& t, detail::linear_options<X, W> const& options = {}) {
    if constexpr (!detail::linear_fits<X, W>) return linear_cross_entropy_does_not_fit<shape_t<X>, shape_t<W>>{};
    else
        return cross_entropy<R>(detail::linear_logits(std::forward<X>(x), std::forward<W>(weight)), std::forward<T>(t),
                                options);
}
/// The same with a bias [classes], or [classes, …] as the weight's.
template <reduction R = reduction::mean, expression X, expression W, operand T, expression B>
constexpr auto linear_cross_entropy(X&& x, W&& weight, T&& t, B&& bias,
                                    detail::linear_options<X, W> const& options = {}) {
    if constexpr (!detail::linear_fits<X, W> || shape_t<B>::rank() + 1 != shape_t<W>::rank())
        return linear_cross_entropy_does_not_fit<shape_t<X>, shape_t<W>>{};
    else
        return cross_entropy<R>(detail::linear_logits(std::forward<X>(x), std::forward<W>(weight)) +
                                    std::forward<B>(bias),
                                std::forward<T>(t), options);
}

}  // namespace tenon::inline TENON_TARGET
