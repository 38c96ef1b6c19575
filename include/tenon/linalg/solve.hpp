// Linear equations and inverses.
#pragma once

#include <vector>

#include <tenon/linalg/lanes.hpp>
#include <tenon/linalg/lu.hpp>

namespace tenon::inline TENON_TARGET {

/// The extents of a linear equation's matrix and of its right side differ.
template <operation_name Operation, class Matrix, class RightSide>
struct equation_shapes_do_not_fit;

namespace linalg {

struct solve_options {
    bool left = true;  ///< AX = B; else XA = B
};
struct solve_triangular_options {
    bool upper;                  ///< whether A is upper triangular, or lower
    bool left = true;            ///< AX = B; else XA = B
    bool unitriangular = false;  ///< whether A's diagonal counts as ones, and isn't read
};

namespace detail {
/// What rules of equations have in common: a square matrix A and a right side B of equal batches.
template <class T, class S, class R>
struct equation_rule {
    using value_type = T;
    using shape_type = R;
    static constexpr bool has_gradient = true;

    static constexpr R fitting(char const* name, S const& s, R const& r, bool left) {
        check_square(name, s);
        bool same = (left ? rows(r) : columns(r)) == rows(s);
        for (std::size_t a = 0; a + 2 < S::rank(); ++a) same = same && s[a] == r[a];
        if (!same) throw_shapes(name, to_string(s), to_string(r));
        return r;
    }
    /// Holds pivots, with an axis of extent 1 behind them, against the matrices.
    template <class N>
    static constexpr void check_pivots(char const* name, S const& s, N const& n) {
        bool same = true;
        for (std::size_t a = 0; a + 1 < S::rank(); ++a) same = same && s[a] == n[a];
        if (!same) throw_shapes(name, to_string(s), to_string(n));
    }
};

/// B̄ += W and Ā −= WXᵀ for AX = B, XᵀW for XA = B, where W solves the transposed equation for X̄; none without memory.
template <class T>
void add_equation_gradients(view<T const> const& w, view<T const> const& x, bool left, view<T> const& gb,
                            view<T> const& ga) {
    if (gb.p) add(gb, w);
    if (!ga.p) return;
    matrix_copy<T> negative(w.rows, w.columns);
    assign(negative.all(), w, T(-1));
    if (left) add_product(ga, negative.all(), x.transposed());
    else add_product(ga, x.transposed(), negative.all());
}

template <class T, class S, class R>
struct solve_rule : equation_rule<T, S, R> {
    static constexpr char const *name = "solve", *kind = "solver";
    bool left;
    explicit constexpr solve_rule(bool l) : left(l) {}

    constexpr R shape(S const& s, R const& r) const { return this->fitting(name, s, r, left); }
    static constexpr std::size_t operations(S const& s, R const& r) {
        return 2 * (s.size() * rows(s) / 3 + r.size() * rows(s));
    }

    void forward(array_of<T, R> const& y, array_of<T const, S> const& a, array_of<T const, R> const& b) const {
        solve(y, a, b, false);
    }
    void backward(array_of<T const, R> const& y, array_of<T const, R> const& g, array_of<T const, S> const& a,
                  array_of<T const, R> const&, array_of<T, S> const& ga, array_of<T, R> const& gb) const {
        std::vector<T> solved(g.shape.size());
        array_of<T, R> const w{solved.data(), g.shape};
        solve(w, a, g, true);
        for_each_matrix(matrices(a.shape), operations(a.shape, g.shape) / matrices(a.shape), [&](std::size_t q) {
            add_equation_gradients<T>(matrix_at(w, q), matrix_at(y, q), left, gb.data ? matrix_at(gb, q) : view<T>{},
                                      ga.data ? matrix_at(ga, q) : view<T>{});
        });
    }

private:
    /// With A, or with its transpose.
    void solve(array_of<T, R> const& y, array_of<T const, S> const& a, array_of<T const, R> const& b,
               bool transposed) const {
        std::size_t const count = matrices(a.shape), columns_of_b = left ? columns(b.shape) : rows(b.shape);
        std::copy_n(b.data, b.shape.size(), y.data);
        // XA = B is AᵀXᵀ = Bᵀ.
        auto const turned = [this](auto const& x) { return left ? x : x.transposed(); };
        auto const alone = [&](std::size_t q) {
            factored<T>(name, matrix_at(a, q), q, count).solve(turned(matrix_at(y, q)), transposed == left);
        };
        if (!in_lanes<T>(count, rows(a.shape), columns_of_b))
            return for_each_matrix(count, operations(a.shape, b.shape) / count, alone);
        auto const x = [&](std::size_t q) { return turned(matrix_at(y, q)); };
        solve_all_in_lanes<T>(
            count, rows(a.shape), columns_of_b,
            [&](std::size_t q) { return transposed == left ? matrix_at(a, q).transposed() : matrix_at(a, q); }, x, x,
            alone);
    }
};

/// What of a matrix is a triangular equation's.
template <class T>
void keep_triangle(view<T> const& a, solve_triangular_options const& o) {
    for (std::size_t i = 0; i != a.rows; ++i)
        for (std::size_t j = 0; j != a.columns; ++j)
            if ((o.upper ? j < i : i < j) || (o.unitriangular && i == j)) a(i, j) = 0;
}

template <class T, class S, class R>
struct solve_triangular_rule : equation_rule<T, S, R> {
    static constexpr char const *name = "solve_triangular", *kind = "solver";
    solve_triangular_options options;
    explicit constexpr solve_triangular_rule(solve_triangular_options o) : options(o) {}

