// Panels: what the tiles of a product read, laid out in the order in which they read it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <type_traits>

#include <tenon/eval/cpu/gemm_tile.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// Elements that `pack_panel` may write beyond a panel.
template <class T>
inline constexpr std::size_t panel_slack = tile<T>::lanes;

/// Lays columns of a matrix side by side: to[k·pitch + i] = from(k, i) for i < width, 0 beyond. Where the columns are
/// contiguous, squares of lanes are transposed in registers. A panel of 16 × 256 floats on Zen 3: 0.22 ns an element with -O2, 0.15 with -O3;
/// one by one 0.62 and 0.18.
/// @tparam Lanes side of the squares; the pitch is a multiple of it, or one square's rows cover what the row before has too much
template <std::size_t Lanes, class T>
TENON_INLINE void pack_columns(matrix<T const> from, std::size_t width, std::size_t depth, T* to, std::size_t pitch) {
    if (from.rows == 1 && depth >= Lanes && Lanes > 1) {
        using V = element::lane_t<T, Lanes>;
        auto const block = [&](std::size_t k) TENON_LAMBDA_INLINE {
            for (std::size_t i = 0; i < pitch; i += Lanes) {
                V square[Lanes];
                for (std::size_t l = 0; l < Lanes; ++l)
                    square[l] = i + l < width ? element::load_lanes<Lanes>(from.at(k, i + l)) : V(T(0));
                if constexpr (Lanes > 1) math::transpose(square);
                // Each row is written after the one before it, whose excess it covers.
                for (std::size_t l = 0; l < Lanes; ++l) element::store_lanes(to + (k + l) * pitch + i, square[l]);
            }
        };
        for (std::size_t k = 0; k + Lanes <= depth; k += Lanes) block(k);
        // The last rows once more with their neighbours: elements stored one by one would stall the loads that follow.
        if (depth % Lanes != 0) block(depth - Lanes);
        return;
    }
    for (std::size_t k = 0; k < depth; ++k)
        for (std::size_t i = 0; i < pitch; ++i) to[k * pitch + i] = i < width ? *from.at(k, i) : T(0);
}

/// A panel for the tile kernels. Its pitch is a number of whole packs, or `tile<T>::pitch_of_rows`.
template <class T>
[[gnu::noinline]] void pack_panel(matrix<T const> from, std::size_t width, std::size_t depth, T* to,
                                  std::size_t pitch) {
    constexpr std::size_t lanes = tile<T>::lanes;
    if (std::is_floating_point_v<T> && from.columns == 1) {
        for (std::size_t k = 0; k < depth; ++k, to += pitch)
            for (std::size_t i = 0; i < pitch; i += lanes) {
                // Where the pitch is below a pack, the next row covers what is too much.
                if (i + lanes <= width) element::store_lanes(to + i, element::load_lanes<lanes>(from.at(k, i)));
                else if (i < width) element::store_lanes(to + i, load_part<lanes>(from.at(k, i), width - i));
                else element::store_lanes(to + i, element::lane_t<T, lanes>(T(0)));
            }
        return;
    }
    pack_columns<std::is_floating_point_v<T> ? std::min<std::size_t>(lanes, 8) : 1>(from, width, depth, to, pitch);
}

/// Packs the columns of B, k×n, into panels for the tiles: the columns from j on, a multiple of a tile's, begin at to + j·k.
template <class T>
void pack_panels(matrix<T const> b, std::size_t n, std::size_t k, T* to) {
    constexpr std::size_t columns = tile<T>::columns;
    for (std::size_t j = 0; j < n; j += columns)
        pack_panel<T>(b.from(0, j), std::min(columns, n - j), k, to + j * k, columns);
}

/// How rows of C are shared out: as many sixes, and then fours, as leave the fewest registers idle.
struct row_tiles {
    std::size_t sixes, fours;
    explicit constexpr row_tiles(std::size_t rows) : sixes(rows / 6), fours(0) {
        std::size_t const rest = rows % 6;
        if (rest == 5) ++sixes;
        else if (rest == 3 || rest == 4 || (rest != 0 && sixes == 0)) fours = 1;
        else if (rest != 0) {
            --sixes;
            fours = 2;
        }
    }
    constexpr std::size_t count() const { return sixes + fours; }
    /// The rows before tile q; those of the last tile may be fewer than it has.
    constexpr std::size_t first(std::size_t q) const { return q <= sixes ? 6 * q : 6 * sixes + 4 * (q - sixes); }
};

/// Packs m rows of A into panels for their tiles: that of tile q begins at to + q·pitch·k.
/// @param readable how many rows of A there are: more than a tile's may be read
template <class T>
[[gnu::noinline]] void pack_rows(matrix<T const> a, std::size_t m, std::size_t readable, std::size_t k, T* to) {
    constexpr std::size_t pitch = tile<T>::pitch_of_rows;
    row_tiles const tiles(m);
    std::size_t packed = 0;
    if (a.rows == 1) {
        // Row by row of memory, all tiles at once: they share its cache lines.
        while (packed < tiles.count() && tiles.first(packed) + pitch <= readable) ++packed;
        std::size_t const sixes = std::min(packed, tiles.sixes);
        for (std::size_t q = 0; q < k; ++q) {
            T const* from = a.at(0, q);
            T* put = to + q * pitch;
            auto const copy = [&](std::size_t count, std::size_t rows) TENON_LAMBDA_INLINE {
                for (std::size_t i = 0; i < count; ++i, from += rows, put += pitch * k)
                    element::store_lanes(put, element::load_lanes<pitch>(from));
            };
            copy(sixes, 6);
            copy(packed - sixes, 4);
        }
    }
    for (std::size_t q = packed; q < tiles.count(); ++q) {
        std::size_t const first = tiles.first(q), last = std::min(m, tiles.first(q + 1));
        pack_panel<T>(a.from(first, 0).transposed(), last - first, k, to + q * pitch * k, pitch);
    }
}

}  // namespace tenon::inline TENON_TARGET::eval
