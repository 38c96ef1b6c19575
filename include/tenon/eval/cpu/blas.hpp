// Large products by a BLAS: for programs that are compiled with TENON_USE_BLAS and linked with one.
#pragma once

#include <cstddef>
#include <limits>
#include <type_traits>

#include <tenon/eval/cpu/gemm_tile.hpp>

/// @def TENON_USE_BLAS
/// Defined by a program that is linked with a BLAS (Fortran's interface with 32-bit integers: OpenBLAS, BLIS, MKL, ATLAS): matrix
/// products of float and double from 2²¹ multiplications on are its affair, and so are its threads. All of a program has to be
/// compiled with it, or nothing. Results may then depend on the number of threads.
#if defined(TENON_USE_BLAS)
extern "C" {
// NOLINTBEGIN(readability-identifier-naming)
void sgemm_(char const*, char const*, int const*, int const*, int const*, float const*, float const*, int const*,
            float const*, int const*, float const*, float*, int const*);
void dgemm_(char const*, char const*, int const*, int const*, int const*, double const*, double const*, int const*,
            double const*, int const*, double const*, double*, int const*);
// NOLINTEND(readability-identifier-naming)
}
#endif

namespace tenon::inline TENON_TARGET::eval {

/// Whether products of T may go to a BLAS.
template <class T>
inline constexpr bool has_blas =
#if defined(TENON_USE_BLAS)
    std::is_same_v<T, float> || std::is_same_v<T, double>;
#else
    false;
#endif

namespace detail {
/// Whether a matrix is one of Fortran's or the transpose of one.
template <class T>
constexpr bool is_blas_matrix(matrix<T> const& x, std::size_t rows, std::size_t columns) {
    auto const fits = [](std::ptrdiff_t step, std::size_t length) {
        return step >= 1 && static_cast<std::size_t>(step) >= length && step <= std::numeric_limits<int>::max();
    };
    return (x.columns == 1 && fits(x.rows, columns)) || (x.rows == 1 && fits(x.columns, rows));
}
}  // namespace detail

/// Whether the BLAS computes C (m×n) = A (m×k) · B (k×n). On Zen 3 the products of this library take 0.9 to 1 times as long as
/// OpenBLAS's up to 128³, and 0.98 to 1.01 times beyond.
template <class T>
constexpr bool blas_takes([[maybe_unused]] std::size_t m, [[maybe_unused]] std::size_t n,
                          [[maybe_unused]] std::size_t k, [[maybe_unused]] matrix<T const> a,
                          [[maybe_unused]] matrix<T const> b, [[maybe_unused]] matrix<T const> c) {
    if constexpr (has_blas<T>) {
        constexpr std::size_t least = std::size_t{1} << 21, most = std::numeric_limits<int>::max();
        return m <= most && n <= most && k <= most && m > 1 && n > 1 && m * n * k >= least &&
               detail::is_blas_matrix(a, m, k) && detail::is_blas_matrix(b, k, n) && detail::is_blas_matrix(c, m, n);
    } else return false;
}

#if defined(TENON_USE_BLAS)
/// C = A·B or C += A·B, where `blas_takes` it. Rows of C that are contiguous are Fortran's columns of Cᵀ = Bᵀ·Aᵀ.
template <class T>
void blas_gemm(std::size_t m, std::size_t n, std::size_t k, matrix<T const> a, matrix<T const> b, matrix<T> c,
               bool accumulate) {
    if (c.columns != 1) return blas_gemm<T>(n, m, k, b.transposed(), a.transposed(), c.transposed(), accumulate);
    struct factor {
        char transposed;
        int step;
        explicit factor(matrix<T const> const& x)
            : transposed(x.columns == 1 ? 'N' : 'T'), step(static_cast<int>(x.columns == 1 ? x.rows : x.columns)) {}
    };
    factor const left(b), right(a);
    int const rows = static_cast<int>(n), columns = static_cast<int>(m), depth = static_cast<int>(k),
              step = static_cast<int>(c.rows);
    T const one(1), start(accumulate ? 1 : 0);
    if constexpr (std::is_same_v<T, float>)
        sgemm_(&left.transposed, &right.transposed, &rows, &columns, &depth, &one, b.p, &left.step, a.p, &right.step,
               &start, c.p, &step);
    else
        dgemm_(&left.transposed, &right.transposed, &rows, &columns, &depth, &one, b.p, &left.step, a.p, &right.step,
               &start, c.p, &step);
}
#endif

}  // namespace tenon::inline TENON_TARGET::eval
