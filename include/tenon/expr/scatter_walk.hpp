// Which elements of an array belong to which of another: a walk by strides and indices, compiled once for all shapes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

#include <tenon/base/parallel.hpp>
#include <tenon/expr/index.hpp>

namespace tenon::inline TENON_TARGET::detail {

/// An axis of a walk: how far a step along it moves in the target, among the indices, and in the source.
struct walk_axis {
    std::size_t extent = 0;
    std::ptrdiff_t target = 0, index = 0, source = 0;
};

/// Positions of a walk, each of which pairs an element of a target with one of a source: both move by strides, and the target besides
/// by what the indices say. Along an axis whose `target` isn't 0, no two positions share an element of the target.
struct walk {
    walk_axis const* axes;
    std::size_t rank;
    std::ptrdiff_t target = 0;            ///< where it begins
    std::int64_t const* index = nullptr;  ///< distances in the target; null where there are none
    std::ptrdiff_t source = 0;

    std::size_t size() const {
        std::size_t n = 1;
        for (std::size_t a = 0; a != rank; ++a) n *= axes[a].extent;
        return n;
    }
    /// Calls f(target, source) for each position, in row-major order.
    template <class F>
    void run(F const& f) const {
        if (rank == 0) return f(target + (index ? *index : 0), source);
        walk_axis const a = *axes;
        if (rank > 1) {
            walk inner{axes + 1, rank - 1, target, index, source};
            for (std::size_t k = 0; k != a.extent; ++k) {
                inner.run(f);
                inner.target += a.target;
                inner.source += a.source;
                if (index) inner.index += a.index;
            }
        } else if (index && a.index != 0) {
            std::int64_t const* i = index;
            std::ptrdiff_t t = target, s = source;
            for (std::size_t k = 0; k != a.extent; ++k, i += a.index, t += a.target, s += a.source) f(t + *i, s);
        } else {
            std::ptrdiff_t t = target + (index ? *index : 0), s = source;
            auto const n = static_cast<std::ptrdiff_t>(a.extent);
            // Neighbours, which the compiler makes vectors of.
            if (a.target == 1 && a.source == 1)
                for (std::ptrdiff_t k = 0; k != n; ++k) f(t + k, s + k);
            else
                for (std::ptrdiff_t k = 0; k != n; ++k, t += a.target, s += a.source) f(t, s);
        }
    }
};

/// The same on several threads where that is worth it: cut along the longest axis on which neither two targets nor two sources are the
/// same, so that each element meets the others in the same order whatever the number of threads.
template <class F>
void run_walk(walk const& w, F const& f) {
    std::size_t cut = w.rank, extent = 1;
    for (std::size_t a = 0; a != w.rank; ++a)
        if (w.axes[a].target != 0 && w.axes[a].source != 0 && w.axes[a].extent > extent) {
            cut = a;
            extent = w.axes[a].extent;
        }
    std::size_t const size = w.size();
    if (size == 0) return;
    if (cut == w.rank || size < 65536) return w.run(f);
    for_each_part(extent, 1, size / 32768, [&](std::size_t first, std::size_t last) {
        std::vector<walk_axis> axes(w.axes, w.axes + w.rank);
        auto const from = static_cast<std::ptrdiff_t>(first);
        axes[cut].extent = last - first;
        walk{axes.data(), w.rank, w.target + from * axes[cut].target,
             w.index ? w.index + from * axes[cut].index : nullptr, w.source + from * axes[cut].source}
            .run(f);
    });
}

/// Distances in an array for indices along an axis. @param wraps whether an index may count from the end
/// @throws index_error for an index outside the axis
TENON_ON_USE
std::vector<std::int64_t> index_distances(char const* what, std::int64_t const* index, std::size_t n, std::size_t axis,
                                          std::size_t extent, std::ptrdiff_t step, bool wraps) {
    std::vector<std::int64_t> all(n);
    auto const end = static_cast<std::int64_t>(extent);
    for (std::size_t k = 0; k != n; ++k) {
        std::int64_t const i = index[k], at = wraps && i < 0 ? i + end : i;
        if (at < 0 || at >= end) throw_index(what, i, axis, extent);
        all[k] = at * step;
    }
    return all;
}

/// The strides of row-major elements, and a 0 behind them.
template <class S>
constexpr std::array<std::ptrdiff_t, S::rank() + 1> packed_steps(S const& s) {
    std::array<std::ptrdiff_t, S::rank() + 1> all{};
    std::ptrdiff_t step = 1;
    for (std::size_t a = S::rank(); a-- != 0; step *= static_cast<std::ptrdiff_t>(s[a])) all[a] = step;
    return all;
}

}  // namespace tenon::inline TENON_TARGET::detail
