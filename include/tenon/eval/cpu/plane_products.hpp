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

/// Calls f(packs, first) for all packs of a line, Packs at a time while there are as many: packs is an integral constant.
template <std::size_t Packs, class F>
TENON_INLINE void each_block(std::size_t count, F const& f) {
    std::size_t q = 0;
    for (; q + Packs <= count; q += Packs) f(std::integral_constant<std::size_t, Packs>{}, q);
    for (; q < count; ++q) f(std::integral_constant<std::size_t, 1>{}, q);
}

/// The rows of a tile beside each other, for one address to reach them all: `to` has Rows elements for each of `depth`, of
/// which row r is at from + r·row and element k there at k·step. Where fewer than Rows are left, the last stands in for the others.
template <std::size_t Rows, class T>
T* interleave_rows(T const* from, std::size_t rows, std::size_t row, std::size_t depth, std::size_t step, T* to) {
    for (std::size_t k = 0; k < depth; ++k)
        for (std::size_t r = 0; r < Rows; ++r) *to++ = from[std::min(r, rows - 1) * row + k * step];
    return to;
}
/// Adds up to a tile from such rows: Σ_k rows(k) b(k), where b(k) lies at b + in_b(k).
template <class T, std::size_t Rows, std::size_t Packs, class InB>
TENON_INLINE void add_packed_rows(register_tile<T, Rows, Packs>& t, T const* rows, std::size_t depth, T const* b,
                                  InB const& in_b) {
    std::array<T const*, Rows> a;
    TENON_UNROLL for (std::size_t r = 0; r < Rows; ++r) a[r] = rows + r;
    t.add(depth, a, [](std::size_t k) TENON_LAMBDA_INLINE { return k * Rows; }, b, in_b);
}

/// y = x ⋆ w + bias, or y += x ⋆ w, for Rows output channels and Packs packs of pixels at once, for some of the parts.
/// @param bias nullptr for none
template <std::size_t Rows, std::size_t Packs, class T>
[[gnu::noinline]] void convolve_plane_parts(convolution const& g, T const* x, T const* w, T const* bias, T* y, bool add,
                                            std::size_t begin, std::size_t end) {
    constexpr std::size_t lanes = staged_planes<T>::lanes;
    using V = lane_t<T, lanes>;
    staged_planes<T> image(g, g.channels);
    window_lines const lines(g, image);
    window_taps<T> const taps(g, image);
    std::size_t const packs = lines.packs(lanes), line = std::max(packs * lanes, lines.pitch),
                      size = lines.count * line;
    std::size_t const tiles = (g.outputs + Rows - 1) / Rows, tile_size = Rows * g.window();
    buffer<T, dyn> sums, rows, starts;
    sums.reserve(Rows * size);
    rows.reserve(g.groups * tiles * tile_size);
    starts.reserve(Rows);
    T* to = rows.data();
    for (std::size_t group = 0; group < g.groups; ++group)
        for (std::size_t o = 0; o < g.outputs; o += Rows)
            to = interleave_rows<Rows>(w + (group * g.outputs + o) * g.window(), g.outputs - o, g.window(), g.window(),
                                       1, to);
    for (std::size_t part = begin; part < end; ++part) {
        for (std::size_t c = 0; c < g.channels; ++c) image.read(x + (part * g.channels + c) * g.pixels(), c);
        for (std::size_t o = 0; o < g.outputs; o += Rows) {
            std::size_t const first = part % g.groups * g.outputs + o, count = std::min(Rows, g.outputs - o);
            for (std::size_t r = 0; r < Rows; ++r)
                starts.data()[r] = bias ? bias[first + std::min(r, count - 1)] : T(0);
            T const* const weight = rows.data() + (part % g.groups * tiles + o / Rows) * tile_size;
            for (std::size_t i = 0; i < lines.count; ++i)
                each_block<Packs>(packs, [&](auto n, std::size_t q) TENON_LAMBDA_INLINE {
                    register_tile<T, Rows, n> t;
                    t.each([&](V& v, std::size_t r, std::size_t) TENON_LAMBDA_INLINE { v = V(starts.data()[r]); });
                    add_packed_rows(t, weight, g.window(), static_cast<T const*>(image.row(i)) + q * lanes,
                                    [&taps](std::size_t k) TENON_LAMBDA_INLINE { return taps[k]; });
                    T* const place = sums.data() + i * line + q * lanes;
                    t.each([&](V const& v, std::size_t r, std::size_t p)
                               TENON_LAMBDA_INLINE { element::store_lanes(place + r * size + p * lanes, v); });
                });
            for (std::size_t r = 0; r < count; ++r)
                copy_block<T>(
                    g.out_height, g.out_width, sums.data() + r * size, lines.count == 1 ? lines.pitch : line,
                    {y + (part * g.outputs + o + r) * g.out_pixels(), static_cast<std::ptrdiff_t>(g.out_width), 1},
                    add);
        }
    }
}
template <std::size_t Rows, std::size_t Packs, class T>
void convolve_planes(convolution const& g, T const* x, T const* w, T const* bias, T* y, bool add) {
    for_each_part(g.parts(), 1, gemm_worth(g.parts() * g.out_pixels(), g.outputs, g.window()),
                  [&](std::size_t begin, std::size_t end) {
                      convolve_plane_parts<Rows, Packs>(g, x, w, bias, y, add, begin, end);
                  });
}

