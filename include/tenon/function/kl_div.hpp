// The Kullback-Leibler divergence of distributions.
#pragma once

#include <tenon/function/loss.hpp>
#include <tenon/op/exp.hpp>
#include <tenon/op/log.hpp>

namespace tenon::inline TENON_TARGET {

/// Options of kl_div.
struct kl_div_options {
    bool log_target = false;  ///< whether the targets are logarithms too
};

namespace op {
/// t (log t − x), where 0 log 0 counts as 0; with log_target, eᵗ (t − x).
struct kl_div : floating {
    static constexpr char const* name = "kl_div";
    bool log_target;
    template <class V>
    TENON_LANE V value(V x, V t) const {
        if (log_target) return math::exp(t) * (t - x);
        return math::select(t == V(0), V(0), t * math::log(t)) - t * x;
    }
    template <std::size_t I, class V>
    TENON_LANE V slope(V, V x, V t) const {
        if constexpr (I == 0) return log_target ? -element::exp(t) : -t;
        else return log_target ? element::exp(t) * (t - x + V(1)) : element::log(t) + V(1) - x;
    }
};
}  // namespace op

/// t (log t − x) for log-probabilities x and probabilities t, averaged over all elements as PyTorch does unless asked
/// not to; `kl_div<reduction::batchmean>` divides the sum by the first extent, which is the divergence of a mean row.
/// With `{.log_target = true}` the targets are logarithms too. Compile error `loss_shapes_differ`, or shape_error where
/// only run time can know; torch.nn.functional.kl_div.
template <reduction R = reduction::mean, operand X, operand T>
constexpr auto kl_div(X&& x, T&& t, kl_div_options options = {}) {
    op::kl_div const op{{}, options.log_target};
    if constexpr (R != reduction::batchmean)
        return detail::elementwise_loss<R, "kl_div">(op, std::forward<X>(x), std::forward<T>(t));
    else
        return detail::compare_elements<reduction::sum, "kl_div">(
            [op](auto&& a, auto&& b) {
                double rows = 1;
                if constexpr (shape_t<node_t<decltype(a)>>::rank() > 0) rows = static_cast<double>(a.shape()[0]);
                return sum(make_map(op, std::forward<decltype(a)>(a), std::forward<decltype(b)>(b))) / rows;
            },
            std::forward<X>(x), std::forward<T>(t));
}

}  // namespace tenon::inline TENON_TARGET
