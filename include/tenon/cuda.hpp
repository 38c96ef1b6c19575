// The device: the same tensors, expressions, layers, losses and optimisers on a CUDA device. For nvcc, with
// `-std=c++20 --expt-relaxed-constexpr --extended-lambda`; programs link cudart and cublasLt.
#pragma once

#include <tenon/tenon.hpp>

#include <tenon/cuda/capture.hpp>
#include <tenon/cuda/clip.hpp>
#include <tenon/cuda/creation.hpp>
#include <tenon/cuda/grad_scaler.hpp>
#include <tenon/cuda/optim.hpp>
#include <tenon/cuda/prefetch.hpp>
#include <tenon/cuda/transfer.hpp>
#include <tenon/eval/cuda/assign_view.hpp>
#include <tenon/eval/cuda/device.hpp>
#include <tenon/eval/cuda/executor.hpp>
#include <tenon/eval/cuda/plan.hpp>
#include <tenon/eval/cuda/tensor.hpp>

#if defined(__CUDACC__) || defined(THRUST_VERSION) || defined(THRUST_DEVICE_SYSTEM)
#include <tenon/cuda/elements.hpp>
#endif
