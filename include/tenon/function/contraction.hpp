// Contractions of tensors whose axes have letters, by products.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include <tenon/expr/matmul.hpp>
#include <tenon/expr/reduce.hpp>
#include <tenon/expr/reshape.hpp>
#include <tenon/function/contraction_order.hpp>
#include <tenon/function/einsum_subscripts.hpp>

namespace tenon::inline TENON_TARGET::detail {

/// A node whose axes have letters.
template <class Node, class Letters>
struct lettered {
    using letters_type = Letters;
    Node node;
};
template <char... C, class A>
constexpr auto with_letters(letters<C...>, A&& x) {
    return lettered<node_t<A>, letters<C...>>{as_node(std::forward<A>(x))};
}

/// The axes of x, named by From, in the order of To.
template <char... From, char... To, class A>
constexpr auto arrange(letters<From...>, letters<To...>, A&& x) {
    if constexpr (std::is_same_v<letters<From...>, letters<To...>>) return as_node(std::forward<A>(x));
    else return permute<static_cast<std::ptrdiff_t>(letters<From...>::find(To))...>(std::forward<A>(x));
}

/// Sums the axes whose letters are not kept, and takes diagonals of repeated letters.
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
            std::pair<std::array<std::ptrdiff_t, list::size + 1>, std::size_t> r{};
            for (std::size_t i = 0; i != list::size; ++i)
                if (!Keep{}(list::text[i])) r.first[r.second++] = static_cast<std::ptrdiff_t>(i);
            return r;
        }();
        auto const left = filter_letters<list>(keep);
        if constexpr (dropped.second == 0) return with_letters(left, std::forward<A>(x));
        else
            return [&]<std::size_t... I>(std::index_sequence<I...>) {
                return with_letters(left, sum<dropped.first[I]...>(std::forward<A>(x)));
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
/// Count new axes of extent 1 before axis At.
template <std::size_t At, std::size_t Count, class A>
constexpr auto stretched(A&& x) {
    if constexpr (Count == 0) return as_node(std::forward<A>(x));
    else return stretched<At, Count - 1>(unsqueeze<static_cast<std::ptrdiff_t>(At)>(std::forward<A>(x)));
}

/// Two operands become one with the letters of Keep that they have. Letters in both that are kept are batches, those in both alone
/// are summed by a matrix product, those in one alone are rows or columns. Without any to be summed it is a product of elements.
template <class Keep, class A, class LA, class B, class LB>
constexpr auto contract(Keep, lettered<A, LA> a, lettered<B, LB> b) {
    auto left = reduce_term([](char c) { return Keep{}(c) || LB::has(c); }, LA{}, std::move(a.node));
    auto right = reduce_term([](char c) { return Keep{}(c) || LA::has(c); }, LB{}, std::move(b.node));
    using la = typename decltype(left)::letters_type;
    using lb = typename decltype(right)::letters_type;
    auto const batch = filter_letters<la>([](char c) { return LB::has(c) && Keep{}(c); });
    auto const inner = filter_letters<la>([](char c) { return LB::has(c) && !Keep{}(c); });
    auto const rows = filter_letters<la>([](char c) { return !LB::has(c); });
    auto const columns = filter_letters<lb>([](char c) { return !LA::has(c); });
    constexpr std::size_t nb = decltype(batch)::size, ni = decltype(inner)::size, nr = decltype(rows)::size,
                          nc = decltype(columns)::size;
    auto m = arrange(la{}, batch + rows + inner, std::move(left.node));
    auto n = arrange(lb{}, batch + inner + columns, std::move(right.node));
    using sm = shape_t<decltype(m)>;
    using sn = shape_t<decltype(n)>;
    using common = promote_t<value_t<decltype(m)>, value_t<decltype(n)>>;
    if constexpr (ni == 0 && !std::is_same_v<common, bool>)
        return with_letters(batch + rows + columns,
                            stretched<nb + nr, nc>(std::move(m)) * stretched<nb, nr>(std::move(n)));
    else {
        auto const em = m.shape();
        auto const en = n.shape();
        return [&]<std::size_t... I, std::size_t... R, std::size_t... C>(
                   std::index_sequence<I...>, std::index_sequence<R...>, std::index_sequence<C...>) {
            using to = tenon::shape<sm::static_extents[I]..., sm::static_extents[nb + R]...,
                                    sn::static_extents[nb + ni + C]...>;
            to const s(std::array<std::size_t, nb + nr + nc>{em[I]..., em[nb + R]..., en[nb + ni + C]...});
            auto const product = matmul(as_matrices<nb, nr, ni>(std::move(m)), as_matrices<nb, ni, nc>(std::move(n)));
            return with_letters(batch + rows + columns, reshape_to(product, s));
        }(std::make_index_sequence<nb>{}, std::make_index_sequence<nr>{}, std::make_index_sequence<nc>{});
    }
}

/// An operand without its axes of extent 1 whose letters stand for more in another operand.
template <class Stays, class A, char... C>
constexpr auto without_stretched(Stays stays, lettered<A, letters<C...>> a) {
    using list = letters<C...>;
    constexpr std::size_t axis = [] {
        for (std::size_t i = 0; i != list::size; ++i)
            if (shape_t<A>::static_extents[i] == 1 && !Stays{}(list::text[i])) return i;
        return list::size;
    }();
    if constexpr (axis == list::size) return a;
    else
        return [&]<std::size_t... I>(std::index_sequence<I...>) {
            return without_stretched(stays,
                                     with_letters(letters<list::text[I < axis ? I : I + 1]...>{},
                                                  squeeze<static_cast<std::ptrdiff_t>(axis)>(std::move(a.node))));
        }(std::make_index_sequence<list::size - 1>{});
}

/// The order in which operands with letters are joined, and which letters each step keeps.
/// @tparam Result the result's letters
template <class Result, class... Operand>
struct contraction_plan {
    static constexpr std::size_t count = sizeof...(Operand);
    static constexpr auto known = [] {
        contraction_problem<count> r{};
        std::size_t t = 0;
        char names[64]{};
        auto const bit = [&](char c, std::size_t extent) {
            std::size_t i = 0;
            while (i != r.letters && names[i] != c) ++i;
            if (i == r.letters) {
                names[r.letters++] = c;
                r.extents[i] = is_dynamic(extent) ? 100. : static_cast<double>(extent);
            }
            return std::uint64_t{1} << i;
        };
        auto const take = [&]<class Node, class Letters>(std::type_identity<lettered<Node, Letters>>) {
            for (std::size_t i = 0; i != Letters::size; ++i)
                r.sets[t] |= bit(Letters::text[i], shape_t<Node>::static_extents[i]);
            ++t;
        };
        (take(std::type_identity<Operand>{}), ...);
        for (std::size_t i = 0; i != Result::size; ++i) r.result |= bit(Result::text[i], 1);
        return r;
    }();
    static constexpr auto steps = best_contraction(known);
    /// Whether an operand, or one that goes into a step's result, is number n.
    static constexpr bool is_in(std::size_t n, std::size_t made) {
        if (made < count) return n == made;
        return is_in(n, steps[made - count].left) || is_in(n, steps[made - count].right);
    }
    /// Whether number `made` has to keep a letter, which the result or another operand has.
    static constexpr bool keeps(std::size_t made, char c) {
        bool const in[] = {Operand::letters_type::has(c)...};
        bool kept = Result::has(c);
        for (std::size_t n = 0; n != count; ++n) kept = kept || (in[n] && !is_in(n, made));
        return kept;
    }
    template <std::size_t Made, class Operands>
    static constexpr auto make(Operands& all) {
        if constexpr (Made < count) return std::move(get<Made>(all));
        else
            return contract([](char c) { return keeps(Made, c); }, make<steps[Made - count].left>(all),
                            make<steps[Made - count].right>(all));
    }
};

/// Sums what the result has not, and joins several operands as their plan says.
template <class Result, std::size_t... I, class... B>
constexpr auto join_operands(Result result, tuple_of<std::index_sequence<I...>, B...> all) {
    auto one = [&] {
        if constexpr (sizeof...(B) == 1)
            return reduce_term([](char c) { return Result::has(c); }, typename B::letters_type{}...,
                               std::move(get<0>(all).node));
        else return contraction_plan<Result, B...>::template make<2 * sizeof...(B) - 2>(all);
    }();
    return arrange(typename decltype(one)::letters_type{}, result, std::move(one.node));
}
/// The sum of products over the letters that the result has not, in the order with the fewest operations. Axes of extent 1 serve any
/// extent that another operand has for their letter.
template <class Result, class... A, class... L>
constexpr auto contract_all(Result result, lettered<A, L>... x) {
    auto const stays = [](char c) {
        bool stretched = false;
        auto const look = [&]<class Node, class Letters>(std::type_identity<lettered<Node, Letters>>) {
            for (std::size_t i = 0; i != Letters::size; ++i)
                stretched = stretched || (Letters::text[i] == c && shape_t<Node>::static_extents[i] != 1);
        };
        (look(std::type_identity<lettered<A, L>>{}), ...);
        return !stretched;
    };
    return join_operands(result, tuple<decltype(without_stretched(stays, std::move(x)))...>{
                                     {without_stretched(stays, std::move(x))}...});
}

}  // namespace tenon::inline TENON_TARGET::detail
