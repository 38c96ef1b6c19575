// clamp
#pragma once

#include <tenon/expr/map.hpp>
#include <tenon/scalar/math.hpp>

namespace tenon::inline TENON_TARGET {

namespace op {
struct clamp : arithmetic {
    static constexpr char const* name = "clamp";
    template <class V>
    TENON_LANE static V value(V x, V low, V high) {
        return math::minimum(math::maximum(x, low), high);
    }
    template <std::size_t I, class V>
    TENON_LANE static auto slope(V, V x, V low, V high) {
        if constexpr (I == 0) return (x >= low) & (x <= high);
        else if constexpr (I == 1) return (x < low) & (low < high);
        else return ((x > high) & (low <= high)) | ((high < low) & (x == x));
    }
};
}  // namespace op

/// min(max(x, low), high), where the bounds are numbers or tensors; the gradient passes at the bounds too, and goes
/// to the bound where x is outside; torch.clamp.
inline constexpr elementwise<op::clamp> clamp{};

namespace element {
template <class X, class L, class H>
    requires lanes_or_numbers<X, L, H>
TENON_LANE auto clamp(X const& x, L const& low, H const& high) {
    return call_op(op::clamp{}, x, low, high);
}
}  // namespace element

}  // namespace tenon::inline TENON_TARGET
