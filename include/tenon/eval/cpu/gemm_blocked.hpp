// Products of any extents and strides: cut into blocks that fit the caches, packed where that pays, computed by tiles.
#pragma once

#include <algorithm>
#include <cstddef>

#include <tenon/base/cache.hpp>
#include <tenon/core/workspace.hpp>
#include <tenon/eval/cpu/gemm_panel.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// How a large product is cut: C += A·B for `depth` columns of A and as many rows of `columns` columns of B. That block of B stays in
/// a quarter of the L2 cache while the rows of A pass by, a tile's at a time, which stay in the L1 cache.
template <class T>
struct blocking {
    using t = tile<T>;
    /// Elements along k: each part is a trip to C, and a tile's rows of A are 12 KiB. The same on every machine, since sums are
    /// added up in parts as deep.
    static constexpr std::size_t depth = 2048 / sizeof(T);
    /// Rows of A that are packed at once, where that pays.
    static constexpr std::size_t rows = 8 * t::rows;
    /// A that lies in columns is read there by so few panels of B.
    static constexpr std::size_t direct_columns = 2 * t::columns;
    /// B is read where it lies by so few tiles, or if it has so few elements, or so few rows that each has an entry in the
    /// first level of address translation (128×784×64 floats: 5 % faster).
    static constexpr std::size_t direct_rows = 2 * t::rows, direct_size = 8192 / sizeof(T), direct_depth = 64;

    /// Elements of B that stay in a quarter of the L2 cache.
    std::size_t size;
    /// @param cache its bytes
    explicit constexpr blocking(std::size_t cache) : size(cache / (4 * sizeof(T))) {}
};

/// How much of each operand of C (m×n) = A (m×k) · B (k×n) is packed at once.
template <class T>
struct packing {
    std::size_t rows, columns, depth;
    bool packs_a, packs_b;
    /// How many columns of B are packed at once: all, or those of a last panel that has fewer than a tile.
    std::size_t packed_columns;
    constexpr packing(std::size_t m, std::size_t n, std::size_t k, matrix<T const> a, matrix<T const> b,
                      blocking<T> cut = blocking<T>(l2_cache())) {
        using t = tile<T>;
        // Parts of equal size: a short last one would cost as many trips to C, or to A.
        std::size_t const parts = std::max<std::size_t>(1, (k + cut.depth - 1) / cut.depth);
        depth = (k + parts - 1) / parts;
        packs_a = a.columns != 1 && (a.rows != 1 || n > cut.direct_columns);
        rows = packs_a ? std::min(cut.rows, (m + t::rows - 1) / t::rows * t::rows) : m;
        // Rows that are a multiple of 256 bytes apart share few sets of the L1 cache.
        bool const spread = static_cast<std::size_t>(b.rows) * sizeof(T) % 256 != 0;
        packs_b =
            b.columns != 1 || (m > cut.direct_rows && n * k > cut.direct_size && !(k <= cut.direct_depth && spread));
        // A that fits the cache meets B panel after panel; otherwise as much of B as fits meets A.
        std::size_t const panels = t::whole_panels(n) / t::columns,
                          most = m * depth <= cut.size && 2 * n * depth > cut.size
                                     ? 1
                                     : std::max<std::size_t>(1, cut.size / (depth * t::columns)),
                          blocks = packs_b ? (panels + most - 1) / most : 1;
        columns = (panels + blocks - 1) / blocks * t::columns;
        if (packs_a && columns == t::columns) rows = m;
        packed_columns = packs_b ? columns : n % t::columns != 0 ? t::columns : 0;
    }
    /// Elements of the room for A's panels, 0 where A is read where it lies, and for B's.
    constexpr std::size_t size_a() const {
        return packs_a ? row_tiles(rows).count() * tile<T>::pitch_of_rows * depth + panel_slack<T> : 0;
    }
    constexpr std::size_t size_b() const { return packed_columns != 0 ? packed_columns * depth + panel_slack<T> : 0; }
};

/// What a caller keeps for several products with one B.
template <class T>
struct gemm_room {
    T const* b = nullptr;  ///< what `pack_panels` made of B, which must not be deeper than one part
    T* a = nullptr;        ///< `packing::size_a()` elements
};

