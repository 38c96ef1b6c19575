#include <cmath>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include <tenon/special.hpp>

#include "../catch.hpp"

namespace tn = tenon;

namespace {

/// What SciPy computed (data/make.py): operands, value and slope one after another.
struct column {
    std::size_t operands;
    std::vector<double> numbers;
};
std::map<std::string, column> const& table() {
    static auto const read = [] {
        std::map<std::string, column> t;
        std::ifstream file(TENON_TESTS_DIR "/special/data/special.txt");
        for (std::string line, name, word; std::getline(file, line);) {
            std::istringstream words(line);
            column c{};
            words >> name >> c.operands;
            while (words >> word) c.numbers.push_back(std::strtod(word.c_str(), nullptr));
            t[name] = c;
        }
        return t;
    }();
    return read;
}

/// Whether a number is right: within a few units of the last place of the value and of what the operand's own last place changes.
bool close(double found, double expected, double x, double slope, double units, double absolute = 0) {
    if (std::isnan(expected) || std::isinf(expected))
        return std::isnan(expected) ? std::isnan(found) : found == expected;
    double const size = std::abs(expected) + std::abs(x * slope);
    return std::abs(found - expected) <= units * size + absolute;
}

/// Values and slopes for single doubles; values of floats beside those of doubles.
/// @param f takes one or two lanes @param units of double's epsilon that values may be off
template <std::size_t Operands, bool Differentiable = true>
void check(std::string const& name, auto const& f, double units = 64) {
    using lane = tn::element::pack<double, 1>;
    using narrow = tn::element::pack<float, 4>;
    using dual = tn::element::dual<lane>;
    constexpr double epsilon = std::numeric_limits<double>::epsilon(), single = std::numeric_limits<float>::epsilon();
    auto const& c = table().at(name);
    REQUIRE(c.operands == Operands);
    std::ostringstream wrong;
    for (std::size_t i = 0; i != c.numbers.size(); i += Operands + 2) {
        double const a = c.numbers[i], x = c.numbers[i + Operands - 1], y = c.numbers[i + Operands],
                     slope = c.numbers[i + Operands + 1];
        double value = 0, found_slope = slope, wide = 0;
        float short_value = 0;
        if constexpr (Operands == 1) {
            value = f(lane(x))[0];
            wide = f(lane(static_cast<float>(x)))[0];
            short_value = f(narrow(static_cast<float>(x)))[3];
            if constexpr (Differentiable) found_slope = f(dual(lane(x), lane(1))).tangent[0][0];
        } else {
            value = f(lane(a), lane(x))[0];
            wide = f(lane(static_cast<float>(a)), lane(static_cast<float>(x)))[0];
            short_value = f(narrow(static_cast<float>(a)), narrow(static_cast<float>(x)))[3];
            if constexpr (Differentiable) found_slope = f(lane(a), dual(lane(x), lane(1))).tangent[0][0];
        }
        if (!close(value, y, x, slope, units * epsilon, Differentiable ? 0 : 1e-14))
            wrong << name << '(' << a << ", " << x << ") " << value << ", SciPy " << y << ", off by " << (value - y) / y
                  << '\n';
        // The slope's own slope is not known; it grows like the square of the slope's share.
        if (!close(found_slope, slope, x, slope * slope / (y == 0 ? 1 : y), 64 * units * epsilon))
            wrong << name << "'(" << a << ", " << x << ") " << found_slope << ", SciPy " << slope << '\n';
        bool const in_range = std::abs(wide) < 3e38 && std::abs(wide) > 2e-38;
        if (in_range && !close(short_value, wide, x, slope, 4 * single))
            wrong << name << '(' << a << ", " << x << ") of float " << short_value << ", of double " << wide << '\n';
    }
    CHECK(wrong.str() == "");
}

}  // namespace

