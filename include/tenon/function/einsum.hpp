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

namespace tenon::inline TENON_TARGET {

/// Subscripts as a template argument: einsum<"ik,jk->ij">.
template <std::size_t N>
struct subscripts {
    char text[N]{};
    consteval subscripts(char const (&s)[N]) {
        for (std::size_t i = 0; i != N; ++i) text[i] = s[i];
    }
};

/// The subscripts do not fit the operands: another number of operands or axes, or one letter for different extents.
template <subscripts Text, class... Shapes>
struct einsum_operands_do_not_fit;

namespace detail {

/// The parts of "ab,bc->ac", without spaces. Without an arrow the result has the letters that occur once, in alphabetical order.
struct parsed_subscripts {
    static constexpr std::size_t most = 8;  // operands
    std::array<char, 16> terms[most]{};
    std::array<char, 16> result{};
    std::size_t lengths[most]{};
    std::size_t result_length = 0;
    std::size_t operands = 1;
    bool good = true;

    constexpr std::size_t count(char c) const {
        std::size_t n = 0;
        for (std::size_t t = 0; t != operands; ++t)
            for (std::size_t i = 0; i != lengths[t]; ++i) n += terms[t][i] == c;
        return n;
    }
    constexpr bool has(std::size_t t, char c) const {
        for (std::size_t i = 0; i != lengths[t]; ++i)
            if (terms[t][i] == c) return true;
        return false;
    }
    constexpr bool kept(char c) const {
        for (std::size_t i = 0; i != result_length; ++i)
            if (result[i] == c) return true;
        return false;
    }
};

constexpr parsed_subscripts parse_subscripts(char const* s) {
    parsed_subscripts p;
    bool arrow = false;
    for (; *s; ++s) {
        bool const letter = (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z');
        if (*s == ' ') continue;
        if (*s == ',' && !arrow && p.operands < p.most) ++p.operands;
        else if (*s == '-' && s[1] == '>' && !arrow) {
            arrow = true;
            ++s;
        } else if (letter && arrow && p.result_length < 16) p.result[p.result_length++] = *s;
        else if (letter && !arrow && p.lengths[p.operands - 1] < 16)
            p.terms[p.operands - 1][p.lengths[p.operands - 1]++] = *s;
        else p.good = false;
    }
    if (!arrow)
        for (int c = 'A'; c <= 'z'; ++c)
            if (p.count(static_cast<char>(c)) == 1 && p.result_length < 16)
                p.result[p.result_length++] = static_cast<char>(c);
    for (std::size_t i = 0; i != p.result_length; ++i) {
        p.good = p.good && p.count(p.result[i]) != 0;
        for (std::size_t j = 0; j != i; ++j) p.good = p.good && p.result[i] != p.result[j];
    }
    return p;
}

template <char... C>
struct letters {
    static constexpr std::size_t size = sizeof...(C);
    static constexpr std::array<char, sizeof...(C) + 1> text{C..., 0};
    static constexpr std::size_t find(char c) {
        for (std::size_t i = 0; i != size; ++i)
            if (text[i] == c) return i;
        return size;
    }
};

/// The axes of x, named by From, in the order of To.
template <char... From, char... To, class A>
constexpr auto arrange(letters<From...>, letters<To...>, A&& x) {
    if constexpr (std::is_same_v<letters<From...>, letters<To...>>) return as_node(std::forward<A>(x));
    else return permute<static_cast<std::ptrdiff_t>(letters<From...>::find(To))...>(std::forward<A>(x));
}

/// The letters of a list for which Keep is true.
template <class List, class Keep>
constexpr auto filter_letters(Keep) {
    constexpr auto chosen = [] {
        std::pair<std::array<char, 16>, std::size_t> r{};
        for (std::size_t i = 0; i != List::size; ++i)
            if (Keep{}(List::text[i])) r.first[r.second++] = List::text[i];
        return r;
    }();
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
        return letters<chosen.first[I]...>{};
    }(std::make_index_sequence<chosen.second>{});
}
template <char... A, char... B>
constexpr letters<A..., B...> operator+(letters<A...>, letters<B...>) {
    return {};
}

/// A letter that names two axes, and the order of axes in which those two come last.
template <class List>
struct repeated_letter {
    static constexpr std::size_t find(std::size_t which) {
        for (std::size_t i = 0; i != List::size; ++i)
            for (std::size_t j = i + 1; j != List::size; ++j)
                if (List::text[i] == List::text[j]) return which == 0 ? i : j;
        return List::size;
    }
    static constexpr std::size_t first = find(0), second = find(1);
    static constexpr auto order = [] {
        std::array<std::ptrdiff_t, List::size + 1> o{};
        std::size_t n = 0;
        for (std::size_t i = 0; i != List::size; ++i)
            if (i != first && i != second) o[n++] = static_cast<std::ptrdiff_t>(i);
        if (n + 2 <= List::size) {
            o[n] = static_cast<std::ptrdiff_t>(first);
            o[n + 1] = static_cast<std::ptrdiff_t>(second);
        }
        return o;
    }();
};

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

/// The letters of an operand, and of the result, as a type.
template <class P, std::size_t Operand>
constexpr auto term_letters() {
    return []<std::size_t... I>(std::index_sequence<I...>) {
        return letters<P::value.terms[Operand][I]...>{};
    }(std::make_index_sequence<P::value.lengths[Operand]>{});
}
template <class P>
constexpr auto result_letters() {
    return []<std::size_t... I>(std::index_sequence<I...>) {
        return letters<P::value.result[I]...>{};
    }(std::make_index_sequence<P::value.result_length>{});
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

/// The first two of several operands, joined to what the others or the result need of their letters.
template <class P>
struct first_two_terms {
    static constexpr parsed_subscripts value = [] {
        constexpr auto p = P::value;
        auto const wanted = [&p](char c) {
            bool later = p.kept(c);
            for (std::size_t t = 2; t < p.operands; ++t) later = later || p.has(t, c);
            return later;
        };
        parsed_subscripts r;
        r.operands = 2;
        for (std::size_t t = 0; t != 2; ++t) {
            r.terms[t] = p.terms[t];
            r.lengths[t] = p.lengths[t];
            for (std::size_t i = 0; i != p.lengths[t]; ++i)
                if (char const c = p.terms[t][i]; wanted(c) && !r.kept(c)) {
                    if (r.result_length < r.result.size()) r.result[r.result_length++] = c;
                    else r.good = false;
                }
        }
        return r;
    }();
    static_assert(value.good, "einsum: too many letters");
};
/// What is left when the first two operands are one.
template <class P>
struct joined_terms {
    static constexpr parsed_subscripts value = [] {
        auto r = P::value;
        r.terms[0] = first_two_terms<P>::value.result;
        r.lengths[0] = first_two_terms<P>::value.result_length;
        --r.operands;
        for (std::size_t t = 1; t < r.operands; ++t) {
            r.terms[t] = r.terms[t + 1];
            r.lengths[t] = r.lengths[t + 1];
        }
        return r;
    }();
};
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

/// @throws shape_error where a letter stands for different run-time extents
template <class P>
constexpr void check_letters(auto const&... shapes) {
    constexpr auto p = P::value;
    std::size_t extents[128]{};
    bool known[128]{};
    std::size_t t = 0;
    auto const check = [&](auto const& s) {
        for (std::size_t i = 0; i != p.lengths[t]; ++i) {
            auto const c = static_cast<std::size_t>(p.terms[t][i]);
            if (known[c] && extents[c] != s[i])
                throw shape_error(std::string("einsum: ") + p.terms[t][i] + " is " + std::to_string(extents[c]) +
                                  " and, in " + to_string(s) + ", " + std::to_string(s[i]));
            extents[c] = s[i];
            known[c] = true;
        }
        ++t;
    };
    (check(shapes), ...);
}

template <class P, class... S>
constexpr bool einsum_fits() {
    constexpr auto p = P::value;
    if (!p.good || p.operands != sizeof...(S)) return false;
    std::size_t t = 0;
    bool good = true;
    std::size_t extents[128]{};
    bool known[128]{};
    auto const check = [&]<class Shape>(std::type_identity<Shape>) {
        if (Shape::rank() != p.lengths[t]) good = false;
        else
            for (std::size_t i = 0; i != Shape::rank(); ++i) {
                auto const c = static_cast<std::size_t>(p.terms[t][i]);
                std::size_t const e = Shape::static_extents[i];
                if (known[c] && !is_dynamic(e) && !is_dynamic(extents[c]) && extents[c] != e) good = false;
                if (!known[c] || is_dynamic(extents[c])) extents[c] = e;
                known[c] = true;
            }
        ++t;
    };
    (check(std::type_identity<S>{}), ...);
    return good;
}

template <subscripts Text>
struct parsed {
    static constexpr parsed_subscripts value = parse_subscripts(Text.text);
};
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
