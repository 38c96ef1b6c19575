// The error function's relatives: erfcx, ndtr, log_ndtr, ndtri, entr, xlog1py.
#pragma once

#include <tenon/op/elementwise.hpp>
#include <tenon/op/erf.hpp>
#include <tenon/op/exp.hpp>
#include <tenon/op/log.hpp>
#include <tenon/scalar/math.hpp>
#include <tenon/scalar/special_single.hpp>

namespace tenon::inline TENON_TARGET {

namespace math {
/// e^(x²) erfc(x).
template <detail::real_pack P>
TENON_LANE P erfcx(P x) {
    using constants = detail::erf_constants<double>;
    using wide = pack<double, P::lanes>;
    wide const v = math::convert<double>(x), size = math::abs(v);
    // Beyond where erfc's own fit is needed its asymptotic series.
    wide const near = constants::scaled_erfc((size - constants::center) / (size + constants::center)) / (1 + 2 * size);
    wide const inverse = 1 / size;
    wide const series =
        detail::horner(inverse * inverse, -1055.7421875, 162.421875, -29.53125, 6.5625, -1.875, 0.75, -0.5, 1);
    wide const positive = math::select(size < 25, near, 0.56418958354775628695 * inverse * series);
    auto const square = detail::two_product(detail::at_most(size, 30), detail::at_most(size, 30));
    wide const power = math::exp(square.high) * (1 + square.low);
    return math::convert<typename P::value_type>(math::select(v < 0, 2 * power - positive, positive));
}

namespace single {
/// The x below which a normal variable lies with probability p, for p at most 1/2.
///
/// Source: S. L. Moshier, Cephes Mathematical Library (ndtri).
TENON_ON_USE
[[gnu::noinline]] constexpr double ndtri_below(double p) {
    if (p > 0.13533528323661269189) {
        double const y = p - 0.5, z = y * y;
        return 2.50662827463100050242 *
               (y + y * z *
                        polynomial(z, {-59.96335010141079, 98.00107541859997, -56.67628574690703, 13.931260938727968,
                                       -1.2391658386738125}) /
                        polynomial(z, {1, 1.9544885833814176, 4.676279128988815, 86.36024213908905, -225.46268785411937,
                                       200.26021238006066, -82.03722561683334, 15.90562251262117, -1.1833162112133}));
    }
    double const x = sqrt(-2 * log(p)), z = 1 / x, first = x - log(x) / x;
    if (x < 8)
        return z *
                   polynomial(z, {4.0554489230596245, 31.525109459989388, 57.16281922464213, 44.08050738932008,
                                  14.684956192885803, 2.1866330685079025, -0.1402560791713545, -0.03504246268278482,
                                  -0.0008574567851546854}) /
                   polynomial(z,
                              {1, 15.779988325646675, 45.39076351288792, 41.3172038254672, 15.04253856929075,
                               2.504649462083094, -0.14218292285478779, -0.03808064076915783, -0.0009332594808954574}) -
               first;
    return z *
               polynomial(z, {3.2377489177694603, 6.915228890689842, 3.9388102529247444, 1.3330346081580755,
                              0.20148538954917908, 0.012371663481782003, 0.00030158155350823543, 2.6580697468673755e-06,
                              6.239745391849833e-09}) /
               polynomial(z, {1, 6.02427039364742, 3.6798356385616087, 1.3770209948908132, 0.21623699359449663,
                              0.013420400608854318, 0.00032801446468212774, 2.8924786474538068e-06,
                              6.790194080099813e-09}) -
           first;
}
TENON_ON_USE
constexpr double ndtri(double p) {
    if (p == 0) return -infinity<double>;
    if (p == 1) return infinity<double>;
    if (!(p > 0 && p < 1)) return not_a_number<double>;
    return p > 1 - 0.13533528323661269189 ? -ndtri_below(1 - p) : ndtri_below(p);
}
}  // namespace single
}  // namespace math

namespace op {
struct erfcx : floating {
    static constexpr char const* name = "erfcx";
    template <class V>
    TENON_LANE static V value(V x) {
        return math::erfcx(x);
    }
    template <std::size_t, class V>
    TENON_LANE static V slope(V y, V x) {
        return 2 * x * y - V(1.12837916709551257390);
    }
};
struct ndtr : floating {
    static constexpr char const* name = "ndtr";
    template <class V>
    TENON_LANE static V value(V x) {
        return 0.5 * math::erfc(-0.70710678118654752440 * x);
    }
    template <std::size_t, class V>
    TENON_LANE static V slope(V, V x) {
        return 0.39894228040143267794 * element::exp(-0.5 * (x * x));
    }
};
struct log_ndtr : floating {
    static constexpr char const* name = "log_ndtr";
    template <class V>
    TENON_LANE static V value(V x) {
        V const t = 0.70710678118654752440 * x;
        V const low = math::log(0.5 * math::erfcx(-math::minimum(t, V(0)))) - t * t;
        return math::select(x < -1, low, math::log1p(-0.5 * math::erfc(t)));
    }
    template <std::size_t, class V>
    TENON_LANE static V slope(V, V x) {
        return 0.79788456080286535588 / apply_op(erfcx{}, -0.70710678118654752440 * x);
    }
};
struct ndtri : floating {
    static constexpr char const* name = "ndtri";
    template <class V>
    TENON_LANE static V value(V x) {
        return math::single::each(x, [](double v) { return math::single::ndtri(v); });
    }
    template <std::size_t, class V>
    TENON_LANE static V slope(V y, V) {
        return 2.50662827463100050242 * element::exp(0.5 * (y * y));
    }
};
struct entr : floating {
    static constexpr char const* name = "entr";
    template <class V>
    TENON_LANE static V value(V x) {
        V const outside = math::select(x == 0, V(0), math::select(x < 0, V(math::minus_infinity<double>), x));
        return math::select(x > 0, -x * math::log(x), outside);
    }
    template <std::size_t, class V>
    TENON_LANE static V slope(V, V x) {
        return -1 - element::log(x);
    }
};
struct xlog1py : floating {
    static constexpr char const* name = "xlog1py";
    template <class V>
    TENON_LANE static V value(V a, V b) {
        return math::select((a == 0) & (b == b), V(0), a * math::log1p(b));
    }
    template <std::size_t I, class V>
    TENON_LANE static V slope(V, V a, V b) {
        if constexpr (I == 0) return math::select((a == 0) & (b <= -1), V(0), element::log1p(b));
        else return a / (b + 1);
    }
};
}  // namespace op

namespace special {
/// e^(x²) erfc(x), without overflow where x > 0; slope 2xy − 2/√π; torch.special.erfcx.
inline constexpr elementwise<op::erfcx> erfcx{};
/// The normal distribution's probability of at most x; slope e^(−x²/2)/√(2π); torch.special.ndtr.
inline constexpr elementwise<op::ndtr> ndtr{};
/// log ndtr(x), exact where that vanishes; slope √(2/π)/erfcx(−x/√2); torch.special.log_ndtr.
inline constexpr elementwise<op::log_ndtr> log_ndtr{};
/// The y with ndtr(y) = x, infinite at 0 and 1 and NaN outside; slope √(2π) e^(y²/2); torch.special.ndtri.
inline constexpr elementwise<op::ndtri> ndtri{};
/// −x log x, 0 at 0 and −∞ below; slope −1 − log x; torch.special.entr.
inline constexpr elementwise<op::entr> entr{};
/// a log(1 + b), 0 where a is 0, unless b is NaN; slopes log(1 + b) (0 where a is 0 and b ≤ −1) and a/(1 + b); torch.special.xlog1py.
inline constexpr elementwise<op::xlog1py> xlog1py{};
}  // namespace special

}  // namespace tenon::inline TENON_TARGET
