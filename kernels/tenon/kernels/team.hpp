// Threads that work on one result together: how they share it out, and how they join what each has found.
#pragma once

#include <cstddef>
#include <type_traits>

#include <tenon/base/target.hpp>
#include <tenon/scalar/dual.hpp>
#include <tenon/scalar/math.hpp>

/// @def TENON_KERNEL_UNROLL
/// Before a loop of a constant number of turns over an array of a thread's: a device's compiler writes it out, so that the
/// array is in registers.
#if defined(__CUDACC__)
#define TENON_KERNEL_UNROLL _Pragma("unroll")
#else
#define TENON_KERNEL_UNROLL
#endif

namespace tenon::inline TENON_TARGET::kernels {

/// Threads of a block, in every kernel of this folder.
inline constexpr unsigned block_size = 256;
inline constexpr unsigned warp_size = 32;
inline constexpr unsigned whole_warp = 0xffffffffU;

/// A thread's number in the grid, and the number of threads.
template <class Index>
__device__ inline Index thread_number() {
    return static_cast<Index>(blockIdx.x) * blockDim.x + threadIdx.x;
}
template <class Index>
__device__ inline Index thread_count() {
    return static_cast<Index>(gridDim.x) * blockDim.x;
}

/// What a lane holds, as a type that shuffles know.
template <class V>
using shuffled_t = std::conditional_t<element::is_mask<V> || sizeof(decltype(V::raw)) < 4, int, decltype(V::raw)>;

/// The value of the lane whose number differs in the bits of `mask`; every thread of the warp has to call it.
template <class V>
__device__ inline V shuffle_xor(V v, unsigned mask) {
    V other;
    other.raw = static_cast<decltype(V::raw)>(
        __shfl_xor_sync(whole_warp, static_cast<shuffled_t<V>>(v.raw), static_cast<int>(mask)));
    return other;
}

struct join_max {
    template <class V>
    __device__ V operator()(V a, V b) const {
        return math::maximum(a, b);
    }
};
struct join_sum {
    template <class V>
    __device__ V operator()(V a, V b) const {
        return a + b;
    }
};

/// Joins lanes by a reduction's operator.
template <class Op>
struct join_by {
    template <class V>
    __device__ V operator()(V a, V b) const {
        return Op::combine(a, b);
    }
};

/// A thread's sum of many floats: parts of 128 terms are added up in float, the parts in double, so that its error does not grow
/// with their number.
/// @tparam Widens whether it is such a sum; others are as they are
template <bool Widens>
struct thread_total {
    static constexpr bool widens = Widens;
    double parts = 0;
    unsigned left = 128;
    /// Whether what was added up since the last part ends one, asked once for each term.
    TENON_INLINE __device__ bool ends_part() {
        if (--left != 0) return false;
        left = 128;
        return true;
    }
    template <class V>
    TENON_INLINE __device__ void add(V part) {
        parts += static_cast<double>(part.raw);
    }
    /// The sum with a last part.
    template <class V>
    TENON_INLINE __device__ V with(V part) const {
        return V(static_cast<float>(parts + static_cast<double>(part.raw)));
    }
};
template <>
struct thread_total<false> {
    static constexpr bool widens = false;
    template <class V>
    TENON_INLINE __device__ V with(V all) const {
        return all;
    }
};

/// All that the threads of a warp hold, joined; every thread gets it.
template <class Join, class V>
__device__ inline V join_warp(Join const& join, V v) {
    for (unsigned m = warp_size / 2; m != 0; m /= 2) v = join(v, shuffle_xor(v, m));
    return v;
}

/// All that the threads of a team hold, joined in an order that depends on nothing but their number; every thread gets it.
/// @tparam Team a thread, a warp or a block; the whole warp or block has to call it
/// @param scratch room for one value of each warp
template <unsigned Team, class Join, class V>
__device__ inline V join_team(Join const& join, V v, V* scratch) {
    static_assert(Team == 1 || Team == warp_size || Team == block_size);
    if constexpr (Team != 1) v = join_warp(join, v);
    if constexpr (Team == block_size) {
        __syncthreads();  // the scratch may still be read for the value before this one
        if (threadIdx.x % warp_size == 0) scratch[threadIdx.x / warp_size] = v;
        __syncthreads();
        v = scratch[0];
        for (unsigned w = 1; w != block_size / warp_size; ++w) v = join(v, scratch[w]);
    }
    return v;
}

/// Whether this block is the last of the grid to come here. What the others wrote before is then visible. The ticket is back
/// at 0 for the next kernel.
__device__ inline bool last_block(unsigned* ticket) {
    __shared__ bool last;
    __threadfence();
    __syncthreads();
    if (threadIdx.x == 0) {
        last = atomicAdd(ticket, 1U) == gridDim.x - 1;
        if (last) *ticket = 0;
    }
    __syncthreads();
    if (last) __threadfence();
    return last;
}

}  // namespace tenon::inline TENON_TARGET::kernels
