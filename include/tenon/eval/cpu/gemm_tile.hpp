// The innermost part of every contraction: a tile of C in registers, and the panels that it reads.
#pragma once

#include <algorithm>
#include <cstddef>
#include <type_traits>

#include <tenon/scalar/dual.hpp>
#include <tenon/scalar/shuffle.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// A matrix in memory, for reading or writing: element (i, j) is p[i·rows + j·columns].
template <class T>
struct matrix {
    T* p;
    std::ptrdiff_t rows, columns;
    TENON_INLINE constexpr T* at(std::size_t i, std::size_t j) const {
        return p + static_cast<std::ptrdiff_t>(i) * rows + static_cast<std::ptrdiff_t>(j) * columns;
    }
    TENON_INLINE constexpr matrix from(std::size_t i, std::size_t j) const { return {at(i, j), rows, columns}; }
    TENON_INLINE constexpr matrix transposed() const { return {p, columns, rows}; }
    TENON_INLINE constexpr operator matrix<T const>() const { return {p, rows, columns}; }
};

/// The same with strides that the compiler knows.
template <class T, std::ptrdiff_t Rows, std::ptrdiff_t Columns>
struct fixed_matrix {
    T* p;
    static constexpr std::ptrdiff_t rows = Rows, columns = Columns;
    TENON_INLINE constexpr T* at(std::size_t i, std::size_t j) const { return matrix<T>(*this).at(i, j); }
    TENON_INLINE constexpr fixed_matrix from(std::size_t i, std::size_t j) const { return {at(i, j)}; }
    TENON_INLINE constexpr fixed_matrix<T, Columns, Rows> transposed() const { return {p}; }
    TENON_INLINE constexpr operator matrix<T>() const { return {p, Rows, Columns}; }
    TENON_INLINE constexpr operator matrix<T const>() const
        requires(!std::is_const_v<T>)
    {
        return {p, Rows, Columns};
    }
};
template <class M>
inline constexpr bool is_fixed_matrix = false;
template <class T, std::ptrdiff_t Rows, std::ptrdiff_t Columns>
inline constexpr bool is_fixed_matrix<fixed_matrix<T, Rows, Columns>> = true;

/// The register tile: rows times packs of columns. Six rows by two packs fill the 16 registers of AVX2 (12 sums, two packs
/// of B, one element of A); AVX-512 has 32 registers and takes four packs.
template <class T>
struct tile {
    static constexpr std::size_t lanes = TENON_VECTOR_BYTES / sizeof(T);
    static constexpr std::size_t rows = 6;
    static constexpr std::size_t packs = TENON_VECTOR_BYTES >= 64 ? 4 : 2;
    static constexpr std::size_t columns = packs * lanes;
    /// Rows of a tile of one pack: so many sums hide the latency of a multiplication.
    static constexpr std::size_t thin_rows = 8;
    /// How far the rows of a panel of A are apart: a tile's and room for whole squares of lanes.
    static constexpr std::size_t pitch_of_rows = 8;
    /// The packs and the tiles that so many columns fill, in elements.
    static constexpr std::size_t pitch(std::size_t width) { return (width + lanes - 1) / lanes * lanes; }
    static constexpr std::size_t whole_panels(std::size_t width) { return (width + columns - 1) / columns * columns; }
};

/// n elements in as few parts of at most `most` as hold them, of sizes that differ by one at most: a short last part would
/// leave its registers idle.
struct equal_parts {
    std::size_t count, least, longer;
    constexpr equal_parts(std::size_t n, std::size_t most)
        : count((n + most - 1) / most), least(count == 0 ? 0 : n / count), longer(count == 0 ? 0 : n % count) {}
    constexpr std::size_t first(std::size_t part) const { return part * least + std::min(part, longer); }
    constexpr std::size_t size(std::size_t part) const { return least + (part < longer); }
};

/// a·b + c
template <class V>
TENON_LANE V multiply_add(V a, V b, V c) {
    if constexpr (element::is_pack<V>) {
        if constexpr (std::is_floating_point_v<typename V::value_type>) return math::fma(a, b, c);
        else return a * b + c;
    } else return a * b + c;
}

