// Hyperbolic functions. Each is odd or even, so it is computed for |x| and the sign put back, which also keeps -0.
#pragma once

#include "math_exp.hpp"

namespace tenon::inline TENON_TARGET::math {

namespace detail {

/// tanh near 0 is x + x * numerator / denominator in z = x^2 (Cephes tanhf.c, tanh.c). sinh is x + x z polynomial(z),
/// minimax on [0, 1].
template <class T>
struct hyperbolic_constants;
template <>
struct hyperbolic_constants<float> {
    template <class P>
    TENON_LANE static two<P> tanh_fraction(P z) {
        return {z * detail::horner(z, -5.70498872745e-3f, 2.06390887954e-2f, -5.37397155531e-2f, 1.33314422036e-1f,
                                   -3.33332819422e-1f),
                P(1)};
    }
    template <class P>
    TENON_LANE static P sinh_polynomial(P z) {
        return detail::horner(z, 2.8174396513153561e-06f, 0.00019836066245685233f, 0.0083333505980760381f,
                              0.16666666488717849f);
    }
};
template <>
struct hyperbolic_constants<double> {
    template <class P>
    TENON_LANE static two<P> tanh_fraction(P z) {
        return {z * detail::horner(z, -9.64399179425052238628e-1, -9.92877231001918586564e1, -1.61468768441708447952e3),
                detail::horner(z, 1.0, 1.12811678491632931402e2, 2.23548839060100448583e3, 4.84406305325125486048e3)};
    }
    template <class P>
    TENON_LANE static P sinh_polynomial(P z) {
        return detail::horner(z, 2.8483983781365411e-15, 7.6464763578393367e-13, 1.6059050705918811e-10,
                              2.5052108345641085e-08, 2.7557319224120245e-06, 0.00019841269841269589,
                              0.0083333333333333332, 0.16666666666666666);
    }
};

}  // namespace detail

/// Hyperbolic tangent: 1 - 2 / (e^2|x| + 1), and Cephes' approximation below 0.625, with one division for both.
/// Max error 1.3 ulp.
template <detail::real_pack P>
TENON_LANE P tanh(P x) {
    P const size = math::abs(x);
    auto const small = size < 0.625f;
    auto const near_zero = detail::hyperbolic_constants<typename P::value_type>::tanh_fraction(size * size);
    P const power = detail::exp_moderate(detail::at_most(2 * size, 40));  // tanh(20) rounds to 1
    P const quotient = math::select(small, near_zero.high, P(2)) / math::select(small, near_zero.low, power + 1);
    return math::copysign(math::select(small, math::fma(size, quotient, size), 1 - quotient), x);
}

/// Hyperbolic cosine: h + 1 / (4 h) with h = e^|x| / 2, which does not overflow before the result does.
/// Max error 1.5 ulp.
template <detail::real_pack P>
TENON_LANE P cosh(P x) {
    P const half_power = detail::exp_scaled<-1>(math::abs(x));
    return half_power + 0.25f / half_power;
}

/// Hyperbolic sine: h - 1 / (4 h) with h = e^|x| / 2, and an odd polynomial below 1. Max error
/// 1.6 ulp.
template <detail::real_pack P>
TENON_LANE P sinh(P x) {
    P const size = math::abs(x), z = size * size;
    P const half_power = detail::exp_scaled<-1>(size);
    P const near_zero =
        math::fma(size * z, detail::hyperbolic_constants<typename P::value_type>::sinh_polynomial(z), size);
    return math::copysign(math::select(size < 1, near_zero, half_power - 0.25f / half_power), x);
}

}  // namespace tenon::inline TENON_TARGET::math
