// Tensors side by side and cut apart, by NumPy's names: hstack, vstack, dstack, column_stack, tensor_split and its like.
#pragma once

#include <array>
#include <cstddef>
#include <type_traits>
#include <utility>

#include <tenon/expr/concat.hpp>
#include <tenon/function/axes.hpp>
#include <tenon/function/split.hpp>

namespace tenon::inline TENON_TARGET {

/// The operands side by side: vectors one behind the other, others along axis 1. torch.hstack
template <expression X, expression... Rest>
constexpr auto hstack(X&& x, Rest&&... rest) {
    return concat<(shape_t<X>::rank() < 2 ? 0 : 1)>(atleast_1d(std::forward<X>(x)),
                                                    atleast_1d(std::forward<Rest>(rest))...);
}
/// The operands one below the other, vectors as rows. torch.vstack
template <expression X, expression... Rest>
constexpr auto vstack(X&& x, Rest&&... rest) {
    return concat<0>(atleast_2d(std::forward<X>(x)), atleast_2d(std::forward<Rest>(rest))...);
}
/// The operands along axis 2, which vectors and matrices get; see `atleast_3d`. torch.dstack
template <expression X, expression... Rest>
constexpr auto dstack(X&& x, Rest&&... rest) {
    return concat<2>(atleast_3d(std::forward<X>(x)), atleast_3d(std::forward<Rest>(rest))...);
}
namespace detail {
template <class X>
constexpr auto as_column(X&& x) {
    if constexpr (shape_t<X>::rank() < 2) return unsqueeze<1>(atleast_1d(std::forward<X>(x)));
    else return as_node(std::forward<X>(x));
}
}  // namespace detail
/// Vectors as the columns of a matrix, and matrices side by side. torch.column_stack
template <expression X, expression... Rest>
constexpr auto column_stack(X&& x, Rest&&... rest) {
    return concat<1>(detail::as_column(std::forward<X>(x)), detail::as_column(std::forward<Rest>(rest))...);
}

namespace detail {
/// The bounds of parts that differ by one element at most, the larger ones first.
template <std::size_t Parts>
constexpr std::array<std::size_t, Parts + 1> bounds_of_even_parts(std::size_t extent) {
    std::array<std::size_t, Parts + 1> at{};
    for (std::size_t i = 0; i != Parts; ++i) at[i + 1] = at[i] + extent / Parts + (i < extent % Parts);
    return at;
}
/// The bounds of parts that begin at positions, which may count from the end; as Python cuts, a part may be empty.
template <auto At, std::size_t Extent>
struct parts_at {
    static constexpr std::size_t count = At.size() + 1;
    static constexpr std::size_t bound(std::size_t i) {
        if (i == 0) return 0;
        if (i == count) return Extent;
        auto const n = static_cast<std::ptrdiff_t>(Extent);
        auto p = static_cast<std::ptrdiff_t>(At[i - 1]);
        p = p < 0 ? p + n : p;
        return static_cast<std::size_t>(p < 0 ? 0 : p > n ? n : p);
    }
};
template <std::size_t Axis, auto At, class A>
constexpr auto slices_at(A&& x) {
    using parts = parts_at<At, shape_t<A>::static_extents[Axis]>;
    auto&& whole = parted(std::forward<A>(x));
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
        return std::tuple(slice<static_cast<std::ptrdiff_t>(Axis), static_cast<std::ptrdiff_t>(parts::bound(I)),
                                static_cast<std::ptrdiff_t>(parts::bound(I + 1))>(whole)...);
    }(std::make_index_sequence<parts::count>{});
}
}  // namespace detail

/// x along an axis in a number of parts that differ by one element at most: `auto [a, b, c] = tensor_split<3, 1>(x)`; or cut at positions:
/// `tensor_split<std::array{1, 4}>(x)`, which may count from the end. The axis's extent has to be static. Views. torch.tensor_split
template <auto PartsOrPositions, std::ptrdiff_t Axis = 0, expression A>
constexpr auto tensor_split(A&& x) {
    using s = shape_t<A>;
    constexpr std::size_t axis = axis_of(Axis, s::rank());
    if constexpr (axis == s::rank()) return no_such_axis<"tensor_split", Axis, s>{};
    else {
        constexpr std::size_t extent = s::static_extents[axis];
        static_assert(!is_dynamic(extent),
                      "tensor_split: the axis's extent has to be known when the program is compiled");
        if constexpr (std::is_integral_v<decltype(PartsOrPositions)>) {
            static_assert(PartsOrPositions > 0, "tensor_split: into one part at least");
            constexpr auto parts = static_cast<std::size_t>(PartsOrPositions);
            return detail::slices<axis, detail::bounds_of_even_parts<parts>(extent)>(std::forward<A>(x));
        } else return detail::slices_at<axis, PartsOrPositions>(std::forward<A>(x));
    }
}
namespace detail {
/// Whether a number of parts divides the extent of an axis, where it is a number.
template <auto PartsOrPositions, std::size_t Axis, class S>
constexpr bool parts_are_even() {
    if constexpr (std::is_integral_v<decltype(PartsOrPositions)> && Axis < S::rank()) {
        constexpr std::size_t extent = S::static_extents[Axis];
        return is_dynamic(extent) || PartsOrPositions == 0 || extent % static_cast<std::size_t>(PartsOrPositions) == 0;
    } else return true;
}
}  // namespace detail
/// tensor_split along axis 1, or 0 of a vector, for parts of one size or positions; torch.hsplit
template <auto PartsOrPositions, expression A>
constexpr auto hsplit(A&& x) {
    constexpr std::size_t axis = shape_t<A>::rank() < 2 ? 0 : 1;
    static_assert(detail::parts_are_even<PartsOrPositions, axis, shape_t<A>>(), "hsplit: the parts are of one size");
    return tensor_split<PartsOrPositions, static_cast<std::ptrdiff_t>(axis)>(std::forward<A>(x));
}
/// tensor_split along axis 0; torch.vsplit
template <auto PartsOrPositions, expression A>
constexpr auto vsplit(A&& x) {
    static_assert(detail::parts_are_even<PartsOrPositions, 0, shape_t<A>>(), "vsplit: the parts are of one size");
    return tensor_split<PartsOrPositions, 0>(std::forward<A>(x));
}
/// tensor_split along axis 2; torch.dsplit
template <auto PartsOrPositions, expression A>
constexpr auto dsplit(A&& x) {
    static_assert(detail::parts_are_even<PartsOrPositions, 2, shape_t<A>>(), "dsplit: the parts are of one size");
    return tensor_split<PartsOrPositions, 2>(std::forward<A>(x));
}

}  // namespace tenon::inline TENON_TARGET
