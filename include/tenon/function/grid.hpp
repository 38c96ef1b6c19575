// Grids of coordinates, tuples of elements, and the places of elements: meshgrid, cartesian_prod, combinations, unravel_index, tril_indices.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <tenon/core/creation.hpp>
#include <tenon/expr/concat.hpp>
#include <tenon/expr/picked.hpp>
#include <tenon/expr/reshape.hpp>
#include <tenon/function/axes.hpp>
#include <tenon/op/divide.hpp>
#include <tenon/op/remainder.hpp>

namespace tenon::inline TENON_TARGET {

/// Which axis of a grid belongs to which coordinate: matrix indices, or x and y, where the second one is the first axis.
enum class indexing { ij, xy };

/// A grid's coordinates are vectors, or have no axes.
template <operation_name Operation, class Shape>
struct needs_vectors;

namespace detail {
/// A vector as axis Axis of Rank.
template <std::size_t Axis, std::size_t Rank, class X>
constexpr auto along_axis(X&& x) {
    constexpr std::size_t rank = shape_t<X>::rank();
    if constexpr (rank == Rank) return as_node(std::forward<X>(x));
    else if constexpr (rank <= Axis) return along_axis<Axis, Rank>(unsqueeze<0>(as_node(std::forward<X>(x))));
    else return along_axis<Axis, Rank>(unsqueeze<-1>(as_node(std::forward<X>(x))));
}
template <bool Swapped, class... X>
constexpr auto grid_of(X&&... x) {
    constexpr std::size_t rank = sizeof...(X);
    constexpr auto axis = [](std::size_t i) { return Swapped && rank > 1 && i < 2 ? 1 - i : i; };
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
        return broadcast_tensors(along_axis<axis(I), rank>(std::forward<X>(x))...);
    }(std::make_index_sequence<rank>{});
}
}  // namespace detail

/// For vectors x₁, …, xₙ the coordinates of their grid, as a tuple of n operands of n axes: `auto [a, b] = meshgrid(x, y)` has
/// a(i, j) = x(i), b(i, j) = y(j); with `meshgrid<tn::indexing::xy>` a(i, j) = x(j), b(i, j) = y(i). Compile error `needs_vectors`;
/// torch.meshgrid (ij), numpy.meshgrid (whose indexing is xy where none is given)
template <indexing Indexing = indexing::ij, expression... X>
    requires(sizeof...(X) != 0)
constexpr auto meshgrid(X&&... x) {
    if constexpr (((shape_t<X>::rank() > 1) || ...)) return needs_vectors<"meshgrid", nth<0, shape_t<X>...>>{};
    else return detail::grid_of < Indexing == indexing::xy > (atleast_1d(as_node(std::forward<X>(x)))...);
}
/// All tuples of an element of each vector as the rows of a matrix, the last element changing fastest; a single vector stays as it is.
/// torch.cartesian_prod
template <expression X, expression... Rest>
constexpr auto cartesian_prod(X&& x, Rest&&... rest) {
    if constexpr (((shape_t<X>::rank() != 1) || ... || (shape_t<Rest>::rank() != 1)))
        return needs_vectors<"cartesian_prod", shape_t<X>>{};
    else if constexpr (sizeof...(Rest) == 0) return as_node(std::forward<X>(x));
    else
        return std::apply([](auto const&... e) { return stack<-1>(flatten(e)...); },
                          detail::grid_of<false>(as_node(std::forward<X>(x)), as_node(std::forward<Rest>(rest))...));
}

namespace detail {
/// The number of ways to choose r of n, or r times one of n.
constexpr std::size_t choices(std::size_t n, std::size_t r, bool again) {
    if (is_dynamic(n)) return dyn;
    if (again) n = r == 0 ? n : n + r - 1;
    if (r > n) return 0;
    std::size_t c = 1;
    for (std::size_t i = 0; i != r; ++i) c = c * (n - i) / (i + 1);
    return c;
}
/// Those choices as rows of positions, in lexicographic order.
TENON_ON_USE
void write_choices(std::int64_t* to, std::size_t n, std::size_t r, bool again) {
    std::vector<std::size_t> at(r);
    if (r == 0) return;
    for (std::size_t i = 0; i != r; ++i) at[i] = again ? 0 : i;
    if (n == 0 || (!again && r > n)) return;
    for (;;) {
        for (std::size_t const a : at) *to++ = static_cast<std::int64_t>(a);
        std::size_t i = r;
        while (i-- != 0)
            if (at[i] != (again ? n - 1 : n - r + i)) break;
        if (i == static_cast<std::size_t>(-1)) return;
        ++at[i];
        for (std::size_t k = i + 1; k != r; ++k) at[k] = again ? at[i] : at[k - 1] + 1;
    }
}
}  // namespace detail

