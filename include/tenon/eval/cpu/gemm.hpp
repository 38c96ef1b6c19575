// The matrix product: C = A·B or C += A·B for any strides.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <type_traits>

#include <tenon/base/parallel.hpp>
#include <tenon/core/workspace.hpp>
#include <tenon/eval/cpu/blas.hpp>
#include <tenon/eval/cpu/gemm_small.hpp>
#include <tenon/eval/cpu/gemm_tile.hpp>
#include <tenon/eval/cpu/gemv.hpp>
#include <tenon/eval/cpu/wide_sum.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// How a large product is cut, for a core with 32 KiB of L1 and 512 KiB of L2 cache. Depths of 256, 350, 400 and 512 were tried
/// on Zen 3: 512³ floats take 1.04, 1.04, 1.03 and 0.99 times as long as with OpenBLAS, 1024³ 1.07, 1.06, 1.05 and 1.01 times,
/// as each part of the depth is a trip to C. 12 to 40 tiles of rows, and fetching A ahead, made no difference; the other limits
/// follow from the caches' sizes and are not tuned.
template <class T>
struct blocking {
    using t = tile<T>;
    /// Elements along k: of a panel of B, depth × columns, which is read for each tile of A's rows.
    static constexpr std::size_t depth = 2048 / sizeof(T);
    /// Rows of A that are packed at once and stay in the L2 cache.
    static constexpr std::size_t rows = 24 * t::rows;
    /// Columns of B that are packed at once.
    static constexpr std::size_t columns = 2048 / t::columns * t::columns;
    /// A is read where it lies unless so many panels of B meet it.
    static constexpr std::size_t direct_columns = 16 * t::columns;
    /// B is read where it lies by so few tiles, or if it has so few elements, or so few rows that each has an entry in the
    /// first level of address translation (128×784×64 floats: 5 % faster).
    static constexpr std::size_t direct_rows = 2 * t::rows, direct_size = 8192 / sizeof(T), direct_depth = 64;
};

/// How much of each operand of C (m×n) = A (m×k) · B (k×n) is packed at once.
template <class T>
struct packing {
    std::size_t rows, columns, depth;
    bool packs_a, packs_b;
    /// How many columns of B are packed at once: all, or those of a last panel that has fewer than a tile.
    std::size_t packed_columns;
    constexpr packing(std::size_t m, std::size_t n, std::size_t k, matrix<T const> a, matrix<T const> b) {
        using t = tile<T>;
        using cut = blocking<T>;
        // Parts of equal depth: a short last one would cost as many trips to C.
        std::size_t const parts = std::max<std::size_t>(1, (k + cut::depth - 1) / cut::depth);
        depth = (k + parts - 1) / parts;
        rows = std::min(cut::rows, (m + t::rows - 1) / t::rows * t::rows);
        columns = std::min(cut::columns, (n + t::columns - 1) / t::columns * t::columns);
        packs_a = n > cut::direct_columns || (a.rows != 1 && a.columns != 1);
        // Rows that are a multiple of 256 bytes apart share few sets of the L1 cache.
        bool const spread = static_cast<std::size_t>(b.rows) * sizeof(T) % 256 != 0;
        packs_b =
            b.columns != 1 || (m > cut::direct_rows && n * k > cut::direct_size && !(k <= cut::direct_depth && spread));
        packed_columns = packs_b ? columns : n % t::columns != 0 ? t::columns : 0;
    }
    /// Elements of the room for A's panels, 0 where A is read where it lies, and for B's.
    constexpr std::size_t size_a() const { return packs_a ? rows * depth + panel_slack<T> : 0; }
    constexpr std::size_t size_b() const { return packed_columns != 0 ? packed_columns * depth + panel_slack<T> : 0; }
};

/// Packs the columns of B, k×n, into panels for the tiles: the columns from j on, a multiple of a tile's, begin at to + j·k.
template <class T>
void pack_panels(matrix<T const> b, std::size_t n, std::size_t k, T* to) {
    constexpr std::size_t columns = tile<T>::columns;
    for (std::size_t j = 0; j < n; j += columns)
        pack_panel<columns>(b.from(0, j), std::min(columns, n - j), k, to + j * k);
}

/// What a caller keeps for several products with one B.
template <class T>
struct gemm_room {
    T const* b = nullptr;  ///< what `pack_panels` made of B, which must not be wider or deeper than one part
    T* a = nullptr;        ///< `packing::size_a()` elements
};

