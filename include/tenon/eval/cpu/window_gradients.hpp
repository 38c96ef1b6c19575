// The gradients of convolutions of many channels: products of the outputs' gradients with the weight, and with what windows see.
#pragma once

#include <tenon/eval/cpu/window_products.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// The convolution of the outputs' gradients with the kernels turned around that gives the input's, where windows move one
/// by one.
constexpr convolution turned_around(convolution const& g) {
    convolution t = g;
    std::swap(t.channels, t.outputs);
    std::swap(t.height, t.out_height);
    std::swap(t.width, t.out_width);
    t.rows.padding = g.rows.span() - 1 - g.rows.padding;
    t.columns.padding = g.columns.span() - 1 - g.columns.padding;
    return t;
}
constexpr bool can_turn_around(convolution const& g) {
    return g.rows.stride == 1 && g.columns.stride == 1 && g.rows.padding < g.rows.span() &&
           g.columns.padding < g.columns.span();
}
/// The weight of that convolution: [groups, channels, outputs, kernel] with each kernel from its end to its beginning.
template <class T>
[[gnu::noinline]] void turn_weight(convolution const& g, T const* w, T* to) {
    std::size_t const size = g.kernel();
    for (std::size_t group = 0; group < g.groups; ++group, to += g.channels * g.outputs * size)
        for (std::size_t o = 0; o < g.outputs; ++o)
            for (std::size_t c = 0; c < g.channels; ++c, w += size) {
                T* const kernel = to + (c * g.outputs + o) * size;
                for (std::size_t k = 0; k < size; ++k) kernel[k] = w[size - 1 - k];
            }
}

/// dx += wᵀ ⋆ dy: what each window's elements receive is a product of its gradients with the weight, which is then added where
/// the elements lie.
template <class T>
[[gnu::noinline]] void spread_windows(convolution const& g, T const* dy, T const* w, T* dx) {
    // As much of the weight at once as stays in the L2 cache once it is packed.
    constexpr std::size_t most_pixels = 96, slice = 4 * tile<T>::columns;
    std::size_t const window = g.window(), out_pixels = g.out_pixels();
    staged_images<T> images(g);
    std::size_t const at_once = staged_images<T>::at_once(g);
    buffer<T, dyn> shares, gradients;
    shares.reserve(most_pixels * window);
    gradients.reserve(at_once * out_pixels * g.outputs);
    std::ptrdiff_t const pitch = static_cast<std::ptrdiff_t>(window), outputs = static_cast<std::ptrdiff_t>(g.outputs);
    for (std::size_t group = 0; group < g.groups; ++group)
        for (std::size_t first = 0; first < g.images; first += at_once) {
            std::size_t const count = std::min(at_once, g.images - first), pixels = count * out_pixels;
            for (std::size_t i = 0; i < count; ++i)
                transpose_to<false>(
                    g.outputs, out_pixels, dy + ((first + i) * g.groups + group) * g.outputs * out_pixels, out_pixels,
                    gradients.data() + i * out_pixels * g.outputs, g.outputs,
                    [](std::size_t, T* to, auto v) TENON_LAMBDA_INLINE { element::store_lanes(to, v); });
            images.clear();
            equal_parts const blocks(pixels, most_pixels);
            for (std::size_t b = 0; b < blocks.count; ++b) {
                std::size_t const p = blocks.first(b), n = blocks.size(b);
                for_each_part(window, slice, gemm_worth(n, window, g.outputs), [&](std::size_t from, std::size_t end) {
                    for (std::size_t k = from; k < end; k += slice)
                        gemm_large<T>(
                            n, std::min(slice, end - k), g.outputs, {gradients.data() + p * g.outputs, outputs, 1},
                            {w + group * g.outputs * window + k, pitch, 1}, {shares.data() + k, pitch, 1}, false);
                });
                for (std::size_t i = 0; i < n; ++i) {
                    T const* const share = shares.data() + i * window;
                    T* const to = images.data() + images.windows()[p + i];
                    for (std::size_t k = 0; k < window; ++k) to[images.taps()[k]] += share[k];
                }
            }
            images.add_to(dx, group, first, count);
        }
}

/// The tile of a weight's gradient: elements of windows in rows, output channels in packs.
template <class T, std::size_t Packs>
inline constexpr std::size_t gradient_rows = Packs <= 2 && (Packs == 1 || TENON_VECTOR_BYTES >= 64) ? 8 : 6;
/// Elements of windows whose gradients are collected before they go to the weight's: a multiple of the numbers of rows and of lanes.
inline constexpr std::size_t gradient_block = 48;

