// What every other function on packs and masks is made of: choosing, converting, reading bits, rounding, reducing. All
// of it is exact or rounds once, and all of it is constexpr with one lane.
#pragma once

#include <limits>

#include "pack.hpp"

#include "math_machine.hpp"

namespace tenon::inline TENON_TARGET::math {

using element::is_mask;
using element::is_pack;
using element::mask;
using element::pack;

namespace detail {
/// Lanes that `select` chooses. g++ 12 makes one instruction of a choice and the sum or product that it chooses, takes that
/// for a call that may throw, and crashes at -O3 when the result is not used, as values in a backward pass often are not.
template <class T, std::size_t N>
TENON_LANE pack<T, N> choice(pack<T, N> x) {
#if defined(__AVX512F__) && defined(__GNUC__) && __GNUC__ == 12 && !defined(__clang__)
    using result = pack<T, N>;
    if constexpr (result::form == element::detail::form::halves)
        return result::join(detail::choice(x.raw.low), detail::choice(x.raw.high));
    else if constexpr (N > 1) return result(element::detail::opaque(x.raw));
    else return x;
#else
    return x;
#endif
}

/// `select` for what is always used, or no sum or product.
template <std::size_t Bytes, class T, std::size_t N>
TENON_LANE pack<T, N> chosen(mask<Bytes, N> m, pack<T, N> a, pack<T, N> b) {
    using result = pack<T, N>;
    if constexpr (Bytes != sizeof(T)) return detail::chosen(m.template to<sizeof(T)>(), a, b);
    else if constexpr (N == 1) return m.raw ? a : b;
    else if constexpr (result::form == element::detail::form::halves)
        return result::join(detail::chosen(m.raw.low, a.raw.low, b.raw.low),
                            detail::chosen(m.raw.high, a.raw.high, b.raw.high));
    else return result(m.raw ? a.raw : b.raw);
}
}  // namespace detail

/// a where the mask is set, b elsewhere. Both are evaluated.
template <std::size_t Bytes, class T, std::size_t N>
TENON_LANE pack<T, N> select(mask<Bytes, N> m, pack<T, N> a, pack<T, N> b) {
    return detail::chosen(m, detail::choice(a), detail::choice(b));
}
template <std::size_t Bytes, class T, std::size_t N, class U>
    requires std::is_arithmetic_v<U>
TENON_LANE pack<T, N> select(mask<Bytes, N> m, pack<T, N> a, U b) {
    return detail::chosen(m, detail::choice(a), pack<T, N>(b));
}
template <std::size_t Bytes, class T, std::size_t N, class U>
    requires std::is_arithmetic_v<U>
TENON_LANE pack<T, N> select(mask<Bytes, N> m, U a, pack<T, N> b) {
    return detail::chosen(m, pack<T, N>(a), detail::choice(b));
}
template <std::size_t Bytes, std::size_t BytesA, std::size_t BytesB, std::size_t N>
TENON_LANE auto select(mask<Bytes, N> m, mask<BytesA, N> a, mask<BytesB, N> b) {
    return (m & a) | (b & !m);
}

/// The bits of each lane, as signed integers of the same size.
template <class T, std::size_t N>
TENON_LANE auto bits(pack<T, N> x) {
    using result = pack<element::detail::int_of_size<sizeof(T)>, N>;
    return result(__builtin_bit_cast(typename result::raw_type, x.raw));
}

/// The float or double of which `x` are the bits.
template <class Int, std::size_t N>
    requires(std::is_integral_v<Int> && sizeof(Int) >= 4)
TENON_LANE auto from_bits(pack<Int, N> x) {
    using result = pack<std::conditional_t<sizeof(Int) == 4, float, double>, N>;
    return result(__builtin_bit_cast(typename result::raw_type, x.raw));
}

namespace detail {

/// One number as another type, without undefined behaviour. Floating point to integer cuts toward zero; what does not
/// fit becomes the least int32 or int64, as x86 vectors have it, and of that the low bits for a smaller or unsigned
/// type.
template <class To, class From>
TENON_LANE To convert_single(From x) {
    if constexpr (std::is_integral_v<To> && std::is_floating_point_v<From>) {
        using wide =
            std::conditional_t<(sizeof(To) < 4 || std::is_same_v<To, std::int32_t>), std::int32_t, std::int64_t>;
        constexpr From limit = static_cast<From>(std::uint64_t(1) << (sizeof(wide) * 8 - 1));
        if constexpr (std::is_unsigned_v<To> && sizeof(To) == 8)
            if (x >= limit && x < 2 * limit) return static_cast<To>(x);
        // The least wide lies one below -limit + 1: written so, float and double need no other test.
        bool const fits = x < limit && (x >= -limit || (x > -limit - 1 && sizeof(From) > sizeof(wide)));
        return static_cast<To>(fits ? static_cast<wide>(x) : std::numeric_limits<wide>::min());
    } else {
        return static_cast<To>(x);
    }
}

/// Whether machine::convert does the same as convert_single.
template <class To, class From>
inline constexpr bool converts_as_vector = (std::is_floating_point_v<To> && std::is_floating_point_v<From>) ||
                                           (std::is_same_v<From, std::int32_t> && std::is_floating_point_v<To>) ||
                                           (std::is_same_v<To, std::int32_t> && std::is_floating_point_v<From>)
#if defined(__AVX512DQ__)
                                           || (std::is_same_v<From, std::int64_t> && std::is_floating_point_v<To>) ||
                                           (std::is_same_v<To, std::int64_t> && std::is_floating_point_v<From>)
#endif
    ;

/// Whether the way between an integer of at most two bytes and floating point goes through int32.
template <class A, class B>
inline constexpr bool through_int32 = std::is_integral_v<A> && sizeof(A) <= 2 && std::is_floating_point_v<B>;

/// Numbers that a float may not hold, as floats that round to a narrower format as they would.
template <class T, std::size_t N>
TENON_LANE pack<float, N> rounded_to_odd(pack<T, N> x);

}  // namespace detail

/// Each lane as a U. Integers wrap. Floating point to integer cuts toward zero; NaN and what does not fit give the
/// least int32 or int64 (of which a smaller or unsigned U keeps the low bits), and never trap. To bool is `x != 0`. Lanes of a
/// number in 16 bits are floats, rounded where they are stored; what a float does not hold is made one that is rounded as the
/// number itself would be.
template <class U, class T, std::size_t N>
TENON_LANE auto convert(pack<T, N> x) {
    using element::detail::form;
    using result = element::lane_t<U, N>;
    if constexpr (std::is_same_v<U, T>) return x;
    else if constexpr (element::narrow<U> && sizeof(T) >= 4 && !std::is_same_v<T, float>)
        return detail::rounded_to_odd(x);
    else if constexpr (element::narrow<U>) return math::convert<float>(x);
    else if constexpr (std::is_same_v<U, bool>) return (x != T(0)).template to<1>();
    else if constexpr (N == 1) return result(detail::convert_single<U>(x.raw));
    else if constexpr (detail::through_int32<T, U> || detail::through_int32<U, T>)
        return math::convert<U>(math::convert<std::int32_t>(x));
    else if constexpr (pack<T, N>::form == form::halves || result::form == form::halves)
        return result::join(math::convert<U>(x.low()), math::convert<U>(x.high()));
    else if constexpr (std::is_integral_v<U> && std::is_integral_v<T>)
        return result(element::detail::resized<U, N>(x.raw, std::make_index_sequence<N>{}));
    else if constexpr (detail::converts_as_vector<U, T>)
        return result(machine::convert<typename result::raw_type>(x.raw));
    else return result::generate([&](std::size_t i) { return detail::convert_single<U>(x.raw[i]); });
}

/// 1 where the mask is set, 0 elsewhere; to bool, the mask itself beside bools.
template <class U, std::size_t Bytes, std::size_t N>
TENON_LANE element::lane_t<U, N> convert(mask<Bytes, N> m) {
    if constexpr (std::is_same_v<U, bool>) return m.template to<1>();
    else if constexpr (requires { typename U::dual_tag; })
        return element::lane_t<U, N>(math::convert<typename U::value_type>(m));
    else return math::select(m, element::lane_t<U, N>(1), element::lane_t<U, N>(0));
}

/// Whether any lane is set.
template <std::size_t Bytes, std::size_t N>
TENON_LANE bool any_of(mask<Bytes, N> m) {
    if constexpr (N == 1) return m.raw;
    else if constexpr (mask<Bytes, N>::form == element::detail::form::halves)
        return math::any_of(m.raw.low | m.raw.high);
    else return machine::any(m.raw);
}

/// Whether all lanes are set.
template <std::size_t Bytes, std::size_t N>
TENON_LANE bool all_of(mask<Bytes, N> m) {
    return !math::any_of(!m);
}

/// a * b + c, rounded once where the processor can, twice elsewhere and in constant expressions.
template <class T, std::size_t N>
TENON_LANE pack<T, N> fma(pack<T, N> a, std::type_identity_t<pack<T, N>> b, std::type_identity_t<pack<T, N>> c) {
    if constexpr (!machine::has_fma || !std::is_floating_point_v<T>) {
        return a * b + c;
    } else if constexpr (pack<T, N>::form == element::detail::form::halves) {
        return pack<T, N>::join(math::fma(a.raw.low, b.raw.low, c.raw.low),
                                math::fma(a.raw.high, b.raw.high, c.raw.high));
    } else {
        if (__builtin_is_constant_evaluated()) return a * b + c;
        if constexpr (N == 1) return pack<T, N>(machine::fma_single(a.raw, b.raw, c.raw));
        else return pack<T, N>(machine::fma(a.raw, b.raw, c.raw));
    }
}

/// Sign bit cleared; for integers the absolute value, which wraps for the least one.
template <class T, std::size_t N>
TENON_LANE pack<T, N> abs(pack<T, N> x) {
    if constexpr (std::is_floating_point_v<T>)
        return math::from_bits(math::bits(x) & std::numeric_limits<element::detail::int_of_size<sizeof(T)>>::max());
    else if constexpr (std::is_unsigned_v<T>) return x;
    else return math::select(x < T(0), -x, x);
}

/// The magnitude of the first with the sign bit of the second.
template <class T, std::size_t N>
    requires std::is_floating_point_v<T>
TENON_LANE pack<T, N> copysign(pack<T, N> magnitude, std::type_identity_t<pack<T, N>> sign) {
    constexpr auto sign_bit = std::numeric_limits<element::detail::int_of_size<sizeof(T)>>::min();
    return math::from_bits((math::bits(magnitude) & static_cast<decltype(sign_bit)>(~sign_bit)) |
                           (math::bits(sign) & sign_bit));
}

/// Whether the sign bit is set, also that of -0 and NaN.
template <class T, std::size_t N>
TENON_LANE auto signbit(pack<T, N> x) {
    if constexpr (std::is_floating_point_v<T>) return math::bits(x) < 0;
    else return x < T(0);
}

namespace detail {
/// The bits of |x|, which are ordered as the numbers are, and those of infinity. They tell NaN and infinity even where the
/// compiler was told that there are none.
template <class T, std::size_t N>
TENON_LANE auto magnitude_bits(pack<T, N> x) {
    return math::bits(x) & std::numeric_limits<element::detail::int_of_size<sizeof(T)>>::max();
}
template <class T>
inline constexpr auto infinity_bits = static_cast<element::detail::int_of_size<sizeof(T)>>(
    sizeof(T) == 4 ? std::int64_t(0x7f800000) : std::int64_t(0x7ff0000000000000));
/// Whether comparisons look at NaN and infinity.
#if defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__
inline constexpr bool finite_math_only = true;
#else
inline constexpr bool finite_math_only = false;
#endif
}  // namespace detail

template <class T, std::size_t N>
TENON_LANE auto isnan(pack<T, N> x) {
    if constexpr (detail::finite_math_only && std::is_floating_point_v<T>)
        return detail::magnitude_bits(x) > detail::infinity_bits<T>;
    else return x != x;
}
template <class T, std::size_t N>
TENON_LANE auto isinf(pack<T, N> x) {
    if constexpr (detail::finite_math_only && std::is_floating_point_v<T>)
        return detail::magnitude_bits(x) == detail::infinity_bits<T>;
    else if constexpr (std::is_floating_point_v<T>) return math::abs(x) == infinity<T>;
    else return x != x;
}
template <class T, std::size_t N>
TENON_LANE auto isfinite(pack<T, N> x) {
    if constexpr (detail::finite_math_only && std::is_floating_point_v<T>)
        return detail::magnitude_bits(x) < detail::infinity_bits<T>;
    else if constexpr (std::is_floating_point_v<T>) return math::abs(x) <= std::numeric_limits<T>::max();
    else return x == x;
}

/// The same of a number, also where the compiler was told that there are no such ones.
template <class T>
    requires std::is_floating_point_v<T>
TENON_LANE bool isnan(T x) {
    return math::isnan(pack<T, 1>(x)).raw;
}
template <class T>
    requires std::is_floating_point_v<T>
TENON_LANE bool isinf(T x) {
    return math::isinf(pack<T, 1>(x)).raw;
}
template <class T>
    requires std::is_floating_point_v<T>
TENON_LANE bool isfinite(T x) {
    return math::isfinite(pack<T, 1>(x)).raw;
}

namespace detail {
template <class T, std::size_t N>
TENON_LANE pack<float, N> rounded_to_odd(pack<T, N> x) {
    if constexpr (sizeof(T) == 4) return detail::rounded_to_odd(math::convert<double>(x));
    else if constexpr (std::is_integral_v<T>) {
        // A double holds 53 bits: beyond them the last one that is kept says whether anything follows.
        constexpr T kept = static_cast<T>(~T(0x7ff)), last = T(0x800);
        auto const shortened = (x & kept) | math::select((x & T(0x7ff)) != T(0), pack<T, N>(last), pack<T, N>(0));
        constexpr std::uint64_t most = std::is_signed_v<T> ? std::uint64_t(1) << 53 : 0;
        auto const fits =
            (math::convert<std::uint64_t>(x) + most) >> (std::is_signed_v<T> ? 54 : 53) == std::uint64_t(0);
        return detail::rounded_to_odd(math::convert<double>(math::select(fits, x, shortened)));
    } else {
        // Boldo and Melquiond, Emulation of FMA and correctly rounded sums: a number that is not a float becomes that of its two
        // neighbours whose last bit is 1. Rounded again, to at most 22 bits, it gives what the number itself gives.
        auto const nearest = math::convert<float>(x);
        auto const back = math::convert<double>(nearest);
        auto const word = math::bits(nearest);
        auto const moves = (back != x) & !math::isnan(x) & ((word & 1) == 0);
        auto const step =
            math::select(math::abs(back) < math::abs(x), pack<std::int32_t, N>(1), pack<std::int32_t, N>(-1));
        return math::from_bits(math::select(moves, word + step, word));
    }
}

/// a > b ? a : b where `Greater`, else a < b ? a : b; so b where either is NaN.
template <bool Greater, class T, std::size_t N>
TENON_LANE pack<T, N> extreme(pack<T, N> a, pack<T, N> b) {
    if constexpr (pack<T, N>::form == element::detail::form::halves)
        return pack<T, N>::join(detail::extreme<Greater>(a.raw.low, b.raw.low),
                                detail::extreme<Greater>(a.raw.high, b.raw.high));
    else {
        if constexpr (N > 1 && machine::has_register<T, N>) {
            TENON_AT_RUN_TIME {
                if constexpr (Greater) return pack<T, N>(machine::greater(a.raw, b.raw));
                else return pack<T, N>(machine::lesser(a.raw, b.raw));
            }
        }
        return math::select(Greater ? a > b : a < b, a, b);
    }
}
}  // namespace detail

/// The lesser; NaN when either is NaN, as torch.minimum.
template <class T, std::size_t N>
TENON_LANE pack<T, N> minimum(pack<T, N> a, std::type_identity_t<pack<T, N>> b) {
    auto const lesser = detail::extreme<false>(a, b);
    if constexpr (std::is_floating_point_v<T>) return math::select(math::isnan(a), a, lesser);
    else return lesser;
}

/// The greater; NaN when either is NaN, as torch.maximum.
template <class T, std::size_t N>
TENON_LANE pack<T, N> maximum(pack<T, N> a, std::type_identity_t<pack<T, N>> b) {
    auto const greater = detail::extreme<true>(a, b);
    if constexpr (std::is_floating_point_v<T>) return math::select(math::isnan(a), a, greater);
    else return greater;
}

namespace detail {

/// Folds lanes by halves: lane i with lane i + N/2, and so on. The order of a sum depends on N alone.
template <class F, class T, std::size_t N>
TENON_LANE T fold(F f, pack<T, N> x) {
    if constexpr (N == 1) return x.raw;
    else return detail::fold(f, f(x.low(), x.high()));
}

/// Root of one number in a constant expression: the significand's root digit by digit, as fdlibm's e_sqrt.c does.
template <class T>
constexpr T exact_sqrt(T x) {
    if (x == 0 || x != x || x == infinity<T>) return x;
    if (x < 0) return not_a_number<T>;
    constexpr int digits = std::numeric_limits<T>::digits;
    T scale = 1;  // brings x / scale^2 to where it is an integer of at most digits + 1 bits
    while (x >= T(std::uint64_t(1) << digits) * 2) x /= 4, scale *= 2;
    while (x < T(std::uint64_t(1) << digits) / 2) x *= 4, scale /= 2;
    auto const radicand = static_cast<std::uint64_t>(x);
    // The root of radicand * 2^shift has more than digits bits, for rounding; shift is even, so it is sqrt(x) 2^(shift
    // / 2).
    constexpr int shift = digits + 3 - (digits + 1) % 2, bits_of_radicand = digits + 1;
    std::uint64_t root = 0, rest = 0;
    for (int pair = (bits_of_radicand + shift + 1) / 2 - 1; pair >= 0; --pair) {
        int const at = 2 * pair - shift;
        std::uint64_t const two = at >= 0 ? radicand >> at & 3 : at == -1 ? radicand << 1 & 3 : 0;
        rest = rest << 2 | two;
        std::uint64_t const trial = root << 2 | 1;
        root <<= 1;
        if (rest >= trial) rest -= trial, root |= 1;
    }
    static_assert(shift % 2 == 0);
    std::uint64_t const sticky = root << 1 | (rest != 0);  // rounds correctly: the conversion below sees every bit
    return static_cast<T>(sticky) / T(std::uint64_t(1) << (shift / 2 + 1)) * scale;
}

template <machine::rounding Mode, class T, std::size_t N>
TENON_LANE pack<T, N> round_by_adding(pack<T, N> x) {
    using machine::rounding;
    // Above 2^(digits - 1) every number is an integer, so adding that much rounds to nearest.
    constexpr T integral = T(std::uint64_t(1) << (std::numeric_limits<T>::digits - 1));
    auto const big = math::copysign(pack<T, N>(integral), x);
    auto rounded = (x + big) - big;
    if constexpr (Mode == rounding::down) rounded -= math::select(rounded > x, pack<T, N>(1), pack<T, N>(0));
    if constexpr (Mode == rounding::up) rounded += math::select(rounded < x, pack<T, N>(1), pack<T, N>(0));
    if constexpr (Mode == rounding::to_zero)
        rounded -= math::select(math::abs(rounded) > math::abs(x), math::copysign(pack<T, N>(1), x), pack<T, N>(0));
    return math::select(math::abs(x) < integral, math::copysign(rounded, x), x);
}

template <machine::rounding Mode, class T, std::size_t N>
TENON_LANE pack<T, N> round_to(pack<T, N> x) {
    using element::detail::form;
    if constexpr (std::is_integral_v<T>) {
        return x;
    } else if constexpr (pack<T, N>::form == form::halves) {
        return pack<T, N>::join(detail::round_to<Mode>(x.raw.low), detail::round_to<Mode>(x.raw.high));
    } else {
        if constexpr (machine::has_rounding) {
            TENON_AT_RUN_TIME {
                if constexpr (N == 1) return pack<T, N>(machine::round_single<Mode>(x.raw));
                if constexpr (machine::has_register<T, N>) return pack<T, N>(machine::round<Mode>(x.raw));
            }
        }
        return detail::round_by_adding<Mode>(x);
    }
}

}  // namespace detail

/// Correctly rounded square root; NaN below zero, -0 for -0.
template <class T, std::size_t N>
    requires std::is_floating_point_v<T>
TENON_LANE pack<T, N> sqrt(pack<T, N> x) {
    if constexpr (pack<T, N>::form == element::detail::form::halves) {
        return pack<T, N>::join(math::sqrt(x.raw.low), math::sqrt(x.raw.high));
    } else if constexpr (N == 1) {
        if (__builtin_is_constant_evaluated()) return pack<T, N>(detail::exact_sqrt(x.raw));
        return pack<T, N>(machine::sqrt_single(x.raw));
    } else {
        return pack<T, N>(machine::sqrt(x.raw));
    }
}

/// The greatest integer not above x.
template <class T, std::size_t N>
TENON_LANE pack<T, N> floor(pack<T, N> x) {
    return detail::round_to<machine::rounding::down>(x);
}
/// The least integer not below x.
template <class T, std::size_t N>
TENON_LANE pack<T, N> ceil(pack<T, N> x) {
    return detail::round_to<machine::rounding::up>(x);
}
/// The integer part of x.
template <class T, std::size_t N>
TENON_LANE pack<T, N> trunc(pack<T, N> x) {
    return detail::round_to<machine::rounding::to_zero>(x);
}
/// The nearest integer, the even one of two equally near, as torch.round.
template <class T, std::size_t N>
TENON_LANE pack<T, N> round(pack<T, N> x) {
    return detail::round_to<machine::rounding::nearest>(x);
}

/// Sum of the lanes, pairwise by halves.
template <class T, std::size_t N>
TENON_LANE T hsum(pack<T, N> x) {
    return detail::fold([](auto a, auto b) { return a + b; }, x);
}
/// Product of the lanes, pairwise by halves.
template <class T, std::size_t N>
TENON_LANE T product_of(pack<T, N> x) {
    return detail::fold([](auto a, auto b) { return a * b; }, x);
}
/// The least lane; NaN if any is.
template <class T, std::size_t N>
TENON_LANE T min_of(pack<T, N> x) {
    return detail::fold([](auto a, auto b) { return math::minimum(a, b); }, x);
}
/// The greatest lane; NaN if any is.
template <class T, std::size_t N>
TENON_LANE T max_of(pack<T, N> x) {
    return detail::fold([](auto a, auto b) { return math::maximum(a, b); }, x);
}

}  // namespace tenon::inline TENON_TARGET::math
