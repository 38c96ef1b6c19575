// The error function, its complement and its inverse.
#pragma once

#include "math_exp.hpp"
#include "math_log.hpp"

namespace tenon::inline TENON_TARGET::math {

namespace detail {

// All polynomials here are minimax fits made for this file (Lawson's method in 113 bits).
//   erf near 0: x + x * polynomial(x^2).
//   erfc: (1 + 2 x) e^(x^2) erfc(x) is smooth for all x >= 0 in q = (x - k) / (x + k), k about 3 (Shepherd and Laframboise,
//   Math. Comp. 36, 1981).
template <class T>
struct erf_constants;
template <>
struct erf_constants<float> {
    static constexpr float erfc_end = 10.3f, center = 3;  // erfc is 0 from erfc_end on
    template <class P>
    TENON_LANE static P near_zero(P z) {
        return detail::horner(z, 8.3972879933532832e-05f, -0.00081496875800273535f, 0.005201705808255251f,
                              -0.026859698205099612f, 0.11283701547738911f, -0.37612634183765803f,
                              0.12837916669167174f);
    }
    template <class P>
    TENON_LANE static P scaled_erfc(P q) {
        return detail::horner(q, -0.00026604429622614827f, -0.00077268838318319405f, 0.0020042270447399868f,
                              0.0025654557070176713f, -0.023799181839295622f, 0.068295896795630043f,
                              -0.11927069245975491f, 0.12964642757403042f, -0.04756241365594481f, -0.13562114008919371f,
                              1.253008059220803f);
    }
    /// -log(erfc(x)) from 0.9 to 4, to an accuracy that erfc hides (after N. Juffa's erff).
    template <class P>
    TENON_LANE static P minus_log_erfc(P x) {
        return detail::horner(x, -0.00019718262227869056f, 0.003055615696562354f, -0.022277117051162459f,
                              0.10403741702683277f, 0.6370596927463108f, 1.1277495955924004f, 0.00017748724442668765f);
    }
};
template <>
struct erf_constants<double> {
    static constexpr double erfc_end = 27.5, center = 4;
    template <class P>
    TENON_LANE static P near_zero(P z) {
        return detail::horner(z, 6.3804457951297108e-11, -1.1597850760156352e-09, 1.4712122711019279e-08,
                              -1.6357310206780528e-07, 1.6461593647450311e-06, -1.4925628467853375e-05,
                              0.00012055332350600082, -0.00085483270112402345, 0.0052239776252904456,
                              -0.026866170645120025, 0.11283791670955083, -0.37612638903183754, 0.12837916709551259);
    }
    template <class P>
    TENON_LANE static P scaled_erfc(P q) {
        return detail::horner(q, -1.774951085524049e-09, -1.3585669851111613e-08, -7.8605316144266995e-09,
                              1.1500037310386212e-07, 6.2842262474484006e-08, -8.3459674790660655e-07,
                              3.0135383092538922e-07, 5.7173976381084649e-06, -1.1224876353284624e-05,
                              -2.4402915980983894e-05, 0.00015062231009947994, -0.0001992555891102797,
                              -0.00075777336546031641, 0.005031969772284115, -0.016197734054302252,
                              0.037167515560504405, -0.066330365812053496, 0.093732834996928416, -0.10103906603632415,
                              0.068097054254733086, 0.015379652102620177, -0.13962111684056286, 1.2329951186255526);
    }
};

/// erfc(x) for x >= 0.
template <real_pack P>
TENON_LANE P positive_erfc(P x) {
    using constants = erf_constants<value_of<P>>;
    x = detail::at_most(x, constants::erfc_end);
    auto const square = detail::two_product(x, x);
    P const scaled = constants::scaled_erfc((x - constants::center) / (x + constants::center)) / (1 + 2 * x);
    return detail::exp_scaled(-square.high, -square.low) * scaled;
}

}  // namespace detail

/// 2 / sqrt(pi) times the integral of e^(-t^2) from 0 to x. Max error 1.4 ulp.
template <detail::real_pack P>
TENON_LANE P erf(P x) {
    using constants = detail::erf_constants<typename P::value_type>;
    P const size = math::abs(x);
    P const near_zero = math::fma(size, constants::near_zero(size * size), size);
    P complement;
    if constexpr (sizeof(typename P::value_type) == 4)
        complement = detail::exp_moderate(-constants::minus_log_erfc(detail::at_most(size, 4)));
    else complement = detail::positive_erfc(size);
    return math::copysign(math::select(size < 0.91f, near_zero, 1 - complement), x);
}

/// 1 - erf(x), accurate where it is small. Max error 4 ulp (near 0.5; less beyond 2).
template <detail::real_pack P>
TENON_LANE P erfc(P x) {
    using constants = detail::erf_constants<typename P::value_type>;
    P const size = math::abs(x), complement = detail::positive_erfc(size);
    P const near_zero = 1 - math::fma(x, constants::near_zero(x * x), x);
    return math::select(size < 0.5f, near_zero, math::select(x < 0, 2 - complement, complement));
}

namespace detail {

/// A first value by M. Giles (Approximating the erfinv function, GPU Computing Gems 2, 2011) or, in the tail, from
/// erfc's asymptotic series; then Halley steps on erf, or on erfc where x is close to 1.
template <std::size_t N>
TENON_LANE pack<double, N> positive_erfinv(pack<double, N> x) {
    using P = pack<double, N>;
    P const rest = 1 - x, w = -math::log(rest * (1 + x)), v = w - 2.5;
    P const middle = x * detail::horner(v, 2.81022636e-08, 3.43273939e-07, -3.5233877e-06, -4.39150654e-06,
                                        0.00021858087, -0.00125372503, -0.00417768164, 0.246640727, 1.50140941);
    P const minus_log = detail::at_least(-math::log(rest), 1.0);
    P const inner = minus_log - 0.5 * math::log(3.14159265358979324 * minus_log);
    P const tail = math::sqrt(minus_log - 0.5 * math::log(3.14159265358979324 * detail::at_least(inner, 0.5)));
    P y = math::select(w < 5, middle, tail);
    for (int step = 0; step < 3; ++step) {
        P const error = math::select(x < 0.5, math::erf(y) - x, rest - math::erfc(y));
        P const newton = error / (1.12837916709551257 * math::exp(-y * y));
        y -= newton / math::fma(y, newton, 1);
    }
    // Below, the series ends with its first term, and the steps would lose denormal numbers' digits.
    return math::select(x < 1e-8, x * 0.886226925452758014, y);
}

}  // namespace detail

/// The y for which erf(y) = x: infinite at 1 and -1, NaN beyond. Float is computed in double. Max error 3 ulp (float
/// 1).
template <detail::real_pack P>
TENON_LANE P erfinv(P x) {
    using T = typename P::value_type;
    P const size = math::abs(x);
    P y = math::convert<T>(detail::positive_erfinv(math::convert<double>(size)));
    y = math::select(size == 1, P(infinity<T>), math::select(size > 1, P(not_a_number<T>), y));
    return math::copysign(y, x);
}

}  // namespace tenon::inline TENON_TARGET::math
