// The factorisation of symmetric matrices that may be indefinite: ldl_factor, ldl_solve.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <tenon/expr/let.hpp>
#include <tenon/linalg/solve.hpp>

namespace tenon::inline TENON_TARGET {
namespace linalg {

namespace detail {
/// Exchanges rows and columns i < j of the symmetric matrix of which the lower triangle from column i on is in a.
template <class T>
void swap_symmetric(view<T> const& a, std::size_t i, std::size_t j) {
    for (std::size_t r = j + 1; r < a.rows; ++r) std::swap(a(r, i), a(r, j));
    for (std::size_t r = i + 1; r < j; ++r) std::swap(a(r, i), a(j, r));
    std::swap(a(i, i), a(j, j));
}
/// A = LDLᵀ in A's lower triangle, where D has blocks of 1×1 and 2×2 and rows are exchanged by pivots as LAPACK's sytf2 writes them:
/// from 1, negative and twice for a 2×2 block. Bunch and Kaufman (1977), "Some stable methods for calculating inertia and solving
/// symmetric linear systems".
template <class T>
void factor_ldl(view<T> const& a, T* pivots) {
    std::size_t const n = a.rows;
    T const alpha = (1 + std::sqrt(T(17))) / 8;
    for (std::size_t k = 0; k < n;) {
        std::size_t step = 1, chosen = k, below = k + 1;
        for (std::size_t i = k + 1; i < n; ++i)
            if (std::abs(a(i, k)) > std::abs(a(below, k))) below = i;
        T const here = std::abs(a(k, k)), most = k + 1 < n ? std::abs(a(below, k)) : T(0);
        if (here < alpha * most) {
            T row = 0;
            for (std::size_t j = k; j != below; ++j) row = std::max(row, std::abs(a(below, j)));
            for (std::size_t i = below + 1; i < n; ++i) row = std::max(row, std::abs(a(i, below)));
            if (here < alpha * most * (most / row)) {
                chosen = below;
                if (std::abs(a(below, below)) < alpha * row) step = 2;
            }
        }
        std::size_t const last = k + step - 1;
        if (chosen != last) {
            swap_symmetric(a, last, chosen);
            if (step == 2) std::swap(a(last, k), a(chosen, k));
        }
        if (step == 1) {
            if (a(k, k) != 0)
                for (std::size_t j = k + 1; j < n; ++j) {
                    T const factor = a(j, k) / a(k, k);
                    for (std::size_t i = j; i < n; ++i) a(i, j) -= factor * a(i, k);
                    // Rows above have been done with the old elements of this column.
                    a(j, k) = factor;
                }
            pivots[k] = static_cast<T>(chosen + 1);
        } else {
            T const d = a(k + 1, k), d11 = a(k + 1, k + 1) / d, d22 = a(k, k) / d, t = 1 / (d11 * d22 - 1) / d;
            for (std::size_t j = k + 2; j < n; ++j) {
                T const first = t * (d11 * a(j, k) - a(j, k + 1)), second = t * (d22 * a(j, k + 1) - a(j, k));
                for (std::size_t i = j; i < n; ++i) a(i, j) -= a(i, k) * first + a(i, k + 1) * second;
                a(j, k) = first;
                a(j, k + 1) = second;
            }
            pivots[k] = pivots[k + 1] = -static_cast<T>(chosen + 1);
        }
        k += step;
    }
}
/// X of AX = B in B's place; LAPACK's sytrs. @param pivots from 1
template <class T, class I>
void solve_ldl(view<T const> const& a, I const* pivots, view<T> const& x) {
    std::size_t const n = a.rows;
    auto const row = [&](std::size_t i) { return x.block(i, 0, 1, x.columns); };
    auto const exchange = [&](std::size_t i, I pivot) {
        auto const j = static_cast<std::size_t>(pivot < 0 ? -pivot : pivot);
        if (j < 1 || j > n)
            throw index_error(text_of({"ldl_solve: pivot ", static_cast<std::ptrdiff_t>(pivot), " is no row of ", n}));
        if (j - 1 != i) std::swap_ranges(&x(i, 0), &x(i, 0) + x.columns, &x(j - 1, 0));
    };
    auto const is_pair = [&](std::size_t k) { return k + 1 < n && pivots[k] < 0; };
    for (std::size_t k = 0; k < n; k += is_pair(k) ? 2 : 1)
        if (is_pair(k)) {
            exchange(k + 1, pivots[k]);
            for (std::size_t i = k + 2; i < n; ++i) {
                subtract_row(row(i), a(i, k), row(k));
                subtract_row(row(i), a(i, k + 1), row(k + 1));
            }
            T const d = a(k + 1, k), d11 = a(k, k) / d, d22 = a(k + 1, k + 1) / d, bottom = (d11 * d22 - 1) * d;
            for (std::size_t c = 0; c != x.columns; ++c) {
                T const first = x(k, c), second = x(k + 1, c);
                x(k, c) = (d22 * first - second) / bottom;
                x(k + 1, c) = (d11 * second - first) / bottom;
            }
        } else {
            exchange(k, pivots[k]);
            for (std::size_t i = k + 1; i < n; ++i) subtract_row(row(i), a(i, k), row(k));
            for (std::size_t c = 0; c != x.columns; ++c) x(k, c) /= a(k, k);
        }
    for (std::size_t k = n; k-- != 0;) {
        bool const pair = k > 0 && pivots[k] < 0;
        for (std::size_t i = k + 1; i < n; ++i) {
            subtract_row(row(k), a(i, k), row(i));
            if (pair) subtract_row(row(k - 1), a(i, k - 1), row(i));
        }
        exchange(k, pivots[k]);
        if (pair) --k;
    }
}

/// Packed factors of all matrices, and then their pivots.
template <class T, class S>
struct ldl_rule {
    using value_type = T;
    using pivots_shape = instead_of_last<S, 1>;
    using shape_type = tenon::shape<plus(static_size<S>, static_size<typename pivots_shape::type>)>;
    static constexpr char const *name = "ldl_factor", *kind = "factorisation";

