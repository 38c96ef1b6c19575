// The three products that a convolution and its gradients are made of, straight from the image: no matrix of its windows is
// ever in memory. An image is staged once, with its margins of zeros and its channels last. Then all that a kernel's row sees is
// one contiguous run of elements, a window is an address, and each product is a register tile of sums a_i(k)·b(k) whose a is
// read from six or eight addresses and whose b is read a pack at a time:
//
//     values             a: pixels' windows     b: the weight, packed once     k: elements of a window
//     input's gradient   a: pixels' gradients   b: the weight, packed once     k: output channels
//     weight's gradient  a: channels' gradients b: windows' packs              k: pixels
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <type_traits>

#include <tenon/core/workspace.hpp>
#include <tenon/eval/cpu/gemm.hpp>
#include <tenon/eval/cpu/reduce.hpp>
#include <tenon/eval/cpu/transpose.hpp>
#include <tenon/expr/window.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// Products that a register tile adds before it goes on to the next: its operands stay in the L1 cache for as long.
inline constexpr std::size_t stretch_depth = 256;

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
    /// Adds Σ_k a_i(k) b_q(k) for `depth` k: a_i(k) is a[i][k·a_step], b_q(k) a pack at b[q] + k·b_step.
    template <class Step>
    TENON_INLINE void add(std::size_t depth, std::array<T const*, Rows> const& a, Step a_step,
                          std::array<T const*, Packs> const& b, std::size_t b_step) {
        for (std::size_t k = 0; k < depth; ++k) {
            V packs[Packs];
            TENON_UNROLL for (std::size_t q = 0; q < Packs; ++q) packs[q] =
                element::load_lanes<lanes>(b[q] + k * b_step);
            TENON_UNROLL for (std::size_t i = 0; i < Rows; ++i) {
                V const av(a[i][k * a_step]);
                TENON_UNROLL for (std::size_t q = 0; q < Packs; ++q) sums[i][q] =
                    multiply_add(av, packs[q], sums[i][q]);
            }
        }
    }
};
/// A step of one element, so that the compiler knows it.
using unit_step = std::integral_constant<std::size_t, 1>;

/// Adds to a pack in memory.
template <class T, class V>
TENON_INLINE void add_lanes(T* p, V const& v) {
    element::store_lanes(p, element::load_lanes<V::lanes>(p) + v);
}

/// One group of channels of one image with its margins, channels last, and what its windows look like: element (k, l, c) of a
/// window lies at its address + k·row_step + l·column_step + c.
template <class T>
class staged_image {
public:
    static constexpr std::size_t lanes = TENON_VECTOR_BYTES / sizeof(T);

    /// Behind the end lies room for packs that begin inside.
    explicit staged_image(convolution const& g)
        : g_(g),
          pitch_((g.width + 2 * g.columns.padding) * g.channels),
          size_((g.height + 2 * g.rows.padding) * pitch_ + 4 * lanes),
          row_step(g.rows.dilation * pitch_),
          column_step(g.columns.dilation * g.channels) {
        // Where the elements of a kernel's row are neighbours they are one run, unless a run would be too long for the cache.
        bool const joined = g.columns.dilation == 1 && g.columns.kernel * g.channels <= 2 * stretch_depth;
        run_length = joined ? g.columns.kernel * g.channels : g.channels;
        runs = joined ? g.rows.kernel : g.kernel();
        runs_per_row_ = joined ? 1 : g.columns.kernel;
        values_.reserve(size_);
        clear();
        windows_.reserve(g.out_pixels());
        for (std::size_t i = 0; i < g.out_height; ++i)
            for (std::size_t j = 0; j < g.out_width; ++j)
                windows_.data()[i * g.out_width + j] =
                    (i * g.rows.stride * (g.width + 2 * g.columns.padding) + j * g.columns.stride) * g.channels;
    }
    void clear() { std::fill_n(values_.data(), size_, T(0)); }
    /// Brings an image in.
    void read(T const* image) {
        each_row([&](T* row, std::size_t first) {
            if (g_.channels == 1) std::copy_n(image + first, g_.width, row);
            else if (g_.channels <= lanes) interleave_few(g_.channels, g_.width, image + first, g_.pixels(), row);
            else
                transpose_to<false>(g_.channels, g_.width, image + first, g_.pixels(), row, g_.channels,
                                    [](std::size_t, T* to, auto v)
                                        TENON_LAMBDA_INLINE { element::store_lanes(to, v); });
        });
    }
    /// Adds what was collected here to an image.
    void add_to(T* image) {
        each_row([&](T* row, std::size_t first) {
            transpose_to<true>(g_.width, g_.channels, static_cast<T const*>(row), g_.channels, image + first,
                               g_.pixels(), [](std::size_t, T* to, auto v) TENON_LAMBDA_INLINE { add_lanes(to, v); });
        });
    }
    /// The address of an output pixel's window.
    T* window(std::size_t pixel) { return values_.data() + windows_.data()[pixel]; }
    /// Where a run starts in a window.
    std::size_t run(std::size_t r) const { return r / runs_per_row_ * row_step + r % runs_per_row_ * column_step; }

private:
    template <class F>
    void each_row(F&& f) {
        for (std::size_t i = 0; i < g_.height; ++i)
            f(values_.data() + (i + g_.rows.padding) * pitch_ + g_.columns.padding * g_.channels, i * g_.width);
    }
    convolution const& g_;
    std::size_t pitch_, size_, runs_per_row_ = 1;
    buffer<T, dyn> values_;
    buffer<std::size_t, dyn> windows_;

public:
    std::size_t row_step, column_step;
    std::size_t runs, run_length;  ///< a window is this many runs of contiguous elements
};

