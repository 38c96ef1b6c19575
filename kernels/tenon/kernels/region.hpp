// An elementwise region of any size, forward and backward. What a thread computes is the region's reader, a trivially copyable
// object made from the expression's type.
#pragma once

#include <tenon/kernels/team.hpp>

namespace tenon::inline TENON_TARGET::kernels {

/// Adds to an element that other threads add to. A narrow one is exchanged for the rounded sum until no other thread came between.
template <class T, class V>
__device__ void add_atomically(T* to, V g) {
    if constexpr (element::narrow<T>) {
        auto seen = to->bits, expected = seen;
        do {
            expected = seen;
            seen = atomicCAS(&to->bits, expected, T(float(T::from_bits(expected)) + g.raw).bits);
        } while (seen != expected);
    } else atomicAdd(to, g.raw);
}

/// Writes n elements of a region, W at a time: with 16 bytes for each thread and step where a row's end allows it.
template <std::size_t W, class Index, class Region, class T>
__global__ void __launch_bounds__(block_size) evaluate(__grid_constant__ const Region region, T* to, Index n) {
    constexpr Index w = W;
    Index const packs = n / w;
    for (Index i = thread_number<Index>(); i < packs; i += thread_count<Index>())
        region.template store<W>(to, i * w, region.template load<W>(i * w).value);
    if constexpr (W != 1)
        for (Index i = packs * w + thread_number<Index>(); i < n; i += thread_count<Index>())
            region.template store<1>(to, i, region.template load<1>(i).value);
}

/// Sends the gradient that a seed gives for each element down the region to all its leaves.
template <std::size_t W, class Index, class Region, class Seed>
__global__ void __launch_bounds__(block_size) backward(Region region, __grid_constant__ const Seed seed, Index n) {
    constexpr Index w = W;
    Index const packs = n / w;
    for (Index i = thread_number<Index>(); i < packs; i += thread_count<Index>()) {
        auto const r = region.template load<W>(i * w);
        region.template adjoint<W>(i * w, r, seed.template load<W>(i * w, r.value));
    }
    if constexpr (W != 1)
        for (Index i = packs * w + thread_number<Index>(); i < n; i += thread_count<Index>()) {
            auto const r = region.template load<1>(i);
            region.template adjoint<1>(i, r, seed.template load<1>(i, r.value));
        }
    region.close();
}

/// The value of a computation's root, and the gradient 1 sent down from it. One warp.
template <class Region, class T>
__global__ void backward_from_root(Region region, T* value) {
    if (threadIdx.x == 0) {
        auto const r = region.template load<1>(0U);
        region.template store<1>(value, 0U, r.value);
        region.template adjoint<1>(0U, r, region.one());
    }
    region.close();
}

}  // namespace tenon::inline TENON_TARGET::kernels
