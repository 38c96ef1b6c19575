// As much of cuBLASLt as the library uses, on the host: plain loops over matrices as the descriptions say they lie.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#include <tenon/scalar/narrow.hpp>

#include "cuda_runtime.h"

enum cublasStatus_t { CUBLAS_STATUS_SUCCESS = 0, CUBLAS_STATUS_INVALID_VALUE = 7, CUBLAS_STATUS_NOT_SUPPORTED = 15 };
inline char const* cublasLtGetStatusString(cublasStatus_t) { return "error"; }
enum cublasComputeType_t { CUBLAS_COMPUTE_32F, CUBLAS_COMPUTE_64F, CUBLAS_COMPUTE_32F_FAST_TF32 };
enum cudaDataType_t { CUDA_R_32F, CUDA_R_64F, CUDA_R_16F, CUDA_R_16BF };
enum cublasOperation_t { CUBLAS_OP_N, CUBLAS_OP_T };
enum cublasLtEpilogue_t {
    CUBLASLT_EPILOGUE_DEFAULT = 1,
    CUBLASLT_EPILOGUE_RELU = 2,
    CUBLASLT_EPILOGUE_RELU_AUX = 2 | 128,
    CUBLASLT_EPILOGUE_BIAS = 4,
    CUBLASLT_EPILOGUE_DRELU = 8 | 128,
    CUBLASLT_EPILOGUE_GELU = 32,
    CUBLASLT_EPILOGUE_DGELU = 64 | 128,
    CUBLASLT_EPILOGUE_BGRADA = 256,
    CUBLASLT_EPILOGUE_BGRADB = 512
};

namespace host_cuda {
struct operation {
    cudaDataType_t scale;
    bool transposed[2] = {};
    std::uint32_t epilogue = CUBLASLT_EPILOGUE_DEFAULT;
    float* bias = nullptr;
    unsigned char* saved = nullptr;
    std::int64_t saved_leading = 0;
};
/// Whether the library has epilogues; tests turn them off to see what happens without.
inline bool has_epilogues = true;
/// Epilogues that it does not have where tests let it: none.
inline constexpr std::size_t refused = 0;
struct layout {
    cudaDataType_t type;
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

enum cublasLtMatmulDescAttributes_t {
    CUBLASLT_MATMUL_DESC_TRANSA,
    CUBLASLT_MATMUL_DESC_TRANSB,
    CUBLASLT_MATMUL_DESC_EPILOGUE,
    CUBLASLT_MATMUL_DESC_BIAS_POINTER,
    CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_POINTER,
    CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_LD
};
inline cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t* d, cublasComputeType_t, cudaDataType_t scale) {
    *d = new host_cuda::operation{scale};
    return CUBLAS_STATUS_SUCCESS;
}
inline cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t d) {
    delete d;
    return CUBLAS_STATUS_SUCCESS;
}
inline cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t d, cublasLtMatmulDescAttributes_t what,
                                                     void const* value, std::size_t bytes) {
    auto const take = [&](auto& to) {
        if (bytes != sizeof to) return CUBLAS_STATUS_INVALID_VALUE;
        std::memcpy(&to, value, bytes);
        return CUBLAS_STATUS_SUCCESS;
    };
    switch (what) {
    case CUBLASLT_MATMUL_DESC_EPILOGUE: return take(d->epilogue);
    case CUBLASLT_MATMUL_DESC_BIAS_POINTER: return take(d->bias);
    case CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_POINTER: return take(d->saved);
    case CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_LD: return take(d->saved_leading);
    default: break;
    }
    std::int32_t v = 0;
    auto const status = take(v);
    d->transposed[what == CUBLASLT_MATMUL_DESC_TRANSB] = v == CUBLAS_OP_T;
    return status;
}