/// For each element of a window in the order (k, l, c), its position in a weight, which has the order (c, k, l).
class weight_order {
public:
    TENON_ON_USE
    explicit weight_order(convolution const& g) {
        at_.reserve(g.window());
        std::size_t* to = at_.data();
        for (std::size_t k = 0; k < g.kernel(); ++k)
            for (std::size_t c = 0; c < g.channels; ++c) *to++ = c * g.kernel() + k;
    }
    std::size_t operator[](std::size_t element) const { return at_.data()[element]; }

private:
    buffer<std::size_t, dyn> at_;
};

/// The register tile of values: output channels in packs, pixels in rows.
template <class T>
struct value_tile {
    static constexpr std::size_t lanes = staged_image<T>::lanes;
    /// Sums that hide the latency of a multiplication, in as many registers as there are.
    template <std::size_t Packs>
    static constexpr std::size_t rows = Packs == 1 || TENON_VECTOR_BYTES >= 64 ? 8 : 6;
    /// Pixels that are computed before they go to the output: a multiple of both numbers of rows.
    static constexpr std::size_t block = 96;
};

/// Values of up to 96 pixels, for some runs of a window and one or two packs of output channels.
/// @param panel the weight's elements of these runs, `Packs` packs for each
/// @param to the pixel's sums, `pitch` apart
template <class T, std::size_t Packs>
[[gnu::noinline]] void window_products(staged_image<T>& image, std::size_t pixel, std::size_t count,
                                       std::size_t first_run, std::size_t runs, T const* panel, T* to,
                                       std::size_t pitch) {
    constexpr std::size_t rows = value_tile<T>::template rows<Packs>, lanes = value_tile<T>::lanes;
    using V = lane_t<T, lanes>;
    for (std::size_t p = 0; p < count; p += rows) {
        std::array<T const*, rows> window;
        for (std::size_t i = 0; i < rows; ++i) window[i] = image.window(pixel + std::min(p + i, count - 1));
        register_tile<T, rows, Packs> t;
        T const* b = panel;
        for (std::size_t r = first_run; r < first_run + runs; ++r) {
            auto a = window;
            for (auto& address : a) address += image.run(r);
            std::array<T const*, Packs> packs;
            for (std::size_t q = 0; q < Packs; ++q) packs[q] = b + q * lanes;
            t.add(image.run_length, a, unit_step{}, packs, Packs * lanes);
            b += image.run_length * Packs * lanes;
        }
        T* const place = to + p * pitch;
        if (first_run == 0)
            t.each([&](V const& v, std::size_t i, std::size_t q)
                       TENON_LAMBDA_INLINE { element::store_lanes(place + i * pitch + q * lanes, v); });
        else
            t.each([&](V const& v, std::size_t i, std::size_t q)
                       TENON_LAMBDA_INLINE { add_lanes(place + i * pitch + q * lanes, v); });
    }
}

/// Calls f(first, packs) for all packs of `count`, two at a time while there are two: packs is an integral constant.
template <class F>
void each_pair(std::size_t count, F&& f) {
    for (std::size_t q = 0; q + 2 <= count; q += 2) f(q, std::integral_constant<std::size_t, 2>{});
    if (count % 2 != 0) f(count - 1, std::integral_constant<std::size_t, 1>{});
}

