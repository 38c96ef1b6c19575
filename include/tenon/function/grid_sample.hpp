// Values of images and volumes at places that a grid says.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include <tenon/expr/array.hpp>
#include <tenon/expr/window_grid.hpp>
#include <tenon/op/cast.hpp>

namespace tenon::inline TENON_TARGET {

/// How grid_sample finds values between elements; torch.nn.functional.grid_sample's modes.
enum class sampling { bilinear, nearest, bicubic };
/// What lies outside of what grid_sample looks at: zeros, the nearest element, or a mirror image.
enum class sampling_padding { zeros, border, reflection };

/// Options of grid_sample.
struct grid_sample_options {
    sampling mode = sampling::bilinear;
    sampling_padding padding_mode = sampling_padding::zeros;
    bool align_corners = false;  ///< whether −1 and 1 are the centres of the outermost elements, or their outer edges
};

/// grid_sample takes [n, c, h, w] with a grid [n, oh, ow, 2], or [n, c, d, h, w] with one [n, od, oh, ow, 3].
template <class Input, class Grid>
struct grid_does_not_fit;
namespace detail {

/// How a coordinate in −1 … 1 becomes a place along an axis, and by what factor its gradient.
template <class T>
struct sample_axis {
    std::ptrdiff_t extent;
    grid_sample_options options;

