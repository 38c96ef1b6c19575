// hardsigmoid, hardswish
#pragma once

#include <tenon/op/elementwise.hpp>
#include <tenon/scalar/math.hpp>

namespace tenon::inline TENON_TARGET {

namespace op {
struct hardsigmoid : floating {
    static constexpr char const* name = "hardsigmoid";
    template <class V>
    TENON_LANE static auto value(V x) {
        return math::minimum(math::maximum(x + 3, V(0)), V(6)) / 6;
    }
    template <std::size_t, class V>
    TENON_LANE static auto slope(V, V x) {
        return math::select((x > -3) & (x < 3), V(1. / 6), V(0));
    }
};
struct hardswish : floating {
    static constexpr char const* name = "hardswish";
    template <class V>
    TENON_LANE static auto value(V x) {
        return x * math::minimum(math::maximum(x + 3, V(0)), V(6)) / 6;
    }
    template <std::size_t, class V>
    TENON_LANE static auto slope(V, V x) {
        return math::select(x <= -3, V(0), math::select(x < 3, x / 3 + 0.5, V(1)));
    }
};
}  // namespace op

/// min(max(x + 3, 0), 6)/6; torch.nn.functional.hardsigmoid.
inline constexpr elementwise<op::hardsigmoid> hardsigmoid{};
/// x hardsigmoid(x); torch.nn.functional.hardswish.
inline constexpr elementwise<op::hardswish> hardswish{};

namespace element {
template <lane V>
TENON_LANE auto hardsigmoid(V x) {
    return apply_op(op::hardsigmoid{}, x);
}
template <lane V>
TENON_LANE auto hardswish(V x) {
    return apply_op(op::hardswish{}, x);
}
}  // namespace element

}  // namespace tenon::inline TENON_TARGET
