// Elementary functions against the C library in long double: errors in units of the last place, edge values, and that a
// lane's result does not depend on how many lanes there are.
#include "tenon/scalar/math.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "../catch.hpp"

namespace {

using tenon::element::native_lanes;
using tenon::element::pack;
namespace math = tenon::math;
using real = long double;

template <class T>
using limits = std::numeric_limits<T>;

// Distance in units of the last place of T; of a NaN, an infinity or a zero's sign that are not the expected ones, a
// lot.
template <class T>
double ulps(T got, real expected) {
    T const rounded = static_cast<T>(expected);
    if (std::isnan(rounded) || std::isnan(got)) return std::isnan(rounded) == std::isnan(got) ? 0 : 1e9;
    if (std::isinf(rounded) || std::isinf(got)) return rounded == got ? 0 : 1e8;
    if (rounded == 0 && got == 0) return std::signbit(rounded) == std::signbit(got) ? 0 : 1e7;
    int exponent = limits<T>::min_exponent;
    if (expected != 0) exponent = std::max(exponent, std::ilogb(expected) + 1);
    return static_cast<double>(std::fabs((got - expected) / std::ldexp(real(1), exponent - limits<T>::digits)));
}

struct range {
    double from, to;
};

// Numbers evenly over a range and, on every scale, towards zero; then edge values.
template <class T, class Visit>
void each_argument(range r, Visit visit) {
    constexpr int steps = 20000;
    for (int i = 0; i <= steps; ++i) {
        double const even = r.from + (r.to - r.from) * i / steps;
        visit(static_cast<T>(even));
        visit(static_cast<T>(std::ldexp(even, -(i % 70))));
    }
    for (T edge : {T(0), limits<T>::denorm_min(), limits<T>::min(), limits<T>::epsilon(), T(0.5), T(1), T(2), T(3),
                   T(100), limits<T>::max(), limits<T>::infinity(), limits<T>::quiet_NaN()}) {
        visit(edge);
        visit(-edge);
    }
}

// The largest error of f on native packs. That one lane, or two registers, give the same bits is checked along the way.
template <class T, class F>
double worst(range r, F f, real (*expected)(real)) {
    constexpr std::size_t n = native_lanes<T>;
    T batch[2 * n] = {}, results[2 * n];
    std::size_t filled = 0;
    double largest = 0;
    bool lanes_agree = true;
    auto const flush = [&] {
        auto const both = f(pack<T, 2 * n>::load(batch));
        f(pack<T, n>::load(batch)).store(results);
        f(pack<T, n>::load(batch + n)).store(results + n);
        for (std::size_t i = 0; i < 2 * n; ++i) {
            auto const one = math::bits(f(pack<T, 1>(batch[i])))[0];
            lanes_agree &=
                std::isnan(results[i]) || (one == math::bits(pack<T, 1>(results[i]))[0] && one == math::bits(both)[i]);
            double const error = ulps(results[i], expected(batch[i]));
            if (error > largest) {
                largest = error;
                UNSCOPED_INFO("error " << error << " at " << batch[i] << ": " << results[i]);
            }
        }
        filled = 0;
    };
    each_argument<T>(r, [&](T x) {
        batch[filled++] = x;
        if (filled == 2 * n) flush();
    });
    flush();
    CHECK(lanes_agree);
    return largest;
}

real sigmoid(real x) { return 1 / (1 + std::exp(-x)); }

}  // namespace

