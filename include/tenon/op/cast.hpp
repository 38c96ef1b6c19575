// cast
#pragma once

#include <tenon/expr/map.hpp>

namespace tenon::inline TENON_TARGET {

namespace op {
template <class To>
struct cast {
    static constexpr char const* name = "cast";
    template <class A>
    struct types {
        template <std::size_t>
        using operand = value_t<A>;
        template <class From>
        struct converted {
            using type = To;
        };
        template <class From, std::size_t K>
        struct converted<element::dual<From, K>> {
            using type = element::dual<To, K>;
        };
        using result = typename converted<value_t<A>>::type;
    };
    template <class V>
    TENON_LANE static auto value(V x) {
        return math::convert<To>(x);
    }
    template <std::size_t, class Y, class V>
    TENON_LANE static slope_one slope(Y, V) {
        return {};
    }
};
}  // namespace op

/// The elements as another type, as Tensor.to(dtype): floats are cut toward zero, `bool` is x ≠ 0. The gradient passes
/// between floating point types.
template <class To, class A>
constexpr auto cast(A&& a) {
    return make_map(op::cast<To>{}, std::forward<A>(a));
}

}  // namespace tenon::inline TENON_TARGET