    struct place {
        T at, slope;
    };
    /// Before it is brought back into the image.
    place unnormalized(T v) const {
        auto const n = static_cast<T>(extent);
        if (options.align_corners) return {(v + 1) / 2 * (n - 1), (n - 1) / 2};
        return {((v + 1) * n - 1) / 2, n / 2};
    }
    place inside(place p) const {
        if (options.padding_mode == sampling_padding::reflection) {
            p = options.align_corners ? reflected(p, 0, 2 * (extent - 1)) : reflected(p, -1, 2 * extent - 1);
            return clipped(p);
        }
        return options.padding_mode == sampling_padding::border ? clipped(p) : p;
    }
    place clipped(place p) const {
        auto const last = static_cast<T>(extent - 1);
        if (!(p.at > 0)) return {0, 0};
        return p.at >= last ? place{last, 0} : p;
    }
    /// The element that lies at a whole place, or −1: for cubic sampling each of sixteen is brought back by itself.
    std::ptrdiff_t bounded(T at) const {
        at = inside({at, 1}).at;
        return at >= 0 && at < static_cast<T>(extent) ? static_cast<std::ptrdiff_t>(at) : -1;
    }

private:
    /// Mirrored between low / 2 and high / 2.
    static place reflected(place p, std::ptrdiff_t twice_low, std::ptrdiff_t twice_high) {
        if (twice_low == twice_high) return {0, 0};
        T const low = static_cast<T>(twice_low) / 2, span = static_cast<T>(twice_high - twice_low) / 2;
        T sign = 1, at = p.at - low;
        if (at < 0) {
            sign = -1;
            at = -at;
        }
        T const extra = std::fmod(at, span), flips = std::floor(at / span);
        if (std::fmod(flips, T(2)) == 0) return {extra + low, sign * p.slope};
        return {span - extra + low, -sign * p.slope};
    }
};

/// What one sample looks at along an axis: up to four elements (−1: none), weights, and those weights' slopes by the coordinate.
template <class T>
struct sample_taps {
    std::size_t count = 0;
    std::ptrdiff_t element[4]{};
    T weight[4]{}, slope[4]{};
};
/// Keys' kernel at distance x with a = −0.75, and its slope.
template <class T>
std::array<T, 2> cubic_with_slope(T x) {
    T const a = T(-0.75), d = std::abs(x), sign = x < 0 ? T(-1) : T(1);
    if (d <= 1) return {((a + 2) * d - (a + 3)) * d * d + 1, sign * (3 * (a + 2) * d - 2 * (a + 3)) * d};
    return {((a * d - 5 * a) * d + 8 * a) * d - 4 * a, sign * ((3 * a * d - 10 * a) * d + 8 * a)};
}
template <class T>
sample_taps<T> taps_at(sample_axis<T> const& axis, T coordinate) {
    sample_taps<T> taps;
    auto p = axis.unnormalized(coordinate);
    auto const within = [&](T at) {
        return at >= 0 && at < static_cast<T>(axis.extent) ? static_cast<std::ptrdiff_t>(at) : std::ptrdiff_t{-1};
    };
    if (axis.options.mode == sampling::bicubic) {
        T const left = std::floor(p.at), t = p.at - left;
        taps.count = 4;
        for (int k = 0; k < 4; ++k) {
            T const distance = t - static_cast<T>(k - 1);
            auto const [w, s] = cubic_with_slope(distance);
            taps.element[k] = axis.bounded(left + static_cast<T>(k - 1));
            taps.weight[k] = w;
            taps.slope[k] = s * p.slope;
        }
        return taps;
    }
    p = axis.inside(p);
    if (axis.options.mode == sampling::nearest) {
        taps.count = 1;
        taps.element[0] = within(std::nearbyint(p.at));
        taps.weight[0] = 1;
        return taps;
    }
    T const left = std::floor(p.at), t = p.at - left;
    taps.count = 2;
    taps.element[0] = within(left);
    taps.element[1] = within(left + 1);
    taps.weight[0] = 1 - t;
    taps.weight[1] = t;
    taps.slope[0] = -p.slope;
    taps.slope[1] = p.slope;
    return taps;
}

/// An input [images, channels, depth, height, width] and a grid [images, places, axes], whose last coordinate counts depth.
struct sample_extents {
    std::size_t images, channels, places, axes;
    std::array<std::size_t, 3> input;
    std::size_t elements() const { return input[0] * input[1] * input[2]; }
};
/// Calls f(element, weight, slopes by x, y, z) for each element that a sample looks at.
template <bool Slopes, class T, class F>
void each_sampled(sample_extents const& e, std::array<sample_axis<T>, 3> const& axes, T const* coordinates,
                  F const& f) {
    sample_taps<T> taps[3];
    taps[0] = {1, {0}, {1}, {0}};
    for (std::size_t a = 0; a < e.axes; ++a) taps[2 - a] = taps_at(axes[2 - a], coordinates[a]);
    for (std::size_t i = 0; i < taps[0].count; ++i)
        for (std::size_t j = 0; j < taps[1].count; ++j) {
            if (taps[0].element[i] < 0 || taps[1].element[j] < 0) continue;
            std::size_t const row = (static_cast<std::size_t>(taps[0].element[i]) * e.input[1] +
                                     static_cast<std::size_t>(taps[1].element[j])) *
                                    e.input[2];
            for (std::size_t k = 0; k < taps[2].count; ++k) {
                if (taps[2].element[k] < 0) continue;
                T const z = taps[0].weight[i], y = taps[1].weight[j], x = taps[2].weight[k];
                std::array<T, 3> slopes{};
                if constexpr (Slopes)
                    slopes = {z * y * taps[2].slope[k], z * taps[1].slope[j] * x, taps[0].slope[i] * y * x};
                f(row + static_cast<std::size_t>(taps[2].element[k]), z * y * x, slopes);
            }
        }
}
template <class T>
std::array<sample_axis<T>, 3> sample_axes(sample_extents const& e, grid_sample_options const& o) {
    auto const axis = [&](std::size_t n) { return sample_axis<T>{static_cast<std::ptrdiff_t>(n), o}; };
    return {axis(e.input[0]), axis(e.input[1]), axis(e.input[2])};
}
template <class T>
void sample_grid(T* to, T const* from, T const* grid, sample_extents const& e, grid_sample_options const& o) {
    auto const axes = sample_axes<T>(e, o);
    for_each_part(
        e.images * e.places, 1, e.images * e.places * e.channels / 10'000, [&](std::size_t begin, std::size_t end) {
            for (std::size_t p = begin; p < end; ++p) {
                std::size_t const n = p / e.places, place = p % e.places;
                T const* const image = from + n * e.channels * e.elements();
                T* const out = to + n * e.channels * e.places + place;
                for (std::size_t c = 0; c < e.channels; ++c) out[c * e.places] = 0;
                each_sampled<false>(e, axes, grid + p * e.axes, [&](std::size_t element, T weight, auto const&) {
                    for (std::size_t c = 0; c < e.channels; ++c)
                        out[c * e.places] += weight * image[c * e.elements() + element];
                });
            }
        });
}
/// Either gradient may be unwanted: null.
template <class T>
void add_sample_gradients(T* to, T* to_grid, T const* g, T const* from, T const* grid, sample_extents const& e,
                          grid_sample_options const& o) {
    auto const axes = sample_axes<T>(e, o);
    for_each_part(e.images, 1, e.images * e.places * e.channels / 10'000, [&](std::size_t begin, std::size_t end) {
        for (std::size_t p = begin * e.places; p < end * e.places; ++p) {
            std::size_t const image = p / e.places * e.channels * e.elements();
            T const* const out = g + p / e.places * e.channels * e.places + p % e.places;
            each_sampled<true>(e, axes, grid + p * e.axes,
                               [&](std::size_t element, T weight, std::array<T, 3> const& slopes) {
                                   T along = 0;
                                   for (std::size_t c = 0; c < e.channels; ++c) {
                                       std::size_t const at = image + c * e.elements() + element;
                                       if (to) to[at] += weight * out[c * e.places];
                                       along += from[at] * out[c * e.places];
                                   }
                                   if (to_grid)
                                       for (std::size_t a = 0; a < e.axes; ++a)
                                           to_grid[p * e.axes + a] += slopes[a] * along;
                               });
        }
    });
}

