// Convolutions of many channels as products of the weight with the elements that windows see, for several images at once: small
// pictures have few windows each. The elements are brought together a panel at a time, while it is in the L1 cache; no matrix of all
// windows is ever in memory.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>

#include <tenon/base/parallel.hpp>
#include <tenon/eval/cpu/gemm.hpp>
#include <tenon/eval/cpu/plane.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// The channels of one group of several images, staged, and where windows find their elements in them: element k of window p lies
/// at data() + windows[p] + taps[k], where windows are numbered through all the images and k runs through (channel, row, column), as
/// a weight does.
template <class T>
class staged_images {
public:
    /// How many images are staged at once: 1 MiB of them, but one at least. The same on every machine, whatever its caches, since the
    /// weight's gradient is summed in such parts.
    static std::size_t at_once(convolution const& g) {
        std::size_t const bytes =
            g.channels * (g.height + 2 * g.rows.padding) * (g.width + 2 * g.columns.padding) * sizeof(T);
        return std::clamp<std::size_t>((std::size_t{1} << 20) / std::max<std::size_t>(bytes, 1), 1,
                                       std::max<std::size_t>(g.images, 1));
    }
    explicit staged_images(convolution const& g) : g_(g), planes_(g, at_once(g) * g.channels), taps_(g, planes_) {
        windows_.reserve(at_once(g) * g.out_pixels());
        std::size_t* to = windows_.data();
        for (std::size_t image = 0; image < at_once(g); ++image)
            for (std::size_t i = 0; i < g.out_height; ++i)
                for (std::size_t j = 0; j < g.out_width; ++j)
                    *to++ = image * g.channels * planes_.plane_size() +
                            static_cast<std::size_t>(planes_.row(i) - data()) + j;
    }
    T* data() { return planes_.row(0); }
    std::size_t const* taps() const { return taps_.data(); }
    std::size_t const* windows() const { return windows_.data(); }
    /// Brings a group's channels of `count` images in, the first of which is image `first`.
    void read(T const* x, std::size_t group, std::size_t first, std::size_t count) {
        each(x, group, first, count, [&](T const* image, std::size_t plane) { planes_.read(image, plane); });
    }
    void clear() { planes_.clear(); }
    /// Adds what was collected here to the same channels.
    void add_to(T* x, std::size_t group, std::size_t first, std::size_t count) {
        each(x, group, first, count, [&](T* image, std::size_t plane) { planes_.add_to(image, plane); });
    }

private:
    template <class E, class F>
    void each(E* x, std::size_t group, std::size_t first, std::size_t count, F const& f) {
        for (std::size_t i = 0; i < count; ++i)
            for (std::size_t c = 0; c < g_.channels; ++c)
                f(x + (((first + i) * g_.groups + group) * g_.channels + c) * g_.pixels(), i * g_.channels + c);
    }
    convolution const& g_;
    staged_planes<T> planes_;
    window_taps<T> taps_;
    buffer<std::size_t, dyn> windows_;
};

/// Elements side by side in staged planes, and the columns of a panel that they go to.
struct column_run {
    std::size_t from, to;
};

/// Lays what windows see side by side: to[k·Columns + p] is element k of window p. Runs are copied in their order, whole registers at a
/// time: each overwrites what its predecessor wrote beyond its end, the next row what the last one did.
template <std::size_t Lanes, std::size_t Columns, class T>
[[gnu::noinline]] void pack_windows(T const* from, std::size_t const* taps, std::size_t depth, column_run const* runs,
                                    std::size_t count, std::size_t lanes, T* to) {
    if constexpr (Lanes > 1)
        if (lanes < Lanes) return pack_windows<Lanes / 2, Columns>(from, taps, depth, runs, count, lanes, to);
    for (std::size_t k = 0; k < depth; ++k, to += Columns) {
        T const* const element = from + taps[k];
        for (std::size_t r = 0; r < count; ++r)
            element::store_lanes(to + runs[r].to, element::load_lanes<Lanes>(element + runs[r].from));
    }
}

