// Eigenvalues and eigenvectors of symmetric matrices. Needs Eigen.
#pragma once

#include <Eigen/Eigenvalues>

#include <tenon/expr/let.hpp>
#include <tenon/linalg/matrix.hpp>

namespace tenon::inline TENON_TARGET::linalg {

/// Which triangle of a symmetric matrix is read.
enum class triangle { lower, upper };

struct eigh_options {
    triangle uplo = triangle::lower;
};

namespace detail {
/// Elements of x over differences of values, λ_j − λ_i: those between equal values are 0 where nothing asks for them.
template <class T>
void divide_by_differences(view<T> const& x, T const* values) {
    for (std::size_t i = 0; i != x.rows; ++i)
        for (std::size_t j = 0; j != x.columns; ++j)
            if (i != j && x(i, j) != 0) x(i, j) /= values[j] - values[i];
}
/// @return whether the eigenvalues were found
template <class T>
bool factor_eigh(view<T const> const& a, T* values, view<T> const& vectors) {
    Eigen::SelfAdjointEigenSolver<eigen_matrix<T>> const solver(to_eigen(a));
    std::copy_n(solver.eigenvalues().data(), a.rows, values);
    assign(vectors, view_of(solver.eigenvectors()));
    return solver.info() == Eigen::Success;
}
/// Ā += V (diag λ̄ + (VᵀV̄)_ij / (λ_j − λ_i)) Vᵀ, of which the symmetric part; Giles (2008), "Collected matrix derivative results".
template <class T>
void add_eigh_gradient(T const* values, view<T const> const& v, T const* of_values, view<T const> const& gv,
                       view<T> const& to) {
    auto x = product(v.transposed(), gv);
    divide_by_differences(x.all(), values);
    for (std::size_t i = 0; i != v.rows; ++i) {
        x(i, i) = of_values[i];
        for (std::size_t j = 0; j != i; ++j) x(i, j) = x(j, i) = (x(i, j) + x(j, i)) / 2;
    }
    add_product(to, product(v, x.all()).all(), v.transposed());
}

/// Eigenvalues of all matrices, and then their eigenvectors.
template <class T, class S>
struct eigh_rule {
    using value_type = T;
    static constexpr std::size_t n = smaller(rows_of<S>, columns_of<S>);
    using values_shape = instead_of_last<S, 2, n>;
    using shape_type = tenon::shape<plus(static_size<typename values_shape::type>, static_size<S>)>;
    static constexpr char const *name = "eigh", *kind = "factorisation";
    static constexpr bool has_gradient = true;
    triangle uplo;

    constexpr shape_type shape(S const& s) const {
        check_square(name, s);
        return shape_type(std::array{s.size() + matrices(s) * rows(s)});
    }
    static constexpr std::size_t operations(S const& s) { return 9 * s.size() * rows(s); }

    void forward(array_of<T, shape_type> const& y, array_of<T const, S> const& a) const {
        std::size_t const order = rows(a.shape), count = matrices(a.shape);
        for_each_matrix(count, operations(a.shape) / count, [&](std::size_t q) {
            auto m = matrix_at(a, q);
            if (uplo == triangle::upper) m = m.transposed();
            for (std::size_t i = 0; i != order; ++i)
                if (!all_finite(m.block(i, 0, 1, i + 1)))
                    fail(name, q, count, "has elements that aren't finite", -1, "");
            auto const vectors = row_major(y.data + (count + q * order) * order, order, order);
            if (!factor_eigh<T>(m, y.data + q * order, vectors))
                fail(name, q, count, "has eigenvalues that weren't found", -1, "");
        });
    }
    void backward(array_of<T const, shape_type> const& y, array_of<T const, shape_type> const& g,
                  array_of<T const, S> const& a, array_of<T, S> const& ga) const {
        std::size_t const order = rows(a.shape), count = matrices(a.shape);
        for_each_matrix(count, operations(a.shape) / count, [&](std::size_t q) {
            auto const at = (count + q * order) * order;
            add_eigh_gradient<T>(y.data + q * order, row_major(y.data + at, order, order), g.data + q * order,
                                 row_major(g.data + at, order, order), matrix_at(ga, q));
        });
    }
};
}  // namespace detail

template <class Values, class Vectors>
struct eigh_result {
    Values eigenvalues;    ///< ascending
    Vectors eigenvectors;  ///< in columns, orthonormal; their signs, and bases of repeated eigenvalues, are arbitrary
};
/// A = V diag(λ) Vᵀ for each symmetric matrix in the last two axes, of which one triangle is read: `auto [values, vectors] = eigh(a)`;
/// both are computed once in an evaluation. About 9n³ operations. Gradients of eigenvectors need eigenvalues that differ; those of
/// eigenvalues don't; they are symmetric. torch.linalg.eigh. @throws linalg_error for elements that aren't finite
template <expression A>
constexpr auto eigh(A&& a, eigh_options options = {}) {
    return detail::checked<"eigh", true, A>([&] {
        using rule = detail::eigh_rule<value_t<A>, shape_t<A>>;
        auto const s = a.shape();
        auto const of_values = rule::values_shape::of(s, {s[s.rank() - 1]});
        auto both = let(tenon::detail::make_array(rule{options.uplo}, std::forward<A>(a)));
        auto values = tenon::detail::part(both, 0, of_values);
        auto vectors = tenon::detail::part(both, of_values.size(), s);
        return eigh_result<decltype(values), decltype(vectors)>{values, vectors};
    });
}
/// The eigenvalues alone, ascending; torch.linalg.eigvalsh.
template <expression A>
constexpr auto eigvalsh(A&& a, eigh_options options = {}) {
    return linalg::eigh(std::forward<A>(a), options).eigenvalues;
}

}  // namespace tenon::inline TENON_TARGET::linalg
