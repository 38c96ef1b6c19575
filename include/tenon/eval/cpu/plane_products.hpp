// Convolutions to few output channels, depthwise ones above all: the neighbours in memory are an image's, so the lanes run along its
// pixels, and all that windows see lies where it is staged.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

#include <tenon/eval/cpu/window_gradients.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// The windows of one image as lines of neighbours. Windows that move one by one are one line, from the first to the last of the
/// image: between two rows of outputs lie some that reach beyond the margin, whose results are dropped. Others are a line for each
/// row of outputs.
struct window_lines {
    std::size_t count, length, pitch;  ///< pitch: from a row of outputs to the next
    template <class T>
    window_lines(convolution const& g, staged_planes<T> const& image) {
        bool const joined = g.rows.stride == 1 && g.columns.stride == 1;
        count = joined ? 1 : g.out_height;
        pitch = joined ? image.pitch() : (g.out_width + lanes_of<T> - 1) / lanes_of<T> * lanes_of<T>;
        length = joined ? (g.out_height - 1) * pitch + g.out_width : g.out_width;
    }
    template <class T>
    static constexpr std::size_t lanes_of = staged_planes<T>::lanes;
    /// Whole registers of a line.
    std::size_t packs(std::size_t lanes) const { return (length + lanes - 1) / lanes; }
};

/// y = x ⋆ w + bias, or y += x ⋆ w, for Rows output channels and Packs packs of pixels at once.
/// @param bias nullptr for none
template <std::size_t Rows, std::size_t Packs, class T>
[[gnu::noinline]] void convolve_planes(convolution const& g, T const* x, T const* w, T const* bias, T* y, bool add) {
    constexpr std::size_t lanes = staged_planes<T>::lanes;
    using V = lane_t<T, lanes>;
    for_each_part(g.parts(), 1, gemm_worth(g.parts() * g.out_pixels(), g.outputs, g.window()),
                  [&](std::size_t begin, std::size_t end) {
                      staged_planes<T> image(g, g.channels);
                      window_lines const lines(g, image);
                      window_taps<T> const taps(g, image);
                      std::size_t const packs = lines.packs(lanes), line = std::max(packs * lanes, lines.pitch);
                      buffer<T, dyn> sums;
                      sums.reserve(Rows * lines.count * line);
                      for (std::size_t part = begin; part < end; ++part) {
                          for (std::size_t c = 0; c < g.channels; ++c)
                              image.read(x + (part * g.channels + c) * g.pixels(), c);
                          for (std::size_t o = 0; o < g.outputs; o += Rows) {
                              std::size_t const first = part % g.groups * g.outputs + o,
                                                rows = std::min(Rows, g.outputs - o);
                              std::array<T const*, Rows> a;
                              // Where fewer channels are left, the last is computed several times.
                              for (std::size_t r = 0; r < Rows; ++r)
                                  a[r] = w + (first + std::min(r, rows - 1)) * g.window();
                              for (std::size_t i = 0; i < lines.count; ++i) {
                                  auto const block = [&](auto n, std::size_t q) TENON_LAMBDA_INLINE {
                                      register_tile<T, Rows, n> t;
                                      if (bias)
                                          t.each([&](V& v, std::size_t r, std::size_t) TENON_LAMBDA_INLINE {
                                              v = V(bias[first + std::min(r, rows - 1)]);
                                          });
                                      t.add(
                                          g.window(), a, [](std::size_t k) TENON_LAMBDA_INLINE { return k; },
                                          static_cast<T const*>(image.row(i)) + q * lanes,
                                          [&taps](std::size_t k) TENON_LAMBDA_INLINE { return taps[k]; });
                                      T* const to = sums.data() + i * line + q * lanes;
                                      t.each([&](V const& v, std::size_t r, std::size_t p) TENON_LAMBDA_INLINE {
                                          element::store_lanes(to + r * lines.count * line + p * lanes, v);
                                      });
                                  };
                                  std::size_t q = 0;
                                  for (; q + Packs <= packs; q += Packs)
                                      block(std::integral_constant<std::size_t, Packs>{}, q);
                                  for (; q < packs; ++q) block(std::integral_constant<std::size_t, 1>{}, q);
                              }
                              std::size_t const pitch = lines.count == 1 ? lines.pitch : line;
                              for (std::size_t r = 0; r < rows; ++r)
                                  copy_block<T>(g.out_height, g.out_width, sums.data() + r * lines.count * line, pitch,
                                                {y + (part * g.outputs + o + r) * g.out_pixels(),
                                                 static_cast<std::ptrdiff_t>(g.out_width), 1},
                                                add);
                          }
                      }
                  });
}

