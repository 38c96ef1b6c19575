// Singular values, and what is made of them. Needs Eigen.
#pragma once

#include <algorithm>
#include <limits>

#include <Eigen/SVD>

#include <tenon/expr/let.hpp>
#include <tenon/linalg/eigh.hpp>

namespace tenon::inline TENON_TARGET::linalg {

namespace detail {
/// Eigen's singular values with as many vectors as wanted.
template <class T>
Eigen::BDCSVD<eigen_matrix<T>> eigen_svd(view<T const> const& a, unsigned wanted) {
    return Eigen::BDCSVD<eigen_matrix<T>>(to_eigen(a), wanted);
}
inline constexpr unsigned thin = Eigen::ComputeThinU | Eigen::ComputeThinV,
                          full = Eigen::ComputeFullU | Eigen::ComputeFullV;

template <class T>
void factor_svd(view<T const> const& a, view<T> const& u, T* s, view<T> const& vh) {
    if (a.rows == 0 || a.columns == 0) {
        for (auto const& m : {u, vh})
            for (std::size_t i = 0; i != m.rows; ++i)
                for (std::size_t j = 0; j != m.columns; ++j) m(i, j) = i == j;
        return;
    }
    bool const square = u.rows == u.columns && vh.rows == vh.columns;
    auto const svd = eigen_svd(a, square ? full : thin);
    assign(u, view_of(svd.matrixU()));
    std::copy_n(svd.singularValues().data(), std::min(a.rows, a.columns), s);
    assign(vh, view_of(svd.matrixV()).transposed());
}
/// x − xᵀ, each element over the difference of its columns' and its rows' squares.
template <class T>
matrix_copy<T> skew_over_differences(matrix_copy<T> const& x, T const* squares) {
    matrix_copy<T> d(x.all());
    add(d.all(), x.all().transposed(), T(-1));
    divide_by_differences(d.all(), squares);
    return d;
}
/// Townsend (2016), "Differentiating the singular value decomposition", in the form of PyTorch's svd_backward; u has as many columns, and
/// vh as many rows, as there are singular values.
template <class T>
void add_svd_gradient(view<T const> const& u, T const* s, view<T const> const& vh, view<T const> const& gu, T const* gs,
                      view<T const> const& gvh, view<T> const& to) {
    std::size_t const k = u.columns;
    std::vector<T> squares(s, s + k);
    for (T& x : squares) x *= x;
    auto of_u = skew_over_differences(product(u.transposed(), gu), squares.data());
    auto of_v = skew_over_differences(product(vh, gvh.transposed()), squares.data());
    matrix_copy<T> middle(k, k);
    for (std::size_t i = 0; i != k; ++i)
        for (std::size_t j = 0; j != k; ++j)
            middle(i, j) = of_u(i, j) * s[j] + s[i] * of_v(i, j) + (i == j ? gs[i] : T(0));
    add_product(to, product(u, middle.all()).all(), vh);
    // What lies outside of the columns of U, and of the rows of Vᵀ.
    auto const outside = [&](view<T const> const& basis, view<T const> const& g) {
        matrix_copy<T> x(g);
        for (std::size_t i = 0; i != g.rows; ++i)
            for (std::size_t j = 0; j != k; ++j) x(i, j) = g(i, j) == 0 ? T(0) : g(i, j) / s[j];
        auto inside = product(basis.transposed(), x.all());
        assign(inside.all(), inside.all(), T(-1));
        add_product(x.all(), basis, inside.all());
        return x;
    };
    if (u.rows > k) add_product(to, outside(u, gu).all(), vh);
    if (vh.columns > k) add_product(to, u, outside(vh.transposed(), gvh.transposed()).all().transposed());
}

/// U's of all matrices, then singular values, then Vᵀ's.
template <bool Full, class T, class S>
struct svd_rule {
    using value_type = T;
    static constexpr std::size_t m = rows_of<S>, n = columns_of<S>, k = smaller(m, n);
    using u_shape = with_matrix<S, m, Full ? m : k>;
    using s_shape = instead_of_last<S, 2, k>;
    using v_shape = with_matrix<S, Full ? n : k, n>;
    using shape_type =
        tenon::shape<plus(static_size<typename u_shape::type>,
                          plus(static_size<typename s_shape::type>, static_size<typename v_shape::type>))>;
    static constexpr char const *name = "svd", *kind = "factorisation";
    static constexpr bool has_gradient = true;

    /// Extents of one matrix, and where its results lie.
    struct places {
        std::size_t m, n, k, u_columns, v_rows, count;
        explicit constexpr places(S const& s)
            : m(rows(s)),
              n(columns(s)),
              k(std::min(m, n)),
              u_columns(Full ? m : k),
              v_rows(Full ? n : k),
              count(matrices(s)) {}
        constexpr std::size_t u(std::size_t q) const { return q * m * u_columns; }
        constexpr std::size_t s(std::size_t q) const { return u(count) + q * k; }
        constexpr std::size_t v(std::size_t q) const { return s(count) + q * v_rows * n; }
    };
    constexpr shape_type shape(S const& s) const { return shape_type(std::array{places(s).v(places(s).count)}); }
    static constexpr std::size_t operations(S const& s) { return 14 * s.size() * std::min(rows(s), columns(s)); }

