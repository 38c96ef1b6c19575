// Sorting unsigned numbers by registers of 64 bytes, where the processor packs the lanes of a mask together (AVX-512): the partitions of
// a quicksort, and a network of exchanges between lanes for the last 128 or 64 numbers. Blacher, Giesen, Sanders and Wassenberg,
// "Vectorized and performance-portable quicksort", 2022.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#include <tenon/scalar/pack_vector.hpp>

#if defined(__AVX512F__) && !defined(__CUDACC__)
#define TENON_SORTS_BY_REGISTERS 1
#else
#define TENON_SORTS_BY_REGISTERS 0
#endif

namespace tenon::inline TENON_TARGET::detail {

/// Room that has to be behind numbers that quick_sort sorts: it reads what is there.
inline constexpr std::size_t sort_padding = 128;

#if TENON_SORTS_BY_REGISTERS

template <class E>
using sort_register = typename element::detail::vector<E, 64 / sizeof(E)>::type;

template <class E>
TENON_INLINE sort_register<E> read_lanes(E const* p) {
    sort_register<E> v;
    std::memcpy(&v, p, sizeof v);
    return v;
}
/// The lanes in which a < b, or a ≤ b.
template <bool OrEqual, class E>
TENON_INLINE unsigned lanes_below(sort_register<E> a, sort_register<E> b) {
    constexpr int predicate = OrEqual ? 2 : 1;
    if constexpr (sizeof(E) == 4) {
        using lanes = typename element::detail::vector<int, 16>::type;
        return __builtin_ia32_ucmpd512_mask(reinterpret_cast<lanes>(a), reinterpret_cast<lanes>(b), predicate,
                                            static_cast<unsigned short>(-1));
    } else {
        using lanes = typename element::detail::vector<long long, 8>::type;
        return __builtin_ia32_ucmpq512_mask(reinterpret_cast<lanes>(a), reinterpret_cast<lanes>(b), predicate,
                                            static_cast<unsigned char>(-1));
    }
}
/// Writes the first `count` lanes, fewer than there are.
template <class E>
TENON_INLINE void write_first(E* p, sort_register<E> v, std::size_t count) {
    if constexpr (sizeof(E) == 4) {
        using lanes = typename element::detail::vector<int, 16>::type;
        __builtin_ia32_storedqusi512_mask(reinterpret_cast<int*>(p), reinterpret_cast<lanes>(v),
                                          static_cast<unsigned short>((1U << count) - 1));
    } else {
        using lanes = typename element::detail::vector<long long, 8>::type;
        __builtin_ia32_storedqudi512_mask(reinterpret_cast<long long*>(p), reinterpret_cast<lanes>(v),
                                          static_cast<unsigned char>((1U << count) - 1));
    }
}
/// The lanes of a mask one after another.
template <class E>
TENON_INLINE sort_register<E> packed_lanes(sort_register<E> v, unsigned mask) {
    if constexpr (sizeof(E) == 4) {
        using lanes = typename element::detail::vector<int, 16>::type;
        return reinterpret_cast<sort_register<E>>(
            __builtin_ia32_compresssi512_mask(reinterpret_cast<lanes>(v), lanes{}, static_cast<unsigned short>(mask)));
    } else {
        using lanes = typename element::detail::vector<long long, 8>::type;
        return reinterpret_cast<sort_register<E>>(
            __builtin_ia32_compressdi512_mask(reinterpret_cast<lanes>(v), lanes{}, static_cast<unsigned char>(mask)));
    }
}
template <class E>
TENON_INLINE void write_lanes(E* p, sort_register<E> v) {
    std::memcpy(p, &v, sizeof v);
}
/// Moves the numbers below a pivot, or those not above it, to the front, in their order, and the others behind them.
/// @param beside room for n numbers and a register @return how many are at the front
template <bool OrEqual, class E>
[[gnu::noinline]] std::size_t partition_numbers(E* e, E* beside, std::size_t n, E pivot) {
    constexpr std::size_t lanes = 64 / sizeof(E);
    constexpr unsigned all = (1U << lanes) - 1;
    auto const pivots = pivot - sort_register<E>{};
    std::size_t front = 0, back = 0, i = 0;
    for (; i + lanes <= n; i += lanes) {
        auto const v = read_lanes(e + i);
        unsigned const below = lanes_below<OrEqual, E>(v, pivots);
        // A whole register each time: the front never passes what has been read.
        write_lanes(e + front, packed_lanes<E>(v, below));
        write_lanes(beside + back, packed_lanes<E>(v, below ^ all));
        auto const count = static_cast<std::size_t>(__builtin_popcount(below));
        front += count;
        back += lanes - count;
    }
    {
        auto const v = read_lanes(e + i);
        unsigned const left = (1U << (n - i)) - 1, below = lanes_below<OrEqual, E>(v, pivots) & left;
        auto const count = static_cast<std::size_t>(__builtin_popcount(below));
        write_first(e + front, packed_lanes<E>(v, below), count);
        write_lanes(beside + back, packed_lanes<E>(v, below ^ left));
        front += count;
    }
    E* const to = e + front;
    std::size_t k = 0;
    for (back = n - front; k + lanes <= back; k += lanes) write_lanes(to + k, read_lanes(beside + k));
    write_first(to + k, read_lanes(beside + k), back - k);
    return front;
}

/// Each lane's number or that of lane l ^ Distance: the lesser in the lower lane.
template <std::size_t Distance, class V, std::size_t... L>
TENON_INLINE V exchanged(V v, std::index_sequence<L...>) {
    V const other = element::detail::picked(v, v, std::index_sequence<(L ^ Distance)...>{});
    V const least = v < other ? v : other, greatest = v < other ? other : v;
    return element::detail::picked(least, greatest,
                                   std::index_sequence<(L < (L ^ Distance) ? L : L + sizeof...(L))...>{});
}
/// Sorts lanes of which the lower and the upper half of each block of 2·Distance are in order so that a merge is left.
template <std::size_t Distance, class V, class All>
TENON_INLINE V merged_lanes(V v, All all) {
    if constexpr (Distance == 0) return v;
    else return merged_lanes<Distance / 2>(exchanged<Distance>(v, all), all);
}
/// Sorts blocks of Block lanes, and those of twice as many, and so on.
template <std::size_t Block, class V, class All>
TENON_INLINE V sorted_lanes(V v, All all) {
    if constexpr (Block > All::size()) return v;
    else return sorted_lanes<2 * Block>(merged_lanes<Block / 4>(exchanged<Block - 1>(v, all), all), all);
}
template <class V, std::size_t... L>
TENON_INLINE V reversed_lanes(V v, std::index_sequence<L...>) {
    return element::detail::picked(v, v, std::index_sequence<(sizeof...(L) - 1 - L)...>{});
}
/// The lesser numbers of two registers in the first, the greater ones in the second.
template <class V>
TENON_INLINE void order_registers(V& a, V& b) {
    V const least = a < b ? a : b;
    b = a < b ? b : a;
    a = least;
}
/// Merges registers, of which each Width are in order, until all are: the second half of two is turned around, so that together they rise
/// and fall, and then exchanges over ever smaller distances put that in order (Batcher, 1968).
template <std::size_t Width, class V, std::size_t R, class All>
TENON_INLINE void merge_registers(V (&v)[R], All all) {
    if constexpr (Width < R) {
        for (std::size_t block = 0; block != R; block += 2 * Width) {
            V* const b = v + block;
            V turned[Width];
            for (std::size_t i = 0; i != Width; ++i) turned[i] = reversed_lanes(b[2 * Width - 1 - i], all);
            for (std::size_t i = 0; i != Width; ++i) {
                order_registers(b[i], turned[i]);
                b[Width + i] = turned[i];
            }
            for (std::size_t distance = Width / 2; distance != 0; distance /= 2)
                for (std::size_t i = 0; i != 2 * Width; ++i)
                    if ((i & distance) == 0) order_registers(b[i], b[i + distance]);
        }
        for (std::size_t i = 0; i != R; ++i) v[i] = merged_lanes<All::size() / 2>(v[i], all);
        merge_registers<2 * Width>(v, all);
    }
}
/// Sorts n numbers in R registers. Lanes behind them hold what sorts to the end, and are not written back.
template <std::size_t R, class E>
[[gnu::noinline]] void sort_in_registers(E* e, std::size_t n) {
    constexpr std::size_t lanes = 64 / sizeof(E);
    using V = sort_register<E>;
    using all = std::make_index_sequence<lanes>;
    auto const numbered = []<std::size_t... L>(std::index_sequence<L...>) { return V{static_cast<E>(L)...}; }(all{});
    V const most = static_cast<E>(-1) - V{};
    V v[R];
    for (std::size_t r = 0; r != R; ++r) {
        auto const left = static_cast<E>(n < r * lanes ? 0 : n - r * lanes) - V{};
        v[r] = sorted_lanes<2>(numbered < left ? read_lanes(e + r * lanes) : most, all{});
    }
    merge_registers<1>(v, all{});
    for (std::size_t r = 0; r != R; ++r) {
        if (n >= (r + 1) * lanes) write_lanes(e + r * lanes, v[r]);
        else if (n > r * lanes) write_first(e + r * lanes, v[r], n - r * lanes);
    }
}
template <class E>
TENON_INLINE E median_of_three(E a, E b, E c) {
    return std::max(std::min(a, b), std::min(std::max(a, b), c));
}
/// About the middle of n numbers: the median of the medians of three times three.
template <class E>
TENON_INLINE E pivot_of(E const* e, std::size_t n) {
    std::size_t const step = n / 9;
    auto const three = [=](std::size_t k) {
        return median_of_three(e[k * step], e[(k + 1) * step], e[(k + 2) * step]);
    };
    return median_of_three(three(0), three(3), three(6));
}
/// Sorts n numbers. A partition that leaves most on one side costs a try; without any left, what is there is sorted otherwise.
/// @param beside room for n numbers; both have `sort_padding` more behind them @param otherwise(e, n) sorts where pivots fail
template <class E, class F>
void quick_sort(E* e, E* beside, std::size_t n, unsigned tries, F const& otherwise) {
    constexpr std::size_t lanes = 64 / sizeof(E);
    while (n > 8 * lanes) {
        if (tries == 0) return otherwise(e, n);
        E const pivot = pivot_of(e, n);
        std::size_t front = partition_numbers<false>(e, beside, n, pivot);
        if (front == 0) {
            // None is less than the pivot: those that equal it are where they belong.
            front = partition_numbers<true>(e, beside, n, pivot);
            if (front < n / 16) --tries;
        } else {
            if (front < n / 16 || n - front < n / 16) --tries;
            quick_sort(e, beside, front, tries, otherwise);
        }
        e += front;
        n -= front;
    }
    if (n <= 2 * lanes) sort_in_registers<2>(e, n);
    else if (n <= 4 * lanes) sort_in_registers<4>(e, n);
    else sort_in_registers<8>(e, n);
}

#endif

}  // namespace tenon::inline TENON_TARGET::detail
