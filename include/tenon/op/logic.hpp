// Truth values: && || ! look at what is not 0; & | ^ ~ also work on the bits of integers.
#pragma once

#include <tenon/op/arithmetic.hpp>
#include <tenon/op/elementwise.hpp>

namespace tenon::inline TENON_TARGET {

namespace op {
struct logical_and : logical {
    using for_complex = void;
    static constexpr char const* name = "logical_and";
    template <class A, class B>
    TENON_LANE static auto value(A a, B b) {
        return a & b;
    }
};
struct logical_or : logical {
    using for_complex = void;
    static constexpr char const* name = "logical_or";
    template <class A, class B>
    TENON_LANE static auto value(A a, B b) {
        return a | b;
    }
};
struct logical_xor : logical {
    using for_complex = void;
    static constexpr char const* name = "logical_xor";
    template <class A, class B>
    TENON_LANE static auto value(A a, B b) {
        return a ^ b;
    }
};
struct logical_not : logical {
    using for_complex = void;
    static constexpr char const* name = "logical_not";
    template <class A>
    TENON_LANE static auto value(A a) {
        return !a;
    }
};
/// On the bits of integers, or on bools.
struct bitwise : arithmetic {
    using no_slope = void;
    using any_mask = void;
    template <class Common>
    struct integral_only {
        static_assert(std::is_integral_v<Common>, "& | ^ ~ are for integers and bools; for truth values use && || !");
        using type = Common;
    };
    template <class Common>
    using result = typename integral_only<Common>::type;
};
struct bitwise_and : bitwise {
    static constexpr char const* name = "bitwise_and";
    template <class A, class B>
    TENON_LANE static auto value(A a, B b) {
        return a & b;
    }
};
struct bitwise_or : bitwise {
    static constexpr char const* name = "bitwise_or";
    template <class A, class B>
    TENON_LANE static auto value(A a, B b) {
        return a | b;
    }
};
struct bitwise_xor : bitwise {
    static constexpr char const* name = "bitwise_xor";
    template <class A, class B>
    TENON_LANE static auto value(A a, B b) {
        return a ^ b;
    }
};
struct bitwise_not : bitwise {
    static constexpr char const* name = "bitwise_not";
    template <class A>
    TENON_LANE static auto value(A a) {
        if constexpr (element::is_mask<A>) return !a;
        else return ~a;
    }
};
}  // namespace op

/// Whether a ≠ 0 and b ≠ 0; torch.logical_and.
inline constexpr elementwise<op::logical_and> logical_and{};
/// Whether a ≠ 0 or b ≠ 0; torch.logical_or.
inline constexpr elementwise<op::logical_or> logical_or{};
/// Whether one of a and b is not 0; torch.logical_xor.
inline constexpr elementwise<op::logical_xor> logical_xor{};
/// Whether a = 0; torch.logical_not.
inline constexpr elementwise<op::logical_not> logical_not{};

/// The bits of both, or for bools both; torch.bitwise_and.
inline constexpr elementwise<op::bitwise_and> bitwise_and{};
/// The bits of either, or for bools either; torch.bitwise_or.
inline constexpr elementwise<op::bitwise_or> bitwise_or{};
/// The bits of one alone, or for bools one alone; torch.bitwise_xor.
inline constexpr elementwise<op::bitwise_xor> bitwise_xor{};
/// The bits turned over, or for bools the other value; torch.bitwise_not.
inline constexpr elementwise<op::bitwise_not> bitwise_not{};

/// logical_and(a, b)
template <class A, class B>
    requires operands<A, B>
constexpr auto operator&&(A&& a, B&& b) {
    return make_map(op::logical_and{}, std::forward<A>(a), std::forward<B>(b));
}
/// logical_or(a, b)
template <class A, class B>
    requires operands<A, B>
constexpr auto operator||(A&& a, B&& b) {
    return make_map(op::logical_or{}, std::forward<A>(a), std::forward<B>(b));
}
/// bitwise_and(a, b)
template <class A, class B>
    requires operands<A, B>
constexpr auto operator&(A&& a, B&& b) {
    return make_map(op::bitwise_and{}, std::forward<A>(a), std::forward<B>(b));
}
/// bitwise_or(a, b)
template <class A, class B>
    requires operands<A, B>
constexpr auto operator|(A&& a, B&& b) {
    return make_map(op::bitwise_or{}, std::forward<A>(a), std::forward<B>(b));
}
/// bitwise_xor(a, b)
template <class A, class B>
    requires operands<A, B>
constexpr auto operator^(A&& a, B&& b) {
    return make_map(op::bitwise_xor{}, std::forward<A>(a), std::forward<B>(b));
}
/// logical_not(a)
template <expression A>
constexpr auto operator!(A&& a) {
    return make_map(op::logical_not{}, std::forward<A>(a));
}
/// bitwise_not(a)
template <expression A>
constexpr auto operator~(A&& a) {
    return make_map(op::bitwise_not{}, std::forward<A>(a));
}

}  // namespace tenon::inline TENON_TARGET
