// The negative log-likelihood of class indices.
#pragma once

#include <cstdint>
#include <type_traits>
#include <utility>

#include <tenon/expr/cross_entropy.hpp>
#include <tenon/expr/index.hpp>
#include <tenon/function/statistics.hpp>
#include <tenon/op/cast.hpp>
#include <tenon/op/compare.hpp>
#include <tenon/op/where.hpp>

namespace tenon::inline TENON_TARGET {

/// Targets that do not fit the log-probabilities: class indices are integers, one for each row.
template <class LogProbabilities, class Targets, class TargetElement>
struct nll_loss_targets_do_not_fit;

/// Options of nll_loss, for log-probabilities of element type T and a number of classes on a device.
template <class T, std::size_t Classes, class Device = cpu>
struct nll_loss_options {
    loss_weight<T, shape<Classes>, Device>
        weight{};                      ///< one weight for each class; the mean divides by the weights' sum
    std::int64_t ignore_index = -100;  ///< rows with this index count nothing
};

namespace detail {
template <class X>
using nll_options_for =
    nll_loss_options<element::computed_t<value_t<node_t<X>>>, class_extent<shape_t<node_t<X>>>, device_of_t<node_t<X>>>;
}  // namespace detail

/// −w_t x_t for log-probabilities x and class indices t, averaged by the weights w_t (or summed, or one for each row).
/// Log-probabilities are [classes], [rows, classes] or [rows, classes, …]; targets the same without the class axis.
/// Rows with the index `ignore_index` count nothing. Compile error `nll_loss_targets_do_not_fit`; index_error for a
/// class that does not exist; torch.nn.functional.nll_loss.
template <reduction R = reduction::mean, operand X, operand Targets>
constexpr auto nll_loss(X&& x, Targets&& t, detail::nll_options_for<X> const& options = {}) {
    static_assert(joins_losses<R>, "nll_loss: takes mean, sum or none; reduction::batchmean is for kl_div alone");
    using s = shape_t<node_t<X>>;
    using u = shape_t<node_t<Targets>>;
    if constexpr (!std::is_integral_v<value_t<node_t<Targets>>> || !detail::targets_fit<s, u>())
        return nll_loss_targets_do_not_fit<s, u, value_t<node_t<Targets>>>{};
    else if constexpr (element::narrow<value_t<node_t<X>>>)
        return detail::in_float(std::forward<X>(x), [&](auto&& wide) {
            return nll_loss<R>(std::move(wide), std::forward<Targets>(t), options);
        });
    else {
        constexpr std::size_t axis = detail::class_axis<s>;
        constexpr auto at = static_cast<std::ptrdiff_t>(axis);
        using T = typename detail::plain_element<value_t<node_t<X>>>::type;
        detail::check_targets("nll_loss", x, t);
        std::array const classes{x.shape()[axis]};
        auto weights = detail::class_weights_of<0>(options.weight, shape<s::static_extents[axis]>(classes));
        // An ignored row looks at class 0 and counts nothing.
        auto const k = detail::reused(unsqueeze<at>(cast<std::int64_t>(as_node(std::forward<Targets>(t)))));
        auto const index = where(k == options.ignore_index, std::int64_t{0}, k);
        auto const w =
            detail::reused(where(k == options.ignore_index, T(0), index_select<0>(std::move(weights), index)));
        auto loss = where(k == options.ignore_index, T(0), -w * gather<at>(std::forward<X>(x), index));
        if constexpr (R == reduction::none) return squeeze<at>(std::move(loss));
        else if constexpr (R == reduction::sum) return sum(std::move(loss));
        else return sum(std::move(loss)) / sum(w);
    }
}

}  // namespace tenon::inline TENON_TARGET
