// What the tests look at and change on a real card, by the names that host_cuda has for its stand-ins: calls of the
// runtime and of cuBLASLt are counted on their way there. Included before the library, whose calls the macros below
// stand for.
#pragma once

#include <cublasLt.h>
#include <cuda_runtime.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <set>
#include <thread>

namespace card {

/// Calls since the program began. A call of cuBLASLt is one launch, however many kernels it takes.
inline std::size_t launches = 0;
inline std::size_t allocations = 0;
inline std::size_t copies = 0;  ///< and memory that was set

/// Whether the library may have epilogues; tests turn them off to see what happens without.
inline bool has_epilogues = true;
/// Epilogues for which the library has no algorithm on this card, though it was let.
inline std::size_t refused = 0;

/// Whether streams that are made from now on are late: each thing that is asked of them begins a while after it could.
inline bool late_streams = false;
inline std::set<cudaStream_t> late;

inline void hold_up(cudaStream_t s) {
    cudaStreamCaptureStatus recording{};
    if (!late.contains(s) || cudaStreamIsCapturing(s, &recording) != cudaSuccess ||
        recording != cudaStreamCaptureStatusNone)
        return;
    static_cast<void>(
        cudaLaunchHostFunc(s, [](void*) { std::this_thread::sleep_for(std::chrono::microseconds(100)); }, nullptr));
}

inline cudaError_t make_stream(cudaStream_t* s, unsigned flags) {
    auto const status = cudaStreamCreateWithFlags(s, flags);
    if (status != cudaSuccess) return status;
    if (late_streams) late.insert(*s);
    else late.erase(*s);  // the name of one that is gone
    return status;
}
inline cudaError_t copy(void* to, void const* from, std::size_t bytes, cudaMemcpyKind kind, cudaStream_t s) {
    ++copies;
    hold_up(s);
    return cudaMemcpyAsync(to, from, bytes, kind, s);
}
inline cudaError_t set(void* p, int value, std::size_t bytes, cudaStream_t s) {
    ++copies;
    hold_up(s);
    return cudaMemsetAsync(p, value, bytes, s);
}
template <class... P, class... A>
cudaError_t launch(cudaLaunchConfig_t const* config, void (*kernel)(P...), A&&... arguments) {
    ++launches;
    hold_up(config->stream);
    return cudaLaunchKernelEx(config, kernel, static_cast<A&&>(arguments)...);
}
inline cudaError_t replay(cudaGraphExec_t g, cudaStream_t s) {
    hold_up(s);
    return cudaGraphLaunch(g, s);
}

inline cublasStatus_t choose(cublasLtHandle_t handle, cublasLtMatmulDesc_t operation, cublasLtMatrixLayout_t a,
                             cublasLtMatrixLayout_t b, cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d,
                             cublasLtMatmulPreference_t preference, int wanted, cublasLtMatmulHeuristicResult_t* to,
                             int* found) {
    std::uint32_t epilogue = CUBLASLT_EPILOGUE_DEFAULT;
    static_cast<void>(
        cublasLtMatmulDescGetAttribute(operation, CUBLASLT_MATMUL_DESC_EPILOGUE, &epilogue, sizeof epilogue, nullptr));
    bool const has_one = epilogue != CUBLASLT_EPILOGUE_DEFAULT;
    *found = 0;
    if (has_one && !has_epilogues) return CUBLAS_STATUS_NOT_SUPPORTED;
    auto const status = cublasLtMatmulAlgoGetHeuristic(handle, operation, a, b, c, d, preference, wanted, to, found);
    if (has_one && (status != CUBLAS_STATUS_SUCCESS || *found == 0)) ++refused;
    return status;
}

}  // namespace card

#define cudaStreamCreateWithFlags(...) card::make_stream(__VA_ARGS__)
#define cudaMemcpyAsync(...) card::copy(__VA_ARGS__)
#define cudaMemsetAsync(...) card::set(__VA_ARGS__)
#define cudaLaunchKernelEx(...) card::launch(__VA_ARGS__)
#define cudaGraphLaunch(...) card::replay(__VA_ARGS__)
#define cudaMallocAsync(...) (++card::allocations, cudaMallocAsync(__VA_ARGS__))
#define cudaMalloc(...) (++card::allocations, cudaMalloc(__VA_ARGS__))
#define cudaMallocHost(...) (++card::allocations, cudaMallocHost(__VA_ARGS__))
#define cublasLtMatmulAlgoGetHeuristic(...) card::choose(__VA_ARGS__)
#define cublasLtMatmul(...) (++card::launches, cublasLtMatmul(__VA_ARGS__))