namespace detail {
/// Some rows of C, `Rows` at a time, by the columns of B that fill no panel, from `whole` on.
template <std::size_t Rows, class T>
TENON_INLINE void multiply_edge(tile_operands<T> o, std::size_t whole) {
    using t = tile<T>;
    if (whole == o.columns) return;
    o.columns -= whole;
    o.c = o.c.from(0, whole);
    o.b = o.edge;
    o.b_step = o.edge_step;
    std::size_t const packs = (o.columns + t::lanes - 1) / t::lanes;
    unroll<t::packs>([&](auto q) TENON_LAMBDA_INLINE {
        if (packs == q + 1) multiply_tiles<T, Rows, q + 1>(o);
    });
}
template <std::size_t Rows, class T>
[[gnu::noinline]] void multiply_rows(tile_operands<T> o) {
    std::size_t const whole = o.columns / tile<T>::columns * tile<T>::columns;
    multiply_edge<Rows>(o, whole);
    o.columns = whole;
    if (whole != 0) multiply_tiles<T, Rows, tile<T>::packs>(o);
}

/// Goes on behind the rows of so many tiles.
template <class T>
TENON_INLINE void leave_out(tile_operands<T>& o, std::size_t rows, std::size_t tiles) {
    o.rows -= rows;
    o.a.p +=
        o.a_panel != 0 ? static_cast<std::ptrdiff_t>(tiles) * o.a_panel : static_cast<std::ptrdiff_t>(rows) * o.a.rows;
    o.c = o.c.from(rows, 0);
}
}  // namespace detail

/// All rows of C for a block of B. A may lie anyhow.
template <class T>
[[gnu::noinline]] void multiply_block(tile_operands<T> o) {
    using t = tile<T>;
    if (o.a.columns != 1 && o.a_panel == 0 && o.depth > blocking<T>::depth) {
        auto part = o;
        for (std::size_t k = 0; k < o.depth; k += part.depth) {
            part.depth = std::min(blocking<T>::depth, o.depth - k);
            part.a = o.a.from(0, k);
            part.b = o.b + k * o.b_step;
            part.edge = o.edge + k * o.edge_step;
            part.accumulate = o.accumulate || k != 0;
            multiply_block<T>(part);
        }
        return;
    }
    bool const thin = o.columns <= t::lanes && o.a_panel == 0;
    row_tiles tiles(o.rows);
    // Tiles need whole rows of A where its columns are contiguous: those that aren't there, or lie in neither way, are copied.
    std::size_t rest = 0;
    if (o.a.columns != 1 && o.a_panel == 0) {
        if (o.a.rows != 1) rest = o.rows;
        else if (thin) rest = o.rows % t::thin_rows;
        else if (tiles.first(tiles.count()) != o.rows) rest = o.rows - tiles.first(tiles.count() - 1);
        o.rows -= rest;
        tiles = row_tiles(o.rows);
    }
    if (thin && o.rows != 0) {
        auto part = o;
        part.b = o.edge;
        part.b_step = o.edge_step;
        multiply_tiles<T, t::thin_rows, 1>(part);
        detail::leave_out(o, o.rows, 0);
    } else if (o.rows != 0) {
        if (o.kept != nullptr) {
            auto first = o;
            first.rows = t::rows;
            std::size_t const whole = o.columns / t::columns * t::columns;
            detail::multiply_edge<t::rows>(first, whole);
            first.columns = whole;
            multiply_tiles<T, t::rows, t::packs, true>(first);
            o.b = o.kept;
            o.b_step = t::columns;
            o.b_panel = t::columns * o.depth;
            detail::leave_out(o, t::rows, 1);
            --tiles.sixes;
        }
        if (tiles.sixes != 0) {
            auto part = o;
            part.rows = std::min(o.rows, tiles.first(tiles.sixes));
            detail::multiply_rows<t::rows>(part);
            detail::leave_out(o, part.rows, tiles.sixes);
        }
        if (tiles.fours != 0) {
            detail::multiply_rows<4>(o);
            detail::leave_out(o, o.rows, tiles.fours);
        }
    }
    o.a_panel = 1;
    while (rest != 0) {
        alignas(64) T room[t::pitch_of_rows * blocking<T>::depth + panel_slack<T>];
        auto part = o;
        part.rows = std::min(rest, t::rows);
        pack_rows<T>(o.a, part.rows, part.rows, o.depth, room);
        part.a = {room, 1, static_cast<std::ptrdiff_t>(t::pitch_of_rows)};
        detail::multiply_rows<t::rows>(part);
        o.a = o.a.from(part.rows, 0);
        o.c = o.c.from(part.rows, 0);
        rest -= part.rows;
    }
}

