// Elements again and again: repeat, tile, repeat_interleave, and windows that slide along an axis.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

#include <tenon/core/to.hpp>
#include <tenon/expr/positions.hpp>
#include <tenon/op/cast.hpp>

namespace tenon::inline TENON_TARGET {

/// repeat needs a number for each axis at least; tile doesn't.
template <class Shape, std::size_t... Times>
struct cannot_repeat;
/// A window is larger than the axis that it slides along, or its step is 0.
template <std::ptrdiff_t Axis, std::size_t Size, std::size_t Step, class Shape>
struct cannot_unfold;

namespace detail {
/// Each extent of S, as the last ones of Rank, times its number.
template <class S, std::size_t... Times>
struct tiled_extents {
    static constexpr std::size_t given = sizeof...(Times), rank = given < S::rank() ? S::rank() : given;
    template <class E>
    static constexpr auto of(E const& s) {
        std::array<std::size_t, rank> all{};
        std::size_t const times[] = {Times..., 1};
        for (std::size_t a = 0; a != rank; ++a) {
            std::size_t const e = a + S::rank() < rank ? 1 : s[a + S::rank() - rank],
                              n = a + given < rank ? 1 : times[a + given - rank];
            all[a] = is_dynamic(e) ? dyn : e * n;
        }
        return all;
    }
    static constexpr auto value = of(S::static_extents);
    using type = shape_from<rank, tiled_extents>;
};
/// x with an axis in front of each of its axes.
template <std::size_t Axis, std::size_t Rank, class X>
constexpr auto along_new_axes(X&& x) {
    if constexpr (Axis == Rank) return as_node(std::forward<X>(x));
    else
        return along_new_axes<Axis + 1, Rank>(
            unsqueeze<static_cast<std::ptrdiff_t>(2 * Axis)>(as_node(std::forward<X>(x))));
}
template <std::size_t... Times, class X>
constexpr auto tiled(X&& x) {
    using s = shape_t<X>;
    using to = tiled_extents<s, Times...>;
    constexpr std::size_t given = sizeof...(Times);
    if constexpr (s::rank() < given) return tiled<Times...>(unsqueeze<0>(as_node(std::forward<X>(x))));
    else {
        auto const e = x.shape();
        auto const wide = along_new_axes<0, s::rank()>(std::forward<X>(x));
        return [&]<std::size_t... I>(std::index_sequence<I...>) {
            constexpr auto extents = [] {
                std::array<std::size_t, 2 * s::rank() + 1> all{};
                std::size_t const n[] = {Times..., 1};
                for (std::size_t i = 0; i != 2 * s::rank(); ++i)
                    all[i] = i % 2 == 1                  ? s::static_extents[i / 2]
                             : i / 2 + given < s::rank() ? 1
                                                         : n[i / 2 + given - s::rank()];
                return all;
            }();
            return reshape_to(broadcast_to<extents[I]...>(wide), typename to::type(to::of(e)));
        }(std::make_index_sequence<2 * s::rank()>{});
    }
}
}  // namespace detail

/// x Times times along each axis, one behind the other; more numbers than axes add axes in front. torch.Tensor.repeat. Compile error
/// `cannot_repeat`
template <std::size_t... Times, expression X>
constexpr auto repeat(X&& x) {
    if constexpr (sizeof...(Times) < shape_t<X>::rank()) return cannot_repeat<shape_t<X>, Times...>{};
    else return detail::tiled<Times...>(std::forward<X>(x));
}
/// The same, where fewer numbers than axes are for the last ones. torch.tile, numpy.tile
template <std::size_t... Times, expression X>
constexpr auto tile(X&& x) {
    return detail::tiled<Times...>(std::forward<X>(x));
}

/// Each part of x along an axis n times, one behind the other. torch.repeat_interleave, numpy.repeat
template <std::ptrdiff_t Axis, expression X>
constexpr auto repeat_interleave(X&& x, std::size_t n) {
    constexpr std::size_t rank = shape_t<X>::rank();
    if constexpr (!detail::axes_fit<rank, Axis>) return detail::wrong_axes<"repeat_interleave", shape_t<X>, Axis>{};
    else {
        std::array const count{x.shape()[axis_of(Axis, rank)] * n};
        detail::repeated_position const rule{n == 0 ? 1 : static_cast<std::int64_t>(n)};
        return index_select<Axis>(std::forward<X>(x), detail::positions_node(rule, shape<dyn>(count)));
    }
}
/// Each part along an axis as often as counts says, which has one number for each part; they are read at once, since the extent follows
/// from them. @throws shape_error for another number of counts, std::invalid_argument where one is negative
template <std::ptrdiff_t Axis, expression X, expression Counts>
    requires(std::is_integral_v<value_t<Counts>>)
auto repeat_interleave(X&& x, Counts const& counts) {
    constexpr std::size_t rank = shape_t<X>::rank();
    if constexpr (!detail::axes_fit<rank, Axis>) return detail::wrong_axes<"repeat_interleave", shape_t<X>, Axis>{};
    else {
        auto const n = to<cpu>(cast<std::int64_t>(counts));
        std::size_t const extent = x.shape()[axis_of(Axis, rank)];
        if (n.size() != extent && n.size() != 1)
            throw_shapes("repeat_interleave", to_string(x.shape()), to_string(n.shape()));
        std::vector<std::int64_t> each(extent, n.size() == 0 ? 0 : n.data()[0]);
        if (n.size() != 1) std::copy(n.begin(), n.end(), each.begin());
        std::size_t total = 0;
        for (std::int64_t const c : each) {
            if (c < 0) throw std::invalid_argument(text_of({"repeat_interleave: a count is ", c}));
            total += static_cast<std::size_t>(c);
        }
        tensor<std::int64_t, dyn> at(uninitialized, shape<dyn>(total));
        std::int64_t* next = at.data();
        for (std::size_t i = 0; i != extent; ++i) next = std::fill_n(next, each[i], static_cast<std::int64_t>(i));
        return index_select<Axis>(std::forward<X>(x), to<device_of_t<X>>(at));
    }
}
/// The elements in row-major order, each n times or as often as counts says.
template <expression X, class N>
    requires(std::is_integral_v<N> || (expression<N> && std::is_integral_v<value_t<N>>))
constexpr auto repeat_interleave(X&& x, N const& n) {
    if constexpr (expression<N>) return repeat_interleave<0>(flatten(as_node(std::forward<X>(x))), n);
    else return repeat_interleave<0>(flatten(as_node(std::forward<X>(x))), static_cast<std::size_t>(n));
}

/// The windows of Size elements along an axis, Step apart: y(…, i, …, j) = x(…, i·Step + j, …), whose last axis goes through a window.
/// torch.Tensor.unfold, numpy.lib.stride_tricks.sliding_window_view. Compile error `cannot_unfold`, or shape_error where only run time
/// can know
template <std::ptrdiff_t Axis, std::size_t Size, std::size_t Step, expression X>
constexpr auto unfold(X&& x) {
    using s = shape_t<X>;
    constexpr std::size_t axis = axis_of(Axis, s::rank()), n = s::static_extents[axis];
    if constexpr (s::rank() == 0 && (Axis == 0 || Axis == -1))
        return select<0>(unfold<0, Size, Step>(unsqueeze<0>(as_node(std::forward<X>(x)))), 0);
    else if constexpr (axis == s::rank()) return detail::wrong_axes<"unfold", s, Axis>{};
    else if constexpr (Step == 0 || (!is_dynamic(n) && Size > n)) return cannot_unfold<Axis, Size, Step, s>{};
    else {
        std::size_t const extent = x.shape()[axis];
        if (Size > extent) throw_shapes("unfold", to_string(x.shape()), to_string(shape<Size>()));
        constexpr std::size_t windows = is_dynamic(n) ? dyn : (n - Size) / Step + 1;
        shape<windows, Size> const of(std::array{(extent - Size) / Step + 1, Size});
        auto y = index_select<Axis>(
            std::forward<X>(x), detail::positions_node(detail::window_position{static_cast<std::int64_t>(Step)}, of));
        return [&]<std::size_t... I>(std::index_sequence<I...>) {
            constexpr std::size_t last = s::rank();
            return permute<(I == last ? static_cast<std::ptrdiff_t>(axis) + 1
                                      : static_cast<std::ptrdiff_t>(I <= axis ? I : I + 1))...>(std::move(y));
        }(std::make_index_sequence<s::rank() + 1>{});
    }
}

}  // namespace tenon::inline TENON_TARGET
