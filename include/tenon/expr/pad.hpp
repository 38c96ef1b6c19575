// A margin of one value along an axis.
#pragma once

#include <array>
#include <cstddef>
#include <type_traits>
#include <utility>

#include <tenon/expr/concat.hpp>

namespace tenon::inline TENON_TARGET {

namespace detail {
template <std::size_t Axis, std::size_t Extent, class S>
struct margin_extents {
    template <class Extents>
    static constexpr auto of(Extents const& s) {
        std::array<std::size_t, S::rank()> e{};
        for (std::size_t a = 0; a < S::rank(); ++a) e[a] = a == Axis ? Extent : s[a];
        return e;
    }
    static constexpr auto value = of(S::static_extents);
    using type = shape_from<S::rank(), margin_extents>;
};
template <std::size_t Axis, std::size_t Extent, class T, class S>
constexpr auto margin(S const& s, T value) {
    using extents = margin_extents<Axis, Extent, S>;
    return filled_node<T, typename extents::type>(typename extents::type(extents::of(s)), value);
}
}  // namespace detail

/// x with Before elements of a value in front along an axis, and After at the end; torch.nn.functional.pad.
template <std::ptrdiff_t Axis, std::size_t Before, std::size_t After, expression A>
constexpr auto pad(A&& x, std::type_identity_t<value_t<A>> value = value_t<A>(0)) {
    constexpr std::size_t a = axis_of(Axis, shape_t<A>::rank());
    auto const s = x.shape();
    if constexpr (!detail::axes_fit<shape_t<A>::rank(), Axis>) return detail::wrong_axes<"pad", shape_t<A>, Axis>{};
    else if constexpr (Before == 0 && After == 0) return as_node(std::forward<A>(x));
    else if constexpr (After == 0) return concat<Axis>(detail::margin<a, Before>(s, value), std::forward<A>(x));
    else if constexpr (Before == 0) return concat<Axis>(std::forward<A>(x), detail::margin<a, After>(s, value));
    else
        return concat<Axis>(detail::margin<a, Before>(s, value), std::forward<A>(x),
                            detail::margin<a, After>(s, value));
}

}  // namespace tenon::inline TENON_TARGET
