// One block alone: how its threads share out elements and sums.
#pragma once

#include <cstdint>

#include <tenon/kernels/team.hpp>

namespace tenon::inline TENON_TARGET::kernels {

/// Shared memory that what one block computes may take, in bytes: 48 KB, less what joining takes.
inline constexpr std::size_t most_block_memory = 47 * 1024;

/// 16 bytes of shared memory, aligned for every element type.
struct alignas(16) block_line {
    unsigned char bytes[16];
};

/// Calls f(i) for each i below N, by the thread whose number i has in its last digits.
template <std::size_t N, class F>
__device__ inline void for_each_in_block(F const& f) {
    for (std::uint32_t i = threadIdx.x; i < N; i += block_size) f(i);
}

/// Whether warps that take one result each come to the end in fewer turns than threads that do.
template <std::size_t Results, std::size_t Count>
inline constexpr bool joined_by_warps = [] {
    constexpr std::size_t warps = block_size / warp_size, turns_of_joining = 8;
    std::size_t const by_threads = (Results + block_size - 1) / block_size * Count,
                      by_warps =
                          (Results + warps - 1) / warps * ((Count + warp_size - 1) / warp_size + turns_of_joining);
    return by_warps < by_threads;
}();

/// Joins Count terms for each of Results results, in an order that depends on nothing but these numbers. The whole
/// block has to call it.
/// @param start what a result without terms is
/// @param term term(o, r) is the r-th term of result o
/// @param put put(o, v) is called once for each result
template <std::size_t Results, std::size_t Count, class Join, class V, class Term, class Put>
__device__ inline void join_in_block(Join const& join, V start, Term const& term, Put const& put) {
    if constexpr (joined_by_warps<Results, Count>) {
        std::uint32_t const lane = threadIdx.x % warp_size;
        for (std::uint32_t o = threadIdx.x / warp_size; o < Results; o += block_size / warp_size) {
            V all = start;
            for (std::uint32_t r = lane; r < Count; r += warp_size) all = join(all, term(o, r));
            all = join_warp(join, all);
            if (lane == 0) put(o, all);
        }
    } else
        for_each_in_block<Results>([&](std::uint32_t o) {
            V all = start;
            for (std::uint32_t r = 0; r < Count; ++r) all = join(all, term(o, r));
            put(o, all);
        });
}

}  // namespace tenon::inline TENON_TARGET::kernels
