// DLPack for the device: its tensors to and from PyTorch, CuPy and others, without a copy.
#pragma once

#include <tenon/dlpack.hpp>
#include <tenon/eval/cuda/assign_view.hpp>
#include <tenon/eval/cuda/executor.hpp>

namespace tenon::inline TENON_TARGET::detail {

/// Whoever takes elements works in a stream of its own: what this thread has asked of the device is waited for.
template <>
struct dlpack_device<cuda::device> {
    static dlpack::device here() {
        int n = 0;
        cuda::check(cudaGetDevice(&n), "cudaGetDevice");
        return {2, n};
    }
    /// Memory of this thread's device, or managed, which any device reaches.
    static bool accepts(dlpack::device d) { return d == here() || d.device_type == 13; }
    static void before_export() { cuda::context::local().synchronize("to_dlpack"); }
};

}  // namespace tenon::inline TENON_TARGET::detail
