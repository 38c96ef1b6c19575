// The parts of a floating point number: copysign, signbit, frexp, ldexp, nextafter, nan_to_num
#pragma once

#include <cstdint>
#include <limits>
#include <optional>

#include <tenon/op/arithmetic.hpp>
#include <tenon/op/elementwise.hpp>
#include <tenon/op/pow.hpp>
#include <tenon/scalar/math.hpp>

namespace tenon::inline TENON_TARGET {

namespace op {
struct copysign : floating {
    static constexpr char const* name = "copysign";
    template <class V>
    TENON_LANE static V value(V a, V b) {
        return math::copysign(a, b);
    }
    template <std::size_t I, class V>
    TENON_LANE static auto slope(V y, V a, V) {
        if constexpr (I == 0) return math::select(a == 0, V(0), y / a);
        else return slope_zero{};
    }
};
struct signbit : comparison {
    static constexpr char const* name = "signbit";
    template <class V>
    TENON_LANE static auto value(V x) {
        if constexpr (element::is_mask<V>) return x & false;
        else return math::signbit(x);
    }
};
/// Floating point alone.
struct real_only : floating {
    using floating_point_only = void;
};
/// x as m · 2^e with 1/2 ≤ |m| < 1; 0, infinities and NaN as they are, with e = 0.
struct frexp_mantissa : real_only {
    static constexpr char const* name = "frexp";
    template <class V>
    TENON_LANE static V value(V x) {
        using T = typename V::value_type;
        using bits = element::detail::int_of_size<sizeof(T)>;
        constexpr bits half = math::detail::bits_of_one<T> - (bits(1) << math::detail::fraction_bits<T>);
        auto const fraction = math::bits(scaled(x)) & static_cast<bits>(~math::detail::infinity_bits<T>);
        return math::select(is_plain(x), math::from_bits(fraction | half), x);
    }
    template <std::size_t, class V>
    TENON_LANE static V slope(V y, V x) {
        return math::select((x == 0) | (x - x != 0), V(1), y / x);
    }

