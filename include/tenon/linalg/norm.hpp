// Norms of vectors and matrices, and condition numbers.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

#include <tenon/linalg/lu.hpp>
#include <tenon/linalg/order.hpp>

namespace tenon::inline TENON_TARGET {

/// Such a number of axes, or of the operand's, has no norm of an order without more axes named: `linalg::norm<0, 1>(x, 2)`.
template <operation_name Operation, class Shape, std::ptrdiff_t... Axes>
struct norm_needs_axes;

namespace linalg {

namespace detail {
/// A norm of each matrix, or its condition number.
template <bool Condition, class T, class S>
struct matrix_norm_rule {
    using value_type = T;
    using shape_type = typename instead_of_last<S, 2>::type;
    static constexpr char const *name = Condition ? "cond" : "matrix_norm", *kind = "factorisation";
    static constexpr bool has_gradient = true;
    order o;

    constexpr shape_type shape(S const& s) const {
        check_order(name, o);
        if (by_inverse()) check_square(name, s);
        return instead_of_last<S, 2>::of(s);
    }
    constexpr std::size_t operations(S const& s) const {
        return o.of_singular_values() ? 4 * s.size() * std::min(rows(s), columns(s)) : 2 * s.size();
    }
    constexpr bool by_inverse() const { return Condition && !o.is(2.) && !o.is(-2.); }

