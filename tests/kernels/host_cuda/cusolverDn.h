// As much of cuSOLVER as linear algebra on the device uses, on the host.
#pragma once

#include "cublas_v2.h"

enum cusolverStatus_t { CUSOLVER_STATUS_SUCCESS = 0 };
using cusolverDnHandle_t = host_cuda::library*;

namespace host_cuda {
/// A triangular factor in the matrix's place. Gives the number of the first pivot that isn't positive, or 0.
template <class T>
int potrf(bool upper, int n, T* p, int leading) {
    columns<T> const a{p, leading};
    auto const at = [&](int i, int j) -> T& { return upper ? a(j, i) : a(i, j); };
    for (int j = 0; j < n; ++j) {
        for (int q = 0; q < j; ++q) at(j, j) -= at(j, q) * at(j, q);
        if (!(at(j, j) > 0)) return j + 1;
        at(j, j) = std::sqrt(at(j, j));
        for (int i = j + 1; i < n; ++i) {
            for (int q = 0; q < j; ++q) at(i, j) -= at(i, q) * at(j, q);
            at(i, j) /= at(j, j);
        }
    }
    return 0;
}
template <class F>
cusolverStatus_t solve(library* l, F const& f) {
    call(l, f);
    return CUSOLVER_STATUS_SUCCESS;
}
}  // namespace host_cuda

inline cusolverStatus_t cusolverDnCreate(cusolverDnHandle_t* h) {
    *h = new host_cuda::library;
    return CUSOLVER_STATUS_SUCCESS;
}
inline cusolverStatus_t cusolverDnDestroy(cusolverDnHandle_t h) {
    delete h;
    return CUSOLVER_STATUS_SUCCESS;
}
inline cusolverStatus_t cusolverDnSetStream(cusolverDnHandle_t h, cudaStream_t s) {
    h->stream = s;
    return CUSOLVER_STATUS_SUCCESS;
}

#define HOST_CUDA_SOLVER(T, name)                                                                                      \
    inline cusolverStatus_t cusolverDn##name##potrf_bufferSize(cusolverDnHandle_t, cublasFillMode_t, int, T*, int,     \
                                                               int* elements) {                                        \
        *elements = 1;                                                                                                 \
        return CUSOLVER_STATUS_SUCCESS;                                                                                \
    }                                                                                                                  \
    inline cusolverStatus_t cusolverDn##name##potrf(cusolverDnHandle_t h, cublasFillMode_t fill, int n, T* a,          \
                                                    int leading, T*, int, int* info) {                                 \
        return host_cuda::solve(h, [=] { *info = host_cuda::potrf(fill == CUBLAS_FILL_MODE_UPPER, n, a, leading); });  \
    }                                                                                                                  \
    inline cusolverStatus_t cusolverDn##name##potrfBatched(cusolverDnHandle_t h, cublasFillMode_t fill, int n, T* a[], \
                                                           int leading, int* info, int count) {                        \
        return host_cuda::solve(h, [=] {                                                                               \
            for (int q = 0; q < count; ++q)                                                                            \
                info[q] = host_cuda::potrf(fill == CUBLAS_FILL_MODE_UPPER, n, a[q], leading);                          \
        });                                                                                                            \
    }                                                                                                                  \
    inline cusolverStatus_t cusolverDn##name##getrf_bufferSize(cusolverDnHandle_t, int, int, T*, int, int* elements) { \
        *elements = 1;                                                                                                 \
        return CUSOLVER_STATUS_SUCCESS;                                                                                \
    }                                                                                                                  \
    inline cusolverStatus_t cusolverDn##name##getrf(cusolverDnHandle_t h, int n, int, T* a, int leading, T*,           \
                                                    int* pivots, int* info) {                                          \
        return host_cuda::solve(h, [=] { *info = host_cuda::getrf(n, a, leading, pivots); });                          \
    }                                                                                                                  \
    inline cusolverStatus_t cusolverDn##name##getrs(cusolverDnHandle_t h, cublasOperation_t o, int n, int right,       \
                                                    T const* a, int leading, int const* pivots, T* b, int leading_b,   \
                                                    int* info) {                                                       \
        return host_cuda::solve(h, [=] {                                                                               \
            host_cuda::getrs(o == CUBLAS_OP_T, n, right, a, leading, pivots, b, leading_b);                            \
            *info = 0;                                                                                                 \
        });                                                                                                            \
    }
HOST_CUDA_SOLVER(float, S)
HOST_CUDA_SOLVER(double, D)
#undef HOST_CUDA_SOLVER
