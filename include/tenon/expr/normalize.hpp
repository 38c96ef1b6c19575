// Normalisation within each sample: layer_norm, rms_norm, group_norm, instance_norm.
#pragma once

#include <array>
#include <cstddef>
#include <limits>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include <tenon/expr/reshape.hpp>
#include <tenon/expr/row.hpp>
#include <tenon/op/arithmetic.hpp>
#include <tenon/op/cast.hpp>
#include <tenon/op/sqrt.hpp>
#include <tenon/scalar/exact_mean.hpp>

namespace tenon::inline TENON_TARGET {

/// The normalised axes are not the input's last ones.
template <operation_name Operation, class Normalized, class Input>
struct normalized_shape_does_not_fit;
/// The input's axis 1 does not consist of this many groups of channels, or there is no such axis.
template <operation_name Operation, std::size_t Groups, class Input>
struct groups_do_not_fit;
/// The input's axis 1 does not count this many channels, or the input has another number of axes.
template <operation_name Operation, std::size_t Channels, class Input>
struct channels_do_not_fit;

/// (x − mean) / √(var + eps) of a vector; without centring x / √(mean of x² + eps).
template <bool Centered>
struct standardize_rule : row_rule {
    static constexpr char const *name = Centered ? "standardize" : "rms", *kind = "normalization";
    /// A sum, a difference, a square, its sum, and a difference with a scale.
    static constexpr std::size_t operations = 6, gradient_operations = 8;
    /// What the vector was multiplied with.
    static constexpr bool keeps_number = true;
    double eps;

