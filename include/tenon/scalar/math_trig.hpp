// Trigonometric functions. Source of method and coefficients: fdlibm e_rem_pio2.c, k_sin.c, k_cos.c, s_atan.c; for
// float Cephes sinf.c and FreeBSD s_atanf.c.
#pragma once

#include <cmath>

#include "math_parts.hpp"

namespace tenon::inline TENON_TARGET::math {

namespace detail {

template <class T>
struct trig_constants;
template <>
struct trig_constants<float> {
    static constexpr float sin_first = -1.6666654611e-1f;
    static constexpr float half_pi = 1.5707962513e+00f, half_pi_low = 7.5497894159e-08f, quarter_pi = 7.8539812565e-01f,
                           quarter_pi_low = 3.7748947079e-08f;
    template <class P>
    TENON_LANE static P sin_rest(P z) {
        return detail::horner(z, -1.9515295891e-4f, 8.3321608736e-3f);
    }
    template <class P>
    TENON_LANE static P cos_rest(P z) {
        return detail::horner(z, 2.443315711809948e-5f, -1.388731625493765e-3f, 4.166664568298827e-2f);
    }
    template <class P>
    TENON_LANE static P atan_polynomial(P z) {
        return z * detail::horner(z, 6.1687607318e-02f, -1.0648017377e-01f, 1.4253635705e-01f, -1.9999158382e-01f,
                                  3.3333328366e-01f);
    }
};
template <>
struct trig_constants<double> {
    static constexpr double sin_first = -1.66666666666666324348e-01;
    static constexpr double half_pi = 1.57079632679489655800e+00, half_pi_low = 6.12323399573676603587e-17,
                            quarter_pi = 7.85398163397448278999e-01, quarter_pi_low = 3.06161699786838301793e-17;
    template <class P>
    TENON_LANE static P sin_rest(P z) {
        return detail::horner(z, 1.58969099521155010221e-10, -2.50507602534068634195e-08, 2.75573137070700676789e-06,
                              -1.98412698298579493134e-04, 8.33333333332248946124e-03);
    }
    template <class P>
    TENON_LANE static P cos_rest(P z) {
        return detail::horner(z, -1.13596475577881948265e-11, 2.08757232129817482790e-09, -2.75573143513906633035e-07,
                              2.48015872894767294178e-05, -1.38888888888741095749e-03, 4.16666666666666019037e-02);
    }
    template <class P>
    TENON_LANE static P atan_polynomial(P z) {
        return z * detail::horner(z, 1.62858201153657823623e-02, -3.65315727442169155270e-02,
                                  4.97687799461593236017e-02, -5.83357013379057348645e-02, 6.66107313738753120669e-02,
                                  -7.69187620504482999495e-02, 9.09088713343650656196e-02, -1.11111104054623557880e-01,
                                  1.42857142725034663711e-01, -1.99999999998764832476e-01, 3.33333333333329318027e-01);
    }
};

/// Up to here n in x = n pi/2 + r has 20 bits, and n times 33 bits of pi/2 is exact.
inline constexpr float trig_limit = 1.6e6f;

/// r in two parts, from -pi/4 to pi/4, and n (its two lowest bits are right).
template <class P>
struct angle {
    P high, low;
    pack<element::detail::int_of_size<sizeof(value_of<P>)>, P::lanes> quadrant;
};

/// x - n pi/2 for x in [0, trig_limit], by Cody and Waite with pi/2 in three parts of 33 bits and a rest (fdlibm).
template <std::size_t N>
TENON_LANE angle<pack<double, N>> reduce_angle(pack<double, N> x) {
    using P = pack<double, N>;
    P const shifted = math::fma(x, 6.36619772367581382433e-01, integer_in_low_bits<double>);
    P const n = shifted - integer_in_low_bits<double>;
    P const first = x - n * 1.57079632673412561417e+00;
    auto const second = detail::two_sum(first, n * -6.07710050630396597660e-11);
    auto const third = detail::two_sum(second.high, n * -2.02226624871116645580e-21);
    auto const r = detail::quick_two_sum(third.high, math::fma(n, -8.47842766036889956997e-32, second.low + third.low));
    return {r.high, r.low, math::bits(shifted)};
}

/// For float the reduction is done in double, where two parts of pi/2 are enough.
template <std::size_t N>
TENON_LANE angle<pack<float, N>> reduce_angle(pack<float, N> x_single) {
    using P = pack<double, N>;
    P const x = math::convert<double>(x_single);
    P const shifted = math::fma(x, 6.36619772367581382433e-01, integer_in_low_bits<double>);
    P const n = shifted - integer_in_low_bits<double>;
    P const r = math::fma(n, -6.07710050650619224932e-11, math::fma(n, -1.57079632673412561417e+00, x));
    return {math::convert<float>(r), pack<float, N>(0), math::convert<std::int32_t>(math::bits(shifted))};
}

/// sin(high + low) for |high| <= pi/4.
template <real_pack P>
TENON_LANE P sin_kernel(angle<P> a) {
    using constants = trig_constants<value_of<P>>;
    P const z = a.high * a.high, cube = z * a.high;
    P const rest = constants::sin_rest(z);
    if constexpr (sizeof(value_of<P>) == 4)  // has no low part
        return math::fma(cube, math::fma(z, rest, constants::sin_first), a.high);
    else
        return a.high -
               math::fma(cube, -constants::sin_first, math::fma(z, math::fma(-cube, rest, 0.5f * a.low), -a.low));
}

/// cos(high + low) for |high| <= pi/4.
template <real_pack P>
TENON_LANE P cos_kernel(angle<P> a) {
    P const z = a.high * a.high, half = 0.5f * z, w = 1 - half;
    P const rest = trig_constants<value_of<P>>::cos_rest(z);
    if constexpr (sizeof(value_of<P>) == 4) return w + math::fma(z * z, rest, (1 - w) - half);
    else return w + math::fma(z * z, rest, math::fma(-a.high, a.low, (1 - w) - half));
}

/// Lanes beyond trig_limit, one by one by the C library, whose reduction is right for any size. They are rare: kept out
/// of the loop.
template <class P, class F>
[[gnu::noinline, gnu::cold]] TENON_HOST_DEVICE void repair_large(value_of<P> const* x, value_of<P>* result, F f) {
    for (std::size_t i = 0; i < P::lanes; ++i)
        if (!(x[i] <= value_of<P>(trig_limit) && x[i] >= -value_of<P>(trig_limit))) result[i] = f(x[i]);
}
template <real_pack P, class F>
TENON_LANE P with_large(P x, P result, F f) {
    if (math::any_of(math::abs(x) > trig_limit)) {
        value_of<P> from[P::lanes], to[P::lanes];
        x.store(from);
        result.store(to);
        detail::repair_large<P>(from, to, f);
        return P::load(to);
    }
    return result;
}

/// Flips signs where bit 1 of the quadrant is set.
template <real_pack P, class Quadrant>
TENON_LANE P flip_by_quadrant(P x, Quadrant quadrant) {
    constexpr int to_sign = static_cast<int>(sizeof(value_of<P>) * 8) - 2;
    return math::from_bits(math::bits(x) ^ ((quadrant & 2) << to_sign));
}

}  // namespace detail

/// Sine. Max error 1 ulp (float 1.5); beyond 1.6e6 each lane goes to std::sin, so only smaller x is constexpr.
template <detail::real_pack P>
TENON_LANE P sin(P x) {
    auto const a = detail::reduce_angle(math::abs(x));
    P const size = math::select((a.quadrant & 1) != 0, detail::cos_kernel(a), detail::sin_kernel(a));
    P const result = detail::flip_by_quadrant(size, a.quadrant);
    return detail::with_large(x, math::select(math::signbit(x), -result, result), [](auto v) { return std::sin(v); });
}

/// Cosine, like sin.
template <detail::real_pack P>
TENON_LANE P cos(P x) {
    auto const a = detail::reduce_angle(math::abs(x));
    P const size = math::select((a.quadrant & 1) == 0, detail::cos_kernel(a), detail::sin_kernel(a));
    return detail::with_large(x, detail::flip_by_quadrant(size, a.quadrant + (a.quadrant & 1)),
                              [](auto v) { return std::cos(v); });
}

/// Tangent, as sin / cos or -cos / sin. Max error 2 ulp (float, which is computed in double, 1); limits like sin.
template <detail::real_pack P>
TENON_LANE P tan(P x) {
    if constexpr (sizeof(typename P::value_type) == 4) return math::convert<float>(math::tan(math::convert<double>(x)));
    auto const a = detail::reduce_angle(math::abs(x));
    P const sine = detail::sin_kernel(a), cosine = detail::cos_kernel(a);
    auto const odd = (a.quadrant & 1) != 0;
    P const result = math::select(odd, -cosine, sine) / math::select(odd, sine, cosine);
    return detail::with_large(x, math::select(math::signbit(x), -result, result), [](auto v) { return std::tan(v); });
}

/// Arc tangent: |x| is brought below tan(pi/8) by -1/x + pi/2 or (x - 1) / (x + 1) + pi/4 (Cephes atan.c), with one
/// division for both; then fdlibm's polynomial. Max error 2 ulp.
template <detail::real_pack P>
TENON_LANE P atan(P x) {
    using constants = detail::trig_constants<typename P::value_type>;
    P const size = math::abs(x);
    auto const large = size > 2.41421356f, middle = size > 0.414213562f;
    P const numerator = math::select(large, P(-1), math::select(middle, size - 1, size));
    P const denominator = math::select(large, size, math::select(middle, size + 1, P(1)));
    P const t = numerator / denominator;
    P const offset = math::select(large, P(constants::half_pi), math::select(middle, P(constants::quarter_pi), P(0)));
    P const offset_low =
        math::select(large, P(constants::half_pi_low), math::select(middle, P(constants::quarter_pi_low), P(0)));
    P const result = offset - (math::fma(t, constants::atan_polynomial(t * t), -offset_low) - t);
    return math::copysign(result, x);
}

}  // namespace tenon::inline TENON_TARGET::math
