// The matrix product for small static extents: straight code without copies of A or C.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <type_traits>
#include <utility>

#include <tenon/base/tuple.hpp>
#include <tenon/core/shape.hpp>
#include <tenon/eval/cpu/gemm_panel.hpp>

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
/// The first Count lanes from memory, zeros beyond, where Behind elements from p on and Before elements before it may be read
/// besides: one load and one shuffle, where putting the lanes together takes as many as a register has halves.
template <std::size_t Count, std::size_t Lanes, std::ptrdiff_t Before, std::ptrdiff_t Behind, class T>
TENON_INLINE auto load_first_within(T const* p) {
    using V = element::lane_t<T, Lanes>;
    constexpr std::size_t rest = Lanes - Count;
    using lanes = std::make_index_sequence<Lanes>;
    if constexpr (Count < Lanes && Behind >= static_cast<std::ptrdiff_t>(Lanes))
        return math::detail::permuted<[](std::size_t i) { return i < Count ? i : Lanes + i; }>(
            element::load_lanes<Lanes>(p), V(T(0)), lanes{});
    else if constexpr (Count < Lanes && Before >= static_cast<std::ptrdiff_t>(rest))
        return math::detail::permuted<[](std::size_t i) { return i + rest; }>(element::load_lanes<Lanes>(p - rest),
                                                                              V(T(0)), lanes{});
    else return load_first<Count, Lanes>(p);
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

/// How many multiplications a product may have to get code of its own: more where rows of all three are whole packs one after the
/// other, as 32³ floats then take half the time.
inline constexpr std::size_t largest_small_product = 16 * 16 * 16, largest_product_in_rows = 32 * 32 * 32;
/// Whether a product is static and so small that its code belongs where it is used.
template <std::size_t M, std::size_t N, std::size_t K, class A, class B, class C>
inline constexpr bool has_small_product = [] {
    if constexpr (is_fixed_matrix<A> && is_fixed_matrix<B> && is_fixed_matrix<C> && !is_dynamic(M) && !is_dynamic(N) &&
                  !is_dynamic(K)) {
        using T = std::remove_cvref_t<decltype(*std::declval<C>().p)>;
        bool const in_rows = A::columns == 1 && B::columns == 1 && C::columns == 1 && N % tile<T>::lanes == 0;
        return M * N * K != 0 && M * N * K <= (in_rows ? largest_product_in_rows : largest_small_product) &&
               std::max(M, N) * K <= 1024;
    } else return false;
}();

namespace detail {
/// The widest pack that N elements fill by more than half, but not less than a quarter of a register.
template <class T, std::size_t N>
inline constexpr std::size_t small_lanes = [] {
    constexpr std::size_t native = tile<T>::lanes;
    return N > native / 2 || native < 4 ? native : N > native / 4 ? native / 2 : native / 4;
}();

/// How many rows share Packs packs of B: their sums, the packs and an element of A fill the registers.
template <std::size_t Packs>
inline constexpr std::size_t small_rows =
    std::min<std::size_t>(8, ((TENON_VECTOR_BYTES >= 64 ? 32 : 16) - Packs - 1) / Packs);

/// Puts sums at the start of a row of C, or adds them to what is there.
/// @tparam Count how many lanes of the last pack are elements of C
template <std::size_t Count, std::size_t Packs, class V, class C>
TENON_INLINE void store_small(V (&sums)[Packs], C c, bool accumulate) {
    using T = std::remove_reference_t<decltype(*c.p)>;
    constexpr std::size_t lanes = V::lanes;
    if constexpr (C::columns == 1) {
        constexpr std::size_t last = Packs - 1;
        T* const end = c.p + last * lanes;
        if (accumulate) {
            TENON_UNROLL for (std::size_t q = 0; q < last; ++q) sums[q] =
                sums[q] + element::load_lanes<lanes>(c.p + q * lanes);
            sums[last] = sums[last] + load_first<Count, lanes>(static_cast<T const*>(end));
        }
        TENON_UNROLL for (std::size_t q = 0; q < last; ++q) element::store_lanes(c.p + q * lanes, sums[q]);
        store_first<Count>(end, sums[last]);
    } else {
        alignas(64) T row[Packs * lanes];
        TENON_UNROLL for (std::size_t q = 0; q < Packs; ++q) element::store_lanes(row + q * lanes, sums[q]);
        for (std::size_t j = 0; j < (Packs - 1) * lanes + Count; ++j) {
            T& to = *c.at(0, j);
            to = accumulate ? element::sum_of(to, row[j]) : row[j];
        }
    }
}

/// C's columns for as many packs of B, whose rows are contiguous: as many rows at a time as the registers hold.
/// @tparam Count how many lanes of the last pack are columns of C
/// @tparam Load how many lanes of the last pack may be read
template <class T, std::size_t M, std::size_t K, std::size_t Lanes, std::size_t Packs, std::size_t Count,
          std::size_t Load, class A, class B, class C>
TENON_INLINE void small_columns(A a, B b, C c, bool accumulate) {
    using V = element::lane_t<T, Lanes>;
    auto const rows = [&]<std::size_t R>(std::integral_constant<std::size_t, R>, std::size_t i) TENON_LAMBDA_INLINE {
        V sums[R][Packs];
        TENON_UNROLL for (std::size_t r = 0; r < R; ++r) TENON_UNROLL for (std::size_t q = 0; q < Packs; ++q)
            sums[r][q] = V(T(0));
        for (std::size_t k = 0; k < K; ++k) {
            V bs[Packs];
            TENON_UNROLL for (std::size_t q = 0; q + 1 < Packs; ++q) bs[q] =
                element::load_lanes<Lanes>(b.at(k, q * Lanes));
            bs[Packs - 1] = load_first<Load, Lanes>(b.at(k, (Packs - 1) * Lanes));
            TENON_UNROLL for (std::size_t r = 0; r < R; ++r) {
                V const av = V(*a.at(i + r, k));
                TENON_UNROLL for (std::size_t q = 0; q < Packs; ++q) sums[r][q] = multiply_add(av, bs[q], sums[r][q]);
            }
        }
        TENON_UNROLL for (std::size_t r = 0; r < R; ++r)
            store_small<Count, Packs>(sums[r], c.from(i + r, 0), accumulate);
    };
    constexpr equal_parts parts(M, small_rows<Packs>);
    std::size_t part = 0;
    for (; part < parts.longer; ++part) rows(std::integral_constant<std::size_t, parts.least + 1>{}, parts.first(part));
    for (; part < parts.count; ++part) rows(std::integral_constant<std::size_t, parts.least>{}, parts.first(part));
}

/// A row of A times J columns of B, which are contiguous: a sum of lanes for every element.
/// @tparam Before, Behind how many elements certainly lie before the first column and behind the last
template <class T, std::size_t J, std::size_t K, std::size_t Lanes, std::ptrdiff_t Before, std::ptrdiff_t Behind,
          class A, class B, class C>
TENON_INLINE void small_dots_of_row(A a, B b, C c, bool accumulate) {
    constexpr std::size_t tail = K % Lanes;
    using V = element::lane_t<T, Lanes>;
    V sums[J];
    TENON_UNROLL for (std::size_t q = 0; q < J; ++q) sums[q] = V(T(0));
    for (std::size_t k = 0; k + Lanes <= K; k += Lanes) {
        V const av = element::load_lanes<Lanes>(a.at(0, k));
        TENON_UNROLL for (std::size_t q = 0; q < J; ++q) sums[q] =
            multiply_add(av, element::load_lanes<Lanes>(b.at(k, q)), sums[q]);
    }
    if constexpr (tail != 0) {
        V const av = load_first<tail, Lanes>(a.at(0, K - tail));
        unroll<J>([&](auto q) TENON_LAMBDA_INLINE {
            constexpr auto at = static_cast<std::ptrdiff_t>(q), last = static_cast<std::ptrdiff_t>(J - 1);
            sums[q] = multiply_add(
                av,
                load_first_within<tail, Lanes, Before + at * B::columns + static_cast<std::ptrdiff_t>(K - tail),
                                  Behind + (last - at) * B::columns + static_cast<std::ptrdiff_t>(tail)>(
                    b.at(K - tail, q)),
                sums[q]);
        });
    }
    V total[1] = {math::totals(sums)};
    store_small<J, 1>(total, c, accumulate);
}

/// The product where A's rows and B's columns are contiguous.
template <class T, std::size_t M, std::size_t N, std::size_t K, class A, class B, class C>
TENON_INLINE void small_dots(A a, B b, C c, bool accumulate) {
    constexpr std::size_t lanes = small_lanes<T, K>, rest = N % lanes;
    for (std::size_t i = 0; i < M; ++i) {
        for (std::size_t j = 0; j + lanes <= N; j += lanes)
            small_dots_of_row<T, lanes, K, lanes, 0, static_cast<std::ptrdiff_t>(rest) * B::columns>(
                a.from(i, 0), b.from(0, j), c.from(i, j), accumulate);
        if constexpr (rest != 0)
            small_dots_of_row<T, rest, K, lanes, static_cast<std::ptrdiff_t>(N - rest) * B::columns, 0>(
                a.from(i, 0), b.from(0, N - rest), c.from(i, N - rest), accumulate);
    }
}
}  // namespace detail

/// C = A·B, or C += A·B. Packs of B's rows meet several rows of A; B is copied first where its rows are not contiguous, unless
/// A has one row or two. On Zen 3 (AVX2, g++ 12 -O3) 8³ floats take 22 ns and 16³ 0.10 µs.
template <std::size_t M, std::size_t N, std::size_t K, class T, class A, class B, class C>
TENON_INLINE void gemm_small(A a, B b, C c, bool accumulate) {
    if constexpr (C::columns != 1 && C::rows == 1)
        gemm_small<N, M, K, T>(b.transposed(), a.transposed(), c.transposed(), accumulate);
    else if constexpr (M <= 2 && B::columns != 1 && B::rows == 1 && A::columns == 1)
        detail::small_dots<T, M, N, K>(a, b, c, accumulate);
    else {
        constexpr std::size_t lanes = detail::small_lanes<T, N>;
        constexpr std::size_t packs = (N + lanes - 1) / lanes, width = packs * lanes, tail = N - (packs - 1) * lanes;
        auto const columns = [&]<std::size_t Load>(auto from) TENON_LAMBDA_INLINE {
            constexpr equal_parts parts(packs, tile<T>::packs);
            unroll<parts.count>([&](auto part) TENON_LAMBDA_INLINE {
                constexpr std::size_t first = parts.first(part), last = parts.first(part + 1);
                detail::small_columns<T, M, K, lanes, last - first, (last == packs ? tail : lanes),
                                      (last == packs ? Load : lanes)>(a, from.from(0, first * lanes),
                                                                      c.from(0, first * lanes), accumulate);
            });
        };
        if constexpr (B::columns == 1) columns.template operator()<tail>(b);
        else {
            alignas(64) T copy[K * width + panel_slack<T>];
            pack_columns<std::bit_floor(std::min({K, tile<T>::lanes, std::size_t{8}}))>(matrix<T const>(b), N, K, copy,
                                                                                        width);
            columns.template operator()<lanes>(fixed_matrix<T const, static_cast<std::ptrdiff_t>(width), 1>{copy});
        }
    }
}

}  // namespace tenon::inline TENON_TARGET::eval