    template <class X>
    TENON_LANE void forward(X& x) const {
        using value = typename X::value;
        auto const squared = [](auto v) TENON_LAMBDA_INLINE { return v * v; };
        if constexpr (Centered) {
            value const one = x.first();
            value const distance =
                x.template read<op::sum>([one](auto v) TENON_LAMBDA_INLINE { return v - element::spread(one, v); });
            element::exact_mean<value> const mean(one, distance / x.count());
            auto const centered = [m = mean.rounded](auto v) TENON_LAMBDA_INLINE { return v - element::spread(m, v); };
            value const squares =
                x.template visit<op::sum>([=](auto v) TENON_LAMBDA_INLINE { return squared(centered(v)); });
            value const scale = element::rsqrt(mean.variance(squares / x.count()) + x.number(eps)),
                        shift = -(mean.rest * scale);
            x.write([=](auto v) TENON_LAMBDA_INLINE {
                return math::fma(centered(v), element::spread(scale, v), element::spread(shift, v));
            });
            x.keep(scale);
        } else {
            value const scale = element::rsqrt(x.template read<op::sum>(squared) / x.count() + x.number(eps));
            x.write([scale](auto v) TENON_LAMBDA_INLINE { return v * element::spread(scale, v); });
            x.keep(scale);
        }
    }
    /// scale · (g − mean g − y · mean(g y)); without centring no mean of g.
    template <class G>
    TENON_LANE void backward(G& x) const {
        auto const gradient = [](auto, auto g) TENON_LAMBDA_INLINE { return g; };
        auto const along_result = [](auto y, auto g) TENON_LAMBDA_INLINE { return g * y; };
        auto const send = [&x, scale = x.kept()](auto mean, auto slope) TENON_LAMBDA_INLINE {
            x.send([=](auto y, auto g) TENON_LAMBDA_INLINE {
                return (g - element::spread(mean, y) - y * element::spread(slope, y)) * element::spread(scale, y);
            });
        };
        if constexpr (Centered) {
            auto const total = x.template read<op::sum>(gradient, along_result);
            send(get<0>(total) / x.count(), get<1>(total) / x.count());
        } else send(x.number(0), x.template read<op::sum>(along_result) / x.count());
    }
};

namespace detail {
/// The distance from 1 to the next number of a floating point type, or of what a dual number is made of.
template <class T>
inline constexpr double machine_epsilon = static_cast<double>(std::numeric_limits<T>::epsilon());
template <element::is_dual T>
inline constexpr double machine_epsilon<T> = machine_epsilon<typename T::value_type>;

/// Extents as a shape; open ones are those of the last axes of s. @throws shape_error where others differ
template <std::size_t... E, class S>
constexpr auto last_extents(S const& s) {
    using to = shape<E...>;
    if constexpr (to::is_static || S::rank() < to::rank()) return to{};
    else {
        std::array<std::size_t, to::rank()> all{};
        for (std::size_t a = 0; a < to::rank(); ++a) all[a] = s[S::rank() - to::rank() + a];
        return to(all);
    }
}
/// Whether a shape ends with these extents, or may do so.
template <class Last, class S>
constexpr bool ends_with() {
    if constexpr (Last::rank() == 0 || Last::rank() > S::rank()) return false;
    else {
        for (std::size_t a = 0; a < Last::rank(); ++a) {
            std::size_t const l = Last::static_extents[a], s = S::static_extents[S::rank() - Last::rank() + a];
            if (!is_dynamic(l) && !is_dynamic(s) && l != s) return false;
        }
        return true;
    }
}
template <class Last, class S>
constexpr void check_last_extents(char const* what, Last const& last, S const& s) {
    if constexpr (!Last::is_static || !S::is_static)
        for (std::size_t a = 0; a < Last::rank(); ++a)
            if (last[a] != s[S::rank() - Last::rank() + a]) throw_shapes(what, to_string(last), to_string(s));
}
TENON_ON_USE
[[noreturn, gnu::noinline, gnu::cold]] void throw_eps(double eps) {
    throw std::invalid_argument("normalisation: eps is added to a variance and may not be " + std::to_string(eps));
}
/// What is added to a variance. @throws std::invalid_argument where it is negative or NaN
constexpr double checked_eps(double eps) {
    if (!(eps >= 0)) throw_eps(eps);
    return eps;
}
template <bool Centered, std::size_t Outer, std::size_t Groups, class X>
constexpr auto standardize(X&& x, double eps) {
    return row_node<standardize_rule<Centered>, stretches<Outer, Groups>, node_t<X>>(as_node(std::forward<X>(x)),
                                                                                     {{}, checked_eps(eps)});
}
/// Standardises the last axes, whose extents are those of a shape.
template <bool Centered, operation_name Name, class Last, class X>
constexpr auto standardize_last(Last const& last, X&& x, double eps) {
    using s = shape_t<X>;
    static_assert(!std::is_integral_v<value_t<X>>, "normalisation: needs floating point elements");
    if constexpr (element::narrow<value_t<X>>)
        return in_float(std::forward<X>(x),
                        [&](auto&& wide) { return standardize_last<Centered, Name>(last, std::move(wide), eps); });
    else if constexpr (!ends_with<Last, s>()) return normalized_shape_does_not_fit<Name, Last, s>{};
    else {
        check_last_extents(Name.text, last, x.shape());
        return standardize<Centered, s::rank() - Last::rank(), 1>(std::forward<X>(x), eps);
    }
}
template <std::size_t Groups, class S>
constexpr bool groups_fit() {
    if constexpr (S::rank() < 2 || Groups == 0) return false;
    else return is_dynamic(S::static_extents[1]) || S::static_extents[1] % Groups == 0;
}
/// Whether axis 1 has, or may have, an extent.
template <std::size_t Channels, class S>
constexpr bool channels_fit() {
    if constexpr (S::rank() < 2) return false;
    else return is_dynamic(S::static_extents[1]) || S::static_extents[1] == Channels;
}
}  // namespace detail

/// (x − mean) / √(var + eps) over the last axes, whose extents are E: `layer_norm<128>(x)`. The variance is divided by n.
/// Compile error `normalized_shape_does_not_fit`; shape_error where only run time can know, std::invalid_argument for a negative
/// eps, here and below; torch.nn.functional.layer_norm.
template <std::size_t... E, expression X>
    requires(sizeof...(E) > 0)
constexpr auto layer_norm(X&& x, double eps = 1e-5) {
    return detail::standardize_last<true, "layer_norm">(detail::last_extents<E...>(x.shape()), std::forward<X>(x), eps);
}
/// The same times weight plus bias, whose shape says which axes are normalised.
template <expression X, expression W, expression B>
constexpr auto layer_norm(X&& x, W&& weight, B&& bias, double eps = 1e-5) {
    return detail::standardize_last<true, "layer_norm">(weight.shape(), std::forward<X>(x), eps) *
               std::forward<W>(weight) +
           std::forward<B>(bias);
}

/// x / √(mean of x² + eps) over the last axes, whose extents are E; eps is the element type's epsilon unless said otherwise.
/// Compile error `normalized_shape_does_not_fit`; torch.nn.functional.rms_norm.
template <std::size_t... E, expression X>
    requires(sizeof...(E) > 0)
constexpr auto rms_norm(X&& x, double eps = detail::machine_epsilon<value_t<X>>) {
    return detail::standardize_last<false, "rms_norm">(detail::last_extents<E...>(x.shape()), std::forward<X>(x), eps);
}
/// The same times weight, whose shape says which axes are normalised.
template <expression X, expression W>
constexpr auto rms_norm(X&& x, W&& weight, double eps = detail::machine_epsilon<value_t<X>>) {
    return detail::standardize_last<false, "rms_norm">(weight.shape(), std::forward<X>(x), eps) *
           std::forward<W>(weight);
}

/// (x − mean) / √(var + eps) over each of Groups groups of neighbouring channels of each sample; x is [n, channels, …]. Compile
/// error `groups_do_not_fit`; torch.nn.functional.group_norm.
template <std::size_t Groups, expression X>
constexpr auto group_norm(X&& x, double eps = 1e-5) {
    using s = shape_t<X>;
    static_assert(!std::is_integral_v<value_t<X>>, "normalisation: needs floating point elements");
    if constexpr (element::narrow<value_t<X>>)
        return detail::in_float(std::forward<X>(x),
                                [=](auto&& wide) { return group_norm<Groups>(std::move(wide), eps); });
    else if constexpr (!detail::groups_fit<Groups, s>()) return groups_do_not_fit<"group_norm", Groups, s>{};
    else {
        if (x.shape()[1] % Groups != 0)
            throw shape_error(
                text_of({"group_norm: the channels of ", to_string(x.shape()), " do not make ", Groups, " groups"}));
        return detail::standardize<true, 1, Groups>(std::forward<X>(x), eps);
    }
}
/// The same times weight plus bias, which have a value for each channel.
template <std::size_t Groups, expression X, expression W, expression B>
constexpr auto group_norm(X&& x, W&& weight, B&& bias, double eps = 1e-5) {
    constexpr std::size_t rank = shape_t<X>::rank();
    return group_norm<Groups>(std::forward<X>(x), eps) * detail::along_channels<rank>(std::forward<W>(weight)) +
           detail::along_channels<rank>(std::forward<B>(bias));
}

/// (x − mean) / √(var + eps) over each channel of each sample; x is [n, channels, …]. torch.nn.functional.instance_norm.
template <expression X>
constexpr auto instance_norm(X&& x, double eps = 1e-5) {
    static_assert(!std::is_integral_v<value_t<X>>, "normalisation: needs floating point elements");
    if constexpr (element::narrow<value_t<X>>)
        return detail::in_float(std::forward<X>(x), [=](auto&& wide) { return instance_norm(std::move(wide), eps); });
    else if constexpr (shape_t<X>::rank() < 3) return groups_do_not_fit<"instance_norm", 1, shape_t<X>>{};
    else return detail::standardize<true, 2, 1>(std::forward<X>(x), eps);
}
/// The same times weight plus bias, which have a value for each channel.
template <expression X, expression W, expression B>
constexpr auto instance_norm(X&& x, W&& weight, B&& bias, double eps = 1e-5) {
    constexpr std::size_t rank = shape_t<X>::rank();
    return instance_norm(std::forward<X>(x), eps) * detail::along_channels<rank>(std::forward<W>(weight)) +
           detail::along_channels<rank>(std::forward<B>(bias));
}

}  // namespace tenon::inline TENON_TARGET
