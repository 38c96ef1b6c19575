// The LU factorisation as a result: lu_factor, lu_unpack, lu.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <tenon/expr/let.hpp>
#include <tenon/linalg/lu.hpp>
#include <tenon/linalg/solve.hpp>

namespace tenon::inline TENON_TARGET {
namespace linalg {

namespace detail {
/// Ā += what the gradient g of packed factors makes of them: of A's square part it is L⁻ᵀ (tril(LᵀL̄, −1) + triu(ŪUᵀ)) U⁻ᵀ, and the
/// columns, or rows, behind it are first, as A₂ = LU₂, or L₂U. Rows are put back where they were.
template <class T>
void add_lu_gradient(view<T const> const& lu, std::vector<std::size_t> const& pivots, view<T const> const& g,
                     view<T> const& to) {
    std::size_t const m = lu.rows, n = lu.columns, k = pivots.size();
    auto const square = lu.block(0, 0, k, k);
    matrix_copy<T> d(g), lower(k, k), of_lower(k, k), upper(k, k), of_upper(k, k);
    for (std::size_t i = 0; i != k; ++i)
        for (std::size_t j = 0; j != k; ++j) {
            lower(i, j) = i == j ? T(1) : i > j ? lu(i, j) : T(0);
            upper(i, j) = i <= j ? lu(i, j) : T(0);
            of_lower(i, j) = i > j ? g(i, j) : T(0);
            of_upper(i, j) = i <= j ? g(i, j) : T(0);
        }
    auto x = product(view<T const>(lower.all()).transposed(), of_lower.all());
    auto y = product(view<T const>(of_upper.all()), upper.all().transposed());
    if (n > k) subtract_product(x.all(), g.block(0, k, k, n - k), lu.block(0, k, k, n - k).transposed());
    if (m > k) subtract_product(y.all(), lu.block(k, 0, m - k, k).transposed(), g.block(k, 0, m - k, k));
    for (std::size_t i = 0; i != k; ++i)
        for (std::size_t j = 0; j != k; ++j) d(i, j) = i > j ? x(i, j) : y(i, j);
    // From the left L⁻ᵀ, from the right U⁻ᵀ.
    solve_upper(square.transposed(), true, d.all().block(0, 0, k, n));
    solve_upper(square, false, d.all().block(0, 0, m, k).transposed());
    for (std::size_t i = k; i-- != 0;) swap_rows(d.all(), i, pivots[i]);
    add(to, d.all());
}

/// Packed factors of all matrices, and then their pivots, counted from 1.
template <class T, class S>
struct lu_factor_rule {
    using value_type = T;
    using pivots_shape = instead_of_last<S, 2, smaller(rows_of<S>, columns_of<S>)>;
    using shape_type = tenon::shape<plus(static_size<S>, static_size<typename pivots_shape::type>)>;
    static constexpr char const *name = "lu_factor", *kind = "factorisation";
    static constexpr bool has_gradient = true;
    bool may_be_singular;

    static constexpr std::size_t inner(S const& s) { return std::min(rows(s), columns(s)); }
    constexpr shape_type shape(S const& s) const { return shape_type(std::array{s.size() + matrices(s) * inner(s)}); }
    static constexpr std::size_t operations(S const& s) { return s.size() * inner(s); }