    /// Whether x has an exponent of its own.
    template <class V>
    TENON_LANE static auto is_plain(V x) {
        return (x != 0) & math::isfinite(x);
    }
    template <class V>
    TENON_LANE static auto is_denormal(V x) {
        return math::abs(x) < std::numeric_limits<typename V::value_type>::min();
    }
    /// x, or where it is denormal 2^digits x.
    template <class V>
    TENON_LANE static V scaled(V x) {
        using T = typename V::value_type;
        constexpr T up = static_cast<T>(std::uint64_t(1) << std::numeric_limits<T>::digits);
        return math::select(is_denormal(x), x * up, x);
    }
};
struct frexp_exponent : real_only {
    using no_slope = void;
    static constexpr char const* name = "frexp";
    template <class>
    using result = std::int32_t;
    template <class V>
    TENON_LANE static auto value(V x) {
        using T = typename V::value_type;
        using bits = element::detail::int_of_size<sizeof(T)>;
        constexpr int fraction = math::detail::fraction_bits<T>, digits = std::numeric_limits<T>::digits;
        constexpr bits bias = static_cast<bits>(std::numeric_limits<T>::max_exponent - 2);
        auto const field = math::detail::magnitude_bits(frexp_mantissa::scaled(x)) >> bits(fraction);
        using lanes = std::remove_const_t<decltype(field)>;
        auto const exponent =
            field - bias - math::select(frexp_mantissa::is_denormal(x), lanes(bits(digits)), lanes(bits(0)));
        return math::convert<std::int32_t>(math::select(frexp_mantissa::is_plain(x), exponent, lanes(bits(0))));
    }
};
struct nextafter : real_only {
    using no_slope = void;
    template <class Common>
    struct wide {
        static_assert(!element::narrow<Common>,
                      "nextafter: numbers of 16 bits are computed as floats, whose neighbours are others");
        using type = Common;
    };
    template <class Common> using result = typename wide<Common>::type;
    static constexpr char const* name = "nextafter";
    template <class V>
    TENON_LANE static V value(V a, V b) {
        using T = typename V::value_type;
        using bits = element::detail::int_of_size<sizeof(T)>;
        // Bits of one sign are ordered as the numbers are: away from 0 is one more.
        auto const word = math::bits(a);
        using lanes = std::remove_const_t<decltype(word)>;
        auto const step = math::select((b > a) == (a > 0), lanes(bits(1)), lanes(bits(-1)));
        V const moved = math::select(a == 0, math::copysign(V(std::numeric_limits<T>::denorm_min()), b),
                                     math::from_bits(word + step));
        return math::select((a != a) | (b != b), a + b, math::select(a == b, b, moved));
    }
};
struct heaviside : arithmetic {
    using no_slope = void;
    static constexpr char const* name = "heaviside";
    template <class V>
    TENON_LANE static V value(V x, V at_zero) {
        if constexpr (element::is_mask<V>) return x | at_zero;
        else {
            using T = typename V::value_type;
            return math::select(x == T(0), at_zero, math::convert<T>(x > T(0)));
        }
    }
};
struct nan_to_num : arithmetic {
    static constexpr char const* name = "nan_to_num";
    double nan;
    std::optional<double> posinf, neginf;
    template <class V>
    TENON_LANE V value(V x) const {
        if constexpr (element::is_mask<V>) return x;
        else if constexpr (std::is_integral_v<typename V::value_type>) return x;
        else {
            using limits = std::numeric_limits<typename V::value_type>;
            using T = typename V::value_type;
            V const above(posinf ? static_cast<T>(*posinf) : limits::max()),
                below(neginf ? static_cast<T>(*neginf) : limits::lowest());
            return math::select(math::isnan(x), V(static_cast<T>(nan)),
                                math::select(math::isinf(x), math::select(x > 0, above, below), x));
        }
    }
    template <std::size_t, class V>
    TENON_LANE static auto slope(V, V x) {
        return x - x == 0;
    }
};
}  // namespace op

/// |a| with the sign of b, −0 and NaN included; of integers a float; slope 1 or −1 in a, 0 at 0, and 0 in b; torch.copysign.
inline constexpr elementwise<op::copysign> copysign{};
/// Whether the sign's bit is set, also that of −0; bool; torch.signbit.
inline constexpr elementwise<op::signbit> signbit{};
/// The number next to a in the direction of b, floating point alone; no gradient; torch.nextafter.
inline constexpr elementwise<op::nextafter> nextafter{};
/// 0 where x < 0, the second operand where x = 0, else 1, and 0 for NaN; no gradient; torch.heaviside.
inline constexpr elementwise<op::heaviside> heaviside{};

/// What frexp gives.
template <class Mantissa, class Exponent>
struct frexp_result {
    Mantissa mantissa;
    Exponent exponent;
};
/// x as mantissa · 2^exponent with 1/2 ≤ |mantissa| < 1 and int32 exponents; 0, infinities and NaN as they are with exponent 0.
/// Floating point alone; the mantissa's slope is 2^(−exponent); torch.frexp.
template <class X>
    requires elementwise_operands<X>
TENON_LANE auto frexp(X&& x) {
    auto const parts = [](auto const& v) TENON_LAMBDA_INLINE {
        auto mantissa = call_op(op::frexp_mantissa{}, v);
        auto exponent = call_op(op::frexp_exponent{}, v);
        return frexp_result<decltype(mantissa), decltype(exponent)>{std::move(mantissa), std::move(exponent)};
    };
    // A tensor that is a temporary is owned by both results.
    if constexpr (expression<X>) return parts(as_node(std::forward<X>(x)));
    else return parts(x);
}
/// a · 2^b, with 2^b a float where b has integers, as torch.ldexp computes it.
template <class A, class B>
    requires elementwise_operands<A, B>
TENON_LANE auto ldexp(A&& a, B&& b) {
    return std::forward<A>(a) * tenon::pow(2.f, std::forward<B>(b));
}

/// What stands for NaN, ∞ and −∞; the greatest and the least finite number for these where nothing is given.
struct nan_to_num_options {
    double nan = 0;
    std::optional<double> posinf{}, neginf{};
};
namespace detail {
/// What stands for ∞ or −∞. Elements of 16 bits are computed as floats, whose greatest number would be ∞ again.
template <class X>
constexpr std::optional<double> finite_bound(std::optional<double> given, [[maybe_unused]] double sign) {
    if constexpr (expression<X>)
        if constexpr (element::narrow<value_t<X>>)
            if (!given) return sign * static_cast<double>(std::numeric_limits<value_t<X>>::max());
    return given;
}
}  // namespace detail
/// x with numbers for NaN, ∞ and −∞: `nan_to_num(x, {.nan = 1, .posinf = 1e9})` or in that order; integers as they are; no gradient
/// where a number was put; torch.nan_to_num.
template <class X>
    requires elementwise_operands<X>
TENON_LANE auto nan_to_num(X&& x, nan_to_num_options o = {}) {
    return call_op(
        op::nan_to_num{{}, o.nan, detail::finite_bound<X>(o.posinf, 1), detail::finite_bound<X>(o.neginf, -1)},
        std::forward<X>(x));
}
template <class X>
    requires elementwise_operands<X>
TENON_LANE auto nan_to_num(X&& x, double nan, std::optional<double> posinf = {}, std::optional<double> neginf = {}) {
    return tenon::nan_to_num(std::forward<X>(x), nan_to_num_options{nan, posinf, neginf});
}

}  // namespace tenon::inline TENON_TARGET
