// Products with one B, a part at a time: what attention makes of keys and values.
#pragma once

#include <algorithm>
#include <cstddef>

#include <tenon/core/workspace.hpp>
#include <tenon/eval/cpu/gemm.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// Where a product under a diagonal has to be computed: row i of C has columns before i + columns; of A it has columns from
/// i + first on and before i + last, and what else stands there in the same tile is zeros.
struct product_band {
    static constexpr std::ptrdiff_t none = PTRDIFF_MAX / 2;
    std::ptrdiff_t columns = none, first = -none, last = none;
    constexpr bool is_everywhere() const { return columns == none && first == -none && last == none; }
};

/// B of several products C = A·B, depth × columns: packed once into panels for the tiles, or where few rows of A meet it, read where
/// it lies.
template <class T>
class right_factor {
    using t = tile<T>;

public:
    /// Fewer rows of A are not worth the copy.
    static constexpr std::size_t least_rows = 4;
    /// The elements of the copy.
    static constexpr std::size_t packed_size(std::size_t depth, std::size_t columns, std::size_t rows) {
        return rows < least_rows ? 0 : (columns + t::columns - 1) / t::columns * t::columns * depth + panel_slack<T>;
    }
    /// @param rows how many of A meet it in all
    void start(matrix<T const> b, std::size_t depth, std::size_t columns, std::size_t rows) {
        b_ = b;
        depth_ = depth;
        packs_ = rows >= least_rows;
        if (!packs_) return;
        room_.reserve(packed_size(depth, columns, rows));
        pack_panels<T>(b, columns, depth, room_.data());
    }
    /// Columns beyond B's that may be asked for, and are zeros where it is packed: so that no tile has an edge.
    std::size_t rounded(std::size_t columns) const {
        constexpr std::size_t part = t::columns / 2;
        return packs_ ? (columns + part - 1) / part * part : columns;
    }
    /// C = A·B or C += A·B, of B's rows from k on and columns from j on, a multiple of a tile's. C is m×n, A m×depth.
    [[gnu::noinline]] void multiply(std::size_t m, std::size_t n, std::size_t depth, matrix<T const> a, std::size_t k,
                                    std::size_t j, matrix<T> c, bool accumulate, product_band band = {}) const {
        if (!packs_) return gemm_large<T>(m, n, depth, a, b_.from(k, j), c, accumulate);
        auto const multiply_part = [&](std::size_t i, std::size_t rows, std::size_t at, std::size_t width,
                                       std::size_t from, std::size_t count, bool adds) {
            tile_operands<T> o{.rows = rows, .columns = width, .depth = count, .a = a.from(i, from)};
            o.b = room_.data() + (j + at) * depth_ + (k + from) * t::columns;
            o.b_step = o.edge_step = t::columns;
            o.b_panel = t::columns * depth_;
            o.edge = o.b + width / t::columns * o.b_panel;
            o.c = c.from(i, at);
            o.accumulate = adds;
            multiply_block<T>(o);
        };
        if (band.is_everywhere()) return multiply_part(0, m, 0, n, 0, depth, accumulate);
        row_tiles const tiles(m);
        for (std::size_t at = 0; at < n; at += t::columns)
            for (std::size_t q = 0; q < tiles.count(); ++q) {
                std::size_t const i = tiles.first(q), rows = std::min(m, tiles.first(q + 1)) - i;
                auto const top = static_cast<std::ptrdiff_t>(i), end = static_cast<std::ptrdiff_t>(i + rows - 1);
                if (static_cast<std::ptrdiff_t>(at) >= end + band.columns) continue;
                auto const all = static_cast<std::ptrdiff_t>(depth);
                auto const first = std::clamp<std::ptrdiff_t>(top + band.first, 0, all);
                auto const last = std::clamp<std::ptrdiff_t>(end + band.last, first, all);
                if (first == last && accumulate) continue;
                multiply_part(i, rows, at, std::min(t::columns, n - at), static_cast<std::size_t>(first),
                              static_cast<std::size_t>(last - first), accumulate);
            }
    }

private:
    matrix<T const> b_{};
    std::size_t depth_ = 0;
    bool packs_ = false;
    buffer<T, dyn> room_;
};

}  // namespace tenon::inline TENON_TARGET::eval
