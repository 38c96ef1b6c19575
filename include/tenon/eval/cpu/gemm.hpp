// The matrix product: C = A·B or C += A·B for any strides.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <type_traits>

#include <tenon/base/parallel.hpp>
#include <tenon/eval/cpu/blas.hpp>
#include <tenon/eval/cpu/gemm_blocked.hpp>
#include <tenon/eval/cpu/gemm_complex.hpp>
#include <tenon/eval/cpu/gemm_small.hpp>
#include <tenon/eval/cpu/gemv.hpp>
#include <tenon/eval/cpu/wide_sum.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// How many threads a product is worth, of 0.4 ms each: where other programs use the cores too, waiting for a thread that has
/// lost its turn takes longer than short products do.
constexpr std::size_t gemm_worth(std::size_t m, std::size_t n, std::size_t k) { return m * n * k >> 24; }

/// How deep a product may be before parts of its sums go to a wider type. Each lane of a vector's sums gets 512 terms, and
/// there is one for every pack of the depth where that is contiguous; other products get one term in C for each part of the
/// depth that is packed.
template <class T>
constexpr std::size_t most_depth(std::size_t m, std::size_t n, matrix<T const> a, matrix<T const> b) {
    if (!std::is_floating_point_v<T>) return static_cast<std::size_t>(-1);
    if (m != 1 && n != 1) return terms_in_part * blocking<T>::depth;
    return (m == 1 ? b.rows : a.columns) == 1 ? 512 * tile<T>::lanes : 512;
}
template <class T>
void gemm_deep(std::size_t m, std::size_t n, std::size_t k, matrix<T const> a, matrix<T const> b, matrix<T> c,
               bool accumulate);

/// C = A·B, or C += A·B, element by element: for constant expressions, and for elements that vectors can't hold.
template <class T, conjugated Which = conjugated::none>
constexpr void gemm_one_by_one(std::size_t m, std::size_t n, std::size_t k, matrix<T const> a, matrix<T const> b,
                               matrix<T> c, bool accumulate) {
    for (std::size_t i = 0; i < m; ++i)
        for (std::size_t j = 0; j < n; ++j) {
            T s = accumulate ? *c.at(i, j) : T(0);
            for (std::size_t q = 0; q < k; ++q) {
                T const x = *a.at(i, q), y = *b.at(q, j);
                if constexpr (element::is_complex<T>)
                    s = element::sum_with_product(s, Which == conjugated::left ? T(x.real(), -x.imag()) : x,
                                                  Which == conjugated::right ? T(y.real(), -y.imag()) : y);
                else s = element::sum_with_product<T>(s, x, y);
            }
            *c.at(i, j) = s;
        }
}

/// The product for run-time extents: a vector times a matrix, a BLAS's, or blocks of C for each thread.
template <class T>
void gemm_large(std::size_t m, std::size_t n, std::size_t k, matrix<T const> a, matrix<T const> b, matrix<T> c,
                bool accumulate) {
    if (m == 0 || n == 0) return;
    if (k == 0) return gemm_one_by_one<T>(m, n, k, a, b, c, accumulate);
    if constexpr (std::is_floating_point_v<T>)
        if (k > most_depth<T>(m, n, a, b)) return gemm_deep<T>(m, n, k, a, b, c, accumulate);
    if (m == 1) return gemv<T>(n, k, a.p, a.columns, b, c.p, c.columns, accumulate);
    if (n == 1) return gemv<T>(m, k, b.p, b.rows, a.transposed(), c.p, c.rows, accumulate);
#if defined(TENON_USE_BLAS)
    if constexpr (has_blas<T>)
        if (blas_takes<T>(m, n, k, a, b, c)) return blas_gemm<T>(m, n, k, a, b, c, accumulate);
#endif
    // Each thread has its own columns or rows of C.
    std::size_t const worth = gemm_worth(m, n, k);
    if (n >= m)
        for_each_part(n, tile<T>::columns, worth, [&](std::size_t first, std::size_t last) {
            gemm_blocked<T>(m, last - first, k, a, b.from(0, first), c.from(0, first), accumulate);
        });
    else
        for_each_part(m, tile<T>::rows, worth, [&](std::size_t first, std::size_t last) {
            gemm_blocked<T>(last - first, n, k, a.from(first, 0), b, c.from(first, 0), accumulate);
        });
}

/// The product of many columns of A and as many rows of B: parts of its sums in T, the parts in a wider type.
template <class T>
void gemm_deep(std::size_t m, std::size_t n, std::size_t k, matrix<T const> a, matrix<T const> b, matrix<T> c,
               bool accumulate) {
    std::size_t const most = most_depth<T>(m, n, a, b);
    buffer<T, dyn> part;
    part.reserve(m * n);
    wide_sums<T, dyn> sums;
    sums.start(m * n);
    for (std::size_t first = 0; first < k; first += most) {
        gemm_large<T>(m, n, std::min(most, k - first), a.from(0, first), b.from(first, 0),
                      {part.data(), static_cast<std::ptrdiff_t>(n), 1}, false);
        sums.take(part.data(), 0, m * n);
    }
    sums.finish(part.data(), m * n);
    copy_block<T>(m, n, part.data(), n, c, accumulate);
}