    void forward(array_of<T, shape_type> const& y, array_of<T const, S> const& a) const {
        places const at(a.shape);
        for_each_matrix(at.count, operations(a.shape) / at.count, [&](std::size_t q) {
            if (!all_finite(matrix_at(a, q))) fail(name, q, at.count, "has elements that aren't finite", -1, "");
            factor_svd<T>(matrix_at(a, q), row_major(y.data + at.u(q), at.m, at.u_columns), y.data + at.s(q),
                          row_major(y.data + at.v(q), at.v_rows, at.n));
        });
    }
    /// U's further columns and Vᵀ's further rows take no part, as in PyTorch.
    void backward(array_of<T const, shape_type> const& y, array_of<T const, shape_type> const& g,
                  array_of<T const, S> const& a, array_of<T, S> const& ga) const {
        places const at(a.shape);
        auto const u = [&](T const* p, std::size_t q) {
            return row_major(p + at.u(q), at.m, at.u_columns).block(0, 0, at.m, at.k);
        };
        auto const v = [&](T const* p, std::size_t q) {
            return row_major(p + at.v(q), at.v_rows, at.n).block(0, 0, at.k, at.n);
        };
        if (at.k == 0) return;
        for_each_matrix(at.count, operations(a.shape) / at.count, [&](std::size_t q) {
            add_svd_gradient<T>(u(y.data, q), y.data + at.s(q), v(y.data, q), u(g.data, q), g.data + at.s(q),
                                v(g.data, q), matrix_at(ga, q));
        });
    }
};

/// max(atol, rtol · the largest singular value), PyTorch's defaults in the place of negative ones.
template <class T>
T tolerance(double absolute, double relative, std::size_t longer, T largest) {
    double const standard =
        absolute > 0 ? 0. : static_cast<double>(longer) * static_cast<double>(std::numeric_limits<T>::epsilon());
    return static_cast<T>(
        std::max(std::max(absolute, 0.), (relative < 0 ? standard : relative) * static_cast<double>(largest)));
}
template <class T>
void invert_svd(view<T const> const& a, double atol, double rtol, view<T> const& to) {
    auto const svd = eigen_svd(a, thin);
    auto const s = svd.singularValues().data();
    matrix_copy<T> v(view_of(svd.matrixV()));
    T const least = tolerance(atol, rtol, std::max(a.rows, a.columns), s[0]);
    for (std::size_t i = 0; i != v.all().rows; ++i)
        for (std::size_t j = 0; j != v.all().columns; ++j) v(i, j) *= s[j] > least ? 1 / s[j] : T(0);
    assign(to, product(v.all(), view_of(svd.matrixU()).transposed()).all());
}
/// A·B·C, in the order with the fewer operations: tall and wide matrices make no square ones of their longer extent.
template <class T>
matrix_copy<std::remove_const_t<T>> product(view<T> const& a, view<std::remove_const_t<T> const> const& b,
                                            view<std::remove_const_t<T> const> const& c) {
    if (a.rows * b.columns * (a.columns + c.columns) < a.columns * c.columns * (b.columns + a.rows))
        return product(product(a, b).all(), c);
    return product(a, product(b, c).all());
}
/// Golub and Pereyra (1973): dP = −P dA P + PPᵀ dAᵀ (1 − AP) + (1 − PA) dAᵀ PᵀP.
template <class T>
void add_pinv_gradient(view<T const> const& a, view<T const> const& p, view<T const> const& g, view<T> const& to) {
    auto const pt = p.transposed(), gt = g.transposed();
    auto const first = product(gt, p, pt), last = product(pt, p, gt);
    add(to, first.all());
    add(to, last.all());
    add(to, product(a, p, first.all()).all(), T(-1));
    add(to, product(last.all(), p, a).all(), T(-1));
    add(to, product(pt, g, pt).all(), T(-1));
}

/// A⁺ by singular values, those below a tolerance left out.
template <class T, class S>
struct pinv_rule {
    using value_type = T;
    using result = with_matrix<S, columns_of<S>, rows_of<S>>;
    using shape_type = typename result::type;
    static constexpr char const *name = "pinv", *kind = "factorisation";
    static constexpr bool has_gradient = true;
    double atol, rtol;

    constexpr shape_type shape(S const& s) const { return result::of(s, {columns(s), rows(s)}); }
    static constexpr std::size_t operations(S const& s) { return 16 * s.size() * std::min(rows(s), columns(s)); }