    constexpr R shape(S const& s, R const& r) const { return this->fitting(name, s, r, options.left); }
    static constexpr std::size_t operations(S const& s, R const& r) { return r.size() * rows(s); }

    void forward(array_of<T, R> const& y, array_of<T const, S> const& a, array_of<T const, R> const& b) const {
        std::copy_n(b.data, b.shape.size(), y.data);
        for_each_matrix(matrices(a.shape), operations(a.shape, b.shape) / matrices(a.shape),
                        [&](std::size_t q) { solve(matrix_at(a, q), matrix_at(y, q), false); });
    }
    void backward(array_of<T const, R> const& y, array_of<T const, R> const& g, array_of<T const, S> const& a,
                  array_of<T const, R> const&, array_of<T, S> const& ga, array_of<T, R> const& gb) const {
        for_each_matrix(matrices(a.shape), 2 * operations(a.shape, g.shape) / matrices(a.shape), [&](std::size_t q) {
            matrix_copy<T> w(matrix_at(g, q));
            solve(matrix_at(a, q), w.all(), true);
            matrix_copy<T> of_a(ga.data ? rows(a.shape) : 0, ga.data ? rows(a.shape) : 0);
            add_equation_gradients<T>(w.all(), matrix_at(y, q), options.left, gb.data ? matrix_at(gb, q) : view<T>{},
                                      ga.data ? of_a.all() : view<T>{});
            if (!ga.data) return;
            keep_triangle(of_a.all(), options);
            add(matrix_at(ga, q), of_a.all());
        });
    }

private:
    void solve(view<T const> const& a, view<T> const& x, bool transposed) const {
        // XA = B is AᵀXᵀ = Bᵀ.
        bool const turned = transposed == options.left;
        auto const m = turned ? a.transposed() : a;
        auto const to = options.left ? x : x.transposed();
        if (options.upper != turned) solve_upper(m, options.unitriangular, to);
        else solve_lower(m, options.unitriangular, to);
    }
};

template <class T, class S>
struct inverse_rule {
    using value_type = T;
    using shape_type = S;
    static constexpr char const *name = "inv", *kind = "solver";
    static constexpr bool has_gradient = true;

    constexpr S shape(S const& s) const {
        check_square(name, s);
        return s;
    }
    static constexpr std::size_t operations(S const& s) { return 2 * s.size() * rows(s); }

