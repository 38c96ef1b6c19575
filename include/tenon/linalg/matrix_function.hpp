// Functions of whole matrices: matrix_power, matrix_exp.
#pragma once

#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>

#include <tenon/linalg/lu.hpp>

namespace tenon::inline TENON_TARGET {
namespace linalg {

namespace detail {
template <class T>
matrix_copy<T> identity_matrix(std::size_t n) {
    matrix_copy<T> one(n, n);
    for (std::size_t i = 0; i != n; ++i) one(i, i) = 1;
    return one;
}
/// Aⁿ by squares.
template <class T>
matrix_copy<T> power_of(view<T const> const& a, std::size_t n) {
    if (n == 0) return identity_matrix<T>(a.rows);
    matrix_copy<T> square(a);
    for (; n % 2 == 0; n /= 2) square = product(view<T const>(square.all()), square.all());
    // Not from the identity on: its zeros times infinities would be NaN.
    matrix_copy<T> result(square);
    while ((n /= 2) != 0) {
        square = product(view<T const>(square.all()), square.all());
        if (n % 2 != 0) result = product(view<T const>(result.all()), square.all());
    }
    return result;
}
/// What the gradient g of Aⁿ is in A, n being positive, by the same squares: for Aⁿ = (A²)^(n/2), and for A·Aⁿ⁻¹.
template <class T>
matrix_copy<T> power_gradient(view<T const> const& a, std::size_t n, view<T const> const& g) {
    if (n == 1) return matrix_copy<T>(g);
    if (n % 2 == 0) {
        auto const of_square = power_gradient<T>(product(a, a).all(), n / 2, g);
        auto result = product(a.transposed(), of_square.all());
        add_product(result.all(), of_square.all(), a.transposed());
        return result;
    }
    auto const rest = power_of(a, n - 1);
    auto result = power_gradient<T>(a, n - 1, product(a.transposed(), g).all());
    add_product(result.all(), g, rest.all().transposed());
    return result;
}

template <class T, class S>
struct matrix_power_rule {
    using value_type = T;
    using shape_type = S;
    static constexpr char const *name = "matrix_power", *kind = "factorisation";
    static constexpr bool has_gradient = true;
    std::ptrdiff_t n;

    std::size_t magnitude() const { return static_cast<std::size_t>(n < 0 ? -n : n); }
    constexpr S shape(S const& s) const {
        check_square(name, s);
        return s;
    }
    constexpr std::size_t operations(S const& s) const {
        std::size_t products = n < 0;
        for (std::size_t m = magnitude(); m > 1; m /= 2) products += 1 + m % 2;
        return 2 * s.size() * rows(s) * products;
    }
    /// A, or its inverse for a negative power.
    matrix_copy<T> base(view<T const> const& a, std::size_t q, std::size_t count) const {
        matrix_copy<T> m(a);
        if (n < 0) factored<T>(name, a, q, count).inverse(m.all());
        return m;
    }
    void forward(array_of<T, S> const& y, array_of<T const, S> const& a) const {
        std::size_t const count = matrices(a.shape);
        for_each_matrix(count, operations(a.shape) / count, [&](std::size_t q) {
            assign(matrix_at(y, q), power_of<T>(base(matrix_at(a, q), q, count).all(), magnitude()).all());
        });
    }
    void backward(array_of<T const, S> const&, array_of<T const, S> const& g, array_of<T const, S> const& a,
                  array_of<T, S> const& ga) const {
        std::size_t const count = matrices(a.shape);
        if (n == 0) return;
        for_each_matrix(count, 2 * operations(a.shape) / count, [&](std::size_t q) {
            auto m = base(matrix_at(a, q), q, count);
            auto of_base = power_gradient<T>(m.all(), magnitude(), matrix_at(g, q));
            if (n < 0) {
                // Of B = A⁻¹: Ā = −Bᵀ B̄ Bᵀ.
                auto const turned = view<T const>(m.all()).transposed();
                of_base = product(view<T const>(product(turned, of_base.all()).all()), turned);
                assign(of_base.all(), of_base.all(), T(-1));
            }
            add(matrix_at(ga, q), of_base.all());
        });
    }
};

/// The greatest Σ|a| of a column; NaN if there is one.
template <class T>
T greatest_column(view<T const> const& a) {
    T norm = 0;
    for (std::size_t j = 0; j != a.columns; ++j) {
        T sum = 0;
        for (std::size_t i = 0; i != a.rows; ++i) sum += std::abs(a(i, j));
        if (sum > norm || sum != sum) norm = sum;
    }
    return norm;
}
/// e^A by a rational approximation of degree 13 of e^(A/2^s), squared s times; Higham (2005), "The scaling and squaring method for the
/// matrix exponential revisited".
template <class T>
matrix_copy<T> exponential(view<T const> const& a) {
    std::size_t const n = a.rows;
    T const norm = greatest_column<T>(a);
    if (!std::isfinite(norm)) {
        matrix_copy<T> none(n, n);
        for (std::size_t i = 0; i != n; ++i)
            for (std::size_t j = 0; j != n; ++j) none(i, j) = std::numeric_limits<T>::quiet_NaN();
        return none;
    }
    int const squarings =
        norm > T(5.371920351148152) ? static_cast<int>(std::ceil(std::log2(norm / T(5.371920351148152)))) : 0;
    matrix_copy<T> x(a), odd(n, n), even(n, n);
    assign(x.all(), a, std::ldexp(T(1), -squarings));
    constexpr double b[] = {64764752532480000.,
                            32382376266240000.,
                            7771770303897600.,
                            1187353796428800.,
                            129060195264000.,
                            10559470521600.,
                            670442572800.,
                            33522128640.,
                            1323241920.,
                            40840800.,
                            960960.,
                            16380.,
                            182.,
                            1.};
    // All over b₀, which keeps them in a float's range.
    auto const coefficient = [&](std::size_t i) { return static_cast<T>(b[i] / b[0]); };
    auto const x2 = product(view<T const>(x.all()), x.all());
    auto const x4 = product(x2.all(), x2.all()), x6 = product(x4.all(), x2.all());
    auto const combine = [&](matrix_copy<T>& to, std::size_t first) {
        matrix_copy<T> high(n, n);
        add(high.all(), x6.all(), coefficient(first + 12));
        add(high.all(), x4.all(), coefficient(first + 10));
        add(high.all(), x2.all(), coefficient(first + 8));
        add_product(to.all(), x6.all(), high.all());
        add(to.all(), x6.all(), coefficient(first + 6));
        add(to.all(), x4.all(), coefficient(first + 4));
        add(to.all(), x2.all(), coefficient(first + 2));
        for (std::size_t i = 0; i != n; ++i) to(i, i) += coefficient(first);
    };
    combine(even, 0);
    combine(odd, 1);
    odd = product(view<T const>(x.all()), odd.all());
    // e^X ≈ (V − U)⁻¹(V + U) with U the odd powers and V the even ones.
    matrix_copy<T> below(even), result(even);
    add(below.all(), odd.all(), T(-1));
    add(result.all(), odd.all());
    lu_factors<T>(below.all()).solve(result.all());
    for (int s = 0; s != squarings; ++s) result = product(view<T const>(result.all()), result.all());
    return result;
}

template <class T, class S>
struct matrix_exp_rule {
    using value_type = T;
    using shape_type = S;
    static constexpr char const *name = "matrix_exp", *kind = "factorisation";
    static constexpr bool has_gradient = true;

