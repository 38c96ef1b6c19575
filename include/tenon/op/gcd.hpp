// gcd, lcm
#pragma once

#include <tenon/op/elementwise.hpp>
#include <tenon/op/shift.hpp>
#include <tenon/scalar/math.hpp>

namespace tenon::inline TENON_TARGET {

namespace op {
struct gcd : whole {
    static constexpr char const* name = "gcd";
    template <class V>
    TENON_LANE static V value(V a, V b) {
        using T = typename V::value_type;
        V const x = math::abs(a), y = math::abs(b);
        return V::generate([&](std::size_t i) { return euclid<T>(x[i], y[i]); });
    }

private:
    template <class T>
    TENON_LANE static T euclid(T a, T b) {
        while (b != 0) {
            T const rest = element::detail::modulus(a, b);
            a = b;
            b = rest;
        }
        return a;
    }
};
struct lcm : whole {
    static constexpr char const* name = "lcm";
    template <class V>
    TENON_LANE static V value(V a, V b) {
        return math::abs(a / gcd::value(a, b) * b);
    }
};
}  // namespace op

/// The greatest integer that divides both; gcd(0, b) is |b|; torch.gcd.
inline constexpr elementwise<op::gcd> gcd{};
/// The least positive integer that both divide, 0 where either is 0; wraps where the type doesn't hold it; torch.lcm.
inline constexpr elementwise<op::lcm> lcm{};

}  // namespace tenon::inline TENON_TARGET
