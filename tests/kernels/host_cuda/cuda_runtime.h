// As much of the CUDA runtime as the library uses, on the host: device memory is memory, a stream does at once what it is asked
// for, or as late as it may, a captured graph is a list of what was asked. Put before the toolkit's headers, it lets a C++
// compiler build and run the device's executor.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

#include "threads.hpp"

enum cudaError_t { cudaSuccess = 0, cudaErrorInvalidValue = 1 };
inline char const* cudaGetErrorString(cudaError_t) { return "error"; }
inline cudaError_t cudaGetLastError() { return cudaSuccess; }

namespace host_cuda {
using work = std::vector<std::function<void()>>;
/// Does what it is asked for at once, or, where it is late, when somebody waits for it: then what nobody waits for before it is
/// needed, shows.
struct stream {
    work* recording = nullptr;
    bool late = false;
    std::deque<std::function<void()>> asked{};
    std::size_t done = 0;

    std::size_t all() const { return done + asked.size(); }
    void run_until(std::size_t n) {
        while (done < n) {
            auto const next = std::move(asked.front());
            asked.pop_front();
            ++done;
            next();
        }
    }
};
struct event {
    stream* of = nullptr;
    std::size_t after = 0;  ///< how much the stream has then done
    void wait() const {
        if (of) of->run_until(after);
    }
};
/// Whether streams that are made from now on are late.
inline bool late_streams = false;
/// What tests look at: launches since the program began.
inline std::size_t launches = 0;
inline std::size_t allocations = 0;
inline std::size_t copies = 0;  ///< and memory that was set
}  // namespace host_cuda
using cudaStream_t = host_cuda::stream*;
using cudaEvent_t = host_cuda::event*;
using cudaGraph_t = host_cuda::work*;
using cudaGraphExec_t = host_cuda::work*;

namespace host_cuda {
/// Does something now or later, or records it.
inline cudaError_t ask(cudaStream_t s, std::function<void()> what) {
    if (s->recording) s->recording->push_back(std::move(what));
    else if (s->late) s->asked.push_back(std::move(what));
    else what();
    return cudaSuccess;
}
}  // namespace host_cuda

inline cudaError_t cudaGetDeviceCount(int* n) {
    *n = 1;
    return cudaSuccess;
}
inline cudaError_t cudaGetDevice(int* d) {
    *d = 0;
    return cudaSuccess;
}
enum cudaDeviceAttr { cudaDevAttrMultiProcessorCount };
inline cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr, int) {
    *value = 2;
    return cudaSuccess;
}

inline constexpr unsigned cudaStreamNonBlocking = 1;
inline cudaError_t cudaStreamCreateWithFlags(cudaStream_t* s, unsigned) {
    static std::vector<std::unique_ptr<host_cuda::stream>> all;
    *s = all.emplace_back(new host_cuda::stream).get();
    (*s)->late = host_cuda::late_streams;
    return cudaSuccess;
}
inline cudaError_t cudaStreamDestroy(cudaStream_t) { return cudaSuccess; }
inline cudaError_t cudaStreamSynchronize(cudaStream_t s) {
    s->run_until(s->all());
    return cudaSuccess;
}

inline constexpr unsigned cudaEventDisableTiming = 2;
inline cudaError_t cudaEventCreateWithFlags(cudaEvent_t* e, unsigned) {
    *e = new host_cuda::event;
    return cudaSuccess;
}
inline cudaError_t cudaEventDestroy(cudaEvent_t e) {
    delete e;
    return cudaSuccess;
}
inline cudaError_t cudaEventRecord(cudaEvent_t e, cudaStream_t s) {
    if (s->recording) return cudaErrorInvalidValue;  // the library orders no streams within a captured step
    *e = {s, s->all()};
    return cudaSuccess;
}
inline cudaError_t cudaStreamWaitEvent(cudaStream_t s, cudaEvent_t e, unsigned) {
    if (s->recording) return cudaErrorInvalidValue;
    return host_cuda::ask(s, [e = *e] { e.wait(); });
}
inline cudaError_t cudaEventSynchronize(cudaEvent_t e) {
    e->wait();
    return cudaSuccess;
}

