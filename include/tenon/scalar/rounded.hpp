// Arithmetic that stays as it is written under -ffast-math and its parts.
//
// Elementary functions and accurate sums live from rounding errors: they add 1.5 * 2^23 to round, and take (a + b) - a to see
// what a sum lost. A compiler that may reorder sums takes such steps out, one that may multiply by reciprocals divides by 1e-310
// through infinity, and one that knows no NaN and no infinity drops the tests for them. With clang a pragma around the operators
// of pack switches that off; g++ has none that survives inlining, so values go through an empty asm statement, which costs no
// instruction. Where no such flag is given nothing of it is compiled.
#pragma once

#include <limits>
#include <type_traits>

#include <tenon/base/strict.hpp>
#include <tenon/base/target.hpp>

/// @def TENON_REORDERED_MATH
/// 1 where the compiler may rearrange floating point arithmetic. Clang does not tell of every flag, and needs not.
#if (defined(__FAST_MATH__) || defined(__ASSOCIATIVE_MATH__) || defined(__RECIPROCAL_MATH__) ||                        \
     (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__)) &&                                                       \
    !defined(__clang__) && !defined(__CUDA_ARCH__)
#define TENON_REORDERED_MATH 1
#else
#define TENON_REORDERED_MATH 0
#endif

namespace tenon::inline TENON_TARGET::element::detail {

using strict::opaque;

#if TENON_REORDERED_MATH
/// The sum or difference of two lanes, rounded once; integers as they are.
template <class V>
TENON_INLINE constexpr V settled(V v) {
    if constexpr (std::is_integral_v<V>) return v;
    else if constexpr (std::is_floating_point_v<V>) return opaque(v);
    else if constexpr (std::is_integral_v<std::remove_cvref_t<decltype(v[0])>>) return v;
    else return opaque(v);
}
#define TENON_ROUNDED(...) ::tenon::element::detail::settled(__VA_ARGS__)

/// a / b by the instruction itself: g++ would take an approximate reciprocal, which is 0 beside the greatest numbers.
template <class V>
TENON_INLINE constexpr V divided(V a, V b) {
    constexpr bool scalar = std::is_floating_point_v<V>;
    if (__builtin_is_constant_evaluated()) return a / b;
#if defined(__SSE2__)
#if defined(__AVX512F__)
#define TENON_DIVIDE(name) asm("v" name " %2, %1, %0" : "=v"(a) : "v"(a), "v"(b))
#elif defined(__AVX__)
#define TENON_DIVIDE(name) asm("v" name " %2, %1, %0" : "=x"(a) : "x"(a), "x"(b))
#else
#define TENON_DIVIDE(name) asm(name " %1, %0" : "+x"(a) : "x"(b))
#endif
    if constexpr (std::is_same_v<V, float>) TENON_DIVIDE("divss");
    else if constexpr (std::is_same_v<V, double>) TENON_DIVIDE("divsd");
    else if constexpr (sizeof(V) == 8)
        return V{divided(a[0], b[0]), divided(a[1], b[1])};  // the register's rest is anything
    else if constexpr (!scalar) {
        if constexpr (sizeof(a[0]) == 4) TENON_DIVIDE("divps");
        else TENON_DIVIDE("divpd");
    }
#undef TENON_DIVIDE
    return a;
#else
    return opaque(a / opaque(b));
#endif
}
#define TENON_DIVIDED(a, b) ::tenon::element::detail::divided(a, b)

/// The square root by the instruction itself: g++ would take an approximate one, which is NaN for infinity.
template <class V>
TENON_INLINE V square_root(V x) {
#if defined(__SSE2__)
#if defined(__AVX512F__)
#define TENON_ROOT(name) asm("v" name " %1, %0" : "=v"(x) : "v"(x))
#elif defined(__AVX__)
#define TENON_ROOT(name) asm("v" name " %1, %0" : "=x"(x) : "x"(x))
#else
#define TENON_ROOT(name) asm(name " %1, %0" : "=x"(x) : "x"(x))
#endif
    if constexpr (sizeof(V) == 8) return V{__builtin_sqrtf(x[0]), __builtin_sqrtf(x[1])};
    else if constexpr (sizeof(x[0]) == 4) TENON_ROOT("sqrtps");
    else TENON_ROOT("sqrtpd");
#undef TENON_ROOT
    return x;
#else
    V result{};
    for (unsigned i = 0; i != sizeof(V) / sizeof(x[0]); ++i)
        result[i] = opaque(sizeof(x[0]) == 4 ? __builtin_sqrtf(x[i]) : __builtin_sqrt(x[i]));
    return result;
#endif
}
#else
#define TENON_DIVIDED(a, b) ((a) / (b))
#define TENON_ROUNDED(...) __VA_ARGS__
#endif

}  // namespace tenon::inline TENON_TARGET::element::detail

namespace tenon::inline TENON_TARGET::math {

#if defined(__clang__)
#pragma float_control(precise, on, push)
#endif
/// Infinities and NaN as constants: clang takes std::numeric_limits' for undefined values where it is told that there are none.
template <class T>
inline constexpr T infinity = std::numeric_limits<T>::infinity();
template <class T>
inline constexpr T minus_infinity = -std::numeric_limits<T>::infinity();
template <class T>
inline constexpr T not_a_number = std::numeric_limits<T>::quiet_NaN();
#if defined(__clang__)
#pragma float_control(pop)
#endif

/// v, rounded as it stands: what was computed before is not rearranged with what is computed from it, and not contracted into a
/// fused multiply-add. Sums and differences of packs need no such help, numbers that are added up outside packs do.
/// @tparam T float or double
template <class T>
    requires std::is_floating_point_v<T>
TENON_INLINE constexpr T rounded(T v) {
    return element::detail::opaque(v);
}

}  // namespace tenon::inline TENON_TARGET::math
