// A square of lanes with its rows and columns exchanged, in registers.
#pragma once

#include <cstddef>
#include <utility>

#include "pack.hpp"

namespace tenon::inline TENON_TARGET::element {

namespace detail {
/// Exchanges, in two rows, the blocks of D lanes that lie across the diagonal: lane l of the first keeps its element where
/// bit D of l is clear and takes lane l − D of the second where it is set; the second keeps where it is set.
template <std::size_t D, class V, std::size_t... L>
TENON_INLINE void exchange_blocks(V& a, V& b, std::index_sequence<L...>) {
    constexpr std::size_t n = sizeof...(L);
    auto const first = picked(a.raw, b.raw, std::index_sequence<((L & D) == 0 ? L : n + L - D)...>{});
    auto const second = picked(a.raw, b.raw, std::index_sequence<((L & D) == 0 ? L + D : n + L)...>{});
    a = V(first);
    b = V(second);
}
template <std::size_t D, class V, std::size_t N>
TENON_INLINE void exchange_all(V (&rows)[N]) {
    for (std::size_t i = 0; i < N; ++i)
        if ((i & D) == 0) exchange_blocks<D>(rows[i], rows[i + D], std::make_index_sequence<N>{});
    if constexpr (2 * D < N) exchange_all<2 * D>(rows);
}
}  // namespace detail

/// Transposes N rows of N lanes in place, by exchanging ever greater blocks (Eklundh, 1972): N log₂ N shuffles. The lanes
/// fit one register.
template <class T, std::size_t N>
TENON_INLINE void transpose(pack<T, N> (&rows)[N]) {
    if constexpr (N > 1) detail::exchange_all<1>(rows);
}

}  // namespace tenon::inline TENON_TARGET::element