    constexpr S shape(S const& s) const {
        check_square(name, s);
        return s;
    }
    static constexpr std::size_t operations(S const& s) { return 16 * s.size() * rows(s); }
    void forward(array_of<T, S> const& y, array_of<T const, S> const& a) const {
        for_each_matrix(matrices(a.shape), operations(a.shape) / matrices(a.shape),
                        [&](std::size_t q) { assign(matrix_at(y, q), exponential<T>(matrix_at(a, q)).all()); });
    }
    /// The upper right block of e^[Aᵀ, Ȳ; 0, Aᵀ]; Najfeld and Havel (1995), "Derivatives of the matrix exponential and their computation".
    void backward(array_of<T const, S> const&, array_of<T const, S> const& g, array_of<T const, S> const& a,
                  array_of<T, S> const& ga) const {
        std::size_t const n = rows(a.shape);
        for_each_matrix(matrices(a.shape), 8 * operations(a.shape) / matrices(a.shape), [&](std::size_t q) {
            matrix_copy<T> both(2 * n, 2 * n);
            auto const turned = matrix_at(a, q).transposed();
            // Linear in Ȳ, which is scaled: each squaring that a large one asks for costs a bit, all of a float's for 10⁸.
            T const norm = greatest_column<T>(matrix_at(g, q));
            T const scale = std::isfinite(norm) && norm > std::numeric_limits<T>::min() ? norm : T(1);
            assign(both.all().block(0, 0, n, n), turned);
            assign(both.all().block(n, n, n, n), turned);
            assign(both.all().block(0, n, n, n), matrix_at(g, q), 1 / scale);
            add(matrix_at(ga, q), exponential<T>(both.all()).all().block(0, n, n, n), scale);
        });
    }
};
}  // namespace detail

/// Aⁿ of square matrices; a negative power is that of the inverse. About log₂ n products. torch.linalg.matrix_power.
/// @throws linalg_error where A is singular and n negative
template <expression A>
constexpr auto matrix_power(A&& a, std::ptrdiff_t n) {
    return detail::checked<"matrix_power", true, A>([&] {
        return tenon::detail::make_array(detail::matrix_power_rule<value_t<A>, shape_t<A>>{n}, std::forward<A>(a));
    });
}
/// e^A of square matrices, Σ Aᵏ/k!; NaN where an element isn't finite. torch.linalg.matrix_exp.
template <expression A>
constexpr auto matrix_exp(A&& a) {
    return detail::checked<"matrix_exp", true, A>([&] {
        return tenon::detail::make_array(detail::matrix_exp_rule<value_t<A>, shape_t<A>>{}, std::forward<A>(a));
    });
}

}  // namespace linalg

using linalg::matrix_exp;
using linalg::matrix_power;

}  // namespace tenon::inline TENON_TARGET
