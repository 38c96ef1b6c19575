// As much of cuBLASLt as the library uses, on the host: plain loops over matrices as the descriptions say they lie.
#pragma once

#include <cstdint>
#include <cstring>

#include "cuda_runtime.h"

enum cublasStatus_t { CUBLAS_STATUS_SUCCESS = 0, CUBLAS_STATUS_INVALID_VALUE = 7 };
inline char const* cublasLtGetStatusString(cublasStatus_t) { return "error"; }
enum cublasComputeType_t { CUBLAS_COMPUTE_32F, CUBLAS_COMPUTE_64F, CUBLAS_COMPUTE_32F_FAST_TF32 };
enum cudaDataType_t { CUDA_R_32F, CUDA_R_64F };
enum cublasOperation_t { CUBLAS_OP_N, CUBLAS_OP_T };

namespace host_cuda {
struct operation {
    cudaDataType_t type;
    bool transposed[2] = {};
};
struct layout {
    std::uint64_t rows, columns;
    std::int64_t leading;
    std::int32_t count = 1;
    std::int64_t distance = 0;

    std::uint64_t at(std::uint64_t i, std::uint64_t j, bool transposed) const {
        return transposed ? j + i * static_cast<std::uint64_t>(leading) : i + j * static_cast<std::uint64_t>(leading);
    }
    bool sane() const { return leading >= static_cast<std::int64_t>(rows) && rows > 0 && columns > 0; }
};
}  // namespace host_cuda
using cublasLtHandle_t = int*;
using cublasLtMatmulDesc_t = host_cuda::operation*;
using cublasLtMatrixLayout_t = host_cuda::layout*;
using cublasLtMatmulPreference_t = char*;
struct cublasLtMatmulAlgo_t {};
struct cublasLtMatmulHeuristicResult_t {
    cublasLtMatmulAlgo_t algo;
};

inline cublasStatus_t cublasLtCreate(cublasLtHandle_t* h) {
    *h = new int;
    return CUBLAS_STATUS_SUCCESS;
}
inline cublasStatus_t cublasLtDestroy(cublasLtHandle_t h) {
    delete h;
    return CUBLAS_STATUS_SUCCESS;
}

enum cublasLtMatmulDescAttributes_t { CUBLASLT_MATMUL_DESC_TRANSA, CUBLASLT_MATMUL_DESC_TRANSB };
inline cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t* d, cublasComputeType_t, cudaDataType_t type) {
    *d = new host_cuda::operation{type};
    return CUBLAS_STATUS_SUCCESS;
}
inline cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t d) {
    delete d;
    return CUBLAS_STATUS_SUCCESS;
}
inline cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t d, cublasLtMatmulDescAttributes_t what,
                                                     void const* value, std::size_t bytes) {
    std::int32_t v = 0;
    if (bytes != sizeof v) return CUBLAS_STATUS_INVALID_VALUE;
    std::memcpy(&v, value, bytes);
    d->transposed[what == CUBLASLT_MATMUL_DESC_TRANSB] = v == CUBLAS_OP_T;
    return CUBLAS_STATUS_SUCCESS;
}

enum cublasLtMatrixLayoutAttribute_t {
    CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT,
    CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET
};
inline cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t* l, cudaDataType_t, std::uint64_t rows,
                                                 std::uint64_t columns, std::int64_t leading) {
    *l = new host_cuda::layout{rows, columns, leading};
    return (*l)->sane() ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_INVALID_VALUE;
}
inline cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t l) {
    delete l;
    return CUBLAS_STATUS_SUCCESS;
}
inline cublasStatus_t cublasLtMatrixLayoutSetAttribute(cublasLtMatrixLayout_t l, cublasLtMatrixLayoutAttribute_t what,
                                                       void const* value, std::size_t bytes) {
    bool const is_count = what == CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT;
    if (bytes != (is_count ? sizeof l->count : sizeof l->distance)) return CUBLAS_STATUS_INVALID_VALUE;
    std::memcpy(is_count ? static_cast<void*>(&l->count) : static_cast<void*>(&l->distance), value, bytes);
    return CUBLAS_STATUS_SUCCESS;
}

