// Numbers of distributions, each from 64 random bits and the parameters: the same on every device, instruction set and compiler.
//
// Sources: G. Marsaglia, W. W. Tsang, "A simple method for generating gamma variables", ACM TOMS 26, 2000; W. Hörmann, "The
// transformed rejection method for generating Poisson random variables", Insurance: Mathematics and Economics 12, 1993, and "The
// generation of binomial random variates", J. Statist. Comput. Simul. 46, 1993.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <limits>

#include <tenon/base/philox.hpp>
#include <tenon/base/strict.hpp>

namespace tenon::inline TENON_TARGET::detail {

/// A number in (0, 1] of the upper 53 bits.
constexpr double unit_of(std::uint64_t bits) { return static_cast<double>((bits >> 11) + 1) * 0x1p-53; }

/// e^x: 2^k times a Taylor polynomial on [−log 2/2, log 2/2]; 0 from −745.2 down.
constexpr double strict_exp(double x) {
    if (x < -745.2) return 0;
    if (x > 709.78) return std::numeric_limits<double>::infinity();
    double const scaled = strict::mul(x, 1.44269504088896340736);
    auto const k = static_cast<int>(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
    double const r = strict::sub(strict::sub(x, strict::mul(k, 0.693147180369123816490)),
                                 strict::mul(k, 1.90821492927058770002e-10));
    double const y =
        strict::polynomial(r, {1 / 6227020800.0, 1 / 479001600.0, 1 / 39916800.0, 1 / 3628800.0, 1 / 362880.0,
                               1 / 40320.0, 1 / 5040.0, 1 / 720.0, 1 / 120.0, 1 / 24.0, 1 / 6.0, 0.5, 1.0, 1.0});
    auto const power = [](int n) { return std::bit_cast<double>(static_cast<std::uint64_t>(1023 + n) << 52); };
    int const half = k / 2;  // in two steps, since 2^k may be no normal number
    return strict::mul(strict::mul(y, power(half)), power(k - half));
}
TENON_HOST_DEVICE inline double strict_sqrt(double x) { return strict::rounded(__builtin_sqrt(strict::rounded(x))); }
constexpr double strict_floor(double x) {
    double const cut = static_cast<double>(static_cast<std::int64_t>(x));
    return cut > x ? cut - 1 : cut;
}
/// What Stirling's formula for log k! leaves out, k ≥ 0 whole.
constexpr double stirling_rest(double k) {
    if (k < 10) {
        constexpr double rest[] = {0.08106146679532726, 0.04134069595540929, 0.02767792568499834, 0.02079067210376509,
                                   0.01664469118982119, 0.01387612882307075, 0.01189670994589177, 0.01041126526197210,
                                   0.00925546218271273, 0.00833056343336287};
        return rest[static_cast<int>(k)];
    }
    double const n = strict::add(k, 1), z = strict::div(1, strict::mul(n, n));
    return strict::div(strict::polynomial(z, {-1 / 1680.0, 1 / 1260.0, -1 / 360.0, 1 / 12.0}), n);
}
/// log k! for k ≥ 0 whole.
constexpr double log_factorial(double k) {
    double const n = strict::add(k, 1);
    double const main = strict::sub(strict::mul(strict::add(k, 0.5), strict_log(n)), n);
    return strict::add(strict::add(main, 0.91893853320467274178), stirling_rest(k));
}

/// As many random numbers as one element needs, from a key of its own.
class random_stream {
public:
    constexpr explicit random_stream(std::uint64_t key) : key_(key) {}
    /// Two numbers in (0, 1].
    constexpr two_numbers units() {
        auto const block = draw();
        return {unit_of(block[0]), unit_of(block[1])};
    }
    TENON_HOST_DEVICE double normal() {
        auto const block = draw();
        return box_muller<53>(block[0] >> 11, block[1] >> 11).first;
    }

private:
    constexpr std::array<std::uint64_t, 2> draw() {
        auto const w =
            philox4x32({next_++, 0, 0, 1}, {static_cast<std::uint32_t>(key_), static_cast<std::uint32_t>(key_ >> 32)});
        return {w[0] | std::uint64_t{w[1]} << 32, w[2] | std::uint64_t{w[3]} << 32};
    }
    std::uint64_t key_;
    std::uint32_t next_ = 0;
};

/// A number of the gamma distribution with density x^(a−1) e^(−x)/Γ(a).
TENON_HOST_DEVICE inline double gamma_number(random_stream& stream, double a) {
    if (!(a >= 0)) return std::numeric_limits<double>::quiet_NaN();
    if (a == 0 || a == std::numeric_limits<double>::infinity()) return a;
    double factor = 1;
    if (a < 1) {  // one of a + 1 times u^(1/a)
        factor = strict_exp(strict::div(strict_log(stream.units().first), a));
        a = strict::add(a, 1);
    }
    double const d = strict::sub(a, 1 / 3.0), c = strict::div(1, strict_sqrt(strict::mul(9, d)));
    for (;;) {
        double const z = stream.normal(), root = strict::add(1, strict::mul(c, z));
        if (root <= 0) continue;
        double const v = strict::mul(root, strict::mul(root, root)), u = stream.units().first;
        double const bound = strict::add(strict::mul(0.5, strict::mul(z, z)),
                                         strict::mul(d, strict::add(strict::sub(1, v), strict_log(v))));
        if (strict_log(u) < bound) return strict::mul(factor, strict::mul(d, v));
    }
}
/// A number of the beta distribution with density x^(a−1) (1−x)^(b−1)/B(a, b).
TENON_HOST_DEVICE inline double beta_number(random_stream& stream, double a, double b) {
    double const x = gamma_number(stream, a), y = gamma_number(stream, b), sum = strict::add(x, y);
    if (sum != 0) return strict::div(x, sum);
    // Both too small for a double: the larger one has nearly all of the sum.
    auto const u = stream.units();
    return strict::mul(strict_log(u.first), b) > strict::mul(strict_log(u.second), a) ? 1 : 0;
}
/// A number of the Poisson distribution: by products of uniform numbers, for a rate of 10 or more by rejection.
TENON_HOST_DEVICE inline double poisson_number(random_stream& stream, double rate) {
    if (!(rate >= 0 && rate < 9e15)) return std::numeric_limits<double>::quiet_NaN();
    if (rate < 10) {
        double const limit = strict_exp(-rate);
        double product = 1;
        for (double k = 0;; k += 2) {
            auto const u = stream.units();
            product = strict::mul(product, u.first);
            if (product <= limit) return k;
            product = strict::mul(product, u.second);
            if (product <= limit) return k + 1;
        }
    }
    double const log_rate = strict_log(rate), b = strict::add(0.931, strict::mul(2.53, strict_sqrt(rate)));
    double const a = strict::add(-0.059, strict::mul(0.02483, b));
    double const log_inverse = strict_log(strict::add(1.1239, strict::div(1.1328, strict::sub(b, 3.4))));
    double const quick = strict::sub(0.9277, strict::div(3.6224, strict::sub(b, 2)));
    for (;;) {
        auto const u = stream.units();
        double const x = u.first - 0.5, v = u.second, edge = 0.5 - (x < 0 ? -x : x);
        if (edge <= 0) continue;
        double const slope = strict::add(strict::div(strict::mul(2, a), edge), b);
        double const k = strict_floor(strict::add(strict::add(strict::mul(slope, x), rate), 0.43));
        if (edge >= 0.07 && v <= quick) return k;
        if (k < 0 || (edge < 0.013 && v > edge)) continue;
        double const hat = strict_log(strict::add(strict::div(a, strict::mul(edge, edge)), b));
        double const left = strict::sub(strict::add(strict_log(v), log_inverse), hat);
        double const right = strict::sub(strict::sub(strict::mul(k, log_rate), rate), log_factorial(k));
        if (left <= right) return k;
    }
}
/// How many of n trials succeed with probability p: by the failures between successes, or by rejection.
TENON_HOST_DEVICE inline double binomial_number(random_stream& stream, double n, double p) {
    if (!(n >= 0 && n < 9e15 && p >= 0 && p <= 1)) return std::numeric_limits<double>::quiet_NaN();
    n = strict_floor(n);
    if (n == 0 || p == 0) return 0;
    if (p > 0.5) return n - binomial_number(stream, n, 1 - p);
    double const failure = 1 - p, log_failure = strict_log(failure);
    if (strict::mul(n, p) < 10) {
        double at = 0;
        for (double k = 0;; k += 1) {
            // Beyond 10^15 trials none is left; p may be so small that log(1 − p) is 0.
            double const steps = log_failure == 0 ? 1e16 : strict::div(strict_log(stream.units().first), log_failure);
            at += steps < 1e16 ? strict_floor(steps) + 1 : 1e16;
            if (at > n) return k;
        }
    }
    double const deviation = strict_sqrt(strict::mul(strict::mul(n, p), failure)), ratio = strict::div(p, failure);
    double const b = strict::add(1.15, strict::mul(2.53, deviation)), centre = strict::add(strict::mul(n, p), 0.5);
    double const a = strict::add(strict::add(-0.0873, strict::mul(0.0248, b)), strict::mul(0.01, p));
    double const quick = strict::sub(0.92, strict::div(4.2, b));
    double const alpha = strict::mul(strict::add(2.83, strict::div(5.1, b)), deviation);
    double const mode = strict_floor(strict::mul(n + 1, p));
    auto const rest = [n](double k) { return strict::add(stirling_rest(k), stirling_rest(n - k)); };
    for (;;) {
        auto const u = stream.units();
        double const x = u.first - 0.5, v = u.second, edge = 0.5 - (x < 0 ? -x : x);
        if (edge <= 0) continue;
        double const slope = strict::add(strict::div(strict::mul(2, a), edge), b);
        double const k = strict_floor(strict::add(strict::mul(slope, x), centre));
        if (edge >= 0.07 && v <= quick) return k;
        if (k < 0 || k > n) continue;
        double const left =
            strict_log(strict::div(strict::mul(v, alpha), strict::add(strict::div(a, strict::mul(edge, edge)), b)));
        double const first =
            strict::mul(mode + 0.5, strict_log(strict::div(mode + 1, strict::mul(ratio, n - mode + 1))));
        double const second = strict::mul(n + 1, strict_log(strict::div(n - mode + 1, n - k + 1)));
        double const third = strict::mul(k + 0.5, strict_log(strict::div(strict::mul(ratio, n - k + 1), k + 1)));
        if (left <= strict::sub(strict::add(strict::add(strict::add(first, second), third), rest(mode)), rest(k)))
            return k;
    }
}

}  // namespace tenon::inline TENON_TARGET::detail
