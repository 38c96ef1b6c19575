// Elementwise functions under -ffast-math and its parts: this program is built with each, and compares finite results with the C
// library's in long double. It says what is wrong and ends with 1.
#include <tenon/tenon.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>

namespace tn = tenon;
namespace math = tenon::math;
using real = long double;

namespace {

int wrong = 0;

/// What the optimiser cannot compute with beforehand.
template <class T>
T hidden(T v) {
    T const volatile copy = v;
    return copy;
}

template <class T>
void compare(char const* name, std::size_t lanes, T x, T found, real expected, double ulps) {
    T const rounded = static_cast<T>(expected);
    // Denormal numbers are zeros where the program is linked with -ffast-math.
    T const unit = std::max(std::numeric_limits<T>::min(), std::abs(rounded) * std::numeric_limits<T>::epsilon());
    if (std::abs(static_cast<real>(found) - expected) <= static_cast<real>(unit) * static_cast<real>(ulps)) return;
    if (++wrong < 40)
        std::printf("%s of %.17g, %zu lanes of %zu bytes: %.17g, not %.17Lg\n", name, static_cast<double>(x), lanes,
                    sizeof(T), static_cast<double>(found), expected);
}

template <class T, std::size_t N>
void check(char const* name, auto const& f, auto const& expected, double ulps, std::initializer_list<double> numbers) {
    for (double number : numbers) {
        T x[N], y[N];
        for (std::size_t i = 0; i != N; ++i) x[i] = hidden(static_cast<T>(number));
        f(tn::element::pack<T, N>::load(x)).store(y);
        for (std::size_t i = 0; i != N; ++i) compare(name, N, x[i], y[i], expected(static_cast<real>(x[i])), ulps);
    }
}
/// One lane, two, and a register: tails and rows go different ways.
void check(char const* name, auto const& f, auto const& expected, double ulps, std::initializer_list<double> numbers) {
    check<float, 1>(name, f, expected, ulps, numbers);
    check<float, 2>(name, f, expected, ulps, numbers);
    check<float, tn::element::native_lanes<float>>(name, f, expected, ulps, numbers);
    check<double, 1>(name, f, expected, ulps, numbers);
    check<double, tn::element::native_lanes<double>>(name, f, expected, ulps, numbers);
}

/// A function of the C library, called: the compiler may take the processor's own sine otherwise.
real call(real (*f)(real), real v) {
    real (*const volatile g)(real) = f;
    return g(v);
}

real call(real (*f)(real, real), real v, real w) {
    real (*const volatile g)(real, real) = f;
    return g(v, w);
}

#define FUNCTION(name, ulps, ...)                                                                                      \
    check(#name, [](auto v) { return math::name(v); }, [](real v) { return call(::name##l, v); }, ulps, {__VA_ARGS__})

void functions() {
    FUNCTION(exp, 2, .1, 1, 10, -.5, -20, 88.5, 1e-9, -0.7);
    FUNCTION(exp2, 2, .1, 3, 10.3, -.5, 127.9, -100.25);
    FUNCTION(expm1, 3, 1e-9, .1, 1, 20, -1e-5, -3, 80);
    FUNCTION(log, 2, .1, 1, 1.00001, .9999, 10, 1e30, 1e-30);
    FUNCTION(log1p, 2, 1e-8, -1e-8, 1e-5, .3, -.5, 1e20);
    FUNCTION(log2, 2, .1, 1, 8, 1.0001, 1e30);
    FUNCTION(log10, 2, .1, 1, 1000, 1.0001, 1e30);
    FUNCTION(sqrt, 1, 0, 1e-30, 2, 1e30, 3e38);
    FUNCTION(sin, 2, .5, 1, 3.14159, -20, 1e5, 1e-8, 2e6);
    FUNCTION(cos, 2, .5, 1, 1.5707963, -20, 1e5, 2e6);
    FUNCTION(tan, 4, .5, 1, 1.5, -20, 1e5);
    FUNCTION(asin, 4, .5, 1, -.9, 1e-5);
    FUNCTION(acos, 4, .5, 1, -.9, 1e-5);
    FUNCTION(atan, 3, .5, 1, -2.4, 1e-5, 1e10);
    FUNCTION(sinh, 3, 1e-5, .5, 1.5, -20, 88);
    FUNCTION(cosh, 3, 1e-5, .5, 1.5, -20, 88);
    FUNCTION(tanh, 3, 1e-5, .5, 1.5, -20, 9);
    FUNCTION(asinh, 4, 1e-5, .5, 1.5, -20);
    FUNCTION(acosh, 4, 1, 1.5, 20);
    FUNCTION(atanh, 4, 1e-5, .5, -.99);
    FUNCTION(cbrt, 4, 1e-5, 8, -27);
    FUNCTION(erf, 3, 1e-5, .5, -.95, 2, 5);
    FUNCTION(erfc, 6, 1e-5, .5, -.95, 2, 5, 9);
    FUNCTION(floor, 0, -1.5, -.25, 0, .5, 1.5, 2.5, 3, -7, 8388607.5, 1e30);
    FUNCTION(ceil, 0, -1.5, -.25, 0, .5, 1.5, 2.5, 3, -7, 8388607.5, 1e30);
    FUNCTION(trunc, 0, -1.5, -.25, 0, .5, 1.5, 2.5, 3, -7, 8388607.5, 1e30);
    check(
        "round", [](auto v) { return math::round(v); }, [](real v) { return call(::nearbyintl, v); }, 0,
        {-1.5, -.25, 0, .5, 1.5, 2.5, 3, -7, 8388607.5, 1e30});
    check(
        "sigmoid", [](auto v) { return math::sigmoid(v); }, [](real v) { return 1 / (1 + call(::expl, -v)); }, 3,
        {0, 1, -1, 20, -80});
    check(
        "erf(erfinv)", [](auto v) { return math::erf(math::erfinv(v)); }, [](real v) { return v; }, 6,
        {1e-5, .3, -.9, .999});
    check(
        "pow(v, 1.7)", [](auto v) { return math::pow(v, 1.7f); }, [](real v) { return call(::powl, v, 1.7f); }, 2,
        {.1, 1, 2, 10, 1e10, 1e-10});
    check(
        "pow(2, v)", [](auto v) { return math::pow(decltype(v)(2), v); }, [](real v) { return call(::exp2l, v); }, 2,
        {.5, -3, 10.25, 100, 127.9});
    check(
        "fmod(v, .3)", [](auto v) { return math::fmod(v, .375f); }, [](real v) { return call(::fmodl, v, .375); }, 0,
        {1, -1, .3, 100});
    check(
        "remainder", [](auto v) { return math::remainder(v, .375f); },
        [](real v) { return v - real(.375) * call(::floorl, v / real(.375)); }, 0, {1, -1, .3, 100});
    check(
        "hypot(v, 3)", [](auto v) { return math::hypot(v, 3.f); }, [](real v) { return call(::hypotl, v, 3); }, 2,
        {1, 4, 2e38});
    check("1 / v", [](auto v) { return 1 / v; }, [](real v) { return 1 / v; }, 1, {3, 2e-38, 1e38});
    check("2e38 / v", [](auto v) { return 2e38f / v; }, [](real v) { return real(2e38f) / v; }, 1, {3, 1e38, 3e38});
    check(
        "1 / sqrt(v)", [](auto v) { return 1 / math::sqrt(v); }, [](real v) { return 1 / call(::sqrtl, v); }, 2,
        {3, 1e-37, 3e38});
}

bool near(double a, double b) { return std::abs(a - b) < 1e-6; }
void require(bool holds, char const* what) {
    if (!holds) ++wrong, std::printf("%s\n", what);
}

void tensors() {
    // Infinities and NaN come from elsewhere, here from their bits: written as numbers the compiler may take them for mistakes.
    std::uint32_t const infinity = 0x7f800000, minus_infinity = 0xff800000, nan = 0x7fc00000;
    tn::tensor<float, 3> const x({-1.5f, hidden(2.5f), .25f});
    tn::tensor const lower = tn::floor(x), upper = tn::ceil(x), whole = tn::trunc(x), nearest = tn::round(x);
    require(lower(0) == -2 && lower(1) == 2 && lower(2) == 0, "floor of three");
    require(upper(0) == -1 && upper(1) == 3 && upper(2) == 1, "ceil of three");
    require(whole(0) == -1 && whole(1) == 2 && whole(2) == 0, "trunc of three");
    require(nearest(0) == -2 && nearest(1) == 2 && nearest(2) == 0, "round of three");

    tn::tensor<float, 3> masked({0, hidden(1.f), 2.f});
    std::memcpy(&masked(0), &minus_infinity, sizeof(float));
    tn::tensor const p = tn::softmax<0>(masked), l = tn::log_softmax<0>(masked);
    require(p(0) == 0 && near(p(1), .268941421) && near(p(2), .731058579), "softmax of a masked row");
    require(near(l(1), -1.313261688) && near(l(2), -.313261688), "log_softmax of a masked row");
    require(near(tn::logsumexp<0>(masked), 2.313261688), "logsumexp of a masked row");
    require(tn::tensor(tn::max(masked))() == 2 && tn::tensor(tn::argmax(masked))() == 2,
            "max and argmax beside an infinity");
    require(tn::tensor(tn::argmin(masked))() == 0, "argmin of an infinity");

    tn::tensor<float, 5> odd({0, hidden(1.f), 0, 0, 0});
    std::memcpy(&odd(0), &nan, sizeof(float));
    std::memcpy(&odd(2), &infinity, sizeof(float));
    std::memcpy(&odd(3), &minus_infinity, sizeof(float));
    tn::tensor const is_nan = tn::isnan(odd), is_inf = tn::isinf(odd), is_finite = tn::isfinite(odd);
    require(is_nan(0) && !is_nan(1) && !is_nan(2) && !is_nan(3) && !is_nan(4), "isnan");
    require(!is_inf(0) && !is_inf(1) && is_inf(2) && is_inf(3) && !is_inf(4), "isinf");
    require(!is_finite(0) && is_finite(1) && !is_finite(2) && !is_finite(3) && is_finite(4), "isfinite");

    tn::tensor<double, 4> const d({hidden(0.1), 1e5 + 0.3, -7.75, 65519});
    tn::tensor const half = tn::cast<tn::float16>(d);
    tn::tensor const small = tn::cast<tn::bfloat16>(d);
    tn::tensor const whole_numbers = tn::cast<std::int64_t>(d);
    require(half(0).bits == 0x2e66 && half(1).bits == 0x7c00 && half(2).bits == 0xc7c0 && half(3).bits == 0x7bff,
            "cast to float16");
    require(small(0).bits == 0x3dcd, "cast to bfloat16");
    require(whole_numbers(1) == 100000 && whole_numbers(2) == -7, "cast to int64");
    constexpr tn::tensor<float, 2> constant({1.5f, -2.5f});
    constexpr tn::tensor<float, 2> folded = tn::floor(constant) + tn::exp(constant * 0.f);
    require(folded(0) == 2 && folded(1) == -2, "a constant expression");
}

}  // namespace

int main() {
    functions();
    tensors();
    if (wrong != 0) std::printf("%d results are wrong\n", wrong);
    return wrong != 0;
}
