// As much of cuFFT as Fourier transforms on the device use, on the host: sums as they are defined.
#pragma once

#include <cmath>
#include <complex>
#include <cstddef>
#include <numbers>
#include <vector>

#include "cuda_runtime.h"

enum cufftResult { CUFFT_SUCCESS = 0, CUFFT_INVALID_PLAN = 1, CUFFT_INVALID_VALUE = 4 };
enum cufftType {
    CUFFT_R2C = 0x2a,
    CUFFT_C2R = 0x2c,
    CUFFT_C2C = 0x29,
    CUFFT_D2Z = 0x6a,
    CUFFT_Z2D = 0x6c,
    CUFFT_Z2Z = 0x69
};
inline constexpr int CUFFT_FORWARD = -1, CUFFT_INVERSE = 1;
using cufftComplex = std::complex<float>;
using cufftDoubleComplex = std::complex<double>;

namespace host_cuda {
struct transforms {
    cufftType type;
    long long points = 0, step = 0, from = 0, to = 0, count = 0;
    cudaStream_t stream = nullptr;
};
inline std::vector<transforms> plans;

/// y_k = Σ x_j exp(±2πi jk/n). Of half a spectrum the rest is the conjugate, and the input is overwritten, as the library may.
template <class From, class To>
void transform(transforms const& p, From* from, To* to, int direction) {
    constexpr bool from_real = !requires(From z) { z.imag(); }, to_real = !requires(To z) { z.imag(); };
    auto const n = p.points, half = n / 2 + 1;
    for (long long q = 0; q < p.count; ++q) {
        std::vector<std::complex<double>> x(static_cast<std::size_t>(n));
        for (long long j = 0; j < (to_real ? half : n); ++j) {
            std::complex<double> const v(from[q * p.from + j * p.step]);
            x[static_cast<std::size_t>(j)] = v;
            if (to_real && j != 0 && 2 * j != n) x[static_cast<std::size_t>(n - j)] = std::conj(v);
            if (to_real) from[q * p.from + j * p.step] = From(7);
        }
        for (long long k = 0; k < (from_real ? half : n); ++k) {
            std::complex<double> sum = 0;
            for (long long j = 0; j < n; ++j)
                sum += x[static_cast<std::size_t>(j)] *
                       std::polar(1., direction * 2 * std::numbers::pi * static_cast<double>(j * k % n) /
                                          static_cast<double>(n));
            if constexpr (to_real) to[q * p.to + k * p.step] = static_cast<To>(sum.real());
            else to[q * p.to + k * p.step] = To(sum);
        }
    }
}
template <class From, class To>
cufftResult run(int plan, cufftType type, From* from, To* to, int direction) {
    transforms const p = plans[static_cast<std::size_t>(plan)];
    if (p.type != type) return CUFFT_INVALID_PLAN;
    ++launches;
    ask(p.stream, [=] { transform(p, from, to, direction); });
    return CUFFT_SUCCESS;
}
}  // namespace host_cuda
using cufftHandle = int;

inline cufftResult cufftCreate(cufftHandle* h) {
    *h = static_cast<int>(host_cuda::plans.size());
    host_cuda::plans.emplace_back();
    return CUFFT_SUCCESS;
}
inline cufftResult cufftDestroy(cufftHandle) { return CUFFT_SUCCESS; }
inline cufftResult cufftSetStream(cufftHandle h, cudaStream_t s) {
    host_cuda::plans[static_cast<std::size_t>(h)].stream = s;
    return CUFFT_SUCCESS;
}
inline cufftResult cufftMakePlanMany64(cufftHandle h, int rank, long long* n, long long* from_extents,
                                       long long from_step, long long from_distance, long long* to_extents,
                                       long long to_step, long long to_distance, cufftType type, long long count,
                                       std::size_t* bytes) {
    if (rank != 1 || *n < 1 || count < 1 || !from_extents || !to_extents || from_step != to_step)
        return CUFFT_INVALID_VALUE;
    auto& p = host_cuda::plans[static_cast<std::size_t>(h)];
    p = {type, *n, from_step, from_distance, to_distance, count, p.stream};
    *bytes = 0;
    return CUFFT_SUCCESS;
}
inline cufftResult cufftExecC2C(cufftHandle h, cufftComplex* x, cufftComplex* y, int d) {
    return host_cuda::run(h, CUFFT_C2C, x, y, d);
}
inline cufftResult cufftExecZ2Z(cufftHandle h, cufftDoubleComplex* x, cufftDoubleComplex* y, int d) {
    return host_cuda::run(h, CUFFT_Z2Z, x, y, d);
}
inline cufftResult cufftExecR2C(cufftHandle h, float* x, cufftComplex* y) {
    return host_cuda::run(h, CUFFT_R2C, x, y, CUFFT_FORWARD);
}
inline cufftResult cufftExecD2Z(cufftHandle h, double* x, cufftDoubleComplex* y) {
    return host_cuda::run(h, CUFFT_D2Z, x, y, CUFFT_FORWARD);
}
inline cufftResult cufftExecC2R(cufftHandle h, cufftComplex* x, float* y) {
    return host_cuda::run(h, CUFFT_C2R, x, y, CUFFT_INVERSE);
}
inline cufftResult cufftExecZ2D(cufftHandle h, cufftDoubleComplex* x, double* y) {
    return host_cuda::run(h, CUFFT_Z2D, x, y, CUFFT_INVERSE);
}