/// Memory starts as NaN, so that what is read before it was written shows.
inline cudaError_t cudaMalloc(void** p, std::size_t bytes) {
    *p = std::aligned_alloc(512, (bytes + 511) / 512 * 512);
    std::memset(*p, 0xff, bytes);
    ++host_cuda::allocations;
    return cudaSuccess;
}
inline cudaError_t cudaMallocAsync(void** p, std::size_t bytes, cudaStream_t) { return cudaMalloc(p, bytes); }
inline cudaError_t cudaFree(void* p) {
    std::free(p);
    return cudaSuccess;
}
inline cudaError_t cudaMallocHost(void** p, std::size_t bytes) { return cudaMalloc(p, bytes); }
inline cudaError_t cudaFreeHost(void* p) { return cudaFree(p); }

enum cudaMemcpyKind { cudaMemcpyHostToDevice, cudaMemcpyDeviceToHost, cudaMemcpyDeviceToDevice };
inline cudaError_t cudaMemcpyAsync(void* to, void const* from, std::size_t bytes, cudaMemcpyKind, cudaStream_t s) {
    ++host_cuda::copies;
    return host_cuda::ask(s, [=] { std::memcpy(to, from, bytes); });
}
inline cudaError_t cudaMemsetAsync(void* p, int value, std::size_t bytes, cudaStream_t s) {
    ++host_cuda::copies;
    return host_cuda::ask(s, [=] { std::memset(p, value, bytes); });
}

struct cudaLaunchConfig_t {
    dim3 gridDim, blockDim;
    std::size_t dynamicSmemBytes;
    cudaStream_t stream;
};
namespace host_cuda {
/// A kernel with its arguments, of which a launch keeps a copy.
struct kernel_call {
    void (*run)(void const*);
    void const* call;
    std::size_t bytes;
};
[[gnu::noinline]] inline void launch(cudaLaunchConfig_t const& config, kernel_call const& c) {
    ++launches;
    std::shared_ptr<void> kept(std::malloc(c.bytes), std::free);
    std::memcpy(kept.get(), c.call, c.bytes);
    ask(config.stream, [grid = config.gridDim, threads = config.blockDim, run = c.run, kept = std::move(kept)] {
        run_grid(grid, threads, {run, kept.get()});
    });
}
template <class Call>
void run(void const* call) {
    (*static_cast<Call const*>(call))();
}
}  // namespace host_cuda
/// A kernel with its arguments is known here alone: what keeps and runs it is compiled once, and that no launch fails is seen
/// where the library would say why one did.
template <class... P, class... A>
inline cudaError_t cudaLaunchKernelEx(cudaLaunchConfig_t const* config, void (*kernel)(P...), A&&... arguments) {
    auto const call = [kernel, arguments...] { kernel(arguments...); };
    using type = decltype(call);
    static_assert(std::is_trivially_copyable_v<type> && alignof(type) <= alignof(std::max_align_t));
    host_cuda::launch(*config, {host_cuda::run<type>, &call, sizeof call});
    return cudaSuccess;
}

enum cudaStreamCaptureMode { cudaStreamCaptureModeRelaxed };
inline cudaError_t cudaStreamBeginCapture(cudaStream_t s, cudaStreamCaptureMode) {
    s->recording = new host_cuda::work;
    return cudaSuccess;
}
inline cudaError_t cudaStreamEndCapture(cudaStream_t s, cudaGraph_t* g) {
    *g = std::exchange(s->recording, nullptr);
    return cudaSuccess;
}
inline cudaError_t cudaGraphInstantiate(cudaGraphExec_t* e, cudaGraph_t g, unsigned long long) {
    *e = new host_cuda::work(*g);
    return cudaSuccess;
}
inline cudaError_t cudaGraphDestroy(cudaGraph_t g) {
    delete g;
    return cudaSuccess;
}
inline cudaError_t cudaGraphExecDestroy(cudaGraphExec_t e) {
    delete e;
    return cudaSuccess;
}
inline cudaError_t cudaGraphLaunch(cudaGraphExec_t e, cudaStream_t s) {
    return host_cuda::ask(s, [all = *e] {
        for (auto const& f : all) f();
    });
}
