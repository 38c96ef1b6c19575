// The few operations that the vector extension cannot say: square root, fused multiply-add, rounding, the lesser and the
// greater of two in one instruction, stores that pass the caches by, and asking a mask whether any lane is set. Clang has builtins for any vector; for GCC they are named by register, without
// <immintrin.h>, which alone would take longer to read than this directory.
#pragma once

#include "pack.hpp"

namespace tenon::inline TENON_TARGET::math::machine {

#if defined(__clang__)
#pragma float_control(precise, on, push)  // see rounded.hpp
#endif

#if defined(__SSE4_1__) || defined(__CUDA_ARCH__)
inline constexpr bool has_rounding = true;
#else
inline constexpr bool has_rounding = false;
#endif
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA) || defined(__CUDA_ARCH__)
inline constexpr bool has_fma = true;
#else
inline constexpr bool has_fma = false;
#endif

/// Rounding modes as SSE4.1 numbers them; 8 keeps the inexact flag quiet.
enum class rounding { nearest = 8, down = 9, up = 10, to_zero = 11 };

/// Whether `round` and `fma` below know vectors of this size.
template <class T, std::size_t N>
inline constexpr bool has_register =
    std::is_floating_point_v<T> && sizeof(T) * N >= 16 && sizeof(T) * N <= TENON_VECTOR_BYTES;

// One lane, at run time.
template <class T>
TENON_INLINE TENON_HOST_DEVICE T sqrt_single(T x) {
    if constexpr (sizeof(T) == 4) return __builtin_sqrtf(x);
    else return __builtin_sqrt(x);
}
template <class T>
TENON_INLINE TENON_HOST_DEVICE T fma_single(T a, T b, T c) {
    if constexpr (sizeof(T) == 4) return __builtin_fmaf(a, b, c);
    else return __builtin_fma(a, b, c);
}
template <rounding Mode, class T>
TENON_INLINE TENON_HOST_DEVICE T round_single(T x) {
    if constexpr (sizeof(T) == 4) {
        if constexpr (Mode == rounding::nearest) return __builtin_rintf(x);
        if constexpr (Mode == rounding::down) return __builtin_floorf(x);
        if constexpr (Mode == rounding::up) return __builtin_ceilf(x);
        if constexpr (Mode == rounding::to_zero) return __builtin_truncf(x);
    } else {
        if constexpr (Mode == rounding::nearest) return __builtin_rint(x);
        if constexpr (Mode == rounding::down) return __builtin_floor(x);
        if constexpr (Mode == rounding::up) return __builtin_ceil(x);
        if constexpr (Mode == rounding::to_zero) return __builtin_trunc(x);
    }
}