template <class T, class S>
struct grid_sample_rule {
    using value_type = T;
    using shape_type = S;
    static constexpr char const *name = "grid_sample", *kind = "resize";
    static constexpr bool has_gradient = true;
    [[no_unique_address]] S to;
    sample_extents extents;
    grid_sample_options options;
    constexpr S shape(auto const&, auto const&) const { return to; }
    constexpr std::size_t operations(auto const&, auto const&) const {
        std::size_t const taps = options.mode == sampling::nearest ? 1 : options.mode == sampling::bicubic ? 4 : 2;
        return to.size() * 2 * taps * taps * (extents.axes == 3 ? taps : 1);
    }
    template <class X, class G>
    void forward(array_of<T, S> const& y, array_of<T const, X> const& x, array_of<T const, G> const& grid) const {
        sample_grid(y.data, x.data, grid.data, extents, options);
    }
    template <class X, class G>
    void backward(array_of<T const, S> const&, array_of<T const, S> const& g, array_of<T const, X> const& x,
                  array_of<T const, G> const& grid, array_of<T, X> const& gx, array_of<T, G> const& to_grid) const {
        add_sample_gradients(gx.data, to_grid.data, g.data, x.data, grid.data, extents, options);
    }
};
template <class G>
struct sampled_extents {
    template <std::size_t R>
    static constexpr auto of(std::array<std::size_t, R> e) {
        for (std::size_t a = 2; a < R; ++a) e[a] = G::static_extents[a - 1];
        return e;
    }
};
}  // namespace detail

/// y(n, c, i, j) = x(n, c, ·, ·) at the place (grid(n, i, j, 1), grid(n, i, j, 0)) of row and column, which go from −1 to 1: for
/// x of shape [n, c, h, w] and a grid [n, oh, ow, 2], or a volume [n, c, d, h, w] and a grid [n, od, oh, ow, 3] of (column, row, plane).
/// Both have gradients. A NaN counts as a place outside. Compile error `grid_does_not_fit`, or shape_error where only run time can know;
/// @throws std::invalid_argument for cubic sampling of volumes; torch.nn.functional.grid_sample.
template <expression X, expression G>
constexpr auto grid_sample(X&& x, G&& grid, grid_sample_options options = {}) {
    using s = shape_t<X>;
    using t = shape_t<G>;
    constexpr bool fits = [] {
        if constexpr ((s::rank() != 4 && s::rank() != 5) || t::rank() != s::rank()) return false;
        else {
            auto const agree = [](std::size_t a, std::size_t b) { return a == b || is_dynamic(a) || is_dynamic(b); };
            return agree(s::static_extents[0], t::static_extents[0]) &&
                   agree(t::static_extents[t::rank() - 1], s::rank() - 2);
        }
    }();
    if constexpr (!fits) return grid_does_not_fit<s, t>{};
    else {
        constexpr std::size_t axes = s::rank() - 2;
        using T = promoted_value_t<node_t<X>, node_t<G>>;
        static_assert(std::is_floating_point_v<T>, "grid_sample: needs floating point elements");
        auto const from = x.shape();
        auto const places = grid.shape();
        auto all = from.extents();
        detail::sample_extents e{from[0], from[1], 1, axes, {1, 1, 1}};
        for (std::size_t a = 0; a < axes; ++a) {
            all[a + 2] = places[a + 1];
            e.places *= places[a + 1];
            e.input[3 - axes + a] = from[a + 2];
        }
        if (from[0] != places[0] || places[axes + 1] != axes || e.elements() == 0)
            throw_shapes("grid_sample", to_string(from), to_string(places));
        if (axes == 3 && options.mode == sampling::bicubic)
            throw std::invalid_argument("grid_sample: cubic sampling is for images");
        using to = typename detail::extents_by<detail::sampled_extents<t>, s>::type;
        return detail::make_array(detail::grid_sample_rule<T, to>{to(all), e, options}, cast<T>(std::forward<X>(x)),
                                  cast<T>(std::forward<G>(grid)));
    }
}

}  // namespace tenon::inline TENON_TARGET
