// What one would write by hand: loops over the compiler's vectors of the machine's width, no library. These are the limits.
#pragma once

#include <cstddef>
#include <cstdint>

#if defined(__AVX__)
#include <immintrin.h>
#endif

namespace hand {

#if defined(__AVX512F__)
inline constexpr std::size_t width = 16;
#elif defined(__AVX__)
inline constexpr std::size_t width = 8;
#else
inline constexpr std::size_t width = 4;
#endif

using pack [[gnu::vector_size(width * sizeof(float))]] = float;
using integers [[gnu::vector_size(width * sizeof(float))]] = std::int32_t;

[[gnu::always_inline]] inline pack load(float const* p) {
    pack v;
    __builtin_memcpy(&v, p, sizeof v);
    return v;
}
[[gnu::always_inline]] inline void store(float* p, pack v) { __builtin_memcpy(p, &v, sizeof v); }
/// Past the caches; p is aligned to a pack.
[[gnu::always_inline]] inline void stream(float* p, pack v) {
#if defined(__AVX512F__)
    _mm512_stream_ps(p, reinterpret_cast<__m512>(v));
#elif defined(__AVX__)
    _mm256_stream_ps(p, reinterpret_cast<__m256>(v));
#else
    store(p, v);
#endif
}

[[gnu::always_inline]] inline pack sqrt(pack v) {
#if defined(__AVX512F__)
    return reinterpret_cast<pack>(_mm512_sqrt_ps(reinterpret_cast<__m512>(v)));
#elif defined(__AVX__)
    return reinterpret_cast<pack>(_mm256_sqrt_ps(reinterpret_cast<__m256>(v)));
#else
    for (std::size_t i = 0; i != width; ++i) v[i] = __builtin_sqrtf(v[i]);
    return v;
#endif
}
[[gnu::always_inline]] inline pack larger(pack a, pack b) { return a > b ? a : b; }

[[gnu::always_inline]] inline float sum(pack v) {
    float s = 0;
    for (std::size_t i = 0; i != width; ++i) s += v[i];
    return s;
}
[[gnu::always_inline]] inline float largest(pack v) {
    float m = v[0];
    for (std::size_t i = 1; i != width; ++i) m = v[i] > m ? v[i] : m;
    return m;
}

/// exp(x) for -87 < x < 88: Cephes' polynomial on [-ln 2 / 2, ln 2 / 2], times a power of two put together from bits.
[[gnu::always_inline]] inline pack exp(pack x) {
    pack const lowest = pack{} - 87.3f;
    x = larger(x, lowest);
    pack const shift = pack{} + 12582912.f;  // adding 1.5·2²³ rounds to a whole number
    pack const shifted = x * 1.44269504f + shift;
    pack const n = shifted - shift;
    pack const r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
    pack p = r * 1.9875691500e-4f + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * (r * r) + r + 1.f;
    integers const scale = (reinterpret_cast<integers>(shifted) << 23) + (127 << 23);
    return p * reinterpret_cast<pack>(scale);
}

}  // namespace hand
