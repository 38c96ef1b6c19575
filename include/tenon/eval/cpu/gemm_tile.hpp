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

/// One tile of C = A·B, or of C += A·B.
/// @param a depth columns of A; any strides, but neighbours along one axis are best
/// @param b rows of Packs packs, `b_step` apart
/// @param rows,columns how much of the tile belongs to C; A has `rows` rows, B always has all columns of the tile
template <class T, std::size_t Rows, std::size_t Packs>
[[gnu::noinline]] void tile_product(std::size_t depth, matrix<T const> a, T const* b, std::size_t b_step, matrix<T> c,
                                    std::size_t rows, std::size_t columns, bool accumulate) {
    constexpr std::size_t lanes = tile<T>::lanes;
    using V = element::lane_t<T, lanes>;
    T const* from[Rows];
    TENON_UNROLL for (std::size_t i = 0; i < Rows; ++i) from[i] = a.at(i < rows ? i : 0, 0);
    // C is met after the loop: asked for now, it is there by then.
    if (c.columns == 1)
        for (std::size_t i = 0; i < rows; ++i) __builtin_prefetch(c.at(i, 0), 1);
    V sums[Rows][Packs];
    TENON_UNROLL for (std::size_t i = 0; i < Rows; ++i) TENON_UNROLL for (std::size_t q = 0; q < Packs; ++q)
        sums[i][q] = V(T(0));
    auto const along = [&](auto step) TENON_LAMBDA_INLINE {
        std::ptrdiff_t at = 0;
        for (std::size_t k = 0; k < depth; ++k) {
            V bs[Packs];
            TENON_UNROLL for (std::size_t q = 0; q < Packs; ++q) bs[q] = element::load_lanes<lanes>(b + q * lanes);
            TENON_UNROLL for (std::size_t i = 0; i < Rows; ++i) {
                V const av = V(from[i][at]);
                TENON_UNROLL for (std::size_t q = 0; q < Packs; ++q) sums[i][q] = multiply_add(av, bs[q], sums[i][q]);
            }
            at += step;
            b += b_step;
        }
    };
    if (a.columns == 1) along(std::integral_constant<std::ptrdiff_t, 1>{});
    else along(a.columns);
    if (rows == Rows && columns == Packs * lanes && c.columns == 1) {
        if (accumulate)
            TENON_UNROLL for (std::size_t i = 0; i < Rows; ++i) TENON_UNROLL for (std::size_t q = 0; q < Packs; ++q)
                sums[i][q] = element::load_lanes<lanes>(c.at(i, q * lanes)) + sums[i][q];
        TENON_UNROLL for (std::size_t i = 0; i < Rows; ++i) TENON_UNROLL for (std::size_t q = 0; q < Packs; ++q)
            element::store_lanes(c.at(i, q * lanes), sums[i][q]);
        return;
    }
    T edge[Rows][Packs * lanes];
    TENON_UNROLL for (std::size_t i = 0; i < Rows; ++i) TENON_UNROLL for (std::size_t q = 0; q < Packs; ++q)
        element::store_lanes(&edge[i][q * lanes], sums[i][q]);
    for (std::size_t i = 0; i < rows; ++i)
        for (std::size_t j = 0; j < columns; ++j) {
            T& to = *c.at(i, j);
            to = accumulate ? element::sum_of(to, edge[i][j]) : edge[i][j];
        }
}

/// The same for a tile of run-time size, by the kernel that fits: four, five or six rows by all packs or half of them. With
/// parts of almost equal size few registers are idle; a product of 24³ floats takes 0.56 µs, with one kernel for all 0.70.
template <class T>
TENON_INLINE void tile_product(std::size_t depth, matrix<T const> a, T const* b, std::size_t b_step, matrix<T> c,
                               std::size_t rows, std::size_t columns, bool accumulate) {
    using t = tile<T>;
    constexpr std::size_t half = t::packs / 2;
    auto const with_rows = [&](auto r) TENON_LAMBDA_INLINE {
        if (columns <= half * t::lanes) tile_product<T, r, half>(depth, a, b, b_step, c, rows, columns, accumulate);
        else tile_product<T, r, t::packs>(depth, a, b, b_step, c, rows, columns, accumulate);
    };
    static_assert(t::rows == 6);
    if (rows == 6) with_rows(std::integral_constant<std::size_t, 6>{});
    else if (rows == 5) with_rows(std::integral_constant<std::size_t, 5>{});
    else with_rows(std::integral_constant<std::size_t, 4>{});
}

/// Elements that `pack_panel` may write beyond a panel.
template <class T>
inline constexpr std::size_t panel_slack = tile<T>::lanes;

/// Lays columns of a matrix side by side: to[k·Width + i] = from(k, i) for i < width, 0 beyond. Where the columns are
/// contiguous, squares of lanes are transposed in registers. A panel of 16 × 256 floats on Zen 3: 0.22 ns an element with -O2, 0.15 with -O3;
/// one by one 0.62 and 0.18.
/// @tparam Lanes side of the squares
template <std::size_t Width, std::size_t Lanes, class T>
TENON_INLINE void pack_columns(matrix<T const> from, std::size_t width, std::size_t depth, T* to) {
    if (width == Width && from.columns == 1) {
        for (std::size_t k = 0; k < depth; ++k) std::copy_n(from.at(k, 0), Width, to + k * Width);
        return;
    }
    if (from.rows == 1 && depth >= Lanes && Lanes > 1) {
        using V = element::lane_t<T, Lanes>;
        // Squares that are stored together: one, or a whole row of them where the last exceeds the panel, so that each row
        // is written after the one before it, whose excess it covers.
        constexpr std::size_t squares = Width % Lanes == 0 ? 1 : (Width + Lanes - 1) / Lanes;
        auto const block = [&](std::size_t k) TENON_LAMBDA_INLINE {
            for (std::size_t i = 0; i < Width; i += squares * Lanes) {
                V square[squares][Lanes];
                for (std::size_t s = 0; s < squares; ++s) {
                    std::size_t const first = i + s * Lanes;
                    for (std::size_t l = 0; l < Lanes; ++l)
                        square[s][l] = first + l < width ? element::load_lanes<Lanes>(from.at(k, first + l)) : V(T(0));
                    if constexpr (Lanes > 1) math::transpose(square[s]);
                }
                for (std::size_t l = 0; l < Lanes; ++l)
                    for (std::size_t s = 0; s < squares; ++s)
                        element::store_lanes(to + (k + l) * Width + i + s * Lanes, square[s][l]);
            }
        };
        for (std::size_t k = 0; k + Lanes <= depth; k += Lanes) block(k);
        // The last rows once more with their neighbours: elements stored one by one would stall the loads that follow.
        if (depth % Lanes != 0) block(depth - Lanes);
        return;
    }
    for (std::size_t k = 0; k < depth; ++k)
        for (std::size_t i = 0; i < Width; ++i) to[k * Width + i] = i < width ? *from.at(k, i) : T(0);
}

/// A panel for the tile kernel.
template <std::size_t Width, class T>
[[gnu::noinline]] void pack_panel(matrix<T const> from, std::size_t width, std::size_t depth, T* to) {
    pack_columns<Width, std::is_floating_point_v<T> ? std::min<std::size_t>(tile<T>::lanes, 8) : 1>(from, width, depth,
                                                                                                    to);
}

}  // namespace tenon::inline TENON_TARGET::eval