/// dw += dy ⋆ x: sums of lanes over all pixels, for Rows output channels and Taps elements of a window at once.
template <std::size_t Rows, std::size_t Taps, class T>
[[gnu::noinline]] void correlate_planes(convolution const& g, T const* x, T const* dy, T* dw) {
    constexpr std::size_t lanes = staged_planes<T>::lanes, images_in_sum = 64;
    using V = lane_t<T, lanes>;
    staged_planes<T> image(g, g.channels);
    window_lines const lines(g, image);
    window_taps<T> const taps(g, image);
    std::size_t const packs = lines.packs(lanes), pitch = lines.count == 1 ? lines.pitch : packs * lanes;
    std::size_t const size = std::max(packs * lanes, lines.pitch) * lines.count;
    std::size_t const row_tiles = (g.outputs + Rows - 1) / Rows, tap_tiles = (g.window() + Taps - 1) / Taps;
    // Gradients with zeros where windows reach beyond the margin, and sums of lanes.
    buffer<T, dyn> gradients, sums;
    gradients.reserve_zeros(row_tiles * Rows * size);
    std::size_t const tile_size = Rows * Taps * lanes, group_size = row_tiles * tap_tiles * tile_size;
    sums.reserve(g.groups * group_size);
    for (std::size_t first = 0; first < g.images; first += images_in_sum) {
        std::fill_n(sums.data(), g.groups * group_size, T(0));
        std::size_t const last = std::min(g.images, first + images_in_sum);
        for (std::size_t part = first * g.groups; part < last * g.groups; ++part) {
            for (std::size_t c = 0; c < g.channels; ++c) image.read(x + (part * g.channels + c) * g.pixels(), c);
            for (std::size_t o = 0; o < g.outputs; ++o)
                for (std::size_t i = 0; i < g.out_height; ++i)
                    std::copy_n(dy + ((part * g.outputs + o) * g.out_height + i) * g.out_width, g.out_width,
                                gradients.data() + o * size + i * pitch);
            T* to = sums.data() + part % g.groups * group_size;
            for (std::size_t o = 0; o < row_tiles * Rows; o += Rows)
                for (std::size_t k = 0; k < g.window(); k += Taps, to += tile_size) {
                    register_tile<T, Rows, Taps> t;
                    t.each([&](V& v, std::size_t r, std::size_t q)
                               TENON_LAMBDA_INLINE { v = element::load_lanes<lanes>(to + (r * Taps + q) * lanes); });
                    for (std::size_t i = 0; i < lines.count; ++i) {
                        T const* seen[Taps];
                        TENON_UNROLL for (std::size_t q = 0; q < Taps; ++q) seen[q] =
                            image.row(i) + taps[std::min(k + q, g.window() - 1)];
                        T const* const from = gradients.data() + o * size + i * pitch;
                        for (std::size_t j = 0; j < packs * lanes; j += lanes) {
                            V elements[Taps];
                            TENON_UNROLL for (std::size_t q = 0; q < Taps; ++q) elements[q] =
                                element::load_lanes<lanes>(seen[q] + j);
                            TENON_UNROLL for (std::size_t r = 0; r < Rows; ++r) {
                                V const v = element::load_lanes<lanes>(from + r * size + j);
                                TENON_UNROLL for (std::size_t q = 0; q < Taps; ++q) t.sums[r][q] =
                                    multiply_add(v, elements[q], t.sums[r][q]);
                            }
                        }
                    }
                    t.each([&](V const& v, std::size_t r, std::size_t q)
                               TENON_LAMBDA_INLINE { element::store_lanes(to + (r * Taps + q) * lanes, v); });
                }
        }
        auto const total = [&](std::size_t group, std::size_t o, std::size_t k) {
            return math::hsum(element::load_lanes<lanes>(sums.data() + group * group_size +
                                                         (o / Rows * tap_tiles + k / Taps) * tile_size +
                                                         (o % Rows * Taps + k % Taps) * lanes));
        };
        auto const each = [&](auto const& f) {
            for (std::size_t group = 0; group < g.groups; ++group)
                for (std::size_t o = 0; o < g.outputs; ++o)
                    for (std::size_t k = 0; k < g.window(); ++k) f(group, o, k);
        };
        // An infinite element times the zeros between the rows is NaN, where no window sees it with this tap.
        bool finite = true;
        each([&](std::size_t group, std::size_t o, std::size_t k) {
            finite = finite && std::isfinite(total(group, o, k));
        });
        if (!finite) {
            convolution part = g;
            part.images = last - first;
            convolve_weight_gradient(part, x + first * g.groups * g.channels * g.pixels(),
                                     dy + first * g.groups * g.outputs * g.out_pixels(), dw);
        } else
            each([&](std::size_t group, std::size_t o, std::size_t k) {
                dw[(group * g.outputs + o) * g.window() + k] += total(group, o, k);
            });
    }
}

/// dx += wᵀ ⋆ dy for groups of one channel with one output: the gradients of all pixels go to one element of their windows, then
/// to the next, so that no load meets a store that has just begun.
template <class T>
[[gnu::noinline]] void spread_planes(convolution const& g, T const* dy, T const* w, T* dx) {
    constexpr std::size_t lanes = staged_planes<T>::lanes;
    using V = lane_t<T, lanes>;
    staged_planes<T> image(g);
    std::size_t const whole = g.out_width / lanes * lanes;
    for (std::size_t part = 0; part < g.parts(); ++part) {
        image.clear();
        T const* const gradient = dy + part * g.out_pixels();
        T const* weight = w + part % g.groups * g.kernel();
        for (std::size_t k = 0; k < g.rows.kernel; ++k)
            for (std::size_t l = 0; l < g.columns.kernel; ++l, ++weight)
                for (std::size_t i = 0; i < g.out_height; ++i) {
                    T const* const from = gradient + i * g.out_width;
                    T* const to = image.row(i) + image.tap(k, l);
                    for (std::size_t j = 0; j < whole; j += lanes)
                        element::store_lanes(to + j, multiply_add(V(*weight), element::load_lanes<lanes>(from + j),
                                                                  element::load_lanes<lanes>(to + j)));
                    for (std::size_t j = whole; j < g.out_width; ++j) to[j] += *weight * from[j];
                }
        image.add_to(dx + part * g.pixels());
    }
}

}  // namespace tenon::inline TENON_TARGET::eval