/// y = x ⋆ w + bias, or y += x ⋆ w.
/// @param bias nullptr for none
template <bool Add, class T>
[[gnu::noinline]] void convolve_values(convolution const& g, T const* x, T const* w, T const* bias, T* y) {
    constexpr std::size_t lanes = value_tile<T>::lanes, block = value_tile<T>::block;
    staged_image<T> image(g);
    std::size_t const packs = (g.outputs + lanes - 1) / lanes, pitch = packs * lanes, size = g.window();
    weight_order const order(g);
    buffer<T, dyn> panels, sums;
    panels.reserve(g.groups * size * pitch);
    T* panel = panels.data();
    for (std::size_t group = 0; group < g.groups; ++group)
        for (std::size_t q = 0; q < packs; q += 2)
            for (std::size_t k = 0; k < size; ++k)
                for (std::size_t o = q * lanes; o < std::min(q + 2, packs) * lanes; ++o)
                    *panel++ = o < g.outputs ? w[(group * g.outputs + o) * size + order[k]] : T(0);
    sums.reserve((block + 8) * pitch);
    std::size_t const runs_at_once = std::max<std::size_t>(1, stretch_depth / image.run_length);
    for (std::size_t part = 0; part < g.parts(); ++part) {
        image.read(x + part * g.channels * g.pixels());
        for (std::size_t pixel = 0; pixel < g.out_pixels(); pixel += block) {
            std::size_t const count = std::min(block, g.out_pixels() - pixel);
            for (std::size_t run = 0; run < image.runs; run += runs_at_once)
                each_pair(packs, [&](std::size_t q, auto n) {
                    window_products<T, n>(image, pixel, count, run, std::min(runs_at_once, image.runs - run),
                                          panels.data() + (part % g.groups * pitch + q * lanes) * size +
                                              run * image.run_length * n * lanes,
                                          sums.data() + q * lanes, pitch);
                });
            T const* const start = bias ? bias + part % g.groups * g.outputs : nullptr;
            transpose_to<true>(count, g.outputs, static_cast<T const*>(sums.data()), pitch,
                               y + part * g.outputs * g.out_pixels() + pixel, g.out_pixels(),
                               [&](std::size_t o, T* to, auto v) TENON_LAMBDA_INLINE {
                                   using V = decltype(v);
                                   if constexpr (Add) add_lanes(to, v);
                                   else element::store_lanes(to, start ? v + V(start[o]) : v);
                               });
        }
    }
}

/// The packs of a window's runs: where each starts and how many of its lanes belong to the run.
template <class T>
struct window_packs {
    static constexpr std::size_t lanes = staged_image<T>::lanes;
    std::size_t per_run, count;
    staged_image<T> const& image;

    explicit window_packs(staged_image<T> const& s)
        : per_run((s.run_length + lanes - 1) / lanes), count(per_run * s.runs), image(s) {}
    std::size_t offset(std::size_t q) const { return image.run(q / per_run) + q % per_run * lanes; }
    std::size_t valid(std::size_t q) const { return std::min(lanes, image.run_length - q % per_run * lanes); }
    /// Number of the element of a window that is the first of the pack.
    std::size_t element(std::size_t q) const { return q / per_run * image.run_length + q % per_run * lanes; }
};