/// Outputs' gradients as lines, with zeros where windows reach beyond the margin.
template <class T>
class staged_lines {
public:
    staged_lines(convolution const& g, window_lines const& lines, std::size_t channels)
        : g_(g),
          pitch_(lines.count == 1 ? lines.pitch : lines.packs(lanes) * lanes),
          size(std::max(lines.packs(lanes) * lanes, lines.pitch) * lines.count) {
        values_.reserve_zeros(channels * size);
    }
    /// Brings the gradients of all outputs of one group and image in.
    void read(T const* dy) {
        for (std::size_t o = 0; o < g_.outputs; ++o)
            copy_block<T>(g_.out_height, g_.out_width, dy + o * g_.out_pixels(), g_.out_width,
                          {values_.data() + o * size, static_cast<std::ptrdiff_t>(pitch_), 1}, false);
    }
    /// Line i of an output.
    T const* line(std::size_t o, std::size_t i) const { return values_.data() + o * size + i * pitch_; }

private:
    static constexpr std::size_t lanes = staged_planes<T>::lanes;
    convolution const& g_;
    std::size_t pitch_;
    buffer<T, dyn> values_;

public:
    std::size_t size;  ///< elements from one output to the next
};

/// dw += dy ⋆ x: sums of lanes over all pixels, for Rows output channels and Taps elements of a window at once.
template <std::size_t Rows, std::size_t Taps, class T>
[[gnu::noinline]] void correlate_planes(convolution const& g, T const* x, T const* dy, T* dw) {
    constexpr std::size_t lanes = staged_planes<T>::lanes, images_in_sum = 64;
    using V = lane_t<T, lanes>;
    staged_planes<T> image(g, g.channels);
    window_lines const lines(g, image);
    window_taps<T> const taps(g, image);
    std::size_t const packs = lines.packs(lanes), row_tiles = (g.outputs + Rows - 1) / Rows,
                      tap_tiles = (g.window() + Taps - 1) / Taps;
    staged_lines<T> gradients(g, lines, row_tiles * Rows);
    buffer<T, dyn> sums;  // of lanes
    std::size_t const tile_size = Rows * Taps * lanes, group_size = row_tiles * tap_tiles * tile_size;
    sums.reserve(g.groups * group_size);
    for (std::size_t first = 0; first < g.images; first += images_in_sum) {
        std::fill_n(sums.data(), g.groups * group_size, T(0));
        std::size_t const last = std::min(g.images, first + images_in_sum);
        for (std::size_t part = first * g.groups; part < last * g.groups; ++part) {
            for (std::size_t c = 0; c < g.channels; ++c) image.read(x + (part * g.channels + c) * g.pixels(), c);
            gradients.read(dy + part * g.outputs * g.out_pixels());
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
                        T const* const from = gradients.line(o, i);
                        for (std::size_t j = 0; j < packs * lanes; j += lanes) {
                            V elements[Taps];
                            TENON_UNROLL for (std::size_t q = 0; q < Taps; ++q) elements[q] =
                                element::load_lanes<lanes>(seen[q] + j);
                            TENON_UNROLL for (std::size_t r = 0; r < Rows; ++r) {
                                V const v = element::load_lanes<lanes>(from + r * gradients.size + j);
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
                                     dy + first * g.groups * g.outputs * g.out_pixels(), dw, true);
        } else
            each([&](std::size_t group, std::size_t o, std::size_t k) {
                dw[(group * g.outputs + o) * g.window() + k] += total(group, o, k);
            });
    }
}

/// dx += wᵀ ⋆ dy for Rows channels and Packs packs of pixels at once: the gradients of all pixels go to one element of their windows,
/// then to the next, so that no load meets a store that has just begun.
template <std::size_t Rows, std::size_t Packs, class T>
[[gnu::noinline]] void spread_planes(convolution const& g, T const* dy, T const* w, T* dx) {
    constexpr std::size_t lanes = staged_planes<T>::lanes;
    using V = lane_t<T, lanes>;
    staged_planes<T> image(g, g.channels);
    window_lines const lines(g, image);
    window_taps<T> const taps(g, image);
    staged_lines<T> gradients(g, lines, g.outputs);
    std::size_t const tiles = (g.channels + Rows - 1) / Rows, tile_size = Rows * g.outputs,
                      group_size = g.kernel() * tiles * tile_size;
    buffer<T, dyn> rows;
    rows.reserve(g.groups * group_size);
    T* packed = rows.data();
    for (std::size_t group = 0; group < g.groups; ++group)
        for (std::size_t k = 0; k < g.kernel(); ++k)
            for (std::size_t c = 0; c < g.channels; c += Rows)
                packed = interleave_rows<Rows>(w + group * g.outputs * g.window() + c * g.kernel() + k, g.channels - c,
                                               g.kernel(), g.outputs, g.window(), packed);
    for (std::size_t part = 0; part < g.parts(); ++part) {
        image.clear();
        gradients.read(dy + part * g.outputs * g.out_pixels());
        T const* weight = rows.data() + part % g.groups * group_size;
        for (std::size_t k = 0; k < g.kernel(); ++k)
            for (std::size_t c = 0; c < g.channels; c += Rows, weight += tile_size)
                for (std::size_t i = 0; i < lines.count; ++i)
                    each_block<Packs>(lines.packs(lanes), [&](auto n, std::size_t q) TENON_LAMBDA_INLINE {
                        register_tile<T, Rows, n> t;
                        add_packed_rows(t, weight, g.outputs, gradients.line(0, i) + q * lanes,
                                        [size = gradients.size](std::size_t o)
                                            TENON_LAMBDA_INLINE { return o * size; });
                        T* const to = image.row(i) + taps[c * g.kernel() + k] + q * lanes;
                        t.each([&](V const& v, std::size_t r, std::size_t p) TENON_LAMBDA_INLINE {
                            if (c + r < g.channels) add_lanes(to + r * image.plane_size() + p * lanes, v);
                        });
                    });
        for (std::size_t c = 0; c < g.channels; ++c) image.add_to(dx + (part * g.channels + c) * g.pixels(), c);
    }
}

}  // namespace tenon::inline TENON_TARGET::eval
