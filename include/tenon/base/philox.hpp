// Philox 4x32-10, a random function of a counter and a key, and the numbers that are made from its words.
//
// Source: J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include <tenon/base/strict.hpp>
#include <tenon/base/target.hpp>

namespace tenon::inline TENON_TARGET {

/// Four random words for a counter of 128 bits and a key of 64 bits: ten rounds of
/// (L0, R0, L1, R1) -> (hi(M1 L1) ^ R0 ^ k0, lo(M1 L1), hi(M0 L0) ^ R1 ^ k1, lo(M0 L0)), where the key grows by Weyl
/// constants. A function without state: any block can be computed by any thread.
constexpr std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                                  std::array<std::uint32_t, 2> key) {
    for (int round = 0; round != 10; ++round) {
        std::uint64_t const a = std::uint64_t{0xD2511F53U} * counter[0], b = std::uint64_t{0xCD9E8D57U} * counter[2];
        counter = {static_cast<std::uint32_t>(b >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(b),
                   static_cast<std::uint32_t>(a >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(a)};
        key[0] += 0x9E3779B9U;
        key[1] += 0xBB67AE85U;
    }
    return counter;
}

namespace detail {

/// One block: the words of `philox4x32` for a 64-bit key and a 64-bit counter.
struct random_block {
    std::array<std::uint32_t, 4> word;

    constexpr random_block(std::uint64_t key, std::uint64_t counter)
        : word(philox4x32({static_cast<std::uint32_t>(counter), static_cast<std::uint32_t>(counter >> 32), 0, 0},
                          {static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(key >> 32)})) {}
    /// Half a block as one number, i < 2.
    constexpr std::uint64_t half(std::size_t i) const { return word[2 * i] | std::uint64_t{word[2 * i + 1]} << 32; }
};

/// The high half of a 128-bit product: `a` scaled to [0, b) when `a` stands for a fraction of 2^64.
constexpr std::uint64_t multiply_high(std::uint64_t a, std::uint64_t b) {
    std::uint64_t const a0 = a & 0xFFFFFFFFU, a1 = a >> 32, b0 = b & 0xFFFFFFFFU, b1 = b >> 32;
    std::uint64_t const middle = a1 * b0 + (a0 * b0 >> 32);
    return a1 * b1 + (middle >> 32) + ((a0 * b1 + (middle & 0xFFFFFFFFU)) >> 32);
}

/// Natural logarithm of a positive normal number: 2 atanh((m - 1) / (m + 1)) + e ln 2 for m in [sqrt(1/2), sqrt(2)).
constexpr double strict_log(double x) {
    auto bits = std::bit_cast<std::uint64_t>(x);
    int exponent = static_cast<int>(bits >> 52) - 1023;
    double m = std::bit_cast<double>((bits & 0xFFFFFFFFFFFFFU) | 0x3FF0000000000000U);
    if (m > 1.4142135623730951) {
        m *= 0.5;
        ++exponent;
    }
    double const s = strict::div(m - 1, m + 1), z = strict::mul(s, s);
    double const series = strict::polynomial(
        z, {2.0 / 19, 2.0 / 17, 2.0 / 15, 2.0 / 13, 2.0 / 11, 2.0 / 9, 2.0 / 7, 2.0 / 5, 2.0 / 3, 2.0});
    return strict::add(strict::mul(series, s), strict::mul(exponent, 0.69314718055994530942));
}

/// Numbers that are computed together.
struct two_numbers {
    double first, second;
};

/// Cosine and sine of 2 pi (quarter / 4 + x / 4), x in [-1/2, 1/2]: Taylor series, then a rotation by right angles.
constexpr two_numbers strict_cos_sin(unsigned quarter, double x) {
    double const a = strict::mul(x, 1.57079632679489661923), z = strict::mul(a, a);
    double const s =
        strict::mul(a, strict::polynomial(z, {1 / 355687428096000.0, -1 / 1307674368000.0, 1 / 6227020800.0,
                                              -1 / 39916800.0, 1 / 362880.0, -1 / 5040.0, 1 / 120.0, -1 / 6.0, 1.0}));
    double const c = strict::polynomial(z, {1 / 20922789888000.0, -1 / 87178291200.0, 1 / 479001600.0, -1 / 3628800.0,
                                            1 / 40320.0, -1 / 720.0, 1 / 24.0, -0.5, 1.0});
    switch (quarter & 3U) {
    case 0: return {c, s};
    case 1: return {-s, c};
    case 2: return {-c, -s};
    default: return {s, -c};
    }
}

/// Two normal numbers from two uniform ones of `Bits` bits, by Box and Muller: sqrt(-2 ln u) (cos 2 pi v, sin 2 pi v).
template <int Bits>
TENON_HOST_DEVICE inline two_numbers box_muller(std::uint64_t u, std::uint64_t v) {
    constexpr double scale = 1.0 / static_cast<double>(std::uint64_t{1} << Bits);
    // u = 0 is left out and u = 1 let in, so that the logarithm exists. All of this line is exact.
    double const r2 = -2 * strict_log(static_cast<double>(u + 1) * scale);
    double const radius = strict::rounded(__builtin_sqrt(strict::rounded(r2)));
    auto const quarter = static_cast<unsigned>(v >> (Bits - 2));
    double const x = static_cast<double>(v & ((std::uint64_t{1} << (Bits - 2)) - 1)) * (4 * scale) - 0.5;
    auto const [c, s] = strict_cos_sin(quarter, x);
    return {strict::mul(radius, c), strict::mul(radius, s)};
}

}  // namespace detail
}  // namespace tenon::inline TENON_TARGET
