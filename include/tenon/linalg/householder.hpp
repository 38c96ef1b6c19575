// Q as a product of reflectors: geqrf, ormqr, householder_product.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include <tenon/expr/let.hpp>
#include <tenon/linalg/reflectors.hpp>

namespace tenon::inline TENON_TARGET {

/// Reflectors, their factors, and what is multiplied by them don't fit.
template <operation_name Operation, class... Shapes>
struct reflectors_do_not_fit;

namespace linalg {

struct ormqr_options {
    bool left = true;        ///< QC; else CQ
    bool transpose = false;  ///< Qᵀ in the place of Q
};

namespace detail {
/// The gradients of H_0 ⋯ H_{count−1} P = Q in a, τ and P: ga and gtau get theirs, g becomes that of P. H_i ⋯ P for i from 0 comes
/// from the result by H_i again, which is its own inverse but for the factor τ/(τvᵀv − 1) in the place of τ; where that is none, from P.
/// @param transposed whether it is H_{count−1} ⋯ H_0 P
template <class T>
void add_reflector_gradients(view<std::type_identity_t<T> const> const& a, T const* tau, std::size_t count,
                             bool transposed, view<T const> const& p, view<T const> const& q, view<T> const& g,
                             view<T> const& ga, T* gtau) {
    matrix_copy<T> rest(q);
    std::vector<T> sums, w(g.columns), gw(g.columns);
    for (std::size_t step = 0; step != count; ++step) {
        std::size_t const j = transposed ? count - 1 - step : step, m = a.rows - j;
        auto const below = a.block(j, 0, m, a.columns).block(1, j, m - 1, 1);
        T length = 1;
        for (std::size_t i = 0; i + 1 < m; ++i) length += below(i, 0) * below(i, 0);
        auto const inner = rest.all().block(j, 0, m, g.columns);
        if (T const bottom = tau[j] * length - 1; std::abs(bottom) > T(1e-3))
            reflect<T>(below, tau[j] / bottom, inner, sums);
        else {
            assign(rest.all(), p);
            for (std::size_t again = count; again-- != step + 1;) {
                std::size_t const k = transposed ? count - 1 - again : again;
                reflect<T>(a.block(k, k, a.rows - k, 1).block(1, 0, a.rows - k - 1, 1), tau[k],
                           rest.all().block(k, 0, a.rows - k, g.columns), sums);
            }
        }
        // Q = P − τvwᵀ with w = Pᵀv.
        auto const outer = g.block(j, 0, m, g.columns);
        auto const v = [&](std::size_t i) { return i == 0 ? T(1) : below(i - 1, 0); };
        T of_tau = 0;
        for (std::size_t c = 0; c != g.columns; ++c) w[c] = gw[c] = 0;
        for (std::size_t i = 0; i != m; ++i)
            for (std::size_t c = 0; c != g.columns; ++c) {
                w[c] += inner(i, c) * v(i);
                gw[c] += outer(i, c) * v(i);
            }
        for (std::size_t c = 0; c != g.columns; ++c) of_tau -= w[c] * gw[c];
        if (gtau) gtau[j] += of_tau;
        if (ga.p)
            for (std::size_t i = 1; i != m; ++i) {
                T sum = 0;
                for (std::size_t c = 0; c != g.columns; ++c) sum += outer(i, c) * w[c] + inner(i, c) * gw[c];
                ga(j + i, j) -= tau[j] * sum;
            }
        for (std::size_t i = 0; i != m; ++i)
            for (std::size_t c = 0; c != g.columns; ++c) outer(i, c) -= tau[j] * v(i) * gw[c];
    }
}

/// QC for reflectors in A and τ.
template <class T, class S, class N, class R>
struct ormqr_rule {
    using value_type = T;
    using shape_type = R;
    static constexpr char const *name = "ormqr", *kind = "factorisation";
    static constexpr bool has_gradient = true;
    ormqr_options options;

