// Sorting and selecting: keys, unsigned numbers in the order of elements, and what sorts and ranks them. Nothing here knows a shape.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>

#include <tenon/base/parallel.hpp>
#include <tenon/core/workspace.hpp>
#include <tenon/expr/quick_sort.hpp>
#include <tenon/scalar/dual.hpp>

namespace tenon::inline TENON_TARGET::detail {

template <class T>
struct sorted_type {
    using type = T;
};
template <element::is_dual T>
struct sorted_type<T> {
    using type = typename T::value_type;
};
/// Refuses elements that have no order.
template <class T>
constexpr void check_order() {
    static_assert(!element::is_complex<T>,
                  "complex numbers have no order: sort, rank and choose by real(z), imag(z) or abs(z)");
}
/// What decides an element's place: a dual number's value.
template <class T>
using sorted_t = typename sorted_type<T>::type;
/// The unsigned number that has an element's bits.
template <class T>
using bits_t = std::conditional_t<
    sizeof(T) == 8, std::uint64_t,
    std::conditional_t<sizeof(T) == 4, std::uint32_t, std::conditional_t<sizeof(T) == 2, std::uint16_t, std::uint8_t>>>;
template <class T>
using sort_key_t = std::conditional_t<sizeof(sorted_t<T>) == 8, std::uint64_t, std::uint32_t>;

/// The bits of elements in which T's keys differ.
template <class T>
inline constexpr unsigned key_bits = 8 * sizeof(sorted_t<T>);
template <class T>
inline constexpr bool has_nan = std::is_floating_point_v<sorted_t<T>> || element::narrow<sorted_t<T>>;
template <class T>
inline constexpr auto sign_bit = static_cast<bits_t<T>>(bits_t<T>(1) << (8 * sizeof(T) - 1));
/// The bits of T's infinity: those of a NaN without its sign are greater.
template <class T>
constexpr bits_t<T> infinite_bits() {
    if constexpr (std::is_same_v<T, double>) return 0x7FF0'0000'0000'0000U;
    else if constexpr (std::is_same_v<T, float>) return 0x7F80'0000U;
    else return static_cast<bits_t<T>>(((1U << T::exponent_bits) - 1) << T::fraction_bits);
}
/// The key of all NaNs: the greatest.
template <class T>
inline constexpr sort_key_t<T> nan_key = static_cast<bits_t<sorted_t<T>>>(-1);

/// An element's key: keys are in the order of the elements, all NaNs have the greatest, and both zeros have one.
template <class T>
TENON_INLINE sort_key_t<T> order_key(T const& x) {
    if constexpr (element::is_dual<T>) return order_key(x.value);
    else {
        using bits = bits_t<T>;
        auto const b = __builtin_bit_cast(bits, x);
        if constexpr (std::is_floating_point_v<T> || element::narrow<T>) {
            constexpr bits sign = sign_bit<T>;
            auto const size = static_cast<bits>(b & static_cast<bits>(~sign));
            auto const flipped =
                static_cast<bits>((b & sign) != 0 ? static_cast<bits>(~b) : static_cast<bits>(b | sign));
            bits const ordered = size == 0 ? sign : flipped;
            return size > infinite_bits<T>() ? nan_key<T> : ordered;
        } else if constexpr (std::is_signed_v<T>) return static_cast<bits>(b ^ sign_bit<T>);
        else return b;
    }
}
/// The element that has a key.
template <class T>
TENON_INLINE T of_order_key(sort_key_t<T> key) {
    using bits = bits_t<T>;
    auto k = static_cast<bits>(key);
    if constexpr (std::is_floating_point_v<T> || element::narrow<T>)
        k = static_cast<bits>((k & sign_bit<T>) != 0 ? static_cast<bits>(k ^ sign_bit<T>) : static_cast<bits>(~k));
    else if constexpr (std::is_signed_v<T>) k = static_cast<bits>(k ^ sign_bit<T>);
    return __builtin_bit_cast(T, k);
}

/// The upper 32 bits of a key, and below them its position: numbers in the order of both.
template <class T>
TENON_INLINE std::uint64_t keyed(sort_key_t<T> key, std::size_t position) {
    if constexpr (sizeof(key) == 8) return (key & 0xFFFF'FFFF'0000'0000U) | position;
    else return std::uint64_t{key} << 32 | position;
}
TENON_INLINE std::size_t position_of(std::uint64_t e) { return e & 0xFFFF'FFFFU; }

/// One pass of a radix sort: elements move to where those of their digit belong, in their order.
/// @param begin where each digit's elements begin; then where they end
template <class E>
[[gnu::noinline]] void move_by_digit(E const* from, E* to, std::size_t n, unsigned shift, std::uint32_t mask,
                                     std::uint32_t* begin) {
    for (std::size_t i = 0; i != n; ++i) {
        E const e = from[i];
        to[begin[static_cast<std::uint32_t>(e >> shift) & mask]++] = e;
    }
}
/// Sorts numbers by the bits from `first` to `last`, stably, by moving them to the places of their digits.
/// @return where the sorted numbers are, e or beside
template <class E>
[[gnu::noinline]] E* radix_sort(E* e, E* beside, std::size_t n, unsigned first, unsigned last) {
    // Of many elements 2048 counters are few, and their passes fewer; more than 2048 places to write to leave the nearest cache.
    unsigned const width = n < 4096 ? 8 : 11;
    unsigned const passes = (last - first + width - 1) / width;
    auto const mask = (std::uint32_t{1} << width) - 1;
    buffer<std::uint32_t, dyn> counters;
    counters.reserve_zeros(std::size_t{passes} << width);
    for (std::size_t i = 0; i != n; ++i) {
        E key = e[i] >> first;
        std::uint32_t* count = counters.data();
        for (unsigned p = 0; p != passes; ++p, count += mask + 1, key >>= width)
            ++count[static_cast<std::uint32_t>(key) & mask];
    }
    for (unsigned p = 0; p != passes; ++p) {
        std::uint32_t* const count = counters.data() + (std::size_t{p} << width);
        unsigned const shift = first + p * width;
        if (count[static_cast<std::uint32_t>(e[0] >> shift) & mask] == n) continue;
        std::uint32_t begin = 0;
        for (std::uint32_t d = 0; d <= mask; ++d) begin += std::exchange(count[d], begin);
        move_by_digit(e, beside, n, shift, mask, count);
        std::swap(e, beside);
    }
    return e;
}
/// Sorts numbers by their bits from `first` on, of which those from `last` on are 0; what is below `first` is in order already, or a
/// position that keeps it in order. 10⁶ floats take a twelfth of the time that std::sort takes where quick_sort can be used, else a
/// fifth. @param beside room for n numbers; both have sort_padding more behind them @return where the sorted numbers are, e or beside
template <class E>
E* sort_keys(E* e, E* beside, std::size_t n, unsigned first, unsigned last) {
#if TENON_SORTS_BY_REGISTERS
    if (last - first > 16 || n < 256) {
        unsigned tries = 16;
        quick_sort(e, beside, n, tries, [=](E* part, std::size_t count) {
            E const* const sorted = radix_sort(part, beside, count, first, last);
            if (sorted != part) std::copy_n(sorted, count, part);
        });
        return e;
    }
#else
    if (n < 48) {
        for (std::size_t i = 1; i < n; ++i) {
            E const x = e[i];
            std::size_t k = i;
            for (; k != 0 && e[k - 1] > x; --k) e[k] = e[k - 1];
            e[k] = x;
        }
        return e;
    }
#endif
    return radix_sort(e, beside, n, first, last);
}
/// Sorts positions with the upper parts of their keys, and those whose upper parts are equal by what is below: `keyed` numbers.
/// @param key_at the key at a position @param beside as for sort_keys @return where the sorted numbers are, e or beside
template <class T, class F>
std::uint64_t* sort_positions(std::uint64_t* e, std::uint64_t* beside, std::size_t n, F const& key_at) {
    std::uint64_t* const sorted = sort_keys(e, beside, n, 32, 32 + std::min(key_bits<T>, 32U));
    if constexpr (sizeof(sort_key_t<T>) == 8) {
        std::uint64_t* const spare = sorted == e ? beside : e;
        for (std::size_t i = 0; i < n;) {
            std::size_t end = i + 1;
            while (end < n && sorted[end] >> 32 == sorted[i] >> 32) ++end;
            if (end - i > 1) {
                for (std::size_t k = i; k != end; ++k)
                    sorted[k] = std::uint64_t{key_at(position_of(sorted[k]))} << 32 | position_of(sorted[k]);
                std::uint64_t const* const part = sort_keys(sorted + i, spare, end - i, 32, 64);
                if (part != sorted + i) std::copy_n(part, end - i, sorted + i);
            }
            i = end;
        }
    }
    return sorted;
}
/// Memory for n numbers that are sorted.
template <class E>
struct sort_room {
    buffer<E, dyn> numbers;
    explicit sort_room(std::size_t n) { numbers.reserve(n + sort_padding); }
    E* data() { return numbers.data(); }
};

/// A rank's key, and how many keys are less.
template <class K>
struct ranked_key {
    K key;
    std::size_t less;
};
/// The key of rank k, counted from 0, of n keys: the digit in which it lies by counting, then the next digit of those that have it.
/// @param bits how many bits keys have @param beside room for n keys
template <class K>
[[gnu::noinline]] ranked_key<K> select_key(K const* keys, K* beside, std::size_t n, std::size_t k, unsigned bits) {
    constexpr unsigned width = 11, copies = 4;
    std::size_t less = 0;
    unsigned left = bits;
    while (n > 256 && left != 0) {
        unsigned const digit = std::min(left, width), shift = left - digit;
        auto const mask = (std::uint32_t{1} << digit) - 1;
        // Neighbours often share a digit; counters of their own spare one the wait for the other.
        std::uint32_t count[copies][1 << width] = {};
        std::size_t i = 0;
        for (; i + copies <= n; i += copies)
            for (unsigned c = 0; c != copies; ++c) ++count[c][static_cast<std::uint32_t>(keys[i + c] >> shift) & mask];
        for (; i != n; ++i) ++count[0][static_cast<std::uint32_t>(keys[i] >> shift) & mask];
        std::uint32_t d = 0;
        for (;; ++d) {
            std::size_t const here = std::size_t{count[0][d]} + count[1][d] + count[2][d] + count[3][d];
            if (k < here) break;
            k -= here;
            less += here;
        }
        std::size_t m = 0;
        for (i = 0; i != n; ++i) {
            beside[m] = keys[i];
            m += (static_cast<std::uint32_t>(keys[i] >> shift) & mask) == d;
        }
        keys = beside;
        n = m;
        left = shift;
    }
    if (left == 0) return {keys[0], less};
    K few[256 + sort_padding] = {}, more[256 + sort_padding];
    std::copy_n(keys, n, few);
    K const* const sorted = detail::sort_keys(few, more, n, 0, bits);
    std::size_t first = k;
    while (first != 0 && sorted[first - 1] == sorted[k]) --first;
    return {sorted[k], less + first};
}

TENON_ON_USE
[[noreturn, gnu::noinline, gnu::cold]] void throw_too_long(char const* what, std::size_t n) {
    throw shape_error(text_of({what, ": ", n, " elements are more than 2^32 - 1, the most that are put in order"}));
}

/// Calls f(first element, distance) for each vector along an axis, on several threads where that is worth it.
template <class F>
void for_each_vector(char const* what, axis_extents const& e, F const& f) {
    if (e.along > 0xFFFF'FFFFU) throw_too_long(what, e.along);
    std::size_t const count = e.before * e.after;
    for_each_part(count, 1, count * e.along / 32'768, [&](std::size_t first, std::size_t last) {
        for (std::size_t v = first; v != last; ++v) f(v / e.after * e.along * e.after + v % e.after, e.after);
    });
}

}  // namespace tenon::inline TENON_TARGET::detail
