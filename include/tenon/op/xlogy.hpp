// xlogy
#pragma once

#include <tenon/op/elementwise.hpp>
#include <tenon/op/log.hpp>
#include <tenon/scalar/math.hpp>

namespace tenon::inline TENON_TARGET {

namespace op {
struct xlogy : floating {
    static constexpr char const* name = "xlogy";
    template <class V>
    TENON_LANE static V value(V a, V b) {
        return math::select((a == 0) & (b == b), V(0), a * math::log(b));
    }
    template <std::size_t I, class V>
    TENON_LANE static V slope(V, V a, V b) {
        if constexpr (I == 0) return math::select((a == 0) & (b <= 0), V(0), element::log(b));
        else return a / b;
    }
};
}  // namespace op

/// a log b, 0 where a is 0, unless b is NaN; slopes log b (0 where a is 0 and b is not positive) and a/b; torch.xlogy.
inline constexpr elementwise<op::xlogy> xlogy{};

namespace element {
template <class A, class B>
    requires lanes_or_numbers<A, B>
TENON_LANE auto xlogy(A const& a, B const& b) {
    return call_op(op::xlogy{}, a, b);
}
}  // namespace element

}  // namespace tenon::inline TENON_TARGET
