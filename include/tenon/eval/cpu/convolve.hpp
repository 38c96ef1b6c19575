// Convolutions and their gradients for any extents: which of the ways is taken.
#pragma once

#include <algorithm>
#include <cstddef>
#include <type_traits>

#include <tenon/eval/cpu/plane_products.hpp>
#include <tenon/eval/cpu/winograd.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// Whether a convolution is a product of matrices as it stands, and the product has a panel's columns.
constexpr bool is_pointwise(convolution const& g) {
    return g.kernel() == 1 && g.rows.stride == 1 && g.columns.stride == 1 && g.rows.padding == 0 &&
           g.columns.padding == 0 && g.out_pixels() >= 64;
}
/// Calls f(image, outputs, weight, part) for each group of each image of such a convolution, with matrices of channels and pixels,
/// output channels and pixels, output channels and channels; group g of image i is part i · groups + g.
template <class X, class Y, class W, class F>
void each_pointwise(convolution const& g, X* x, Y* y, W* w, F&& f) {
    std::ptrdiff_t const pixels = static_cast<std::ptrdiff_t>(g.pixels()),
                         channels = static_cast<std::ptrdiff_t>(g.channels);
    for (std::size_t part = 0; part < g.parts(); ++part)
        f(matrix<X>{x + part * g.channels * g.pixels(), pixels, 1},
          matrix<Y>{y + part * g.outputs * g.pixels(), pixels, 1},
          matrix<W>{w + part % g.groups * g.outputs * g.channels, channels, 1}, part);
}
template <bool Add, class T>
[[gnu::noinline]] void multiply_pointwise(convolution const& g, T const* x, T const* w, T const* bias, T* y) {
    each_pointwise(g, x, y, w, [&](matrix<T const> image, matrix<T> out, matrix<T const> weight, std::size_t part) {
        if (bias)
            for (std::size_t o = 0; o < g.outputs; ++o)
                std::fill_n(out.at(o, 0), g.pixels(), bias[part % g.groups * g.outputs + o]);
        gemm_large<T>(g.outputs, g.pixels(), g.channels, weight, image, out, Add || bias);
    });
}
template <class T>
[[gnu::noinline]] void multiply_pointwise_back(convolution const& g, T const* dy, T const* w, T* dx, bool add) {
    each_pointwise(g, dx, dy, w, [&](matrix<T> image, matrix<T const> out, matrix<T const> weight, std::size_t) {
        gemm_large<T>(g.channels, g.pixels(), g.outputs, weight.transposed(), out, image, add);
    });
}
template <class T>
[[gnu::noinline]] void correlate_pointwise(convolution const& g, T const* x, T const* dy, T* dw, bool add) {
    // The first image's may be written, the others' are added.
    each_pointwise(g, x, dy, dw, [&](matrix<T const> image, matrix<T const> out, matrix<T> weight, std::size_t part) {
        gemm_large<T>(g.outputs, g.channels, g.pixels(), out, image.transposed(), weight, add || part >= g.groups);
    });
}