    constexpr shape_type shape(S const& s) const {
        check_square(name, s);
        return shape_type(std::array{s.size() + pivots_shape::of(s).size()});
    }
    static constexpr std::size_t operations(S const& s) { return s.size() * rows(s) / 3; }
    void forward(array_of<T, shape_type> const& y, array_of<T const, S> const& a) const {
        std::size_t const n = rows(a.shape), count = matrices(a.shape);
        for_each_matrix(count, n * n * n / 3, [&](std::size_t q) {
            auto const from = matrix_at(a, q);
            auto const to = row_major(y.data + q * n * n, n, n);
            for (std::size_t i = 0; i != n; ++i)
                for (std::size_t j = 0; j != n; ++j) to(i, j) = j <= i ? from(i, j) : T(0);
            factor_ldl(to, y.data + count * n * n + q * n);
        });
    }
};

/// X of AX = B for packed factors of A, their pivots and B. B̄ += A⁻¹X̄; the factors have no gradient, as in PyTorch.
template <class T, class I, class S, class N, class R>
struct ldl_solve_rule : equation_rule<T, S, R> {
    static constexpr char const *name = "ldl_solve", *kind = "solver";

    constexpr R shape(S const& s, N const& n, R const& r) const {
        this->check_pivots(name, s, n);
        return this->fitting(name, s, r, true);
    }
    static constexpr std::size_t operations(S const& s, N const&, R const& r) { return 2 * r.size() * rows(s); }

    void forward(array_of<T, R> const& y, array_of<T const, S> const& a, array_of<I const, N> const& pivots,
                 array_of<T const, R> const& b) const {
        std::copy_n(b.data, b.shape.size(), y.data);
        std::size_t const n = rows(a.shape);
        for_each_matrix(matrices(a.shape), 2 * b.shape.size() * n / matrices(a.shape),
                        [&](std::size_t q) { solve_ldl<T>(matrix_at(a, q), pivots.data + q * n, matrix_at(y, q)); });
    }
    void backward(array_of<T const, R> const&, array_of<T const, R> const& g, array_of<T const, S> const& a,
                  array_of<I const, N> const& pivots, array_of<T const, R> const&, array_of<T, S> const&,
                  array_of<I, N> const&, array_of<T, R> const& gb) const {
        std::size_t const n = rows(a.shape);
        if (gb.data)
            for_each_matrix(matrices(a.shape), 2 * g.shape.size() * n / matrices(a.shape), [&](std::size_t q) {
                matrix_copy<T> w(matrix_at(g, q));
                solve_ldl<T>(matrix_at(a, q), pivots.data + q * n, w.all());
                add(matrix_at(gb, q), w.all());
            });
    }
};
}  // namespace detail

template <class Factors, class Pivots>
struct ldl_factor_result {
    Factors ld;     ///< D on the diagonal and, for blocks of 2×2, beside it; L below
    Pivots pivots;  ///< int32, as LAPACK's sytrf writes them
};
/// PAPᵀ = LDLᵀ of symmetric matrices, of which the lower triangle is read and D has blocks of 1×1 and 2×2, for `ldl_solve`:
/// `auto [ld, pivots] = ldl_factor(a)`. n³/3 operations. No gradient passes, as in PyTorch. torch.linalg.ldl_factor.
template <expression A>
constexpr auto ldl_factor(A&& a) {
    return detail::checked<"ldl_factor", true, A>([&] {
        using rule = detail::ldl_rule<value_t<A>, shape_t<A>>;
        auto const s = a.shape();
        auto both = let(tenon::detail::make_array(rule{}, std::forward<A>(a)));
        auto factors = tenon::detail::part(both, 0, s);
        auto pivots = cast<std::int32_t>(tenon::detail::part(both, s.size(), rule::pivots_shape::of(s)));
        return ldl_factor_result<decltype(factors), decltype(pivots)>{factors, pivots};
    });
}
/// X of AX = B for A as `ldl_factor` gives it, for matrices B; batches are broadcast: `ldl_solve(ld, pivots, b)`. Its gradient is B's alone.
/// torch.linalg.ldl_solve. @throws index_error for a pivot that is no row
template <expression A, expression Pivots, expression B>
constexpr auto ldl_solve(A&& ld, Pivots&& pivots, B&& b) {
    return detail::checked<"ldl_solve", true, A>([&] {
        using s = shape_t<A>;
        using r = shape_t<B>;
        using n = shape_t<Pivots>;
        if constexpr (!detail::equation_fits<s, r>() || !std::is_same_v<value_t<A>, value_t<B>> ||
                      n::rank() + 1 != s::rank() || !std::is_integral_v<value_t<Pivots>>)
            return equation_shapes_do_not_fit<"ldl_solve", s, r>{};
        else {
            auto x = detail::in_batch_of<r>(std::forward<A>(ld));
            auto y = detail::in_batch_of<shape_t<decltype(x)>>(std::forward<B>(b));
            auto p = detail::in_batch_of<shape_t<decltype(x)>>(unsqueeze<-1>(std::forward<Pivots>(pivots)));
            using rule = detail::ldl_solve_rule<value_t<A>, value_t<Pivots>, shape_t<decltype(x)>, shape_t<decltype(p)>,
                                                shape_t<decltype(y)>>;
            return tenon::detail::make_array(rule{}, std::move(x), std::move(p), std::move(y));
        }
    });
}

}  // namespace linalg
}  // namespace tenon::inline TENON_TARGET