/// sums(k, o) = Σ_p x(k, p) dy(p, o) for `count` elements k of windows, at most gradient_block, and a panel of output channels.
/// @param windows where each of `depth` windows starts
/// @param sums rows of a panel's width
template <std::size_t Packs, class T>
[[gnu::noinline]] void correlate_windows(T const* x, std::size_t const* taps, std::size_t count,
                                         std::size_t const* windows, std::size_t depth, T const* panel, T* sums) {
    constexpr std::size_t lanes = tile<T>::lanes, width = tile<T>::columns, rows = gradient_rows<T, Packs>;
    for (std::size_t k = 0; k < count; k += rows) {
        std::array<T const*, rows> a;
        TENON_UNROLL for (std::size_t r = 0; r < rows; ++r) a[r] = x + taps[std::min(k + r, count - 1)];
        register_tile<T, rows, Packs> t;
        t.add(
            depth, a, [windows](std::size_t p) TENON_LAMBDA_INLINE { return windows[p]; }, panel,
            [](std::size_t p) TENON_LAMBDA_INLINE { return p * width; });
        t.each([&](lane_t<T, lanes> const& v, std::size_t r, std::size_t q)
                   TENON_LAMBDA_INLINE { element::store_lanes(sums + (k + r) * width + q * lanes, v); });
    }
}

/// dw += dy ⋆ x, or dw = dy ⋆ x: every element of a window collects the gradients of all windows, as far as it says.
template <class T>
[[gnu::noinline]] void convolve_weight_gradient(convolution const& g, T const* x, T const* dy, T* dw, bool add) {
    using t = tile<T>;
    constexpr std::size_t columns = t::columns, most_pixels = 1024;
    std::size_t const window = g.window(), out_pixels = g.out_pixels();
    staged_images<T> images(g);
    std::size_t const at_once = staged_images<T>::at_once(g);
    buffer<T, dyn> panel;
    panel.reserve(std::min(most_pixels, at_once * out_pixels) * columns + panel_slack<T>);
    // For windows p to p + depth of some images and a panel of output channels.
    auto const correlate_part = [&](T const* gradients, std::size_t p, std::size_t depth, std::size_t width, T* to,
                                    bool adds) {
        for (std::size_t i = 0; i < depth;) {
            std::size_t const from = (p + i) % out_pixels, n = std::min(depth - i, out_pixels - from);
            pack_panel<T>(matrix<T const>{gradients + (p + i) / out_pixels * g.groups * g.outputs * out_pixels + from,
                                          1, static_cast<std::ptrdiff_t>(out_pixels)},
                          width, n, panel.data() + i * columns, columns);
            i += n;
        }
        for_each_part(window, gradient_block, gemm_worth(window, width, depth),
                      [&](std::size_t first, std::size_t last) {
                          alignas(64) T sums[(gradient_block + 8) * columns];
                          for (std::size_t k = first; k < last; k += gradient_block) {
                              std::size_t const n = std::min(gradient_block, last - k);
                              auto const correlate_packs = [&](auto packs) {
                                  correlate_windows<packs>(images.data(), images.taps() + k, n, images.windows() + p,
                                                           depth, static_cast<T const*>(panel.data()), sums);
                              };
                              if (width <= t::lanes) correlate_packs(std::integral_constant<std::size_t, 1>{});
                              else if (width <= 2 * t::lanes) correlate_packs(std::integral_constant<std::size_t, 2>{});
                              else correlate_packs(std::integral_constant<std::size_t, t::packs>{});
                              transpose_to<true>(n, width, static_cast<T const*>(sums), columns, to + k, window,
                                                 [adds](std::size_t, T* place, auto v) TENON_LAMBDA_INLINE {
                                                     if (adds) add_lanes(place, v);
                                                     else element::store_lanes(place, v);
                                                 });
                          }
                      });
    };
    for (std::size_t group = 0; group < g.groups; ++group)
        for (std::size_t first = 0; first < g.images; first += at_once) {
            std::size_t const count = std::min(at_once, g.images - first);
            images.read(x, group, first, count);
            equal_parts const parts(count * out_pixels, most_pixels);
            for (std::size_t part = 0; part < parts.count; ++part)
                for (std::size_t o = 0; o < g.outputs; o += columns)
                    correlate_part(dy + ((first * g.groups + group) * g.outputs + o) * out_pixels, parts.first(part),
                                   parts.size(part), std::min(columns, g.outputs - o),
                                   dw + (group * g.outputs + o) * window, add || first != 0 || part != 0);
        }
}

}  // namespace tenon::inline TENON_TARGET::eval