/// The first `count` lanes from memory, at least one, and zeros beyond.
template <std::size_t Lanes, class T>
TENON_INLINE auto load_part(T const* p, std::size_t count) {
    using V = element::lane_t<T, Lanes>;
    if constexpr (math::machine::has_part<T, Lanes>)
        return V(math::machine::load_first<typename V::raw_type>(p, count));
    else {
        if (count == Lanes) return element::load_lanes<Lanes>(p);
        alignas(V) T some[Lanes] = {};
        for (std::size_t i = 0; i < count; ++i) some[i] = p[i];
        return element::load_lanes<Lanes>(some);
    }
}
/// The first `count` lanes to memory, at least one.
template <class T, std::size_t Lanes>
TENON_INLINE void store_part(T* p, element::pack<T, Lanes> const& v, std::size_t count) {
    if constexpr (math::machine::has_part<T, Lanes>) math::machine::store_first(p, v.raw, count);
    else if (count == Lanes) element::store_lanes(p, v);
    else if constexpr (Lanes > 1) {
        constexpr std::size_t half = Lanes / 2;
        if (count >= half) {
            element::store_lanes(p, v.low());
            if (count > half) store_part(p + half, v.high(), count - half);
        } else store_part(p, v.low(), count);
    }
}

/// C = from, or C += from, of contiguous rows `pitch` apart.
template <class T>
[[gnu::noinline]] void copy_block(std::size_t rows, std::size_t columns, T const* from, std::size_t pitch, matrix<T> c,
                                  bool accumulate) {
    constexpr std::size_t lanes = tile<T>::lanes;
    for (std::size_t i = 0; i < rows; ++i, from += pitch) {
        std::size_t j = 0;
        auto const packs = [&]<std::size_t N>() TENON_LAMBDA_INLINE {
            for (; j + N <= columns; j += N) {
                auto v = element::load_lanes<N>(from + j);
                T* const to = c.at(i, j);
                if (accumulate) v = element::load_lanes<N>(to) + v;
                element::store_lanes(to, v);
            }
        };
        if (c.columns == 1) {
            packs.template operator()<lanes>();
            if constexpr (lanes > 2) packs.template operator()<lanes / 2>();
            if constexpr (lanes > 4) packs.template operator()<lanes / 4>();
        }
        packs.template operator()<1>();
    }
}

/// C = A·B, or C += A·B, for as many columns of A and rows of B as a tile adds up at once: at most `blocking<T>::depth`.
template <class T>
struct tile_operands {
    std::size_t rows, columns, depth;
    matrix<T const> a;           ///< its rows or its columns are contiguous
    std::ptrdiff_t a_panel = 0;  ///< how far panels of A are apart, 0 where A lies in rows
    T const* b = nullptr;        ///< rows of a tile's columns, readable up to whole packs
    std::size_t b_step = 0;      ///< how far those rows are apart
    std::size_t b_panel = 0;     ///< how far one tile's columns are from the next tile's
    T const* edge = nullptr;     ///< the last columns of B, where they fill no tile
    std::size_t edge_step = 0;   ///< how far their rows are apart
    matrix<T> c{};
    bool accumulate = false;
    T* kept = nullptr;  ///< where B goes as panels while one row of tiles reads it
};

/// Writes a tile's sums where C's columns are not contiguous.
template <class T>
[[gnu::noinline]] void scatter_tile(T const* sums, std::size_t pitch, std::size_t rows, std::size_t columns,
                                    matrix<T> c, bool accumulate) {
    for (std::size_t i = 0; i < rows; ++i)
        for (std::size_t j = 0; j < columns; ++j) {
            T& to = *c.at(i, j);
            to = accumulate ? element::sum_of(to, sums[i * pitch + j]) : sums[i * pitch + j];
        }
}

