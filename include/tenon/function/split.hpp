// Tensors cut along an axis: split, chunk, unbind.
#pragma once

#include <array>
#include <cstddef>
#include <tuple>
#include <utility>

#include <tenon/expr/view.hpp>
#include <tenon/function/statistics.hpp>

namespace tenon::inline TENON_TARGET {

/// Parts that do not add up to the extent of the axis that they divide.
template <std::size_t Extent, std::size_t... Sizes>
struct cannot_split;

namespace detail {
/// The places where Parts parts of an axis begin, and where the last one ends: all of one size, the last one what is left.
template <std::size_t Parts>
constexpr std::array<std::size_t, Parts + 1> bounds_of_parts(std::size_t size, std::size_t extent) {
    std::array<std::size_t, Parts + 1> at{};
    for (std::size_t i = 0; i <= Parts; ++i) at[i] = i * size < extent ? i * size : extent;
    return at;
}
template <class... Sizes>
constexpr std::array<std::size_t, sizeof...(Sizes) + 1> bounds_of_sizes(Sizes... sizes) {
    std::array<std::size_t, sizeof...(Sizes) + 1> at{0, sizes...};
    for (std::size_t i = 1; i < at.size(); ++i) at[i] += at[i - 1];
    return at;
}
/// What parts are views of: a tensor that can be written to, or else a node.
template <class A>
constexpr decltype(auto) parted(A&& x) {
    if constexpr (writes_through<A>) return static_cast<std::remove_reference_t<A>&>(x);
    else return reused(std::forward<A>(x));
}
/// Slices of x along an axis between the bounds in an array.
template <std::size_t Axis, auto Bounds, class A>
constexpr auto slices(A&& x) {
    auto&& whole = parted(std::forward<A>(x));
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
        return std::tuple(slice<static_cast<std::ptrdiff_t>(Axis), static_cast<std::ptrdiff_t>(Bounds[I]),
                                static_cast<std::ptrdiff_t>(Bounds[I + 1])>(whole)...);
    }(std::make_index_sequence<Bounds.size() - 1>{});
}
}  // namespace detail

/// x along an axis in parts of the given sizes, as a tuple: `auto [a, b] = split<1, 2, 3>(x)`. One size stands for as many
/// parts of it as there are, of which the last one may be smaller; the axis's extent has to be static then. A computation
/// is done once for all parts. Compile error `cannot_split`, or shape_error where only run time can know, if several sizes do
/// not add up to the extent; torch.split.
template <std::ptrdiff_t Axis, std::size_t... Sizes, expression A>
constexpr auto split(A&& x) {
    static_assert(sizeof...(Sizes) != 0 && ((Sizes != 0) || ...), "split: say how large the parts are");
    using s = shape_t<A>;
    constexpr std::size_t axis = axis_of(Axis, s::rank()), extent = s::static_extents[axis], sum = (Sizes + ... + 0);
    if constexpr (axis == s::rank()) return no_such_axis<"split", Axis, s>{};
    else if constexpr (sizeof...(Sizes) == 1) {
        static_assert(!is_dynamic(extent), "split: the number of parts has to be known; give all their sizes");
        constexpr std::size_t parts = extent == 0 ? 1 : (extent + sum - 1) / sum;
        return detail::slices<axis, detail::bounds_of_parts<parts>(sum, extent)>(std::forward<A>(x));
    } else if constexpr (!is_dynamic(extent) && extent != sum) return cannot_split<extent, Sizes...>{};
    else {
        if (x.shape()[axis] != sum) throw_shapes("split", to_string(x.shape()), to_string(shape<Sizes...>()));
        return detail::slices<axis, detail::bounds_of_sizes(Sizes...)>(std::forward<A>(x));
    }
}

/// x along an axis in Parts parts of one size, as a tuple, the last one smaller where that does not divide the extent; fewer
/// parts where they would be empty: `auto [q, k, v] = chunk<3, -1>(x)`. The axis's extent has to be static. A computation is
/// done once for all parts; torch.chunk.
template <std::size_t Parts, std::ptrdiff_t Axis = 0, expression A>
constexpr auto chunk(A&& x) {
    static_assert(Parts != 0, "chunk: into one part at least");
    using s = shape_t<A>;
    constexpr std::size_t axis = axis_of(Axis, s::rank()), extent = s::static_extents[axis];
    if constexpr (axis == s::rank()) return no_such_axis<"chunk", Axis, s>{};
    else {
        static_assert(!is_dynamic(extent), "chunk: the axis's extent has to be known when the program is compiled");
        constexpr std::size_t size = extent == 0 ? 1 : (extent + Parts - 1) / Parts,
                              parts = extent == 0 ? Parts : (extent + size - 1) / size;
        return detail::slices<axis, detail::bounds_of_parts<parts>(size, extent)>(std::forward<A>(x));
    }
}

/// The parts of x at every position along an axis, which is dropped, as a tuple. The axis's extent has to be static. A
/// computation is done once for all parts; torch.unbind.
template <std::ptrdiff_t Axis = 0, expression A>
constexpr auto unbind(A&& x) {
    using s = shape_t<A>;
    constexpr std::size_t axis = axis_of(Axis, s::rank()), extent = s::static_extents[axis];
    if constexpr (axis == s::rank()) return no_such_axis<"unbind", Axis, s>{};
    else {
        static_assert(!is_dynamic(extent), "unbind: the axis's extent has to be known when the program is compiled");
        auto&& whole = detail::parted(std::forward<A>(x));
        return [&]<std::size_t... I>(std::index_sequence<I...>) {
            return std::tuple(select<static_cast<std::ptrdiff_t>(axis)>(whole, I)...);
        }(std::make_index_sequence<extent>{});
    }
}

}  // namespace tenon::inline TENON_TARGET
