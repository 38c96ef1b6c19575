// Products over chosen axes, and products of vectors: tensordot, inner, kron, cross, and torch's names for matmul of fixed ranks.
#pragma once

#include <array>
#include <cstddef>
#include <utility>

#include <tenon/expr/concat.hpp>
#include <tenon/function/contraction.hpp>
#include <tenon/op/complex.hpp>

namespace tenon::inline TENON_TARGET {

/// A list of axes where an operation takes several: `tensordot<axes<0, 1>, axes<2, 0>>(a, b)`.
template <std::ptrdiff_t... Axes>
struct axes {};

/// An operation takes operands of certain ranks, whose extents fit: vectors, matrices or batches of matrices.
template <operation_name Operation, class... Shapes>
struct operands_do_not_fit;

namespace detail {
/// Letters for the axes of two operands, where summed ones share theirs.
template <class A, class B, class Left, class Right>
struct tensordot_letters;
template <class A, class B, std::ptrdiff_t... I, std::ptrdiff_t... J>
struct tensordot_letters<A, B, axes<I...>, axes<J...>> {
    static constexpr std::size_t left[sizeof...(I) + 1] = {axis_of(I, A::rank())...},
                                                     right[sizeof...(J) + 1] = {axis_of(J, B::rank())...};
    static constexpr bool fits = [] {
        bool good = sizeof...(I) == sizeof...(J) && axes_fit<A::rank(), I...> && axes_fit<B::rank(), J...>;
        if (good)
            for (std::size_t i = 0; i != sizeof...(I); ++i) {
                std::size_t const a = A::static_extents[left[i]], b = B::static_extents[right[i]];
                good = good && (a == b || a == 1 || b == 1 || is_dynamic(a) || is_dynamic(b));
            }
        return good;
    }();
    static constexpr subscript_term of_left() {
        subscript_term t;
        for (std::size_t a = 0; a != A::rank(); ++a) t.push(static_cast<char>('A' + a));
        return t;
    }
    static constexpr subscript_term of_right() {
        subscript_term t;
        for (std::size_t b = 0; b != B::rank(); ++b) {
            char c = static_cast<char>('a' + b);
            for (std::size_t i = 0; i != sizeof...(J); ++i)
                if (right[i] == b) c = static_cast<char>('A' + left[i]);
            t.push(c);
        }
        return t;
    }
    static constexpr subscript_term of_result() {
        subscript_term t;
        auto const l = of_left(), r = of_right();
        for (std::size_t a = 0; a != l.length; ++a)
            if (r.count(l.text[a]) == 0) t.push(l.text[a]);
        for (std::size_t b = 0; b != r.length; ++b)
            if (r.text[b] >= 'a') t.push(r.text[b]);
        return t;
    }
    struct left_term {
        static constexpr subscript_term value = of_left();
    };
    struct right_term {
        static constexpr subscript_term value = of_right();
    };
    struct result_term {
        static constexpr subscript_term value = of_result();
    };
};
/// @throws shape_error where extents that are summed together differ when they run
template <class P, class A, class B>
constexpr void check_tensordot(A const& a, B const& b) {
    if constexpr (!A::is_static || !B::is_static)
        for (std::size_t i = 0; i + 1 < std::size(P::left); ++i)
            if (a[P::left[i]] != b[P::right[i]] && A::static_extents[P::left[i]] != 1 &&
                B::static_extents[P::right[i]] != 1)
                throw_shapes("tensordot", to_string(a), to_string(b));
}
template <std::size_t N, std::size_t... I, std::size_t Rank = sizeof...(I)>
constexpr auto last_axes(std::index_sequence<I...>) {
    return axes<(static_cast<std::ptrdiff_t>(I) - static_cast<std::ptrdiff_t>(N))...>{};
}
template <std::size_t... I>
constexpr auto first_axes(std::index_sequence<I...>) {
    return axes<static_cast<std::ptrdiff_t>(I)...>{};
}
}  // namespace detail

/// Σ over axes Left of a and Right of b, taken in pairs; the result has the other axes of a, and then those of b:
/// `tensordot<axes<0, 1>, axes<2, 0>>(a, b)`. An axis of extent 1 serves any extent. Runs as a matrix product. Compile error
/// `operands_do_not_fit`, or shape_error where only run time can know; torch.tensordot.
template <class Left, class Right, expression A, expression B>
    requires requires { detail::tensordot_letters<shape_t<A>, shape_t<B>, Left, Right>::left; }
constexpr auto tensordot(A&& a, B&& b) {
    using p = detail::tensordot_letters<shape_t<A>, shape_t<B>, Left, Right>;
    if constexpr (!p::fits) return operands_do_not_fit<"tensordot", shape_t<A>, shape_t<B>>{};
    else {
        detail::check_tensordot<p>(a.shape(), b.shape());
        return detail::contract_all(
            detail::letters_of<typename p::result_term>(),
            detail::with_letters(detail::letters_of<typename p::left_term>(), std::forward<A>(a)),
            detail::with_letters(detail::letters_of<typename p::right_term>(), std::forward<B>(b)));
    }
}
/// The same over the last Count axes of a and the first of b: `tensordot<2>(a, b)`.
template <std::size_t Count = 2, expression A, expression B>
constexpr auto tensordot(A&& a, B&& b) {
    if constexpr (Count > shape_t<A>::rank() || Count > shape_t<B>::rank())
        return operands_do_not_fit<"tensordot", shape_t<A>, shape_t<B>>{};
    else {
        constexpr std::make_index_sequence<Count> count;
        return tensordot<decltype(detail::last_axes<Count>(count)), decltype(detail::first_axes(count))>(
            std::forward<A>(a), std::forward<B>(b));
    }
}
/// Σ over the last axes of both; with a number, or an operand without axes, their product; torch.inner.
template <expression A, expression B>
constexpr auto inner(A&& a, B&& b) {
    if constexpr (shape_t<A>::rank() == 0 || shape_t<B>::rank() == 0) return std::forward<A>(a) * std::forward<B>(b);
    else return tensordot<axes<-1>, axes<-1>>(std::forward<A>(a), std::forward<B>(b));
}

namespace detail {
/// Whether operands have these ranks, and the inner extents of their product fit.
template <std::size_t A, std::size_t B, class X, class Y>
inline constexpr bool product_of_ranks = [] {
    if constexpr (X::rank() != A || Y::rank() != B) return false;
    else return product_fits<X, Y>();
}();
/// Whether batches have static extents that can't be equal: products of batches are not broadcast.
template <class X, class Y>
constexpr bool same_batch() {
    std::size_t const a = X::static_extents[0], b = Y::static_extents[0];
    return a == b || is_dynamic(a) || is_dynamic(b);
}
}  // namespace detail

/// The product of a matrix and a vector; torch.mv. Compile error `operands_do_not_fit`, as for the functions below.
template <expression A, expression X>
constexpr auto mv(A&& a, X&& x) {
    if constexpr (!detail::product_of_ranks<2, 1, shape_t<A>, shape_t<X>>)
        return operands_do_not_fit<"mv", shape_t<A>, shape_t<X>>{};
    else return matmul(std::forward<A>(a), std::forward<X>(x));
}
/// The product of two matrices; torch.mm.
template <expression A, expression B>
constexpr auto mm(A&& a, B&& b) {
    if constexpr (!detail::product_of_ranks<2, 2, shape_t<A>, shape_t<B>>)
        return operands_do_not_fit<"mm", shape_t<A>, shape_t<B>>{};
    else return matmul(std::forward<A>(a), std::forward<B>(b));
}
/// The products of two equally long batches of matrices, [b, n, k] and [b, k, m]; torch.bmm.
template <expression A, expression B>
constexpr auto bmm(A&& a, B&& b) {
    if constexpr (!detail::product_of_ranks<3, 3, shape_t<A>, shape_t<B>>)
        return operands_do_not_fit<"bmm", shape_t<A>, shape_t<B>>{};
    else if constexpr (!detail::same_batch<shape_t<A>, shape_t<B>>())
        return operands_do_not_fit<"bmm", shape_t<A>, shape_t<B>>{};
    else {
        if (a.shape()[0] != b.shape()[0]) throw_shapes("bmm", to_string(a.shape()), to_string(b.shape()));
        return matmul(std::forward<A>(a), std::forward<B>(b));
    }
}
/// Σ conj(a_i) b_i of two vectors; torch.vdot.
template <expression A, expression B>
constexpr auto vdot(A&& a, B&& b) {
    if constexpr (!detail::product_of_ranks<1, 1, shape_t<A>, shape_t<B>>)
        return operands_do_not_fit<"vdot", shape_t<A>, shape_t<B>>{};
    else if constexpr (element::is_complex<value_t<A>>) return matmul(conj(std::forward<A>(a)), std::forward<B>(b));
    else return matmul(std::forward<A>(a), std::forward<B>(b));
}

namespace detail {
/// Joins axes 2i and 2i + 1, from the last pair on.
template <std::size_t Pairs, class A>
constexpr auto join_pairs(A&& x) {
    if constexpr (Pairs == 0) return as_node(std::forward<A>(x));
    else
        return join_pairs<Pairs - 1>(
            flatten<static_cast<std::ptrdiff_t>(2 * Pairs - 2), static_cast<std::ptrdiff_t>(2 * Pairs - 1)>(
                std::forward<A>(x)));
}
/// Axes of extent 1 between those of x, before each or behind each.
template <std::size_t Axes, std::size_t Behind, class A>
constexpr auto spread_axes(A&& x) {
    if constexpr (Axes == 0) return as_node(std::forward<A>(x));
    else
        return spread_axes<Axes - 1, Behind>(
            unsqueeze<static_cast<std::ptrdiff_t>(Axes - 1 + Behind)>(std::forward<A>(x)));
}
}  // namespace detail

/// The Kronecker product: each element of a in the place of which lies that element times b. Operands may have any rank, the one
/// with fewer axes is given others of extent 1 in front; torch.kron.
template <expression A, expression B>
constexpr auto kron(A&& a, B&& b) {
    constexpr std::size_t ra = shape_t<A>::rank(), rb = shape_t<B>::rank(), rank = ra < rb ? rb : ra;
    return detail::join_pairs<rank>(detail::spread_axes<rank, 1>(detail::stretched<0, rank - ra>(std::forward<A>(a))) *
                                    detail::spread_axes<rank, 0>(detail::stretched<0, rank - rb>(std::forward<B>(b))));
}

namespace detail {
/// The first axis of extent 3, or the rank.
template <class S>
inline constexpr std::size_t axis_of_three = [] {
    for (std::size_t a = 0; a != S::rank(); ++a)
        if (S::static_extents[a] == 3) return a;
    return S::rank();
}();
template <class A, class B, std::ptrdiff_t Axis>
constexpr bool cross_fits() {
    if constexpr (A::rank() != B::rank() || !axes_fit<A::rank(), Axis>) return false;
    else {
        std::size_t const a = A::static_extents[axis_of(Axis, A::rank())],
                          b = B::static_extents[axis_of(Axis, A::rank())];
        return (a == 3 || is_dynamic(a)) && (b == 3 || is_dynamic(b)) && broadcast_pair<A, B>::fits;
    }
}
template <std::ptrdiff_t Axis, class A, class B>
constexpr auto make_cross(A&& x, B&& y) {
    using s = shape_t<A>;
    constexpr std::size_t axis = axis_of(Axis, s::rank());
    if (x.shape()[axis] != 3 || y.shape()[axis] != 3) throw_shapes("cross", to_string(x.shape()), to_string(y.shape()));
    auto const a = as_node(std::forward<A>(x));
    auto const b = as_node(std::forward<B>(y));
    auto const component = [&](std::ptrdiff_t i, std::ptrdiff_t j) {
        return select<Axis>(a, i) * select<Axis>(b, j) - select<Axis>(a, j) * select<Axis>(b, i);
    };
    return stack<static_cast<std::ptrdiff_t>(axis)>(component(1, 2), component(2, 0), component(0, 1));
}
}  // namespace detail

/// The cross product a × b of vectors of three elements, which lie along an axis, the first of extent 3 where none is named; other axes
/// are broadcast; torch.cross. Compile error `operands_do_not_fit`.
template <std::ptrdiff_t... Axis, expression A, expression B>
constexpr auto cross(A&& a, B&& b) {
    static_assert(sizeof...(Axis) <= 1, "cross: takes one axis, or none");
    constexpr std::ptrdiff_t chosen[] = {Axis..., static_cast<std::ptrdiff_t>(detail::axis_of_three<shape_t<A>>)};
    if constexpr (!detail::cross_fits<shape_t<A>, shape_t<B>, chosen[0]>())
        return operands_do_not_fit<"cross", shape_t<A>, shape_t<B>>{};
    else return detail::make_cross<chosen[0]>(std::forward<A>(a), std::forward<B>(b));
}

}  // namespace tenon::inline TENON_TARGET
