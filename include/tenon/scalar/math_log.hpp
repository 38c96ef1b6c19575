// Logarithms. Source of method and coefficients: fdlibm e_log.c and s_log1p.c, FreeBSD k_log.h, e_log2.c and e_log10.c
// (also their float versions).
#pragma once

#include "math_parts.hpp"

namespace tenon::inline TENON_TARGET::math {

namespace detail {

template <class T>
struct log_constants;
template <>
struct log_constants<float> {
    static constexpr std::uint32_t sqrt_half_bits = 0x3f3504f3, high_bits = 0xfffff000;
    static constexpr float ln2_high = 6.9313812256e-01f, ln2_low = 9.0580006145e-06f;
    static constexpr float log2_e_high = 1.4428710938e+00f, log2_e_low = -1.7605285393e-04f;
    static constexpr float log10_e_high = 4.3432617188e-01f, log10_e_low = -3.1689971365e-05f;
    static constexpr float log10_2_high = 3.0102920532e-01f, log10_2_low = 7.9034151668e-07f;
    template <class P>
    TENON_LANE static P polynomial(P z) {
        return detail::horner(z, 0.24279078841f, 0.28498786688f, 0.40000972152f, 0.66666662693f);
    }
};
template <>
struct log_constants<double> {
    static constexpr std::uint64_t sqrt_half_bits = 0x3fe6a09e667f3bcd, high_bits = 0xffffffff00000000;
    static constexpr double ln2_high = 6.93147180369123816490e-01, ln2_low = 1.90821492927058770002e-10;
    static constexpr double log2_e_high = 1.44269504072144627571e+00, log2_e_low = 1.67517131648865118353e-10;
    static constexpr double log10_e_high = 4.34294481878168880939e-01, log10_e_low = 2.50829467116452752298e-11;
    static constexpr double log10_2_high = 3.01029995663611771306e-01, log10_2_low = 3.69423907715893078616e-13;
    template <class P>
    TENON_LANE static P polynomial(P z) {
        return detail::horner(z, 1.479819860511658591e-01, 1.531383769920937332e-01, 1.818357216161805012e-01,
                              2.222219843214978396e-01, 2.857142874366239149e-01, 3.999999999940941908e-01,
                              6.666666666666735130e-01);
    }
};

/// x = 2^exponent * significand, with a significand from sqrt(1/2) to sqrt(2), for positive finite x.
template <class P>
struct split_number {
    P exponent, significand;
};
template <real_pack P>
TENON_LANE split_number<P> split(P x) {
    using T = value_of<P>;
    using constants = log_constants<T>;
    constexpr T denormal_scale = static_cast<T>(std::uint64_t(1) << std::numeric_limits<T>::digits);
    auto const denormal = x < std::numeric_limits<T>::min();
    x = math::select(denormal, x * denormal_scale, x);
    auto const moved =
        detail::raw_bits(x) + static_cast<decltype(bits_of_one<T>)>(bits_of_one<T> - constants::sqrt_half_bits);
    auto const fraction = (moved & static_cast<decltype(bits_of_one<T>)>((std::uint64_t(1) << fraction_bits<T>)-1)) +
                          constants::sqrt_half_bits;
    // The biased exponent becomes a number as the low bits of 2^fraction_bits, since AVX2 cannot convert 64-bit
    // integers.
    constexpr T offset = static_cast<T>(std::uint64_t(1) << fraction_bits<T>);
    constexpr T bias = static_cast<T>(std::numeric_limits<T>::max_exponent - 1);
    auto const biased = math::from_bits((moved >> fraction_bits<T>) | detail::raw_bits(P(offset)));
    P const exponent =
        (biased - offset) - detail::chosen(denormal, P(bias + static_cast<T>(std::numeric_limits<T>::digits)), P(bias));
    return {exponent, math::from_bits(fraction)};
}

/// log(1 + f) = f - half_square + s * inner, for 1 + f from sqrt(1/2) to sqrt(2): with s = f / (2 + f), it is 2
/// atanh(s).
template <class P>
struct log_parts {
    P half_square, s, inner;
};
template <real_pack P>
TENON_LANE log_parts<P> log_parts_of(P f) {
    P const s = f / (2 + f), z = s * s, half_square = 0.5f * f * f;
    return {half_square, s, math::fma(z, log_constants<value_of<P>>::polynomial(z), half_square)};
}

/// What a logarithm is outside the positive finite numbers, `result` inside: -inf at 0, NaN below, x for inf and NaN.
template <real_pack P>
TENON_LANE P log_edges(P x, P result) {
    using T = value_of<P>;
    P const edge = math::select(x == 0, minus_infinity<T>, detail::chosen(x < 0, P(not_a_number<T>), x));
    return math::select((x > 0) & (x < infinity<T>), result, edge);
}

/// Logarithm in another base: that of 2 and of e are each given in two parts, the products of the high ones being
/// exact.
template <real_pack P>
TENON_LANE P log_in_base(P x, two<value_of<P>> of_2, two<value_of<P>> of_e) {
    auto const [exponent, significand] = detail::split(x);
    P const f = significand - 1;
    auto const parts = detail::log_parts_of(f);
    P const high = math::from_bits(detail::raw_bits(f - parts.half_square) & log_constants<value_of<P>>::high_bits);
    P const low = math::fma(parts.s, parts.inner, (f - high) - parts.half_square);
    P const product = high * of_e.high, whole = exponent * of_2.high, sum = whole + product;
    P const remainder = math::fma(low, of_e.high, (whole - sum) + product);
    P const error = math::fma(exponent, of_2.low, math::fma(low + high, of_e.low, remainder));
    return detail::log_edges(x, sum + error);
}

}  // namespace detail

/// Natural logarithm. Max error 1 ulp.
template <detail::real_pack P>
TENON_LANE P log(P x) {
    using constants = detail::log_constants<typename P::value_type>;
    auto const [exponent, significand] = detail::split(x);
    P const f = significand - 1;
    auto const parts = detail::log_parts_of(f);
    P const low = math::fma(parts.s, parts.inner, exponent * constants::ln2_low);
    return detail::log_edges(x, math::fma(exponent, constants::ln2_high, f - (parts.half_square - low)));
}

/// log(1 + x), accurate near 0: what 1 + x lost by rounding is added back, divided by 1 + x. Max error 1 ulp.
template <detail::real_pack P>
TENON_LANE P log1p(P x) {
    using constants = detail::log_constants<typename P::value_type>;
    auto const sum = detail::two_sum(P(1), x);
    auto const [exponent, significand] = detail::split(sum.high);
    P const f = significand - 1;
    auto const parts = detail::log_parts_of(f);
    P const low = math::fma(parts.s, parts.inner, math::fma(exponent, constants::ln2_low, sum.low / sum.high));
    P const result = math::fma(exponent, constants::ln2_high, f - (parts.half_square - low));
    return math::select(x == 0, x, detail::log_edges(sum.high, result));
}

/// Binary logarithm; exact for powers of two. Max error 1 ulp.
template <detail::real_pack P>
TENON_LANE P log2(P x) {
    using constants = detail::log_constants<typename P::value_type>;
    return detail::log_in_base(x, {1, 0}, {constants::log2_e_high, constants::log2_e_low});
}

/// Decimal logarithm. Max error 1 ulp.
template <detail::real_pack P>
TENON_LANE P log10(P x) {
    using constants = detail::log_constants<typename P::value_type>;
    return detail::log_in_base(x, {constants::log10_2_high, constants::log10_2_low},
                               {constants::log10_e_high, constants::log10_e_low});
}

}  // namespace tenon::inline TENON_TARGET::math
