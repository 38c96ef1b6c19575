// Windows that slide over planes of up to three axes, whose extents are known at run time: what unfold, fold, convolutions and pools
// of three axes have in common.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include <tenon/base/parallel.hpp>
#include <tenon/core/leaf.hpp>
#include <tenon/expr/window.hpp>

namespace tenon::inline TENON_TARGET::detail {

/// The extents of a shape type.
template <class S>
inline constexpr auto extents_of_type = [] {
    std::array<std::size_t, S::rank()> e{};
    for (std::size_t a = 0; a != S::rank(); ++a) e[a] = S::static_extents[a];
    return e;
}();
/// The shape that F::of makes of S's extents, static where those that it needs are.
template <class F, class S>
struct extents_by {
    static constexpr auto value = F::of(extents_of_type<S>);
    using type = shape_from<value.size(), extents_by>;
};
template <class F, class S>
constexpr auto shape_by(S const& s) {
    return typename extents_by<F, S>::type(F::of(s.extents()));
}
/// The last extents become E; `dyn` keeps the operand's.
template <std::size_t... E>
struct last_extents_become {
    template <std::size_t R>
    static constexpr auto of(std::array<std::size_t, R> e) {
        std::size_t a = R - sizeof...(E);
        ((e[a] = is_dynamic(E) ? e[a] : E, ++a), ...);
        return e;
    }
};
/// The last extents become the numbers of windows over them.
template <auto Windows, bool Ceil>
struct last_extents_windowed {
    template <std::size_t R>
    static constexpr auto of(std::array<std::size_t, R> e) {
        for (std::size_t a = 0; a < Windows.size(); ++a) {
            std::size_t& n = e[R - Windows.size() + a];
            n = Windows[a].output(n, Ceil);
        }
        return e;
    }
};
/// The product of extents of types; `dyn` where one isn't known.
template <class... E>
constexpr std::size_t extent_product(E... e) {
    return (is_dynamic(e) || ...) ? dyn : (std::size_t{e} * ... * 1);
}

/// Windows over planes [depth, height, width]; axes that a plane doesn't have are of extent 1.
struct window_grid {
    std::array<window, 3> along{window{1, 1, 0, 1}, window{1, 1, 0, 1}, window{1, 1, 0, 1}};
    std::array<std::size_t, 3> input{1, 1, 1}, output{1, 1, 1};

    constexpr std::size_t taps() const { return along[0].kernel * along[1].kernel * along[2].kernel; }
    constexpr std::size_t elements() const { return input[0] * input[1] * input[2]; }
    constexpr std::size_t windows() const { return output[0] * output[1] * output[2]; }
    /// The element that an element of a window falls on along an axis: what falls into padding is as large as the extent at least.
    constexpr std::size_t place(std::size_t axis, std::size_t window, std::size_t tap) const {
        return window * along[axis].stride + tap * along[axis].dilation - along[axis].padding;
    }
    /// The windows along an axis whose tap falls on an element.
    constexpr std::pair<std::size_t, std::size_t> inside(std::size_t axis, std::size_t tap) const {
        auto const& w = along[axis];
        std::size_t const at = tap * w.dilation;
        auto const windows_before =
            [&](std::size_t place) {  // windows whose tap falls before a place of the padded plane
                return place <= at ? 0 : std::min(output[axis], (place - at + w.stride - 1) / w.stride);
            };
        std::size_t const first = windows_before(w.padding);
        return {first, std::max(first, windows_before(w.padding + input[axis]))};
    }
};

/// The windows over the last axes of a shape, as many as there are `kernel` extents.
template <std::size_t N, class Output, class S>
constexpr window_grid grid_over(std::array<window, N> const& w, Output const& output, S const& s) {
    window_grid g;
    for (std::size_t a = 0; a < N; ++a) {
        g.along[3 - N + a] = w[a];
        g.input[3 - N + a] = s[s.rank() - N + a];
        g.output[3 - N + a] = output[output.size() - N + a];
    }
    return g;
}

/// Calls f(row of windows, begin, end, first element, all) for each row of windows and each tap of planes [first, last) of them:
/// windows [begin, end) of the row's `all` have elements there, and the first has element number `first element`.
template <class F>
void each_window_row(window_grid const& g, std::size_t first_row, std::size_t last_row, F const& f) {
    std::size_t const taps = g.taps(), rows = g.output[0] * g.output[1];
    for (std::size_t r = first_row; r < last_row; ++r) {
        std::size_t const plane = r / taps, tap = r % taps, tx = tap % g.along[2].kernel,
                          ty = tap / g.along[2].kernel % g.along[1].kernel,
                          tz = tap / (g.along[2].kernel * g.along[1].kernel);
        auto const [begin, end] = g.inside(2, tx);
        for (std::size_t row = 0; row < rows; ++row) {
            std::size_t const z = g.place(0, row / g.output[1], tz), y = g.place(1, row % g.output[1], ty);
            bool const within = z < g.input[0] && y < g.input[1] && begin < end;
            std::size_t const from =
                within ? ((plane * g.input[0] + z) * g.input[1] + y) * g.input[2] + g.place(2, begin, tx) : 0;
            f((r * rows + row) * g.output[2], within ? begin : 0, within ? end : 0, from);
        }
    }
}
/// to(plane, tap, window) = the element of a plane that a window's tap falls on, or 0; or adds it.
template <bool Add, class T>
void unfold_planes(T* to, T const* from, std::size_t planes, window_grid const& g) {
    std::size_t const step = g.along[2].stride, width = g.output[2];
    for_each_part(
        planes * g.taps(), 1, planes * g.taps() * g.windows() / 100'000, [&](std::size_t first, std::size_t last) {
            each_window_row(g, first, last, [&](std::size_t row, std::size_t begin, std::size_t end, std::size_t at) {
                T* const line = to + row;
                T const* const source = from + at;
                if constexpr (!Add) std::fill(line, line + begin, T(0));
                for (std::size_t j = begin; j < end; ++j) {
                    if constexpr (Add) line[j] += source[(j - begin) * step];
                    else line[j] = source[(j - begin) * step];
                }
                if constexpr (!Add) std::fill(line + end, line + width, T(0));
            });
        });
}
/// Adds to each element of the planes what the taps that fall on it have: unfold's transpose.
template <class T>
void fold_planes(T* to, T const* from, std::size_t planes, window_grid const& g) {
    std::size_t const step = g.along[2].stride, taps = g.taps();
    for_each_part(planes, 1, planes * taps * g.windows() / 100'000, [&](std::size_t first, std::size_t last) {
        each_window_row(g, first * taps, last * taps,
                        [&](std::size_t row, std::size_t begin, std::size_t end, std::size_t at) {
                            for (std::size_t j = begin; j < end; ++j) to[at + (j - begin) * step] += from[row + j];
                        });
    });
}

}  // namespace tenon::inline TENON_TARGET::detail
