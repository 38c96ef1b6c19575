// lerp
#pragma once

#include <tenon/op/elementwise.hpp>
#include <tenon/scalar/math.hpp>

namespace tenon::inline TENON_TARGET {

namespace op {
struct lerp : floating {
    using for_complex = void;
    static constexpr char const* name = "lerp";
    template <class V>
    TENON_LANE static V value(V a, V b, V weight) {
        V const way = b - a;
        return math::select(math::abs(weight) < 0.5, a + weight * way, b - way * (1 - weight));
    }
    template <std::size_t I, class V>
    TENON_LANE static V slope(V, V a, V b, V weight) {
        return I == 0 ? 1 - weight : I == 1 ? weight : b - a;
    }
};
}  // namespace op

/// a + weight (b − a), exact at both ends; slopes 1 − weight, weight, b − a; torch.lerp.
inline constexpr elementwise<op::lerp> lerp{};

namespace element {
template <class A, class B, class W>
    requires lanes_or_numbers<A, B, W>
TENON_LANE auto lerp(A const& a, B const& b, W const& weight) {
    return call_op(op::lerp{}, a, b, weight);
}
}  // namespace element

}  // namespace tenon::inline TENON_TARGET