// One register. V is a vector of float or double.
#if defined(__clang__)
template <class V>
TENON_INLINE V sqrt(V x) {
    return __builtin_elementwise_sqrt(x);
}
template <class V>
TENON_INLINE V fma(V a, V b, V c) {
    return __builtin_elementwise_fma(a, b, c);
}
template <rounding Mode, class V>
TENON_INLINE V round(V x) {
    if constexpr (Mode == rounding::nearest) return __builtin_elementwise_roundeven(x);
    if constexpr (Mode == rounding::down) return __builtin_elementwise_floor(x);
    if constexpr (Mode == rounding::up) return __builtin_elementwise_ceil(x);
    if constexpr (Mode == rounding::to_zero) return __builtin_elementwise_trunc(x);
}
/// a < b ? a : b.
template <class V>
TENON_INLINE V lesser(V a, V b) {
    return a < b ? a : b;
}
/// a > b ? a : b.
template <class V>
TENON_INLINE V greater(V a, V b) {
    return a > b ? a : b;
}
#else
template <class V>
TENON_INLINE V sqrt(V x) {
    [[maybe_unused]] constexpr bool is_float = sizeof(x[0]) == 4;
#if TENON_REORDERED_MATH
    return element::detail::square_root(x);
#endif
#if defined(__SSE2__)
    if constexpr (sizeof(V) == 16 && is_float) return __builtin_ia32_sqrtps(x);
    if constexpr (sizeof(V) == 16 && !is_float) return __builtin_ia32_sqrtpd(x);
#endif
#if defined(__AVX__)
    if constexpr (sizeof(V) == 32 && is_float) return __builtin_ia32_sqrtps256(x);
    if constexpr (sizeof(V) == 32 && !is_float) return __builtin_ia32_sqrtpd256(x);
#endif
#if defined(__AVX512F__)
    if constexpr (sizeof(V) == 64 && is_float) return __builtin_ia32_sqrtps512_mask(x, x, -1, 4);
    if constexpr (sizeof(V) == 64 && !is_float) return __builtin_ia32_sqrtpd512_mask(x, x, -1, 4);
#endif
    V result{};
    for (std::size_t i = 0; i < sizeof(V) / sizeof(x[0]); ++i) result[i] = sqrt_single(x[i]);
    return result;
}
template <class V>
TENON_INLINE V fma(V a, V b, V c) {
    [[maybe_unused]] constexpr bool is_float = sizeof(a[0]) == 4;
#if defined(__FMA__)
    if constexpr (sizeof(V) == 16 && is_float) return __builtin_ia32_vfmaddps(a, b, c);
    if constexpr (sizeof(V) == 16 && !is_float) return __builtin_ia32_vfmaddpd(a, b, c);
    if constexpr (sizeof(V) == 32 && is_float) return __builtin_ia32_vfmaddps256(a, b, c);
    if constexpr (sizeof(V) == 32 && !is_float) return __builtin_ia32_vfmaddpd256(a, b, c);
#endif
#if defined(__AVX512F__)
    if constexpr (sizeof(V) == 64 && is_float) return __builtin_ia32_vfmaddps512_mask(a, b, c, -1, 4);
    if constexpr (sizeof(V) == 64 && !is_float) return __builtin_ia32_vfmaddpd512_mask(a, b, c, -1, 4);
#endif
    V result{};
    for (std::size_t i = 0; i < sizeof(V) / sizeof(a[0]); ++i) result[i] = fma_single(a[i], b[i], c[i]);
    return result;
}
template <rounding Mode, class V>
TENON_INLINE V round(V x) {
    [[maybe_unused]] constexpr bool is_float = sizeof(x[0]) == 4;
    [[maybe_unused]] constexpr int mode = static_cast<int>(Mode);
#if defined(__SSE4_1__)
    if constexpr (sizeof(V) == 16 && is_float) return __builtin_ia32_roundps(x, mode);
    if constexpr (sizeof(V) == 16 && !is_float) return __builtin_ia32_roundpd(x, mode);
#endif
#if defined(__AVX__)
    if constexpr (sizeof(V) == 32 && is_float) return __builtin_ia32_roundps256(x, mode);
    if constexpr (sizeof(V) == 32 && !is_float) return __builtin_ia32_roundpd256(x, mode);
#endif
#if defined(__AVX512F__)
    if constexpr (sizeof(V) == 64 && is_float) return __builtin_ia32_rndscaleps_mask(x, mode, x, -1, 4);
    if constexpr (sizeof(V) == 64 && !is_float) return __builtin_ia32_rndscalepd_mask(x, mode, x, -1, 4);
#endif
    V result{};
    for (std::size_t i = 0; i < sizeof(V) / sizeof(x[0]); ++i) result[i] = round_single<Mode>(x[i]);
    return result;
}
/// a < b ? a : b. GCC 12 makes a comparison and a blend of it.
template <class V>
TENON_INLINE V lesser(V a, V b) {
    [[maybe_unused]] constexpr bool is_float = sizeof(a[0]) == 4;
#if defined(__SSE2__)
    if constexpr (sizeof(V) == 16 && is_float) return __builtin_ia32_minps(a, b);
    if constexpr (sizeof(V) == 16 && !is_float) return __builtin_ia32_minpd(a, b);
#endif
#if defined(__AVX__)
    if constexpr (sizeof(V) == 32 && is_float) return __builtin_ia32_minps256(a, b);
    if constexpr (sizeof(V) == 32 && !is_float) return __builtin_ia32_minpd256(a, b);
#endif
#if defined(__AVX512F__)
    if constexpr (sizeof(V) == 64 && is_float) return __builtin_ia32_minps512_mask(a, b, a, -1, 4);
    if constexpr (sizeof(V) == 64 && !is_float) return __builtin_ia32_minpd512_mask(a, b, a, -1, 4);
#endif
    return a < b ? a : b;
}
/// a > b ? a : b. GCC 12 makes a comparison and a blend of it.
template <class V>
TENON_INLINE V greater(V a, V b) {
    [[maybe_unused]] constexpr bool is_float = sizeof(a[0]) == 4;
#if defined(__SSE2__)
    if constexpr (sizeof(V) == 16 && is_float) return __builtin_ia32_maxps(a, b);
    if constexpr (sizeof(V) == 16 && !is_float) return __builtin_ia32_maxpd(a, b);
#endif
#if defined(__AVX__)
    if constexpr (sizeof(V) == 32 && is_float) return __builtin_ia32_maxps256(a, b);
    if constexpr (sizeof(V) == 32 && !is_float) return __builtin_ia32_maxpd256(a, b);
#endif
#if defined(__AVX512F__)
    if constexpr (sizeof(V) == 64 && is_float) return __builtin_ia32_maxps512_mask(a, b, a, -1, 4);
    if constexpr (sizeof(V) == 64 && !is_float) return __builtin_ia32_maxpd512_mask(a, b, a, -1, 4);
#endif
    return a > b ? a : b;
}
#endif

