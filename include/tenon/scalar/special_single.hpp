// Functions of one double as others are written with them, by the elementary functions of packs: the same on every instruction set and
// on devices, and usable in constant expressions. What is slow goes through here, as a function that is called.
#pragma once

#include <cstddef>

#include "math_erf.hpp"
#include "math_exp.hpp"
#include "math_hyperbolic.hpp"
#include "math_lanewise.hpp"
#include "math_log.hpp"
#include "math_pow.hpp"
#include "math_trig.hpp"

namespace tenon::inline TENON_TARGET::math::single {

inline constexpr double pi = 3.14159265358979323846;
using lane = pack<double, 1>;

TENON_ON_USE constexpr double abs(double x) { return math::abs(lane(x)).raw; }
TENON_ON_USE constexpr double copysign(double x, double sign) { return math::copysign(lane(x), lane(sign)).raw; }
TENON_ON_USE constexpr double floor(double x) { return math::floor(lane(x)).raw; }
TENON_ON_USE constexpr double trunc(double x) { return math::trunc(lane(x)).raw; }
TENON_ON_USE constexpr double sqrt(double x) { return math::sqrt(lane(x)).raw; }
TENON_ON_USE [[gnu::noinline]] constexpr double exp(double x) { return math::exp(lane(x)).raw; }
TENON_ON_USE [[gnu::noinline]] constexpr double expm1(double x) { return math::expm1(lane(x)).raw; }
TENON_ON_USE [[gnu::noinline]] constexpr double log(double x) { return math::log(lane(x)).raw; }
TENON_ON_USE [[gnu::noinline]] constexpr double log1p(double x) { return math::log1p(lane(x)).raw; }
TENON_ON_USE [[gnu::noinline]] constexpr double pow(double x, double y) { return math::pow(lane(x), lane(y)).raw; }
TENON_ON_USE [[gnu::noinline]] constexpr double sin(double x) { return math::sin(lane(x)).raw; }
TENON_ON_USE [[gnu::noinline]] constexpr double cos(double x) { return math::cos(lane(x)).raw; }
TENON_ON_USE [[gnu::noinline]] constexpr double acos(double x) { return math::acos(lane(x)).raw; }
TENON_ON_USE [[gnu::noinline]] constexpr double erfc(double x) { return math::erfc(lane(x)).raw; }
/// log |Γ(x)|, of the C library.
TENON_ON_USE constexpr double lgamma(double x) { return math::lgamma(lane(x)).raw; }

/// Horner's rule, highest coefficient first.
template <std::size_t N>
constexpr double polynomial(double x, double const (&c)[N]) {
    double y = c[0];
    for (std::size_t i = 1; i != N; ++i) y = y * x + c[i];
    return y;
}
/// Σ c_k T_k(x/2) with half of the last, highest first (Clenshaw; Cephes' chbevl).
template <std::size_t N>
constexpr double chebyshev_series(double x, double const (&c)[N]) {
    double b0 = c[0], b1 = 0, b2 = 0;
    for (std::size_t i = 1; i != N; ++i) {
        b2 = b1;
        b1 = b0;
        b0 = x * b1 - b2 + c[i];
    }
    return 0.5 * (b0 - b2);
}

/// A function of one double on each lane. Float is computed in double and rounded.
template <detail::real_pack P, class F>
TENON_LANE P each(P x, F f) {
    return P::generate(
        [&](std::size_t i) { return static_cast<typename P::value_type>(f(static_cast<double>(x[i]))); });
}
template <detail::real_pack P, class F>
TENON_LANE P each(P x, P y, F f) {
    return P::generate([&](std::size_t i) {
        return static_cast<typename P::value_type>(f(static_cast<double>(x[i]), static_cast<double>(y[i])));
    });
}

}  // namespace tenon::inline TENON_TARGET::math::single
