// What functions of linear algebra have in common: matrices in the last two axes, Eigen's views of them, and errors. Needs Eigen.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include <Eigen/Core>

#include <tenon/eval/cpu/array.hpp>
#include <tenon/tenon.hpp>

namespace tenon::inline TENON_TARGET {

/// A function of matrices has an operand of too few axes.
template <operation_name Operation, class Shape>
struct needs_a_matrix;
/// A function of square matrices has an operand whose last two extents differ.
template <operation_name Operation, class Shape>
struct needs_a_square_matrix;
/// Linear algebra computes with float and double.
template <operation_name Operation, class T>
struct needs_float_or_double;

namespace linalg::detail {

template <class S>
inline constexpr std::size_t rows_of = S::static_extents[S::rank() - 2];
template <class S>
inline constexpr std::size_t columns_of = S::static_extents[S::rank() - 1];

/// Whether extents of types may be equal.
constexpr bool may_equal(std::size_t a, std::size_t b) { return a == b || is_dynamic(a) || is_dynamic(b); }
/// The smaller of two extents of types; `dyn` where it isn't known.
constexpr std::size_t smaller(std::size_t a, std::size_t b) {
    return is_dynamic(a) || is_dynamic(b) ? dyn : a < b ? a : b;
}
/// The sum, the product of extents of types.
constexpr std::size_t plus(std::size_t a, std::size_t b) { return is_dynamic(a) || is_dynamic(b) ? dyn : a + b; }
constexpr std::size_t times(std::size_t a, std::size_t b) { return is_dynamic(a) || is_dynamic(b) ? dyn : a * b; }

/// The extents of S without the last Drop, and E behind them.
template <class S, std::size_t Drop, std::size_t... E>
struct instead_of_last {
    static constexpr std::size_t kept = S::rank() - Drop, rank = kept + sizeof...(E);
    static constexpr auto value = [] {
        std::array<std::size_t, rank + 1> all{};
        for (std::size_t a = 0; a != kept; ++a) all[a] = S::static_extents[a];
        std::size_t a = kept;
        ((all[a++] = E), ...);
        return all;
    }();
    using type = shape_from<rank, instead_of_last>;
    /// The shape of an operand of shape s with n for E.
    static constexpr type of(S const& s, std::array<std::size_t, sizeof...(E)> const& n = {}) {
        std::array<std::size_t, rank> all{};
        for (std::size_t a = 0; a != kept; ++a) all[a] = s[a];
        for (std::size_t e = 0; e != sizeof...(E); ++e) all[kept + e] = n[e];
        return type(all);
    }
};
template <class S, std::size_t... E>
using with_matrix = instead_of_last<S, 2, E...>;

/// How many matrices lie in a batch.
template <class S>
constexpr std::size_t matrices(S const& s) {
    std::size_t n = 1;
    for (std::size_t a = 0; a + 2 < S::rank(); ++a) n *= s[a];
    return n;
}
template <class S>
constexpr std::size_t rows(S const& s) {
    return s[S::rank() - 2];
}
template <class S>
constexpr std::size_t columns(S const& s) {
    return s[S::rank() - 1];
}

/// A matrix in memory under any strides, with its extents. What works on these is compiled once for an element type.
template <class T>
struct view {
    T* p;
    std::size_t rows, columns;
    std::ptrdiff_t row_step, column_step;