/// The product for run-time extents, packed and blocked as Goto and van de Geijn (2008) describe. C's rows or columns should
/// be contiguous; where columns are, the transposed product is computed.
template <class T>
[[gnu::noinline]] void gemm_blocked(std::size_t m, std::size_t n, std::size_t k, matrix<T const> a, matrix<T const> b,
                                    matrix<T> c, bool accumulate, gemm_room<T> room = {}) {
    using t = tile<T>;
    if (c.columns != 1 && c.rows == 1)
        return gemm_blocked<T>(n, m, k, b.transposed(), a.transposed(), c.transposed(), accumulate);
    packing<T> const p(m, n, k, a, b);
    std::size_t const rows = p.rows, columns = p.columns, depth = p.depth;
    buffer<T, dyn> packed_a, packed_b;
    if (p.packs_a && room.a == nullptr) {
        packed_a.reserve(p.size_a());
        room.a = packed_a.data();
    }
    if (p.packed_columns != 0 && room.b == nullptr) packed_b.reserve(p.size_b());
    for (std::size_t j0 = 0; j0 < n; j0 += columns) {
        std::size_t const nj = std::min(columns, n - j0);
        for (std::size_t k0 = 0; k0 < k; k0 += depth) {
            std::size_t const nk = std::min(depth, k - k0);
            bool const add = accumulate || k0 != 0;
            T const* packed = room.b;
            if (p.packs_b && packed == nullptr) {
                pack_panels<T>(b.from(k0, j0), nj, nk, packed_b.data());
                packed = packed_b.data();
            }
            for (std::size_t i0 = 0; i0 < m; i0 += rows) {
                std::size_t const ni = std::min(rows, m - i0);
                equal_parts const tiles(ni, t::rows);
                if (p.packs_a)
                    for (std::size_t q = 0; q < tiles.count; ++q)
                        pack_panel<t::rows>(a.from(i0 + tiles.first(q), k0).transposed(), tiles.size(q), nk,
                                            room.a + q * t::rows * nk);
                for (std::size_t j = 0; j < nj; j += t::columns) {
                    std::size_t const width = std::min(t::columns, nj - j);
                    T const* panel = packed_b.data();
                    std::size_t step = t::columns;
                    if (packed != nullptr) panel = packed + j * nk;
                    else if (width == t::columns) {
                        panel = b.at(k0, j0 + j);
                        step = static_cast<std::size_t>(b.rows);
                    } else pack_panel<t::columns>(b.from(k0, j0 + j), width, nk, packed_b.data());
                    for (std::size_t q = 0; q < tiles.count; ++q) {
                        std::size_t const i = i0 + tiles.first(q);
                        matrix<T const> const from =
                            p.packs_a ? matrix<T const>{room.a + q * t::rows * nk, 1, t::rows} : a.from(i, k0);
                        tile_product<T>(nk, from, panel, step, c.from(i, j0 + j), tiles.size(q), width, add);
                    }
                }
            }
        }
    }
}

/// How many threads a product is worth, of 0.4 ms each: where other programs use the cores too, waiting for a thread that has
/// lost its turn takes longer than short products do.
constexpr std::size_t gemm_worth(std::size_t m, std::size_t n, std::size_t k) { return m * n * k >> 24; }

/// How deep a product may be before parts of its sums go to a wider type. Each lane of a vector's sums gets 512 terms, and
/// there is one for every pack of the depth where that is contiguous; other products get one term in C for each part of the
/// depth that is packed.
template <class T>
constexpr std::size_t most_depth(std::size_t m, std::size_t n, matrix<T const> a, matrix<T const> b) {
    if (!std::is_floating_point_v<T>) return static_cast<std::size_t>(-1);
    if (m != 1 && n != 1) return terms_in_part * blocking<T>::depth;
    return (m == 1 ? b.rows : a.columns) == 1 ? 512 * tile<T>::lanes : 512;
}
template <class T>
void gemm_deep(std::size_t m, std::size_t n, std::size_t k, matrix<T const> a, matrix<T const> b, matrix<T> c,
               bool accumulate);

/// C = A·B, or C += A·B, element by element: for constant expressions, and for elements that vectors can't hold.
template <class T>
constexpr void gemm_one_by_one(std::size_t m, std::size_t n, std::size_t k, matrix<T const> a, matrix<T const> b,
                               matrix<T> c, bool accumulate) {
    for (std::size_t i = 0; i < m; ++i)
        for (std::size_t j = 0; j < n; ++j) {
            T s = accumulate ? *c.at(i, j) : T(0);
            for (std::size_t q = 0; q < k; ++q) s = element::sum_with_product<T>(s, *a.at(i, q), *b.at(q, j));
            *c.at(i, j) = s;
        }
}

