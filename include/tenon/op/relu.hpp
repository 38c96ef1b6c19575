// relu, relu6
#pragma once

#include <tenon/op/elementwise.hpp>
#include <tenon/scalar/math.hpp>

namespace tenon::inline TENON_TARGET {

namespace op {
struct relu : numeric {
    static constexpr char const* name = "relu";
    using slope_of_value = void;
    template <class V>
    TENON_LANE static auto value(V x) {
        return math::select(x <= 0, V(0), x);
    }
    template <std::size_t, class V>
    TENON_LANE static auto slope(V, V x) {
        return !(x <= 0);
    }
};
struct relu6 : numeric {
    static constexpr char const* name = "relu6";
    using slope_of_value = void;
    template <class V>
    TENON_LANE static auto value(V x) {
        return math::minimum(math::maximum(x, V(0)), V(6));
    }
    template <std::size_t, class V>
    TENON_LANE static auto slope(V, V x) {
        return !((x <= 0) | (x >= 6));
    }
};
}  // namespace op

/// x where x > 0, else 0; NaN stays; slope 0 at 0; torch.relu.
inline constexpr elementwise<op::relu> relu{};
/// min(max(x, 0), 6); slope 0 at both ends; torch.nn.functional.relu6.
inline constexpr elementwise<op::relu6> relu6{};

namespace element {
template <lane V>
TENON_LANE auto relu(V x) {
    return apply_op(op::relu{}, x);
}
template <lane V>
TENON_LANE auto relu6(V x) {
    return apply_op(op::relu6{}, x);
}
}  // namespace element

}  // namespace tenon::inline TENON_TARGET
