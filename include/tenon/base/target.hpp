// What the compiler was told about the machine: the name of the instruction set and how code is forced inline.
#pragma once

/// @def TENON_TARGET
/// The inline namespace inside `tenon` that holds everything. It is named after the instruction set, so that two
/// translation units built with different `-m` flags have different symbols and the linker cannot merge an AVX-512
/// function into a program that was started on an older processor.
#if defined(__AVX512F__) && defined(__AVX512DQ__) && defined(__AVX512BW__) && defined(__AVX512VL__)
#define TENON_TARGET avx512
#define TENON_VECTOR_BYTES 64
#elif defined(__AVX2__) && defined(__FMA__)
#define TENON_TARGET avx2
#define TENON_VECTOR_BYTES 32
#elif defined(__SSE4_1__)
#define TENON_TARGET sse4
#define TENON_VECTOR_BYTES 16
#elif defined(__SSE2__)
#define TENON_TARGET sse2
#define TENON_VECTOR_BYTES 16
#elif defined(__ARM_NEON)
#define TENON_TARGET neon
#define TENON_VECTOR_BYTES 16
#else
#define TENON_TARGET generic
#define TENON_VECTOR_BYTES 16
#endif

/// @def TENON_FORCE_INLINE
/// Whether code inside elementwise loops is inlined whatever the compiler thinks: 1 in optimised builds, since a call that
/// stayed a call would keep a loop's values in memory, and in device code. 0 without optimisation, where they are there
/// anyway, and where a copy of every function for every place that calls it takes the compiler two to three times as long
/// (a test under ASan with clang 19: 90 s at -O1, 31 s at -O0 without the copies); a debugger then steps through functions as
/// they are written. Define it as 0 where compile time matters more than speed.
#ifndef TENON_FORCE_INLINE
#if defined(__OPTIMIZE__) || defined(__CUDACC__)
#define TENON_FORCE_INLINE 1
#else
#define TENON_FORCE_INLINE 0
#endif
#endif

// Whether a constant expression is being computed is asked by the compiler's own `__builtin_is_constant_evaluated()`, alone in an
// `if`: the standard's function is a call, and g++ keeps what stands behind it until calls are inlined, at -O0 for good; it does
// the same behind `!`. A network of 24 layers has a fifth less code to optimise without.

/// @def TENON_AT_RUN_TIME
/// The statement that follows is not part of constant expressions: `if !consteval` of C++23.
#define TENON_AT_RUN_TIME                                                                                              \
    if (__builtin_is_constant_evaluated()) {                                                                           \
    } else

/// @def TENON_INLINE
/// Code inside an elementwise loop.
/// @def TENON_LAMBDA_INLINE
/// The same for a lambda, between its parameters and its body.
#if TENON_FORCE_INLINE
#define TENON_INLINE [[gnu::always_inline]] inline
#define TENON_LAMBDA_INLINE __attribute__((always_inline))
#else
#define TENON_INLINE inline
#define TENON_LAMBDA_INLINE
#endif

/// @def TENON_ON_USE
/// Before a function or a class that depends on no type: makes it a template, so that compilers pass over its body, and over what
/// that needs of the standard library, in programs that have no use for it. Most programs read no files.
#define TENON_ON_USE template <class = void>

/// @def TENON_UNROLL
/// Before a loop over registers of a constant number, at most 16: it is written out, so that an array of them needs no memory.
/// `unroll` of base/tuple.hpp is for bodies that need the number as a constant, and takes the compiler longer.
#if defined(__clang__)
#define TENON_UNROLL _Pragma("unroll")
#else
#if defined(__CUDACC__)
#pragma nv_diag_suppress 1675  // nvcc doesn't know the pragma, and hands it on to g++, which does
#endif
#define TENON_UNROLL _Pragma("GCC unroll 16")
#endif

namespace tenon::inline TENON_TARGET {
/// Whether code for the processor is being made. nvcc reads a file once more for each device, and fails on the vectors of
/// the processor's loops; functions that start such loops are empty then.
#if defined(__CUDA_ARCH__)
inline constexpr bool host_code = false;
#else
inline constexpr bool host_code = true;
#endif
}  // namespace tenon::inline TENON_TARGET

/// @def TENON_HOST_DEVICE
/// Functions that also run inside a CUDA kernel.
#if defined(__CUDACC__)
#define TENON_HOST_DEVICE __host__ __device__
#else
#define TENON_HOST_DEVICE
#endif