    void forward(array_of<T, S> const& y, array_of<T const, S> const& a) const {
        std::size_t const n = rows(a.shape), count = matrices(a.shape);
        auto const alone = [&](std::size_t q) {
            factored<T>(name, matrix_at(a, q), q, count).inverse(matrix_at(y, q));
        };
        if (!in_lanes<T>(count, n, n)) return for_each_matrix(count, operations(a.shape) / count, alone);
        matrix_copy<T> identity(n, n);
        for (std::size_t i = 0; i != n; ++i) identity(i, i) = 1;
        solve_all_in_lanes<T>(
            count, n, n, [&](std::size_t q) { return matrix_at(a, q); },
            [&](std::size_t) { return view<T const>(identity.all()); }, [&](std::size_t q) { return matrix_at(y, q); },
            alone);
    }
    /// Ā = −Y⁻ᵀ Ȳ Y⁻ᵀ for Y = A⁻¹
    void backward(array_of<T const, S> const& y, array_of<T const, S> const& g, array_of<T const, S> const& a,
                  array_of<T, S> const& ga) const {
        for_each_matrix(matrices(a.shape), operations(a.shape) / matrices(a.shape), [&](std::size_t q) {
            auto const turned = matrix_at(y, q).transposed();
            auto x = product(turned, matrix_at(g, q));
            assign(x.all(), x.all(), T(-1));
            add_product(matrix_at(ga, q), x.all(), turned);
        });
    }
};

/// Whether a matrix's and a right side's extents may fit, from whichever side, and their batches be broadcast.
template <class S, class R>
constexpr bool equation_fits() {
    if constexpr (R::rank() < 2) return false;
    else
        return (may_equal(rows_of<S>, rows_of<R>) || may_equal(rows_of<S>, columns_of<R>)) &&
               broadcast_pair<typename instead_of_last<S, 2>::type, typename instead_of_last<R, 2>::type>::fits;
}
/// An operand whose batch has the extents of that of the shape Other too.
template <class Other, class A>
constexpr auto in_batch_of(A&& a) {
    using batch_of_a = typename instead_of_last<shape_t<A>, 2>::type;
    using batch_of_b = typename instead_of_last<Other, 2>::type;
    if constexpr (std::is_same_v<batch_of_a, batch_of_b>) return as_node(std::forward<A>(a));
    else {
        using batch = broadcast_t<batch_of_a, batch_of_b>;
        if constexpr (std::is_same_v<batch, batch_of_a>) return as_node(std::forward<A>(a));
        else
            return [&]<std::size_t... I>(std::index_sequence<I...>) {
                return as_node(broadcast_to<batch::static_extents[I]..., dyn, dyn>(std::forward<A>(a)));
            }(std::make_index_sequence<batch::rank()>{});
    }
}
/// Whether b is a vector beside the matrix of shape S, or a batch of vectors beside a batch of matrices, as PyTorch decides.
template <class S, class R>
inline constexpr bool is_vector = [] {
    if (R::rank() == 1) return true;
    if (R::rank() + 1 != S::rank()) return false;
    for (std::size_t a = 0; a != R::rank(); ++a)
        if (R::static_extents[a] != S::static_extents[a]) return false;
    return true;
}();
template <operation_name Operation, template <class, class, class> class Rule, bool VectorsToo, class A, class B,
          class O>
constexpr auto equation(A&& a, B&& b, O options) {
    using s = shape_t<A>;
    using r = shape_t<B>;
    if constexpr (VectorsToo && is_vector<s, r>)
        return squeeze<-1>(
            equation<Operation, Rule, false>(std::forward<A>(a), unsqueeze<-1>(std::forward<B>(b)), options));
    else
        return checked<Operation, true, A>([&] {
            if constexpr (!equation_fits<s, r>() || !std::is_same_v<value_t<A>, value_t<B>>)
                return equation_shapes_do_not_fit<Operation, s, r>{};
            else {
                auto x = in_batch_of<r>(std::forward<A>(a));
                auto y = in_batch_of<shape_t<decltype(x)>>(std::forward<B>(b));
                using rule = Rule<value_t<A>, shape_t<decltype(x)>, shape_t<decltype(y)>>;
                return tenon::detail::make_array(rule(options), std::move(x), std::move(y));
            }
        });
}
}  // namespace detail

/// X of AX = B, or with `left = false` of XA = B, for each matrix in the last two axes; batches are broadcast. A vector b, or a batch of
/// vectors beside one of matrices, is a column. ⅔n³ + 2n²k operations. torch.linalg.solve.
/// @throws linalg_error where A is singular, with its place in the batch and the pivot
template <expression A, expression B>
constexpr auto solve(A&& a, B&& b, solve_options options = {}) {
    return detail::equation<"solve", detail::solve_rule, true>(std::forward<A>(a), std::forward<B>(b), options.left);
}
/// X of AX = B for a triangular A, of which the other triangle isn't read: `solve_triangular(a, b, {.upper = true})`.
/// torch.linalg.solve_triangular.
template <expression A, expression B>
constexpr auto solve_triangular(A&& a, B&& b, solve_triangular_options options) {
    return detail::equation<"solve_triangular", detail::solve_triangular_rule, false>(std::forward<A>(a),
                                                                                      std::forward<B>(b), options);
}
/// A⁻¹ for each square matrix in the last two axes; 2n³ operations. `solve(a, b)` is quicker and more exact than `matmul(inv(a), b)`.
/// torch.linalg.inv. @throws linalg_error where A is singular, with its place in the batch and the pivot
template <expression A>
constexpr auto inv(A&& a) {
    return detail::checked<"inv", true, A>(
        [&] { return tenon::detail::make_array(detail::inverse_rule<value_t<A>, shape_t<A>>{}, std::forward<A>(a)); });
}

}  // namespace linalg
}  // namespace tenon::inline TENON_TARGET