    T& operator()(std::size_t i, std::size_t j) const {
        return p[static_cast<std::ptrdiff_t>(i) * row_step + static_cast<std::ptrdiff_t>(j) * column_step];
    }
    view transposed() const { return {p, columns, rows, column_step, row_step}; }
    view block(std::size_t i, std::size_t j, std::size_t r, std::size_t c) const {
        return {p + static_cast<std::ptrdiff_t>(i) * row_step + static_cast<std::ptrdiff_t>(j) * column_step, r, c,
                row_step, column_step};
    }
    eval::matrix<T> strided() const { return {p, row_step, column_step}; }
    operator view<T const>() const
        requires(!std::is_const_v<T>)
    {
        return {p, rows, columns, row_step, column_step};
    }
};
template <class T>
view<T> row_major(T* p, std::size_t r, std::size_t c) {
    return {p, r, c, static_cast<std::ptrdiff_t>(c), 1};
}
/// Matrix number q of an array.
template <class T, class S>
view<T> matrix_at(array_of<T, S> const& a, std::size_t q) {
    auto const r = rows(a.shape), c = columns(a.shape);
    return row_major(a.data + q * r * c, r, c);
}

/// A row-major matrix of its own.
template <class T>
class matrix_copy {
public:
    matrix_copy(std::size_t r, std::size_t c) : elements_(r * c), rows_(r), columns_(c) {}
    explicit matrix_copy(view<T const> const& a) : matrix_copy(a.rows, a.columns) {
        for (std::size_t i = 0; i != a.rows; ++i)
            for (std::size_t j = 0; j != a.columns; ++j) elements_[i * columns_ + j] = a(i, j);
    }
    view<T> all() { return row_major(elements_.data(), rows_, columns_); }
    view<T const> all() const { return row_major(elements_.data(), rows_, columns_); }
    T& operator()(std::size_t i, std::size_t j) { return elements_[i * columns_ + j]; }

private:
    std::vector<T> elements_;
    std::size_t rows_, columns_;
};

template <class T>
void swap_rows(view<T> const& a, std::size_t i, std::size_t j) {
    if (i == j) return;
    for (std::size_t c = 0; c != a.columns; ++c) std::swap(a(i, c), a(j, c));
}
/// C = factor·A.
template <class T>
void assign(view<T> const& c, view<std::type_identity_t<T> const> const& a, T factor = 1) {
    for (std::size_t i = 0; i != c.rows; ++i)
        for (std::size_t j = 0; j != c.columns; ++j) c(i, j) = factor * a(i, j);
}
/// C += factor·A.
template <class T>
void add(view<T> const& c, view<std::type_identity_t<T> const> const& a, T factor = 1) {
    for (std::size_t i = 0; i != c.rows; ++i)
        for (std::size_t j = 0; j != c.columns; ++j) c(i, j) += factor * a(i, j);
}
/// C += A·B.
template <class T>
void add_product(view<T> const& c, view<std::type_identity_t<T> const> const& a,
                 view<std::type_identity_t<T> const> const& b) {
    if (a.columns != 0) eval::gemm_large<T>(c.rows, c.columns, a.columns, a.strided(), b.strided(), c.strided(), true);
}
/// A·B.
template <class T>
matrix_copy<std::remove_const_t<T>> product(view<T> const& a, view<std::remove_const_t<T> const> const& b) {
    matrix_copy<std::remove_const_t<T>> c(a.rows, b.columns);
    add_product(c.all(), a, b);
    return c;
}
/// C −= A·B.
template <class T>
void subtract_product(view<T> const& c, view<std::type_identity_t<T> const> const& a,
                      view<std::type_identity_t<T> const> const& b) {
    if (a.rows == 0 || a.columns == 0) return;
    matrix_copy<T> negative(a.rows, a.columns);
    assign(negative.all(), a, T(-1));
    add_product(c, negative.all(), b);
}
/// y −= factor·x for two rows. Contiguous ones, whose loop the compiler turns into one over lanes, for themselves.
template <class T>
void subtract_row(view<T> const& y, T factor, view<std::type_identity_t<T> const> const& x) {
    if (y.column_step == 1 && x.column_step == 1)
        for (std::size_t j = 0; j != y.columns; ++j) y.p[j] -= factor * x.p[j];
    else
        for (std::size_t j = 0; j != y.columns; ++j) y(0, j) -= factor * x(0, j);
}
/// X of LX = B in B's place, for a lower triangular L, whose diagonal counts as ones where `unit`. What lies above isn't read. Blocks of
/// 32 rows: the rest of the work is products. By strides it serves transposes and both sides, for each of which Eigen would
/// compile a kernel.
template <class T>
void solve_lower(view<std::type_identity_t<T> const> const& l, bool unit, view<T> const& x) {
    constexpr std::size_t block = 32;
    if (x.column_step != 1 && x.columns > 1) {
        matrix_copy<T> rows_together{view<T const>(x)};
        solve_lower<T>(l, unit, rows_together.all());
        return assign(x, rows_together.all());
    }
    for (std::size_t first = 0; first < l.rows; first += block) {
        std::size_t const last = std::min(first + block, l.rows);
        for (std::size_t i = first; i != last; ++i) {
            auto const row = x.block(i, 0, 1, x.columns);
            for (std::size_t q = first; q != i; ++q) subtract_row(row, l(i, q), x.block(q, 0, 1, x.columns));
            if (!unit)
                for (std::size_t j = 0; j != x.columns; ++j) x(i, j) /= l(i, i);
        }
        if (last == l.rows) return;
        subtract_product(x.block(last, 0, l.rows - last, x.columns), l.block(last, first, l.rows - last, last - first),
                         x.block(first, 0, last - first, x.columns));
    }
}
/// The same for an upper triangular U.
template <class T>
void solve_upper(view<std::type_identity_t<T> const> const& u, bool unit, view<T> const& x) {
    constexpr std::size_t block = 32;
    if (x.column_step != 1 && x.columns > 1) {
        matrix_copy<T> rows_together{view<T const>(x)};
        solve_upper<T>(u, unit, rows_together.all());
        return assign(x, rows_together.all());
    }
    for (std::size_t last = u.rows; last != 0;) {
        std::size_t const first = last > block ? last - block : 0;
        for (std::size_t i = last; i-- != first;) {
            auto const row = x.block(i, 0, 1, x.columns);
            for (std::size_t q = i + 1; q != last; ++q) subtract_row(row, u(i, q), x.block(q, 0, 1, x.columns));
            if (!unit)
                for (std::size_t j = 0; j != x.columns; ++j) x(i, j) /= u(i, i);
        }
        subtract_product(x.block(0, 0, first, x.columns), u.block(0, first, first, last - first),
                         x.block(first, 0, last - first, x.columns));
        last = first;
    }
}

/// Eigen's matrices: factorisations are computed with these.
template <class T>
using eigen_matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic>;
template <class T>
eigen_matrix<std::remove_const_t<T>> to_eigen(view<T> const& a) {
    eigen_matrix<std::remove_const_t<T>> m(static_cast<Eigen::Index>(a.rows), static_cast<Eigen::Index>(a.columns));
    for (std::size_t i = 0; i != a.rows; ++i)
        for (std::size_t j = 0; j != a.columns; ++j)
            m(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j)) = a(i, j);
    return m;
}
/// An Eigen matrix, whose columns are contiguous.
template <class M>
auto view_of(M const& m) {
    return view<typename M::Scalar const>{m.data(), static_cast<std::size_t>(m.rows()),
                                          static_cast<std::size_t>(m.cols()), 1, static_cast<std::ptrdiff_t>(m.rows())};
}
template <class T>
bool all_finite(view<T> const& a) {
    for (std::size_t i = 0; i != a.rows; ++i)
        for (std::size_t j = 0; j != a.columns; ++j)
            if (!std::isfinite(a(i, j))) return false;
    return true;
}

/// Calls f(q) for each matrix of a batch, on several threads where their operations are worth it.
template <class F>
void for_each_matrix(std::size_t count, std::size_t operations, F const& f) {
    for_each_part(count, 1, count * operations / 500'000, [&](std::size_t first, std::size_t last) {
        for (std::size_t q = first; q != last; ++q) f(q);
    });
}

