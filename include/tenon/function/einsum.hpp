// Einstein summation, its subscripts parsed and checked by the compiler.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>

#include <tenon/expr/matmul.hpp>
#include <tenon/expr/reduce.hpp>
#include <tenon/expr/reshape.hpp>
#include <tenon/function/einsum_subscripts.hpp>

namespace tenon::inline TENON_TARGET {

namespace detail {

/// The axes of x, named by From, in the order of To.
template <char... From, char... To, class A>
constexpr auto arrange(letters<From...>, letters<To...>, A&& x) {
    if constexpr (std::is_same_v<letters<From...>, letters<To...>>) return as_node(std::forward<A>(x));
    else return permute<static_cast<std::ptrdiff_t>(letters<From...>::find(To))...>(std::forward<A>(x));
}

/// Sums the axes whose letters are not kept, and takes diagonals of repeated letters. Returns the node and its letters.
template <class Keep, char... C, class A>
constexpr auto reduce_term(Keep keep, letters<C...>, A&& x) {
    using list = letters<C...>;
    using twice = repeated_letter<list>;
    if constexpr (twice::first != list::size) {
        return [&]<std::size_t... I, std::size_t... J>(std::index_sequence<I...>, std::index_sequence<J...>) {
            return reduce_term(keep, letters<list::text[static_cast<std::size_t>(twice::order[J])]...>{},
                               diagonal(permute<twice::order[I]...>(std::forward<A>(x))));
        }(std::make_index_sequence<list::size>{}, std::make_index_sequence<list::size - 1>{});
    } else {
        constexpr auto dropped = [] {
            std::pair<std::array<std::ptrdiff_t, 16>, std::size_t> r{};
            for (std::size_t i = 0; i != list::size; ++i)
                if (!Keep{}(list::text[i])) r.first[r.second++] = static_cast<std::ptrdiff_t>(i);
            return r;
        }();
        auto const left = filter_letters<list>(keep);
        if constexpr (dropped.second == 0) return std::pair{as_node(std::forward<A>(x)), left};
        else
            return [&]<std::size_t... I>(std::index_sequence<I...>) {
                return std::pair{sum<dropped.first[I]...>(std::forward<A>(x)), left};
            }(std::make_index_sequence<dropped.second>{});
    }
}

/// Product of the extents of axes [First, First + Count) of a shape, for a reshape: dyn where one of them is.
template <class S>
constexpr std::size_t joined_extent(std::size_t first, std::size_t count) {
    std::size_t n = 1;
    for (std::size_t a = first; a != first + count; ++a)
        n = is_dynamic(n) || is_dynamic(S::static_extents[a]) ? dyn : n * S::static_extents[a];
    return n;
}
/// x under [batch, rows, columns], or [rows, columns] without a batch, where each stands for that many of its axes;
/// rows or columns of no axes have extent 1. Where each is one axis this is x itself, which a product reads where it
/// lies.
template <std::size_t Batch, std::size_t Rows, std::size_t Columns, class A>
constexpr auto as_matrices(A&& x) {
    using s = shape_t<A>;
    constexpr std::size_t rows = joined_extent<s>(Batch, Rows), columns = joined_extent<s>(Batch + Rows, Columns);
    auto const e = x.shape();
    std::array<std::size_t, 3> all{1, 1, 1};
    for (std::size_t a = 0; a != s::rank(); ++a) all[a < Batch ? 0 : a < Batch + Rows ? 1 : 2] *= e[a];
    if constexpr (Batch == 0) {
        using to = tenon::shape<rows, columns>;
        return reshape_to(std::forward<A>(x), to(std::array<std::size_t, 2>{all[1], all[2]}));
    } else {
        using to = tenon::shape<joined_extent<s>(0, Batch), rows, columns>;
        return reshape_to(std::forward<A>(x), to(all));
    }
}

template <class P>
constexpr auto einsum_one(P, auto&& x) {
    auto const keep = [](char c) { return P::value.kept(c); };
    auto reduced = reduce_term(keep, term_letters<P, 0>(), std::forward<decltype(x)>(x));
    return arrange(reduced.second, result_letters<P>(), std::move(reduced.first));
}

/// Two operands: letters in both and the result are batches, in both alone are summed by a matrix product, in one alone and
/// the result are rows or columns, in one alone and not the result are summed first.
template <class P>
constexpr auto einsum_two(P, auto&& x, auto&& y) {
    auto left = reduce_term([](char c) { return P::value.kept(c) || P::value.has(1, c); }, term_letters<P, 0>(),
                            std::forward<decltype(x)>(x));
    auto right = reduce_term([](char c) { return P::value.kept(c) || P::value.has(0, c); }, term_letters<P, 1>(),
                             std::forward<decltype(y)>(y));
    using la = decltype(left.second);
    using lb = decltype(right.second);
    auto const batch = filter_letters<la>([](char c) { return P::value.has(1, c) && P::value.kept(c); });
    auto const inner = filter_letters<la>([](char c) { return P::value.has(1, c) && !P::value.kept(c); });
    auto const rows = filter_letters<la>([](char c) { return !P::value.has(1, c); });
    auto const columns = filter_letters<lb>([](char c) { return !P::value.has(0, c); });
    constexpr std::size_t nb = decltype(batch)::size, ni = decltype(inner)::size, nr = decltype(rows)::size,
                          nc = decltype(columns)::size;
    auto m = arrange(la{}, batch + rows + inner, std::move(left.first));
    auto n = arrange(lb{}, batch + inner + columns, std::move(right.first));
    using sm = shape_t<decltype(m)>;
    using sn = shape_t<decltype(n)>;
    auto const em = m.shape();
    auto const en = n.shape();
    return [&]<std::size_t... B, std::size_t... R, std::size_t... C>(
               std::index_sequence<B...>, std::index_sequence<R...>, std::index_sequence<C...>) {
        using to =
            tenon::shape<sm::static_extents[B]..., sm::static_extents[nb + R]..., sn::static_extents[nb + ni + C]...>;
        to const s(std::array<std::size_t, nb + nr + nc>{em[B]..., em[nb + R]..., en[nb + ni + C]...});
        auto const product = matmul(as_matrices<nb, nr, ni>(std::move(m)), as_matrices<nb, ni, nc>(std::move(n)));
        return arrange(batch + rows + columns, result_letters<P>(), reshape_to(product, s));
    }(std::make_index_sequence<nb>{}, std::make_index_sequence<nr>{}, std::make_index_sequence<nc>{});
}

/// Several operands: the first two become one, until two are left.
template <class P>
constexpr auto einsum_all(P p, auto&& x, auto&& y, auto&&... rest) {
    if constexpr (sizeof...(rest) == 0)
        return einsum_two(p, std::forward<decltype(x)>(x), std::forward<decltype(y)>(y));
    else
        return einsum_all(joined_terms<P>{},
                          einsum_two(first_two_terms<P>{}, std::forward<decltype(x)>(x), std::forward<decltype(y)>(y)),
                          std::forward<decltype(rest)>(rest)...);
}

}  // namespace detail

/// Einstein summation: einsum<"ik,jk->ij">(a, b) is Σ_k a_ik b_jk. Up to eight operands, joined from left to right;
/// repeated letters in one operand take its diagonal; without an arrow the result has the letters that occur once, in
/// alphabetical order. Products run as batched matrix products. Compile error `einsum_operands_do_not_fit`, or shape_error
/// where only run time can know; follows torch.einsum, without "...".
template <subscripts Text, operand... X>
constexpr auto einsum(X&&... x) {
    using p = detail::parsed<Text>;
    if constexpr (!detail::einsum_fits<p, shape_t<node_t<X>>...>())
        return einsum_operands_do_not_fit<Text, shape_t<node_t<X>>...>{};
    else {
        if constexpr (!(shape_t<node_t<X>>::is_static && ...)) detail::check_letters<p>(x.shape()...);
        if constexpr (sizeof...(X) == 1) return detail::einsum_one(p{}, std::forward<X>(x)...);
        else return detail::einsum_all(p{}, std::forward<X>(x)...);
    }
}

}  // namespace tenon::inline TENON_TARGET