/// The product for run-time extents, packed and blocked as Goto and van de Geijn (2008) describe, where A and B change places. C's
/// rows or columns should be contiguous; where columns are, the transposed product is computed.
template <class T>
[[gnu::noinline]] void gemm_blocked(std::size_t m, std::size_t n, std::size_t k, matrix<T const> a, matrix<T const> b,
                                    matrix<T> c, bool accumulate, gemm_room<T> room = {},
                                    blocking<T> cut = blocking<T>(l2_cache())) {
    using t = tile<T>;
    if (c.columns != 1 && c.rows == 1)
        return gemm_blocked<T>(n, m, k, b.transposed(), a.transposed(), c.transposed(), accumulate, room, cut);
    packing<T> p(m, n, k, a, b, cut);
    if (room.b != nullptr) p.columns = t::whole_panels(n);
    buffer<T, dyn> packed_a, packed_b;
    if (p.packs_a && room.a == nullptr) {
        packed_a.reserve(p.size_a());
        room.a = packed_a.data();
    }
    if (p.packed_columns != 0 && room.b == nullptr) packed_b.reserve(p.size_b());
    bool const packed = room.b != nullptr || p.packs_b;
    for (std::size_t k0 = 0; k0 < k; k0 += p.depth) {
        std::size_t const nk = std::min(p.depth, k - k0);
        for (std::size_t j0 = 0; j0 < n; j0 += p.columns) {
            std::size_t const nj = std::min(p.columns, n - j0), whole = nj / t::columns * t::columns;
            matrix<T const> const from = b.from(k0, j0);
            T* const edge = room.b != nullptr ? nullptr : packed_b.data() + (p.packs_b ? whole * nk : 0);
            // Rows of B are packed by the tiles that read them first.
            bool keeps = room.b == nullptr && p.packs_b && b.columns == 1 && whole != 0;
            if (room.b == nullptr) {
                if (p.packs_b && !keeps) pack_panels<T>(from, whole, nk, packed_b.data());
                if (whole != nj) pack_panel<T>(from.from(0, whole), nj - whole, nk, edge, t::pitch(nj - whole));
            }
            T const* const panels = room.b != nullptr ? room.b : packed_b.data();
            for (std::size_t i0 = 0; i0 < m; i0 += p.rows) {
                std::size_t const ni = std::min(p.rows, m - i0);
                tile_operands<T> o{.rows = ni, .columns = nj, .depth = nk, .a = a.from(i0, k0)};
                o.c = c.from(i0, j0);
                o.accumulate = accumulate || k0 != 0;
                if (packed && !keeps) {
                    o.b = panels;
                    o.b_step = t::columns;
                    o.b_panel = t::columns * nk;
                } else {
                    o.b = from.p;
                    o.b_step = static_cast<std::size_t>(from.rows);
                    o.b_panel = t::columns;
                    if (keeps) o.kept = packed_b.data();
                }
                if (p.packs_a) {
                    o.a_panel = static_cast<std::ptrdiff_t>(t::pitch_of_rows * nk);
                    if (j0 == 0 || p.rows < m) pack_rows<T>(o.a, ni, m - i0, nk, room.a);
                    o.a = {room.a, 1, static_cast<std::ptrdiff_t>(t::pitch_of_rows)};
                }
                o.edge = room.b != nullptr ? room.b + whole * nk : edge;
                o.edge_step = room.b != nullptr ? t::columns : t::pitch(nj - whole);
                multiply_block<T>(o);
                keeps = false;
            }
        }
    }
}

}  // namespace tenon::inline TENON_TARGET::eval