enum cublasLtMatmulPreferenceAttributes_t {
    CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES,
    CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES,
    CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
    CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES,
    CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES
};
inline cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t* p) {
    *p = new char;
    return CUBLAS_STATUS_SUCCESS;
}
inline cublasStatus_t cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t p) {
    delete p;
    return CUBLAS_STATUS_SUCCESS;
}
inline cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t,
                                                           cublasLtMatmulPreferenceAttributes_t what, void const*,
                                                           std::size_t bytes) {
    return bytes == (what == CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES ? 8 : 4) ? CUBLAS_STATUS_SUCCESS
                                                                               : CUBLAS_STATUS_INVALID_VALUE;
}
inline cublasStatus_t cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t, cublasLtMatmulDesc_t, cublasLtMatrixLayout_t,
                                                     cublasLtMatrixLayout_t, cublasLtMatrixLayout_t,
                                                     cublasLtMatrixLayout_t, cublasLtMatmulPreference_t, int,
                                                     cublasLtMatmulHeuristicResult_t*, int* found) {
    *found = 1;
    return CUBLAS_STATUS_SUCCESS;
}

namespace host_cuda {
template <class T>
void multiply(operation const& o, T const* a, layout const& la, T const* b, layout const& lb, T beta, T* c,
              layout const& lc) {
    std::uint64_t const depth = o.transposed[0] ? la.rows : la.columns;
    for (std::int32_t q = 0; q != lc.count; ++q) {
        T const* const p = a + q * la.distance;
        T const* const r = b + q * lb.distance;
        T* const s = c + q * lc.distance;
        for (std::uint64_t j = 0; j != lc.columns; ++j)
            for (std::uint64_t i = 0; i != lc.rows; ++i) {
                T sum(0);
                for (std::uint64_t l = 0; l != depth; ++l)
                    sum += p[la.at(i, l, o.transposed[0])] * r[lb.at(l, j, o.transposed[1])];
                T& to = s[lc.at(i, j, false)];
                to = beta == T(0) ? sum : sum + beta * to;
            }
    }
}
}  // namespace host_cuda

// Not inlined: g++ 12 would read a double from a caller's float.
[[gnu::noinline]] inline cublasStatus_t cublasLtMatmul(cublasLtHandle_t, cublasLtMatmulDesc_t o, void const*,
                                                       void const* a, cublasLtMatrixLayout_t la, void const* b,
                                                       cublasLtMatrixLayout_t lb, void const* beta, void const*,
                                                       cublasLtMatrixLayout_t, void* c, cublasLtMatrixLayout_t lc,
                                                       cublasLtMatmulAlgo_t const*, void*, std::size_t,
                                                       cudaStream_t stream) {
    std::uint64_t const m = o->transposed[0] ? la->columns : la->rows, k = o->transposed[0] ? la->rows : la->columns;
    std::uint64_t const n = o->transposed[1] ? lb->rows : lb->columns, l = o->transposed[1] ? lb->columns : lb->rows;
    if (m != lc->rows || n != lc->columns || k != l) return CUBLAS_STATUS_INVALID_VALUE;
    ++host_cuda::launches;
    bool const is_double = o->type == CUDA_R_64F;
    double beta_double = 0;
    float beta_float = 0;
    if (is_double) std::memcpy(&beta_double, beta, sizeof beta_double);
    else std::memcpy(&beta_float, beta, sizeof beta_float);
    host_cuda::ask(stream, [=, o = *o, la = *la, lb = *lb, lc = *lc] {
        if (is_double)
            host_cuda::multiply(o, static_cast<double const*>(a), la, static_cast<double const*>(b), lb, beta_double,
                                static_cast<double*>(c), lc);
        else
            host_cuda::multiply(o, static_cast<float const*>(a), la, static_cast<float const*>(b), lb, beta_float,
                                static_cast<float*>(c), lc);
    });
    return CUBLAS_STATUS_SUCCESS;
}
