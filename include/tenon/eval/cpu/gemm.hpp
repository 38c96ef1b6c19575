// The matrix product kernel: C (+)= A·B for any strides.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <type_traits>

#include <tenon/core/workspace.hpp>
#include <tenon/scalar/dual.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// A matrix in memory, for reading or writing: element (i, j) is p[i·rows + j·columns].
template <class T>
struct matrix {
    T* p;
    std::ptrdiff_t rows, columns;
    TENON_INLINE constexpr T* at(std::size_t i, std::size_t j) const {
        return p + static_cast<std::ptrdiff_t>(i) * rows + static_cast<std::ptrdiff_t>(j) * columns;
    }
    constexpr matrix transposed() const { return {p, columns, rows}; }
};

/// The register tile: rows times packs of columns. Six rows by two packs fill the 16 registers of AVX2 (12 sums, two packs
/// of B, one element of A); AVX-512 has 32 registers and takes four packs.
template <class T>
struct tile {
    static constexpr std::size_t lanes = element::is_dual<T> ? 1 : TENON_VECTOR_BYTES / (element::is_dual<T> ? TENON_VECTOR_BYTES : sizeof(T));
    static constexpr std::size_t rows = 6;
    static constexpr std::size_t packs = TENON_VECTOR_BYTES >= 64 ? 4 : 2;
    static constexpr std::size_t columns = packs * lanes;
    /// Elements along k that a panel of A (rows × depth) and of B (depth × columns) hold, so that both stay in the L1 cache.
    static constexpr std::size_t depth = 256;
    /// Rows of A that are packed at once: 120 × 256 floats are 120 KiB of the L2 cache.
    static constexpr std::size_t block_rows = 120;
    /// Columns of B that are packed at once.
    static constexpr std::size_t block_columns = 2048 / columns * columns;
};

/// How much of each operand is packed at once for C (m×n) += A (m×k) · B (k×n).
template <class T>
struct packing {
    std::size_t rows, columns, depth;
    constexpr packing(std::size_t m, std::size_t n, std::size_t k)
        : rows(std::min(tile<T>::block_rows, (m + tile<T>::rows - 1) / tile<T>::rows * tile<T>::rows)),
          columns(std::min(tile<T>::block_columns, (n + tile<T>::columns - 1) / tile<T>::columns * tile<T>::columns)),
          depth(std::min(tile<T>::depth, k)) {}
};
/// Whether a product of these extents is small enough to have code of its own.
template <std::size_t M, std::size_t N, std::size_t K>
inline constexpr bool gemm_is_small = !is_dynamic(M) && !is_dynamic(N) && !is_dynamic(K) &&
                                      M * N * K <= 16 * 16 * 16 && K * N <= 1024;

/// The elements of the packed panels that a product needs room for: of A and of B, or none.
/// @param transposed whether C's rows are not contiguous but its columns are
template <std::size_t M, std::size_t N, std::size_t K, class T>
constexpr auto gemm_packed(std::size_t m, std::size_t n, std::size_t k, bool transposed = false) {
    if constexpr (element::is_dual<T> || gemm_is_small<M, N, K>) return std::array<std::size_t, 0>{};
    else {
        packing<T> const p(transposed ? n : m, transposed ? m : n, k);
        return std::array{p.rows * p.depth, p.columns * p.depth};
    }
}

template <class V>
TENON_LANE V multiply_add(V a, V b, V c) {
    if constexpr (element::is_pack<V>) {
        if constexpr (std::is_floating_point_v<typename V::value_type>) return math::fma(a, b, c);
        else return a * b + c;
    } else return a * b + c;
}

/// Adds one tile of packed panels to C: a is depth × 6 and b depth × columns, both contiguous.
template <class T>
[[gnu::noinline]] void tile_product(std::size_t depth, T const* a, T const* b, matrix<T> c, std::size_t rows, std::size_t columns) {
    using t = tile<T>;
    using V = element::lane_t<T, t::lanes>;
    V sums[t::rows][t::packs];
    for (auto& row : sums)
        for (auto& v : row) v = V(T(0));
    for (std::size_t k = 0; k != depth; ++k) {
        V bs[t::packs];
        for (std::size_t q = 0; q != t::packs; ++q) bs[q] = element::load_lanes<t::lanes>(b + q * t::lanes);
        for (std::size_t i = 0; i != t::rows; ++i) {
            V const av = V(a[i]);
            for (std::size_t q = 0; q != t::packs; ++q) sums[i][q] = multiply_add(av, bs[q], sums[i][q]);
        }
        a += t::rows;
        b += t::columns;
    }
    if (rows == t::rows && columns == t::columns && c.columns == 1) {
        for (std::size_t i = 0; i != t::rows; ++i)
            for (std::size_t q = 0; q != t::packs; ++q) {
                T* const p = c.at(i, q * t::lanes);
                element::store_lanes(p, element::load_lanes<t::lanes>(p) + sums[i][q]);
            }
    } else {
        T edge[t::rows][t::columns];
        for (std::size_t i = 0; i != t::rows; ++i)
            for (std::size_t q = 0; q != t::packs; ++q) element::store_lanes(&edge[i][q * t::lanes], sums[i][q]);
        for (std::size_t i = 0; i != rows; ++i)
            for (std::size_t j = 0; j != columns; ++j) *c.at(i, j) = *c.at(i, j) + edge[i][j];
    }
}