    constexpr R shape(S const& s, N const& n, R const& r) const {
        std::size_t const count = n[N::rank() - 1];
        bool good = rows(s) == (options.left ? rows(r) : columns(r)) && count <= columns(s) && count <= rows(s);
        for (std::size_t a = 0; a + 2 < S::rank(); ++a) good = good && s[a] == r[a] && s[a] == n[a];
        if (!good) throw_shapes(name, to_string(s), to_string(r));
        return r;
    }
    static constexpr std::size_t operations(S const&, N const& n, R const& r) {
        return 4 * r.size() * n[N::rank() - 1];
    }

    void forward(array_of<T, R> const& y, array_of<T const, S> const& a, array_of<T const, N> const& tau,
                 array_of<T const, R> const& c) const {
        std::copy_n(c.data, c.shape.size(), y.data);
        std::size_t const count = tau.shape[N::rank() - 1];
        for_each_matrix(matrices(a.shape), operations(a.shape, tau.shape, c.shape) / matrices(a.shape),
                        [&](std::size_t q) {
                            apply_reflectors<T>(matrix_at(a, q), tau.data + q * count, count, turned(matrix_at(y, q)),
                                                transposed());
                        });
    }
    void backward(array_of<T const, R> const& y, array_of<T const, R> const& g, array_of<T const, S> const& a,
                  array_of<T const, N> const& tau, array_of<T const, R> const& c, array_of<T, S> const& ga,
                  array_of<T, N> const& gtau, array_of<T, R> const& gc) const {
        std::size_t const count = tau.shape[N::rank() - 1];
        for_each_matrix(matrices(a.shape), 4 * operations(a.shape, tau.shape, c.shape) / matrices(a.shape),
                        [&](std::size_t q) {
                            matrix_copy<T> of_c(turned(matrix_at(g, q)));
                            add_reflector_gradients<T>(matrix_at(a, q), tau.data + q * count, count, transposed(),
                                                       turned(matrix_at(c, q)), turned(matrix_at(y, q)), of_c.all(),
                                                       ga.data ? matrix_at(ga, q) : view<T>{},
                                                       gtau.data ? gtau.data + q * count : nullptr);
                            if (gc.data) add(turned(matrix_at(gc, q)), of_c.all());
                        });
    }

private:
    /// CQ is (QᵀCᵀ)ᵀ.
    template <class U>
    view<U> turned(view<U> const& x) const {
        return options.left ? x : x.transposed();
    }
    bool transposed() const { return options.transpose == options.left; }
};

/// Reflectors of all matrices, and then their τ.
template <class T, class S>
struct geqrf_rule {
    using value_type = T;
    static constexpr std::size_t k = smaller(rows_of<S>, columns_of<S>);
    using tau_shape = instead_of_last<S, 2, k>;
    using shape_type = tenon::shape<plus(static_size<S>, static_size<typename tau_shape::type>)>;
    static constexpr char const *name = "geqrf", *kind = "factorisation";

