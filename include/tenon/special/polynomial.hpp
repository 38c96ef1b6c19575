// Orthogonal polynomials of a degree that is an operand: Chebyshev's four kinds, Hermite's two, Laguerre's and Legendre's.
#pragma once

#include <cstdint>

#include <tenon/op/elementwise.hpp>
#include <tenon/scalar/special_single.hpp>

namespace tenon::inline TENON_TARGET {

namespace math::single {

/// T, U, V or W of degree n: 2x p_k − p_(k−1) from p_0 = 1 and p_1 = x, 2x, 2x − 1 or 2x + 1. Between −1 and 1 and of higher degree by
/// sines of n acos x, whose cost does not grow with n.
TENON_ON_USE
[[gnu::noinline]] constexpr double chebyshev_polynomial(char kind, double x, std::int64_t n) {
    if (n < 0) return 0;
    auto const degree = static_cast<double>(n);
    if (abs(x) == 1) {
        double const sign = x < 0 && n % 2 != 0 ? -1 : 1;
        if (kind == 't' || kind == (x > 0 ? 'v' : 'w')) return sign;
        return sign * (kind == 'u' ? degree + 1 : 2 * degree + 1);
    }
    if (n > 32 && abs(x) < 1) {
        double const angle = acos(x);
        if (kind == 't') return cos(degree * angle);
        if (kind == 'u') return sin((degree + 1) * angle) / sin(angle);
        if (kind == 'v') return cos((degree + 0.5) * angle) / cos(angle / 2);
        return sin((degree + 0.5) * angle) / sin(angle / 2);
    }
    double before = 1, p = kind == 't' ? x : 2 * x + (kind == 'v' ? -1 : kind == 'w' ? 1 : 0);
    if (n == 0) return 1;
    for (std::int64_t k = 2; k <= n && p == p; ++k) {
        double const next = 2 * x * p - before;
        before = p;
        p = next;
    }
    return p;
}
/// Physicists' H, or probabilists' He. @param most the greatest degree that the element type has numbers for
TENON_ON_USE
[[gnu::noinline]] constexpr double hermite_polynomial(bool physicists, double x, std::int64_t n, std::int64_t most) {
    if (n < 0) return 0;
    if (n > most) return not_a_number<double>;
    double const factor = physicists ? 2 : 1;
    double before = 1, p = factor * x;
    if (n == 0) return 1;
    for (std::int64_t k = 1; k < n; ++k) {
        double const next = factor * (x * p - static_cast<double>(k) * before);
        before = p;
        p = next;
    }
    return p;
}
TENON_ON_USE
[[gnu::noinline]] constexpr double laguerre_polynomial(double x, std::int64_t n) {
    if (n < 0) return 0;
    if (n == 0 || x == 0) return 1;
    double before = 1, p = 1 - x;
    for (std::int64_t i = 1; i < n && p == p; ++i) {
        auto const k = static_cast<double>(i);
        double const next = ((2 * k + 1 - x) * p - k * before) / (k + 1);
        before = p;
        p = next;
    }
    return p;
}
TENON_ON_USE
[[gnu::noinline]] constexpr double legendre_polynomial(double x, std::int64_t n) {
    if (n < 0) return 0;
    if (n == 0) return 1;
    if (abs(x) == 1) return x > 0 || n % 2 == 0 ? 1 : -1;
    double before = 1, p = x;
    for (std::int64_t i = 1; i < n && p == p; ++i) {
        auto const k = static_cast<double>(i);
        double const next = ((2 * k + 1) * x * p - k * before) / (k + 1);
        before = p;
        p = next;
    }
    return p;
}

/// A degree as a whole number: cut toward zero, and what is none or too much negative.
constexpr std::int64_t degree_of(double n) { return n > -1 && n < 9e18 ? static_cast<std::int64_t>(n) : -1; }

}  // namespace math::single

namespace op {
/// @tparam Kind as of the function of that name @tparam Shifted whether of 2x − 1
template <char Kind, bool Shifted>
struct chebyshev_polynomial : floating {
    using no_slope = void;
    static constexpr char const* name = Shifted ? "shifted_chebyshev_polynomial" : "chebyshev_polynomial";
    template <class V>
    TENON_LANE static V value(V x, V n) {
        return math::single::each(x, n, [](double v, double d) {
            return math::single::chebyshev_polynomial(Kind, Shifted ? 2 * v - 1 : v, math::single::degree_of(d));
        });
    }
};
template <bool Physicists>
struct hermite_polynomial : floating {
    using no_slope = void;
    static constexpr char const* name = "hermite_polynomial";
    template <class V>
    TENON_LANE static V value(V x, V n) {
        constexpr std::int64_t most = sizeof(typename V::value_type) == 4 ? 128 : 512;
        return math::single::each(x, n, [](double v, double d) {
            return math::single::hermite_polynomial(Physicists, v, math::single::degree_of(d), most);
        });
    }
};
struct laguerre_polynomial : floating {
    using no_slope = void;
    static constexpr char const* name = "laguerre_polynomial";
    template <class V>
    TENON_LANE static V value(V x, V n) {
        return math::single::each(
            x, n, [](double v, double d) { return math::single::laguerre_polynomial(v, math::single::degree_of(d)); });
    }
};
struct legendre_polynomial : floating {
    using no_slope = void;
    static constexpr char const* name = "legendre_polynomial";
    template <class V>
    TENON_LANE static V value(V x, V n) {
        return math::single::each(
            x, n, [](double v, double d) { return math::single::legendre_polynomial(v, math::single::degree_of(d)); });
    }
};
}  // namespace op

// Of x and the degree n, both operands; fractions of n are cut off, and for n < 0 the result is 0. Without gradients, as in PyTorch.
namespace special {
/// cos(n acos x), Chebyshev's polynomials of the first kind; torch.special.chebyshev_polynomial_t.
inline constexpr elementwise<op::chebyshev_polynomial<'t', false>> chebyshev_polynomial_t{};
/// sin((n + 1) acos x)/sin(acos x), of the second kind; torch.special.chebyshev_polynomial_u.
inline constexpr elementwise<op::chebyshev_polynomial<'u', false>> chebyshev_polynomial_u{};
/// cos((n + 1/2) acos x)/cos(acos(x)/2), of the third kind; torch.special.chebyshev_polynomial_v.
inline constexpr elementwise<op::chebyshev_polynomial<'v', false>> chebyshev_polynomial_v{};
/// sin((n + 1/2) acos x)/sin(acos(x)/2), of the fourth kind; torch.special.chebyshev_polynomial_w.
inline constexpr elementwise<op::chebyshev_polynomial<'w', false>> chebyshev_polynomial_w{};
/// The same of 2x − 1; torch.special.shifted_chebyshev_polynomial_t and so on.
inline constexpr elementwise<op::chebyshev_polynomial<'t', true>> shifted_chebyshev_polynomial_t{};
inline constexpr elementwise<op::chebyshev_polynomial<'u', true>> shifted_chebyshev_polynomial_u{};
inline constexpr elementwise<op::chebyshev_polynomial<'v', true>> shifted_chebyshev_polynomial_v{};
inline constexpr elementwise<op::chebyshev_polynomial<'w', true>> shifted_chebyshev_polynomial_w{};
/// The physicists' Hermite polynomials, H_(k+1) = 2x H_k − 2k H_(k−1), NaN beyond degree 128 of float and 512 of double;
/// torch.special.hermite_polynomial_h.
inline constexpr elementwise<op::hermite_polynomial<true>> hermite_polynomial_h{};
/// The probabilists', He_(k+1) = x He_k − k He_(k−1); torch.special.hermite_polynomial_he.
inline constexpr elementwise<op::hermite_polynomial<false>> hermite_polynomial_he{};
/// Laguerre's, (k + 1) L_(k+1) = (2k + 1 − x) L_k − k L_(k−1); torch.special.laguerre_polynomial_l.
inline constexpr elementwise<op::laguerre_polynomial> laguerre_polynomial_l{};
/// Legendre's, (k + 1) P_(k+1) = (2k + 1) x P_k − k P_(k−1); torch.special.legendre_polynomial_p.
inline constexpr elementwise<op::legendre_polynomial> legendre_polynomial_p{};
}  // namespace special

}  // namespace tenon::inline TENON_TARGET
