// The matrix product for small static extents: straight code without copies of A or C.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>

#include <tenon/core/shape.hpp>
#include <tenon/eval/cpu/gemm_tile.hpp>

namespace tenon::inline TENON_TARGET::eval {

namespace detail {
/// The first Count lanes from memory, zeros beyond.
template <std::size_t Count, std::size_t Lanes, class T>
TENON_INLINE auto load_first(T const* p) {
    using V = element::lane_t<T, Lanes>;
    if constexpr (Count >= Lanes) return element::load_lanes<Lanes>(p);
    else if constexpr (Count == 0) return V(T(0));
    else {
        constexpr std::size_t half = Lanes / 2;
        return V::join(load_first<Count, half>(p), load_first<(Count > half ? Count - half : 0), half>(p + half));
    }
}
/// The first Count lanes to memory.
template <std::size_t Count, class T, std::size_t Lanes>
TENON_INLINE void store_first(T* p, element::pack<T, Lanes> const& v) {
    if constexpr (Count >= Lanes) element::store_lanes(p, v);
    else if constexpr (Count > 0) {
        constexpr std::size_t half = Lanes / 2;
        store_first<Count>(p, v.low());
        if constexpr (Count > half) store_first<Count - half>(p + half, v.high());
    }
}
}  // namespace detail

/// Whether a product is static and small enough: its code grows with K, and B has to stay in the L1 cache.
template <std::size_t M, std::size_t N, std::size_t K>
inline constexpr bool has_small_product =
    !is_dynamic(M) && !is_dynamic(N) && !is_dynamic(K) && M * N * K <= 16 * 16 * 16 && K * N <= 1024;

/// C = A·B, or C += A·B. Four rows at a time meet B's rows as packs; B is copied first where its rows are not contiguous.
template <std::size_t M, std::size_t N, std::size_t K, class T>
TENON_INLINE void gemm_small(matrix<T const> a, matrix<T const> b, matrix<T> c, bool accumulate) {
    constexpr std::size_t native = tile<T>::lanes;
    constexpr std::size_t lanes = N > native / 2 || native < 4 ? native : N > native / 4 ? native / 2 : native / 4;
    constexpr std::size_t packs = (N + lanes - 1) / lanes, width = packs * lanes, tail = N - (packs - 1) * lanes;
    using V = element::lane_t<T, lanes>;
    alignas(64) T copy[K * width + panel_slack<T>];
    bool const in_place = b.columns == 1;
    if (!in_place) pack_columns<width, std::bit_floor(std::min({K, native, std::size_t{8}}))>(b, N, K, copy);

    auto const rows = [&](auto R, std::size_t i) TENON_LAMBDA_INLINE {
        V sums[R][packs];
        unroll<R * packs>([&](auto s) TENON_LAMBDA_INLINE { sums[s / packs][s % packs] = V(T(0)); });
        auto const row_of_b = [&](auto load) TENON_LAMBDA_INLINE {
            for (std::size_t k = 0; k < K; ++k) {
                V bs[packs];
                load(k, bs);
                unroll<R>([&](auto r) TENON_LAMBDA_INLINE {
                    V const av = V(*a.at(i + r, k));
                    unroll<packs>([&](auto q)
                                      TENON_LAMBDA_INLINE { sums[r][q] = multiply_add(av, bs[q], sums[r][q]); });
                });
            }
        };
        if (in_place)
            row_of_b([&](std::size_t k, V* bs) TENON_LAMBDA_INLINE {
                unroll<packs - 1>([&](auto q)
                                      TENON_LAMBDA_INLINE { bs[q] = element::load_lanes<lanes>(b.at(k, q * lanes)); });
                bs[packs - 1] = detail::load_first<tail, lanes>(b.at(k, N - tail));
            });
        else
            row_of_b([&](std::size_t k, V* bs) TENON_LAMBDA_INLINE {
                unroll<packs>([&](auto q) TENON_LAMBDA_INLINE {
                    bs[q] = element::load_lanes<lanes>(copy + k * width + q * lanes);
                });
            });
        unroll<R>([&](auto r) TENON_LAMBDA_INLINE {
            if (c.columns == 1)
                unroll<packs>([&](auto q) TENON_LAMBDA_INLINE {
                    constexpr std::size_t count = q + 1 == packs ? tail : lanes;
                    T* const to = c.at(i + r, q * lanes);
                    if (accumulate)
                        sums[r][q] = sums[r][q] + detail::load_first<count, lanes>(static_cast<T const*>(to));
                    detail::store_first<count>(to, sums[r][q]);
                });
            else {
                alignas(64) T row[width];
                unroll<packs>([&](auto q) TENON_LAMBDA_INLINE { element::store_lanes(row + q * lanes, sums[r][q]); });
                for (std::size_t j = 0; j < N; ++j) {
                    T& to = *c.at(i + r, j);
                    to = accumulate ? static_cast<T>(to + row[j]) : row[j];
                }
            }
        });
    };
    constexpr std::size_t together = packs > 2 ? 2 : 4;
    std::size_t i = 0;
    for (; i + together <= M; i += together) rows(std::integral_constant<std::size_t, together>{}, i);
    if constexpr (M % together != 0) rows(std::integral_constant<std::size_t, M % together>{}, M - M % together);
}

}  // namespace tenon::inline TENON_TARGET::eval