/// Whether lanes that run along the pixels of an image have enough of them.
constexpr bool lines_suit(convolution const& g, std::size_t lanes) {
    bool const joined = g.rows.stride == 1 && g.columns.stride == 1;
    return g.out_pixels() != 0 && (joined || g.out_width >= lanes);
}
/// Whether they are best for the values: few output channels share what it costs to bring a window's elements together, as much as
/// eight channels more; an image's elements have to stay in the L1 cache.
constexpr bool suits_planes(convolution const& g, std::size_t lanes) {
    if (!lines_suit(g, lanes)) return false;
    bool const joined = g.rows.stride == 1 && g.columns.stride == 1;
    std::size_t const pitch = joined ? g.width + 2 * g.columns.padding : (g.out_width + lanes - 1) / lanes * lanes,
                      line = ((joined ? (g.out_height - 1) * pitch + g.out_width : g.out_height * pitch) + lanes - 1) /
                             lanes * lanes;
    return line * g.outputs <= g.out_pixels() * (g.outputs + 8) &&
           g.channels * (g.height + 2 * g.rows.padding) * (g.width + 2 * g.columns.padding) <= 1024 * lanes;
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
            if (is_pointwise(g)) return multiply_pointwise<Add>(g, x, w, bias, y);
            if (suits_winograd(g, tile<T>::lanes) && are_moderate(x, g.parts() * g.channels * g.pixels()) &&
                are_moderate(w, g.groups * g.outputs * g.window()))
                return convolve_squares<Add>(g, x, w, bias, y);
            if (!suits_planes(g, staged_planes<T>::lanes)) return convolve_values<Add>(g, x, w, bias, y);
            if (g.outputs == 1) return convolve_planes<1, 4>(g, x, w, bias, y, Add);
            // Fewer rows are left over in tiles of eight by three packs, or of four on fewer registers, for sixteen channels.
            constexpr std::size_t rows = TENON_VECTOR_BYTES >= 64 ? 8 : 4;
            if ((g.outputs + rows - 1) / rows * rows < (g.outputs + 5) / 6 * 6)
                return convolve_planes<rows, 3>(g, x, w, bias, y, Add);
            return convolve_planes<6, tile<T>::packs>(g, x, w, bias, y, Add);
        }
    }
    if constexpr (!Add)
        for (std::size_t i = 0; i < g.parts() * g.outputs * g.out_pixels(); ++i)
            y[i] = bias ? bias[i / g.out_pixels() % (g.groups * g.outputs)] : T(0);
    each_product(
        g, [&](std::size_t o, std::size_t i, std::size_t k) { y[o] = element::sum_with_product<T>(y[o], x[i], w[k]); });
}
/// dx += wᵀ ⋆ dy, or dx = wᵀ ⋆ dy.
template <class T>
constexpr void convolve_back(convolution const& g, T const* dy, T const* w, T* dx, bool add) {
    auto const clear = [&] {
        if (!add) std::fill_n(dx, g.parts() * g.channels * g.pixels(), T(0));
    };
    if constexpr (convolves_in_lanes<T>) {
        TENON_AT_RUN_TIME {
            std::size_t const lanes = staged_planes<T>::lanes;
            if (is_pointwise(g)) return multiply_pointwise_back(g, dy, w, dx, add);
            // Where margins make windows on gradients many more than windows on images, half of what those see is zero.
            bool const few = lines_suit(g, lanes) && g.channels <= 8 && g.outputs <= 32;
            bool const turns = can_turn_around(g) && !(few && 4 * g.out_pixels() < 3 * g.pixels());
            // A turned weight is worth its memory where half as many windows as there are output channels read it.
            if (turns && (suits_planes(turned_around(g), lanes) || 2 * g.images * g.out_pixels() >= g.outputs)) {
                buffer<T, dyn> turned;
                turned.reserve(g.groups * g.outputs * g.window());
                turn_weight(g, w, turned.data());
                T const *const weight = turned.data(), *const bias = nullptr;
                return add ? convolve<true>(turned_around(g), dy, weight, bias, dx)
                           : convolve<false>(turned_around(g), dy, weight, bias, dx);
            }
            clear();
            if (few && g.channels == 1) return spread_planes<1, 4>(g, dy, w, dx);
            if (few) return spread_planes<6, tile<T>::packs>(g, dy, w, dx);
            return spread_windows(g, dy, w, dx);
        }
    }
    clear();
    each_product(g, [&](std::size_t o, std::size_t i, std::size_t k) {
        dx[i] = element::sum_with_product<T>(dx[i], dy[o], w[k]);
    });
}
/// dw += dy ⋆ x, or dw = dy ⋆ x.
template <class T>
constexpr void correlate(convolution const& g, T const* x, T const* dy, T* dw, bool add) {
    auto const clear = [&] {
        if (!add) std::fill_n(dw, g.groups * g.outputs * g.window(), T(0));
    };
    if constexpr (convolves_in_lanes<T>) {
        TENON_AT_RUN_TIME {
            if (g.images == 0) return clear();
            if (is_pointwise(g)) return correlate_pointwise(g, x, dy, dw, add);
            std::size_t const lanes = staged_planes<T>::lanes;
            if (2 * g.outputs > lanes || !lines_suit(g, lanes)) return convolve_weight_gradient(g, x, dy, dw, add);
            clear();
            if (g.outputs == 1) return correlate_planes<1, 5>(g, x, dy, dw);
            return correlate_planes<6, TENON_VECTOR_BYTES >= 64 ? 4 : 2>(g, x, dy, dw);
        }
    }
    clear();
    each_product(g, [&](std::size_t o, std::size_t i, std::size_t k) {
        dw[k] = element::sum_with_product<T>(dw[k], dy[o], x[i]);
    });
}

}  // namespace tenon::inline TENON_TARGET::eval
