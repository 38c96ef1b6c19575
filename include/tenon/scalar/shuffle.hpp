// Moving lanes between packs: interleaving, taking every second lane, and turning a square of lanes around.
#pragma once

#include <cstddef>
#include <utility>

#include <tenon/core/tuple.hpp>
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
/// A perfect shuffle of all lanes moves the bits of a lane's number by one; log N of them swap row and column.
template <std::size_t Left, class P, std::size_t N>
TENON_INLINE void transpose_step(P (&rows)[N]) {
    if constexpr (Left > 1) {
        P next[N];
        unroll<N / 2>([&](auto i) TENON_LAMBDA_INLINE {
            next[2 * i] = math::interleave<false>(rows[i], rows[i + N / 2]);
            next[2 * i + 1] = math::interleave<true>(rows[i], rows[i + N / 2]);
        });
        transpose_step<Left / 2>(next);
        unroll<N>([&](auto i) TENON_LAMBDA_INLINE { rows[i] = next[i]; });
    }
}
}  // namespace detail

/// Transposes the square of N packs of N lanes, N > 1.
template <class T, std::size_t N>
TENON_INLINE void transpose(element::pack<T, N> (&rows)[N]) {
    detail::transpose_step<N>(rows);
}

}  // namespace tenon::inline TENON_TARGET::math
