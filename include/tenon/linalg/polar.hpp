// The polar decomposition, and square roots of symmetric matrices.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include <tenon/expr/let.hpp>
#include <tenon/linalg/eigh.hpp>
#include <tenon/linalg/svd.hpp>

namespace tenon::inline TENON_TARGET {

/// The polar decomposition needs at least as many rows as columns.
template <operation_name Operation, class Shape>
struct needs_a_tall_matrix;

namespace linalg {

namespace detail {
/// A = WSVᵀ: U = WVᵀ and H = VSVᵀ.
template <class T>
void factor_polar(view<T const> const& a, view<T> const& u, view<T> const& h) {
    if (a.columns == 0) return;
    auto const svd = eigen_svd(a, thin);
    auto const v = view_of(svd.matrixV());
    matrix_copy<T> scaled(v);
    for (std::size_t i = 0; i != v.rows; ++i)
        for (std::size_t j = 0; j != v.rows; ++j) scaled(i, j) *= svd.singularValues().data()[j];
    assign(u, product(view_of(svd.matrixU()), v.transposed()).all());
    assign(h, product(scaled.all(), v.transposed()).all());
}
/// With M = WᵀŪV and N = VᵀH̄V: Ā += W [(M_ij − M_ji + s_i (N_ij + N_ji)) / (s_i + s_j)] Vᵀ, and what Ū has outside of W's columns
/// times H⁻¹.
template <class T>
void add_polar_gradient(view<T const> const& a, view<T const> const& gu, view<T const> const& gh, view<T> const& to) {
    if (a.columns == 0) return;
    std::size_t const n = a.columns;
    auto const svd = eigen_svd(a, thin);
    auto const w = view_of(svd.matrixU()), v = view_of(svd.matrixV());
    auto const s = svd.singularValues().data();
    auto const of_u = product(gu, v);
    auto const m = product(w.transposed(), of_u.all()), k = product(v.transposed(), product(gh, v).all());
    matrix_copy<T> middle(n, n), outside(of_u);
    for (std::size_t i = 0; i != n; ++i)
        for (std::size_t j = 0; j != n; ++j)
            if (s[i] + s[j] != 0)
                middle(i, j) = (m.all()(i, j) - m.all()(j, i) + s[i] * (k.all()(i, j) + k.all()(j, i))) / (s[i] + s[j]);
    subtract_product(outside.all(), w, m.all());
    for (std::size_t i = 0; i != a.rows; ++i)
        for (std::size_t j = 0; j != n; ++j)
            outside(i, j) = a.rows > n && outside(i, j) != 0 ? outside(i, j) / s[j] : T(0);
    add_product(outside.all(), w, middle.all());
    add_product(to, outside.all(), v.transposed());
}

/// U's of all matrices, and then H's.
template <class T, class S>
struct polar_rule {
    using value_type = T;
    using h_shape = with_matrix<S, columns_of<S>, columns_of<S>>;
    using shape_type = tenon::shape<plus(static_size<S>, static_size<typename h_shape::type>)>;
    static constexpr char const *name = "polar", *kind = "factorisation";
    static constexpr bool has_gradient = true;

    constexpr shape_type shape(S const& s) const {
        if (rows(s) < columns(s))
            throw shape_error(text_of({"polar: needs as many rows as columns, or more, and has ", to_string(s)}));
        return shape_type(std::array{s.size() + matrices(s) * columns(s) * columns(s)});
    }
    static constexpr std::size_t operations(S const& s) { return 16 * s.size() * columns(s); }
    void forward(array_of<T, shape_type> const& y, array_of<T const, S> const& a) const {
        std::size_t const count = matrices(a.shape);
        for_each_matrix(count, operations(a.shape) / count, [&](std::size_t q) {
            if (!all_finite(matrix_at(a, q))) fail(name, q, count, "has elements that aren't finite", -1, "");
            factor_polar<T>(matrix_at(a, q), u(y, a.shape, q), h(y, a.shape, q));
        });
    }
    void backward(array_of<T const, shape_type> const&, array_of<T const, shape_type> const& g,
                  array_of<T const, S> const& a, array_of<T, S> const& ga) const {
        std::size_t const count = matrices(a.shape);
        for_each_matrix(count, 2 * operations(a.shape) / count, [&](std::size_t q) {
            add_polar_gradient<T>(matrix_at(a, q), u(g, a.shape, q), h(g, a.shape, q), matrix_at(ga, q));
        });
    }

private:
    template <class U>
    static view<U> u(array_of<U, shape_type> const& y, S const& s, std::size_t q) {
        return row_major(y.data + q * rows(s) * columns(s), rows(s), columns(s));
    }
    template <class U>
    static view<U> h(array_of<U, shape_type> const& y, S const& s, std::size_t q) {
        return row_major(y.data + s.size() + q * columns(s) * columns(s), columns(s), columns(s));
    }
};

template <class T, class S>
struct matrix_sqrth_rule {
    using value_type = T;
    using shape_type = S;
    static constexpr char const *name = "matrix_sqrth", *kind = "factorisation";
    static constexpr bool has_gradient = true;

