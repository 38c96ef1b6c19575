// Products of complex matrices, made of four of real ones: (A + iB)(C + iD) = (AC − BD) + i(AD + BC).
#pragma once

#include <complex>
#include <cstddef>

#include <tenon/core/workspace.hpp>
#include <tenon/eval/cpu/gemm_small.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// Which operand of a complex product counts conjugated, as in gradients: ∂A = G·Bᴴ, ∂B = Aᴴ·G.
enum class conjugated { none, left, right };

/// The product of real matrices: gemm.hpp.
template <class T>
[[gnu::noinline]] void gemm_large(std::size_t m, std::size_t n, std::size_t k, matrix<T const> a, matrix<T const> b,
                                  matrix<T> c, bool accumulate);

/// A complex matrix's parts, each row-major by itself: then the real products read and write neighbours.
template <class T>
struct complex_parts {
    buffer<T, dyn> memory;
    matrix<T> re, im;

    complex_parts(std::size_t rows, std::size_t columns) {
        memory.reserve(2 * rows * columns);
        auto const step = static_cast<std::ptrdiff_t>(columns);
        re = {memory.data(), step, 1};
        im = {memory.data() + rows * columns, step, 1};
    }
    complex_parts(std::size_t rows, std::size_t columns, matrix<std::complex<T> const> z, bool conjugate)
        : complex_parts(rows, columns) {
        for (std::size_t i = 0; i != rows; ++i)
            for (std::size_t j = 0; j != columns; ++j) {
                std::complex<T> const v = *z.at(i, j);
                *re.at(i, j) = v.real();
                *im.at(i, j) = conjugate ? -v.imag() : v.imag();
            }
    }
};

/// C = A·B, or C += A·B.
template <class T>
[[gnu::noinline]] void gemm_complex(std::size_t m, std::size_t n, std::size_t k, matrix<std::complex<T> const> a,
                                    matrix<std::complex<T> const> b, matrix<std::complex<T>> c, bool accumulate,
                                    conjugated which) {
    if (m == 0 || n == 0) return;
    complex_parts<T> const left(m, k, a, which == conjugated::left), right(k, n, b, which == conjugated::right);
    complex_parts<T> product(m, n);
    gemm_large<T>(m, n, k, left.re, right.re, product.re, false);
    gemm_large<T>(m, n, k, left.re, right.im, product.im, false);
    gemm_large<T>(m, n, k, left.im, right.re, product.im, true);
    T* const im = left.im.p;
    for (std::size_t i = 0; i != m * k; ++i) im[i] = -im[i];
    gemm_large<T>(m, n, k, left.im, right.im, product.re, true);
    for (std::size_t i = 0; i != m; ++i)
        for (std::size_t j = 0; j != n; ++j) {
            std::complex<T> const v(*product.re.at(i, j), *product.im.at(i, j));
            auto* const to = c.at(i, j);
            *to = accumulate ? *to + v : v;
        }
}

}  // namespace tenon::inline TENON_TARGET::eval
