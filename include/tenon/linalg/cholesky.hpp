// Cholesky's factorisation, and what it solves.
#pragma once

#include <tenon/linalg/lanes.hpp>

namespace tenon::inline TENON_TARGET::linalg {

struct cholesky_options {
    bool upper = false;  ///< U with A = UᵀU instead of L with A = LLᵀ, from A's upper triangle
};

namespace detail {
/// L of A = LLᵀ from A's lower triangle, 32 columns at a time: those before them are taken off by a product.
/// @return the first pivot that isn't positive, or -1
template <class T>
std::ptrdiff_t factor_cholesky(view<T const> const& a, view<T> const& l) {
    constexpr std::size_t block = 32;
    std::size_t const n = a.rows;
    for (std::size_t i = 0; i != n; ++i)
        for (std::size_t j = 0; j != n; ++j) l(i, j) = j > i ? T(0) : a(i, j);
    for (std::size_t first = 0; first < n; first += block) {
        std::size_t const last = std::min(first + block, n);
        if (first != 0)
            subtract_product(l.block(first, first, n - first, last - first), l.block(first, 0, n - first, first),
                             view<T const>(l).block(first, 0, last - first, first).transposed());
        for (std::size_t j = first; j != last; ++j) {
            for (std::size_t q = first; q != j; ++q) l(j, j) -= l(j, q) * l(j, q);
            if (!(l(j, j) > 0)) return static_cast<std::ptrdiff_t>(j);
            l(j, j) = std::sqrt(l(j, j));
            for (std::size_t i = j + 1; i != last; ++i) {
                l(j, i) = 0;
                for (std::size_t q = first; q != j; ++q) l(i, j) -= l(i, q) * l(j, q);
                l(i, j) /= l(j, j);
            }
        }
        // XLᵀ = B below, as LXᵀ = Bᵀ.
        if (last != n)
            solve_lower<T>(l.block(first, first, last - first, last - first), false,
                           l.block(last, first, n - last, last - first).transposed());
    }
    return -1;
}
/// Ā += ½ L⁻ᵀ (P + Pᵀ − diag P) L⁻¹ with P the lower triangle of LᵀL̄; Murray (2016), "Differentiation of the Cholesky
/// decomposition".
template <class T>
void add_cholesky_gradient(view<T const> const& l, view<T const> const& g, view<T> const& to) {
    matrix_copy<T> lower(g);
    for (std::size_t i = 0; i != l.rows; ++i)
        for (std::size_t j = i + 1; j != l.rows; ++j) lower(i, j) = 0;
    auto p = product(l.transposed(), lower.all());
    for (std::size_t i = 0; i != l.rows; ++i)
        for (std::size_t j = i + 1; j != l.rows; ++j) p(i, j) = p(j, i);
    solve_upper(l.transposed(), false, p.all());
    solve_upper(l.transposed(), false, p.all().transposed());
    add(to, p.all(), T(.25));
    add(to, p.all().transposed(), T(.25));
}

template <class T, class S>
struct cholesky_rule {
    using value_type = T;
    using shape_type = S;
    static constexpr char const *name = "cholesky", *kind = "factorisation";
    static constexpr bool has_gradient = true;
    bool upper;

    constexpr S shape(S const& s) const {
        check_square(name, s);
        return s;
    }
    static constexpr std::size_t operations(S const& s) { return s.size() * rows(s) / 3; }

    void forward(array_of<T, S> const& y, array_of<T const, S> const& x) const {
        std::size_t const n = rows(x.shape), count = matrices(x.shape);
        auto const turned = [this](auto const& a) { return upper ? a.transposed() : a; };
        auto const alone = [&](std::size_t q) {
            auto const pivot = factor_cholesky<T>(turned(matrix_at(x, q)), turned(matrix_at(y, q)));
            if (pivot >= 0) fail(name, q, count, "isn't positive definite", pivot, "isn't positive");
        };
        if (!in_lanes<T>(count, n, n)) return for_each_matrix(count, n * n * n, alone);
        for_each_lanes<T>(count, n * n * n, [&](auto const& number, std::size_t used) {
            lane_matrices<T> a(n, n);
            for (std::size_t l = 0; l != lane_matrices<T>::width; ++l) a.read(l, turned(matrix_at(x, number(l))));
            bool const found = factor_cholesky_in_lanes(a);
            for (std::size_t l = 0; l != used; ++l) {
                if (found) a.write(l, turned(matrix_at(y, number(l))));
                else alone(number(l));
            }
        });
    }
    void backward(array_of<T const, S> const& y, array_of<T const, S> const& g, array_of<T const, S> const& x,
                  array_of<T, S> const& gx) const {
        std::size_t const n = rows(x.shape), count = matrices(x.shape);
        for_each_matrix(count, 2 * n * n * n, [&](std::size_t q) {
            auto const l = matrix_at(y, q), lg = matrix_at(g, q);
            if (upper) add_cholesky_gradient<T>(l.transposed(), lg.transposed(), matrix_at(gx, q));
            else add_cholesky_gradient<T>(l, lg, matrix_at(gx, q));
        });
    }
};
}  // namespace detail

/// L, lower triangular with a positive diagonal, of A = LLᵀ for each matrix in the last two axes; only A's lower triangle is read.
/// Its gradient is symmetric. n³/3 operations. torch.linalg.cholesky.
/// @throws linalg_error where a matrix isn't positive definite, with its place in the batch and the pivot
template <expression A>
constexpr auto cholesky(A&& a, cholesky_options options = {}) {
    return detail::checked<"cholesky", true, A>([&] {
        return tenon::detail::make_array(detail::cholesky_rule<value_t<A>, shape_t<A>>{options.upper},
                                         std::forward<A>(a));
    });
}

}  // namespace tenon::inline TENON_TARGET::linalg