/// The tiles of a product, all of one kind: row by row, so that a tile's rows of A stay in the L1 cache, while B comes from where it
/// is. The last tiles of C may be smaller; A has all rows of a tile where its columns are contiguous.
/// @tparam Keep whether B is also stored as panels: the tiles wait for memory anyway where it lies in rows
template <class T, std::size_t Rows, std::size_t Packs, bool Keep = false>
[[gnu::noinline]] void multiply_tiles(tile_operands<T> const& o) {
    constexpr std::size_t lanes = tile<T>::lanes, width = Packs * lanes;
    using V = element::lane_t<T, lanes>;
    std::ptrdiff_t const a_step = o.a.columns,
                         a_tile = o.a_panel != 0 ? o.a_panel : static_cast<std::ptrdiff_t>(Rows) * o.a.rows;
    T const* a = o.a.p;
    for (std::size_t i0 = 0; i0 < o.rows; i0 += Rows, a += a_tile) {
        std::size_t const rows = std::min(Rows, o.rows - i0);
        T const* panel = o.b;
        T* kept = o.kept;
        T const* from[Rows];
        TENON_UNROLL for (std::size_t i = 0; i < Rows; ++i) from[i] =
            a + (i < rows ? static_cast<std::ptrdiff_t>(i) * o.a.rows : 0);
        for (std::size_t j0 = 0; j0 < o.columns; j0 += width, panel += o.b_panel) {
            matrix<T> const c = o.c.from(i0, j0);
            // C is met after the loop: asked for now, it is there by then.
            if (c.columns == 1)
                for (std::size_t i = 0; i < rows; ++i)
                    TENON_UNROLL for (std::size_t q = 0; q < Packs; ++q) __builtin_prefetch(c.at(i, 0) + q * lanes, 1);
            V sums[Rows][Packs];
            TENON_UNROLL for (std::size_t i = 0; i < Rows; ++i) TENON_UNROLL for (std::size_t q = 0; q < Packs; ++q)
                sums[i][q] = V(T(0));
            T const* b = panel;
            auto const along = [&](auto const& element, std::ptrdiff_t step) TENON_LAMBDA_INLINE {
                std::ptrdiff_t at = 0;
                for (std::size_t k = 0; k < o.depth; ++k) {
                    V bs[Packs];
                    TENON_UNROLL for (std::size_t q = 0; q < Packs; ++q) {
                        bs[q] = element::load_lanes<lanes>(b + q * lanes);
                        if constexpr (Keep) element::store_lanes(kept + q * lanes, bs[q]);
                    }
                    TENON_UNROLL for (std::size_t i = 0; i < Rows; ++i) {
                        V const av = V(element(i, at));
                        TENON_UNROLL for (std::size_t q = 0; q < Packs; ++q) sums[i][q] =
                            multiply_add(av, bs[q], sums[i][q]);
                    }
                    at += step;
                    b += o.b_step;
                    if constexpr (Keep) kept += width;
                }
            };
            if (a_step == 1)
                along([&](std::size_t i, std::ptrdiff_t at) TENON_LAMBDA_INLINE { return from[i][at]; }, 1);
            else
                along([&](std::size_t i, std::ptrdiff_t at)
                          TENON_LAMBDA_INLINE { return a[at + static_cast<std::ptrdiff_t>(i)]; },
                      a_step);
            std::size_t const columns = std::min(width, o.columns - j0), last = columns - (Packs - 1) * lanes;
            if (c.columns != 1) {
                T edge[Rows][width];
                TENON_UNROLL for (std::size_t i = 0; i < Rows; ++i) TENON_UNROLL for (std::size_t q = 0; q < Packs; ++q)
                    element::store_lanes(&edge[i][q * lanes], sums[i][q]);
                scatter_tile<T>(edge[0], width, rows, columns, c, o.accumulate);
                continue;
            }
            TENON_UNROLL for (std::size_t i = 0; i < Rows; ++i) {
                if (i >= rows) break;
                T* const to = c.at(i, 0);
                if (o.accumulate) {
                    TENON_UNROLL for (std::size_t q = 0; q + 1 < Packs; ++q) sums[i][q] =
                        element::load_lanes<lanes>(to + q * lanes) + sums[i][q];
                    sums[i][Packs - 1] = load_part<lanes>(to + (Packs - 1) * lanes, last) + sums[i][Packs - 1];
                }
                TENON_UNROLL for (std::size_t q = 0; q + 1 < Packs; ++q)
                    element::store_lanes(to + q * lanes, sums[i][q]);
                store_part(to + (Packs - 1) * lanes, sums[i][Packs - 1], last);
            }
        }
    }
}

}  // namespace tenon::inline TENON_TARGET::eval
