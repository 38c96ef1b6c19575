// Convolutions of one channel at a time: depthwise ones, and those of images with a single channel. There the neighbours in
// memory are an image's, so the lanes run along the width.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include <tenon/eval/cpu/plane.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// y = x ⋆ w + bias, or y += x ⋆ w + bias, for groups of one channel.
/// Rows output channels times Packs packs of pixels are computed at once.
/// @param bias nullptr for none
template <std::size_t Rows, std::size_t Packs, class T>
[[gnu::noinline]] void convolve_planes(convolution const& g, T const* x, T const* w, T const* bias, T* y, bool add) {
    constexpr std::size_t lanes = staged_plane<T>::lanes;
    using V = lane_t<T, lanes>;
    staged_plane<T> image(g);
    // The weights of Rows output channels side by side; where fewer are left, the last is computed several times.
    std::size_t const chunks = (g.outputs + Rows - 1) / Rows;
    buffer<T, dyn> panels, first_sums;
    panels.reserve(g.groups * chunks * Rows * g.kernel());
    first_sums.reserve(g.groups * chunks * Rows);
    for (std::size_t c = 0; c < g.groups * chunks; ++c)
        for (std::size_t r = 0; r < Rows; ++r) {
            std::size_t const channel = c / chunks * g.outputs + std::min(c % chunks * Rows + r, g.outputs - 1);
            first_sums.data()[c * Rows + r] = bias ? bias[channel] : T(0);
            T* to = panels.data() + c * g.kernel() * Rows + r;
            for (std::size_t k = 0; k < g.rows.kernel; ++k)
                for (std::size_t run = 0; run < image.runs(); ++run)
                    for (std::size_t l = run; l < g.columns.kernel; l += image.runs(), to += Rows)
                        *to = w[channel * g.kernel() + k * g.columns.kernel + l];
        }
    for (std::size_t part = 0; part < g.parts(); ++part) {
        image.read(x + part * g.pixels());
        for (std::size_t o = 0; o < g.outputs; o += Rows) {
            std::size_t const chunk = part % g.groups * chunks + o / Rows;
            T const* const panel = panels.data() + chunk * Rows * g.kernel();
            T const* const start = first_sums.data() + chunk * Rows;
            T* const out = y + (part * g.outputs + o) * g.out_pixels();
            for (std::size_t i = 0; i < g.out_height; ++i)
                for (std::size_t j = 0; j < g.out_width; j += Packs * lanes) {
                    register_tile<T, Rows, Packs> t;
                    t.each([&](V& v, std::size_t r, std::size_t) TENON_LAMBDA_INLINE { v = V(start[r]); });
                    T const* const window = image.row(i) + j;
                    T const* weight = panel;
                    for (std::size_t k = 0; k < g.rows.kernel; ++k)
                        for (std::size_t run = 0; run < image.runs(); ++run) {
                            std::array<T const*, Rows> a;
                            TENON_UNROLL for (std::size_t r = 0; r < Rows; ++r) a[r] = weight + r;
                            std::array<T const*, Packs> b;
                            T const* const first = window + image.tap(k, run);
                            TENON_UNROLL for (std::size_t q = 0; q < Packs; ++q) b[q] = first + q * lanes;
                            std::size_t const length = image.run_length(run);
                            t.add(length, a, std::integral_constant<std::size_t, Rows>{}, b, image.step);
                            weight += length * Rows;
                        }
                    T* const to = out + i * g.out_width + j;
                    std::size_t const rows = std::min(Rows, g.outputs - o), columns = g.out_width - j;
                    auto const put = [&](V& v, std::size_t r, std::size_t q) TENON_LAMBDA_INLINE {
                        T* const place = to + r * g.out_pixels() + q * lanes;
                        if (add) v = element::load_lanes<lanes>(place) + v;
                        element::store_lanes(place, v);
                    };
                    std::ptrdiff_t const pitch = static_cast<std::ptrdiff_t>(g.out_pixels());
                    if (rows == Rows && columns >= Packs * lanes) t.each(put);
                    else if constexpr (Rows == 1)
                        t.each([&](V& v, std::size_t r, std::size_t q) TENON_LAMBDA_INLINE {
                            if (columns >= (q + 1) * lanes) return put(v, r, q);
                            T edge[lanes];
                            element::store_lanes(edge, v);
                            if (columns > q * lanes)
                                copy_block<T>(1, columns - q * lanes, edge, lanes, {to + q * lanes, pitch, 1}, add);
                        });
                    else {
                        T edge[Rows][Packs * lanes];
                        t.each([&](V const& v, std::size_t r, std::size_t q)
                                   TENON_LAMBDA_INLINE { element::store_lanes(&edge[r][q * lanes], v); });
                        copy_block<T>(rows, std::min(columns, Packs * lanes), edge[0], Packs * lanes, {to, pitch, 1},
                                      add);
                    }
                }
        }
    }
}