    constexpr S shape(S const& s) const {
        check_square(name, s);
        return s;
    }
    static constexpr std::size_t operations(S const& s) { return 13 * s.size() * rows(s); }
    void forward(array_of<T, S> const& y, array_of<T const, S> const& a) const {
        std::size_t const n = rows(a.shape), count = matrices(a.shape);
        for_each_matrix(count, operations(a.shape) / count, [&](std::size_t q) {
            auto const [roots, v] = roots_of(matrix_at(a, q), q, count);
            matrix_copy<T> scaled(v.all());
            for (std::size_t i = 0; i != n; ++i)
                for (std::size_t j = 0; j != n; ++j) scaled(i, j) *= roots[j];
            assign(matrix_at(y, q), product(view<T const>(scaled.all()), v.all().transposed()).all());
        });
    }
    /// XX = A, so VᵀX̄V over the sums of roots is VᵀĀV.
    void backward(array_of<T const, S> const&, array_of<T const, S> const& g, array_of<T const, S> const& a,
                  array_of<T, S> const& ga) const {
        std::size_t const n = rows(a.shape), count = matrices(a.shape);
        for_each_matrix(count, 2 * operations(a.shape) / count, [&](std::size_t q) {
            auto const [roots, v] = roots_of(matrix_at(a, q), q, count);
            auto m = product(view<T const>(v.all()).transposed(), product(matrix_at(g, q), v.all()).all());
            matrix_copy<T> x(n, n);
            for (std::size_t i = 0; i != n; ++i)
                for (std::size_t j = 0; j != n; ++j)
                    if (roots[i] + roots[j] != 0) x(i, j) = (m(i, j) + m(j, i)) / (2 * (roots[i] + roots[j]));
            add_product(matrix_at(ga, q), product(view<T const>(v.all()), x.all()).all(), v.all().transposed());
        });
    }

private:
    static std::pair<std::vector<T>, matrix_copy<T>> roots_of(view<T const> const& a, std::size_t q,
                                                              std::size_t count) {
        std::pair<std::vector<T>, matrix_copy<T>> r{a.rows, matrix_copy<T>(a.rows, a.rows)};
        for (std::size_t i = 0; i != a.rows; ++i)
            if (!all_finite(a.block(i, 0, 1, i + 1))) fail(name, q, count, "has elements that aren't finite", -1, "");
        if (a.rows != 0 && !factor_eigh<T>(a, r.first.data(), r.second.all()))
            fail(name, q, count, "has eigenvalues that weren't found", -1, "");
        for (T& x : r.first) x = x > 0 ? std::sqrt(x) : T(0);
        return r;
    }
};
}  // namespace detail

template <class U, class H>
struct polar_result {
    U u;  ///< orthonormal columns, the nearest that there are to A's
    H h;  ///< symmetric, without negative eigenvalues
};
/// A = UH for each matrix in the last two axes, with at least as many rows as columns: `auto [u, h] = polar(a)`; both are computed once in
/// an evaluation. Gradients need A to have full rank. torch.linalg.polar. Compile error `needs_a_tall_matrix`, or shape_error.
/// @throws linalg_error for elements that aren't finite
template <expression A>
constexpr auto polar(A&& a) {
    return detail::checked<"polar", false, A>([&] {
        using s = shape_t<A>;
        if constexpr (!is_dynamic(detail::rows_of<s>) && !is_dynamic(detail::columns_of<s>) &&
                      detail::rows_of<s> < detail::columns_of<s>)
            return needs_a_tall_matrix<"polar", s>{};
        else {
            using rule = detail::polar_rule<value_t<A>, s>;
            auto const e = a.shape();
            auto both = let(tenon::detail::make_array(rule{}, std::forward<A>(a)));
            auto u = tenon::detail::part(both, 0, e);
            auto h =
                tenon::detail::part(both, e.size(), rule::h_shape::of(e, {detail::columns(e), detail::columns(e)}));
            return polar_result<decltype(u), decltype(h)>{u, h};
        }
    });
}
/// The symmetric X of XX = A for symmetric matrices without negative eigenvalues, which count as 0; the lower triangle is read. Its
/// gradient is symmetric, and exists for equal eigenvalues. torch.linalg.matrix_sqrth.
template <expression A>
constexpr auto matrix_sqrth(A&& a) {
    return detail::checked<"matrix_sqrth", true, A>([&] {
        return tenon::detail::make_array(detail::matrix_sqrth_rule<value_t<A>, shape_t<A>>{}, std::forward<A>(a));
    });
}

}  // namespace linalg
}  // namespace tenon::inline TENON_TARGET
