// As much of cuBLAS as linear algebra on the device uses, on the host: columns after columns, as LAPACK has them.
#pragma once

#include <cmath>
#include <cstddef>
#include <utility>

#include "cublasLt.h"

enum cublasFillMode_t { CUBLAS_FILL_MODE_LOWER, CUBLAS_FILL_MODE_UPPER };
enum cublasSideMode_t { CUBLAS_SIDE_LEFT, CUBLAS_SIDE_RIGHT };
enum cublasDiagType_t { CUBLAS_DIAG_NON_UNIT, CUBLAS_DIAG_UNIT };

namespace host_cuda {
struct library {
    cudaStream_t stream = nullptr;
};

/// A square matrix, column after column.
template <class T>
struct columns {
    T* p;
    int leading;
    T& operator()(int i, int j) const { return p[i + static_cast<std::ptrdiff_t>(j) * leading]; }
};
/// PA = LU by exchanges of rows, which are counted from 1. Gives the number of the first pivot that is 0, or 0.
template <class T>
int getrf(int n, T* p, int leading, int* pivots) {
    columns<T> const a{p, leading};
    int info = 0;
    for (int j = 0; j < n; ++j) {
        int best = j;
        for (int i = j + 1; i < n; ++i)
            if (std::abs(a(i, j)) > std::abs(a(best, j))) best = i;
        pivots[j] = best + 1;
        for (int c = 0; c < n; ++c) std::swap(a(j, c), a(best, c));
        if (a(j, j) == 0) {
            if (info == 0) info = j + 1;
            continue;
        }
        for (int i = j + 1; i < n; ++i) {
            a(i, j) /= a(j, j);
            for (int c = j + 1; c < n; ++c) a(i, c) -= a(i, j) * a(j, c);
        }
    }
    return info;
}
/// Solves with a triangle, or its transpose, in place.
template <class T>
void triangle(bool upper, bool transposed, bool unit, int n, T const* p, int leading, T* x, std::ptrdiff_t step) {
    columns<T const> const a{p, leading};
    bool const backwards = upper != transposed;
    for (int q = 0; q < n; ++q) {
        int const i = backwards ? n - 1 - q : q;
        T v = x[i * step];
        for (int s = 0; s < q; ++s) {
            int const j = backwards ? n - 1 - s : s;
            v -= (transposed ? a(j, i) : a(i, j)) * x[j * step];
        }
        x[i * step] = unit ? v : v / a(i, i);
    }
}
template <class T>
void getrs(bool transposed, int n, int count, T const* a, int leading, int const* pivots, T* b, int leading_b) {
    for (int c = 0; c < count; ++c) {
        T* const x = b + static_cast<std::ptrdiff_t>(c) * leading_b;
        if (!transposed)
            for (int i = 0; i < n; ++i) std::swap(x[i], x[pivots[i] - 1]);
        triangle(transposed, transposed, !transposed, n, a, leading, x, 1);
        triangle(!transposed, transposed, transposed, n, a, leading, x, 1);
        if (transposed)
            for (int i = n; i-- > 0;) std::swap(x[i], x[pivots[i] - 1]);
    }
}
template <class F>
cublasStatus_t call(library* l, F const& f) {
    ++launches;
    ask(l->stream, f);
    return CUBLAS_STATUS_SUCCESS;
}
}  // namespace host_cuda
using cublasHandle_t = host_cuda::library*;

inline cublasStatus_t cublasCreate(cublasHandle_t* h) {
    *h = new host_cuda::library;
    return CUBLAS_STATUS_SUCCESS;
}
inline cublasStatus_t cublasDestroy(cublasHandle_t h) {
    delete h;
    return CUBLAS_STATUS_SUCCESS;
}
inline cublasStatus_t cublasSetStream(cublasHandle_t h, cudaStream_t s) {
    h->stream = s;
    return CUBLAS_STATUS_SUCCESS;
}
inline char const* cublasGetStatusString(cublasStatus_t) { return "error"; }

#define HOST_CUDA_BLAS(T, name)                                                                                        \
    inline cublasStatus_t cublas##name##getrfBatched(cublasHandle_t h, int n, T* const a[], int leading, int* pivots,  \
                                                     int* info, int count) {                                           \
        return host_cuda::call(h, [=] {                                                                                \
            for (int q = 0; q < count; ++q)                                                                            \
                info[q] = host_cuda::getrf(n, a[q], leading, pivots + static_cast<std::ptrdiff_t>(q) * n);             \
        });                                                                                                            \
    }                                                                                                                  \
    inline cublasStatus_t cublas##name##getrsBatched(cublasHandle_t h, cublasOperation_t o, int n, int right,          \
                                                     T const* const a[], int leading, int const* pivots, T* const b[], \
                                                     int leading_b, int* info, int count) {                            \
        *info = 0;                                                                                                     \
        return host_cuda::call(h, [=] {                                                                                \
            for (int q = 0; q < count; ++q)                                                                            \
                host_cuda::getrs(o == CUBLAS_OP_T, n, right, a[q], leading,                                            \
                                 pivots + static_cast<std::ptrdiff_t>(q) * n, b[q], leading_b);                        \
        });                                                                                                            \
    }                                                                                                                  \
    inline cublasStatus_t cublas##name##trsmBatched(cublasHandle_t h, cublasSideMode_t side, cublasFillMode_t fill,    \
                                                    cublasOperation_t o, cublasDiagType_t diagonal, int m, int n,      \
                                                    T const* factor, T const* const a[], int leading, T* const b[],    \
                                                    int leading_b, int count) {                                        \
        bool const left = side == CUBLAS_SIDE_LEFT, upper = fill == CUBLAS_FILL_MODE_UPPER;                            \
        if (*factor != 1) return CUBLAS_STATUS_NOT_SUPPORTED;                                                          \
        return host_cuda::call(h, [=] {                                                                                \
            for (int q = 0; q < count; ++q)                                                                            \
                for (int i = 0; i < (left ? n : m); ++i)                                                               \
                    host_cuda::triangle(upper, (o == CUBLAS_OP_T) == left, diagonal == CUBLAS_DIAG_UNIT, left ? m : n, \
                                        a[q], leading, b[q] + (left ? static_cast<std::ptrdiff_t>(i) * leading_b : i), \
                                        left ? 1 : leading_b);                                                         \
        });                                                                                                            \
    }
HOST_CUDA_BLAS(float, S)
HOST_CUDA_BLAS(double, D)
#undef HOST_CUDA_BLAS
