// Random numbers: each thread makes a block of Philox's, the same one that the processor would make.
#pragma once

#include <cstdint>

#include <tenon/core/random.hpp>
#include <tenon/kernels/team.hpp>

namespace tenon::inline TENON_TARGET::kernels {

template <class T, class Numbers>
__global__ void __launch_bounds__(block_size)
    fill_random(T* out, std::size_t n, Numbers numbers, std::uint64_t key, std::uint64_t start) {
    constexpr std::size_t per_block = Numbers::per_block;
    std::size_t const blocks = (n + per_block - 1) / per_block;
    for (auto b = thread_number<std::size_t>(); b < blocks; b += thread_count<std::size_t>()) {
        std::size_t const first = b * per_block, count = n - first < per_block ? n - first : per_block;
        numbers(tenon::detail::random_block(key, start + b), out + first, count);
    }
}

/// Every element becomes the value.
template <class T>
__global__ void __launch_bounds__(block_size) fill(T* out, std::size_t n, T value) {
    for (auto i = thread_number<std::size_t>(); i < n; i += thread_count<std::size_t>()) out[i] = value;
}

}  // namespace tenon::inline TENON_TARGET::kernels