    void forward(array_of<T, shape_type> const& y, array_of<T const, S> const& a) const {
        std::size_t const count = y.shape.size();
        for_each_matrix(count, operations(a.shape) / count, [&](std::size_t q) {
            auto const m = matrix_at(a, q);
            if (o.of_singular_values() && !all_finite(m))
                fail(name, q, count, "has elements that aren't finite", -1, "");
            if constexpr (Condition) y.data[q] = condition(m);
            else y.data[q] = norm_of<T>(m, o);
        });
    }
    void backward(array_of<T const, shape_type> const& y, array_of<T const, shape_type> const& g,
                  array_of<T const, S> const& a, array_of<T, S> const& ga) const {
        std::size_t const count = y.shape.size();
        for_each_matrix(count, 4 * operations(a.shape) / count, [&](std::size_t q) {
            auto const m = matrix_at(a, q);
            if constexpr (Condition) add_condition_gradient(m, g.data[q], matrix_at(ga, q));
            else add_norm_gradient<T>(m, o, y.data[q], g.data[q], matrix_at(ga, q));
        });
    }

private:
    T condition(view<T const> const& m) const {
        if (m.rows == 0 || m.columns == 0) return 0;
        if (!by_inverse()) {
            auto const s = singular_values_of(m);
            return o.is_least() ? s.back() / s.front() : s.front() / s.back();
        }
        lu_factors<T> const lu(m);
        if (lu.zero_pivot() >= 0) return std::numeric_limits<T>::infinity();
        matrix_copy<T> inverse(m.rows, m.rows);
        lu.inverse(inverse.all());
        return norm_of<T>(m, o) * norm_of<T>(inverse.all(), o);
    }
    void add_condition_gradient(view<T const> const& m, T g, view<T> const& to) const {
        if (m.rows == 0 || m.columns == 0) return;
        if (!by_inverse())
            return add_singular_value_gradient(
                m,
                [&](std::vector<T> const& s) {
                    std::vector<T> of(s.size());
                    T const top = o.is_least() ? s.back() : s.front(), bottom = o.is_least() ? s.front() : s.back();
                    of[o.is_least() ? s.size() - 1 : 0] += g / bottom;
                    of[o.is_least() ? 0 : s.size() - 1] -= g * top / (bottom * bottom);
                    return of;
                },
                to);
        lu_factors<T> const lu(m);
        if (lu.zero_pivot() >= 0) return;
        matrix_copy<T> inverse(m.rows, m.rows), of_inverse(m.rows, m.rows);
        lu.inverse(inverse.all());
        T const first = norm_of<T>(m, o), second = norm_of<T>(inverse.all(), o);
        add_norm_gradient<T>(m, o, first, g * second, to);
        add_norm_gradient<T>(inverse.all(), o, second, g * first, of_inverse.all());
        auto const turned = view<T const>(inverse.all()).transposed();
        subtract_product(to, product(turned, of_inverse.all()).all(), turned);
    }
};

/// x with two axes moved to the end.
template <std::size_t I, std::size_t J, class A>
constexpr auto with_last_axes(A&& x) {
    constexpr std::size_t rank = shape_t<A>::rank();
    if constexpr (I + 2 == rank && J + 1 == rank) return as_node(std::forward<A>(x));
    else {
        constexpr auto axes = [] {
            std::array<std::ptrdiff_t, rank> all{};
            std::size_t n = 0;
            for (std::size_t a = 0; a != rank; ++a)
                if (a != I && a != J) all[n++] = static_cast<std::ptrdiff_t>(a);
            all[n] = static_cast<std::ptrdiff_t>(I);
            all[n + 1] = static_cast<std::ptrdiff_t>(J);
            return all;
        }();
        return [&]<std::size_t... A_>(std::index_sequence<A_...>) {
            return permute<axes[A_]...>(std::forward<A>(x));
        }(std::make_index_sequence<rank>{});
    }
}
template <std::ptrdiff_t I, std::ptrdiff_t J, class A, class... K>
constexpr auto make_matrix_norm(A&& x, order o, K...) {
    constexpr std::size_t rank = shape_t<A>::rank(), i = axis_of(I, rank), j = axis_of(J, rank);
    auto y = with_last_axes<i, j>(std::forward<A>(x));
    using rule = matrix_norm_rule<false, value_t<A>, shape_t<decltype(y)>>;
    auto norms = tenon::detail::make_array(rule{o}, std::move(y));
    if constexpr (sizeof...(K) == 0) return norms;
    else
        return unsqueeze<static_cast<std::ptrdiff_t>(i < j ? j : i)>(
            unsqueeze<static_cast<std::ptrdiff_t>(i < j ? i : j)>(std::move(norms)));
}
}  // namespace detail

/// √Σx² along Axes, or over all elements; torch.linalg.vector_norm.
template <std::ptrdiff_t... Axes, expression A, keepdim_tag... Keep>
    requires(sizeof...(Keep) <= 1)
constexpr auto vector_norm(A&& x, Keep... keep) {
    return tenon::norm<Axes...>(std::forward<A>(x), keep...);
}
/// (Σ|x|^p)^(1/p) along Axes, or over all elements: `vector_norm<1>(x, 3.)`, with `keepdim` as a third argument; p as `norm` says.
template <std::ptrdiff_t... Axes, expression A, class P, keepdim_tag... Keep>
    requires(std::is_arithmetic_v<P> && sizeof...(Keep) <= 1)
constexpr auto vector_norm(A&& x, P p, Keep... keep) {
    return tenon::norm<Axes...>(std::forward<A>(x), p, keep...);
}

/// √Σa² of each matrix in two axes, the last two where none are named; torch.linalg.matrix_norm.
template <std::ptrdiff_t I = -2, std::ptrdiff_t J = -1, expression A, keepdim_tag... Keep>
    requires(sizeof...(Keep) <= 1)
constexpr auto matrix_norm(A&& x, Keep... keep) {
    return detail::checked<"matrix_norm", false, A>([&] { return tenon::norm<I, J>(std::forward<A>(x), keep...); });
}
/// The norm of an order: `matrix_norm(x, ord::nuc)`. `ord::fro` is √Σa²; `ord::nuc`, 2 and −2 the sum, the greatest and the least of the
/// singular values; 1 and −1 the greatest and the least Σ|a| of a column, ∞ and −∞ of a row. Gradients are shared among equals, as
/// PyTorch's. Rows lie along axis I and columns along J. @throws linalg_error for other orders
template <std::ptrdiff_t I = -2, std::ptrdiff_t J = -1, expression A, keepdim_tag... Keep>
    requires(sizeof...(Keep) <= 1)
constexpr auto matrix_norm(A&& x, order o, Keep... keep) {
    return detail::checked<"matrix_norm", false, A>([&] {
        if constexpr (!tenon::detail::axes_fit<shape_t<A>::rank(), I, J>)
            return tenon::detail::wrong_axes<"matrix_norm", shape_t<A>, I, J>{};
        else return detail::make_matrix_norm<I, J>(std::forward<A>(x), o, keep...);
    });
}

/// √Σx² along Axes, or over all elements; torch.linalg.norm.
template <std::ptrdiff_t... Axes, expression A, keepdim_tag... Keep>
    requires(sizeof...(Keep) <= 1)
constexpr auto norm(A&& x, Keep... keep) {
    return tenon::norm<Axes...>(std::forward<A>(x), keep...);
}
/// The norm of an order: of the vectors along an axis, or of the matrices in two; without axes x is a vector or a matrix:
/// `norm<1>(x, 3)`, `norm<0, 1>(x, ord::nuc)`. Orders are those of `vector_norm` and of `matrix_norm`.
template <std::ptrdiff_t... Axes, expression A, keepdim_tag... Keep>
    requires(sizeof...(Keep) <= 1)
constexpr auto norm(A&& x, order o, Keep... keep) {
    constexpr std::size_t rank = shape_t<A>::rank();
    if constexpr (sizeof...(Axes) == 1 || (sizeof...(Axes) == 0 && rank == 1))
        return tenon::norm<Axes...>(std::forward<A>(x), o.of_vector(), keep...);
    else if constexpr (sizeof...(Axes) == 2 || (sizeof...(Axes) == 0 && rank == 2))
        return linalg::matrix_norm<Axes...>(std::forward<A>(x), o, keep...);
    else return norm_needs_axes<"norm", shape_t<A>, Axes...>{};
}

/// The condition number of each matrix in the last two axes: the greatest singular value over the least, or ‖A‖·‖A⁻¹‖ with norms of the
/// order that is given, ∞ where A is singular; −2 is the least over the greatest. torch.linalg.cond.
template <expression A>
constexpr auto cond(A&& x, order o = 2) {
    return detail::checked<"cond", false, A>([&] {
        return tenon::detail::make_array(detail::matrix_norm_rule<true, value_t<A>, shape_t<A>>{o}, std::forward<A>(x));
    });
}

}  // namespace linalg
}  // namespace tenon::inline TENON_TARGET
