// Eigenvalues and eigenvectors of square matrices, which are complex numbers. Needs Eigen.
#pragma once

#include <complex>
#include <utility>
#include <vector>

#include <Eigen/Eigenvalues>

#include <tenon/expr/let.hpp>
#include <tenon/linalg/matrix.hpp>
#include <tenon/op/complex.hpp>

namespace tenon::inline TENON_TARGET::linalg {

namespace detail {
/// C += A·B, or A's conjugate transpose times B.
template <class T>
void add_product(std::complex<T> const* a, std::complex<T> const* b, std::complex<T>* c, std::size_t order,
                 bool adjoint) {
    auto const step = static_cast<std::ptrdiff_t>(order);
    eval::matrix<std::complex<T> const> const left{a, step, 1}, right{b, step, 1};
    eval::gemm_complex<T>(order, order, order, adjoint ? left.transposed() : left, right, {c, step, 1}, true,
                          adjoint ? eval::conjugated::left : eval::conjugated::none);
}
/// X of AᴴX = B in B's place, by elimination in A's, with row exchanges.
template <class T>
void solve_adjoint(std::vector<std::complex<T>> const& a, std::vector<std::complex<T>>& b, std::size_t order) {
    std::vector<std::complex<T>> m(a.size());
    for (std::size_t i = 0; i != order; ++i)
        for (std::size_t j = 0; j != order; ++j) m[i * order + j] = std::conj(a[j * order + i]);
    auto const subtract = [order](std::complex<T>* from, std::complex<T> const* row, std::complex<T> factor) {
        for (std::size_t j = 0; j != order; ++j) from[j] = element::sum_with_product(from[j], -factor, row[j]);
    };
    for (std::size_t k = 0; k != order; ++k) {
        std::size_t pivot = k;
        for (std::size_t i = k + 1; i != order; ++i)
            if (std::norm(m[i * order + k]) > std::norm(m[pivot * order + k])) pivot = i;
        if (pivot != k)
            for (std::size_t j = 0; j != order; ++j) {
                std::swap(m[k * order + j], m[pivot * order + j]);
                std::swap(b[k * order + j], b[pivot * order + j]);
            }
        for (std::size_t i = k + 1; i != order; ++i) {
            auto const factor = m[i * order + k] / m[k * order + k];
            subtract(m.data() + i * order, m.data() + k * order, factor);
            subtract(b.data() + i * order, b.data() + k * order, factor);
        }
    }
    for (std::size_t k = order; k-- != 0;) {
        for (std::size_t j = 0; j != order; ++j) b[k * order + j] /= m[k * order + k];
        for (std::size_t i = 0; i != k; ++i) subtract(b.data() + i * order, b.data() + k * order, m[i * order + k]);
    }
}

/// Eigenvectors have the length 1, and the greatest element of each is real and positive where its eigenvalue isn't real, or the matrix.
/// @return whether the eigenvalues were found
template <class E, class T = element::real_t<E>>
bool factor_eig(E const* a, std::size_t order, std::complex<T>* values, std::complex<T>* vectors) {
    using plain = Eigen::Matrix<E, Eigen::Dynamic, Eigen::Dynamic>;
    using solver_type =
        std::conditional_t<element::is_complex<E>, Eigen::ComplexEigenSolver<plain>, Eigen::EigenSolver<plain>>;
    auto const n = static_cast<Eigen::Index>(order);
    plain m(n, n);
    for (Eigen::Index i = 0; i != n; ++i)
        for (Eigen::Index j = 0; j != n; ++j) m(i, j) = a[i * n + j];
    solver_type const solver(m);
    if (solver.info() != Eigen::Success) return false;
    Eigen::Matrix<std::complex<T>, Eigen::Dynamic, Eigen::Dynamic> const v = solver.eigenvectors();
    for (Eigen::Index j = 0; j != n; ++j) {
        values[j] = solver.eigenvalues()(j);
        Eigen::Index greatest = 0;
        for (Eigen::Index i = 0; i != n; ++i)
            if (std::norm(v(i, j)) > std::norm(v(greatest, j))) greatest = i;
        std::complex<T> const pivot = v(greatest, j);
        bool const turns = element::is_complex<E> || values[j].imag() != 0;
        std::complex<T> const turn = turns ? std::conj(pivot) / std::abs(pivot) : std::complex<T>(1);
        for (Eigen::Index i = 0; i != n; ++i) vectors[i * n + j] = v(i, j) * turn;
        if (turns) vectors[greatest * n + j] = std::abs(pivot);
    }
    return true;
}

/// Ā += V⁻ᴴ (diag λ̄ + (Vᴴ V̄ − Vᴴ V diag Re(Vᴴ V̄))_ij / conj(λ_j − λ_i)) Vᴴ; Boeddeker et al. (2017), "On the computation of complex-valued
/// gradients with application to statistically optimum beamforming". @return whether it doesn't depend on the vectors' phases
template <class E, class T = element::real_t<E>>
bool add_eig_gradient(std::complex<T> const* values, std::complex<T> const* vectors, std::complex<T> const* of_values,
                      std::complex<T> const* of_vectors, std::size_t order, E* to) {
    using complex = std::complex<T>;
    std::vector<complex> v(vectors, vectors + order * order), x(order * order), scaled(v), result(order * order);
    detail::add_product(v.data(), of_vectors, x.data(), order, true);
    for (std::size_t i = 0; i != order; ++i) {
        complex const along = x[i * order + i];
        if (!(std::abs(along.imag()) <= T(0.01))) return false;
        for (std::size_t k = 0; k != order; ++k) scaled[k * order + i] *= -along.real();
    }
    detail::add_product(v.data(), scaled.data(), x.data(), order, true);
    for (std::size_t i = 0; i != order; ++i)
        for (std::size_t j = 0; j != order; ++j) {
            complex& one = x[i * order + j];
            if (i == j) one = of_values[i];
            else if (one != complex(0)) one /= std::conj(values[j] - values[i]);
        }
    for (std::size_t i = 0; i != order; ++i)
        for (std::size_t j = 0; j != order; ++j) scaled[i * order + j] = std::conj(v[j * order + i]);
    detail::add_product(x.data(), scaled.data(), result.data(), order, false);
    solve_adjoint(v, result, order);
    for (std::size_t i = 0; i != order * order; ++i)
        if constexpr (element::is_complex<E>) to[i] += result[i];
        else to[i] += result[i].real();
    return true;
}

/// Eigenvalues of all matrices, and then their eigenvectors.
template <class E, class S>
struct eig_rule {
    using value_type = std::complex<element::real_t<E>>;
    static constexpr std::size_t n = smaller(rows_of<S>, columns_of<S>);
    using values_shape = instead_of_last<S, 2, n>;
    using shape_type = tenon::shape<plus(static_size<typename values_shape::type>, static_size<S>)>;
    static constexpr char const *name = "eig", *kind = "factorisation";
    static constexpr bool has_gradient = true;