    void forward(array_of<T, shape_type> const& y, array_of<T const, S> const& a) const {
        std::size_t const count = matrices(a.shape);
        for_each_matrix(count, operations(a.shape) / count, [&](std::size_t q) {
            if (!all_finite(matrix_at(a, q))) fail(name, q, count, "has elements that aren't finite", -1, "");
            invert_svd<T>(matrix_at(a, q), atol, rtol, matrix_at(y, q));
        });
    }
    void backward(array_of<T const, shape_type> const& y, array_of<T const, shape_type> const& g,
                  array_of<T const, S> const& a, array_of<T, S> const& ga) const {
        std::size_t const count = matrices(a.shape);
        for_each_matrix(count, operations(a.shape) / count, [&](std::size_t i) {
            add_pinv_gradient<T>(matrix_at(a, i), matrix_at(y, i), matrix_at(g, i), matrix_at(ga, i));
        });
    }
};

template <class T, class S>
struct rank_rule {
    using value_type = std::int64_t;
    using shape_type = typename instead_of_last<S, 2>::type;
    static constexpr char const *name = "matrix_rank", *kind = "factorisation";
    double atol, rtol;

    constexpr shape_type shape(S const& s) const { return instead_of_last<S, 2>::of(s); }
    static constexpr std::size_t operations(S const& s) { return 4 * s.size() * std::min(rows(s), columns(s)); }
    void forward(array_of<std::int64_t, shape_type> const& y, array_of<T const, S> const& a) const {
        for_each_matrix(y.shape.size(), operations(a.shape) / y.shape.size(), [&](std::size_t q) {
            y.data[q] = 0;
            if (a.shape.size() == 0) return;
            if (!all_finite(matrix_at(a, q))) fail(name, q, y.shape.size(), "has elements that aren't finite", -1, "");
            auto const svd = eigen_svd(matrix_at(a, q), 0);
            T const least = tolerance(atol, rtol, std::max(rows(a.shape), columns(a.shape)), svd.singularValues()[0]);
            for (T const v : svd.singularValues()) y.data[q] += v > least;
        });
    }
};
}  // namespace detail

template <class U, class Values, class Vh>
struct svd_result {
    U u;       ///< orthonormal columns
    Values s;  ///< descending, not negative
    Vh vh;     ///< orthonormal rows
};
/// A = U diag(s) Vᵀ for each matrix in the last two axes: `auto [u, s, vh] = svd(a)`; all are computed once in an evaluation. With
/// `svd<false>(a)` U and Vᵀ have min(m, n) columns and rows, else all. About 14mn·min(m, n) operations. Gradients of U and Vᵀ need
/// singular values that differ; those of the values don't. torch.linalg.svd. @throws linalg_error for elements that aren't finite
template <bool FullMatrices = true, expression A>
constexpr auto svd(A&& a) {
    return detail::checked<"svd", false, A>([&] {
        using rule = detail::svd_rule<FullMatrices, value_t<A>, shape_t<A>>;
        auto const s = a.shape();
        typename rule::places const at(s);
        auto all = let(tenon::detail::make_array(rule{}, std::forward<A>(a)));
        auto u = tenon::detail::part(all, at.u(0), rule::u_shape::of(s, {at.m, at.u_columns}));
        auto values = tenon::detail::part(all, at.s(0), rule::s_shape::of(s, {at.k}));
        auto vh = tenon::detail::part(all, at.v(0), rule::v_shape::of(s, {at.v_rows, at.n}));
        return svd_result<decltype(u), decltype(values), decltype(vh)>{u, values, vh};
    });
}
/// The singular values alone, descending; torch.linalg.svdvals.
template <expression A>
constexpr auto svdvals(A&& a) {
    return linalg::svd<false>(std::forward<A>(a)).s;
}

/// Singular values not above max(atol, rtol · the largest) count as 0; without them rtol is max(m, n) times the type's epsilon.
struct tolerance_options {
    double atol = 0;
    double rtol = -1;
};
/// The Moore-Penrose inverse of each matrix in the last two axes; torch.linalg.pinv.
template <expression A>
constexpr auto pinv(A&& a, tolerance_options options = {}) {
    return detail::checked<"pinv", false, A>([&] {
        return tenon::detail::make_array(detail::pinv_rule<value_t<A>, shape_t<A>>{options.atol, options.rtol},
                                         std::forward<A>(a));
    });
}
/// How many singular values aren't 0, as int64; torch.linalg.matrix_rank.
template <expression A>
constexpr auto matrix_rank(A&& a, tolerance_options options = {}) {
    return detail::checked<"matrix_rank", false, A>([&] {
        return tenon::detail::make_array(detail::rank_rule<value_t<A>, shape_t<A>>{options.atol, options.rtol},
                                         std::forward<A>(a));
    });
}

}  // namespace tenon::inline TENON_TARGET::linalg
