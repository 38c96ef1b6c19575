// Random numbers: each thread makes a block of Philox's, the same one that the processor would make.
#pragma once

#include <cstdint>

#include <tenon/core/random.hpp>
#include <tenon/kernels/team.hpp>

namespace tenon::inline TENON_TARGET::kernels {

/// Where a generator stands: the key of its blocks and the number of the next one.
struct random_state {
    std::uint64_t key, next;
};

/// Blocks that were taken from a generator for one use. In a captured step each replay has others.
struct random_blocks {
    random_state
        first;  ///< in a captured step its number counts from where the replay begins, and its key means nothing
    random_state const* replay;  ///< where that is in the device's memory; null outside captured steps

    TENON_HOST_DEVICE random_state begin() const {
        return replay ? random_state{replay->key, replay->next + first.next} : first;
    }
};

template <class T, class Numbers>
__global__ void __launch_bounds__(block_size)
    fill_random(T* out, std::size_t n, Numbers numbers, __grid_constant__ const random_blocks from) {
    constexpr std::size_t per_block = Numbers::per_block;
    std::size_t const blocks = (n + per_block - 1) / per_block;
    random_state const start = from.begin();
    for (auto b = thread_number<std::size_t>(); b < blocks; b += thread_count<std::size_t>()) {
        std::size_t const first = b * per_block, count = n - first < per_block ? n - first : per_block;
        numbers(tenon::detail::random_block(start.key, start.next + b), out + first, count);
    }
}

/// Says where a generator stands. One thread, like the next.
template <class = void>
__global__ void set_random(random_state* to, random_state value) {
    *to = value;
}
/// Counts the blocks that a captured step has taken.
template <class = void>
__global__ void advance_random(random_state* at, std::uint64_t blocks) {
    at->next += blocks;
}

/// Element i becomes numbers[i].
template <class T, class Numbers>
__global__ void __launch_bounds__(block_size) fill_by_position(T* out, std::size_t n, Numbers numbers) {
    for (auto i = thread_number<std::size_t>(); i < n; i += thread_count<std::size_t>()) out[i] = numbers[i];
}

}  // namespace tenon::inline TENON_TARGET::kernels