#if defined(__AVX512F__) && defined(__AVX512VL__)
inline constexpr bool has_scaling = true;
/// A mask of all lanes, of whatever type a compiler's builtin takes.
struct every_lane {
    template <class Mask>
    TENON_INLINE constexpr operator Mask() const {
        return static_cast<Mask>(-1);
    }
};
/// x · 2^n for whole numbers n, rounded once: infinite or denormal where that has to be.
template <class V>
TENON_INLINE V scale(V x, V n) {
    constexpr bool is_float = sizeof(x[0]) == 4;
    if constexpr (sizeof(V) == 16 && is_float) return __builtin_ia32_scalefps128_mask(x, n, x, every_lane{});
    if constexpr (sizeof(V) == 16 && !is_float) return __builtin_ia32_scalefpd128_mask(x, n, x, every_lane{});
    if constexpr (sizeof(V) == 32 && is_float) return __builtin_ia32_scalefps256_mask(x, n, x, every_lane{});
    if constexpr (sizeof(V) == 32 && !is_float) return __builtin_ia32_scalefpd256_mask(x, n, x, every_lane{});
    if constexpr (sizeof(V) == 64 && is_float) return __builtin_ia32_scalefps512_mask(x, n, x, every_lane{}, 4);
    if constexpr (sizeof(V) == 64 && !is_float) return __builtin_ia32_scalefpd512_mask(x, n, x, every_lane{}, 4);
}
#else
inline constexpr bool has_scaling = false;
template <class V>
V scale(V x, V n);
#endif

/// Lanes of one vector as the lanes of another, where both or one are floating point. GCC 12 misses the instructions
/// that change the size of a lane.
template <class To, class From>
TENON_INLINE To convert(From x) {
#if defined(__AVX__) && !defined(__clang__)
    using to = std::remove_cvref_t<decltype(To{}[0])>;
    using from = std::remove_cvref_t<decltype(x[0])>;
    if constexpr (sizeof(To) == 32 && sizeof(From) == 16 && std::is_same_v<to, double>) {
        if constexpr (std::is_same_v<from, float>) return __builtin_ia32_cvtps2pd256(x);
        else return __builtin_ia32_cvtdq2pd256(x);
    } else if constexpr (sizeof(To) == 16 && sizeof(From) == 32 && std::is_same_v<from, double>) {
        if constexpr (std::is_same_v<to, float>) return __builtin_ia32_cvtpd2ps256(x);
        else return reinterpret_cast<To>(__builtin_ia32_cvttpd2dq256(x));
    } else
#endif
        return __builtin_convertvector(x, To);
}

/// Stores a vector without reading its cache line first, past the caches; p is aligned to the vector. `stream_fence()` has to
/// follow before another thread may see what was stored.
template <class T, class V>
TENON_INLINE void stream(T* p, V x) {
#if defined(__clang__)
    __builtin_nontemporal_store(x, reinterpret_cast<V*>(p));
#elif defined(__SSE2__)
    [[maybe_unused]] constexpr std::size_t size = sizeof(V);
    using floats = typename element::detail::vector<float, size / sizeof(float)>::type;
    auto* const to = reinterpret_cast<float*>(p);
    auto const v = __builtin_bit_cast(floats, x);
    if constexpr (size == 16) __builtin_ia32_movntps(to, v);
#if defined(__AVX__)
    if constexpr (size == 32) __builtin_ia32_movntps256(to, v);
#endif
#if defined(__AVX512F__)
    if constexpr (size == 64) __builtin_ia32_movntps512(to, v);
#endif
#else
    __builtin_memcpy(p, &x, sizeof x);
#endif
}
TENON_INLINE void stream_fence() {
#if defined(__SSE2__)
    __builtin_ia32_sfence();
#endif
}

/// Whether `load_first` and `store_first` know vectors of this size.
template <class T, std::size_t N>
#if defined(__AVX512F__) && !defined(__CUDACC__)
inline constexpr bool has_part = std::is_floating_point_v<T> && sizeof(T) * N == 64;
#elif defined(__AVX2__) && !defined(__CUDACC__)
inline constexpr bool has_part = std::is_floating_point_v<T> && sizeof(T) * N == 32;
#else
inline constexpr bool has_part = false;
#endif