    constexpr shape_type shape(S const& s) const {
        check_square(name, s);
        return shape_type(std::array{s.size() + matrices(s) * rows(s)});
    }
    static constexpr std::size_t operations(S const& s) { return 25 * s.size() * rows(s); }

    void forward(array_of<value_type, shape_type> const& y, array_of<E const, S> const& a) const {
        std::size_t const order = rows(a.shape), count = matrices(a.shape);
        for_each_matrix(count, operations(a.shape) / count, [&](std::size_t q) {
            E const* const m = a.data + q * order * order;
            for (std::size_t i = 0; i != order * order; ++i)
                if (!std::isfinite(std::abs(m[i]))) fail(name, q, count, "has elements that aren't finite", -1, "");
            if (!factor_eig<E>(m, order, y.data + q * order, y.data + (count + q * order) * order))
                fail(name, q, count, "has eigenvalues that weren't found", -1, "");
        });
    }
    void backward(array_of<value_type const, shape_type> const& y, array_of<value_type const, shape_type> const& g,
                  array_of<E const, S> const& a, array_of<E, S> const& ga) const {
        if (!ga.data) return;
        std::size_t const order = rows(a.shape), count = matrices(a.shape);
        for_each_matrix(count, operations(a.shape) / count, [&](std::size_t q) {
            auto const at = (count + q * order) * order;
            if (!add_eig_gradient<E>(y.data + q * order, y.data + at, g.data + q * order, g.data + at, order,
                                     ga.data + q * order * order))
                fail(name, q, count, "has eigenvectors on whose phases, which are arbitrary, the gradient depends", -1,
                     "");
        });
    }
};
}  // namespace detail

template <class Values, class Vectors>
struct eig_result {
    Values eigenvalues;    ///< in no order
    Vectors eigenvectors;  ///< in columns, of length 1; their phases, or signs, are arbitrary
};
/// AV = V diag(λ) for each square matrix, real or complex, in the last two axes: `auto [values, vectors] = eig(a)`, both complex, computed
/// once in an evaluation. About 25n³ operations. Gradients need eigenvalues that differ, and must not depend on the phases of
/// eigenvectors; torch.linalg.eig. @throws linalg_error for elements that aren't finite, and for such a gradient
template <expression A>
constexpr auto eig(A&& a) {
    using real = tensor_of_t<element::real_t<value_t<A>>, shape_t<A>>;
    return detail::checked<"eig", true, real>([&] {
        using rule = detail::eig_rule<value_t<A>, shape_t<A>>;
        auto const s = a.shape();
        auto const of_values = rule::values_shape::of(s, {s[s.rank() - 1]});
        auto both = let(tenon::detail::make_array(rule{}, std::forward<A>(a)));
        auto values = tenon::detail::part(both, 0, of_values);
        auto vectors = tenon::detail::part(both, of_values.size(), s);
        return eig_result<decltype(values), decltype(vectors)>{values, vectors};
    });
}
/// The eigenvalues alone; torch.linalg.eigvals.
template <expression A>
constexpr auto eigvals(A&& a) {
    return linalg::eig(std::forward<A>(a)).eigenvalues;
}

}  // namespace tenon::inline TENON_TARGET::linalg
