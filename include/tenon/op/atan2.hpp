// atan2, hypot
#pragma once

#include <tenon/op/elementwise.hpp>
#include <tenon/scalar/math.hpp>

namespace tenon::inline TENON_TARGET {

namespace op {
struct atan2 : floating {
    static constexpr char const* name = "atan2";
    template <class V>
    TENON_LANE static V value(V a, V b) {
        return math::atan2(a, b);
    }
    template <std::size_t I, class V>
    TENON_LANE static auto slope(V, V a, V b) {
        V const n = a * a + b * b, r = math::select(n == 0, V(0), 1 / n);
        if constexpr (I == 0) return b * r;
        else return -a * r;
    }
};
struct hypot : floating {
    static constexpr char const* name = "hypot";
    template <class V>
    TENON_LANE static V value(V a, V b) {
        return math::hypot(a, b);
    }
    template <std::size_t I, class V>
    TENON_LANE static auto slope(V y, V a, V b) {
        return (I == 0 ? a : b) / y;
    }
};
}  // namespace op

/// The angle of the point (x = b, y = a); slopes b/(a² + b²) and −a/(a² + b²), 0 at the
/// origin; torch.atan2.
inline constexpr elementwise<op::atan2> atan2{};
/// √(a² + b²) without overflow; slopes a/y and b/y; torch.hypot.
inline constexpr elementwise<op::hypot> hypot{};

namespace element {
template <class A, class B>
    requires lanes_or_numbers<A, B>
TENON_LANE auto atan2(A const& a, B const& b) {
    return call_op(op::atan2{}, a, b);
}
template <class A, class B>
    requires lanes_or_numbers<A, B>
TENON_LANE auto hypot(A const& a, B const& b) {
    return call_op(op::hypot{}, a, b);
}
}  // namespace element

}  // namespace tenon::inline TENON_TARGET
