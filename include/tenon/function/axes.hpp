// Axes moved, swapped, added and stretched, by NumPy's and PyTorch's names.
#pragma once

#include <array>
#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

#include <tenon/expr/picked.hpp>

namespace tenon::inline TENON_TARGET {

namespace detail {
template <class X>
constexpr auto list_of_axes(X x) {
    if constexpr (std::is_integral_v<X>) return std::array{static_cast<std::ptrdiff_t>(x)};
    else {
        std::array<std::ptrdiff_t, std::tuple_size_v<X>> all{};
        for (std::size_t i = 0; i != all.size(); ++i) all[i] = static_cast<std::ptrdiff_t>(x[i]);
        return all;
    }
}
template <std::size_t N>
constexpr bool are_axes(std::array<std::ptrdiff_t, N> const& list, std::size_t rank) {
    for (std::size_t i = 0; i != N; ++i) {
        if (axis_of(list[i], rank) == rank) return false;
        for (std::size_t j = 0; j != i; ++j)
            if (axis_of(list[i], rank) == axis_of(list[j], rank)) return false;
    }
    return true;
}
/// Where each axis of the result comes from.
template <std::size_t Rank, auto From, auto To>
inline constexpr auto moved_axes = [] {
    std::array<std::size_t, Rank + 1> order{};
    std::array<bool, Rank + 1> taken{}, filled{};
    for (std::size_t i = 0; i != From.size(); ++i) {
        std::size_t const from = axis_of(From[i], Rank), to = axis_of(To[i], Rank);
        order[to] = from;
        taken[from] = filled[to] = true;
    }
    std::size_t next = 0;
    for (std::size_t o = 0; o != Rank; ++o) {
        if (filled[o]) continue;
        while (taken[next]) ++next;
        order[o] = next++;
    }
    return order;
}();
/// The view of x with its axes in an order, which can be assigned to where x can.
template <auto const& Order, class X>
constexpr auto permuted(X&& x) {
    return [&]<std::size_t... A>(std::index_sequence<A...>) {
        return permute<static_cast<std::ptrdiff_t>(Order[A])...>(std::forward<X>(x));
    }(std::make_index_sequence<shape_t<X>::rank()>{});
}
}  // namespace detail

/// x with axis From at place To, the others in their order: `movedim<0, -1>(x)`, or several: `movedim<std::array{0, 1}, std::array{2, 0}>(x)`.
/// A view. Compile error `no_such_axis`; torch.movedim
template <auto From, auto To, expression X>
constexpr auto movedim(X&& x) {
    constexpr std::size_t rank = shape_t<X>::rank();
    constexpr auto from = detail::list_of_axes(From), to = detail::list_of_axes(To);
    static_assert(from.size() == to.size(), "movedim: as many places as axes");
    if constexpr (!detail::are_axes(from, rank)) return no_such_axis<"movedim", from[0], shape_t<X>>{};
    else if constexpr (!detail::are_axes(to, rank)) return no_such_axis<"movedim", to[0], shape_t<X>>{};
    else return detail::permuted<detail::moved_axes<rank, from, to>>(std::forward<X>(x));
}
/// movedim by NumPy's name.
template <auto From, auto To, expression X>
constexpr auto moveaxis(X&& x) {
    return movedim<From, To>(std::forward<X>(x));
}
/// transpose<I, J> by NumPy's name; torch.swapaxes
template <std::ptrdiff_t I, std::ptrdiff_t J, expression X>
constexpr auto swapaxes(X&& x) {
    return transpose<I, J>(std::forward<X>(x));
}

/// A vector of what has no axes; else x itself. torch.atleast_1d
template <expression X>
constexpr auto atleast_1d(X&& x) {
    if constexpr (shape_t<X>::rank() == 0) return unsqueeze<0>(std::forward<X>(x));
    else return detail::view_of<X>(as_node(std::forward<X>(x)));
}
/// A matrix, of a vector as its row; else x itself. torch.atleast_2d
template <expression X>
constexpr auto atleast_2d(X&& x) {
    if constexpr (shape_t<X>::rank() < 2) return unsqueeze<0>(atleast_1d(std::forward<X>(x)));
    else return detail::view_of<X>(as_node(std::forward<X>(x)));
}
/// Three axes at least: [1, n, 1] of a vector, [m, n, 1] of a matrix. torch.atleast_3d
template <expression X>
constexpr auto atleast_3d(X&& x) {
    if constexpr (shape_t<X>::rank() < 3) return unsqueeze<2>(atleast_2d(std::forward<X>(x)));
    else return detail::view_of<X>(as_node(std::forward<X>(x)));
}

/// x stretched to extents, where -1 keeps x's; torch.Tensor.expand
template <auto... E, expression X>
constexpr auto expand(X&& x) {
    return broadcast_to<E...>(std::forward<X>(x));
}
/// x stretched to the shape of another; torch.Tensor.expand_as
template <expression X, expression Y>
constexpr auto expand_as(X&& x, Y const& y) {
    return detail::stretched_to(y.shape(), std::forward<X>(x));
}
/// The operands, all stretched to the shape that they have in common, as a tuple. Compile error `cannot_broadcast`, or shape_error where
/// only run time can know; torch.broadcast_tensors
template <expression... X>
constexpr auto broadcast_tensors(X&&... x) {
    if constexpr (!broadcast_all<shape_t<X>...>::fits)
        return typename broadcast_conflict<op::stretched, shape_t<X>...>::type{};
    else {
        auto const s = broadcast_shapes("broadcast_tensors", x.shape()...);
        return std::tuple(detail::stretched_to(s, std::forward<X>(x))...);
    }
}

namespace detail {
/// A part of known length along an axis, from a position that is known at run time.
template <std::size_t Axis, std::size_t Length>
struct narrow_view : identity_view {
    std::ptrdiff_t from = 0;
    template <class S>
    static constexpr auto extents() {
        auto e = identity_view::extents<S>();
        e[Axis] = Length;
        return e;
    }
    template <class S>
    constexpr auto shape(S const& s) const {
        auto const n = static_cast<std::ptrdiff_t>(s[Axis]), first = from < 0 ? from + n : from;
        if (first < 0 || first + static_cast<std::ptrdiff_t>(Length) > n)
            throw index_error(text_of(
                {"narrow: ", Length, " elements from ", from, " on are not in axis ", Axis, " of ", to_string(s)}));
        auto all = s.extents();
        all[Axis] = Length;
        return view_shape<narrow_view, S>(all);
    }
    template <class S>
    constexpr auto start(S const& s) const {
        std::array<std::ptrdiff_t, S::rank()> r{};
        r[Axis] = from < 0 ? from + static_cast<std::ptrdiff_t>(s[Axis]) : from;
        return r;
    }
};
}  // namespace detail

/// Length elements along an axis from a position on that is known at run time and may count from the end; a view. torch.narrow
/// @throws index_error where they aren't all there
template <std::ptrdiff_t Axis, std::size_t Length, expression X>
constexpr auto narrow(X&& x, std::ptrdiff_t start) {
    constexpr std::size_t rank = shape_t<X>::rank();
    if constexpr (!detail::axes_fit<rank, Axis>) return detail::wrong_axes<"narrow", shape_t<X>, Axis>{};
    else return make_view(detail::narrow_view<axis_of(Axis, rank), Length>{{}, start}, std::forward<X>(x));
}
/// The same for a length that is known at run time too.
template <std::ptrdiff_t Axis, expression X>
constexpr auto narrow(X&& x, std::ptrdiff_t start, std::size_t length) {
    constexpr std::size_t rank = shape_t<X>::rank(), axis = axis_of(Axis, rank);
    if constexpr (!detail::axes_fit<rank, Axis>) return detail::wrong_axes<"narrow", shape_t<X>, Axis>{};
    else {
        auto const n = static_cast<std::ptrdiff_t>(x.shape()[axis]), first = start < 0 ? start + n : start,
                   last = first + static_cast<std::ptrdiff_t>(length);
        if (first < 0 || last < first || last > n)
            throw index_error(text_of({"narrow: ", length, " elements from ", start, " on are not in axis ", axis,
                                       " of ", to_string(x.shape())}));
        return make_view(detail::range_view<axis, true>{{}, range(first, last)}, std::forward<X>(x));
    }
}

}  // namespace tenon::inline TENON_TARGET
