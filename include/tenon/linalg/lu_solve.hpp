// Equations with a matrix that has been factored: lu_solve.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include <tenon/linalg/lu_factor.hpp>

namespace tenon::inline TENON_TARGET {
namespace linalg {

struct lu_solve_options {
    bool left = true;      ///< AX = B; else XA = B
    bool adjoint = false;  ///< Aᵀ in the place of A
};

namespace detail {
/// X of AX = B for packed factors of A, pivots and B. Ā = −WXᵀ, where W solves the transposed equation for X̄, and from it
/// L̄ = tril(PᵀĀUᵀ, −1), Ū = triu(LᵀPᵀĀ).
template <class T, class I, class S, class N, class R>
struct lu_solve_rule : equation_rule<T, S, R> {
    static constexpr char const *name = "lu_solve", *kind = "solver";
    lu_solve_options options;
    explicit constexpr lu_solve_rule(lu_solve_options o) : options(o) {}

    constexpr R shape(S const& s, N const& n, R const& r) const {
        this->check_pivots(name, s, n);
        return this->fitting(name, s, r, options.left);
    }
    static constexpr std::size_t operations(S const& s, N const&, R const& r) { return 2 * r.size() * rows(s); }

    void forward(array_of<T, R> const& y, array_of<T const, S> const& a, array_of<I const, N> const& pivots,
                 array_of<T const, R> const& b) const {
        std::copy_n(b.data, b.shape.size(), y.data);
        for_each_matrix(matrices(a.shape), 2 * b.shape.size() * rows(a.shape) / matrices(a.shape), [&](std::size_t q) {
            solve_factored<T>(matrix_at(a, q), exchanges(pivots, q).data(), transposed(), turned(matrix_at(y, q)));
        });
    }
    void backward(array_of<T const, R> const& y, array_of<T const, R> const& g, array_of<T const, S> const& a,
                  array_of<I const, N> const& pivots, array_of<T const, R> const&, array_of<T, S> const& ga,
                  array_of<I, N> const&, array_of<T, R> const& gb) const {
        std::size_t const n = rows(a.shape);
        for_each_matrix(matrices(a.shape), 6 * g.shape.size() * n / matrices(a.shape), [&](std::size_t q) {
            auto const p = exchanges(pivots, q);
            auto const lu = matrix_at(a, q);
            matrix_copy<T> w(turned(matrix_at(g, q)));
            solve_factored<T>(lu, p.data(), !transposed(), w.all());
            if (gb.data) add(turned(matrix_at(gb, q)), w.all());
            if (!ga.data) return;
            matrix_copy<T> of_a(n, n), lower(n, n), upper(n, n);
            auto const x = turned(matrix_at(y, q));
            if (transposed()) subtract_product(of_a.all(), x, w.all().transposed());
            else subtract_product(of_a.all(), w.all(), x.transposed());
            for (std::size_t i = 0; i != n; ++i) swap_rows(of_a.all(), i, p[i]);
            for (std::size_t i = 0; i != n; ++i)
                for (std::size_t j = 0; j != n; ++j) {
                    lower(i, j) = i == j ? T(1) : i > j ? lu(i, j) : T(0);
                    upper(i, j) = i <= j ? lu(i, j) : T(0);
                }
            auto const of_lower = product(view<T const>(of_a.all()), upper.all().transposed());
            auto const of_upper = product(view<T const>(lower.all()).transposed(), of_a.all());
            auto const to = matrix_at(ga, q);
            for (std::size_t i = 0; i != n; ++i)
                for (std::size_t j = 0; j != n; ++j) to(i, j) += i > j ? of_lower.all()(i, j) : of_upper.all()(i, j);
        });
    }

private:
    /// XA = B is AᵀXᵀ = Bᵀ.
    template <class U>
    view<U> turned(view<U> const& x) const {
        return options.left ? x : x.transposed();
    }
    bool transposed() const { return options.adjoint == options.left; }
    std::vector<std::size_t> exchanges(array_of<I const, N> const& pivots, std::size_t q) const {
        std::size_t const n = pivots.shape[N::rank() - 2];
        return pivots_of(pivots.data + q * n, n, n);
    }
};
}  // namespace detail

/// X of AX = B for A = PLU as `lu_factor` gives it, for matrices B, batches broadcast; options: XA = B, and Aᵀ in A's place:
/// `lu_solve(lu, pivots, b, {.adjoint = true})`. 2n²k operations. torch.linalg.lu_solve.
template <expression A, expression Pivots, expression B>
constexpr auto lu_solve(A&& lu, Pivots&& pivots, B&& b, lu_solve_options options = {}) {
    return detail::checked<"lu_solve", true, A>([&] {
        using s = shape_t<A>;
        using r = shape_t<B>;
        using n = shape_t<Pivots>;
        if constexpr (!detail::equation_fits<s, r>() || !std::is_same_v<value_t<A>, value_t<B>> ||
                      n::rank() + 1 != s::rank() || !std::is_integral_v<value_t<Pivots>>)
            return equation_shapes_do_not_fit<"lu_solve", s, r>{};
        else {
            auto x = detail::in_batch_of<r>(std::forward<A>(lu));
            auto y = detail::in_batch_of<shape_t<decltype(x)>>(std::forward<B>(b));
            auto p = detail::in_batch_of<shape_t<decltype(x)>>(unsqueeze<-1>(std::forward<Pivots>(pivots)));
            using rule = detail::lu_solve_rule<value_t<A>, value_t<Pivots>, shape_t<decltype(x)>, shape_t<decltype(p)>,
                                               shape_t<decltype(y)>>;
            return tenon::detail::make_array(rule(options), std::move(x), std::move(p), std::move(y));
        }
    });
}

}  // namespace linalg

/// linalg::lu_solve in the order of torch.lu_solve: `lu_solve(b, lu, pivots)`.
template <expression B, expression A, expression Pivots>
constexpr auto lu_solve(B&& b, A&& lu, Pivots&& pivots) {
    return linalg::lu_solve(std::forward<A>(lu), std::forward<Pivots>(pivots), std::forward<B>(b));
}

}  // namespace tenon::inline TENON_TARGET
