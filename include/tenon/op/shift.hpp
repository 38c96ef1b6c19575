// Shifts of integers' bits: << and >>
#pragma once

#include <tenon/op/arithmetic.hpp>
#include <tenon/op/elementwise.hpp>
#include <tenon/scalar/math.hpp>

namespace tenon::inline TENON_TARGET {

namespace op {
/// Integers alone; bool is none.
struct whole : numeric {
    using no_slope = void;
    using integers_only = void;
};
struct bitwise_left_shift : whole {
    static constexpr char const* name = "bitwise_left_shift";
    template <class V>
    TENON_LANE static V value(V a, V b) {
        using T = typename V::value_type;
        constexpr T bits = sizeof(T) * 8;
        auto const fits = (b >= T(0)) & (b < bits);
        return math::select(fits, a << math::select(fits, b, V(T(0))), V(T(0)));
    }
};
struct bitwise_right_shift : whole {
    static constexpr char const* name = "bitwise_right_shift";
    template <class V>
    TENON_LANE static V value(V a, V b) {
        using T = typename V::value_type;
        constexpr T most = sizeof(T) * 8 - 1;
        auto const fits = (b >= T(0)) & (b <= most);
        V const shifted = a >> math::select(fits, b, V(most));
        if constexpr (std::is_signed_v<T>) return shifted;
        else return math::select(fits, shifted, V(T(0)));
    }
};
}  // namespace op

/// The bits of integers a moved up by b places, zeros moving in; 0 where b is negative or not less than the number of bits;
/// torch.bitwise_left_shift.
inline constexpr elementwise<op::bitwise_left_shift> bitwise_left_shift{};
/// The bits of integers a moved down by b places, copies of the sign moving in; where b is negative or not less than the
/// number of bits the sign alone is left, −1 or 0; torch.bitwise_right_shift.
inline constexpr elementwise<op::bitwise_right_shift> bitwise_right_shift{};

/// bitwise_left_shift(a, b)
template <class A, class B>
    requires operands<A, B>
constexpr auto operator<<(A&& a, B&& b) {
    return make_map(op::bitwise_left_shift{}, std::forward<A>(a), std::forward<B>(b));
}
/// bitwise_right_shift(a, b)
template <class A, class B>
    requires operands<A, B>
constexpr auto operator>>(A&& a, B&& b) {
    return make_map(op::bitwise_right_shift{}, std::forward<A>(a), std::forward<B>(b));
}

}  // namespace tenon::inline TENON_TARGET
