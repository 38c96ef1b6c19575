// The QR factorisation.
#pragma once

#include <tenon/expr/let.hpp>
#include <tenon/linalg/reflectors.hpp>

namespace tenon::inline TENON_TARGET::linalg {

/// What `qr` gives for an m×n matrix, with k = min(m, n): Q of m×k and R of k×n, Q of m×m and R of m×n, or R of k×n alone.
enum class mode { reduced, complete, r };

namespace detail {
/// A = QR; Q has as many columns as R has rows.
template <class T>
void factor_qr(view<T const> const& a, view<T> const& q, view<T> const& r) {
    if (a.rows == 0 || a.columns == 0) {
        for (std::size_t i = 0; i != q.rows; ++i)
            for (std::size_t j = 0; j != q.columns; ++j) q(i, j) = i == j;
        return;
    }
    matrix_copy<T> packed(a);
    std::vector<T> tau(std::min(a.rows, a.columns));
    factor_reflectors(packed.all(), tau.data());
    for (std::size_t i = 0; i != q.rows; ++i)
        for (std::size_t j = 0; j != q.columns; ++j) q(i, j) = i == j;
    apply_reflectors<T>(packed.all(), tau.data(), tau.size(), q, false);
    for (std::size_t i = 0; i != r.rows; ++i)
        for (std::size_t j = 0; j != r.columns; ++j) r(i, j) = i <= j ? packed(i, j) : T(0);
}
/// Seeger, Hetzel, Dai, Meissner and Lawrence (2017), "Auto-differentiating linear algebra"; for more columns than rows, those behind
/// the square part are QᵀA₂, whose gradients come first.
template <class T>
void add_qr_gradient(view<T const> const& a, view<T const> const& q, view<T const> const& r, view<T const> const& gq,
                     view<T const> const& gr, view<T> const& to) {
    std::size_t const k = r.rows, further = r.columns - k;
    matrix_copy<T> of_q(gq);
    if (further > 0) {
        add_product(to.block(0, k, to.rows, further), q, gr.block(0, k, k, further));
        add_product(of_q.all(), a.block(0, k, a.rows, further), gr.block(0, k, k, further).transposed());
    }
    auto const square = r.block(0, 0, k, k);
    auto x = product(q.transposed(), of_q.all());
    assign(x.all(), x.all(), T(-1));
    add_product(x.all(), gr.block(0, 0, k, k), square.transposed());
    for (std::size_t i = 0; i != k; ++i)
        for (std::size_t j = 0; j != i; ++j) x(i, j) = x(j, i);
    add_product(of_q.all(), q, x.all());
    // XRᵀ = that is RXᵀ = its transpose.
    solve_upper(square, false, of_q.all().transposed());
    add(to.block(0, 0, to.rows, k), of_q.all());
}

/// Q's of all matrices, and then R's.
template <mode Mode, class T, class S>
struct qr_rule {
    using value_type = T;
    static constexpr std::size_t m = rows_of<S>, n = columns_of<S>, k = Mode == mode::complete ? m : smaller(m, n);
    using q_shape = with_matrix<S, m, k>;
    using r_shape = with_matrix<S, k, n>;
    static constexpr std::size_t q_size = static_size<typename q_shape::type>,
                                 r_size = static_size<typename r_shape::type>;
    using shape_type = tenon::shape<plus(q_size, r_size)>;
    static constexpr char const *name = "qr", *kind = "factorisation";
    static constexpr bool has_gradient = true;

    static constexpr std::size_t inner(S const& s) {
        return Mode == mode::complete ? rows(s) : std::min(rows(s), columns(s));
    }
    static constexpr auto shape_of_q(S const& s) { return q_shape::of(s, {rows(s), inner(s)}); }
    static constexpr auto shape_of_r(S const& s) { return r_shape::of(s, {inner(s), columns(s)}); }
    constexpr shape_type shape(S const& s) const {
        return shape_type(std::array{shape_of_q(s).size() + shape_of_r(s).size()});
    }
    static constexpr std::size_t operations(S const& s) { return 4 * s.size() * std::min(rows(s), columns(s)); }

    void forward(array_of<T, shape_type> const& y, array_of<T const, S> const& a) const {
        std::size_t const h = rows(a.shape), w = columns(a.shape), in = inner(a.shape), count = matrices(a.shape);
        T* const rs = y.data + count * h * in;
        for_each_matrix(count, 4 * h * w * in, [&](std::size_t i) {
            factor_qr<T>(matrix_at(a, i), row_major(y.data + i * h * in, h, in), row_major(rs + i * in * w, in, w));
        });
    }
    /// @throws linalg_error for Q's further columns, whose gradient isn't defined
    void backward(array_of<T const, shape_type> const& y, array_of<T const, shape_type> const& g,
                  array_of<T const, S> const& a, array_of<T, S> const& ga) const {
        std::size_t const h = rows(a.shape), w = columns(a.shape), in = inner(a.shape), count = matrices(a.shape);
        if (Mode == mode::complete && h > w)
            throw linalg_error("qr: mode::complete has no gradient where there are more rows than columns");
        std::size_t const first_r = count * h * in;
        for_each_matrix(count, 8 * h * w * in, [&](std::size_t i) {
            auto const of_q = i * h * in, of_r = first_r + i * in * w;
            add_qr_gradient<T>(matrix_at(a, i), row_major(y.data + of_q, h, in), row_major(y.data + of_r, in, w),
                               row_major(g.data + of_q, h, in), row_major(g.data + of_r, in, w), matrix_at(ga, i));
        });
    }
};
}  // namespace detail

template <class Q, class R>
struct qr_result {
    Q q;  ///< orthonormal columns
    R r;  ///< upper triangular
};
/// A = QR for each matrix in the last two axes, as LAPACK's geqrf signs them: `auto [q, r] = qr(a)`; both are computed once in an
/// evaluation. `qr<mode::complete>(a)` and `qr<mode::r>(a)` as `mode` says; the latter's q has no elements. 4mn·min(m, n) operations.
/// The gradient needs R's square part to be invertible. torch.linalg.qr.
template <mode Mode = mode::reduced, expression A>
constexpr auto qr(A&& a) {
    return detail::checked<"qr", false, A>([&] {
        using rule = detail::qr_rule<Mode, value_t<A>, shape_t<A>>;
        auto const s = a.shape();
        auto both = let(tenon::detail::make_array(rule{}, std::forward<A>(a)));
        auto const of_q = rule::shape_of_q(s);
        auto r = tenon::detail::part(both, of_q.size(), rule::shape_of_r(s));
        if constexpr (Mode == mode::r) {
            auto q = as_node(tensor<value_t<A>, 0>());
            return qr_result<decltype(q), decltype(r)>{q, r};
        } else {
            auto q = tenon::detail::part(both, 0, of_q);
            return qr_result<decltype(q), decltype(r)>{q, r};
        }
    });
}

}  // namespace tenon::inline TENON_TARGET::linalg
