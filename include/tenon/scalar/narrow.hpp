// bfloat16 and float16: floating point numbers in 16 bits of memory.
#pragma once

#include <cstdint>
#include <limits>
#include <type_traits>

#include <tenon/scalar/math_narrow.hpp>

namespace tenon::inline TENON_TARGET {

namespace detail {

/// A number in 16 bits of memory. It converts from numbers, rounded to the nearest, and to float, so arithmetic with it is
/// arithmetic with floats.
/// @tparam Self the format, with `exponent_bits` and `fraction_bits`
template <class Self>
struct narrow_float {
    using narrow_tag = void;
    std::uint16_t bits;

    narrow_float() = default;
    template <class Number>
        requires std::is_arithmetic_v<Number>
    constexpr narrow_float(Number value) : bits(math::to_narrow<Self>(lane(value)).raw) {}

    static constexpr Self from_bits(std::uint16_t bits) {
        Self s{};
        s.bits = bits;
        return s;
    }
    constexpr operator float() const { return math::from_narrow<Self>(element::pack<std::uint16_t, 1>(bits)).raw; }

private:
    /// A float that is rounded to 16 bits as the number would be.
    template <class Number>
    static constexpr element::pack<float, 1> lane(Number value) {
        if constexpr (std::is_same_v<Number, long double>) {
            double const nearest = static_cast<double>(value);
            auto const word = __builtin_bit_cast(std::int64_t, nearest);
            long double const back = nearest;
            bool const exact = back == value || math::isnan(nearest) || (word & 1) != 0;
            bool const beyond = value < 0 ? value < back : back < value;
            return lane(exact ? nearest : __builtin_bit_cast(double, word + (beyond ? 1 : -1)));
        } else if constexpr (sizeof(Number) >= 4) return math::convert<Self>(element::pack<Number, 1>(value));
        else return element::pack<float, 1>(static_cast<float>(value));
    }

public:
    friend constexpr Self operator-(Self x) { return from_bits(static_cast<std::uint16_t>(x.bits ^ 0x8000u)); }
    friend constexpr Self& operator+=(Self& a, float b) { return a = Self(float(a) + b); }
    friend constexpr Self& operator-=(Self& a, float b) { return a = Self(float(a) - b); }
    friend constexpr Self& operator*=(Self& a, float b) { return a = Self(float(a) * b); }
    friend constexpr Self& operator/=(Self& a, float b) { return a = Self(float(a) / b); }
};

}  // namespace detail

/// A float of 8 significant bits: the range of float, whose upper half it is. torch.bfloat16.
struct bfloat16 : detail::narrow_float<bfloat16> {
    static constexpr int exponent_bits = 8, fraction_bits = 7;
    using narrow_float::narrow_float;
};
/// A float of 11 significant bits up to 65504, IEEE 754's binary16. torch.float16.
struct float16 : detail::narrow_float<float16> {
    static constexpr int exponent_bits = 5, fraction_bits = 10;
    using narrow_float::narrow_float;
};

namespace detail {
/// std::numeric_limits of a format.
template <class T>
struct narrow_limits {
    static constexpr bool is_specialized = true, is_signed = true, is_integer = false, is_exact = false;
    static constexpr bool has_infinity = true, has_quiet_NaN = true, has_signaling_NaN = false;
    static constexpr bool is_iec559 = true, is_bounded = true, is_modulo = false, traps = false;
    static constexpr std::float_round_style round_style = std::round_to_nearest;
    static constexpr int radix = 2, digits = T::fraction_bits + 1;
    static constexpr int digits10 = (digits - 1) * 30103 / 100000, max_digits10 = digits * 30103 / 100000 + 2;
    static constexpr int max_exponent = 1 << (T::exponent_bits - 1), min_exponent = 3 - max_exponent;

    static constexpr T min() { return bits(1u << T::fraction_bits); }
    static constexpr T max() { return bits(exponent - 1); }
    static constexpr T lowest() { return -max(); }
    static constexpr T epsilon() { return bits((max_exponent - 1u - T::fraction_bits) << T::fraction_bits); }
    static constexpr T round_error() { return T(0.5f); }
    static constexpr T denorm_min() { return bits(1); }
    static constexpr T infinity() { return bits(exponent); }
    static constexpr T quiet_NaN() { return bits(exponent | 1u << (T::fraction_bits - 1)); }

private:
    static constexpr unsigned exponent = ((1u << T::exponent_bits) - 1) << T::fraction_bits;
    static constexpr T bits(unsigned b) { return T::from_bits(static_cast<std::uint16_t>(b)); }
};
}  // namespace detail

}  // namespace tenon::inline TENON_TARGET

template <>
struct std::numeric_limits<tenon::bfloat16> : tenon::detail::narrow_limits<tenon::bfloat16> {};
template <>
struct std::numeric_limits<tenon::float16> : tenon::detail::narrow_limits<tenon::float16> {};
