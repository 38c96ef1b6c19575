// Convolutions with 3×3 kernels by Winograd's way: squares of 2×2 outputs cost 16 multiplications for each channel instead of 36.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>

#include <tenon/base/parallel.hpp>
#include <tenon/eval/cpu/gemm.hpp>
#include <tenon/eval/cpu/plane.hpp>
#include <tenon/eval/cpu/transpose.hpp>

/// @def TENON_NO_WINOGRAD
/// Defined by a program that wants every convolution as plain sums of products: 3×3 kernels then take up to half as long again. Values
/// of 64 channels of standard normal numbers, up to 101, are 4.5e-6 off the exact ones as plain sums of floats (root mean square; the
/// worst 2.9e-5), 6.2e-6 (3.5e-5) by squares; of 512 channels, up to 257, 1.5e-5 (7.0e-5) and 2.4e-5 (1.1e-4). All of a program has to
/// be compiled with it, or nothing.

namespace tenon::inline TENON_TARGET::eval {

/// F(2×2, 3×3) of Lavin and Gray, "Fast algorithms for convolutional neural networks" (2016): outputs Y = Aᵀ M A, where M is the sum
/// over channels of (G g Gᵀ) ⊙ (Bᵀ d B) for kernels g and patches d of 4×4 elements.
namespace winograd {
/// The four numbers of a column or row of Bᵀ d: d0 − d2, d1 + d2, d2 − d1, d1 − d3.
template <class V>
TENON_INLINE void of_patch(V (&d)[4]) {
    V const a = d[0] - d[2], b = d[1] + d[2], c = d[2] - d[1], e = d[1] - d[3];
    d[0] = a, d[1] = b, d[2] = c, d[3] = e;
}
/// Bᵀ d B of a patch with channels last, for all channels.
/// @param to numbers of the 16 matrices, `apart` from one to the next
template <class T>
[[gnu::noinline]] void transform_patch(T const* from, std::size_t row, std::size_t channels, T* to, std::size_t apart) {
    constexpr std::size_t lanes = tile<T>::lanes;
    using V = lane_t<T, lanes>;
    for (std::size_t c = 0; c < channels; c += lanes) {
        V d[4][4];  // column by column
        TENON_UNROLL for (std::size_t j = 0; j < 4; ++j) {
            TENON_UNROLL for (std::size_t i = 0; i < 4; ++i) d[j][i] =
                element::load_lanes<lanes>(from + i * row + j * channels + c);
            of_patch(d[j]);
        }
        TENON_UNROLL for (std::size_t i = 0; i < 4; ++i) {
            V r[4] = {d[0][i], d[1][i], d[2][i], d[3][i]};
            of_patch(r);
            TENON_UNROLL for (std::size_t j = 0; j < 4; ++j) element::store_lanes(to + (4 * i + j) * apart + c, r[j]);
        }
    }
}
/// G g: g0, (g0 + g1 + g2) / 2, (g0 − g1 + g2) / 2, g2.
template <class V>
TENON_INLINE void of_kernel(V const& g0, V const& g1, V const& g2, V (&to)[4]) {
    using T = typename V::value_type;
    V const even = V(T(0.5)) * (g0 + g2), odd = V(T(0.5)) * g1;
    to[0] = g0, to[1] = even + odd, to[2] = even - odd, to[3] = g2;
}
/// G g Gᵀ of kernels [channels, 9] in panels of output channels.
/// @param to rows of a panel's width for each channel, `apart` from one of the 16 matrices to the next
template <class T>
[[gnu::noinline]] void transform_kernels(T const* from, std::size_t channels, T* to, std::size_t apart) {
    constexpr std::size_t lanes = tile<T>::lanes, columns = tile<T>::columns;
    using V = lane_t<T, lanes>;
    for (std::size_t c = 0; c < channels; ++c, from += 9 * columns, to += columns)
        for (std::size_t o = 0; o < columns; o += lanes) {
            V g[3][4];
            TENON_UNROLL for (std::size_t j = 0; j < 3; ++j) {
                auto const at = [&](std::size_t i) TENON_LAMBDA_INLINE {
                    return element::load_lanes<lanes>(from + (3 * i + j) * columns + o);
                };
                of_kernel(at(0), at(1), at(2), g[j]);
            }
            TENON_UNROLL for (std::size_t i = 0; i < 4; ++i) {
                V r[4];
                of_kernel(g[0][i], g[1][i], g[2][i], r);
                TENON_UNROLL for (std::size_t j = 0; j < 4; ++j)
                    element::store_lanes(to + (4 * i + j) * apart + o, r[j]);
            }
        }
}
/// Aᵀ m A for a panel of output channels: two rows of two outputs.
template <class T>
[[gnu::noinline]] void transform_back(T const* from, std::size_t apart, T* to, std::size_t row) {
    constexpr std::size_t lanes = tile<T>::lanes, columns = tile<T>::columns;
    using V = lane_t<T, lanes>;
    for (std::size_t o = 0; o < columns; o += lanes) {
        V m[4][2];
        TENON_UNROLL for (std::size_t j = 0; j < 4; ++j) {
            auto const at = [&](std::size_t i) TENON_LAMBDA_INLINE {
                return element::load_lanes<lanes>(from + (4 * i + j) * apart + o);
            };
            V const inner = at(1), outer = at(2);
            m[j][0] = at(0) + inner + outer, m[j][1] = inner - outer - at(3);
        }
        TENON_UNROLL for (std::size_t i = 0; i < 2; ++i) {
            element::store_lanes(to + i * row + o, m[0][i] + m[1][i] + m[2][i]);
            element::store_lanes(to + i * row + columns + o, m[1][i] - m[2][i] - m[3][i]);
        }
    }
}
}  // namespace winograd

/// Squares of outputs along each axis.
constexpr std::size_t squares(std::size_t outputs) { return (outputs + 1) / 2; }

/// Whether squares of outputs pay: windows move one by one, there are channels enough for what is done to images, and squares enough
/// for what is done to the weight.
constexpr bool suits_winograd([[maybe_unused]] convolution const& g, [[maybe_unused]] std::size_t lanes) {
#if defined(TENON_NO_WINOGRAD)
    return false;
#else
    auto const follow = [](tenon::detail::window const& w) {
        return w.kernel == 3 && w.stride == 1 && w.dilation == 1;
    };
    return follow(g.rows) && follow(g.columns) && g.channels % lanes == 0 && g.channels >= 32 && g.outputs >= 32 &&
           g.images * squares(g.out_height) * squares(g.out_width) >= 48;
#endif
}
/// Whether all elements, even their sum, are so far from infinity that no sum of a transform is: where one is infinite, sums of squares
/// would be NaN beyond the windows that see it.
template <class T>
[[gnu::noinline]] bool are_moderate(T const* x, std::size_t n) {
    constexpr std::size_t lanes = tile<T>::lanes;
    lane_t<T, lanes> sums[4];
    TENON_UNROLL for (std::size_t q = 0; q < 4; ++q) sums[q] = lane_t<T, lanes>(T(0));
    std::size_t i = 0;
    for (; i + 4 * lanes <= n; i += 4 * lanes)
        TENON_UNROLL for (std::size_t q = 0; q < 4; ++q) sums[q] =
            sums[q] + math::abs(element::load_lanes<lanes>(x + i + q * lanes));
    T total = math::hsum((sums[0] + sums[1]) + (sums[2] + sums[3]));
    for (; i < n; ++i) total += x[i] < 0 ? -x[i] : x[i];
    return total <= std::numeric_limits<T>::max() / T(64);
}

/// y = x ⋆ w + bias, or y += x ⋆ w, by squares of outputs.
/// @param bias nullptr for none
template <bool Add, class T>
[[gnu::noinline]] void convolve_squares(convolution const& g, T const* x, T const* w, T const* bias, T* y) {
    using t = tile<T>;
    constexpr std::size_t columns = t::columns;
    std::size_t const high = squares(g.out_height), wide = squares(g.out_width), window = g.window(),
                      channels = g.channels;
    std::size_t const panels = (g.outputs + columns - 1) / columns, panel = channels * columns, apart = panels * panel;
    // The weight's 16 matrices, [matrix, panel, channel, output channel of the panel].
    buffer<T, dyn> packed, weight;
    packed.reserve(window * columns + panel_slack<T>);
    weight.reserve(16 * apart);
    // Rows of squares whose 16 matrices stay in the L2 cache.
    std::size_t const at_once = std::max<std::size_t>(1, (std::size_t{1} << 19) / (16 * channels * sizeof(T) * wide)),
                      most = at_once * wide;
    std::size_t const width = 2 * wide + 2, row = width * channels;
    for (std::size_t group = 0; group < g.groups; ++group) {
        for (std::size_t q = 0; q < panels; ++q) {
            pack_panel<T>(
                matrix<T const>{w + (group * g.outputs + q * columns) * window, 1, static_cast<std::ptrdiff_t>(window)},
                std::min(columns, g.outputs - q * columns), window, packed.data(), columns);
            winograd::transform_kernels(static_cast<T const*>(packed.data()), channels, weight.data() + q * panel,
                                        apart);
        }
        for_each_part(
            g.images * high, at_once, gemm_worth(g.images * g.out_pixels(), g.outputs, window),
            [&](std::size_t begin, std::size_t end) {
                buffer<T, dyn> patches, products, outputs, rows;
                patches.reserve(16 * most * channels);
                products.reserve(16 * most * columns);
                outputs.reserve(4 * most * columns);
                rows.reserve(4 * row);
                for (std::size_t first = begin; first < end; first += at_once) {
                    std::size_t const last = std::min(end, first + at_once), count = (last - first) * wide;
                    for (std::size_t s = first; s < last; ++s) {
                        T const* const image = x + (s / high * g.groups + group) * channels * g.pixels();
                        for (std::size_t i = 0; i < 4; ++i) {
                            T* const to = rows.data() + i * row;
                            std::size_t const at = 2 * (s % high) + i - g.rows.padding;
                            std::fill_n(to, row, T(0));
                            if (at < g.height)
                                transpose_to<false>(channels, g.width, image + at * g.width, g.pixels(),
                                                    to + g.columns.padding * channels, channels,
                                                    [](std::size_t, T* place, auto v)
                                                        TENON_LAMBDA_INLINE { element::store_lanes(place, v); });
                        }
                        for (std::size_t j = 0; j < wide; ++j)
                            winograd::transform_patch(static_cast<T const*>(rows.data()) + 2 * j * channels, row,
                                                      channels, patches.data() + ((s - first) * wide + j) * channels,
                                                      most * channels);
                    }
                    // Sums of 128 terms are as exact as those of plain convolutions.
                    equal_parts const depths(channels, 128);
                    for (std::size_t q = 0; q < panels; ++q) {
                        for (std::size_t m = 0; m < 16; ++m)
                            for (std::size_t part = 0; part < depths.count; ++part) {
                                tile_operands<T> o{.rows = count,
                                                   .columns = columns,
                                                   .depth = depths.size(part),
                                                   .a = {patches.data() + m * most * channels + depths.first(part),
                                                         static_cast<std::ptrdiff_t>(channels), 1},
                                                   .b = weight.data() + m * apart + q * panel +
                                                        depths.first(part) * columns};
                                o.b_step = columns;
                                o.c = {products.data() + m * most * columns, columns, 1};
                                o.accumulate = part != 0;
                                multiply_block<T>(o);
                            }
                        for (std::size_t k = 0; k < count; ++k)
                            winograd::transform_back(
                                static_cast<T const*>(products.data()) + k * columns, most * columns,
                                outputs.data() + (k / wide * 4 * wide + k % wide * 2) * columns, 2 * wide * columns);
                        std::size_t const o = q * columns, outs = std::min(columns, g.outputs - o);
                        for (std::size_t s = first; s < last;) {
                            // Rows of outputs that follow each other here and there are one.
                            std::size_t const i = 2 * (s % high);
                            bool const joined = 2 * wide == g.out_width;
                            std::size_t const next = joined ? std::min(last, s - s % high + high) : s + 1;
                            std::size_t const out_rows = std::min(2 * (next - s), g.out_height - i);
                            for (std::size_t r = 0; r < (joined ? 1 : out_rows); ++r)
                                transpose_to<true>(
                                    joined ? out_rows * g.out_width : g.out_width, outs,
                                    static_cast<T const*>(outputs.data()) + (2 * (s - first) + r) * 2 * wide * columns,
                                    columns,
                                    y + ((s / high * g.groups + group) * g.outputs + o) * g.out_pixels() +
                                        (i + r) * g.out_width,
                                    g.out_pixels(), [&](std::size_t j, T* to, auto v) TENON_LAMBDA_INLINE {
                                        using V = decltype(v);
                                        if constexpr (Add) add_lanes(to, v);
                                        else
                                            element::store_lanes(to, bias ? v + V(bias[group * g.outputs + o + j]) : v);
                                    });
                            s = next;
                        }
                    }
                }
            });
    }
}

}  // namespace tenon::inline TENON_TARGET::eval
