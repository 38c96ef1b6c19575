// Determinants.
#pragma once

#include <cmath>
#include <limits>

#include <tenon/expr/let.hpp>
#include <tenon/linalg/lu.hpp>

namespace tenon::inline TENON_TARGET::linalg {

namespace detail {
/// The adjugate of an upper triangular U into `to`: det U · U⁻¹. Of pivots that fall, the last alone may be 0 where others' adjugates
/// aren't, so U's leading part is inverted, and its own determinant times what the last column adds.
template <class T>
void adjugate_of_triangle(view<T const> const& u, view<T> const& to) {
    std::size_t const n = u.rows, k = n - 1;
    T rest = 1;
    for (std::size_t i = 0; i != k; ++i) rest *= u(i, i);
    for (std::size_t i = 0; i != n; ++i)
        for (std::size_t j = 0; j != n; ++j) to(i, j) = 0;
    if (rest == 0) return;
    // U = [V, v; 0, e]: adj U = det V · [e V⁻¹, −V⁻¹v; 0, 1].
    for (std::size_t i = 0; i != k; ++i) {
        to(i, i) = 1;
        to(i, k) = -u(i, k);
    }
    solve_upper<T>(u.block(0, 0, k, k), false, to.block(0, 0, k, n));
    for (std::size_t i = 0; i != k; ++i) {
        for (std::size_t j = 0; j != k; ++j) to(i, j) *= rest * u(k, k);
        to(i, k) *= rest;
    }
    to(k, k) = rest;
}
/// Ā += g adj(A)ᵀ. With both rows and columns exchanged, PAQ = LU, the pivots fall, so this holds for singular matrices too:
/// adj A = det(PQ) Q adj(U) L⁻¹ P.
template <class T>
void add_det_gradient(view<T const> const& a, T g, view<T> const& to) {
    std::size_t const n = a.rows;
    if (n == 0) return;
    matrix_copy<T> lu(a), adjugate(n, n);
    std::vector<std::size_t> p(n), q(n);
    for (std::size_t i = 0; i != n; ++i) p[i] = q[i] = i;
    for (std::size_t j = 0; j != n; ++j) {
        std::size_t r = j, c = j;
        for (std::size_t i = j; i != n; ++i)
            for (std::size_t k = j; k != n; ++k)
                if (std::abs(lu(i, k)) > std::abs(lu(r, c))) r = i, c = k;
        swap_rows(lu.all(), j, r);
        swap_rows(lu.all().transposed(), j, c);
        std::swap(p[j], p[r]);
        std::swap(q[j], q[c]);
        if ((r != j) != (c != j)) g = -g;
        if (lu(j, j) == 0) break;
        for (std::size_t i = j + 1; i != n; ++i) {
            lu(i, j) /= lu(j, j);
            subtract_row(lu.all().block(i, j + 1, 1, n - j - 1), lu(i, j), lu.all().block(j, j + 1, 1, n - j - 1));
        }
    }
    adjugate_of_triangle<T>(lu.all(), adjugate.all());
    // XL = adj U as LᵀXᵀ = (adj U)ᵀ.
    solve_upper<T>(lu.all().transposed(), true, adjugate.all().transposed());
    for (std::size_t i = 0; i != n; ++i)
        for (std::size_t j = 0; j != n; ++j) to(p[j], q[i]) += g * adjugate(i, j);
}

template <class T, class S>
struct det_rule {
    using value_type = T;
    using shape_type = typename instead_of_last<S, 2>::type;
    static constexpr char const *name = "det", *kind = "factorisation";
    static constexpr bool has_gradient = true;

    constexpr shape_type shape(S const& s) const {
        check_square(name, s);
        return instead_of_last<S, 2>::of(s);
    }
    static constexpr std::size_t operations(S const& s) { return s.size() * rows(s) * 2 / 3; }

