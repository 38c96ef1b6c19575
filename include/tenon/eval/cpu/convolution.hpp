// What a convolution is, whatever computes it: its extents, its definition, and sums in registers.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <type_traits>

#include <tenon/eval/cpu/gemm_tile.hpp>
#include <tenon/eval/cpu/reduce.hpp>
#include <tenon/expr/window.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// The extents of a convolution. Images are [images, groups, channels, height, width], outputs
/// [images, groups, outputs, out_height, out_width], weights [groups, outputs, channels, kernel].
struct convolution {
    std::size_t images, groups, channels, outputs, height, width, out_height, out_width;
    tenon::detail::window rows, columns;

    constexpr std::size_t pixels() const { return height * width; }
    constexpr std::size_t out_pixels() const { return out_height * out_width; }
    constexpr std::size_t kernel() const { return rows.kernel * columns.kernel; }
    /// Elements of a window.
    constexpr std::size_t window() const { return channels * kernel(); }
    /// Images and outputs, each a group of channels of one image.
    constexpr std::size_t parts() const { return images * groups; }
};

/// Calls f(output, input, weight) with the positions of every product of a convolution: the definition, for elements without
/// lanes and for constant expressions.
template <class F>
constexpr void each_product(convolution const& g, F&& f) {
    for (std::size_t part = 0; part < g.parts(); ++part)
        for (std::size_t o = 0; o < g.outputs; ++o)
            for (std::size_t i = 0; i < g.out_height; ++i)
                for (std::size_t j = 0; j < g.out_width; ++j)
                    for (std::size_t c = 0; c < g.channels; ++c)
                        for (std::size_t k = 0; k < g.rows.kernel; ++k)
                            for (std::size_t l = 0; l < g.columns.kernel; ++l) {
                                // Positions left of the input wrap around and fail the test too.
                                std::size_t const y = i * g.rows.stride + k * g.rows.dilation - g.rows.padding;
                                std::size_t const x = j * g.columns.stride + l * g.columns.dilation - g.columns.padding;
                                if (y >= g.height || x >= g.width) continue;
                                f(((part * g.outputs + o) * g.out_height + i) * g.out_width + j,
                                  ((part * g.channels + c) * g.height + y) * g.width + x,
                                  (((part % g.groups * g.outputs + o) * g.channels + c) * g.rows.kernel + k) *
                                          g.columns.kernel +
                                      l);
                            }
}

/// Rows × Packs sums in registers.
template <class T, std::size_t Rows, std::size_t Packs>
struct register_tile {
    static constexpr std::size_t lanes = TENON_VECTOR_BYTES / sizeof(T);
    using V = lane_t<T, lanes>;
    V sums[Rows][Packs];

    TENON_INLINE register_tile() {
        TENON_UNROLL for (std::size_t i = 0; i < Rows; ++i) TENON_UNROLL for (std::size_t q = 0; q < Packs; ++q)
            sums[i][q] = V(T(0));
    }
    /// Calls f(sum, row, pack) for every sum.
    template <class F>
    TENON_INLINE void each(F&& f) {
        TENON_UNROLL for (std::size_t i = 0; i < Rows; ++i) TENON_UNROLL for (std::size_t q = 0; q < Packs; ++q)
            f(sums[i][q], i, q);
    }
    /// Adds Σ_k a_i(k) b_q(k) for `depth` k: a_i(k) is a[i][in_a(k)], b_q(k) a pack at b + in_b(k) + q packs.
    template <class InA, class InB>
    TENON_INLINE void add(std::size_t depth, std::array<T const*, Rows> const& a, InA const& in_a, T const* b,
                          InB const& in_b) {
        for (std::size_t k = 0; k < depth; ++k) {
            std::size_t const at = in_a(k);
            T const* const from = b + in_b(k);
            V packs[Packs];
            TENON_UNROLL for (std::size_t q = 0; q < Packs; ++q) packs[q] =
                element::load_lanes<lanes>(from + q * lanes);
            TENON_UNROLL for (std::size_t i = 0; i < Rows; ++i) {
                V const av(a[i][at]);
                TENON_UNROLL for (std::size_t q = 0; q < Packs; ++q) sums[i][q] =
                    multiply_add(av, packs[q], sums[i][q]);
            }
        }
    }
};

/// Adds to a pack in memory.
template <class T, class V>
TENON_INLINE void add_lanes(T* p, V const& v) {
    element::store_lanes(p, element::load_lanes<V::lanes>(p) + v);
}

}  // namespace tenon::inline TENON_TARGET::eval
