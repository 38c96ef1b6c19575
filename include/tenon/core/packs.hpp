// How loops go along rows of elements: in packs, and then the rest.
#pragma once

#include <bit>
#include <cstddef>
#include <type_traits>

#include <tenon/core/shape.hpp>
#include <tenon/scalar/dual.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// Bytes of an element in a loop's registers; duals go one at a time, complex numbers have a register for each part.
template <class T>
inline constexpr std::size_t lane_bytes = element::is_dual<T>       ? TENON_VECTOR_BYTES
                                          : element::is_complex<T>  ? sizeof(element::real_t<T>)
                                          : std::is_same_v<T, bool> ? 1
                                                                    : sizeof(element::computed_t<T>);

/// How a loop goes along a row: in packs of Lanes elements, and then the rest.
/// @tparam Length how many elements are in whole packs, or `dyn`
/// @tparam Rest how many are left over, or `dyn`
template <std::size_t Lanes, std::size_t Length, std::size_t Rest>
struct packs {
    static constexpr std::size_t lanes = Lanes, rest = Rest;
    /// Where the packs end that begin at j, in a row that ends at `last`.
    TENON_INLINE static constexpr std::size_t end(std::size_t j, std::size_t last) {
        return is_dynamic(Length) ? last - (last - j) % Lanes : j + Length;
    }
    /// How the rest goes: in halves, so that 10 elements with 8 lanes go 8 + 2. Where its length is not static it goes one by
    /// one, which keeps the code small.
    static constexpr std::size_t half = is_dynamic(Rest) ? 1 : std::bit_floor(Rest);
    using tail = packs<half, is_dynamic(Rest) ? dyn : half, is_dynamic(Rest) ? 0 : Rest - half>;
};
/// One element after another.
using one_by_one = packs<1, dyn, 0>;
/// With at most N lanes along Length elements, or `dyn`.
template <std::size_t N, std::size_t Length, std::size_t Lanes = Length < N ? std::bit_floor(Length | 1) : N>
using packs_along = packs<Lanes, is_dynamic(Length) ? dyn : Length / Lanes * Lanes,
                          is_dynamic(Length) ? (Lanes == 1 ? 0 : dyn) : Length % Lanes>;
/// The same in a function that rows of all lengths share whose rest is the same.
template <std::size_t N, std::size_t Length>
using packs_of_long_row = packs<N, dyn, packs_along<N, Length>::rest>;

/// Calls `f(integral_constant<n>{}, j)` for the packs of n elements from j to `last`.
template <class Packs, class F>
TENON_INLINE constexpr void for_each_of(std::size_t j, std::size_t last, F const& f) {
    for (std::size_t const end = Packs::end(j, last); j < end; j += Packs::lanes)
        f(std::integral_constant<std::size_t, Packs::lanes>{}, j);
    if constexpr (Packs::rest != 0) for_each_of<typename Packs::tail>(j, last, f);
}
/// The same along a row of Length elements, or `dyn`, with at most N at a time. The loops stand here and not in a call, since the
/// compiler makes a copy of all of `f` at each level of inlined functions.
template <std::size_t N, std::size_t Length, class F>
TENON_INLINE constexpr void for_each_pack(std::size_t length, F const& f) {
    using along = packs_along<N, Length>;
    std::size_t j = 0;
    TENON_AT_RUN_TIME {
        for (std::size_t const end = along::end(0, length); j < end; j += along::lanes)
            f(std::integral_constant<std::size_t, along::lanes>{}, j);
        if constexpr (along::rest == 0) return;
        else if constexpr (!is_dynamic(along::rest)) return for_each_of<typename along::tail>(j, length, f);
    }
    for (; j < length; ++j) f(std::integral_constant<std::size_t, 1>{}, j);
}

}  // namespace tenon::inline TENON_TARGET::eval