#if defined(__AVX2__) && !defined(__AVX512F__) && !defined(__CUDACC__)
namespace detail {
/// A register with all bits set, and one without any.
template <class Word>
struct bits_then_none {
    Word words[64 / sizeof(Word)] = {};
    constexpr bits_then_none() {
        for (std::size_t i = 0; i < 32 / sizeof(Word); ++i) words[i] = -1;
    }
};
template <class Word>
inline constexpr bits_then_none<Word> masks_of_lanes;
/// All bits of the first `count` lanes.
template <class V>
TENON_INLINE auto first_lanes(std::size_t count) {
    using word = std::conditional_t<sizeof(V{}[0]) == 4, int, long long>;
    constexpr std::size_t lanes = sizeof(V) / sizeof(word);
    typename element::detail::vector<word, lanes>::type mask;
    __builtin_memcpy(&mask, masks_of_lanes<word>.words + lanes - count, sizeof mask);
    return mask;
}
}  // namespace detail
#endif

/// The first `count` lanes from memory, zeros beyond; the rest of the memory is not touched.
template <class V, class T>
TENON_INLINE V load_first([[maybe_unused]] T const* p, [[maybe_unused]] std::size_t count) {
    [[maybe_unused]] constexpr bool is_float = sizeof(T) == 4;
#if defined(__CUDACC__)
    return V{};
#elif defined(__AVX512F__)
    if constexpr (is_float) return __builtin_ia32_loadups512_mask(p, V{}, static_cast<std::uint16_t>((1u << count) - 1));
    else return __builtin_ia32_loadupd512_mask(p, V{}, static_cast<std::uint8_t>((1u << count) - 1));
#elif defined(__AVX2__)
    auto const mask = detail::first_lanes<V>(count);
    auto const* const from = reinterpret_cast<V const*>(p);
    if constexpr (is_float) return __builtin_ia32_maskloadps256(from, mask);
    else return __builtin_ia32_maskloadpd256(from, mask);
#else
    return V{};
#endif
}
/// The first `count` lanes to memory.
template <class V, class T>
TENON_INLINE void store_first([[maybe_unused]] T* p, [[maybe_unused]] V x, [[maybe_unused]] std::size_t count) {
    [[maybe_unused]] constexpr bool is_float = sizeof(T) == 4;
#if defined(__CUDACC__)
#elif defined(__AVX512F__)
    if constexpr (is_float) __builtin_ia32_storeups512_mask(p, x, static_cast<std::uint16_t>((1u << count) - 1));
    else __builtin_ia32_storeupd512_mask(p, x, static_cast<std::uint8_t>((1u << count) - 1));
#elif defined(__AVX2__)
    auto const mask = detail::first_lanes<V>(count);
    auto* const to = reinterpret_cast<V*>(p);
    if constexpr (is_float) __builtin_ia32_maskstoreps256(to, mask, x);
    else __builtin_ia32_maskstorepd256(to, mask, x);
#endif
}

/// Whether any bit of a vector is set.
template <class V>
TENON_INLINE bool any(V x) {
    [[maybe_unused]] constexpr std::size_t size = sizeof(V);
#if defined(__SSE4_1__)
    if constexpr (size == 16) {
        auto const words = reinterpret_cast<typename element::detail::vector<long long, 2>::type>(x);
        return __builtin_ia32_ptestz128(words, words) == 0;
    } else
#elif defined(__SSE2__)
    if constexpr (size == 16) {
        return __builtin_ia32_pmovmskb128(__builtin_bit_cast(typename element::detail::vector<char, 16>::type, x)) != 0;
    } else
#endif
#if defined(__AVX2__)
        if constexpr (size == 32) {
        auto const words = reinterpret_cast<typename element::detail::vector<long long, 4>::type>(x);
        return __builtin_ia32_ptestz256(words, words) == 0;
    } else
#endif
        if constexpr (size > 8) {
        using half = typename element::detail::vector<std::uint64_t, size / 16>::type;
        auto const both = __builtin_bit_cast(element::detail::halves<half>, x);
        return machine::any(both.low | both.high);
    } else {
        using word = std::make_unsigned_t<element::detail::int_of_size<size>>;
        return __builtin_bit_cast(word, x) != 0;
    }
}

#if defined(__clang__)
#pragma float_control(pop)
#endif

}  // namespace tenon::inline TENON_TARGET::math::machine
