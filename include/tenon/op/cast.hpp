// cast, and other types for the same numbers
#pragma once

#include <tenon/op/elementwise.hpp>

namespace tenon::inline TENON_TARGET {

/// cast makes numbers of numbers.
template <class To>
struct cannot_cast_to;

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
        if constexpr (element::narrow<To>) return math::rounded_to<To>(math::convert<To>(x));
        else return math::convert<To>(x);
    }
    template <std::size_t, class Y, class V>
    TENON_LANE static slope_one slope(Y, V) {
        return {};
    }
};
/// Between a narrow type and float: the numbers are not rounded before they are stored.
template <class To>
struct retyped : cast<To> {
    template <class V>
    TENON_LANE static V value(V x) {
        return x;
    }
};
}  // namespace op

/// The elements as another type, as Tensor.to(dtype): integers from floats are cut toward zero, bfloat16 and float16 rounded to the
/// nearest, `bool` is x ≠ 0. The gradient passes between floating point types.
template <class To, expression A>
constexpr auto cast(A&& a) {
    if constexpr (!number<To>) return cannot_cast_to<To>{};
    else return make_map(op::cast<To>{}, std::forward<A>(a));
}

namespace detail {
/// The elements in another type, as they are where they have it.
template <class T, class A>
constexpr auto as_elements(A&& x) {
    if constexpr (std::is_same_v<value_t<A>, T>) return as_node(std::forward<A>(x));
    else return tenon::cast<T>(std::forward<A>(x));
}
/// f(x) for x of narrow elements, with floats in their place; a result of floats becomes one of x's type, rounded where it is
/// stored.
template <class X, class F>
constexpr auto in_float(X&& x, F const& f) {
    auto y = f(make_map(op::retyped<float>{}, std::forward<X>(x)));
    if constexpr (std::is_same_v<value_t<decltype(y)>, float>) return make_map(op::retyped<value_t<X>>{}, std::move(y));
    else return y;
}
}  // namespace detail

}  // namespace tenon::inline TENON_TARGET