/// The ways to choose R elements of a vector, in their order, as the rows of a matrix; with Again an element may be chosen again.
/// torch.combinations
template <std::size_t R = 2, bool Again = false, expression X>
constexpr auto combinations(X&& x) {
    using s = shape_t<X>;
    if constexpr (s::rank() != 1) return needs_vectors<"combinations", s>{};
    else {
        std::size_t const n = x.shape()[0];
        tensor<std::int64_t, detail::choices(s::static_extents[0], R, Again), R> at(
            uninitialized,
            shape<detail::choices(s::static_extents[0], R, Again), R>(std::array{detail::choices(n, R, Again), R}));
        detail::write_choices(at.data(), n, R, Again);
        return index_select<0>(std::forward<X>(x), to<device_of_t<X>>(at));
    }
}

namespace detail {
/// Rows and columns of a triangle of a matrix, one below the other. @tparam Upper the triangle at column ≥ row + offset
template <bool Upper>
tensor<std::int64_t, 2, dyn> triangle_positions(std::size_t rows, std::size_t columns, std::ptrdiff_t offset) {
    auto const c = static_cast<std::ptrdiff_t>(columns);
    auto const bounds = [&](std::size_t row) {
        std::ptrdiff_t const at = static_cast<std::ptrdiff_t>(row) + offset, cut = Upper ? at : at + 1,
                             inside = cut < 0   ? 0
                                      : cut > c ? c
                                                : cut;
        return std::pair(Upper ? inside : 0, Upper ? c : inside);
    };
    std::ptrdiff_t count = 0;
    for (std::size_t r = 0; r != rows; ++r) count += bounds(r).second - bounds(r).first;
    tensor<std::int64_t, 2, dyn> all(uninitialized, shape<2, dyn>(static_cast<std::size_t>(count)));
    std::int64_t* to = all.data();
    for (std::size_t r = 0; r != rows; ++r)
        for (auto [k, last] = bounds(r); k < last; ++k, ++to) {
            to[0] = static_cast<std::int64_t>(r);
            to[count] = k;
        }
    return all;
}
}  // namespace detail

/// The rows and columns of the elements on and below a diagonal of a matrix, in row-major order: [2, n]; torch.tril_indices
inline tensor<std::int64_t, 2, dyn> tril_indices(std::size_t rows, std::size_t columns, std::ptrdiff_t offset = 0) {
    return detail::triangle_positions<false>(rows, columns, offset);
}
/// Those on and above it; torch.triu_indices
inline tensor<std::int64_t, 2, dyn> triu_indices(std::size_t rows, std::size_t columns, std::ptrdiff_t offset = 0) {
    return detail::triangle_positions<true>(rows, columns, offset);
}

namespace detail {
template <std::size_t Axis, std::size_t... E>
constexpr std::int64_t elements_behind() {
    std::size_t const all[] = {E..., 1};
    std::size_t n = 1;
    for (std::size_t a = Axis + 1; a < sizeof...(E); ++a) n *= all[a];
    return static_cast<std::int64_t>(n);
}
/// An index that is checked, and counts from the end where it is negative.
template <class I>
constexpr auto checked_index(I&& i, std::size_t extent, std::size_t axis) {
    return make_map(op::position{{}, static_cast<std::int64_t>(extent), axis}, indices_of(std::forward<I>(i)));
}
}  // namespace detail

/// The positions along axes of extents E of elements that are counted in row-major order, a tuple of one for each axis:
/// `auto [i, j] = unravel_index<3, 4>(k)`. k may count from the end. @throws index_error when evaluated with a number outside;
/// torch.unravel_index
template <std::size_t... E, expression I>
    requires(sizeof...(E) != 0)
constexpr auto unravel_index(I&& k) {
    if constexpr (!detail::counts_positions<value_t<I>>) return indices_are_integers<"unravel_index", value_t<I>>{};
    else {
        auto const at = detail::checked_index(std::forward<I>(k), (E * ...), 0);
        return [&]<std::size_t... A>(std::index_sequence<A...>) {
            return std::tuple(remainder(floor_divide(at, detail::elements_behind<A, E...>()),
                                        static_cast<std::int64_t>(E == 0 ? 1 : E))...);
        }(std::make_index_sequence<sizeof...(E)>{});
    }
}
/// The row-major number of the elements at positions along axes of extents E: `ravel_multi_index<3, 4>(i, j)`, which may count from the
/// end. @throws index_error when evaluated with a position outside; numpy.ravel_multi_index
template <std::size_t... E, expression... I>
    requires(sizeof...(E) != 0 && sizeof...(I) == sizeof...(E))
constexpr auto ravel_multi_index(I&&... i) {
    return [&]<std::size_t... A>(std::index_sequence<A...>) {
        return (... + (detail::checked_index(std::forward<I>(i), E, A) * detail::elements_behind<A, E...>()));
    }(std::make_index_sequence<sizeof...(E)>{});
}

}  // namespace tenon::inline TENON_TARGET