#define CHECK_ULPS(name, reference, limit, ...)                                                                        \
    for (range r : {__VA_ARGS__}) {                                                                                    \
        auto const f = [](auto x) { return math::name(x); };                                                           \
        auto const exact = [](real x) -> real { return reference(x); };                                                \
        INFO(#name " from " << r.from << " to " << r.to);                                                              \
        CHECK(worst<float>(r, f, exact) <= limit);                                                                     \
        CHECK(worst<double>(r, f, exact) <= limit);                                                                    \
    }

TEST_CASE("exponentials: within their error, into the denormals and to infinity"){
    CHECK_ULPS(exp, std::exp, 1.1, range{-3, 3}, range{-106, 90}, range{-750, 712})
        CHECK_ULPS(exp2, std::exp2, 1.1, range{-3, 3}, range{-151, 130}, range{-1080, 1026})
            CHECK_ULPS(expm1, std::expm1, 2, range{-3, 3}, range{-60, 90}, range{-1, 712})
                CHECK_ULPS(sigmoid, sigmoid, 2.4, range{-3, 3}, range{-106, 90}, range{-750, 712})}

TEST_CASE("hyperbolic functions: within their error"){
    CHECK_ULPS(tanh, std::tanh, 1.5, range{-1, 1}, range{-30, 30})
        CHECK_ULPS(sinh, std::sinh, 1.8, range{-3, 3}, range{-90, 90}, range{-711, 711})
            CHECK_ULPS(cosh, std::cosh, 1.6, range{-3, 3}, range{-90, 90}, range{-711, 711})}

TEST_CASE("logarithms: within their error, denormals included") {
    CHECK_ULPS(log, std::log, 1, range{0.5, 2}, range{0, 1000}, range{0, 1e-300})
    CHECK_ULPS(log2, std::log2, 1, range{0.5, 2}, range{0, 1000}, range{0, 1e-300})
    CHECK_ULPS(log10, std::log10, 1, range{0.5, 2}, range{0, 1000}, range{0, 1e-300})
    CHECK_ULPS(log1p, std::log1p, 1, range{-1, 1}, range{-1.1, 1000})
    CHECK(math::log2(pack<double, 1>(std::ldexp(1.0, -1070)))[0] == -1070);
}

TEST_CASE("trigonometric functions: within their error, for any size of argument"){
    CHECK_ULPS(sin, std::sin, 1.6, range{-7, 7}, range{-1e5, 1e5}, range{-1e7, 1e7})
        CHECK_ULPS(cos, std::cos, 1.6, range{-7, 7}, range{-1e5, 1e5}, range{-1e7, 1e7})
            CHECK_ULPS(tan, std::tan, 2.2, range{-7, 7}, range{-1e5, 1e5}, range{-1e7, 1e7})
                CHECK_ULPS(atan, std::atan, 2, range{-1, 1}, range{-10, 10}, range{-1e5, 1e5})}

TEST_CASE("sine and cosine: as the C library close to multiples of pi / 2, where the reduction loses most") {
    double largest = 0;
    for (int n = 1; n < 1000000; n += n < 5000 ? 1 : 97)
        for (int away : {-1, 0, 1}) {
            double x = static_cast<double>(n * 1.57079632679489661923132169163975144L);
            if (away != 0) x = std::nextafter(x, away * 1e9);
            largest = std::max(largest, ulps(math::sin(pack<double, 1>(x))[0], std::sin(real(x))));
            largest = std::max(largest, ulps(math::cos(pack<double, 1>(x))[0], std::cos(real(x))));
            auto const single = static_cast<float>(x);
            largest = std::max(largest, ulps(math::sin(pack<float, 1>(single))[0], std::sin(real(single))));
            largest = std::max(largest, ulps(math::cos(pack<float, 1>(single))[0], std::cos(real(single))));
        }
    CHECK(largest <= 1.6);
}

TEST_CASE("error function: it and its complement within their error, inverted by erfinv") {
    CHECK_ULPS(erf, std::erf, 1.5, range{-2, 2}, range{-7, 7})
    CHECK_ULPS(erfc, std::erfc, 4.2, range{-2, 2}, range{-7, 10.5}, range{0, 28})

    auto const inverse = [](auto x) { return math::erfinv(x); };
    each_argument<double>({-1, 1}, [&](double x) {
        double const y = inverse(pack<double, 1>(x))[0];
        if (!(std::abs(x) < 1)) {
            CHECK(ulps(y, std::abs(x) == 1 ? std::copysign(limits<real>::infinity(), real(x))
                                           : limits<real>::quiet_NaN()) == 0);
            return;
        }
        // One Newton step in long double from y leads to the exact value.
        real const rest = x < 0 ? std::erfc(real(-y)) - (1 + real(x)) : (1 - real(x)) - std::erfc(real(y));
        real const error = std::abs(x) < 0.5 ? real(x) - std::erf(real(y)) : rest;
        real const exact = y + error / (1.128379167095512573896L * std::exp(-real(y) * y));
        if (double const distance = ulps(y, x == 0 ? real(x) : exact); distance > 3)
            FAIL_CHECK("erfinv " << x << ": " << distance);
    });
    CHECK(inverse(pack<float, 1>(0.5f))[0] == 0.476936281f);
    CHECK(math::all_of(inverse(pack<float, native_lanes<float>>(0.5)) == 0.476936281f));
}

TEST_CASE("pow: within its error, and every edge case of IEEE 754") {
    auto const check = []<class T>(T, double limit) {
        constexpr std::size_t n = native_lanes<T>;
        constexpr T inf = limits<T>::infinity();
        T const edges[] = {0,
                           T(-0.0),
                           inf,
                           -inf,
                           limits<T>::quiet_NaN(),
                           1,
                           -1,
                           2,
                           -2,
                           T(0.5),
                           T(-0.5),
                           3,
                           -3,
                           T(1.0000001),
                           T(0.9999999),
                           T(1e10),
                           T(9007199254740991),
                           limits<T>::denorm_min(),
                           limits<T>::max()};
        double largest = 0;
        bool lanes_agree = true;
        auto const visit = [&](T x, T y) {
            auto const many = math::pow(pack<T, n>(x), pack<T, n>(y));
            auto const one = math::pow(pack<T, 1>(x), y)[0];
            lanes_agree &= std::isnan(one) || math::all_of(math::bits(many) == math::bits(pack<T, 1>(one))[0]);
            if (double const error = ulps(one, std::pow(real(x), real(y))); error > largest) {
                largest = error;
                UNSCOPED_INFO("error " << error << " of " << x << " to the power " << y << ": " << one);
            }
        };
        for (T x : edges)
            for (T y : edges) visit(x, y);
        for (int i = 1; i <= 300; ++i)
            for (int j = -100; j <= 100; ++j) {
                visit(static_cast<T>(0.013 * i), static_cast<T>(0.37 * j));
                visit(static_cast<T>(1 + 0.001 * i), static_cast<T>(7.7 * j));
                visit(-static_cast<T>(0.1 * i), static_cast<T>(j));
            }
        CHECK(largest <= limit);
        CHECK(lanes_agree);
    };
    check(float{}, 0.6);
    check(double{}, 1.3);
}

TEST_CASE("elementary functions: constant expressions with one lane") {
    using F = pack<float, 1>;
    using D = pack<double, 1>;
    static_assert(math::exp(F(0))[0] == 1 && math::exp(D(-1000))[0] == 0);
    static_assert(math::log(D(1))[0] == 0 && math::log2(D(8))[0] == 3);
    static_assert(math::tanh(F(20))[0] == 1 && math::sigmoid(F(0))[0] == 0.5f);
    static_assert(math::sin(D(0))[0] == 0 && math::cos(F(0))[0] == 1 && math::atan(D(0))[0] == 0 &&
                  math::tan(F(0))[0] == 0);
    static_assert(math::erf(D(0))[0] == 0 && math::erfc(F(0))[0] == 1 && math::erfinv(D(0))[0] == 0);
    static_assert(math::expm1(D(0))[0] == 0 && math::log1p(F(0))[0] == 0 && math::log10(F(1))[0] == 0);
    static_assert(math::sinh(D(0))[0] == 0 && math::cosh(F(0))[0] == 1 && math::exp2(F(3))[0] == 8);
    static_assert(math::pow(D(2), 10)[0] == 1024 && math::pow(F(-2), 3)[0] == -8);
    constexpr double two_thirds = math::exp(math::log(D(2.0 / 3)))[0];
    CHECK(std::abs(two_thirds - 2.0 / 3) < 3e-16);
}

TEST_CASE("functions that go lane by lane: the C library's values; remainder has the divisor's sign") {
    constexpr std::size_t n = native_lanes<float>;
    auto const x = pack<float, n>::generate([](std::size_t i) { return 0.1f * static_cast<float>(i) - 0.2f; });
    double largest = 0;  // a constant that the compiler folds may round better than the library
    for (std::size_t i = 0; i < n; ++i) {
        real const v = x[i];
        auto const visit = [&](pack<float, n> got, real expected) {
            largest = std::max(largest, ulps(got[i], expected));
        };
        visit(math::asin(x), std::asin(v));
        visit(math::acos(x), std::acos(v));
        visit(math::asinh(x), std::asinh(v));
        visit(math::acosh(x + 2), std::acosh(real((x + 2)[i])));
        visit(math::atanh(x), std::atanh(v));
        visit(math::cbrt(x), std::cbrt(v));
        visit(math::atan2(x, 3), std::atan2(v, real(3)));
        visit(math::hypot(x, 3), std::hypot(v, real(3)));
        visit(math::lgamma(x + 2), std::lgamma(real((x + 2)[i])));
        visit(math::fmod(x, 0.3f), std::fmod(v, real(0.3f)));
    }
    CHECK(largest <= 2.5);
    using F = pack<float, 1>;
    using I = pack<int, 1>;
    CHECK(math::remainder(F(-7), 3)[0] == 2);
    CHECK(math::remainder(F(7), -3)[0] == -2);
    CHECK(math::remainder(F(-6), 3)[0] == 0);
    CHECK(math::fmod(F(-7), 3)[0] == -1);
    CHECK(math::remainder(I(-7), 3)[0] == 2);
    CHECK(math::remainder(I(7), 0)[0] == 0);
    CHECK(math::remainder(pack<unsigned, 1>(7), 3)[0] == 1);
}
