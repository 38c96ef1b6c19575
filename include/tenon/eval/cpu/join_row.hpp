// One row reduced to a value, in registers.
#pragma once

#include <algorithm>
#include <cstddef>
#include <type_traits>

#include <tenon/eval/cpu/wide_sum.hpp>
#include <tenon/expr/reduce.hpp>

namespace tenon::inline TENON_TARGET::eval {

namespace detail {
/// Whether a reduction's error grows with the number of elements: that of sums of floating point numbers.
template <class Op, class T>
inline constexpr bool adds_up =
    std::is_same_v<Op, op::sum> && (std::is_floating_point_v<element::real_t<T>> || element::is_dual<T>);

/// What a reduction makes of parts.
/// @tparam Long whether there may be many
template <class Op, class T, bool Long>
struct joined_parts {
    lane_t<T, 1> total = lane_t<T, 1>(Op::template identity<T>());
    TENON_INLINE constexpr void add(lane_t<T, 1> const& v) { total = Op::combine(total, v); }
    TENON_INLINE constexpr lane_t<T, 1> value() const { return total; }
};
template <class Op, class T>
    requires adds_up<Op, T>
struct joined_parts<Op, T, true> : wide_sum<T> {};
}  // namespace detail

/// Joins `load<N>(j)` for j in [0, length). Four packs in flight hide the latency of an addition; blocks of packs are joined among
/// themselves first, so that each lane of a sum gets no more terms than a part may have.
template <class Op, class T, std::size_t N, std::size_t Length, class Load>
TENON_INLINE constexpr lane_t<T, 1> join_row(std::size_t length, Load&& load) {
    constexpr std::size_t block = 4 * terms_in_part * N;
    // Runs of 16 additions are joined before they go on: equal terms round alike again and again, and 33 million tenths
    // came out 3.2 too great without. Other reductions don't round.
    constexpr std::size_t run = detail::adds_up<Op, T> ? 4 * 16 * N : block;
    detail::joined_parts<Op, T, (is_dynamic(Length) || Length > (N == 1 ? terms_in_part : block))> total;
    if constexpr (N > 1 && Length >= N) {
        TENON_AT_RUN_TIME {
            constexpr std::integral_constant<std::size_t, N> wide{};
            std::size_t j = 0;
            while (j + N <= length) {
                lane_t<T, N> a(Op::template identity<T>());
                std::size_t const stop = std::min(length, j + block);
                if constexpr (Length >= 4 * N)
                    while (stop - j >= 4 * N) {
                        std::size_t const end = std::min(stop, j + run);
                        lane_t<T, N> parts[4];
                        TENON_UNROLL for (std::size_t q = 0; q < 4; ++q) parts[q] =
                            lane_t<T, N>(Op::template identity<T>());
                        for (; j + 4 * N <= end; j += 4 * N)
                            TENON_UNROLL for (std::size_t q = 0; q < 4; ++q) parts[q] =
                                Op::combine(parts[q], load(wide, j + q * N));
                        a = Op::combine(a,
                                        Op::combine(Op::combine(parts[0], parts[1]), Op::combine(parts[2], parts[3])));
                    }
                if constexpr (Length % (4 * N) >= N || Length > block)
                    for (; j + N <= stop; j += N) a = Op::combine(a, load(wide, j));
                total.add(convert_lane<T>(Op::join(a)));
            }
            if constexpr (is_dynamic(Length) || Length % N != 0) {
                // A static tail has static bounds: g++ 12 warns of the loop above running on otherwise.
                if constexpr (!is_dynamic(Length)) j = Length / N * N;
                lane_t<T, 1> rest(Op::template identity<T>());
                for (; j < (is_dynamic(Length) ? length : Length); ++j)
                    rest = Op::combine(rest, convert_lane<T>(load(std::integral_constant<std::size_t, 1>{}, j)));
                total.add(rest);
            }
            return total.value();
        }
    }
    for (std::size_t j = 0; j != length; ++j)
        total.add(convert_lane<T>(load(std::integral_constant<std::size_t, 1>{}, j)));
    return total.value();
}

}  // namespace tenon::inline TENON_TARGET::eval