/// The product for run-time extents: a vector times a matrix, a BLAS's, or blocks of C for each thread.
template <class T>
[[gnu::noinline]] void gemm_large(std::size_t m, std::size_t n, std::size_t k, matrix<T const> a, matrix<T const> b,
                                  matrix<T> c, bool accumulate) {
    if (m == 0 || n == 0) return;
    if (k == 0) return gemm_one_by_one<T>(m, n, k, a, b, c, accumulate);
    if constexpr (std::is_floating_point_v<T>)
        if (k > most_depth<T>(m, n, a, b)) return gemm_deep<T>(m, n, k, a, b, c, accumulate);
    if (m == 1) return gemv<T>(n, k, a.p, a.columns, b, c.p, c.columns, accumulate);
    if (n == 1) return gemv<T>(m, k, b.p, b.rows, a.transposed(), c.p, c.rows, accumulate);
#if defined(TENON_USE_BLAS)
    if constexpr (has_blas<T>)
        if (blas_takes<T>(m, n, k, a, b, c)) return blas_gemm<T>(m, n, k, a, b, c, accumulate);
#endif
    // Each thread has its own columns or rows of C.
    std::size_t const worth = gemm_worth(m, n, k);
    if (n >= m)
        for_each_part(n, tile<T>::columns, worth, [&](std::size_t first, std::size_t last) {
            gemm_blocked<T>(m, last - first, k, a, b.from(0, first), c.from(0, first), accumulate);
        });
    else
        for_each_part(m, tile<T>::rows, worth, [&](std::size_t first, std::size_t last) {
            gemm_blocked<T>(last - first, n, k, a.from(first, 0), b, c.from(first, 0), accumulate);
        });
}

/// The product of many columns of A and as many rows of B: parts of its sums in T, the parts in a wider type.
template <class T>
void gemm_deep(std::size_t m, std::size_t n, std::size_t k, matrix<T const> a, matrix<T const> b, matrix<T> c,
               bool accumulate) {
    std::size_t const most = most_depth<T>(m, n, a, b);
    buffer<T, dyn> part;
    part.reserve(m * n);
    wide_sums<T, dyn> sums;
    sums.start(m * n);
    for (std::size_t first = 0; first < k; first += most) {
        gemm_large<T>(m, n, std::min(most, k - first), a.from(0, first), b.from(first, 0),
                      {part.data(), static_cast<std::ptrdiff_t>(n), 1}, false);
        sums.take(part.data(), 0, m * n);
    }
    sums.finish(part.data(), m * n);
    copy_block<T>(m, n, part.data(), n, c, accumulate);
}

/// The elements of the buffers that `gemm_large` takes from the workspace, 0 for one that it does without.
template <class T>
constexpr std::array<std::size_t, 4> gemm_packed(std::size_t m, std::size_t n, std::size_t k, matrix<T const> a,
                                                 matrix<T const> b, matrix<T const> c) {
    if (std::size_t const most = most_depth<T>(m, n, a, b); k > most) {
        matrix<T const> const part{nullptr, static_cast<std::ptrdiff_t>(n), 1};
        auto all = gemm_packed<T>(m, n, most, a, b, part);
        all[2] = m * n;
        all[3] = m * n * sizeof(wider_t<T>) / sizeof(T);
        return all;
    }
    if (m == 1) return {a.columns != 1 ? k : 0, b.rows != 1 && c.columns != 1 ? n : 0};
    if (n == 1 || (c.columns != 1 && c.rows == 1))
        return gemm_packed<T>(n, m, k, b.transposed(), a.transposed(), c.transposed());
    if (blas_takes<T>(m, n, k, a, b, c)) return {};
    packing<T> const p(m, n, k, a, b);
    return {p.size_a(), p.size_b()};
}
/// The same for `gemm`.
template <std::size_t M, std::size_t N, std::size_t K, class T, class A, class B, class C>
constexpr std::array<std::size_t, 4> gemm_packed(std::size_t m, std::size_t n, std::size_t k, A a, B b, C c) {
    if (element::is_dual<T> || !std::is_arithmetic_v<T> || m == 0 || n == 0 || k == 0 ||
        has_small_product<M, N, K, A, B, C>)
        return {};
    return gemm_packed<T>(m, n, k, matrix<T const>(a), matrix<T const>(b), matrix<T const>(c));
}

/// `gemm_small` as a function that all products of its shape and strides share: beyond 8³ its code takes longer to compile and
/// to run than a call.
template <std::size_t M, std::size_t N, std::size_t K, class T, class A, class B, class C>
[[gnu::noinline]] void gemm_shared(A a, B b, C c, bool accumulate) {
    gemm_small<M, N, K, T>(a, b, c, accumulate);
}

/// C = A·B, or C += A·B, where A is M×K and B is K×N. Extents that are not static are `dyn` in the type.
/// @tparam A,B,C kinds of `matrix`
template <std::size_t M, std::size_t N, std::size_t K, class T, class A, class B, class C>
TENON_INLINE constexpr void gemm(std::size_t m, std::size_t n, std::size_t k, A a, B b, C c, bool accumulate) {
    if constexpr (element::is_dual<T> || !std::is_arithmetic_v<T>) gemm_one_by_one<T>(m, n, k, a, b, c, accumulate);
    else if (__builtin_is_constant_evaluated()) gemm_one_by_one<T>(m, n, k, a, b, c, accumulate);
    else if constexpr (!has_small_product<M, N, K, A, B, C>) gemm_large<T>(m, n, k, a, b, c, accumulate);
    else if constexpr (M * N * K <= 8 * 8 * 8) gemm_small<M, N, K, T>(a, b, c, accumulate);
    else gemm_shared<M, N, K, T>(a, b, c, accumulate);
}

}  // namespace tenon::inline TENON_TARGET::eval
