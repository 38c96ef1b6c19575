// The bins of histograms: their edges, and what is in them. Nothing here knows a shape.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <stdexcept>

#include <tenon/core/workspace.hpp>

namespace tenon::inline TENON_TARGET::detail {

/// The bins of one coordinate.
template <class T>
struct bin_axis {
    /// How a value's bin is found.
    enum search_kind {
        scaled,   ///< by its distance from the first edge
        checked,  ///< the same, and by comparing with the edges around
        binary    ///< by comparing with edges of any distances
    };
    T const* edges;
    std::size_t count;  ///< of bins: one less than there are edges
    search_kind search;

    /// For n ≤ 256 points, of coordinates that lie `step` apart, the numbers of bins in all axes so far: `at` times the bins of this axis
    /// plus the bin in it, or `nowhere`. A value on an edge belongs to the bin behind it, on the last to the bin before it.
    void find(T const* x, std::size_t step, std::size_t n, std::size_t* at) const {
        T const low = edges[0], high = edges[count], size = high - low, bins = static_cast<T>(count);
        std::size_t here[256];
        if (search != binary)
            for (std::size_t i = 0; i != n; ++i) {
                T const v = x[i * step];
                bool const inside = (v >= low) & (v <= high);
                // NaN where the edges are so large that they are equal, or ∞: what is no number of a bin counts as the last.
                T const place = (inside ? v - low : T(0)) * bins / size;
                here[i] = !inside        ? nowhere
                          : place < bins ? static_cast<std::size_t>(static_cast<std::int64_t>(place))
                                         : count;
            }
        for (std::size_t i = 0; i != n; ++i) {
            T const v = x[i * step];
            std::size_t bin = search != binary ? here[i] : v >= low && v <= high ? 0 : nowhere;
            if (bin != nowhere) {
                if (search != scaled) {
                    std::size_t const first = search == binary || bin == 0 ? 0 : bin - 1;
                    std::size_t const last = search == binary ? count + 1 : std::min(bin + 2, count + 1);
                    bin = static_cast<std::size_t>(std::upper_bound(edges + first, edges + last, v) - edges) - 1;
                }
                if (bin >= count) bin = count - 1;
                at[i] = at[i] == nowhere ? nowhere : at[i] * count + bin;
            } else at[i] = nowhere;
        }
    }
    static constexpr auto nowhere = static_cast<std::size_t>(-1);
};
/// Adds up weights, or ones where there are none, in the bins of n points, whose coordinates lie one after another.
template <class T>
void fill_bins(T const* x, std::size_t n, bin_axis<T> const* axes, std::size_t rank, T const* weights, double* bins) {
    for (std::size_t first = 0; first < n; first += 256) {
        std::size_t const some = std::min<std::size_t>(256, n - first);
        std::size_t at[256] = {};
        for (std::size_t a = 0; a != rank; ++a) axes[a].find(x + first * rank + a, rank, some, at);
        for (std::size_t i = 0; i != some; ++i)
            if (at[i] != bin_axis<T>::nowhere) bins[at[i]] += weights ? static_cast<double>(weights[first + i]) : 1.;
    }
}
/// A histogram, divided by the sum and each bin's size if `density`.
template <class T>
void make_histogram(T const* x, std::size_t n, bin_axis<T> const* axes, std::size_t rank, T const* weights,
                    bool density, T* hist) {
    std::size_t count = 1;
    for (std::size_t a = 0; a != rank; ++a) count *= axes[a].count;
    buffer<double, dyn> bins;
    bins.reserve_zeros(count);
    fill_bins(x, n, axes, rank, weights, bins.data());
    double total = 0;
    for (std::size_t b = 0; b != count; ++b) total += bins.data()[b];
    for (std::size_t b = 0; b != count; ++b) {
        double v = bins.data()[b];
        if (density) {
            v /= total;
            for (std::size_t a = rank, at = b; a-- != 0; at /= axes[a].count) {
                T const* const edge = axes[a].edges + at % axes[a].count;
                v /= static_cast<double>(edge[1] - edge[0]);
            }
        }
        hist[b] = static_cast<T>(v);
    }
}
TENON_ON_USE
[[noreturn, gnu::noinline, gnu::cold]] void throw_histogram(char const* what, char const* problem) {
    throw std::invalid_argument(text_of({what, ": ", problem}));
}
/// The outer edges: those given, or those of the elements; `around` widens them where they are equal.
template <class T>
std::array<T, 2> outer_edges(char const* what, std::array<double, 2> given, bool of_elements, T const* x,
                             std::size_t step, std::size_t n, T around) {
    std::array<T, 2> e{static_cast<T>(given[0]), static_cast<T>(given[1])};
    if (of_elements && n != 0) {
        e = {x[0], x[0]};
        for (std::size_t i = 0; i != n; ++i) {
            T const v = x[i * step];
            if (v < e[0] || v != v) e[0] = v;
            if (v > e[1] || v != v) e[1] = v;
        }
    }
    if (!std::isfinite(e[0]) || !std::isfinite(e[1])) throw_histogram(what, "the range of the bins isn't finite");
    if (e[0] > e[1]) throw_histogram(what, "the bins begin behind their end");
    if (e[0] == e[1])
        return n == 0 && of_elements ? std::array<T, 2>{0, 1} : std::array<T, 2>{e[0] - around, e[1] + around};
    return e;
}
/// count + 1 edges at equal distances, from both ends to the middle; torch.linspace.
template <class T>
void write_edges(std::array<T, 2> outer, std::size_t count, T* edges) {
    T const step = (outer[1] - outer[0]) / static_cast<T>(count);
    for (std::size_t i = 0; i <= count; ++i)
        edges[i] =
            i < (count + 1) / 2 ? outer[0] + step * static_cast<T>(i) : outer[1] - step * static_cast<T>(count - i);
}

}  // namespace tenon::inline TENON_TARGET::detail
