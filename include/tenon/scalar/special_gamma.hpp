// Functions about gamma, one number at a time and in double precision: digamma, polygamma, Hurwitz' zeta, the incomplete gamma
// functions.
//
// Sources: S. L. Moshier, Cephes Mathematical Library (psi, zeta, igam); NIST Digital Library of Mathematical Functions, chapters 5,
// 8 and 25; N. M. Temme's expansion and Lanczos' sum with the coefficients of SciPy and Boost, which PyTorch uses too.
#pragma once

#include <cstddef>

#include "math_lanewise.hpp"
#include "special_single.hpp"

namespace tenon::inline TENON_TARGET::math::single {

/// The derivative of log Γ(x): NaN at negative integers, ∓∞ at ±0.
TENON_ON_USE
[[gnu::noinline]] constexpr double digamma(double x) {
    if (math::isnan(x) || x == infinity<double>) return x;
    double result = 0;
    if (x <= 0) {
        if (x == 0) return copysign(infinity<double>, -x);
        if (x == trunc(x)) return not_a_number<double>;
        // Reflected; the fraction alone goes into the tangent, whose argument would be rounded.
        double const angle = pi * (x - trunc(x));
        result = -pi * cos(angle) / sin(angle);
        x = 1 - x;
    }
    for (; x < 10; x += 1) result -= 1 / x;
    double const z = 1 / (x * x);
    return result + log(x) - 0.5 / x -
           z * polynomial(z, {1.0 / 12, -691.0 / 32760, 1.0 / 132, -1.0 / 240, 1.0 / 252, -1.0 / 120, 1.0 / 12});
}

/// Σ (q + k)^(−x) over k ≥ 0, by Euler and Maclaurin: x > 1, and where q is negative x a whole number.
TENON_ON_USE
[[gnu::noinline]] constexpr double zeta(double x, double q) {
    if (math::isnan(x) || math::isnan(q)) return not_a_number<double>;
    if (x == 1) return infinity<double>;
    if (x < 1) return not_a_number<double>;
    if (q <= 0) {
        if (q == floor(q)) return infinity<double>;
        if (x != floor(x)) return not_a_number<double>;
    }
    // (2k)! / B_2k
    constexpr double factors[] = {12,
                                  -720,
                                  30240,
                                  -1209600,
                                  47900160,
                                  -1.8924375803183791606e9,
                                  7.47242496e10,
                                  -2.950130727918164224e12,
                                  1.1646782814350067249e14,
                                  -4.5979787224074726105e15,
                                  1.8152105401943546773e17,
                                  -7.1661652561756670113e18};
    constexpr double enough = 1.11022302462515654042e-16;
    double sum = pow(q, -x), a = q, b = 0;
    for (int i = 0; i < 9 || a <= 9; ++i) {
        a += 1;
        b = pow(a, -x);
        sum += b;
        if (abs(b) < enough * abs(sum)) return sum;
    }
    sum += b * a / (x - 1) - 0.5 * b;
    double rising = 1, k = 0;
    for (double const factor : factors) {
        rising *= x + k;
        b /= a;
        double const term = rising * b / factor;
        sum += term;
        if (abs(term) < enough * abs(sum)) return sum;
        k += 1;
        rising *= x + k;
        b /= a;
        k += 1;
    }
    return sum;
}

/// The nth derivative of digamma, (−1)^(n+1) n! ζ(n + 1, x).
TENON_ON_USE
[[gnu::noinline]] constexpr double polygamma(int n, double x) {
    if (n == 0) return digamma(x);
    if (n == 1 && abs(x) == infinity<double>) return x > 0 ? 0 : not_a_number<double>;
    if (n == 1 && x < 0) {  // π² / sin² πx − ψ′(1 − x), where few terms are to be added
        if (x == trunc(x)) return infinity<double>;
        double const s = sin(pi * (x - trunc(x))) / pi;
        return 1 / (s * s) - zeta(2, 1 - x);
    }
    return (n % 2 != 0 ? 1 : -1) * exp(lgamma(n + 1)) * zeta(n + 1, x);
}

/// x^a e^(−x) / Γ(a), near the maximum from what a and x differ by.
TENON_ON_USE
[[gnu::noinline]] constexpr double gamma_density(double a, double x) {
    if (abs(a - x) > 0.4 * a) {
        double const power = a * log(x) - x - lgamma(a);
        return power < -709.78271289338399684 ? 0 : exp(power);
    }
    constexpr double g = 6.024680040776729583740234375;
    double const numerator =
        polynomial(a, {0.006061842346248907, 0.5098416655656676, 19.519927882476175, 449.9445569063168,
                       6955.999602515376, 75999.29304014542, 601859.6171681099, 3481712.154980646, 14605578.087685067,
                       43338889.32467614, 86363131.2881386, 103794043.11634454, 56906521.913471565});
    double const denominator = polynomial(
        a, {1, 66, 1925, 32670, 357423, 2637558, 13339535, 45995730, 105258076, 150917976, 120543840, 39916800, 0});
    double const shifted = a + g - 0.5;
    double const scale = sqrt(shifted / 2.718281828459045) * denominator / numerator;
    if (a < 200 && x < 200) return scale * exp(a - x) * pow(x / shifted, a);
    double const distance = (x - a - g + 0.5) / shifted;
    return scale * exp(a * (log1p(distance) - distance) + x * (0.5 - g) / shifted);
}

/// The lower incomplete gamma function by its power series (DLMF 8.11.4).
TENON_ON_USE
[[gnu::noinline]] constexpr double lower_gamma_series(double a, double x) {
    double const density = gamma_density(a, x);
    if (density == 0) return 0;
    double r = a, term = 1, sum = 1;
    for (int i = 0; i < 2000 && term > 1.11022302462515654042e-16 * sum; ++i) {
        r += 1;
        term *= x / r;
        sum += term;
    }
    return sum * density / a;
}
/// The upper one for small x (DLMF 8.7.3).
TENON_ON_USE
[[gnu::noinline]] constexpr double upper_gamma_series(double a, double x) {
    double factor = 1, sum = 0;
    for (int n = 1; n < 2000; ++n) {
        factor *= -x / n;
        double const term = factor / (a + n);
        sum += term;
        if (abs(term) <= 1.11022302462515654042e-16 * abs(sum)) break;
    }
    double const power = a * log(x);
    return -expm1(power - lgamma(1 + a)) - exp(power - lgamma(a)) * sum;
}
/// The upper one by its continued fraction (DLMF 8.9.2).
TENON_ON_USE
[[gnu::noinline]] constexpr double upper_gamma_fraction(double a, double x) {
    double const density = gamma_density(a, x);
    if (density == 0) return 0;
    double y = 1 - a, z = x + y + 1, c = 0;
    double p2 = 1, q2 = x, p1 = x + 1, q1 = z * x, result = p1 / q1;
    for (int i = 0; i < 2000; ++i) {
        c += 1;
        y += 1;
        z += 2;
        double const p = p1 * z - p2 * y * c, q = q1 * z - q2 * y * c;
        double error = 1;
        if (q != 0) {
            double const next = p / q;
            error = abs((result - next) / next);
            result = next;
        }
        p2 = p1, p1 = p, q2 = q1, q1 = q;
        if (abs(p) > 4503599627370496.0) {
            constexpr double down = 1 / 4503599627370496.0;
            p2 *= down, p1 *= down, q2 *= down, q1 *= down;
        }
        if (error <= 1.11022302462515654042e-16) break;
    }
    return result * density;
}
/// Either of them for large a and x near it, by Temme's uniform expansion (DLMF 8.12.3, 8.12.4). With a > 200 seven powers of 1/a
/// and sixteen of η are beyond a double's digits.
TENON_ON_USE
[[gnu::noinline]] constexpr double gamma_expansion(double a, double x, bool lower) {
    constexpr double d[7][16] = {
        {-0.3333333333333333, 0.08333333333333333, -0.014814814814814815, 0.0011574074074074073, 0.0003527336860670194,
         -0.0001787551440329218, 3.919263178522438e-05, -2.1854485106799924e-06, -1.85406221071516e-06,
         8.296711340953087e-07, -1.7665952736826078e-07, 6.707853543401498e-09, 1.0261809784240309e-08,
         -4.382036018453353e-09, 9.14769958223679e-10, -2.551419399494625e-11},
        {-0.001851851851851852, -0.003472222222222222, 0.0026455026455026454, -0.0009902263374485596,
         0.00020576131687242798, -4.018775720164609e-07, -1.8098550334489977e-05, 7.64916091608111e-06,
         -1.6120900894563446e-06, 4.647127802807434e-09, 1.378633446915721e-07, -5.752545603517705e-08,
         1.1951628599778148e-08, -1.7543241719747647e-11, -1.0091543710600413e-09, 4.162792991842583e-10},
        {0.004133597883597883, -0.0026813271604938273, 0.0007716049382716049, 2.0093878600823047e-06,
         -0.00010736653226365161, 5.2923448829120125e-05, -1.2760635188618728e-05, 3.423578734096138e-08,
         1.3721957309062932e-06, -6.298992138380055e-07, 1.4280614206064242e-07, -2.0477098421990866e-10,
         -1.409252991086752e-08, 6.228974084922022e-09, -1.3670488396617112e-09, 9.428356159014678e-13},
        {0.0006494341563786008, 0.00022947209362139917, -0.0004691894943952557, 0.00026772063206283885,
         -7.561801671883977e-05, -2.396505113867297e-07, 1.1082654115347302e-05, -5.6749528269915965e-06,
         1.4230900732435883e-06, -2.7861080291528143e-11, -1.6958404091930278e-07, 8.099464905388083e-08,
         -1.9111168485973655e-08, 2.3928620439808118e-12, 2.0620131815488797e-09, -9.460496661855133e-10},
        {-0.0008618882909167117, 0.0007840392217200666, -0.0002990724803031902, -1.4638452578843418e-06,
         6.641498215465122e-05, -3.968365047179435e-05, 1.1375726970678419e-05, 2.507497226237533e-10,
         -1.6954149536558305e-06, 8.907507532205309e-07, -2.292934834000805e-07, 2.956794137544049e-11,
         2.8865829742708783e-08, -1.4189739437803219e-08, 3.4463580499464896e-09, -2.3024517174528067e-13},
        {-0.00033679855336635813, -6.972813758365858e-05, 0.0002772753244959392, -0.00019932570516188847,
         6.797780477937208e-05, 1.419062920643967e-07, -1.3594048189768693e-05, 8.018470256334202e-06,
         -2.291481176508095e-06, -3.252473551298454e-10, 3.4652846491085265e-07, -1.8447187191171344e-07,
         4.8240967037894184e-08, -1.7989466721743514e-14, -6.306194500013523e-09, 3.162417628774568e-09},
        {0.0005313079364639922, -0.0005921664373536939, 0.0002708782096718045, 7.902353232660328e-07,
         -8.153969367561969e-05, 5.61168275310625e-05, -1.8329116582843375e-05, -3.0796134506033047e-09,
         3.465155368803609e-06, -2.0291327396058603e-06, 5.788792863149004e-07, 2.338630673826657e-13,
         -8.828600746330484e-08, 4.7435958880408125e-08, -1.2545415020710382e-08, 8.649648858010293e-14}};
    double const sign = lower ? -1 : 1, sigma = (x - a) / a;
    double const root = sqrt(-2 * (log1p(sigma) - sigma)), eta = sigma < 0 ? -root : root;
    double sum = 0, scale = 1;
    for (auto const& row : d) {
        double value = 0;
        for (std::size_t n = 16; n-- > 0;) value = value * eta + row[n];
        sum += value * scale;
        scale /= a;
    }
    return 0.5 * erfc(sign * eta * sqrt(a / 2)) + sign * exp(-0.5 * a * eta * eta) * sum / sqrt(2 * pi * a);
}

/// Γ(a, x) / Γ(a) from above, or from below γ(a, x) / Γ(a): whichever is less is computed, the other is what is left of 1.
TENON_ON_USE
[[gnu::noinline]] constexpr double incomplete_gamma(double a, double x, bool lower) {
    if (!(x >= 0 && a >= 0) || (a == 0 && x == 0)) return not_a_number<double>;
    bool const far_a = a == infinity<double>, far_x = x == infinity<double>;
    if (far_a && far_x) return not_a_number<double>;
    if (a == 0 || far_x) return lower ? 1 : 0;
    if (x == 0 || far_a) return lower ? 0 : 1;
    if (a > 200 && abs(x - a) / a < 4.5 / sqrt(a)) return gamma_expansion(a, x, lower);
    bool by_lower_series = true, by_fraction = false;
    if (x > 1.1) by_fraction = x >= a, by_lower_series = !by_fraction;
    else if (x <= 0.5) by_lower_series = -0.4 / log(x) < a;
    else by_lower_series = x * 1.1 < a;
    if (lower && x <= 1) by_lower_series = true;
    double const part = by_lower_series ? lower_gamma_series(a, x)
                        : by_fraction   ? upper_gamma_fraction(a, x)
                                        : upper_gamma_series(a, x);
    return by_lower_series == lower ? part : 1 - part;
}

}  // namespace tenon::inline TENON_TARGET::math::single

namespace tenon::inline TENON_TARGET::math {

/// The derivative of log Γ(x).
template <detail::real_pack P>
TENON_LANE P digamma(P x) {
    return single::each(x, [](double v) { return single::digamma(v); });
}
/// The nth derivative of digamma.
template <detail::real_pack P>
TENON_LANE P polygamma(int n, P x) {
    return single::each(x, [n](double v) { return single::polygamma(n, v); });
}
/// Hurwitz' zeta function.
template <detail::real_pack P>
TENON_LANE P zeta(P x, P q) {
    return single::each(x, q, [](double v, double w) { return single::zeta(v, w); });
}
/// γ(a, x) / Γ(a)
template <detail::real_pack P>
TENON_LANE P igamma(P a, P x) {
    return single::each(a, x, [](double v, double w) { return single::incomplete_gamma(v, w, true); });
}
/// Γ(a, x) / Γ(a)
template <detail::real_pack P>
TENON_LANE P igammac(P a, P x) {
    return single::each(a, x, [](double v, double w) { return single::incomplete_gamma(v, w, false); });
}

}  // namespace tenon::inline TENON_TARGET::math
