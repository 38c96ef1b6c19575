// sqrt, rsqrt
#pragma once

#include <tenon/op/elementwise.hpp>
#include <tenon/scalar/math.hpp>

namespace tenon::inline TENON_TARGET {

namespace op {
struct sqrt : floating {
    using for_complex = void;
    static constexpr char const* name = "sqrt";
    using slope_of_value = void;
    template <class V>
    TENON_LANE static auto value(V x) {
        return math::sqrt(x);
    }
    template <std::size_t, class V>
    TENON_LANE static auto slope(V y, V) {
        return 1 / (2 * y);
    }
};
struct rsqrt : floating {
    using for_complex = void;
    static constexpr char const* name = "rsqrt";
    using slope_of_value = void;
    template <class V>
    TENON_LANE static auto value(V x) {
        return 1 / math::sqrt(x);
    }
    template <std::size_t, class V>
    TENON_LANE static auto slope(V y, V) {
        return -0.5 * (y * y * y);
    }
};
}  // namespace op

/// √x; slope 1/(2y), infinite at 0; torch.sqrt.
inline constexpr elementwise<op::sqrt> sqrt{};
/// 1/√x; slope −y³/2; torch.rsqrt.
inline constexpr elementwise<op::rsqrt> rsqrt{};

namespace element {
template <lane V>
TENON_LANE auto sqrt(V x) {
    return apply_op(op::sqrt{}, x);
}
template <lane V>
TENON_LANE auto rsqrt(V x) {
    return apply_op(op::rsqrt{}, x);
}
}  // namespace element

}  // namespace tenon::inline TENON_TARGET
