// The compiler's vectors, below packs: their types, and moving their lanes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include <tenon/base/target.hpp>

namespace tenon::inline TENON_TARGET::element::detail {

template <class T, std::size_t N>
struct vector {
    typedef T type __attribute__((vector_size(sizeof(T) * N)));
};

/// A vector with the same value in every lane. Not constexpr: nvcc would make constants of such vectors and then refuse them
/// in device code.
template <class Vector, class T>
TENON_INLINE Vector repeated(T value) {
    return value - Vector{};  // not + : -0.0 + 0.0 is +0.0
}

template <std::size_t Bytes>
using int_of_size = std::conditional_t<
    Bytes == 1, std::int8_t,
    std::conditional_t<Bytes == 2, std::int16_t, std::conditional_t<Bytes == 4, std::int32_t, std::int64_t>>>;

/// Lanes I of two vectors laid end to end.
template <class V, std::size_t... I>
TENON_INLINE auto picked(V v, V w, std::index_sequence<I...>) {
#if defined(__CUDACC__)
    // nvcc hands this builtin on to the host compiler without the dots that expand the pack.
    constexpr std::size_t n = sizeof(V) / sizeof(v[0]);
    using element = std::remove_cvref_t<decltype(v[0])>;
    return typename vector<element, sizeof...(I)>::type{(I < n ? v[I % n] : w[I % n])...};
#else
    return __builtin_shufflevector(v, w, static_cast<int>(I)...);
#endif
}
/// Lanes First + I of two vectors laid end to end.
template <std::size_t First, class V, std::size_t... I>
TENON_INLINE auto shuffled(V v, V w, std::index_sequence<I...>) {
    return picked(v, w, std::index_sequence<First + I...>{});
}

/// Lanes of 8 to 32 bits widened to a 32-byte vector, which GCC 12 does through general registers unless told the
/// instruction. The source is read from the low lanes of a 16-byte vector.
#if defined(__AVX2__) && !defined(__clang__) && !defined(__CUDACC__)
template <bool Signed, std::size_t From, std::size_t To, class V>
TENON_INLINE auto widened(V v) {
    if constexpr (From == 1 && To == 2) return Signed ? __builtin_ia32_pmovsxbw256(v) : __builtin_ia32_pmovzxbw256(v);
    else if constexpr (From == 1 && To == 4)
        return Signed ? __builtin_ia32_pmovsxbd256(v) : __builtin_ia32_pmovzxbd256(v);
    else if constexpr (From == 1 && To == 8)
        return Signed ? __builtin_ia32_pmovsxbq256(v) : __builtin_ia32_pmovzxbq256(v);
    else if constexpr (From == 2 && To == 4)
        return Signed ? __builtin_ia32_pmovsxwd256(v) : __builtin_ia32_pmovzxwd256(v);
    else if constexpr (From == 2 && To == 8)
        return Signed ? __builtin_ia32_pmovsxwq256(v) : __builtin_ia32_pmovzxwq256(v);
    else return Signed ? __builtin_ia32_pmovsxdq256(v) : __builtin_ia32_pmovzxdq256(v);
}
#endif

/// Every lane as a To of any size, both vectors native and of integers. Narrowing keeps the low part of each: a
/// shuffle, which GCC 12 does better than the conversion.
template <class To, std::size_t N, class V, std::size_t... I>
TENON_INLINE auto resized(V v, std::index_sequence<I...>) {
    using from = std::remove_cvref_t<decltype(v[0])>;
    using result = typename vector<To, N>::type;
    if constexpr (sizeof(To) == sizeof(from)) {
        return reinterpret_cast<result>(v);
    } else if constexpr (sizeof(To) < sizeof(from)) {
        constexpr std::size_t ratio = sizeof(from) / sizeof(To);
        constexpr std::size_t low_part = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 0 : ratio - 1;
        auto const parts = reinterpret_cast<typename vector<To, N * ratio>::type>(v);
        return picked(parts, parts, std::index_sequence<I * ratio + low_part...>{});
    } else {
#if defined(__AVX2__) && !defined(__clang__) && !defined(__CUDACC__)
        if constexpr (sizeof(result) == 32) {
            constexpr std::size_t padded = 16 / sizeof(from);
            using source = std::conditional_t<sizeof(from) == 1, char, int_of_size<sizeof(from)>>;
            auto const low = [&]<std::size_t... J>(std::index_sequence<J...>) {
                return __builtin_shufflevector(v, v, (J < N ? static_cast<int>(J) : -1)...);
            }(std::make_index_sequence<padded>{});
            return reinterpret_cast<result>(widened<std::is_signed_v<from>, sizeof(from), sizeof(To)>(
                reinterpret_cast<typename vector<source, padded>::type>(low)));
        } else
#endif
        {
            using wide = std::conditional_t<std::is_signed_v<from>, std::make_signed_t<To>, std::make_unsigned_t<To>>;
            return reinterpret_cast<result>(__builtin_convertvector(v, typename vector<wide, N>::type));
        }
    }
}

}  // namespace tenon::inline TENON_TARGET::element::detail
