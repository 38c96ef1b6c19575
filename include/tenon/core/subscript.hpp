// What stands between the brackets of x[…] and x(…): ranges of positions, whole axes, new axes, indices, masks.
#pragma once

#include <concepts>
#include <cstddef>
#include <stdexcept>
#include <type_traits>

#include <tenon/core/expression_concept.hpp>

namespace tenon::inline TENON_TARGET {

/// A whole axis: `x(tn::full_extent, 0)`, Python's `:`; as a bound of a range the end of the axis, Python's None.
inline constexpr struct full_extent_t {
} full_extent{};
/// A new axis of extent 1; numpy.newaxis.
inline constexpr struct newaxis_t {
} newaxis{};
/// As many whole axes as are left; Python's `...`.
inline constexpr struct ellipsis_t {
} ellipsis{};

/// A bound of a range: a position, which may count from the end, or `full_extent`.
struct range_bound {
    std::ptrdiff_t at = 0;
    bool open = true;
    constexpr range_bound(full_extent_t) {}
    template <std::integral I>
    constexpr range_bound(I i) : at(static_cast<std::ptrdiff_t>(i)), open(false) {}
};

/// Positions from start to before stop along an axis, as Python's slice(start, stop, step).
/// @tparam Unit whether the step is 1
template <bool Unit>
struct axis_range {
    static constexpr bool is_unit = Unit;
    range_bound start, stop;
    std::ptrdiff_t step = 1;

    struct part {
        std::ptrdiff_t first;
        std::size_t count;
    };
    /// What it takes of an axis: bounds outside are those of the axis.
    constexpr part cut(std::size_t extent) const {
        auto const n = static_cast<std::ptrdiff_t>(extent), by = Unit ? std::ptrdiff_t{1} : step;
        std::ptrdiff_t const low = by > 0 ? 0 : -1, high = by > 0 ? n : n - 1;
        auto const inside = [&](range_bound b, std::ptrdiff_t otherwise) {
            if (b.open) return otherwise;
            std::ptrdiff_t const i = b.at < 0 ? b.at + n : b.at;
            return i < low ? low : i > high ? high : i;
        };
        std::ptrdiff_t const first = inside(start, by > 0 ? low : high), last = inside(stop, by > 0 ? high : low);
        std::ptrdiff_t const distance = by > 0 ? last - first : first - last, stride = by > 0 ? by : -by;
        if (distance <= 0) return {0, 0};
        return {first, static_cast<std::size_t>((distance - 1) / stride + 1)};
    }
};

/// The positions start, start + 1, … before stop of an axis: `x[tn::range(2, n)]`. Either may count from the end or be `tn::full_extent`, and
/// what is outside the axis is cut off, as in Python's x[start:stop]. One bound is the stop.
constexpr axis_range<true> range(range_bound start, range_bound stop) { return {start, stop, 1}; }
constexpr axis_range<true> range(range_bound stop) { return {full_extent, stop, 1}; }
/// The same with a step, backwards where it is negative: `x[tn::range(tn::full_extent, tn::full_extent, -1)]` is x in reverse.
/// @throws std::invalid_argument for a step of 0
constexpr axis_range<false> range(range_bound start, range_bound stop, std::ptrdiff_t step) {
    if (step == 0) throw std::invalid_argument("range: the step is 0");
    return {start, stop, step == PTRDIFF_MIN ? PTRDIFF_MIN + 1 : step};
}

namespace detail {
template <class X>
inline constexpr bool is_axis_range = false;
template <bool Unit>
inline constexpr bool is_axis_range<axis_range<Unit>> = true;
template <class X>
inline constexpr bool is_position = std::integral<X> && !std::same_as<X, bool>;
}  // namespace detail

/// What a subscript may be beside a position: a range, `full_extent`, `newaxis`, `ellipsis`, or integers or bools of any shape.
template <class I>
concept subscript =
    detail::is_axis_range<std::remove_cvref_t<I>> || std::same_as<std::remove_cvref_t<I>, full_extent_t> ||
    std::same_as<std::remove_cvref_t<I>, newaxis_t> || std::same_as<std::remove_cvref_t<I>, ellipsis_t> ||
    (expression<I> && std::is_integral_v<value_t<I>>);
/// Subscripts and positions, not positions alone.
template <class... I>
concept subscript_list =
    (subscript<I> || ...) && ((subscript<I> || detail::is_position<std::remove_cvref_t<I>>) && ...);

/// Positions alone.
template <class... I>
concept positions = sizeof...(I) != 0 && (detail::is_position<std::remove_cvref_t<I>> && ...);

/// x[i…] as NumPy has it: expr/subscript.hpp.
template <class X, class... I>
constexpr auto at_subscripts(X&& x, I&&... i);

}  // namespace tenon::inline TENON_TARGET
