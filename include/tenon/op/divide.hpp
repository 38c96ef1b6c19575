// div and its roundings: floor_divide, true_divide
#pragma once

#include <tenon/op/arithmetic.hpp>
#include <tenon/scalar/math.hpp>

namespace tenon::inline TENON_TARGET {

/// What div does with a quotient: nothing, cut it toward zero, or take the greatest integer not above it.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"  // g++ takes an enumerator of a class for one that hides the function trunc
enum class rounding_mode { none, trunc, floor };
#pragma GCC diagnostic pop

namespace op {
struct div_trunc : numeric {
    static constexpr char const* name = "div_trunc";
    template <class V>
    TENON_LANE static V value(V a, V b) {
        return math::trunc(a / b);
    }
    template <std::size_t, class V>
    TENON_LANE static slope_zero slope(V, V, V) {
        return {};
    }
};
struct div_floor : numeric {
    static constexpr char const* name = "div_floor";
    /// From the remainder, as Python's //: the floor of a rounded quotient may be one too many.
    template <class V>
    TENON_LANE static V value(V a, V b) {
        using T = typename V::value_type;
        auto const rest = math::fmod(a, b);
        auto const below = (rest != T(0)) & ((b < T(0)) != (rest < T(0)));
        V const one = math::convert<T>(below);
        if constexpr (std::is_integral_v<T>) return a / b - one;
        else {
            V const quotient = (a - rest) / b - one, whole = math::floor(quotient);
            V const nearest = whole + math::convert<T>(quotient - whole > T(0.5));
            V const exact = a / b;
            return math::select(b == T(0), exact,
                                math::select(quotient == T(0), math::copysign(V(T(0)), exact), nearest));
        }
    }
    template <std::size_t, class V>
    TENON_LANE static slope_zero slope(V, V, V) {
        return {};
    }
};
}  // namespace op

/// a / b: by itself true division, of integers a float; `div<rounding_mode::trunc>(a, b)` cuts the quotient toward zero and
/// `div<rounding_mode::floor>(a, b)` down, where integers stay integers, x / 0 of integers is 0, and no gradient passes; torch.div.
template <rounding_mode Mode = rounding_mode::none, class A, class B>
    requires elementwise_operands<A, B>
TENON_LANE auto div(A&& a, B&& b) {
    using chosen = std::conditional_t<Mode == rounding_mode::none, op::div,
                                      std::conditional_t<Mode == rounding_mode::trunc, op::div_trunc, op::div_floor>>;
    return call_op(chosen{}, std::forward<A>(a), std::forward<B>(b));
}
/// The greatest integer not above a / b, as Python's //, in the operands' type; no gradient; torch.floor_divide.
inline constexpr elementwise<op::div_floor> floor_divide{};
/// a / b; torch.true_divide.
inline constexpr elementwise<op::div> true_divide{};

}  // namespace tenon::inline TENON_TARGET