/// "cholesky: matrix 3 of the batch isn't positive definite: pivot 2 isn't positive"
TENON_ON_USE
[[noreturn, gnu::noinline, gnu::cold]] void fail(char const* operation, std::size_t q, std::size_t count,
                                                 char const* what, std::ptrdiff_t pivot, char const* of_pivot) {
    std::string text = text_of({operation, ": "});
    if (count == 1) append_text(text, {"the matrix ", what});
    else append_text(text, {"matrix ", q, " of the batch ", what});
    if (pivot >= 0) append_text(text, {": pivot ", pivot, " ", of_pivot});
    throw linalg_error(text);
}

TENON_ON_USE
[[noreturn, gnu::noinline, gnu::cold]] void refuse_shape(char const* operation, std::string const& s) {
    throw shape_error(text_of({operation, ": needs square matrices, and has ", s}));
}
template <class S>
constexpr void check_square(char const* operation, S const& s) {
    if constexpr (rows_of<S> != columns_of<S> || is_dynamic(rows_of<S>))
        if (rows(s) != columns(s)) refuse_shape(operation, to_string(s));
}

/// What a function refuses about its operand: a compile error in the place of a result, or nothing.
template <operation_name Operation, bool Square, class A>
constexpr auto refused() {
    using s = shape_t<A>;
    using t = value_t<A>;
    if constexpr (!std::is_same_v<t, float> && !std::is_same_v<t, double>)
        return std::type_identity<needs_float_or_double<Operation, t>>{};
    else if constexpr (s::rank() < 2) return std::type_identity<needs_a_matrix<Operation, s>>{};
    else if constexpr (Square && !may_equal(rows_of<s>, columns_of<s>))
        return std::type_identity<needs_a_square_matrix<Operation, s>>{};
    else return std::type_identity<void>{};
}
/// Calls f, or names what the function refuses.
template <operation_name Operation, bool Square, class A, class F>
constexpr auto checked(F const& f) {
    using refusal = typename decltype(refused<Operation, Square, A>())::type;
    if constexpr (std::is_void_v<refusal>) return f();
    else return refusal{};
}

}  // namespace linalg::detail
}  // namespace tenon::inline TENON_TARGET
