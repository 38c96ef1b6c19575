// Resizing along axes one after another: each output element is a weighted sum of neighbouring input elements.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

#include <tenon/base/parallel.hpp>
#include <tenon/expr/array.hpp>
#include <tenon/expr/resample_weights.hpp>

namespace tenon::inline TENON_TARGET {

namespace detail {

/// A sum as an element: whole numbers are rounded and stay in their range.
template <class T, class W>
TENON_INLINE T resampled(W v) {
    if constexpr (std::is_floating_point_v<T>) return static_cast<T>(v);
    else {
        auto const low = static_cast<W>(std::numeric_limits<T>::lowest()),
                   high = static_cast<W>(std::numeric_limits<T>::max());
        W const r = std::floor(v + W(0.5));
        return !(r > low)  ? std::numeric_limits<T>::lowest()
               : r >= high ? std::numeric_limits<T>::max()
                           : static_cast<T>(r);
    }
}

/// Arrays [outer, input, inner] and [outer, output, inner], of which the axis between is resized.
struct resample_extents {
    std::size_t outer, input, output, inner;
};
/// Sums of rows: y(o, :) = Σ_k w_k x(first + k, :).
template <class T, class W>
void resample_rows(T* to, T const* from, resample_extents const& e, resample_weights<W> const& w) {
    std::size_t const work = e.outer * e.output * e.inner * w.taps;
    for_each_part(e.outer * e.output, 1, work / 200'000, [&](std::size_t begin, std::size_t end) {
        constexpr std::size_t block = 256;
        W sums[block];
        for (std::size_t r = begin; r < end; ++r) {
            std::size_t const o = r % e.output, taps = w.counts[o];
            T const* const rows = from + (r / e.output * e.input + w.first[o]) * e.inner;
            W const* const weights = w.of(o);
            T* const line = to + r * e.inner;
            for (std::size_t j = 0; j < e.inner; j += block) {
                std::size_t const n = std::min(block, e.inner - j);
                for (std::size_t i = 0; i < n; ++i) sums[i] = weights[0] * static_cast<W>(rows[j + i]);
                for (std::size_t k = 1; k < taps; ++k) {
                    T const* const row = rows + k * e.inner + j;
                    for (std::size_t i = 0; i < n; ++i) sums[i] += weights[k] * static_cast<W>(row[i]);
                }
                for (std::size_t i = 0; i < n; ++i) line[j + i] = resampled<T>(sums[i]);
            }
        }
    });
}
/// Σ_k w_k x_k, in eight sums that end in one: a register of products at a time.
template <class T, class W>
W weighted_sum(T const* x, W const* w, std::size_t n) {
    constexpr std::size_t lanes = 8;
    W parts[lanes] = {}, sum = 0;
    std::size_t k = 0;
    for (; k + lanes <= n; k += lanes)
        for (std::size_t i = 0; i < lanes; ++i) parts[i] += w[k + i] * static_cast<W>(x[k + i]);
    for (std::size_t i = 0; i < lanes; ++i) sum += parts[i];
    for (; k < n; ++k) sum += w[k] * static_cast<W>(x[k]);
    return sum;
}
/// Along the last axis where each element is made of many.
template <class T, class W>
void resample_long_windows(T* to, T const* from, resample_extents const& e, resample_weights<W> const& w) {
    for_each_part(e.outer, 1, e.outer * e.output * w.taps / 200'000, [&](std::size_t begin, std::size_t end) {
        for (std::size_t r = begin; r < end; ++r)
            for (std::size_t o = 0; o < e.output; ++o)
                to[r * e.output + o] =
                    resampled<T>(weighted_sum(from + r * e.input + w.first[o], w.of(o), w.counts[o]));
    });
}
/// The same along the last axis: eight rows side by side, so that each weight is multiplied with a register of elements.
template <class T, class W>
void resample_columns(T* to, T const* from, resample_extents const& e, resample_weights<W> const& w) {
    constexpr std::size_t lanes = 8;
    for_each_part(e.outer, lanes, e.outer * (e.input + e.output * w.taps) / 100'000,
                  [&](std::size_t begin, std::size_t end) {
                      std::vector<W> side_by_side(e.input * lanes);
                      for (std::size_t r = begin; r < end; r += lanes) {
                          std::size_t const rows = std::min(lanes, end - r);
                          for (std::size_t i = 0; i < rows; ++i)
                              for (std::size_t j = 0; j < e.input; ++j)
                                  side_by_side[j * lanes + i] = static_cast<W>(from[(r + i) * e.input + j]);
                          for (std::size_t o = 0; o < e.output; ++o) {
                              W const *const weights = w.of(o), *x = side_by_side.data() + w.first[o] * lanes;
                              W sums[lanes];
                              for (std::size_t i = 0; i < lanes; ++i) sums[i] = weights[0] * x[i];
                              for (std::size_t k = 1; k < w.counts[o]; ++k) {
                                  x += lanes;
                                  for (std::size_t i = 0; i < lanes; ++i) sums[i] += weights[k] * x[i];
                              }
                              for (std::size_t i = 0; i < rows; ++i) to[(r + i) * e.output + o] = resampled<T>(sums[i]);
                          }
                      }
                  });
}
/// Where each element is one of the input's.
template <class T, class W>
void resample_by_copies(T* to, T const* from, resample_extents const& e, resample_weights<W> const& w) {
    for (std::size_t r = 0; r < e.outer * e.output; ++r)
        std::copy_n(from + (r / e.output * e.input + w.first[r % e.output]) * e.inner, e.inner, to + r * e.inner);
}
template <class T, class W>
void resample(T* to, T const* from, resample_extents const& e, resample_weights<W> const& w) {
    // Numbers of 64 bits are not all in double.
    if constexpr (std::is_integral_v<T> && sizeof(T) >= sizeof(W))
        if (w.taps == 1 &&
            std::count(w.weights.begin(), w.weights.end(), W(1)) == static_cast<std::ptrdiff_t>(w.weights.size()))
            return resample_by_copies(to, from, e, w);
    // 3×1080×1920 bytes to 224×224, 19 elements for each along a row: 15 ms window by window, 66 laid side by side.
    if (e.inner == 1 && w.taps >= 8) resample_long_windows(to, from, e, w);
    else if (e.inner == 1) resample_columns(to, from, e, w);
    else resample_rows(to, from, e, w);
}
/// The transpose: adds to the input's gradient what the output's is made of.
template <class T, class W>
void resample_transposed(T* to, T const* from, resample_extents const& e, resample_weights<W> const& w) {
    for_each_part(e.outer, 1, e.outer * e.output * e.inner * w.taps / 200'000, [&](std::size_t begin, std::size_t end) {
        for (std::size_t r = begin; r < end; ++r)
            for (std::size_t o = 0; o < e.output; ++o) {
                T const* const g = from + (r * e.output + o) * e.inner;
                for (std::size_t k = 0; k < w.counts[o]; ++k) {
                    T const weight = w.of(o)[k];
                    T* const row = to + (r * e.input + w.first[o] + k) * e.inner;
                    for (std::size_t j = 0; j < e.inner; ++j) row[j] += weight * g[j];
                }
            }
    });
}

