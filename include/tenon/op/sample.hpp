// Random numbers of distributions as elementwise operators: of random bits and of parameters.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>

#include <tenon/base/distribution.hpp>
#include <tenon/op/elementwise.hpp>

namespace tenon::inline TENON_TARGET {

/// A distribution is a class with its name, its number of parameters, the values of the last of them where these are not given, whether
/// numbers are valid parameters, and the number that 64 random bits become.
namespace distributions {
using tenon::detail::random_stream;
using tenon::detail::strict_exp;
using tenon::detail::strict_log;
using tenon::detail::unit_of;

struct uniform {
    static constexpr char const* name = "uniform";
    static constexpr double defaults[] = {0, 1};
    static constexpr std::size_t required = 0;
    static constexpr bool valid(double low, double high) { return low <= high && high - low < 1e308; }
    TENON_HOST_DEVICE static double number(std::uint64_t bits, double low, double high) {
        return strict::add(low, strict::mul(strict::sub(high, low), static_cast<double>(bits >> 11) * 0x1p-53));
    }
    /// Of an element type: what is rounded up to `high` becomes `low`.
    template <class T>
    TENON_HOST_DEVICE static T rounded(double y, double low, double high) {
        auto const v = static_cast<T>(y);
        return static_cast<double>(v) >= high ? static_cast<T>(low) : v;
    }
};
struct normal {
    static constexpr char const* name = "normal";
    static constexpr double defaults[] = {0, 1};
    static constexpr std::size_t required = 0;
    static constexpr bool valid(double, double std) { return std >= 0; }
    TENON_HOST_DEVICE static double number(std::uint64_t bits, double mean, double std) {
        return strict::add(mean, strict::mul(std, random_stream(bits).normal()));
    }
};
struct log_normal : normal {
    static constexpr char const* name = "log_normal";
    TENON_HOST_DEVICE static double number(std::uint64_t bits, double mean, double std) {
        return strict_exp(normal::number(bits, mean, std));
    }
};
struct exponential {
    static constexpr char const* name = "exponential";
    static constexpr double defaults[] = {1};
    static constexpr std::size_t required = 0;
    static constexpr bool valid(double rate) { return rate > 0; }
    TENON_HOST_DEVICE static double number(std::uint64_t bits, double rate) {
        return strict::div(-strict_log(unit_of(bits)), rate);
    }
};
struct laplace {
    static constexpr char const* name = "laplace";
    static constexpr double defaults[] = {0, 1};
    static constexpr std::size_t required = 0;
    static constexpr bool valid(double, double scale) { return scale > 0; }
    TENON_HOST_DEVICE static double number(std::uint64_t bits, double loc, double scale) {
        // An exponential number whose sign is the lowest bit, which the number itself does not use.
        double const size = strict::mul(scale, -strict_log(unit_of(bits)));
        return strict::add(loc, (bits & 1) != 0 ? size : -size);
    }
};
struct cauchy {
    static constexpr char const* name = "cauchy";
    static constexpr double defaults[] = {0, 1};
    static constexpr std::size_t required = 0;
    static constexpr bool valid(double, double scale) { return scale > 0; }
    TENON_HOST_DEVICE static double number(std::uint64_t bits, double median, double scale) {
        // The tangent of an angle from the whole circle.
        double const x = static_cast<double>(bits << 2 >> 11) * 0x1p-53 - 0.5;
        auto const [c, s] = tenon::detail::strict_cos_sin(static_cast<unsigned>(bits >> 62), x);
        return strict::add(median, strict::mul(scale, strict::div(s, c)));
    }
};
struct gumbel {
    static constexpr char const* name = "gumbel";
    static constexpr double defaults[] = {0, 1};
    static constexpr std::size_t required = 0;
    static constexpr bool valid(double, double scale) { return scale > 0; }
    TENON_HOST_DEVICE static double number(std::uint64_t bits, double loc, double scale) {
        // u in (0, 1): of 1 the logarithm would be 0, and that has none.
        double const u = (static_cast<double>(bits >> 12) + 0.5) * 0x1p-52;
        return strict::sub(loc, strict::mul(scale, strict_log(-strict_log(u))));
    }
};
struct geometric {
    static constexpr char const* name = "geometric";
    static constexpr double defaults[] = {0};
    static constexpr std::size_t required = 1;
    static constexpr bool valid(double p) { return p > 0 && p <= 1; }
    TENON_HOST_DEVICE static double number(std::uint64_t bits, double p) {
        if (p == 1) return 1;
        return tenon::detail::strict_floor(strict::div(strict_log(unit_of(bits)), strict_log(1 - p))) + 1;
    }
};
struct bernoulli {
    static constexpr char const* name = "bernoulli";
    static constexpr double defaults[] = {0};
    static constexpr std::size_t required = 1;
    static constexpr bool valid(double p) { return p >= 0 && p <= 1; }
    TENON_HOST_DEVICE static double number(std::uint64_t bits, double p) {
        return static_cast<double>(bits >> 11) * 0x1p-53 < p ? 1 : 0;
    }
};
struct gamma {
    static constexpr char const* name = "gamma";
    static constexpr double defaults[] = {0, 1};
    static constexpr std::size_t required = 1;
    static constexpr bool valid(double concentration, double rate) { return concentration > 0 && rate > 0; }
    TENON_HOST_DEVICE static double number(std::uint64_t bits, double concentration, double rate) {
        random_stream stream(bits);
        return strict::div(tenon::detail::gamma_number(stream, concentration), rate);
    }
};
struct beta {
    static constexpr char const* name = "beta";
    static constexpr double defaults[] = {0, 0};
    static constexpr std::size_t required = 2;
    static constexpr bool valid(double a, double b) { return a > 0 && b > 0; }
    TENON_HOST_DEVICE static double number(std::uint64_t bits, double a, double b) {
        random_stream stream(bits);
        return tenon::detail::beta_number(stream, a, b);
    }
};
struct poisson {
    static constexpr char const* name = "poisson";
    static constexpr double defaults[] = {0};
    static constexpr std::size_t required = 1;
    static constexpr bool valid(double rate) { return rate >= 0 && rate < 9e15; }
    TENON_HOST_DEVICE static double number(std::uint64_t bits, double rate) {
        random_stream stream(bits);
        return tenon::detail::poisson_number(stream, rate);
    }
};
struct binomial {
    static constexpr char const* name = "binomial";
    static constexpr double defaults[] = {0, 0};
    static constexpr std::size_t required = 2;
    static constexpr bool valid(double n, double p) { return n >= 0 && n < 9e15 && p >= 0 && p <= 1; }
    TENON_HOST_DEVICE static double number(std::uint64_t bits, double n, double p) {
        random_stream stream(bits);
        return tenon::detail::binomial_number(stream, n, p);
    }
};
}  // namespace distributions

namespace op {
/// A number of a distribution from random bits and the parameters; where these are not valid NaN, of integers 0.
/// @tparam T its element type
template <class Distribution, class T>
struct sample {
    using no_slope = void;
    static constexpr char const* name = Distribution::name;
    template <class Bits, class... P>
    struct types {
        using result = T;
        template <std::size_t I>
        using operand = std::conditional_t<I == 0, std::int64_t, double>;
    };
    template <class Bits, class... P>
    TENON_LANE static auto value(Bits bits, P... p) {
        using lanes = element::pack<element::computed_t<T>, Bits::lanes>;
        return lanes::generate([&](std::size_t i) { return one(bits[i], p[i]...); });
    }

private:
    template <class... P>
    static TENON_HOST_DEVICE element::computed_t<T> one(std::int64_t bits, P... p) {
        double y = std::is_integral_v<T> ? 0 : std::numeric_limits<double>::quiet_NaN();
        if (Distribution::valid(p...)) {
            y = Distribution::number(static_cast<std::uint64_t>(bits), p...);
            if constexpr (requires { Distribution::template rounded<T>(y, p...); })
                return static_cast<element::computed_t<T>>(Distribution::template rounded<T>(y, p...));
        }
        return static_cast<element::computed_t<T>>(y);
    }
};
}  // namespace op

}  // namespace tenon::inline TENON_TARGET