/// Up to so many products of complex numbers one loop takes less time than four products of their parts.
inline constexpr std::size_t largest_complex_one_by_one = 8 * 8 * 8;

/// The elements of the buffers that `gemm_large` takes from the workspace, 0 for one that it does without.
template <class T>
constexpr std::array<std::size_t, 4> gemm_packed(std::size_t m, std::size_t n, std::size_t k, matrix<T const> a,
                                                 matrix<T const> b, matrix<T const> c) {
    if (std::size_t const most = most_depth<T>(m, n, a, b); k > most) {
        matrix<T const> const part{nullptr, static_cast<std::ptrdiff_t>(n), 1};
        auto all = gemm_packed<T>(m, n, most, a, b, part);
        all[2] = m * n;
        all[3] = m * n * sizeof(wider_t<T>) / sizeof(T);
        return all;
    }
    if (m == 1) return {a.columns != 1 ? k : 0, b.rows != 1 && c.columns != 1 ? n : 0};
    if (n == 1 || (c.columns != 1 && c.rows == 1))
        return gemm_packed<T>(n, m, k, b.transposed(), a.transposed(), c.transposed());
    if (blas_takes<T>(m, n, k, a, b, c)) return {};
    packing<T> const p(m, n, k, a, b);
    return {p.size_a(), p.size_b()};
}
/// The same for `gemm`.
template <std::size_t M, std::size_t N, std::size_t K, class T, class A, class B, class C>
constexpr std::array<std::size_t, 4> gemm_packed(std::size_t m, std::size_t n, std::size_t k, A a, B b, C c) {
    if constexpr (element::is_complex<T>) {
        // The parts of both operands and of the product, and what the real products take.
        if (m * n * k <= largest_complex_one_by_one) return {};
        using real = element::real_t<T>;
        auto const depth = static_cast<std::ptrdiff_t>(k), width = static_cast<std::ptrdiff_t>(n);
        matrix<real const> const left{nullptr, depth, 1}, right{nullptr, width, 1};
        auto const inner = gemm_packed<real>(m, n, k, left, right, right);
        return {m * k, k * n, m * n, (inner[0] + inner[1] + inner[2] + inner[3] + 1) / 2};
    }
    if (element::is_dual<T> || !std::is_arithmetic_v<T> || m == 0 || n == 0 || k == 0 ||
        has_small_product<M, N, K, A, B, C>)
        return {};
    return gemm_packed<T>(m, n, k, matrix<T const>(a), matrix<T const>(b), matrix<T const>(c));
}

/// `gemm_small` as a function that all products of its shape and strides share: beyond 8³ its code takes longer to compile and
/// to run than a call.
template <std::size_t M, std::size_t N, std::size_t K, class T, class A, class B, class C>
[[gnu::noinline]] void gemm_shared(A a, B b, C c, bool accumulate) {
    gemm_small<M, N, K, T>(a, b, c, accumulate);
}

/// C = A·B, or C += A·B, where A is M×K and B is K×N. Extents that are not static are `dyn` in the type.
/// @tparam A,B,C kinds of `matrix` @tparam Which the operand whose conjugate is multiplied, of complex numbers
template <std::size_t M, std::size_t N, std::size_t K, class T, conjugated Which = conjugated::none, class A, class B,
          class C>
TENON_INLINE constexpr void gemm(std::size_t m, std::size_t n, std::size_t k, A a, B b, C c, bool accumulate) {
    if constexpr (element::is_complex<T>) {
        if (__builtin_is_constant_evaluated()) gemm_one_by_one<T, Which>(m, n, k, a, b, c, accumulate);
        else if (m * n * k <= largest_complex_one_by_one) gemm_one_by_one<T, Which>(m, n, k, a, b, c, accumulate);
        else gemm_complex<element::real_t<T>>(m, n, k, a, b, c, accumulate, Which);
    } else if constexpr (element::is_dual<T> || !std::is_arithmetic_v<T>)
        gemm_one_by_one<T>(m, n, k, a, b, c, accumulate);
    else if (__builtin_is_constant_evaluated()) gemm_one_by_one<T>(m, n, k, a, b, c, accumulate);
    else if constexpr (!has_small_product<M, N, K, A, B, C>) gemm_large<T>(m, n, k, a, b, c, accumulate);
    else if constexpr (M * N * K <= 8 * 8 * 8) gemm_small<M, N, K, T>(a, b, c, accumulate);
    else gemm_shared<M, N, K, T>(a, b, c, accumulate);
}

}  // namespace tenon::inline TENON_TARGET::eval
