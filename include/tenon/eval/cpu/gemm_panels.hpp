// Products with one B, a part at a time: what attention makes of keys and values.
#pragma once

#include <algorithm>
#include <cstddef>

#include <tenon/base/tuple.hpp>
#include <tenon/core/workspace.hpp>
#include <tenon/eval/cpu/gemm_panel.hpp>
#include <tenon/eval/cpu/gemv.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// Where a product under a diagonal has to be computed: row i of C has columns before i + columns; of A it has columns from
/// i + first on and before i + last, and what else stands there in the same tile is zeros.
struct product_band {
    static constexpr std::ptrdiff_t none = PTRDIFF_MAX / 2;
    std::ptrdiff_t columns = none, first = -none, last = none;
    constexpr bool is_everywhere() const { return columns == none && first == -none && last == none; }
};

/// B of several products C = A·B, depth × columns: packed once into panels for the tiles, or read where it lies.
template <class T>
class right_factor {
    using t = tile<T>;
    enum class read { packed, as_panels, row_by_row };
    /// @param rows how many of A meet it in all. A few are not worth a copy, nor are whole packs that lie as they would in it.
    static constexpr read how(matrix<T const> const& b, std::size_t columns, std::size_t rows) {
        if (rows < 4) return read::row_by_row;
        bool const in_packs = b.columns == 1 && columns % t::lanes == 0;
        return in_packs && (b.rows == t::columns || rows <= 2 * t::rows) ? read::as_panels : read::packed;
    }

public:
    /// The elements of the copy.
    static constexpr std::size_t packed_size(matrix<T const> const& b, std::size_t depth, std::size_t columns,
                                             std::size_t rows) {
        return how(b, columns, rows) == read::packed ? t::whole_panels(columns) * depth + panel_slack<T> : 0;
    }
    void start(matrix<T const> const& b, std::size_t depth, std::size_t columns, std::size_t rows) {
        b_ = b;
        depth_ = depth;
        how_ = how(b, columns, rows);
        if (how_ != read::packed) return;
        room_.reserve(packed_size(b, depth, columns, rows));
        pack_panels<T>(b, columns, depth, room_.data());
    }
    /// C = A·B or C += A·B, of B's rows from k on and columns from j on, a multiple of a tile's. C is m×n, A m×depth. Rows of A are
    /// contiguous, or columns, with room for a tile's rows behind the last one.
    [[gnu::noinline]] void multiply(std::size_t m, std::size_t n, std::size_t depth, matrix<T const> const& a,
                                    std::size_t k, std::size_t j, matrix<T> const& c, bool accumulate,
                                    product_band const& band = {}) const {
        if (how_ == read::row_by_row) {
            for (std::size_t i = 0; i < m; ++i)
                gemv<T>(n, depth, a.at(i, 0), a.columns, b_.from(k, j), c.at(i, 0), c.columns, accumulate);
            return;
        }
        // Written member by member where it stays: a copy of it would wait for each of them.
        tile_operands<T> o{.rows = m, .columns = n, .depth = depth, .a = a};
        o.c = c;
        o.accumulate = accumulate;
        o.b_step = how_ == read::as_panels ? static_cast<std::size_t>(b_.rows) : t::columns;
        o.b_panel = how_ == read::as_panels ? t::columns : t::columns * depth_;
        T const* const b = how_ == read::as_panels ? b_.at(k, j) : room_.data() + j * depth_ + k * t::columns;
        row_tiles const tiles(m);
        std::size_t const sixes = std::min(m, tiles.first(tiles.sixes));
        if (band.is_everywhere()) {
            o.rows = sixes;
            if (o.rows != 0) multiply_rows<6>(o, b, n, a.p, c.p);
            o.rows = m - sixes;
            if (o.rows != 0) multiply_rows<4>(o, b, n, a.at(sixes, 0), c.at(sixes, 0));
            return;
        }
        for (std::size_t q = 0; q < tiles.count(); ++q) {
            std::size_t const i = tiles.first(q), end = std::min(m, tiles.first(q + 1));
            std::size_t const first = within(i, band.first, depth), last = within(end - 1, band.last, depth);
            if (first >= last && accumulate) continue;
            o.rows = end - i;
            o.depth = first < last ? last - first : 0;
            std::size_t const columns = within(end - 1, band.columns, n);
            if (i < sixes) multiply_rows<6>(o, b + first * o.b_step, columns, a.at(i, first), c.at(i, 0));
            else multiply_rows<4>(o, b + first * o.b_step, columns, a.at(i, first), c.at(i, 0));
        }
    }

private:
    /// row + distance in [0, most].
    static std::size_t within(std::size_t row, std::ptrdiff_t distance, std::size_t most) {
        auto const at = static_cast<std::ptrdiff_t>(row) + distance;
        return static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(at, 0, static_cast<std::ptrdiff_t>(most)));
    }
    /// Whole tiles of columns, and then the packs that are left.
    template <std::size_t Rows>
    static void multiply_rows(tile_operands<T>& o, T const* b, std::size_t columns, T const* a, T* c) {
        std::size_t const rest = columns % t::columns, whole = columns - rest;
        o.a.p = a;
        o.b = b;
        o.c.p = c;
        o.columns = whole;
        if (whole != 0) multiply_tiles<T, Rows, t::packs>(o);
        if (rest == 0) return;
        o.b = b + whole / t::columns * o.b_panel;
        o.c.p = c + static_cast<std::ptrdiff_t>(whole) * o.c.columns;
        o.columns = rest;
        unroll<t::packs>([&](auto q) TENON_LAMBDA_INLINE {
            if (t::pitch(rest) == (q + 1) * t::lanes) multiply_tiles<T, Rows, q + 1>(o);
        });
    }

    matrix<T const> b_{};
    std::size_t depth_ = 0;
    read how_ = read::row_by_row;
    buffer<T, dyn> room_;
};

}  // namespace tenon::inline TENON_TARGET::eval