/// The steps of resizing [planes, extents…].
template <std::size_t N>
struct resample_plan {
    std::size_t planes;
    std::array<resample_axis, N> axes;

    /// What the step along an axis sees. @param done whether an axis has been resized already
    template <class Done>
    resample_extents step(std::size_t axis, Done const& done) const {
        resample_extents e{planes, axes[axis].input, axes[axis].output, 1};
        for (std::size_t a = 0; a < N; ++a)
            if (a != axis) (a < axis ? e.outer : e.inner) *= done(a) ? axes[a].output : axes[a].input;
        return e;
    }
    /// The last axis first.
    resample_extents step(std::size_t axis) const {
        return step(axis, [axis](std::size_t a) { return a > axis; });
    }
    std::size_t operations() const {
        std::size_t n = 0;
        for (std::size_t a = 0; a < N; ++a) {
            auto const e = step(a);
            n += 2 * e.outer * e.output * e.inner * (axes[a].mode == interpolation::bicubic ? 4 : 2);
        }
        return n;
    }
};
/// Elements of a type, between which numbers are found in another.
template <class T>
using resample_weight =
    std::conditional_t<std::is_same_v<T, double> || (std::is_integral_v<T> && sizeof(T) > 2), double, float>;

/// Axes of rows that become fewer come first, those that become more last, and the axis whose elements have to be laid side by side
/// between them, where there are fewest. Whole numbers, which are rounded and cut to their range after each step, begin with the last
/// axis and end with the first, as Pillow and PyTorch do.
template <class T, std::size_t N>
void resample_all(T* to, T const* from, resample_plan<N> const& plan) {
    using W = resample_weight<T>;
    std::array<resample_weights<W>, N> weights;
    std::array<std::size_t, N> order{};
    std::array<bool, N> done{};
    std::size_t steps = 0, size = plan.planes;
    for (std::size_t a = 0; a < N; ++a) {
        weights[a] = weights_along<W>(plan.axes[a]);
        done[a] = weights[a].is_identity(plan.axes[a].input);
        size *= plan.axes[a].output;
    }
    auto const append = [&](auto const& wanted) {
        for (std::size_t a = N; a-- > 0;)
            if (!done[a] && wanted(a)) order[steps++] = a;
    };
    constexpr bool rounds = std::is_integral_v<T>;
    append([&](std::size_t a) { return !rounds && a + 1 != N && plan.axes[a].output < plan.axes[a].input; });
    append([&](std::size_t a) { return a + 1 == N; });
    append([&](std::size_t a) { return a + 1 != N && (rounds || plan.axes[a].output >= plan.axes[a].input); });
    if (steps == 0) std::copy_n(from, size, to);

    std::vector<T> stages[2];
    T const* now = from;
    for (std::size_t s = 0; s < steps; ++s) {
        std::size_t const a = order[s];
        auto const e = plan.step(a, [&](std::size_t other) { return done[other]; });
        done[a] = true;
        T* next = to;
        if (s + 1 != steps) {
            stages[s % 2].resize(e.outer * e.output * e.inner);
            next = stages[s % 2].data();
        }
        resample(next, now, e, weights[a]);
        now = next;
    }
}
template <class T, std::size_t N>
void add_resampled_gradient(T* to, T const* from, resample_plan<N> const& plan) {
    std::vector<T> stages[2];
    T const* now = from;
    for (std::size_t a = 0; a < N; ++a) {
        auto const e = plan.step(a);
        T* next = to;
        if (a + 1 != N) {
            auto& stage = stages[a % 2];
            stage.assign(e.outer * e.input * e.inner, T(0));
            next = stage.data();
        }
        resample_transposed(next, now, e, weights_along<T>(plan.axes[a]));
        now = next;
    }
}

template <class T, class S, std::size_t N>
struct resample_rule {
    using value_type = T;
    using shape_type = S;
    static constexpr char const *name = "interpolate", *kind = "resize";
    static constexpr bool has_gradient = true;
    [[no_unique_address]] S to;
    resample_plan<N> plan;
    constexpr S shape(auto const&) const { return to; }
    constexpr std::size_t operations(auto const&) const { return plan.operations(); }

    template <class X>
    void forward(array_of<T, S> const& y, array_of<T const, X> const& x) const {
        resample_all(y.data, x.data, plan);
    }
    template <class X>
    void backward(array_of<T const, S> const&, array_of<T const, S> const& g, array_of<T const, X> const&,
                  array_of<T, X> const& gx) const {
        add_resampled_gradient(gx.data, g.data, plan);
    }
};
}  // namespace detail

}  // namespace tenon::inline TENON_TARGET
