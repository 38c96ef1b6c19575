// Moving lanes between packs: interleaving, taking every second lane, and turning a square of lanes around.
#pragma once

#include <cstddef>
#include <utility>

#include <tenon/base/tuple.hpp>
#include <tenon/scalar/pack.hpp>

namespace tenon::inline TENON_TARGET::math {

namespace detail {
/// Lanes of v and w, laid end to end, as F says: output lane i is input lane F(i).
template <auto F, class P, std::size_t... I>
TENON_INLINE P permuted(P v, P w, std::index_sequence<I...>) {
    return P(element::detail::picked(v.raw, w.raw, std::index_sequence<F(I)...>{}));
}
}  // namespace detail

/// a₀ b₀ a₁ b₁ … from the first half of the lanes, or with High from the second.
template <bool High, class T, std::size_t N>
TENON_INLINE element::pack<T, N> interleave(element::pack<T, N> a, element::pack<T, N> b) {
    return detail::permuted<[](std::size_t i) { return i / 2 + (High ? N / 2 : 0) + (i % 2) * N; }>(
        a, b, std::make_index_sequence<N>{});
}

/// Every second lane of a and b laid end to end, from lane First on.
template <std::size_t First, class T, std::size_t N>
TENON_INLINE element::pack<T, N> every_second(element::pack<T, N> a, element::pack<T, N> b) {
    return detail::permuted<[](std::size_t i) { return 2 * i + First; }>(a, b, std::make_index_sequence<N>{});
}

namespace detail {
/// Exchanges, in two rows, the blocks of D lanes that lie across the diagonal: lane l of the first keeps its element where
/// bit D of l is clear and takes lane l − D of the second where it is set; the second keeps where it is set.
template <std::size_t D, class P>
TENON_INLINE void exchange_blocks(P& a, P& b) {
    using lanes = std::make_index_sequence<P::lanes>;
    P const first = permuted<[](std::size_t l) { return (l & D) == 0 ? l : P::lanes + l - D; }>(a, b, lanes{});
    b = permuted<[](std::size_t l) { return (l & D) == 0 ? l + D : P::lanes + l; }>(a, b, lanes{});
    a = first;
}
template <std::size_t D, class P, std::size_t N>
TENON_INLINE void transpose_from(P (&rows)[N]) {
    if constexpr (D < N) {
        unroll<N>([&](auto i) TENON_LAMBDA_INLINE {
            if constexpr ((i & D) == 0) exchange_blocks<D>(rows[i], rows[i + D]);
        });
        transpose_from<2 * D>(rows);
    }
}
/// Lane l of the result is the lane whose number differs in bit D.
template <std::size_t D, class P>
TENON_INLINE P exchanged_neighbours(P v) {
    return permuted<[](std::size_t l) { return l ^ D; }>(v, v, std::make_index_sequence<P::lanes>{});
}
/// Sums, at each step, neighbours D lanes apart, and lays the sums of two rows into one.
template <std::size_t D, std::size_t Step, class P, std::size_t Count>
TENON_INLINE void total_from(P (&rows)[Count]) {
    if constexpr (D < P::lanes) {
        unroll<(Count + 2 * Step - 1) / (2 * Step)>([&](auto pair) TENON_LAMBDA_INLINE {
            constexpr std::size_t i = pair * 2 * Step;
            P other;
            if constexpr (i + Step < Count) {
                other = rows[i + Step];
                exchange_blocks<D>(rows[i], other);
            } else other = exchanged_neighbours<D>(rows[i]);
            rows[i] = rows[i] + other;
        });
        total_from<2 * D, 2 * Step>(rows);
    }
}
}  // namespace detail

/// Lane l of the result is the total of the lanes of rows[l], for each of up to N rows; further lanes hold no value of use.
/// N − 1 sums and at most twice as many shuffles, where N totals by themselves take N log₂ N of each.
template <class T, std::size_t N, std::size_t Count>
TENON_INLINE element::pack<T, N> totals(element::pack<T, N> (&rows)[Count]) {
    static_assert(Count <= N);
    detail::total_from<1, 1>(rows);
    return rows[0];
}

/// Transposes the square of N packs of N lanes, N > 1, by exchanging ever greater blocks (Eklundh, 1972): N log₂ N
/// shuffles, of which most stay within 16 bytes.
template <class T, std::size_t N>
TENON_INLINE void transpose(element::pack<T, N> (&rows)[N]) {
    detail::transpose_from<1>(rows);
}

}  // namespace tenon::inline TENON_TARGET::math
