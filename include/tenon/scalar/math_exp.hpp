// Exponentials: exp, exp2, expm1 and the logistic function.
#pragma once

#include "math_parts.hpp"

namespace tenon::inline TENON_TARGET::math {

namespace detail {

// x = n ln 2 + r with |r| <= ln 2 / 2 (Cody and Waite): ln 2 is split so that n times its high part is exact. The
// polynomials are minimax for (e^r - 1 - r) / r^2, relative to e^r - 1, and were fitted for this file (Lawson's method
// in 113 bits); their errors are 2^-26.2 and 2^-61.7.
template <class T>
struct exp_constants;
template <>
struct exp_constants<float> {
    static constexpr float log2_e = 1.44269504f, ln2 = 0.693147181f, ln2_high = 0.693359375f, ln2_low = -2.12194440e-4f;
    static constexpr float least = -105, greatest = 90;  // beyond both the result is 0 or infinity
    template <class P>
    TENON_LANE static P polynomial(P r) {
        return detail::horner(r, 0.0013946445304640082f, 0.008366582508600515f, 0.041666282088496487f,
                              0.16666543002355255f, 0.50000000619222851f);
    }
};
template <>
struct exp_constants<double> {
    static constexpr double log2_e = 1.4426950408889634, ln2 = 0.69314718055994531,
                            ln2_high = 6.93147180369123816490e-01, ln2_low = 1.90821492927058770002e-10;
    static constexpr double least = -746, greatest = 711;
    template <class P>
    TENON_LANE static P polynomial(P r) {
        return detail::horner(r, 2.0924435140348526e-09, 2.510904265740792e-08, 2.7557242785140595e-07,
                              2.7557244187579971e-06, 2.4801587360528059e-05, 0.00019841269886153754,
                              0.001388888888886685, 0.0083333333333216169, 0.041666666666666699, 0.16666666666666677,
                              0.5);
    }
};

/// Adding this rounds to an integer n, and the bits of the sum end in n + Extra + 2·bias, from which powers of two are made
/// without adding the exponent's bias again.
template <class T, int Extra = 0>
inline constexpr T rounds_to_exponent =
    integer_in_low_bits<T> + T(2 * (std::numeric_limits<T>::max_exponent - 1) + Extra);

/// e^x = 2^n (1 + fraction), where 2^n = first * second: one factor alone could not hold every n, and two of them let
/// the result become denormal or infinite as it should.
template <class P>
struct exp_parts {
    P fraction, first, second;
    TENON_LANE P value() const { return math::fma(fraction, first, first) * second; }
};

/// @param shifted n plus `rounds_to_exponent`
template <real_pack P>
TENON_LANE exp_parts<P> exp_parts_of(P shifted, P r) {
    using T = value_of<P>;
    auto const exponents = detail::raw_bits(shifted);
    auto const first = (exponents >> 1) << fraction_bits<T>;  // the bits above n shift out
    return {math::fma(r * r, exp_constants<T>::polynomial(r), r), math::from_bits(first),
            math::from_bits((exponents << fraction_bits<T>)-first)};
}

/// x = n ln 2 + r, and n plus `rounds_to_exponent`.
template <class P>
struct exp_argument {
    P shifted, n, r;
};
template <int Extra, real_pack P, class... Low>
TENON_LANE exp_argument<P> reduce_exp(P x, Low... low) {
    using T = value_of<P>;
    using constants = exp_constants<T>;
    x = detail::at_least(detail::at_most(x, constants::greatest), constants::least);
    P const shifted = math::fma(x, constants::log2_e, rounds_to_exponent<T, Extra>);
    P const n = shifted - rounds_to_exponent<T, Extra>;
    P const r = math::fma(n, -constants::ln2_low, math::fma(n, -constants::ln2_high, x));
    return {shifted, n, (r + ... + low)};
}

/// Parts of e^(x + low), times 2^Extra.
template <int Extra = 0, real_pack P, class... Low>
TENON_LANE exp_parts<P> exp_reduced(P x, Low... low) {
    auto const a = detail::reduce_exp<Extra>(x, low...);
    return detail::exp_parts_of(a.shifted, a.r);
}

/// e^(x + low) 2^Extra, also where e^x itself would overflow. AVX-512 has an instruction for the power of two, which rounds as
/// `exp_parts` does.
template <int Extra = 0, real_pack P, class... Low>
TENON_LANE P exp_scaled(P x, Low... low) {
    using T = value_of<P>;
    if constexpr (machine::has_scaling && machine::has_register<T, P::lanes>) {
        TENON_AT_RUN_TIME {
            auto const a = detail::reduce_exp<Extra>(x, low...);
            P const y = math::fma(a.r * a.r, exp_constants<T>::polynomial(a.r), a.r) + 1;
            if constexpr (Extra == 0) return P(machine::scale(y.raw, a.n.raw));
            else return P(machine::scale(y.raw, (a.n + Extra).raw));
        }
    }
    return detail::exp_reduced<Extra>(x, low...).value();
}

/// e^x where 2^n has an exponent of its own, |x| up to 80: one scaling less, for functions that know their argument.
template <real_pack P>
TENON_LANE P exp_moderate(P x) {
    using T = value_of<P>;
    using constants = exp_constants<T>;
    P const shifted = math::fma(x, constants::log2_e, integer_in_low_bits<T>);
    P const n = shifted - integer_in_low_bits<T>;
    P const r = math::fma(n, -constants::ln2_low, math::fma(n, -constants::ln2_high, x));
    P const scale = math::from_bits((detail::raw_bits(shifted) << fraction_bits<T>)+bits_of_one<T>);
    return math::fma(math::fma(r * r, constants::polynomial(r), r), scale, scale);
}

}  // namespace detail

/// e^x. Max error 1 ulp; denormal results are exact to their last bit or so.
template <detail::real_pack P>
TENON_LANE P exp(P x) {
    return detail::exp_scaled(x);
}

/// 2^x; exact for integers. Max error 1 ulp.
template <detail::real_pack P>
TENON_LANE P exp2(P x) {
    using T = typename P::value_type;
    constexpr T bound = static_cast<T>(std::numeric_limits<T>::max_exponent + std::numeric_limits<T>::digits + 4);
    x = detail::at_least(detail::at_most(x, bound), -bound);
    P const shifted = x + detail::rounds_to_exponent<T>;
    P const rest = x - (shifted - detail::rounds_to_exponent<T>);
    return detail::exp_parts_of(shifted, rest * detail::exp_constants<T>::ln2).value();
}

/// 2^x as a weight of a softmax, x at most a little above 0: what would be denormal is 0. Fewer operations than exp2.
template <detail::real_pack P>
TENON_LANE P exp2_weight(P x) {
    using T = typename P::value_type;
    constexpr T least = std::numeric_limits<T>::min_exponent - 1, to_integer = detail::integer_in_low_bits<T>;
    P const bounded = detail::at_least(x, least);
    P const shifted = bounded + to_integer;
    P const r = (bounded - (shifted - to_integer)) * detail::exp_constants<T>::ln2;
    P const scale = math::from_bits((detail::raw_bits(shifted) << detail::fraction_bits<T>)+detail::bits_of_one<T>);
    P const fraction = math::fma(r * r, detail::exp_constants<T>::polynomial(r), r);
    return math::select(x < P(least), P(T(0)), math::fma(fraction, scale, scale));
}

/// e^x - 1, accurate near 0: 2^n (e^r - 1) + (2^n - 1). Max error 1.9 ulp.
template <detail::real_pack P>
TENON_LANE P expm1(P x) {
    using T = detail::value_of<P>;
    auto const parts = detail::exp_reduced(x);
    P const inverse_second = math::from_bits(2 * detail::bits_of_one<T> - detail::raw_bits(parts.second));
    P const result = math::fma(parts.fraction, parts.first, parts.first - inverse_second) * parts.second;
    return math::select(x == 0, x, result);  // -0
}

/// 1 / (1 + e^-x), as e^-|x| / (1 + e^-|x|) below zero so that the small tail keeps its digits.
/// Max error 2.3 ulp.
template <detail::real_pack P>
TENON_LANE P sigmoid(P x) {
    P const tail = detail::exp_scaled(-math::abs(x));
    return math::select(x < 0, tail, 1) / (1 + tail);
}

}  // namespace tenon::inline TENON_TARGET::math