/// y = x ⋆ w + bias, or y += x ⋆ w.
/// @param bias nullptr for none
template <bool Add, class T>
[[gnu::noinline]] void convolve_values(convolution const& g, T const* x, T const* w, T const* bias, T* y) {
    using t = tile<T>;
    // What a panel holds of a row stays in the L1 cache for all output channels.
    constexpr std::size_t columns = t::columns, most_depth = 32768 / (columns * sizeof(T));
    std::size_t const window = g.window(), out_pixels = g.out_pixels();
    equal_parts const depths(window, most_depth);
    std::size_t const run_lanes = std::min(t::lanes, std::bit_ceil(g.out_width));
    staged_images<T> images(g);
    std::size_t const at_once = staged_images<T>::at_once(g);
    for (std::size_t group = 0; group < g.groups; ++group)
        for (std::size_t first_image = 0; first_image < g.images; first_image += at_once) {
            std::size_t const count = std::min(at_once, g.images - first_image), pixels = count * out_pixels;
            images.read(x, group, first_image, count);
            T const* const start = bias ? bias + group * g.outputs : nullptr;
            for_each_part(
                pixels, columns, gemm_worth(g.outputs, pixels, window), [&](std::size_t first, std::size_t last) {
                    buffer<T, dyn> panel, sums;
                    panel.reserve(most_depth * columns + t::lanes);
                    sums.reserve(g.outputs * columns);
                    std::array<column_run, columns> runs;
                    for (std::size_t p = first; p < last; p += columns) {
                        std::size_t const width = std::min(columns, last - p);
                        std::size_t run_count = 0;
                        for (std::size_t j = 0; j < width;) {
                            std::size_t const row_end = std::min(width, j + g.out_width - (p + j) % g.out_width);
                            for (std::size_t k = j; k < row_end; k += run_lanes)
                                runs[run_count++] = {images.windows()[p + k], k};
                            j = row_end;
                        }
                        if (width < columns) std::fill_n(panel.data(), most_depth * columns, T(0));
                        auto const place = [&](std::size_t j) {
                            std::size_t const image = first_image + (p + j) / out_pixels;
                            return y + (image * g.groups + group) * g.outputs * out_pixels + (p + j) % out_pixels;
                        };
                        std::ptrdiff_t const pitch = static_cast<std::ptrdiff_t>(out_pixels);
                        bool const in_place = p / out_pixels == (p + width - 1) / out_pixels;
                        matrix<T> const c =
                            in_place ? matrix<T>{place(0), pitch, 1} : matrix<T>{sums.data(), columns, 1};
                        if (start)
                            for (std::size_t o = 0; o < g.outputs; ++o) std::fill_n(c.at(o, 0), width, start[o]);
                        for (std::size_t part = 0; part < depths.count; ++part) {
                            std::size_t const k = depths.first(part), depth = depths.size(part);
                            pack_windows<t::lanes, columns>(images.data(), images.taps() + k, depth, runs.data(),
                                                            run_count, run_lanes, panel.data());
                            bool const add = part != 0 || start || (Add && in_place);
                            matrix<T const> const weights{w + group * g.outputs * window + k,
                                                          static_cast<std::ptrdiff_t>(window), 1};
                            multiply_block<T>({.rows = g.outputs,
                                               .columns = width,
                                               .depth = depth,
                                               .a = weights,
                                               .b = panel.data(),
                                               .b_step = columns,
                                               .edge = panel.data(),
                                               .edge_step = columns,
                                               .c = c,
                                               .accumulate = add});
                        }
                        if (!in_place)
                            for (std::size_t j = 0; j < width;) {
                                std::size_t const end = std::min(width, j + out_pixels - (p + j) % out_pixels);
                                copy_block<T>(g.outputs, end - j, sums.data() + j, columns, {place(j), pitch, 1}, Add);
                                j = end;
                            }
                    }
                });
        }
}

}  // namespace tenon::inline TENON_TARGET::eval
