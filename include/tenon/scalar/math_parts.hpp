// What the elementary functions share: polynomials, and sums and products that keep what rounding takes away.
//
// A product that is only added to something is written as fma throughout. GCC fuses the others on its own in C++,
// whatever -std says, but not always the same ones for one lane as for many, and results must not depend on the lane.
#pragma once

#include "math_basic.hpp"

namespace tenon::inline TENON_TARGET::math::detail {

/// A pack of float or double.
template <class P>
concept real_pack = is_pack<P> && std::is_floating_point_v<typename P::value_type>;

template <class P>
using value_of = typename P::value_type;
template <class P>
using unsigned_bits_of = pack<std::make_unsigned_t<element::detail::int_of_size<sizeof(value_of<P>)>>, P::lanes>;

/// Polynomial in x by Horner's rule, highest coefficient first.
template <real_pack P, class... Rest>
TENON_LANE P horner(P x, value_of<P> highest, Rest... rest) {
    P sum(highest);
    ((sum = math::fma(sum, x, P(static_cast<value_of<P>>(rest)))), ...);
    return sum;
}

/// Bits as unsigned lanes, whose right shift is one instruction for 64 bits too.
template <real_pack P>
TENON_LANE auto raw_bits(P x) {
    return math::convert<value_of<unsigned_bits_of<P>>>(math::bits(x));
}

/// Bits of 1, and the number of bits below the exponent.
template <class T>
inline constexpr auto bits_of_one = static_cast<std::make_unsigned_t<element::detail::int_of_size<sizeof(T)>>>(
    sizeof(T) == 4 ? std::uint64_t(0x3f800000) : std::uint64_t(0x3ff0000000000000));
template <class T>
inline constexpr int fraction_bits = std::numeric_limits<T>::digits - 1;

/// Adding this rounds to an integer, which then stands in the low bits: 1.5 * 2^fraction_bits.
template <class T>
inline constexpr T integer_in_low_bits = static_cast<T>(std::uint64_t(3) << (std::numeric_limits<T>::digits - 2));

/// An unevaluated sum, |low| at most half an ulp of high.
template <class P>
struct two {
    P high, low;
};

/// a + b and its rounding error, for any a and b (Knuth).
template <real_pack P>
TENON_LANE two<P> two_sum(P a, P b) {
    P const sum = a + b, part = sum - a;
    return {sum, (a - (sum - part)) + (b - part)};
}

/// a + b and its rounding error where |a| >= |b| or a = 0 (Dekker).
template <real_pack P>
TENON_LANE two<P> quick_two_sum(P a, P b) {
    P const sum = a + b;
    return {sum, b - (sum - a)};
}

/// a * b and its rounding error: one fma, or Veltkamp's and Dekker's splitting where there is none.
template <real_pack P>
TENON_LANE two<P> two_product(P a, P b) {
    P const product = a * b;
    if constexpr (machine::has_fma) { TENON_AT_RUN_TIME return {product, math::fma(a, b, -product)}; }
    constexpr auto splitter =
        static_cast<value_of<P>>((std::uint64_t(1) << ((std::numeric_limits<value_of<P>>::digits + 1) / 2)) + 1);
    P const big_a = splitter * a, big_b = splitter * b;
    P const a_high = big_a - (big_a - a), b_high = big_b - (big_b - b);
    P const a_low = a - a_high, b_low = b - b_high;
    return {product, a_low * b_low - (((product - a_high * b_high) - a_low * b_high) - a_high * b_low)};
}

/// x, at most `limit`; NaN stays NaN.
template <real_pack P>
TENON_LANE P at_most(P x, value_of<P> limit) {
    return detail::extreme<false>(P(limit), x);
}
template <real_pack P>
TENON_LANE P at_least(P x, value_of<P> limit) {
    return detail::extreme<true>(P(limit), x);
}

}  // namespace tenon::inline TENON_TARGET::math::detail
