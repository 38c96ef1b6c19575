// fmod, remainder
#pragma once

#include <tenon/op/arithmetic.hpp>
#include <tenon/op/elementwise.hpp>
#include <tenon/op/round.hpp>
#include <tenon/scalar/math.hpp>

namespace tenon::inline TENON_TARGET {

namespace element {
template <class A, class B>
    requires lanes_or_numbers<A, B>
TENON_LANE auto fmod(A const& a, B const& b);
}  // namespace element

namespace op {
struct fmod : numeric {
    static constexpr char const* name = "fmod";
    template <class V>
    TENON_LANE static V value(V a, V b) {
        return math::fmod(a, b);
    }
    template <std::size_t I, class V>
    TENON_LANE static auto slope(V, V a, V b) {
        if constexpr (I == 0) return slope_one{};
        else return -element::trunc(a / b);
    }
};
struct remainder : numeric {
    static constexpr char const* name = "remainder";
    template <class V>
    TENON_LANE static V value(V a, V b) {
        return math::remainder(a, b);
    }
    template <std::size_t I, class V>
    TENON_LANE static auto slope(V, V a, V b) {
        if constexpr (I == 0) return slope_one{};
        else {
            V const rest = element::fmod(a, b), quotient = (a - rest) / b;
            auto const below = (rest != 0) & ((b < 0) != (rest < 0));
            V const whole = element::round(math::select(below, quotient - 1, quotient));
            return -math::select(b == 0, a / b, whole);
        }
    }
};
}  // namespace op

/// a − b trunc(a/b): the sign of a; slopes 1 and −trunc(a/b); torch.fmod.
inline constexpr elementwise<op::fmod> fmod{};
/// a − b floor(a/b): the sign of b, as Python's %; slopes 1 and −floor(a/b); torch.remainder.
inline constexpr elementwise<op::remainder> remainder{};

/// a % b is remainder(a, b), as in PyTorch.
template <class A, class B>
    requires operands<A, B>
constexpr auto operator%(A&& a, B&& b) {
    return make_map(op::remainder{}, std::forward<A>(a), std::forward<B>(b));
}

namespace element {
template <class A, class B>
    requires lanes_or_numbers<A, B>
TENON_LANE auto fmod(A const& a, B const& b) {
    return call_op(op::fmod{}, a, b);
}
template <class A, class B>
    requires lanes_or_numbers<A, B>
TENON_LANE auto remainder(A const& a, B const& b) {
    return call_op(op::remainder{}, a, b);
}
}  // namespace element

}  // namespace tenon::inline TENON_TARGET
