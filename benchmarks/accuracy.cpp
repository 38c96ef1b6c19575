// The table of docs/numerics.md: the greatest error of each elementary function, in units of the last place, against the C
// library in long double. Arguments are every 4001st float, as many doubles evenly over their bit patterns, and numbers around
// the places where formulas change. Results that are denormal count in units of the least denormal number.
#include <tenon/scalar/math.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <vector>

namespace math = tenon::math;
using tenon::element::pack;
using real = long double;

namespace {

template <class T>
std::vector<T> arguments(real from, real to) {
    using word = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
    std::vector<T> all;
    constexpr word step = sizeof(T) == 4 ? word(4001) : static_cast<word>(std::uint64_t(4001) << 32 | 12345);
    word bits = 0;
    do {
        T const x = std::bit_cast<T>(bits);
        if (x >= from && x <= to) all.push_back(x);
        bits += step;
    } while (bits >= step);
    real const first = std::max(from, real(-40)), last = std::min(to, real(40));
    for (int i = 0; i <= 300000; ++i) all.push_back(static_cast<T>(first + (last - first) * i / 300000));
    all.resize((all.size() + 63) / 64 * 64, all.back());
    return all;
}

/// The greatest error of f for numbers from one bound to another.
template <class T>
double worst(auto const& f, auto const& truth, real from, real to) {
    constexpr std::size_t n = tenon::element::native_lanes<T>;
    double most = 0;
    auto const x = arguments<T>(from, to);
    for (std::size_t i = 0; i < x.size(); i += n) {
        T y[n];
        f(pack<T, n>::load(&x[i])).store(y);
        for (std::size_t k = 0; k != n; ++k) {
            real const right = truth(static_cast<real>(x[i + k]));
            T const rounded = static_cast<T>(right);
            if (!std::isfinite(rounded) || !std::isfinite(y[k])) {
                if (std::isnan(rounded) != std::isnan(y[k]) || (!std::isnan(rounded) && rounded != y[k]))
                    most = INFINITY;
                continue;
            }
            int const place = right == 0 ? 0 : std::max(std::ilogb(right) + 1, std::numeric_limits<T>::min_exponent);
            real const unit = std::ldexp(real(1), place - std::numeric_limits<T>::digits);
            most = std::max(most, static_cast<double>(std::abs(static_cast<real>(y[k]) - right) / unit));
        }
    }
    return most;
}

void row(char const* name, auto const& f, auto const& truth, real from = -INFINITY, real to = INFINITY) {
    auto const text = [](double error, char* out) {
        if (std::isinf(error)) std::snprintf(out, 16, "differs");
        else std::snprintf(out, 16, "%.2f", std::ceil(error * 100) / 100);
    };
    char single[16], twice[16], range[48] = "all";
    text(worst<float>(f, truth, from, to), single);
    text(worst<double>(f, truth, from, to), twice);
    if (std::isfinite(from) || std::isfinite(to)) std::snprintf(range, sizeof range, "%Lg … %Lg", from, to);
    std::printf("| `%s` | %s | %s | %s |\n", name, single, twice, range);
    std::fflush(stdout);
}
#define FUNCTION(name, ...)                                                                                            \
    row(#name, [](auto x) { return math::name(x); }, [](real x) { return std::name(x); } __VA_OPT__(, ) __VA_ARGS__)

real normal_part(real x) { return std::erfc(-x / std::sqrt(real(2))) / 2; }

/// Newton's method from the double result.
real erfinv(real x) {
    if (std::abs(x) >= 1) return std::abs(x) == 1 ? std::copysign(real(INFINITY), x) : real(NAN);
    real y = math::erfinv(pack<double, 1>(static_cast<double>(x))).raw;
    if (std::isinf(y)) y = std::copysign(real(5.9), x);
    for (int i = 0; i != 3; ++i) {
        real const side = x < 0 ? -1 : 1;
        real const error = std::abs(x) < 0.5L ? std::erf(y) - x : side * ((1 - std::abs(x)) - std::erfc(std::abs(y)));
        y -= error / (2 / std::sqrt(std::acos(real(-1))) * std::exp(-y * y));
    }
    return y;
}

}  // namespace

int main() {
    std::printf("| function | float | double | arguments |\n| --- | --- | --- | --- |\n");
    FUNCTION(exp);
    FUNCTION(exp2);
    FUNCTION(expm1);
    FUNCTION(log);
    FUNCTION(log2);
    FUNCTION(log10);
    FUNCTION(log1p);
    FUNCTION(sqrt);
    row("1 / sqrt", [](auto x) { return 1 / math::sqrt(x); }, [](real x) { return 1 / std::sqrt(x); });
    row("pow(x, 1.7)", [](auto x) { return math::pow(x, 1.7f); }, [](real x) { return std::pow(x, real(1.7f)); });
    row(
        "pow(1.7, x)", [](auto x) { return math::pow(decltype(x)(1.7f), x); },
        [](real x) { return std::pow(real(1.7f), x); });
    FUNCTION(cbrt);
    FUNCTION(sin);
    FUNCTION(cos);
    FUNCTION(tan);
    FUNCTION(asin);
    FUNCTION(acos);
    FUNCTION(atan);
    FUNCTION(sinh);
    FUNCTION(cosh);
    FUNCTION(tanh);
    FUNCTION(asinh);
    FUNCTION(acosh);
    FUNCTION(atanh);
    FUNCTION(erf);
    FUNCTION(erfc);
    row("erfinv", [](auto x) { return math::erfinv(x); }, erfinv);
    row("sigmoid", [](auto x) { return math::sigmoid(x); }, [](real x) { return 1 / (1 + std::exp(-x)); });
    row("silu", [](auto x) { return x * math::sigmoid(x); }, [](real x) { return x / (1 + std::exp(-x)); }, -80, 1e30L);
    for (real from : {-5, -1})
        row(
            "gelu", [](auto x) { return 0.5f * x * math::erfc(x * -0.70710678118654752440); },
            [](real x) { return x * normal_part(x); }, from, 1e30L);
    row("hypot(x, 3)", [](auto x) { return math::hypot(x, 3.f); }, [](real x) { return std::hypot(x, real(3)); });
    row("atan2(x, 3)", [](auto x) { return math::atan2(x, 3.f); }, [](real x) { return std::atan2(x, real(3)); });
    row("fmod(x, 0.7)", [](auto x) { return math::fmod(x, 0.7f); }, [](real x) { return std::fmod(x, real(0.7f)); });
    row(
        "remainder(x, 0.7)", [](auto x) { return math::remainder(x, 0.7f); },
        [](real x) {
            real const rest = std::fmod(x, real(0.7f));
            return rest < 0 ? rest + real(0.7f) : rest;
        },
        -1e6L, 1e6L);
    FUNCTION(floor);
    FUNCTION(ceil);
    FUNCTION(trunc);
    row("round", [](auto x) { return math::round(x); }, [](real x) { return std::nearbyint(x); });
}
