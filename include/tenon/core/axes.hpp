// Axes that an operation names: whether its operand has them, and what is returned where it has not.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <type_traits>

#include <tenon/base/error.hpp>
#include <tenon/core/shape.hpp>

namespace tenon::inline TENON_TARGET {
namespace detail {

/// The first of axes that a rank has not; 0 where there is none.
constexpr std::ptrdiff_t missing_axis(std::size_t rank, std::initializer_list<std::ptrdiff_t> axes) {
    for (std::ptrdiff_t const a : axes)
        if (axis_of(a, rank) == rank) return a;
    return 0;
}
constexpr bool all_different(std::size_t rank, std::initializer_list<std::ptrdiff_t> axes) {
    for (auto i = axes.begin(); i != axes.end(); ++i)
        for (auto j = axes.begin(); j != i; ++j)
            if (axis_of(*i, rank) == axis_of(*j, rank)) return false;
    return true;
}
/// Whether a rank has these axes and they are different. Every operation asks first; behind that `axis_of` is in range.
template <std::size_t Rank, std::ptrdiff_t... Axes>
inline constexpr bool axes_fit =
    ((axis_of(Axes, Rank) != Rank) && ...) && (sizeof...(Axes) < 2 || all_different(Rank, {Axes...}));

template <operation_name Operation, class S, std::ptrdiff_t... Axes>
constexpr auto refused_axes() {
    constexpr std::size_t rank = S::rank();
    if constexpr (((axis_of(Axes, rank) == rank) || ...))
        return std::type_identity<no_such_axis<Operation, missing_axis(rank, {Axes...}), S>>{};
    else return std::type_identity<axis_named_twice<Operation, S, Axes...>>{};
}
/// What an operation returns whose axes do not fit: a type that does not exist.
template <operation_name Operation, class S, std::ptrdiff_t... Axes>
using wrong_axes = typename decltype(refused_axes<Operation, S, Axes...>())::type;

}  // namespace detail
}  // namespace tenon::inline TENON_TARGET