/// dx += wᵀ ⋆ dy: every pixel's gradient adds the weight, as far as its output channels say, to the pixel's window.
template <class T>
[[gnu::noinline]] void convolve_input_gradient(convolution const& g, T const* dy, T const* w, T* dx) {
    constexpr std::size_t lanes = staged_image<T>::lanes, rows = value_tile<T>::template rows<2>,
                          block = value_tile<T>::block / rows;
    using V = lane_t<T, lanes>;
    staged_image<T> image(g);
    window_packs<T> const packs(image);
    // The pixels of one tile lie far apart: neighbours' windows overlap, and a load has to wait for a store that it overlaps.
    std::size_t const apart = (g.out_pixels() + rows - 1) / rows;
    weight_order const order(g);
    buffer<T, dyn> panels, tiles;
    panels.reserve(g.groups * packs.count * lanes * g.outputs);
    tiles.reserve(block * rows * g.outputs);
    T* panel = panels.data();
    for (std::size_t group = 0; group < g.groups; ++group)
        for (std::size_t first = 0; first < packs.count; first += 2)
            for (std::size_t o = 0; o < g.outputs; ++o)
                for (std::size_t q = first; q < std::min(first + 2, packs.count); ++q)
                    for (std::size_t l = 0; l < lanes; ++l)
                        *panel++ = l < packs.valid(q)
                                       ? w[(group * g.outputs + o) * g.window() + order[packs.element(q) + l]]
                                       : T(0);
    V const number = V::generate([](std::size_t l) { return static_cast<T>(l); });
    for (std::size_t part = 0; part < g.parts(); ++part) {
        image.clear();
        T const* const gradient = dy + part * g.outputs * g.out_pixels();
        for (std::size_t pixel = 0; pixel < apart; pixel += block) {
            std::size_t const end = std::min(pixel + block, apart);
            // The gradients of each tile side by side, for one address to reach them all.
            T* to = tiles.data();
            for (std::size_t p = pixel; p < end; ++p)
                for (std::size_t o = 0; o < g.outputs; ++o)
                    for (std::size_t i = 0; i < rows; ++i)
                        *to++ = gradient[o * g.out_pixels() + std::min(p + i * apart, g.out_pixels() - 1)];
            each_pair(packs.count, [&](std::size_t first, auto n) {
                std::array<std::size_t, n> offset;
                std::array<T const*, n> b;
                // What lies behind a run is another window's, where a weight of 0 is no excuse for adding 0·inf.
                std::array<decltype(number < number), n> belongs;
                for (std::size_t q = 0; q < n; ++q) {
                    offset[q] = packs.offset(first + q);
                    b[q] = panels.data() + (part % g.groups * packs.count + first) * lanes * g.outputs + q * lanes;
                    belongs[q] = number < V(static_cast<T>(packs.valid(first + q)));
                }
                for (std::size_t p = pixel; p < end; ++p) {
                    std::array<T const*, rows> a;
                    TENON_UNROLL for (std::size_t i = 0; i < rows; ++i) a[i] =
                        tiles.data() + (p - pixel) * g.outputs * rows + i;
                    register_tile<T, rows, n> t;
                    t.add(g.outputs, a, std::integral_constant<std::size_t, rows>{}, b, n * lanes);
                    t.each([&](V const& v, std::size_t i, std::size_t q) TENON_LAMBDA_INLINE {
                        if (p + i * apart < g.out_pixels())
                            add_lanes(image.window(p + i * apart) + offset[q], math::select(belongs[q], v, V(T(0))));
                    });
                }
            });
        }
        image.add_to(dx + part * g.channels * g.pixels());
    }
}

/// dw += dy ⋆ x: every output channel collects the windows of all pixels, as far as their gradients say.
template <class T>
[[gnu::noinline]] void convolve_weight_gradient(convolution const& g, T const* x, T const* dy, T* dw) {
    constexpr std::size_t lanes = staged_image<T>::lanes, rows = value_tile<T>::template rows<2>;
    staged_image<T> image(g);
    window_packs<T> const packs(image);
    std::size_t const pitch = packs.count * lanes;
    buffer<T, dyn> sums;
    sums.reserve(g.groups * g.outputs * pitch);
    std::fill_n(sums.data(), g.groups * g.outputs * pitch, T(0));
    std::size_t const block = std::max<std::size_t>(1, stretch_depth / g.out_width);
    for (std::size_t part = 0; part < g.parts(); ++part) {
        image.read(x + part * g.channels * g.pixels());
        T const* const gradient = dy + part * g.outputs * g.out_pixels();
        T* const to = sums.data() + part % g.groups * g.outputs * pitch;
        for (std::size_t row = 0; row < g.out_height; row += block)
            for (std::size_t o = 0; o < g.outputs; o += rows)
                each_pair(packs.count, [&](std::size_t first, auto n) {
                    register_tile<T, rows, n> t;
                    for (std::size_t i = row; i < std::min(row + block, g.out_height); ++i) {
                        std::array<T const*, rows> a;
                        for (std::size_t r = 0; r < rows; ++r)
                            a[r] = gradient + std::min(o + r, g.outputs - 1) * g.out_pixels() + i * g.out_width;
                        std::array<T const*, n> b;
                        for (std::size_t q = 0; q < n; ++q)
                            b[q] = image.window(i * g.out_width) + packs.offset(first + q);
                        t.add(g.out_width, a, unit_step{}, b, g.columns.stride * g.channels);
                    }
                    t.each([&](lane_t<T, lanes> const& v, std::size_t r, std::size_t q) TENON_LAMBDA_INLINE {
                        if (o + r < g.outputs) add_lanes(to + (o + r) * pitch + (first + q) * lanes, v);
                    });
                });
    }
    weight_order const order(g);
    for (std::size_t o = 0; o < g.groups * g.outputs; ++o)
        for (std::size_t q = 0; q < packs.count; ++q)
            for (std::size_t l = 0; l < packs.valid(q); ++l)
                dw[o * g.window() + order[packs.element(q) + l]] += sums.data()[o * pitch + q * lanes + l];
}

}  // namespace tenon::inline TENON_TARGET::eval