    void forward(array_of<T, shape_type> const& y, array_of<T const, S> const& a) const {
        std::size_t const count = y.shape.size();
        for_each_matrix(count, operations(a.shape) / count,
                        [&](std::size_t q) { y.data[q] = lu_factors<T>(matrix_at(a, q)).determinant(); });
    }
    void backward(array_of<T const, shape_type> const& y, array_of<T const, shape_type> const& g,
                  array_of<T const, S> const& a, array_of<T, S> const& ga) const {
        for_each_matrix(y.shape.size(), 3 * operations(a.shape) / y.shape.size(),
                        [&](std::size_t q) { add_det_gradient<T>(matrix_at(a, q), g.data[q], matrix_at(ga, q)); });
    }
};

/// Signs, and then the logarithms.
template <class T, class S>
struct slogdet_rule {
    using value_type = T;
    using result = typename instead_of_last<S, 2>::type;
    using shape_type = tenon::shape<times(2, static_size<result>)>;
    static constexpr char const *name = "slogdet", *kind = "factorisation";
    static constexpr bool has_gradient = true;

    constexpr shape_type shape(S const& s) const {
        check_square(name, s);
        return shape_type(std::array{2 * matrices(s)});
    }
    static constexpr std::size_t operations(S const& s) { return s.size() * rows(s) * 2 / 3; }

    void forward(array_of<T, shape_type> const& y, array_of<T const, S> const& a) const {
        std::size_t const count = matrices(a.shape);
        for_each_matrix(count, operations(a.shape) / count, [&](std::size_t q) {
            lu_factors<T> const lu(matrix_at(a, q));
            T sign = lu.sign(), sum = 0;
            for (std::size_t i = 0; i != rows(a.shape); ++i) {
                T const u = lu.pivot(i);
                sign = u > 0 ? sign : u < 0 ? -sign : u == 0 ? T(0) : u;
                sum += std::log(std::abs(u));
            }
            y.data[q] = sign;
            y.data[count + q] = sum;
        });
    }
    /// ∂ log|det A| = A⁻ᵀ; the sign has no slope.
    void backward(array_of<T const, shape_type> const&, array_of<T const, shape_type> const& g,
                  array_of<T const, S> const& a, array_of<T, S> const& ga) const {
        std::size_t const count = matrices(a.shape);
        for_each_matrix(count, 3 * operations(a.shape) / count, [&](std::size_t q) {
            T const d = g.data[count + q];
            if (d == 0) return;
            matrix_copy<T> inverse(rows(a.shape), rows(a.shape));
            lu_factors<T>(matrix_at(a, q)).inverse(inverse.all());
            add(matrix_at(ga, q), inverse.all().transposed(), d);
        });
    }
};
}  // namespace detail

/// The determinant of each matrix in the last two axes; its gradient is right for singular matrices too. ⅔n³ operations.
/// torch.linalg.det.
template <expression A>
constexpr auto det(A&& a) {
    return detail::checked<"det", true, A>(
        [&] { return tenon::detail::make_array(detail::det_rule<value_t<A>, shape_t<A>>{}, std::forward<A>(a)); });
}

template <class Sign, class Logarithm>
struct slogdet_result {
    Sign sign;            ///< −1, 0 or 1
    Logarithm logabsdet;  ///< −∞ where the determinant is 0
};
/// The determinant's sign and the logarithm of its magnitude, which don't overflow: `auto [sign, logabsdet] = slogdet(a)`; what both
/// need is computed once in an evaluation. torch.linalg.slogdet.
template <expression A>
constexpr auto slogdet(A&& a) {
    return detail::checked<"slogdet", true, A>([&] {
        using rule = detail::slogdet_rule<value_t<A>, shape_t<A>>;
        auto const s = detail::instead_of_last<shape_t<A>, 2>::of(a.shape());
        auto both = let(tenon::detail::make_array(rule{}, std::forward<A>(a)));
        auto sign = tenon::detail::part(both, 0, s);
        auto logabsdet = tenon::detail::part(both, s.size(), s);
        return slogdet_result<decltype(sign), decltype(logabsdet)>{sign, logabsdet};
    });
}
/// log det A: NaN where the determinant is negative, −∞ where it is 0; torch.logdet.
template <expression A>
constexpr auto logdet(A&& a) {
    auto [sign, logabsdet] = linalg::slogdet(std::forward<A>(a));
    return where(sign == value_t<A>(-1), std::numeric_limits<value_t<A>>::quiet_NaN(), logabsdet);
}

}  // namespace tenon::inline TENON_TARGET::linalg

namespace tenon::inline TENON_TARGET {
using linalg::det;
using linalg::logdet;
using linalg::slogdet;
}  // namespace tenon::inline TENON_TARGET
