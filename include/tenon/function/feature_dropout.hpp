// Dropout of whole channels, dropout that keeps mean and variance of selu's outputs, and other functions that draw at each evaluation:
// rrelu, gumbel_softmax.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <utility>

#include <tenon/expr/dropout.hpp>
#include <tenon/expr/let.hpp>
#include <tenon/expr/random_bits.hpp>
#include <tenon/expr/reduce.hpp>
#include <tenon/expr/softmax.hpp>
#include <tenon/op/arithmetic.hpp>
#include <tenon/op/cast.hpp>
#include <tenon/op/compare.hpp>
#include <tenon/op/detach.hpp>
#include <tenon/op/leaky_relu.hpp>
#include <tenon/op/sample.hpp>
#include <tenon/op/where.hpp>

namespace tenon::inline TENON_TARGET {

namespace detail {
/// The first axes of a shape, with 1 in place of the others.
template <std::size_t Kept, std::size_t... E>
constexpr auto leading_axes(shape<E...> const& s) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
        using kept = shape<(I < Kept ? E : 1)...>;
        return kept(std::array<std::size_t, sizeof...(E)>{(I < Kept ? s[I] : 1)...});
    }(std::make_index_sequence<sizeof...(E)>{});
}
template <class S>
constexpr auto mask_of(S const& s, double p, generator& gen) {
    return dropout_mask<S>(s, p, gen);
}
/// Dropout with one decision for all positions that agree in the first `Kept` axes.
template <std::size_t Kept, class X>
auto drop_features(X&& x, double p, bool training, generator& gen) {
    static_assert(!std::is_integral_v<value_t<X>>, "dropout: needs floating point elements");
    checked_probability(p);
    if (!training) p = 0;
    double const scale = p == 1 ? 0 : 1 / (1 - p);
    return where(mask_of(leading_axes<Kept>(x.shape()), p, gen), std::forward<X>(x) * scale, 0);
}
/// Left out is selu's limit at −∞; then mean and variance are brought back (G. Klambauer et al., "Self-normalizing neural networks",
/// 2017).
template <std::size_t Kept, class X>
auto drop_alpha(X&& x, double p, bool training, generator& gen) {
    static_assert(!std::is_integral_v<value_t<X>>, "alpha_dropout: needs floating point elements");
    checked_probability(p);
    if (!training) p = 0;
    constexpr double limit = -1.7580993408473766;
    double const a = p == 1 ? 0 : 1 / std::sqrt((limit * limit * p + 1) * (1 - p)), b = -a * limit * p;
    return where(mask_of(leading_axes<Kept>(x.shape()), p, gen), std::forward<X>(x) * a + b, a * limit + b);
}
}  // namespace detail

/// x (N, C, L) or (C, L) with whole channels set to 0 with probability p and the others divided by 1 − p, drawn anew at each evaluation; x
/// itself where not training. @throws std::invalid_argument where p is not in [0, 1]; torch.nn.functional.dropout1d
template <expression X>
auto dropout1d(X&& x, double p = 0.5, bool training = true, generator& gen = default_generator()) {
    constexpr std::size_t rank = shape_t<X>::rank();
    static_assert(rank == 2 || rank == 3, "dropout1d: takes (N, C, L) or (C, L)");
    return detail::drop_features<rank - 1>(std::forward<X>(x), p, training, gen);
}
/// The same of x (N, C, H, W), or as PyTorch has it (N, C, L); torch.nn.functional.dropout2d.
template <expression X>
auto dropout2d(X&& x, double p = 0.5, bool training = true, generator& gen = default_generator()) {
    constexpr std::size_t rank = shape_t<X>::rank();
    static_assert(rank == 3 || rank == 4, "dropout2d: takes (N, C, H, W) or (N, C, L)");
    return detail::drop_features<2>(std::forward<X>(x), p, training, gen);
}
/// The same of x (N, C, D, H, W) or (C, D, H, W); torch.nn.functional.dropout3d.
template <expression X>
auto dropout3d(X&& x, double p = 0.5, bool training = true, generator& gen = default_generator()) {
    constexpr std::size_t rank = shape_t<X>::rank();
    static_assert(rank == 4 || rank == 5, "dropout3d: takes (N, C, D, H, W) or (C, D, H, W)");
    return detail::drop_features<rank - 3>(std::forward<X>(x), p, training, gen);
}
/// Dropout for what comes from selu: elements become selu's limit −1.758 with probability p, and all are scaled and moved so that mean 0
/// and variance 1 stay; torch.nn.functional.alpha_dropout.
template <expression X>
auto alpha_dropout(X&& x, double p = 0.5, bool training = true, generator& gen = default_generator()) {
    return detail::drop_alpha<shape_t<X>::rank()>(std::forward<X>(x), p, training, gen);
}
/// The same with one decision for each channel of x (N, C, …); torch.nn.functional.feature_alpha_dropout.
template <expression X>
auto feature_alpha_dropout(X&& x, double p = 0.5, bool training = true, generator& gen = default_generator()) {
    static_assert(shape_t<X>::rank() >= 2, "feature_alpha_dropout: takes (N, C, …)");
    return detail::drop_alpha<2>(std::forward<X>(x), p, training, gen);
}

/// x where x > 0, else r · x with r uniform in [lower, upper), drawn anew at each evaluation; their mean where not training;
/// torch.nn.functional.rrelu.
template <expression X>
auto rrelu(X&& x, double lower = 1. / 8, double upper = 1. / 3, bool training = false,
           generator& gen = default_generator()) {
    static_assert(!std::is_integral_v<value_t<X>>, "rrelu: needs floating point elements");
    if (!training) lower = upper = (lower + upper) / 2;
    using slopes = op::sample<distributions::uniform, value_t<X>>;
    auto slope = make_map(slopes{}, random_bits<shape_t<X>>(x.shape(), gen), lower, upper);
    auto node = detail::reused(std::forward<X>(x));
    auto steep = where(node > 0, 1, std::move(slope));
    return std::move(node) * std::move(steep);
}

/// softmax of (x + Gumbel numbers)/tau along an axis, a relaxed draw by the probabilities softmax(x) and anew at each evaluation; with
/// `hard` 1 at the largest and 0 elsewhere, with the gradient of the relaxed one; torch.nn.functional.gumbel_softmax.
template <std::ptrdiff_t Axis = -1, expression X>
auto gumbel_softmax(X&& x, double tau = 1, bool hard = false, generator& gen = default_generator()) {
    using T = value_t<X>;
    static_assert(!std::is_integral_v<T>, "gumbel_softmax: needs floating point elements");
    auto noise = make_map(op::sample<distributions::gumbel, T>{}, random_bits<shape_t<X>>(x.shape(), gen), 0., 1.);
    auto const soft = let(softmax<Axis>((std::forward<X>(x) + std::move(noise)) / tau));
    auto const largest = cast<T>(soft == max<Axis>(detach(soft), keepdim));
    return where(hard, detach(largest - soft), 0) + soft;
}

}  // namespace tenon::inline TENON_TARGET
