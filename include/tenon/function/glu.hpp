// The gated linear unit.
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

#include <tenon/function/statistics.hpp>
#include <tenon/op/sigmoid.hpp>

namespace tenon::inline TENON_TARGET {

/// glu halves an axis: its extent has to be even, and known when the program is compiled.
template <std::size_t Extent, class Input>
struct glu_cannot_halve;

/// a σ(b) for the two halves a, b of x along an axis, the last unless said otherwise. Compile error `glu_cannot_halve`;
/// torch.nn.functional.glu.
template <std::ptrdiff_t Axis = -1, expression X>
constexpr auto glu(X&& x) {
    using s = shape_t<X>;
    constexpr std::size_t axis = axis_of(Axis, s::rank()), extent = s::static_extents[axis];
    if constexpr (axis == s::rank()) return no_such_axis<"glu", Axis, s>{};
    else if constexpr (is_dynamic(extent) || extent % 2 != 0) return glu_cannot_halve<extent, s>{};
    else {
        constexpr auto at = static_cast<std::ptrdiff_t>(axis), half = static_cast<std::ptrdiff_t>(extent / 2);
        auto const whole = detail::reused(std::forward<X>(x));
        return slice<at, 0, half>(whole) * sigmoid(slice<at, half>(whole));
    }
}

}  // namespace tenon::inline TENON_TARGET
