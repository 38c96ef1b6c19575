// Double arithmetic whose result no compiler flag and no instruction set may change: each operation is rounded once.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <tenon/base/target.hpp>

namespace tenon::inline TENON_TARGET::strict {

/// A float, a double or a vector of them, in a way that the optimiser cannot look through. Costs no instruction.
template <class V>
TENON_INLINE constexpr V opaque(V v) {
#if !defined(__CUDA_ARCH__)
    TENON_AT_RUN_TIME {
#if defined(__AVX512F__)
        asm("" : "+v"(v));
#elif defined(__SSE2__)
        asm("" : "+x"(v));
#elif defined(__aarch64__)
        asm("" : "+w"(v));
#else
        asm("" : "+m"(v));
#endif
    }
#endif
    return v;
}
/// The value itself: a product that goes through here is not contracted into a fused multiply-add, and -ffast-math does not
/// reorder a sum.
TENON_INLINE constexpr double rounded(double v) {
#if defined(__CUDA_ARCH__)
    TENON_AT_RUN_TIME return __dadd_rn(v, -0.0);  // the one addition that nvcc leaves as it is
#endif
    return opaque(v);
}

/// a + b, rounded once.
TENON_INLINE constexpr double add(double a, double b) { return rounded(a + b); }
/// a - b, rounded once.
TENON_INLINE constexpr double sub(double a, double b) { return rounded(a - b); }
/// a * b, rounded once.
TENON_INLINE constexpr double mul(double a, double b) { return rounded(a * b); }
/// a / b, rounded once.
TENON_INLINE constexpr double div(double a, double b) { return rounded(rounded(a) / rounded(b)); }

/// Whether a number is neither infinite nor NaN, also where -ffinite-math-only says that there are no others.
TENON_INLINE constexpr bool isfinite(double v) { return (std::bit_cast<std::uint64_t>(v) >> 52 & 0x7FF) != 0x7FF; }

/// Horner's scheme, coefficients from the highest power down.
template <std::size_t N>
TENON_INLINE constexpr double polynomial(double x, double const (&c)[N]) {
    double y = c[0];
    for (std::size_t i = 1; i != N; ++i) y = add(mul(y, x), c[i]);
    return y;
}

}  // namespace tenon::inline TENON_TARGET::strict