    void forward(array_of<T, shape_type> const& y, array_of<T const, S> const& a) const {
        std::size_t const k = inner(a.shape), count = matrices(a.shape), size = rows(a.shape) * columns(a.shape);
        std::copy_n(a.data, a.shape.size(), y.data);
        for_each_matrix(count, size * k, [&](std::size_t q) {
            auto const lu = row_major(y.data + q * size, rows(a.shape), columns(a.shape));
            std::vector<std::size_t> pivots(k);
            factor_lu(lu, pivots.data());
            for (std::size_t i = 0; i != k; ++i) {
                if (!may_be_singular && lu(i, i) == 0)
                    fail(name, q, count, "is singular", static_cast<std::ptrdiff_t>(i), "is zero");
                y.data[count * size + q * k + i] = static_cast<T>(pivots[i] + 1);
            }
        });
    }
    void backward(array_of<T const, shape_type> const& y, array_of<T const, shape_type> const& g,
                  array_of<T const, S> const& a, array_of<T, S> const& ga) const {
        std::size_t const k = inner(a.shape), count = matrices(a.shape), size = rows(a.shape) * columns(a.shape);
        for_each_matrix(count, 4 * size * k, [&](std::size_t q) {
            std::vector<std::size_t> pivots(k);
            for (std::size_t i = 0; i != k; ++i)
                pivots[i] = static_cast<std::size_t>(y.data[count * size + q * k + i]) - 1;
            auto const at = [&](T const* p) { return row_major(p + q * size, rows(a.shape), columns(a.shape)); };
            add_lu_gradient<T>(at(y.data), pivots, at(g.data), matrix_at(ga, q));
        });
    }
};

/// One triangle of packed factors: L, whose diagonal is ones, or U.
template <bool Lower, class T, class S>
struct lu_triangle_rule {
    using value_type = T;
    static constexpr std::size_t k = smaller(rows_of<S>, columns_of<S>);
    using result = with_matrix<S, Lower ? rows_of<S> : k, Lower ? k : columns_of<S>>;
    using shape_type = typename result::type;
    static constexpr char const *name = "lu_unpack", *kind = "copy";
    static constexpr bool has_gradient = true;

    constexpr shape_type shape(S const& s) const {
        std::size_t const inner = std::min(rows(s), columns(s));
        return result::of(s, {Lower ? rows(s) : inner, Lower ? inner : columns(s)});
    }
    static constexpr std::size_t operations(S const&) { return 0; }
    static constexpr bool has(std::size_t i, std::size_t j) { return Lower ? i > j : i <= j; }

    void forward(array_of<T, shape_type> const& y, array_of<T const, S> const& a) const {
        for (std::size_t q = 0; q != matrices(a.shape); ++q) {
            auto const from = matrix_at(a, q);
            auto const to = matrix_at(y, q);
            for (std::size_t i = 0; i != to.rows; ++i)
                for (std::size_t j = 0; j != to.columns; ++j)
                    to(i, j) = has(i, j) ? from(i, j) : Lower && i == j ? T(1) : T(0);
        }
    }
    void backward(array_of<T const, shape_type> const&, array_of<T const, shape_type> const& g,
                  array_of<T const, S> const& a, array_of<T, S> const& ga) const {
        for (std::size_t q = 0; q != matrices(a.shape); ++q) {
            auto const from = matrix_at(g, q);
            auto const to = matrix_at(ga, q);
            for (std::size_t i = 0; i != from.rows; ++i)
                for (std::size_t j = 0; j != from.columns; ++j)
                    if (has(i, j)) to(i, j) += from(i, j);
        }
    }
};

/// Row exchanges as numbers from 1, of n rows. @throws index_error for others
template <class I>
std::vector<std::size_t> pivots_of(I const* pivots, std::size_t count, std::size_t n) {
    std::vector<std::size_t> p(count);
    for (std::size_t i = 0; i != count; ++i) {
        if (pivots[i] < 1 || static_cast<std::size_t>(pivots[i]) > n)
            throw index_error(text_of({"lu: pivot ", static_cast<std::ptrdiff_t>(pivots[i]), " is no row of ", n}));
        p[i] = static_cast<std::size_t>(pivots[i]) - 1;
    }
    return p;
}
/// P of A = PLU, from pivots.
template <class T, class I, class S, class N>
struct permutation_rule {
    using value_type = T;
    using result = with_matrix<S, rows_of<S>, rows_of<S>>;
    using shape_type = typename result::type;
    static constexpr char const *name = "lu_unpack", *kind = "copy";
    S factors;