    constexpr shape_type shape(S const& s) const {
        return shape_type(std::array{s.size() + matrices(s) * std::min(rows(s), columns(s))});
    }
    static constexpr std::size_t operations(S const& s) { return 2 * s.size() * std::min(rows(s), columns(s)); }
    void forward(array_of<T, shape_type> const& y, array_of<T const, S> const& a) const {
        std::size_t const size = rows(a.shape) * columns(a.shape), count = matrices(a.shape),
                          taus = std::min(rows(a.shape), columns(a.shape));
        std::copy_n(a.data, a.shape.size(), y.data);
        if (size != 0)
            for_each_matrix(count, operations(a.shape) / count, [&](std::size_t q) {
                factor_reflectors(row_major(y.data + q * size, rows(a.shape), columns(a.shape)),
                                  y.data + count * size + q * taus);
            });
    }
};

/// Whether reflectors in a matrix of shape S have factors of shape N, as far as types can say.
template <class S, class N>
constexpr bool reflectors_fit() {
    if constexpr (N::rank() + 1 != S::rank()) return false;
    else {
        std::size_t const k = N::static_extents[N::rank() - 1];
        bool good = is_dynamic(k) ||
                    ((is_dynamic(rows_of<S>) || k <= rows_of<S>) && (is_dynamic(columns_of<S>) || k <= columns_of<S>));
        for (std::size_t a = 0; a + 2 < S::rank(); ++a)
            good = good && may_equal(S::static_extents[a], N::static_extents[a]);
        return good;
    }
}
template <class S, class R>
constexpr bool same_batches() {
    if constexpr (S::rank() != R::rank()) return false;
    else {
        bool good = true;
        for (std::size_t a = 0; a + 2 < S::rank(); ++a)
            good = good && may_equal(S::static_extents[a], R::static_extents[a]);
        return good;
    }
}
}  // namespace detail

template <class A, class Tau>
struct geqrf_result {
    A a;      ///< R on and above the diagonal, the reflectors' elements below it
    Tau tau;  ///< their factors
};
/// The QR factorisation as LAPACK's geqrf leaves it: `auto [a, tau] = geqrf(x)`; Q is `householder_product(a, tau)`. No gradient passes, as
/// in PyTorch; `qr` has one. torch.geqrf.
template <expression A>
constexpr auto geqrf(A&& a) {
    return detail::checked<"geqrf", false, A>([&] {
        using rule = detail::geqrf_rule<value_t<A>, shape_t<A>>;
        auto const s = a.shape();
        std::size_t const k = std::min(s[s.rank() - 2], s[s.rank() - 1]);
        auto both = let(tenon::detail::make_array(rule{}, std::forward<A>(a)));
        auto factors = tenon::detail::part(both, 0, s);
        auto tau = tenon::detail::part(both, s.size(), rule::tau_shape::of(s, {k}));
        return geqrf_result<decltype(factors), decltype(tau)>{factors, tau};
    });
}

/// QC for the m×m matrix Q = H_0 H_1 ⋯ of reflectors H_i = 1 − τ_i v_i v_iᵀ, where v_i has 1 at place i and what stands below A's diagonal
/// in column i behind it; options: CQ, and Qᵀ in the place of Q: `ormqr(a, tau, c, {.left = false, .transpose = true})`. Only what is below
/// A's diagonal has a gradient. Compile error `reflectors_do_not_fit`, or shape_error. torch.ormqr.
template <expression A, expression Tau, expression C>
constexpr auto ormqr(A&& a, Tau&& tau, C&& c, ormqr_options options = {}) {
    return detail::checked<"ormqr", false, A>([&] {
        using s = shape_t<A>;
        using n = shape_t<Tau>;
        using r = shape_t<C>;
        if constexpr (!detail::reflectors_fit<s, n>() || !detail::same_batches<s, r>() ||
                      !std::is_same_v<value_t<A>, value_t<Tau>> || !std::is_same_v<value_t<A>, value_t<C>>)
            return reflectors_do_not_fit<"ormqr", s, n, r>{};
        else
            return tenon::detail::make_array(detail::ormqr_rule<value_t<A>, s, n, r>{options}, std::forward<A>(a),
                                             std::forward<Tau>(tau), std::forward<C>(c));
    });
}
/// The first columns of the same Q, as many as A has; LAPACK's orgqr. torch.linalg.householder_product.
template <expression A, expression Tau>
constexpr auto householder_product(A&& a, Tau&& tau) {
    return detail::checked<"householder_product", false, A>([&] {
        using s = shape_t<A>;
        using n = shape_t<Tau>;
        using T = value_t<A>;
        if constexpr (!detail::reflectors_fit<s, n>() || !std::is_same_v<T, value_t<Tau>> ||
                      (!is_dynamic(detail::rows_of<s>) && !is_dynamic(detail::columns_of<s>) &&
                       detail::rows_of<s> < detail::columns_of<s>))
            return reflectors_do_not_fit<"householder_product", s, n>{};
        else {
            std::size_t const m = detail::rows(a.shape()), k = detail::columns(a.shape());
            if (m < k) throw_shapes("householder_product", to_string(a.shape()), to_string(tau.shape()));
            tensor_of_t<T, s> identity(a.shape());
            for (std::size_t q = 0; q != detail::matrices(a.shape()); ++q)
                for (std::size_t i = 0; i != k; ++i) identity.data()[(q * m + i) * k + i] = 1;
            return linalg::ormqr(std::forward<A>(a), std::forward<Tau>(tau), std::move(identity));
        }
    });
}

}  // namespace linalg

using linalg::geqrf;
using linalg::ormqr;

}  // namespace tenon::inline TENON_TARGET
