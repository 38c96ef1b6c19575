// Kernels on the host: one fiber for each CUDA thread of a block, blocks one after another. Barriers and shuffles work as on a
// device, and a barrier that some threads do not reach is reported; races and the order of memory accesses are not seen.
#pragma once

#include <ucontext.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <vector>

#if defined(__SANITIZE_ADDRESS__)
#define HOST_CUDA_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HOST_CUDA_ASAN 1
#endif
#endif
#if defined(HOST_CUDA_ASAN)
#include <sanitizer/common_interface_defs.h>
#endif

struct uint3 {
    unsigned x, y, z;
};
struct dim3 {
    unsigned x = 1, y = 1, z = 1;
    constexpr dim3(unsigned a = 1, unsigned b = 1, unsigned c = 1) : x(a), y(b), z(c) {}
};

/// Where the running thread is.
inline thread_local uint3 threadIdx, blockIdx;
inline thread_local dim3 blockDim, gridDim;

namespace host_cuda {

inline constexpr unsigned warp_size = 32;
inline constexpr std::size_t stack_bytes = 64 * 1024;

/// What each thread does: a function and what it is called with.
struct body_of_thread {
    void (*run)(void const*) = nullptr;
    void const* arguments = nullptr;
};

/// Where a fiber stands: it can go on, waits for its block or its warp, or is done.
enum class standing { ready, at_block_barrier, at_warp_barrier, done };

struct fiber {
    ucontext_t context;
    std::unique_ptr<char[]> stack{new char[stack_bytes]};
    uint3 thread{};
    standing state = standing::ready;
};

/// A block that runs, and the values that its lanes exchange.
struct running_block {
    std::vector<fiber> fibers;
    ucontext_t scheduler;
    std::vector<std::uint64_t> exchanged;
    body_of_thread body;
    std::size_t current = 0;
};
inline thread_local running_block* running = nullptr;

inline void switch_to([[maybe_unused]] void const* stack, [[maybe_unused]] std::size_t bytes, ucontext_t& from,
                      ucontext_t& to, [[maybe_unused]] bool last = false) {
#if defined(HOST_CUDA_ASAN)
    void* fake = nullptr;
    // A fiber that is done gives up its shadow stack: without this one program gathered 23 GB.
    __sanitizer_start_switch_fiber(last ? nullptr : &fake, stack, bytes);
    swapcontext(&from, &to);
    __sanitizer_finish_switch_fiber(fake, nullptr, nullptr);
#else
    swapcontext(&from, &to);
#endif
}

#if defined(HOST_CUDA_ASAN)
inline thread_local void const* scheduler_stack = nullptr;
inline thread_local std::size_t scheduler_stack_bytes = 0;
#else
inline constexpr void const* scheduler_stack = nullptr;
inline constexpr std::size_t scheduler_stack_bytes = 0;
#endif

inline void wait(standing s) {
    auto& f = running->fibers[running->current];
    f.state = s;
    switch_to(scheduler_stack, scheduler_stack_bytes, f.context, running->scheduler, s == standing::done);
}
inline void run_fiber() {
#if defined(HOST_CUDA_ASAN)
    __sanitizer_finish_switch_fiber(nullptr, &scheduler_stack, &scheduler_stack_bytes);
#endif
    running->body.run(running->body.arguments);
    wait(standing::done);
}

/// The value that another lane of the warp gives at the same place.
template <class T>
T exchange(T v, unsigned lane) {
    static_assert(sizeof(T) <= sizeof(std::uint64_t));
    std::size_t const me = running->current;
    std::uint64_t bits = 0;
    std::memcpy(&bits, &v, sizeof v);
    running->exchanged[me] = bits;
    wait(standing::at_warp_barrier);
    bits = running->exchanged[me / warp_size * warp_size + lane];
    wait(standing::at_warp_barrier);
    std::memcpy(&v, &bits, sizeof v);
    return v;
}

/// Lets fibers go on whose warp or block has arrived as a whole. @return whether any was released
inline bool release(std::size_t first, std::size_t last, standing at) {
    auto& fibers = running->fibers;
    bool any = false;
    for (std::size_t i = first; i != last; ++i) {
        if (fibers[i].state == standing::done) continue;
        if (fibers[i].state != at) return false;
        any = true;
    }
    for (std::size_t i = first; any && i != last; ++i)
        if (fibers[i].state == at) fibers[i].state = standing::ready;
    return any;
}

inline void run_block() {
    auto& b = *running;
    for (;;) {
        bool alive = false;
        for (b.current = 0; b.current != b.fibers.size(); ++b.current)
            if (auto& f = b.fibers[b.current]; f.state == standing::ready) {
                threadIdx = f.thread;
                switch_to(f.stack.get(), stack_bytes, b.scheduler, f.context);
            }
        bool moved = false;
        for (std::size_t w = 0; w < b.fibers.size(); w += warp_size)
            moved |= release(w, std::min<std::size_t>(w + warp_size, b.fibers.size()), standing::at_warp_barrier);
        if (!moved) moved = release(0, b.fibers.size(), standing::at_block_barrier);
        for (auto const& f : b.fibers) alive |= f.state != standing::done;
        if (!alive) return;
        if (!moved) throw std::logic_error("a barrier or shuffle that some threads do not reach");
    }
}

/// Runs a kernel's body for every thread of a grid.
inline void run_grid(dim3 grid, dim3 threads, body_of_thread body) {
    std::size_t const n = std::size_t{threads.x} * threads.y * threads.z;
    // Stacks are kept from launch to launch.
    thread_local running_block b;
    if (b.fibers.size() != n) b.fibers = std::vector<fiber>(n);
    blockDim = threads;
    gridDim = grid;
    b.exchanged.resize((n + warp_size - 1) / warp_size * warp_size);
    b.body = body;
    running = &b;
    for (unsigned z = 0; z != grid.z; ++z)
        for (unsigned y = 0; y != grid.y; ++y)
            for (unsigned x = 0; x != grid.x; ++x) {
                blockIdx = {x, y, z};
                for (unsigned i = 0; i != n; ++i) {
                    auto& f = b.fibers[i];
                    f.thread = {i % threads.x, i / threads.x % threads.y, i / (threads.x * threads.y)};
                    f.state = standing::ready;
                    getcontext(&f.context);
                    f.context.uc_stack = {f.stack.get(), 0, stack_bytes};
                    f.context.uc_link = nullptr;
                    makecontext(&f.context, run_fiber, 0);
                }
                run_block();
            }
    running = nullptr;
}

}  // namespace host_cuda

#define __global__
#define __device__
#define __host__
#define __launch_bounds__(...)
#define __grid_constant__
#define __shared__ static thread_local

inline void __syncthreads() { host_cuda::wait(host_cuda::standing::at_block_barrier); }
inline void __threadfence() {}
template <class T>
T __shfl_xor_sync(unsigned, T v, int mask) {
    return host_cuda::exchange(v, static_cast<unsigned>(host_cuda::running->current % host_cuda::warp_size) ^
                                      static_cast<unsigned>(mask));
}
template <class T>
T atomicAdd(T* p, T v) {
    T const old = *p;
    *p = old + v;
    return old;
}
template <class T>
T atomicCAS(T* p, T expected, T desired) {
    T const old = *p;
    if (old == expected) *p = desired;
    return old;
}
