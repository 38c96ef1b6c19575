// What every call of the device's runtime goes through: a check that says which call failed, on what, and where.
#pragma once

#include <cuda_runtime.h>

#include <source_location>
#include <stdexcept>
#include <string>

#include <tenon/base/target.hpp>

namespace tenon::inline TENON_TARGET::cuda {

/// A call of the device's runtime or libraries failed, or something was asked of the device that it cannot do.
struct error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

namespace detail {
struct nothing_to_add {
    std::string operator()() const { return {}; }
};
[[noreturn]] inline void fail(std::string const& call, std::string const& reason, std::string const& on,
                              std::source_location where) {
    throw error(call + (on.empty() ? "" : " on " + on) + ": " + reason + " (" + where.file_name() + ":" +
                std::to_string(where.line()) + ")");
}
}  // namespace detail

/// Throws where a call failed.
/// @param on a function that says what the call worked on: shapes, sizes
template <class On = detail::nothing_to_add>
void check(cudaError_t status, char const* call, On const& on = {},
           std::source_location where = std::source_location::current()) {
    if (status == cudaSuccess) return;
    static_cast<void>(cudaGetLastError());  // an error that was reported is not reported again
    detail::fail(call, cudaGetErrorString(status), on(), where);
}

/// How many devices there are; 0 where there is no driver either.
inline int device_count() {
    int n = 0;
    if (cudaGetDeviceCount(&n) == cudaSuccess) return n;
    static_cast<void>(cudaGetLastError());
    return 0;
}

}  // namespace tenon::inline TENON_TARGET::cuda