    constexpr shape_type shape(N const& n) const {
        bool same = n[N::rank() - 1] == std::min(rows(factors), columns(factors));
        for (std::size_t a = 0; a + 1 < N::rank(); ++a) same = same && n[a] == factors[a];
        if (!same) throw_shapes("lu_unpack", to_string(factors), to_string(n));
        return result::of(factors, {rows(factors), rows(factors)});
    }
    static constexpr std::size_t operations(N const&) { return 0; }
    void forward(array_of<T, shape_type> const& y, array_of<I const, N> const& pivots) const {
        std::size_t const k = pivots.shape[N::rank() - 1];
        for (std::size_t q = 0; q != matrices(y.shape); ++q) {
            auto const to = matrix_at(y, q);
            for (std::size_t i = 0; i != to.rows; ++i)
                for (std::size_t j = 0; j != to.rows; ++j) to(i, j) = i == j;
            auto const p = pivots_of(pivots.data + q * k, k, to.rows);
            for (std::size_t i = k; i-- != 0;) swap_rows(to, i, p[i]);
        }
    }
};
}  // namespace detail

template <class Factors, class Pivots>
struct lu_factor_result {
    Factors lu;     ///< U on and above the diagonal, L below it
    Pivots pivots;  ///< with which row each row was exchanged, int32, counted from 1
};
template <class P, class L, class U>
struct lu_result {
    P p;  ///< a permutation
    L l;  ///< lower triangular with ones on the diagonal
    U u;  ///< upper triangular
};

namespace detail {
template <class A>
constexpr auto make_lu_factor(A&& a, bool may_be_singular) {
    using rule = lu_factor_rule<value_t<A>, shape_t<A>>;
    auto const s = a.shape();
    auto both = let(tenon::detail::make_array(rule{may_be_singular}, std::forward<A>(a)));
    auto factors = tenon::detail::part(both, 0, s);
    auto pivots = cast<std::int32_t>(tenon::detail::part(both, s.size(), rule::pivots_shape::of(s, {rule::inner(s)})));
    return lu_factor_result<decltype(factors), decltype(pivots)>{factors, pivots};
}
}  // namespace detail

/// Factors of A = PLU in one matrix for each matrix of m×n in the last two axes: `auto [lu, pivots] = lu_factor(a)`, for `lu_solve` and
/// `lu_unpack`. ⅔n³ operations. torch.linalg.lu_factor. @throws linalg_error where A is singular, with its place and the pivot
template <expression A>
constexpr auto lu_factor(A&& a) {
    return detail::checked<"lu_factor", false, A>([&] { return detail::make_lu_factor(std::forward<A>(a), false); });
}
/// P, L and U of packed factors: `auto [p, l, u] = lu_unpack(lu, pivots)`; torch.lu_unpack. @throws index_error for a pivot that is no row
template <expression A, expression Pivots>
constexpr auto lu_unpack(A&& lu, Pivots&& pivots) {
    return detail::checked<"lu_unpack", false, A>([&] {
        using s = shape_t<A>;
        using n = shape_t<Pivots>;
        using T = value_t<A>;
        if constexpr (n::rank() + 1 != s::rank() || !std::is_integral_v<value_t<Pivots>>)
            return equation_shapes_do_not_fit<"lu_unpack", s, n>{};
        else {
            auto p = tenon::detail::make_array(detail::permutation_rule<T, value_t<Pivots>, s, n>{lu.shape()},
                                               std::forward<Pivots>(pivots));
            auto const factors = as_node(std::forward<A>(lu));
            auto l = tenon::detail::make_array(detail::lu_triangle_rule<true, T, s>{}, factors);
            auto u = tenon::detail::make_array(detail::lu_triangle_rule<false, T, s>{}, factors);
            return lu_result<decltype(p), decltype(l), decltype(u)>{p, l, u};
        }
    });
}
/// A = PLU with exchanged rows, for each matrix of m×n in the last two axes: `auto [p, l, u] = lu(a)`; what they share is computed once
/// in an evaluation. Singular matrices have one too, though no gradient. torch.linalg.lu.
template <expression A>
constexpr auto lu(A&& a) {
    return detail::checked<"lu", false, A>([&] {
        auto const factors = detail::make_lu_factor(std::forward<A>(a), true);
        return linalg::lu_unpack(factors.lu, factors.pivots);
    });
}

}  // namespace linalg

using linalg::lu_unpack;

}  // namespace tenon::inline TENON_TARGET