/// dw += dy ⋆ x for groups of one channel with one output.
template <class T>
[[gnu::noinline]] void correlate_planes(convolution const& g, T const* x, T const* dy, T* dw) {
    constexpr std::size_t lanes = staged_plane<T>::lanes, at_once = 4;
    using V = lane_t<T, lanes>;
    staged_plane<T> image(g);
    std::size_t const whole = g.out_width / lanes * lanes;
    for (std::size_t part = 0; part < g.parts(); ++part) {
        image.read(x + part * g.pixels());
        T const* const gradient = dy + part * g.out_pixels();
        T* const to = dw + part % g.groups * g.kernel();
        for (std::size_t k = 0; k < g.rows.kernel; ++k)
            for (std::size_t l = 0; l < g.columns.kernel; l += at_once) {
                std::array<std::size_t, at_once> shift;
                for (std::size_t q = 0; q < at_once; ++q)
                    shift[q] = image.tap(k, std::min(l + q, g.columns.kernel - 1));
                V sums[at_once];
                T rest[at_once] = {};
                TENON_UNROLL for (std::size_t q = 0; q < at_once; ++q) sums[q] = V(T(0));
                for (std::size_t i = 0; i < g.out_height; ++i) {
                    T const* const row = image.row(i);
                    T const* const from = gradient + i * g.out_width;
                    for (std::size_t j = 0; j < whole; j += lanes) {
                        V const v = element::load_lanes<lanes>(from + j);
                        TENON_UNROLL for (std::size_t q = 0; q < at_once; ++q) sums[q] =
                            multiply_add(v, element::load_lanes<lanes>(row + j + shift[q]), sums[q]);
                    }
                    for (std::size_t j = whole; j < g.out_width; ++j)
                        TENON_UNROLL for (std::size_t q = 0; q < at_once; ++q) rest[q] += from[j] * row[j + shift[q]];
                }
                TENON_UNROLL for (std::size_t q = 0; q < at_once; ++q) if (l + q < g.columns.kernel)
                    to[k * g.columns.kernel + l + q] += math::hsum(sums[q]) + rest[q];
            }
    }
}

/// dx += wᵀ ⋆ dy for groups of one channel with one output: the gradients of all pixels go to one element of their windows, then
/// to the next, so that no load meets a store that has just begun.
template <class T>
[[gnu::noinline]] void spread_planes(convolution const& g, T const* dy, T const* w, T* dx) {
    constexpr std::size_t lanes = staged_plane<T>::lanes;
    using V = lane_t<T, lanes>;
    staged_plane<T> image(g);
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

/// The convolution of the outputs' gradients with the kernels turned around that gives the input's, where windows move one
/// by one.
constexpr convolution turned_around(convolution const& g) {
    convolution t = g;
    std::swap(t.height, t.out_height);
    std::swap(t.width, t.out_width);
    t.rows.padding = g.rows.span() - 1 - g.rows.padding;
    t.columns.padding = g.columns.span() - 1 - g.columns.padding;
    return t;
}

/// Whether lanes along the width are worth it, for the values and for both gradients.
constexpr bool suits_planes(convolution const& g, std::size_t lanes) { return g.channels == 1 && g.out_width >= lanes; }
constexpr bool suits_plane_gradients(convolution const& g, std::size_t lanes) {
    return suits_planes(g, lanes) && g.outputs == 1;
}
constexpr bool suits_turning_around(convolution const& g, std::size_t lanes) {
    return suits_plane_gradients(g, lanes) && g.rows.stride == 1 && g.columns.stride == 1 &&
           g.rows.padding < g.rows.span() && g.columns.padding < g.columns.span();
}

/// Whether elements have lanes; the others go by the definition.
template <class T>
inline constexpr bool convolves_in_lanes = std::is_floating_point_v<T>;

/// y += x ⋆ w, after y = bias unless y holds something already.
/// @param bias nullptr for none
template <bool Add, class T>
constexpr void convolve(convolution const& g, T const* x, T const* w, T const* bias, T* y) {
    if constexpr (convolves_in_lanes<T>) {
        TENON_AT_RUN_TIME {
            if (!suits_planes(g, staged_plane<T>::lanes)) convolve_values<Add>(g, x, w, bias, y);
            else if (g.outputs == 1) convolve_planes<1, 4>(g, x, w, bias, y, Add);
            else convolve_planes<6, 2>(g, x, w, bias, y, Add);
            return;
        }
    }
    if constexpr (!Add)
        for (std::size_t i = 0; i < g.parts() * g.outputs * g.out_pixels(); ++i)
            y[i] = bias ? bias[i / g.out_pixels() % (g.groups * g.outputs)] : T(0);
    each_product(
        g, [&](std::size_t o, std::size_t i, std::size_t k) { y[o] = element::sum_with_product<T>(y[o], x[i], w[k]); });
}
/// dx += wᵀ ⋆ dy.
template <class T>
constexpr void convolve_back(convolution const& g, T const* dy, T const* w, T* dx) {
    if constexpr (convolves_in_lanes<T>) {
        TENON_AT_RUN_TIME {
            if (!suits_plane_gradients(g, staged_plane<T>::lanes)) return convolve_input_gradient(g, dy, w, dx);
            if (!suits_turning_around(g, staged_plane<T>::lanes)) return spread_planes(g, dy, w, dx);
            buffer<T, dyn> turned;
            turned.reserve(g.groups * g.kernel());
            for (std::size_t group = 0; group < g.groups; ++group)
                std::reverse_copy(w + group * g.kernel(), w + (group + 1) * g.kernel(),
                                  turned.data() + group * g.kernel());
            return convolve_planes<1, 4>(turned_around(g), dy, static_cast<T const*>(turned.data()),
                                         static_cast<T const*>(nullptr), dx, true);
        }
    }
    each_product(g, [&](std::size_t o, std::size_t i, std::size_t k) {
        dx[i] = element::sum_with_product<T>(dx[i], dy[o], w[k]);
    });
}
/// dw += dy ⋆ x.
template <class T>
constexpr void correlate(convolution const& g, T const* x, T const* dy, T* dw) {
    if constexpr (convolves_in_lanes<T>) {
        TENON_AT_RUN_TIME {
            if (suits_plane_gradients(g, staged_plane<T>::lanes)) return correlate_planes(g, x, dy, dw);
            return convolve_weight_gradient(g, x, dy, dw);
        }
    }
    each_product(g, [&](std::size_t o, std::size_t i, std::size_t k) {
        dw[k] = element::sum_with_product<T>(dw[k], dy[o], x[i]);
    });
}

}  // namespace tenon::inline TENON_TARGET::eval
