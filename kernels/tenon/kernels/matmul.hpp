// Matrix products for what the vendor's library does not take: integers, and operands without unit strides.
#pragma once

#include <tenon/kernels/team.hpp>

namespace tenon::inline TENON_TARGET::kernels {

/// A matrix in memory: its first element and the distances of its rows and columns.
template <class T>
struct strided_matrix {
    T* p;
    std::ptrdiff_t rows, columns;
    __device__ T& operator()(std::size_t i, std::size_t j) const {
        return p[static_cast<std::ptrdiff_t>(i) * rows + static_cast<std::ptrdiff_t>(j) * columns];
    }
};

/// C ← A·B, or C ← C + A·B. Blocks of 16 by 16 threads, each with a tile of both operands in shared memory.
template <class T>
__global__ void __launch_bounds__(block_size)
    matmul(strided_matrix<T const> a, strided_matrix<T const> b, strided_matrix<T> c, std::size_t m, std::size_t n,
           std::size_t k, bool add) {
    constexpr unsigned tile = 16;
    using V = element::computed_t<T>;
    __shared__ V left[tile][tile], right[tile][tile];
    unsigned const x = threadIdx.x % tile, y = threadIdx.x / tile;
    std::size_t const i = std::size_t{blockIdx.y} * tile + y, j = std::size_t{blockIdx.x} * tile + x;
    V sum(0);
    for (std::size_t first = 0; first < k; first += tile) {
        left[y][x] = i < m && first + x < k ? V(a(i, first + x)) : V(0);
        right[y][x] = first + y < k && j < n ? V(b(first + y, j)) : V(0);
        __syncthreads();
        for (unsigned l = 0; l != tile; ++l) sum = static_cast<V>(sum + left[y][l] * right[l][x]);
        __syncthreads();
    }
    if (i < m && j < n) c(i, j) = static_cast<T>(add ? c(i, j) + sum : sum);
}

}  // namespace tenon::inline TENON_TARGET::kernels
