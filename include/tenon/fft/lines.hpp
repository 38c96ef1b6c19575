// Signals in memory: the lines of an array along an axis, read into lanes and written from them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <type_traits>

#include <tenon/fft/passes.hpp>
#include <tenon/scalar/dual.hpp>

namespace tenon::inline TENON_TARGET::fft::detail {

/// The lines of an array along an axis: `length` elements at a distance of `step`. Line number t begins at
/// t / inner · outer_step + t % inner · inner_step.
template <class E>
struct lines {
    E* first;
    std::size_t length, count, inner;
    std::ptrdiff_t step, outer_step, inner_step;

    E* line(std::size_t t) const {
        return first + static_cast<std::ptrdiff_t>(t / inner) * outer_step +
               static_cast<std::ptrdiff_t>(t % inner) * inner_step;
    }
    /// The lines along an axis of a row-major array: `outer` times `inner` of them.
    static lines of(E* p, std::size_t outer, std::size_t length, std::size_t inner) {
        auto const i = static_cast<std::ptrdiff_t>(inner);
        return {p, length, outer * inner, inner, i, static_cast<std::ptrdiff_t>(length) * i, 1};
    }
    /// One signal.
    static lines one(E* p, std::size_t length, std::ptrdiff_t step) { return {p, length, 1, 1, step, 0, 0}; }
};

/// A register's worth of lines.
template <class E>
struct line_group {
    static constexpr std::size_t size = lanes<element::real_t<std::remove_const_t<E>>>;
    E* at[size];
    std::size_t count;  ///< those that there are; the others' lanes are zeros, and are not written
    std::ptrdiff_t step;
    bool neighbours;  ///< whether all are there, and lie one element apart

    line_group(lines<E> const& all, std::size_t t)
        : count(std::min(size, all.count - std::min(t, all.count))), step(all.step) {
        neighbours = count == size;
        for (std::size_t l = 0; l != size; ++l) {
            at[l] = l < count ? all.line(t + l) : nullptr;
            neighbours = neighbours && at[l] == at[0] + l;
        }
    }
    E* element(std::size_t l, std::size_t j) const { return at[l] + static_cast<std::ptrdiff_t>(j) * step; }
};

/// Turns a square of elements around.
template <class T, std::size_t N>
TENON_INLINE void transpose_lanes(element::pack<T, N> (&rows)[N]) {
    math::transpose(rows);
}
template <class T, std::size_t N>
TENON_INLINE void transpose_lanes(element::complex_pack<T, N> (&rows)[N]) {
    element::pack<T, N> re[N], im[N];
    for (std::size_t l = 0; l != N; ++l) re[l] = rows[l].re, im[l] = rows[l].im;
    math::transpose(re);
    math::transpose(im);
    for (std::size_t l = 0; l != N; ++l) rows[l] = {re[l], im[l]};
}

/// Calls f(j, parts) for elements 0 … n of lines: complex numbers give signals, real ones a pack.
template <class E, class F>
TENON_INLINE void read_lines(line_group<E const> const& g, std::size_t n, F const& f) {
    using lane = element::lane_t<E, line_group<E const>::size>;
    constexpr std::size_t size = lane::lanes;
    if (g.neighbours) {
        for (std::size_t j = 0; j != n; ++j) f(j, lane::load(g.element(0, j)));
        return;
    }
    std::size_t j = 0;
    if constexpr (size > 1)
        if (g.step == 1 && g.count == size)
            for (; j + size <= n; j += size) {
                // A square of elements is turned around in registers.
                lane rows[size];
                for (std::size_t l = 0; l != size; ++l) rows[l] = lane::load(g.element(l, j));
                transpose_lanes(rows);
                for (std::size_t k = 0; k != size; ++k) f(j + k, rows[k]);
            }
    for (; j != n; ++j) f(j, lane::generate([&](std::size_t l) { return l < g.count ? *g.element(l, j) : E(0); }));
}
/// Writes `value(j)` to elements 0 … n of lines, or adds it.
template <class E, class F>
TENON_INLINE void write_lines(line_group<E> const& g, std::size_t n, bool add, F const& value) {
    using lane = element::lane_t<E, line_group<E>::size>;
    constexpr std::size_t size = lane::lanes;
    auto const put = [add](E* to, lane v) TENON_LAMBDA_INLINE { (add ? lane::load(to) + v : v).store(to); };
    if (g.neighbours) {
        for (std::size_t j = 0; j != n; ++j) put(g.element(0, j), value(j));
        return;
    }
    std::size_t j = 0;
    if constexpr (size > 1)
        if (g.step == 1 && g.count == size)
            for (; j + size <= n; j += size) {
                lane rows[size];
                for (std::size_t k = 0; k != size; ++k) rows[k] = value(j + k);
                transpose_lanes(rows);
                for (std::size_t l = 0; l != size; ++l) put(g.element(l, j), rows[l]);
            }
    for (; j != n; ++j) {
        lane const v = value(j);
        for (std::size_t l = 0; l != g.count; ++l) {
            E* const to = g.element(l, j);
            *to = add ? *to + v[l] : v[l];
        }
    }
}

}  // namespace tenon::inline TENON_TARGET::fft::detail