enum cublasLtMatrixLayoutAttribute_t {
    CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT,
    CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET
};
inline cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t* l, cudaDataType_t type, std::uint64_t rows,
                                                 std::uint64_t columns, std::int64_t leading) {
    *l = new host_cuda::layout{type, rows, columns, leading};
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
namespace host_cuda {
/// What the header says of epilogues: vectors that are there, distances of the auxiliary matrix, float alone, one matrix.
inline bool supported(operation const& o, layout const& c) {
    if (o.epilogue == CUBLASLT_EPILOGUE_DEFAULT) return true;
    if (!has_epilogues || c.type != CUDA_R_32F || c.count != 1) return false;
    bool const relu = o.epilogue & (CUBLASLT_EPILOGUE_RELU | 8);
    if ((o.epilogue & 128) &&
        (!o.saved || o.saved_leading < static_cast<std::int64_t>(c.rows) || o.saved_leading % (relu ? 128 : 8) != 0))
        return false;
    return !(o.epilogue & (CUBLASLT_EPILOGUE_BIAS | CUBLASLT_EPILOGUE_BGRADA | CUBLASLT_EPILOGUE_BGRADB)) || o.bias;
}

/// An element of D, and what is saved for it.
inline float finished(operation const& o, float x, std::uint64_t i, std::uint64_t j) {
    if (o.epilogue == CUBLASLT_EPILOGUE_DEFAULT) return x;
    std::uint64_t const at = i + j * static_cast<std::uint64_t>(o.saved_leading);
    bool const forward = o.epilogue & (CUBLASLT_EPILOGUE_RELU | CUBLASLT_EPILOGUE_GELU);
    if (o.epilogue & CUBLASLT_EPILOGUE_BIAS) x += o.bias[i];
    float* const operands = reinterpret_cast<float*>(o.saved);
    unsigned char const bit = static_cast<unsigned char>(1U << at % 8);
    float const u = o.epilogue == CUBLASLT_EPILOGUE_DGELU ? operands[at] : x, cubic = 0.044715f, root = 0.79788456f;
    float const t = std::tanh(root * (u + cubic * u * u * u));
    if (forward && (o.epilogue & 128)) {
        if (o.epilogue & CUBLASLT_EPILOGUE_GELU) operands[at] = x;
        else o.saved[at / 8] = static_cast<unsigned char>(x > 0 ? o.saved[at / 8] | bit : o.saved[at / 8] & ~bit);
    }
    if (o.epilogue & CUBLASLT_EPILOGUE_RELU) return x > 0 ? x : 0;
    if (o.epilogue & CUBLASLT_EPILOGUE_GELU) return 0.5f * x * (1 + t);
    if (o.epilogue == CUBLASLT_EPILOGUE_DRELU) return o.saved[at / 8] & bit ? x : 0;
    if (o.epilogue == CUBLASLT_EPILOGUE_DGELU)
        return x * (0.5f * (1 + t) + 0.5f * u * (1 - t * t) * root * (1 + 3 * cubic * u * u));
    return x;
}

template <class T, class C = tenon::element::computed_t<T>>
void multiply(operation const& o, T const* a, layout const& la, T const* b, layout const& lb, C beta, T* c,
              layout const& lc) {
    std::uint64_t const depth = o.transposed[0] ? la.rows : la.columns;
    for (std::int32_t q = 0; q != lc.count; ++q) {
        T const* const p = a + q * la.distance;
        T const* const r = b + q * lb.distance;
        T* const s = c + q * lc.distance;
        for (std::uint64_t j = 0; j != lc.columns; ++j)
            for (std::uint64_t i = 0; i != lc.rows; ++i) {
                C sum(0);
                for (std::uint64_t l = 0; l != depth; ++l)
                    sum += p[la.at(i, l, o.transposed[0])] * r[lb.at(l, j, o.transposed[1])];
                T& to = s[lc.at(i, j, false)];
                to = static_cast<T>(beta == C(0) ? sum : sum + beta * to);
                if constexpr (std::is_same_v<T, float>) to = finished(o, to, i, j);
            }
        bool const of_a = o.epilogue == CUBLASLT_EPILOGUE_BGRADA;
        if (!of_a && o.epilogue != CUBLASLT_EPILOGUE_BGRADB) continue;
        for (std::uint64_t i = 0; i != (of_a ? lc.rows : lc.columns); ++i) {
            C sum(0);
            for (std::uint64_t l = 0; l != depth; ++l)
                sum += of_a ? p[la.at(i, l, o.transposed[0])] : r[lb.at(l, i, o.transposed[1])];
            o.bias[i] = static_cast<float>(sum);
        }
    }
}
}  // namespace host_cuda

inline cublasStatus_t cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t, cublasLtMatmulDesc_t o, cublasLtMatrixLayout_t,
                                                     cublasLtMatrixLayout_t, cublasLtMatrixLayout_t,
                                                     cublasLtMatrixLayout_t lc, cublasLtMatmulPreference_t, int,
                                                     cublasLtMatmulHeuristicResult_t*, int* found) {
    *found = host_cuda::supported(*o, *lc);
    return *found ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_NOT_SUPPORTED;
}

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
    if (la->type != lc->type || lb->type != lc->type || (o->scale == CUDA_R_64F) != (lc->type == CUDA_R_64F))
        return CUBLAS_STATUS_NOT_SUPPORTED;
    if (!host_cuda::supported(*o, *lc)) return CUBLAS_STATUS_NOT_SUPPORTED;
    ++host_cuda::launches;
    bool const is_double = o->scale == CUDA_R_64F;
    double beta_double = 0;
    float beta_float = 0;
    if (is_double) std::memcpy(&beta_double, beta, sizeof beta_double);
    else std::memcpy(&beta_float, beta, sizeof beta_float);
    host_cuda::ask(stream, [=, o = *o, la = *la, lb = *lb, lc = *lc] {
        auto const multiply = [&]<class T>(T* to, auto factor) {
            host_cuda::multiply(o, static_cast<T const*>(a), la, static_cast<T const*>(b), lb, factor, to, lc);
        };
        switch (lc.type) {
        case CUDA_R_64F: return multiply(static_cast<double*>(c), beta_double);
        case CUDA_R_32F: return multiply(static_cast<float*>(c), beta_float);
        case CUDA_R_16F: return multiply(static_cast<tenon::float16*>(c), beta_float);
        case CUDA_R_16BF: return multiply(static_cast<tenon::bfloat16*>(c), beta_float);
        }
    });
    return CUBLAS_STATUS_SUCCESS;
}
