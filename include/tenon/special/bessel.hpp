// Bessel functions of orders 0 and 1, Airy's function, and the spherical Bessel function of order 0.
//
// Source: S. L. Moshier, Cephes Mathematical Library (j0, j1, airy): rational functions up to 5, and the modulus and phase beyond.
#pragma once

#include <tenon/op/elementwise.hpp>
#include <tenon/op/trigonometry.hpp>
#include <tenon/scalar/special_single.hpp>

namespace tenon::inline TENON_TARGET {

namespace math::single {

/// √(2/(πx)) (p cos t − 5/x q sin t), or with the sine for functions of the second kind, t being x less (2 order + 1) π/4.
TENON_ON_USE
[[gnu::noinline]] constexpr double bessel_far(double x, double p, double q, int order, bool second) {
    if (x == infinity<double>) return 0;
    double const t = x - (order == 0 ? 0.25 : 0.75) * pi, c = cos(t), s = sin(t);
    return (second ? p * s + 5 / x * q * c : p * c - 5 / x * q * s) * 0.79788456080286535588 / sqrt(x);
}
TENON_ON_USE
constexpr double bessel_far_0(double x, bool second) {
    double const z = 25 / (x * x);
    double const p = polynomial(z, {0.0007969367292973471, 0.08283523921074408, 1.239533716464143, 5.447250030587687,
                                    8.74716500199817, 5.303240382353949, 1}) /
                     polynomial(z, {0.0009244088105588637, 0.08562884743544745, 1.2535274390105895, 5.470977403304171,
                                    8.761908832370695, 5.306052882353947, 1});
    double const q = polynomial(z, {-0.011366383889846916, -1.2825271867050931, -19.553954425773597, -93.20601521237683,
                                    -177.68116798048806, -147.07750515495118, -51.41053267665993, -6.050143506007285}) /
                     polynomial(z, {1, 64.3178256118178, 856.4300259769806, 3882.4018360540163, 7240.467741956525,
                                    5930.727011873169, 2062.0933166032783, 242.0057402402914});
    return bessel_far(x, p, q, 0, second);
}
TENON_ON_USE
constexpr double bessel_far_1(double x, bool second) {
    double const z = 25 / (x * x);
    double const p = polynomial(z, {0.0007621256162081731, 0.07313970569409176, 1.1271960812968493, 5.112079511468076,
                                    8.424045901417724, 5.214515986823615, 1}) /
                     polynomial(z, {0.0005713231280725487, 0.06884559087544954, 1.105142326340617, 5.073863861286015,
                                    8.399855543276042, 5.209828486823619, 1});
    double const q = polynomial(z, {0.05108625947501766, 4.982138729512334, 75.82382841325453, 366.7796093601508,
                                    710.8563049989261, 597.4896124006136, 211.68875710057213, 25.207020585802372}) /
                     polynomial(z, {1, 74.23732770356752, 1056.4488603826283, 4986.410583376536, 9562.318924047562,
                                    7997.041604473507, 2826.1927851763908, 336.0936078106983});
    return bessel_far(x, p, q, 1, second);
}

TENON_ON_USE
[[gnu::noinline]] constexpr double bessel_j0(double x) {
    x = abs(x);
    if (!(x <= 5)) return bessel_far_0(x, false);
    double const z = x * x;
    if (x < 1e-5) return 1 - z / 4;
    return (z - 5.78318596294678452118) * (z - 30.4712623436620863991) *
           polynomial(z, {-4794432209.782018, 1956174919465.5657, -249248344360967.72, 9708622510473064.0}) /
           polynomial(z, {1, 499.563147152651, 173785.4016763747, 48440965.83399621, 11185553704.535683,
                          2112775201154.892, 310518229857422.56, 3.1812195594320496e+16, 1.7108629408104315e+18});
}
TENON_ON_USE
[[gnu::noinline]] constexpr double bessel_j1(double x) {
    if (x < 0) return -bessel_j1(-x);
    if (!(x <= 5)) return bessel_far_1(x, false);
    double const z = x * x;
    return polynomial(z, {-899971225.7055594, 452228297998.19403, -72749424522181.83, 3682957328638529.0}) /
           polynomial(z, {1, 620.8364781180543, 256987.25675774884, 83514679.14319493, 22151159547.97925,
                          4749141220799.914, 784369607876235.9, 8.952223361846274e+16, 5.322786203326801e+18}) *
           x * (z - 14.6819706421238932572) * (z - 49.2184563216946036703);
}
TENON_ON_USE
[[gnu::noinline]] constexpr double bessel_y0(double x) {
    if (x <= 0) return x == 0 ? -infinity<double> : not_a_number<double>;
    if (!(x <= 5)) return bessel_far_0(x, true);
    double const z = x * x;
    return polynomial(z, {15592.436785523574, -14663929.59039716, 5435264770.518765, -982136065717.9115,
                          87590639439536.7, -3466283033847297.0, 4.4273326857256984e+16, -1.8495080043698668e+16}) /
               polynomial(z, {1, 1041.2835366425984, 626107.330137135, 268919633.39381415, 86400248710.3935,
                              20297961275010.555, 3171577528429750.5, 2.5059625617265306e+17}) +
           0.63661977236758134308 * log(x) * bessel_j0(x);
}
TENON_ON_USE
[[gnu::noinline]] constexpr double bessel_y1(double x) {
    if (x <= 0) return x == 0 ? -infinity<double> : not_a_number<double>;
    if (!(x <= 5)) return bessel_far_1(x, true);
    double const z = x * x;
    return x *
               polynomial(z, {1263204747.9017804, -647355876379.1603, 114509511541823.73, -8127702555013251.0,
                              2.024394757135949e+17, -7.788771962659501e+17}) /
               polynomial(z, {1, 594.3015923461282, 235564.09294306856, 73481194.44597217, 18760131610.870617,
                              3882312774962.3857, 620557727146953.8, 6.871410873553005e+16, 3.9727060811656064e+18}) +
           0.63661977236758134308 * (bessel_j1(x) * log(x) - 1 / x);
}

TENON_ON_USE
[[gnu::noinline]] constexpr double airy_ai(double x) {
    if (abs(x) == infinity<double> || x > 103.892) return 0;
    if (x < -2.09) {
        double const root = sqrt(-x), phase = -2 * x * root / 3, z = 1 / phase, w = z * z, t = phase + 0.25 * pi;
        double const f = polynomial(w, {-0.1316963234183318, -0.6264565444319123, -0.6931580360369335,
                                        -0.2797799815451191, -0.04919001326095003, -0.004062659235948854,
                                        -0.0001592764962392621, -2.776491081552329e-06, -1.6778769848911465e-08}) /
                         polynomial(w, {1, 13.356042070655324, 32.682503279522464, 26.736704094149957,
                                        9.187074029072596, 1.4752914677166642, 0.11568717379518804,
                                        0.004402916416152112, 7.547203482874142e-05, 4.5185009297058035e-07});
        double const g =
            polynomial(w, {0.01973399320916857, 0.39110302961568827, 1.0657989759959559, 0.9391692298166502,
                           0.35146565610554764, 0.06338889196289255, 0.005858041130483885, 0.000282851600836737,
                           6.98793669997261e-06, 8.117892395543892e-08, 3.415517847659236e-10}) /
            polynomial(w, {1, 9.30892908077442, 19.835292871831214, 15.564662893286462, 5.476860694229755,
                           0.9542936116189619, 0.08645808263523921, 0.004126565238242226, 0.00010125908511650914,
                           1.1716673321441352e-06, 4.9183457006293e-09});
        return 0.56418958354775628695 / sqrt(root) * (sin(t) * (1 + w * f) - cos(t) * z * g);
    }
    if (x >= 2.09) {
        double const root = sqrt(x), decay = 2 * x * root / 3, z = 1 / decay;
        return 0.56418958354775628695 *
               polynomial(z, {0.346538101525629, 12.007595273964581, 76.27960536152345, 168.08922493463058,
                              159.75639135016442, 70.53609068404442, 14.026469116338967, 1}) /
               polynomial(z, {0.5675945326387702, 14.75625625848472, 84.51389701414746, 177.31808814540045,
                              164.2346928715297, 71.47784008255756, 14.095913560783403, 1}) /
               (2 * sqrt(root) * exp(decay));
    }
    // Σ of two power series in x³.
    double f = 1, g = x, m = 1, n = x, k = 1;
    double const z = x * x * x;
    for (double t = 1; t > 1.1102230246251565e-16;) {
        m *= z / (k += 1);
        n *= z / (k += 1);
        m /= k;
        n /= k + 1;
        k += 1;
        f += m;
        g += n;
        t = abs(m / f);
    }
    return 0.35502805388781723926 * f - 0.25881940379280679840 * g;
}

TENON_ON_USE
[[gnu::noinline]] constexpr double spherical_bessel_j0(double x) {
    if (abs(x) == infinity<double>) return 0;
    double const z = x * x;
    if (z < 0.25)
        return polynomial(z, {1.0 / 6227020800, -1.0 / 39916800, 1.0 / 362880, -1.0 / 5040, 1.0 / 120, -1.0 / 6, 1});
    return sin(x) / x;
}

}  // namespace math::single

namespace op {
struct bessel_j1;
struct bessel_y1;
struct bessel_j0 : floating {
    static constexpr char const* name = "bessel_j0";
    template <class V>
    TENON_LANE static V value(V x) {
        return math::single::each(x, [](double v) { return math::single::bessel_j0(v); });
    }
    template <std::size_t, class V, class First = bessel_j1>
    TENON_LANE static V slope(V, V x) {
        return -apply_op(First{}, x);
    }
};
struct bessel_j1 : floating {
    static constexpr char const* name = "bessel_j1";
    template <class V>
    TENON_LANE static V value(V x) {
        return math::single::each(x, [](double v) { return math::single::bessel_j1(v); });
    }
    template <std::size_t, class V>
    TENON_LANE static V slope(V y, V x) {
        return math::select(x == 0, V(0.5), apply_op(bessel_j0{}, x) - y / x);
    }
};
struct bessel_y0 : floating {
    static constexpr char const* name = "bessel_y0";
    template <class V>
    TENON_LANE static V value(V x) {
        return math::single::each(x, [](double v) { return math::single::bessel_y0(v); });
    }
    template <std::size_t, class V, class First = bessel_y1>
    TENON_LANE static V slope(V, V x) {
        return -apply_op(First{}, x);
    }
};
struct bessel_y1 : floating {
    static constexpr char const* name = "bessel_y1";
    template <class V>
    TENON_LANE static V value(V x) {
        return math::single::each(x, [](double v) { return math::single::bessel_y1(v); });
    }
    template <std::size_t, class V>
    TENON_LANE static V slope(V y, V x) {
        return apply_op(bessel_y0{}, x) - y / x;
    }
};
struct airy_ai : floating {
    using no_slope = void;
    static constexpr char const* name = "airy_ai";
    template <class V>
    TENON_LANE static V value(V x) {
        return math::single::each(x, [](double v) { return math::single::airy_ai(v); });
    }
};
struct spherical_bessel_j0 : floating {
    static constexpr char const* name = "spherical_bessel_j0";
    template <class V>
    TENON_LANE static V value(V x) {
        return math::single::each(x, [](double v) { return math::single::spherical_bessel_j0(v); });
    }
    /// (cos x − y)/x, near 0, where that cancels, its series.
    template <std::size_t, class V>
    TENON_LANE static V slope(V y, V x) {
        V const z = x * x;
        V const series = -x / 3 * (1 - z / 10 * (1 - z / 28 * (1 - z / 54 * (1 - z / 88 * (1 - z / 130)))));
        return math::select(z < 0.25, series, (element::cos(x) - y) / x);
    }
};
}  // namespace op

namespace special {
/// The Bessel function of the first kind J₀(x), 0 at infinity; slope −J₁(x); torch.special.bessel_j0.
inline constexpr elementwise<op::bessel_j0> bessel_j0{};
/// J₁(x); slope J₀(x) − J₁(x)/x; torch.special.bessel_j1.
inline constexpr elementwise<op::bessel_j1> bessel_j1{};
/// The Bessel function of the second kind Y₀(x), −∞ at 0 and NaN below; slope −Y₁(x); torch.special.bessel_y0.
inline constexpr elementwise<op::bessel_y0> bessel_y0{};
/// Y₁(x); slope Y₀(x) − Y₁(x)/x; torch.special.bessel_y1.
inline constexpr elementwise<op::bessel_y1> bessel_y1{};
/// Airy's function Ai(x), 0 at infinity; no gradient; torch.special.airy_ai.
inline constexpr elementwise<op::airy_ai> airy_ai{};
/// sin(x)/x, 1 at 0; slope (cos x − y)/x; torch.special.spherical_bessel_j0.
inline constexpr elementwise<op::spherical_bessel_j0> spherical_bessel_j0{};
}  // namespace special

}  // namespace tenon::inline TENON_TARGET
