// A vector times a matrix, which is read once.
#pragma once

#include <cstddef>

#include <tenon/core/workspace.hpp>
#include <tenon/eval/cpu/gemm_tile.hpp>

namespace tenon::inline TENON_TARGET::eval {

namespace detail {
/// y_j = Σ_k x_k b_kj for J columns that are contiguous along k: a sum of lanes for each.
template <std::size_t J, class T>
TENON_INLINE void dot_columns(std::size_t depth, T const* x, matrix<T const> b, T* y, std::ptrdiff_t y_step,
                              bool accumulate) {
    constexpr std::size_t lanes = tile<T>::lanes;
    using V = element::lane_t<T, lanes>;
    V sums[J];
    TENON_UNROLL for (std::size_t j = 0; j < J; ++j) sums[j] = V(T(0));
    std::size_t k = 0;
    for (; k + lanes <= depth; k += lanes) {
        V const v = element::load_lanes<lanes>(x + k);
        TENON_UNROLL for (std::size_t j = 0; j < J; ++j) sums[j] =
            multiply_add(v, element::load_lanes<lanes>(b.at(k, j)), sums[j]);
    }
    TENON_UNROLL for (std::size_t j = 0; j < J; ++j) {
        T s = element::element_of<T>(math::total(sums[j]));
        for (std::size_t i = k; i < depth; ++i) s = element::sum_with_product<T>(s, x[i], *b.at(i, j));
        T& to = y[static_cast<std::ptrdiff_t>(j) * y_step];
        to = accumulate ? element::sum_of(to, s) : s;
    }
}

/// y += Σ_k x_k b_k for K rows that are contiguous.
template <std::size_t K, class T>
TENON_INLINE void add_rows(std::size_t width, T const* x, matrix<T const> b, T* y) {
    constexpr std::size_t lanes = tile<T>::lanes;
    using V = element::lane_t<T, lanes>;
    std::size_t j = 0;
    for (; j + lanes <= width; j += lanes) {
        V s = element::load_lanes<lanes>(y + j);
        TENON_UNROLL for (std::size_t k = 0; k < K; ++k) s =
            multiply_add(V(x[k]), element::load_lanes<lanes>(b.at(k, j)), s);
        element::store_lanes(y + j, s);
    }
    for (; j < width; ++j)
        for (std::size_t k = 0; k < K; ++k) y[j] = element::sum_with_product<T>(y[j], x[k], *b.at(k, j));
}
}  // namespace detail

/// y = x·B or y += x·B, for x of k and y of n elements. One of B's strides should be 1.
template <class T>
[[gnu::noinline]] void gemv(std::size_t n, std::size_t k, T const* x, std::ptrdiff_t x_step, matrix<T const> b, T* y,
                            std::ptrdiff_t y_step, bool accumulate) {
    buffer<T, dyn> packed_x, packed_y;
    if (x_step != 1) {
        packed_x.reserve(k);
        for (std::size_t i = 0; i < k; ++i) packed_x.data()[i] = x[static_cast<std::ptrdiff_t>(i) * x_step];
        x = packed_x.data();
    }
    if (b.rows == 1) {
        constexpr std::size_t together = 8;
        std::size_t j = 0;
        auto const to = [&] { return y + static_cast<std::ptrdiff_t>(j) * y_step; };
        for (; j + together <= n; j += together)
            detail::dot_columns<together>(k, x, b.from(0, j), to(), y_step, accumulate);
        for (; j < n; ++j) detail::dot_columns<1>(k, x, b.from(0, j), to(), y_step, accumulate);
        return;
    }
    T* sums = y;
    if (y_step != 1) {
        packed_y.reserve(n);
        sums = packed_y.data();
    }
    if (y_step != 1 || !accumulate)
        for (std::size_t j = 0; j < n; ++j) sums[j] = T(0);
    if (b.columns == 1) {
        constexpr std::size_t together = 8;
        std::size_t i = 0;
        for (; i + together <= k; i += together) detail::add_rows<together>(n, x + i, b.from(i, 0), sums);
        for (; i < k; ++i) detail::add_rows<1>(n, x + i, b.from(i, 0), sums);
    } else
        for (std::size_t i = 0; i < k; ++i)
            for (std::size_t j = 0; j < n; ++j) sums[j] = element::sum_with_product<T>(sums[j], x[i], *b.at(i, j));
    if (y_step != 1)
        for (std::size_t j = 0; j < n; ++j) {
            T& to = y[static_cast<std::ptrdiff_t>(j) * y_step];
            to = accumulate ? element::sum_of(to, sums[j]) : sums[j];
        }
}

}  // namespace tenon::inline TENON_TARGET::eval
