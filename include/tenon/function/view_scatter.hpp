// A view's elements replaced, as an expression that gives the whole result: select_scatter, slice_scatter, diagonal_scatter.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include <tenon/expr/scatter.hpp>

namespace tenon::inline TENON_TARGET {

/// x with src as its part at position k along an axis: src has the shape of `select<Axis>(x, k)`. Gradients go to x but for that part,
/// and to src. Compile error `cannot_write_at`; torch.select_scatter
template <std::ptrdiff_t Axis, expression X, expression Src>
constexpr auto select_scatter(X&& x, Src&& src, std::ptrdiff_t k) {
    constexpr std::size_t rank = shape_t<X>::rank();
    if constexpr (!detail::axes_fit<rank, Axis>) return detail::wrong_axes<"select_scatter", shape_t<X>, Axis>{};
    else
        return detail::write_to_view<"select_scatter">(detail::select_view<axis_of(Axis, rank)>{{}, k},
                                                       std::forward<X>(x), std::forward<Src>(src));
}
/// x with src in the place of `slice<Axis, Start, Stop, Step>(x)`, whose shape it has; torch.slice_scatter
template <std::ptrdiff_t Axis, std::ptrdiff_t Start = 0, std::ptrdiff_t Stop = PTRDIFF_MAX, std::ptrdiff_t Step = 1,
          expression X, expression Src>
constexpr auto slice_scatter(X&& x, Src&& src) {
    constexpr std::size_t rank = shape_t<X>::rank();
    if constexpr (!detail::axes_fit<rank, Axis>) return detail::wrong_axes<"slice_scatter", shape_t<X>, Axis>{};
    else
        return detail::write_to_view<"slice_scatter">(detail::slice_view<axis_of(Axis, rank), Start, Stop, Step>{},
                                                      std::forward<X>(x), std::forward<Src>(src));
}
/// x with src in the place of `diagonal<Offset, I, J>(x)`, whose shape it has; torch.diagonal_scatter, whose axes are 0 and 1 where none
/// are given
template <std::ptrdiff_t Offset = 0, std::ptrdiff_t I = -2, std::ptrdiff_t J = -1, expression X, expression Src>
constexpr auto diagonal_scatter(X&& x, Src&& src) {
    constexpr std::size_t rank = shape_t<X>::rank();
    if constexpr (!detail::axes_fit<rank, I, J>) return detail::wrong_axes<"diagonal_scatter", shape_t<X>, I, J>{};
    else
        return detail::write_to_view<"diagonal_scatter">(
            detail::diagonal_view<Offset, axis_of(I, rank), axis_of(J, rank)>{}, std::forward<X>(x),
            std::forward<Src>(src));
}

}  // namespace tenon::inline TENON_TARGET
