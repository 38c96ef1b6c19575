// clamp, clamp_min, clamp_max
#pragma once

#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>

#include <tenon/op/elementwise.hpp>
#include <tenon/op/extremum.hpp>
#include <tenon/scalar/math.hpp>

namespace tenon::inline TENON_TARGET {

namespace op {
struct clamp : numeric {
    static constexpr char const* name = "clamp";
    template <class V>
    TENON_LANE static V value(V x, V low, V high) {
        return math::minimum(math::maximum(x, low), high);
    }
    template <std::size_t I, class V>
    TENON_LANE static auto slope(V, V x, V low, V high) {
        V const half(0.5), one(1), none(0);
        if constexpr (I == 0)
            return math::select((x < low) | (x > high), none,
                                math::select(((x == low) | (x == high)) & (low < high), half, one));
        else if constexpr (I == 1)
            return math::select((x < low) & (low <= high), one, math::select((x == low) & (low < high), half, none));
        else
            return math::select((low > high) | ((x > high) & (low <= high)), one,
                                math::select((x == high) & (low < high), half, none));
    }
};
/// clamp between bounds that are numbers, and so have no gradient.
struct clamp_between : clamp {
    template <std::size_t I, class V>
    TENON_LANE static auto slope(V, V x, V low, V high) {
        if constexpr (I == 0) return (x > low) & (x < high);
        else return slope_zero{};
    }
};
/// One bound that is a number; a tensor is that of maximum or minimum.
struct clamp_min : maximum {
    static constexpr char const* name = "clamp_min";
    template <std::size_t I, class V>
    TENON_LANE static auto slope(V, V x, V low) {
        if constexpr (I == 0) return x > low;
        else return slope_zero{};
    }
};
struct clamp_max : minimum {
    static constexpr char const* name = "clamp_max";
    template <std::size_t I, class V>
    TENON_LANE static auto slope(V, V x, V high) {
        if constexpr (I == 0) return x < high;
        else return slope_zero{};
    }
};
}  // namespace op

namespace detail {
/// A bound for integers of type T, brought into their range: beyond it there is nothing to cut off.
template <class T, class N>
constexpr T bound_of(N n) {
    constexpr T least = std::numeric_limits<T>::min(), most = std::numeric_limits<T>::max();
    if constexpr (std::is_signed_v<N>)
        if (n < 0) return std::is_signed_v<T> && n > static_cast<std::int64_t>(least) ? static_cast<T>(n) : least;
    return static_cast<std::uint64_t>(n) < static_cast<std::uint64_t>(most) ? static_cast<T>(n) : most;
}
template <class T>
concept integer = std::is_integral_v<T> && !std::is_same_v<T, bool>;
template <class X, class L, class H>
concept integers_between = expression<X> && integer<value_t<X>> && integer<L> && integer<H>;

struct clamp_function {
    template <class X, class L, class H>
        requires elementwise_operands<X, L, H>
    TENON_LANE auto operator()(X&& x, L&& low, H&& high) const {
        using chosen = std::conditional_t<numbers<L, H>, op::clamp_between, op::clamp>;
        if constexpr (integers_between<X, std::remove_cvref_t<L>, std::remove_cvref_t<H>>)
            return call_op(chosen{}, std::forward<X>(x), bound_of<value_t<X>>(low), bound_of<value_t<X>>(high));
        else return call_op(chosen{}, std::forward<X>(x), std::forward<L>(low), std::forward<H>(high));
    }
};
}  // namespace detail

/// min(max(x, low), high); torch.clamp. The gradient passes where x is inside. At bounds that are numbers it ends; at
/// bounds that are tensors x and the bound get half of it, and outside the bound gets it all. Whole numbers beyond what integer
/// elements can hold cut nothing off.
inline constexpr detail::clamp_function clamp{};
/// clamp by another name; torch.clip.
inline constexpr detail::clamp_function clip{};

namespace detail {
/// @tparam Op for a bound that is a number, Of for one that is a tensor
template <class Op, class Of>
struct bound_function {
    template <class X, class B>
        requires elementwise_operands<X, B>
    TENON_LANE auto operator()(X&& x, B&& bound) const {
        using chosen = std::conditional_t<numbers<B>, Op, Of>;
        if constexpr (integers_between<X, std::remove_cvref_t<B>, std::remove_cvref_t<B>>)
            return call_op(chosen{}, std::forward<X>(x), bound_of<value_t<X>>(bound));
        else return call_op(chosen{}, std::forward<X>(x), std::forward<B>(bound));
    }
};
}  // namespace detail
/// max(x, low): clamp without an upper bound, with its gradients; torch.clamp_min.
inline constexpr detail::bound_function<op::clamp_min, op::maximum> clamp_min{};
/// min(x, high): clamp without a lower bound, with its gradients; torch.clamp_max.
inline constexpr detail::bound_function<op::clamp_max, op::minimum> clamp_max{};

namespace element {
template <class X, class L, class H>
    requires lanes_or_numbers<X, L, H>
TENON_LANE auto clamp(X const& x, L const& low, H const& high) {
    return tenon::clamp(x, low, high);
}
}  // namespace element

}  // namespace tenon::inline TENON_TARGET
