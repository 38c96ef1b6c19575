// Diagonals and blocks as matrices: diag_embed, diag, diagflat, block_diag.
#pragma once

#include <array>
#include <cstddef>
#include <utility>

#include <tenon/expr/pad.hpp>
#include <tenon/expr/reshape.hpp>
#include <tenon/function/view_scatter.hpp>

namespace tenon::inline TENON_TARGET {

/// diag takes a vector or a matrix, block_diag what has at most two axes.
template <operation_name Operation, class Shape>
struct needs_a_vector_or_matrix;

namespace detail {
/// The shape of what diagonals of shape S become: two axes I and J more, of the last extent and |Offset|.
template <class S, std::ptrdiff_t Offset, std::size_t I, std::size_t J>
struct embedded_extents {
    static constexpr std::size_t rank = S::rank() + 1, beside = static_cast<std::size_t>(Offset < 0 ? -Offset : Offset);
    template <class E>
    static constexpr auto of(E const& s) {
        std::array<std::size_t, rank> all{};
        std::size_t const last = s[S::rank() - 1], n = is_dynamic(last) ? dyn : last + beside;
        std::size_t next = 0;
        for (std::size_t a = 0; a != rank; ++a) all[a] = a == I || a == J ? n : s[next++];
        return all;
    }
    static constexpr auto value = of(S::static_extents);
    using type = shape_from<rank, embedded_extents>;
};
}  // namespace detail

/// Matrices, in the axes I and J of the result, with the last axis of x as a diagonal and zeros elsewhere; Offset > 0 is above the main
/// one. Compile errors `no_such_axis`, `axis_named_twice`, `too_few_axes`; torch.diag_embed
template <std::ptrdiff_t Offset = 0, std::ptrdiff_t I = -2, std::ptrdiff_t J = -1, expression X>
constexpr auto diag_embed(X&& x) {
    using s = shape_t<X>;
    constexpr std::size_t rank = s::rank() + 1;
    if constexpr (s::rank() == 0) return too_few_axes<"diag_embed", s>{};
    else if constexpr (!detail::axes_fit<rank, I, J>) return detail::wrong_axes<"diag_embed", s, I, J>{};
    else {
        using extents = detail::embedded_extents<s, Offset, axis_of(I, rank), axis_of(J, rank)>;
        using T = value_t<X>;
        typename extents::type const to(extents::of(x.shape()));
        return diagonal_scatter<Offset, I, J>(filled_node<T, typename extents::type>(to, T(0)), std::forward<X>(x));
    }
}
/// The elements in row-major order as a matrix's diagonal. torch.diagflat
template <std::ptrdiff_t Offset = 0, expression X>
constexpr auto diagflat(X&& x) {
    return diag_embed<Offset>(flatten(as_node(std::forward<X>(x))));
}
/// A matrix with a vector as its diagonal, or a matrix's diagonal as a vector. Compile error `needs_a_vector_or_matrix`; torch.diag
template <std::ptrdiff_t Offset = 0, expression X>
constexpr auto diag(X&& x) {
    if constexpr (shape_t<X>::rank() == 1) return diag_embed<Offset>(std::forward<X>(x));
    else if constexpr (shape_t<X>::rank() == 2) return diagonal<Offset>(std::forward<X>(x));
    else return needs_a_vector_or_matrix<"diag", shape_t<X>>{};
}

namespace detail {
template <class X>
constexpr auto as_matrix(X&& x) {
    if constexpr (shape_t<X>::rank() < 2) return as_matrix(unsqueeze<0>(as_node(std::forward<X>(x))));
    else return as_node(std::forward<X>(x));
}
template <std::size_t Rows, std::size_t Columns, class T>
constexpr auto zero_block(std::size_t rows, std::size_t columns) {
    shape<Rows, Columns> const s(std::array{rows, columns});
    return filled_node<T, shape<Rows, Columns>>(s, T(0));
}
/// [a 0; 0 b]
template <class T, class A, class B>
constexpr auto two_blocks(A&& a, B&& b) {
    constexpr std::size_t m = shape_t<A>::static_extents[0], n = shape_t<A>::static_extents[1],
                          p = shape_t<B>::static_extents[0], q = shape_t<B>::static_extents[1];
    auto const s = a.shape();
    auto const t = b.shape();
    return concat<0>(concat<1>(std::forward<A>(a), zero_block<m, q, T>(s[0], t[1])),
                     concat<1>(zero_block<p, n, T>(t[0], s[1]), std::forward<B>(b)));
}
template <class T, class A, class... Rest>
constexpr auto blocks(A&& a, Rest&&... rest) {
    if constexpr (sizeof...(Rest) == 0) return as_node(std::forward<A>(a));
    else return two_blocks<T>(std::forward<A>(a), blocks<T>(std::forward<Rest>(rest)...));
}
}  // namespace detail

/// A matrix with blocks along its diagonal and zeros elsewhere; vectors count as rows, what has no axes as one element. Compile error
/// `needs_a_vector_or_matrix`; torch.block_diag
template <expression X, expression... Rest>
constexpr auto block_diag(X&& x, Rest&&... rest) {
    if constexpr (((shape_t<X>::rank() > 2) || ... || (shape_t<Rest>::rank() > 2)))
        return needs_a_vector_or_matrix<"block_diag", shape_t<X>>{};
    else
        return detail::blocks<promoted_value_t<node_t<X>, node_t<Rest>...>>(
            detail::as_matrix(std::forward<X>(x)), detail::as_matrix(std::forward<Rest>(rest))...);
}

}  // namespace tenon::inline TENON_TARGET
