// What a Cholesky factor solves: cholesky_solve, cholesky_inverse.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include <tenon/linalg/cholesky.hpp>
#include <tenon/linalg/solve.hpp>

namespace tenon::inline TENON_TARGET {
namespace linalg {

namespace detail {
/// X of LLᵀX = B in B's place.
template <class T>
void solve_cholesky(view<std::type_identity_t<T> const> const& l, view<T> const& x) {
    solve_lower(l, false, x);
    solve_upper(l.transposed(), false, x);
}
/// L̄ += (Ā + Āᵀ)L, for A = LLᵀ; in both triangles, as PyTorch's is, although one of them isn't read.
template <class T>
void add_gram_gradient(view<T const> const& l, matrix_copy<T>& of_a, view<T> const& to) {
    matrix_copy<T> symmetric(of_a.all());
    add(symmetric.all(), of_a.all().transposed());
    add(to, product(view<T const>(symmetric.all()), l).all());
}
template <class T>
view<T> lower_of(view<T> const& a, bool upper) {
    return upper ? a.transposed() : a;
}

template <class T, class S, class R>
struct cholesky_solve_rule : equation_rule<T, S, R> {
    static constexpr char const *name = "cholesky_solve", *kind = "solver";
    bool upper;
    explicit constexpr cholesky_solve_rule(cholesky_options o) : upper(o.upper) {}

    constexpr R shape(S const& s, R const& r) const { return this->fitting(name, s, r, true); }
    static constexpr std::size_t operations(S const& s, R const& r) { return 2 * r.size() * rows(s); }

    void forward(array_of<T, R> const& y, array_of<T const, S> const& l, array_of<T const, R> const& b) const {
        std::copy_n(b.data, b.shape.size(), y.data);
        for_each_matrix(matrices(l.shape), operations(l.shape, b.shape) / matrices(l.shape),
                        [&](std::size_t q) { solve_cholesky(lower_of(matrix_at(l, q), upper), matrix_at(y, q)); });
    }
    void backward(array_of<T const, R> const& y, array_of<T const, R> const& g, array_of<T const, S> const& l,
                  array_of<T const, R> const&, array_of<T, S> const& gl, array_of<T, R> const& gb) const {
        for_each_matrix(matrices(l.shape), 3 * operations(l.shape, g.shape) / matrices(l.shape), [&](std::size_t q) {
            auto const factor = lower_of(matrix_at(l, q), upper);
            matrix_copy<T> w(matrix_at(g, q));
            solve_cholesky(factor, w.all());
            if (gb.data) add(matrix_at(gb, q), w.all());
            if (!gl.data) return;
            // Ā = −WXᵀ.
            auto of_a = product(view<T const>(w.all()), matrix_at(y, q).transposed());
            assign(of_a.all(), of_a.all(), T(-1));
            add_gram_gradient(factor, of_a, lower_of(matrix_at(gl, q), upper));
        });
    }
};

template <class T, class S>
struct cholesky_inverse_rule {
    using value_type = T;
    using shape_type = S;
    static constexpr char const *name = "cholesky_inverse", *kind = "solver";
    static constexpr bool has_gradient = true;
    bool upper;

    constexpr S shape(S const& s) const {
        check_square(name, s);
        return s;
    }
    static constexpr std::size_t operations(S const& s) { return 2 * s.size() * rows(s); }

    void forward(array_of<T, S> const& y, array_of<T const, S> const& l) const {
        for_each_matrix(matrices(l.shape), operations(l.shape) / matrices(l.shape), [&](std::size_t q) {
            auto const to = matrix_at(y, q);
            for (std::size_t i = 0; i != to.rows; ++i)
                for (std::size_t j = 0; j != to.rows; ++j) to(i, j) = i == j;
            solve_cholesky(lower_of(matrix_at(l, q), upper), to);
        });
    }
    /// Ā = −YȲY for Y = A⁻¹, which is symmetric.
    void backward(array_of<T const, S> const& y, array_of<T const, S> const& g, array_of<T const, S> const& l,
                  array_of<T, S> const& gl) const {
        for_each_matrix(matrices(l.shape), 2 * operations(l.shape) / matrices(l.shape), [&](std::size_t q) {
            auto const inverse = matrix_at(y, q);
            auto of_a = product(view<T const>(product(inverse, matrix_at(g, q)).all()), inverse);
            assign(of_a.all(), of_a.all(), T(-1));
            add_gram_gradient(lower_of(matrix_at(l, q), upper), of_a, lower_of(matrix_at(gl, q), upper));
        });
    }
};
}  // namespace detail

/// X of AX = B for A = LLᵀ, given its factor: `cholesky_solve(b, l)`, or U of A = UᵀU with `{.upper = true}`; batches are broadcast. Of the
/// factor one triangle is read; its gradient is PyTorch's, that of LLᵀ by all of L. 2n²k operations. torch.cholesky_solve.
template <expression B, expression L>
constexpr auto cholesky_solve(B&& b, L&& l, cholesky_options options = {}) {
    return detail::equation<"cholesky_solve", detail::cholesky_solve_rule, false>(std::forward<L>(l),
                                                                                  std::forward<B>(b), options);
}
/// A⁻¹ for A = LLᵀ, given its factor, or U of A = UᵀU; torch.cholesky_inverse.
template <expression L>
constexpr auto cholesky_inverse(L&& l, cholesky_options options = {}) {
    return detail::checked<"cholesky_inverse", true, L>([&] {
        return tenon::detail::make_array(detail::cholesky_inverse_rule<value_t<L>, shape_t<L>>{options.upper},
                                         std::forward<L>(l));
    });
}

}  // namespace linalg

using linalg::cholesky_inverse;
using linalg::cholesky_solve;

}  // namespace tenon::inline TENON_TARGET
