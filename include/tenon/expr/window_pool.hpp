// Pools whose windows are known at run time: where the greatest values of windows lie, and means, along up to three axes.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include <tenon/expr/array.hpp>
#include <tenon/expr/index.hpp>
#include <tenon/expr/let.hpp>
#include <tenon/expr/window_grid.hpp>

namespace tenon::inline TENON_TARGET {

/// What a pool returns beside the greatest values of its windows where `return_indices` is set.
template <class Values, class Indices>
struct pool_result {
    Values values;    ///< the greatest value of each window
    Indices indices;  ///< its place in row-major order in the plane that was pooled, int64
};

namespace detail {

/// Windows that slide, or as many as the output has elements, which cover the plane.
struct pool_grid : window_grid {
    bool adaptive = false, include_padding = true;
    std::size_t divisor_override = 0;

    /// Elements of an axis that window i looks at, and how many the mean counts.
    struct range {
        std::size_t begin, end, step, count;
    };
    constexpr range at(std::size_t axis, std::size_t i) const {
        std::size_t const n = input[axis];
        if (adaptive) {
            std::size_t const m = output[axis], begin = i * n / m, end = ((i + 1) * n + m - 1) / m;
            return {begin, end, 1, end - begin};
        }
        auto const& w = along[axis];
        std::size_t const start = i * w.stride, stop = start + w.span();
        std::size_t const skipped = start >= w.padding ? 0 : (w.padding - start + w.dilation - 1) / w.dilation;
        std::size_t const begin = start + skipped * w.dilation - w.padding,
                          end = std::min(stop, n + w.padding) - w.padding;
        return {begin, end, w.dilation,
                include_padding ? std::min(stop, n + 2 * w.padding) - start : end - std::min(begin, end)};
    }
    /// Whether every window has an element: dilated ones may step over an input that is shorter than a step.
    constexpr bool has_elements() const {
        for (std::size_t axis = 0; axis < 3; ++axis)
            for (std::size_t i = 0; i < output[axis]; ++i)
                if (range const r = at(axis, i); r.begin >= r.end) return false;
        return true;
    }
    constexpr std::size_t divisor(range const& z, range const& y, range const& x) const {
        return divisor_override != 0 ? divisor_override : z.count * y.count * x.count;
    }
};
/// Calls f(output, plane's first element, ranges of depth, height and width) for every window of planes, which threads share.
template <class F>
void each_pool_window(pool_grid const& g, std::size_t planes, F const& f) {
    std::size_t const work = planes * std::max(g.elements(), g.windows() * (g.adaptive ? 1 : g.taps()));
    for_each_part(planes, 1, work / 100'000, [&](std::size_t first, std::size_t last) {
        for (std::size_t plane = first; plane < last; ++plane) {
            std::size_t to = plane * g.windows();
            for (std::size_t i = 0; i < g.output[0]; ++i) {
                auto const z = g.at(0, i);
                for (std::size_t j = 0; j < g.output[1]; ++j) {
                    auto const y = g.at(1, j);
                    for (std::size_t k = 0; k < g.output[2]; ++k, ++to) f(to, plane * g.elements(), z, y, g.at(2, k));
                }
            }
        }
    });
}
/// Calls f(place in the plane) for each element of a window.
template <class F>
TENON_INLINE void each_element(pool_grid const& g, pool_grid::range const& z, pool_grid::range const& y,
                               pool_grid::range const& x, F const& f) {
    for (std::size_t a = z.begin; a < z.end; a += z.step)
        for (std::size_t b = y.begin; b < y.end; b += y.step)
            for (std::size_t c = x.begin; c < x.end; c += x.step) f((a * g.input[1] + b) * g.input[2] + c);
}
/// The place of each window's greatest value: of the first of equal ones, and of a NaN before all numbers.
template <class T>
void greatest_places(std::int64_t* to, T const* from, std::size_t planes, pool_grid const& g) {
    each_pool_window(g, planes, [&](std::size_t o, std::size_t base, auto const& z, auto const& y, auto const& x) {
        T const* const plane = from + base;
        std::size_t best = (z.begin * g.input[1] + y.begin) * g.input[2] + x.begin;
        each_element(g, z, y, x, [&](std::size_t i) TENON_LAMBDA_INLINE {
            if (plane[i] > plane[best] || plane[i] != plane[i]) best = i;
        });
        to[o] = static_cast<std::int64_t>(best);
    });
}
template <class T>
void window_means(T* to, T const* from, std::size_t planes, pool_grid const& g) {
    each_pool_window(g, planes, [&](std::size_t o, std::size_t base, auto const& z, auto const& y, auto const& x) {
        T sum = 0;
        each_element(g, z, y, x, [&](std::size_t i) TENON_LAMBDA_INLINE { sum += from[base + i]; });
        to[o] = sum / static_cast<T>(g.divisor(z, y, x));
    });
}
template <class T>
void add_mean_gradients(T* to, T const* from, std::size_t planes, pool_grid const& g) {
    each_pool_window(g, planes, [&](std::size_t o, std::size_t base, auto const& z, auto const& y, auto const& x) {
        T const share = from[o] / static_cast<T>(g.divisor(z, y, x));
        each_element(g, z, y, x, [&](std::size_t i) TENON_LAMBDA_INLINE { to[base + i] += share; });
    });
}

template <class S>
struct pool_rule {
    using shape_type = S;
    static constexpr char const* kind = "pooling";
    [[no_unique_address]] S to;
    std::size_t planes;
    pool_grid grid;
    constexpr S shape(auto const&) const { return to; }
    constexpr std::size_t operations(auto const& x) const { return grid.adaptive ? x.size() : to.size() * grid.taps(); }
};
template <class S>
struct greatest_places_rule : pool_rule<S> {
    using value_type = std::int64_t;
    static constexpr char const* name = "max_pool_indices";
    template <class T, class X>
    void forward(array_of<std::int64_t, S> const& y, array_of<T, X> const& x) const {
        greatest_places(y.data, x.data, this->planes, this->grid);
    }
};
template <class T, class S>
struct window_means_rule : pool_rule<S> {
    using value_type = T;
    static constexpr char const* name = "mean_pool";
    static constexpr bool has_gradient = true;
    template <class X>
    void forward(array_of<T, S> const& y, array_of<T const, X> const& x) const {
        window_means(y.data, x.data, this->planes, this->grid);
    }
    template <class X>
    void backward(array_of<T const, S> const&, array_of<T const, S> const& g, array_of<T const, X> const&,
                  array_of<T, X> const& gx) const {
        add_mean_gradients(gx.data, g.data, this->planes, this->grid);
    }
};

/// The greatest values of windows over the last N axes, or those and their places: values are chosen by places, so that gradients go
/// to what was chosen.
template <std::size_t N, bool Indices, class A, class To>
constexpr auto pool_by_places(A&& x, To const& to, pool_grid const& g) {
    constexpr auto first = -static_cast<std::ptrdiff_t>(N);
    if (!g.has_elements()) throw_shapes("max_pool: a window lies in the padding", to_string(x.shape()), to_string(to));
    auto const whole = let(std::forward<A>(x));
    std::size_t const windows = g.windows(), planes = windows == 0 ? 0 : to.size() / windows;
    auto places = let(make_array(greatest_places_rule<To>{{to, planes, g}}, whole));
    auto values = reshape_to(gather<-1>(flatten<first, -1>(whole), flatten<first, -1>(places)), to);
    if constexpr (Indices) return pool_result<decltype(values), decltype(places)>{values, places};
    else return values;
}
/// The means of windows over the last axes.
template <class A, class To>
constexpr auto pool_by_means(A&& x, To const& to, pool_grid const& g) {
    static_assert(std::is_floating_point_v<value_t<A>>, "pools of means: need floating point elements");
    std::size_t const windows = g.windows(), planes = windows == 0 ? 0 : to.size() / windows;
    return make_array(window_means_rule<value_t<A>, To>{{to, planes, g}}, std::forward<A>(x));
}
}  // namespace detail

}  // namespace tenon::inline TENON_TARGET