#define UNARY(name)                                                                                                    \
    TEST_CASE("special: " #name) {                                                                                     \
        check<1>(#name, [](auto x) { return tn::special::name(x); });                                                  \
    }
#define POLYNOMIAL(name)                                                                                               \
    TEST_CASE("special: " #name) {                                                                                     \
        check<2, false>(#name, [](auto x, auto n) { return tn::special::name(x, n); }, 2048);                          \
    }

TEST_CASE("special: gamma") {
    check<1>("lgamma", [](auto x) { return tn::special::gammaln(x); });
    check<1>("digamma", [](auto x) { return tn::special::psi(x); }, 256);
    check<1>("polygamma_1", [](auto x) { return tn::special::polygamma(1, x); }, 256);
    check<1>("polygamma_2", [](auto x) { return tn::polygamma(2, x); });
    check<1>("polygamma_3", [](auto x) { return tn::polygamma(3, x); });
    check<1>("mvlgamma_3", [](auto x) { return tn::special::multigammaln(x, 3); });
    check<2>("igamma", [](auto a, auto x) { return tn::special::gammainc(a, x); }, 8192);
    check<2>("igammac", [](auto a, auto x) { return tn::special::gammaincc(a, x); }, 8192);
    check<2>("zeta", [](auto x, auto q) { return tn::special::zeta(x, q); });
    CHECK_THROWS_AS(tn::polygamma(-1, 2.), std::invalid_argument);
    CHECK_THROWS_AS(tn::mvlgamma(2., 0), std::invalid_argument);
}
UNARY(i0)
UNARY(i1)
UNARY(i0e)
UNARY(i1e)
UNARY(modified_bessel_k0)
UNARY(modified_bessel_k1)
UNARY(scaled_modified_bessel_k0)
UNARY(scaled_modified_bessel_k1)
UNARY(bessel_j0)
UNARY(bessel_j1)
UNARY(bessel_y0)
UNARY(bessel_y1)
UNARY(spherical_bessel_j0)
UNARY(erfcx)
UNARY(ndtr)
UNARY(log_ndtr)
UNARY(ndtri)
UNARY(entr)
TEST_CASE("special: edges") {
    double const inf = std::numeric_limits<double>::infinity(), nan = std::nan("");
    namespace s = tn::special;
    CHECK(s::digamma(0.) == -inf);
    CHECK(s::digamma(-0.) == inf);
    CHECK(std::isnan(s::digamma(-3.)));
    CHECK(s::digamma(inf) == inf);
    CHECK(s::gammaln(-2.) == inf);
    CHECK(s::polygamma(1, 0.) == inf);
    CHECK(s::polygamma(1, -1.) == inf);
    CHECK(s::polygamma(1, inf) == 0);
    CHECK(std::isnan(s::polygamma(1, -inf)));
    CHECK(s::gammainc(0., 1.) == 1);
    CHECK(s::gammaincc(0., 1.) == 0);
    CHECK(std::isnan(s::gammainc(0., 0.)));
    CHECK(std::isnan(s::gammainc(-1., 2.)));
    CHECK(s::gammainc(2., 0.) == 0);
    CHECK(s::gammaincc(2., inf) == 0);
    CHECK(s::gammaincc(inf, 2.) == 1);
    CHECK(s::zeta(1., 2.) == inf);
    CHECK(std::isnan(s::zeta(0.5, 2.)));
    CHECK(s::zeta(2., -1.) == inf);
    CHECK(std::isnan(s::zeta(2.5, -1.5)));
    CHECK(s::i0(0.) == 1);
    CHECK(s::i0e(inf) == 0);
    CHECK(s::i1(-inf) == -inf);
    CHECK(s::modified_bessel_k0(0.) == inf);
    CHECK(std::isnan(s::modified_bessel_k1(-1.)));
    CHECK(s::scaled_modified_bessel_k1(inf) == 0);
    CHECK(s::bessel_j0(0.) == 1);
    CHECK(s::bessel_j1(-inf) == 0);
    CHECK(s::bessel_y1(0.) == -inf);
    CHECK(std::isnan(s::bessel_y0(-1.)));
    CHECK(s::airy_ai(200.) == 0);
    CHECK(s::erfcx(inf) == 0);
    CHECK(s::erfcx(-30.) == inf);
    CHECK(std::abs(s::erfcx(1e200) / 5.6418958354775629e-201 - 1) < 1e-15);
    CHECK(s::log_ndtr(-inf) == -inf);
    CHECK(s::ndtr(inf) == 1);
    CHECK(s::ndtri(0.) == -inf);
    CHECK(s::ndtri(1.) == inf);
    CHECK(std::isnan(s::ndtri(1.5)));
    CHECK(s::entr(0.) == 0);
    CHECK(s::entr(-1.) == -inf);
    CHECK(s::xlog1py(0., -1.) == 0);
    CHECK(std::isnan(s::xlog1py(0., nan)));
    CHECK(s::chebyshev_polynomial_t(0.5, -1.) == 0);
    CHECK(std::isnan(s::hermite_polynomial_h(0.1, 513.)));
    CHECK(std::isnan(s::hermite_polynomial_he(0.1f, 129.f)));
    for (double const y :
         {s::digamma(nan), s::i0(nan), s::bessel_j0(nan), s::bessel_y1(nan), s::airy_ai(nan), s::erfcx(nan),
          s::ndtri(nan), s::entr(nan), s::log_ndtr(nan), s::modified_bessel_k0(nan), s::gammainc(nan, 1.),
          s::zeta(2., nan), s::legendre_polynomial_p(nan, 3.), s::polygamma(2, nan)})
        CHECK(std::isnan(y));
}

TEST_CASE("special functions of tensors have gradients, and integers give floats") {
    tn::variable v(tn::tensor({0.3, 1.7, 2.6}));
    namespace s = tn::special;
    CHECK(tn::gradcheck(tn::sum(s::erfcx(v) * s::bessel_j1(v) * s::modified_bessel_k1(v) + s::zeta(3, v) * s::i1e(v) +
                                s::gammainc(1.5, v) * s::log_ndtr(v) * s::polygamma(1, v))));
    tn::tensor<int, 2> const i({1, 3});
    tn::tensor const y = s::i0(i);
    static_assert(std::is_same_v<tn::value_t<decltype(y)>, float>);
    CHECK(y(0) == 1.26606588f);
    tn::tensor const p = s::legendre_polynomial_p(v.value(), 3);
    CHECK(std::abs(p(1) - (5 * 1.7 * 1.7 * 1.7 - 3 * 1.7) / 2) < 1e-14);
    static_assert(s::bessel_j0(1.) > 0.765 && s::ndtri(0.25) < -0.67);
}

TEST_CASE("special: airy_ai, xlog1py") {
    check<1, false>("airy_ai", [](auto x) { return tn::special::airy_ai(x); }, 256);
    check<2>("xlog1py", [](auto a, auto b) { return tn::special::xlog1py(a, b); });
}
POLYNOMIAL(chebyshev_polynomial_t)
POLYNOMIAL(chebyshev_polynomial_u)
POLYNOMIAL(chebyshev_polynomial_v)
POLYNOMIAL(chebyshev_polynomial_w)
POLYNOMIAL(shifted_chebyshev_polynomial_t)
POLYNOMIAL(shifted_chebyshev_polynomial_u)
POLYNOMIAL(shifted_chebyshev_polynomial_v)
POLYNOMIAL(shifted_chebyshev_polynomial_w)
POLYNOMIAL(hermite_polynomial_h)
POLYNOMIAL(hermite_polynomial_he)
POLYNOMIAL(laguerre_polynomial_l)
POLYNOMIAL(legendre_polynomial_p)
