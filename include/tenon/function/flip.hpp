// What flip makes of a matrix's axes: fliplr, flipud, rot90.
#pragma once

#include <cstddef>
#include <utility>

#include <tenon/expr/view.hpp>

namespace tenon::inline TENON_TARGET {

/// The columns in reverse order: x flipped along axis 1. Compile error `too_few_axes`; torch.fliplr.
template <expression A>
constexpr auto fliplr(A&& x) {
    if constexpr (shape_t<A>::rank() < 2) return too_few_axes<"fliplr", shape_t<A>>{};
    else return flip<1>(std::forward<A>(x));
}
/// The rows in reverse order: x flipped along axis 0. Compile error `too_few_axes`; torch.flipud.
template <expression A>
constexpr auto flipud(A&& x) {
    if constexpr (shape_t<A>::rank() < 1) return too_few_axes<"flipud", shape_t<A>>{};
    else return flip<0>(std::forward<A>(x));
}
/// x turned Turns times by 90° in the plane of two axes, from I towards J; Turns may be negative. A view, whose gradient is turned
/// back. Compile errors `no_such_axis`, `axis_named_twice`; torch.rot90.
template <std::ptrdiff_t Turns = 1, std::ptrdiff_t I = 0, std::ptrdiff_t J = 1, expression A>
constexpr auto rot90(A&& x) {
    constexpr std::ptrdiff_t turns = (Turns % 4 + 4) % 4;
    if constexpr (!detail::axes_fit<shape_t<A>::rank(), I, J>) return detail::wrong_axes<"rot90", shape_t<A>, I, J>{};
    else if constexpr (turns == 0) return as_node(std::forward<A>(x));
    else if constexpr (turns == 1) return transpose<I, J>(flip<J>(std::forward<A>(x)));
    else if constexpr (turns == 2) return flip<I, J>(std::forward<A>(x));
    else return transpose<I, J>(flip<I>(std::forward<A>(x)));
}

}  // namespace tenon::inline TENON_TARGET