/// Copies `width` vectors of length depth side by side: to[k·Width + i] = from(i, k), zeros where width < Width.
template <std::size_t Width, class T>
void pack_panel(matrix<T const> from, std::size_t width, std::size_t depth, T* to) {
    if (width == Width && from.rows == 1) {
        for (std::size_t k = 0; k != depth; ++k) std::copy_n(from.at(0, k), Width, to + k * Width);
        return;
    }
    for (std::size_t i = 0; i != Width; ++i) {
        if (i < width)
            for (std::size_t k = 0; k != depth; ++k) to[k * Width + i] = *from.at(i, k);
        else
            for (std::size_t k = 0; k != depth; ++k) to[k * Width + i] = T(0);
    }
}

/// C += A·B for run-time extents, packed and blocked as Goto and van de Geijn (2008) describe. C's rows or columns should
/// be contiguous; where columns are, the transposed product is computed.
template <class T>
[[gnu::noinline]] void gemm_blocked(std::size_t m, std::size_t n, std::size_t k, matrix<T const> a, matrix<T const> b, matrix<T> c) {
    using t = tile<T>;
    if (c.columns != 1 && c.rows == 1) return gemm_blocked<T>(n, m, k, b.transposed(), a.transposed(), c.transposed());
    auto const [rows, columns, depth] = packing<T>(m, n, k);
    buffer<T, dyn> packed_a, packed_b;
    packed_a.reserve(rows * depth);
    packed_b.reserve(columns * depth);
    for (std::size_t j0 = 0; j0 < n; j0 += columns) {
        std::size_t const nj = std::min(columns, n - j0);
        for (std::size_t k0 = 0; k0 < k; k0 += depth) {
            std::size_t const nk = std::min(depth, k - k0);
            for (std::size_t j = 0; j < nj; j += t::columns)
                pack_panel<t::columns>(matrix<T const>{b.at(k0, j0 + j), b.columns, b.rows}, std::min(t::columns, nj - j), nk,
                                       packed_b.data() + j * nk);
            for (std::size_t i0 = 0; i0 < m; i0 += rows) {
                std::size_t const ni = std::min(rows, m - i0);
                for (std::size_t i = 0; i < ni; i += t::rows)
                    pack_panel<t::rows>(matrix<T const>{a.at(i0 + i, k0), a.rows, a.columns}, std::min(t::rows, ni - i), nk,
                                        packed_a.data() + i * nk);
                for (std::size_t j = 0; j < nj; j += t::columns)
                    for (std::size_t i = 0; i < ni; i += t::rows)
                        tile_product<T>(nk, packed_a.data() + i * nk, packed_b.data() + j * nk, {c.at(i0 + i, j0 + j), c.rows, c.columns},
                                        std::min(t::rows, ni - i), std::min(t::columns, nj - j));
            }
        }
    }
}

/// C += A·B for small static extents: B is copied once to rows of full packs, so that no product needs a partial one.
template <std::size_t M, std::size_t N, std::size_t K, class T>
TENON_INLINE constexpr void gemm_small(matrix<T const> a, matrix<T const> b, matrix<T> c) {
    constexpr std::size_t native = tile<T>::lanes;
    constexpr std::size_t lanes = N >= native ? native : N > native / 2 ? native : N > native / 4 ? std::max<std::size_t>(native / 2, 1) : std::max<std::size_t>(native / 4, 1);
    constexpr std::size_t packs = (N + lanes - 1) / lanes;
    using V = element::lane_t<T, lanes>;
    alignas(64) T wide[K * packs * lanes];
    for (std::size_t k = 0; k != K; ++k)
        for (std::size_t j = 0; j != packs * lanes; ++j) wide[k * packs * lanes + j] = j < N ? *b.at(k, j) : T(0);
    for (std::size_t i = 0; i != M; ++i) {
        V sums[packs];
        for (auto& v : sums) v = V(T(0));
        for (std::size_t k = 0; k != K; ++k) {
            V const av = V(*a.at(i, k));
            for (std::size_t q = 0; q != packs; ++q)
                sums[q] = multiply_add(av, element::load_lanes<lanes>(wide + (k * packs + q) * lanes), sums[q]);
        }
        alignas(64) T row[packs * lanes];
        for (std::size_t q = 0; q != packs; ++q) element::store_lanes(row + q * lanes, sums[q]);
        for (std::size_t j = 0; j != N; ++j) *c.at(i, j) = *c.at(i, j) + row[j];
    }
}

/// C += A·B where A is M×K and B is K×N. Extents that are not static are `dyn` in the type.
template <std::size_t M, std::size_t N, std::size_t K, class T>
constexpr void gemm(std::size_t m, std::size_t n, std::size_t k, matrix<T const> a, matrix<T const> b, matrix<T> c) {
    constexpr bool all_static = !is_dynamic(M) && !is_dynamic(N) && !is_dynamic(K);
    if (std::is_constant_evaluated() || element::is_dual<T> || !std::is_arithmetic_v<T>) {
        for (std::size_t i = 0; i != m; ++i)
            for (std::size_t j = 0; j != n; ++j) {
                T s = *c.at(i, j);
                for (std::size_t q = 0; q != k; ++q) s = static_cast<T>(s + *a.at(i, q) * *b.at(q, j));
                *c.at(i, j) = s;
            }
    } else if constexpr (!element::is_dual<T>) {
        if constexpr (all_static && (M == 0 || N == 0 || K == 0)) return;
        else if constexpr (gemm_is_small<M, N, K>) gemm_small<M, N, K>(a, b, c);
        else gemm_blocked<T>(m, n, k, a, b, c);
    }
}

}  // namespace tenon::inline TENON_TARGET::eval
