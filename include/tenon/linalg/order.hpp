// The orders of norms, and norms of one matrix. Needs Eigen.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <type_traits>
#include <vector>

#include <tenon/linalg/svd.hpp>

namespace tenon::inline TENON_TARGET::linalg {

/// Orders of matrix norms that aren't numbers: √Σa², and the sum of the singular values.
enum class ord { fro, nuc };

/// The order of a norm: a number, or one of `ord`.
class order {
public:
    constexpr order(ord o) : name_(o) {}
    template <class P>
        requires std::is_arithmetic_v<P>
    constexpr order(P p) : number_(static_cast<double>(p)), is_number_(true) {}

    constexpr bool is(ord o) const { return !is_number_ && name_ == o; }
    constexpr bool is(double p) const { return is_number_ && number_ == p; }
    constexpr bool of_singular_values() const { return is(ord::nuc) || is(2.) || is(-2.); }
    constexpr bool of_columns() const { return is(1.) || is(-1.); }
    constexpr bool of_rows() const { return is_number_ && std::isinf(number_); }
    constexpr bool is_least() const { return is_number_ && number_ < 0; }
    /// As the order of a vector's norm: that of its elements for `ord::fro`. @throws linalg_error for `ord::nuc`
    constexpr double of_vector() const {
        if (is(ord::nuc)) throw linalg_error("norm: vectors have no norm of the order nuc");
        return is_number_ ? number_ : 2.;
    }

private:
    double number_ = 2;
    ord name_ = ord::fro;
    bool is_number_ = false;
};

namespace detail {
TENON_ON_USE
void check_order(char const* operation, order const& o) {
    if (!o.of_singular_values() && !o.of_columns() && !o.of_rows() && !o.is(ord::fro))
        throw linalg_error(
            text_of({operation, ": matrices have norms of the orders fro, nuc, 1, -1, 2, -2 and infinities"}));
}
/// The greatest or the least of values; NaN if there is one.
template <class T>
T extreme_of(std::vector<T> const& values, bool least) {
    if (values.empty()) {
        if (least) throw linalg_error("matrix_norm: no rows or columns, of which the least has no norm");
        return 0;
    }
    T best = values[0];
    for (T const v : values)
        if (v != v || (least ? v < best : v > best)) best = v;
    return best;
}
/// What the greatest's, or the least's, gradient is of each value: equals share it.
template <class T>
std::vector<T> extreme_gradient(std::vector<T> const& values, T best, T g) {
    std::vector<T> of(values.size());
    auto const equals = std::count(values.begin(), values.end(), best);
    for (std::size_t i = 0; i != of.size(); ++i)
        if (values[i] == best) of[i] = g / static_cast<T>(equals);
    return of;
}
/// Σ|a| of each row, or of each column.
template <class T>
std::vector<T> sums_of_magnitudes(view<T const> const& a) {
    std::vector<T> sums(a.rows);
    for (std::size_t i = 0; i != a.rows; ++i)
        for (std::size_t j = 0; j != a.columns; ++j) sums[i] += std::abs(a(i, j));
    return sums;
}
template <class T>
std::vector<T> singular_values_of(view<T const> const& a) {
    if (a.rows == 0 || a.columns == 0) return {};
    // An inverse, which Eigen wouldn't touch.
    if (!all_finite(a)) return std::vector<T>(std::min(a.rows, a.columns), std::numeric_limits<T>::infinity());
    auto const svd = eigen_svd(a, 0);
    auto const s = svd.singularValues().data();
    return std::vector<T>(s, s + std::min(a.rows, a.columns));
}
template <class T>
T norm_of(view<T const> const& a, order const& o) {
    if (o.is(ord::fro)) {
        // By rows: one sum of a million squares has three wrong digits of a float's seven.
        T sum = 0;
        for (std::size_t i = 0; i != a.rows; ++i) {
            T of_row = 0;
            for (std::size_t j = 0; j != a.columns; ++j) of_row += a(i, j) * a(i, j);
            sum += of_row;
        }
        return std::sqrt(sum);
    }
    if (o.is(ord::nuc)) {
        T sum = 0;
        for (T const s : singular_values_of(a)) sum += s;
        return sum;
    }
    if (o.of_singular_values()) return extreme_of(singular_values_of(a), o.is_least());
    return extreme_of(sums_of_magnitudes(o.of_columns() ? a.transposed() : a), o.is_least());
}
/// Ā += U diag(s̄) Vᵀ
template <class T>
void add_singular_value_gradient(view<T const> const& a, auto const& gradient_of, view<T> const& to) {
    if (a.rows == 0 || a.columns == 0 || !all_finite(a)) return;
    auto const svd = eigen_svd(a, thin);
    auto const s = svd.singularValues().data();
    auto const of = gradient_of(std::vector<T>(s, s + std::min(a.rows, a.columns)));
    matrix_copy<T> u(view_of(svd.matrixU()));
    for (std::size_t i = 0; i != a.rows; ++i)
        for (std::size_t j = 0; j != of.size(); ++j) u(i, j) *= of[j];
    add_product(to, u.all(), view_of(svd.matrixV()).transposed());
}
template <class T>
void add_norm_gradient(view<T const> const& a, order const& o, T norm, T g, view<T> const& to) {
    if (o.is(ord::fro)) {
        if (norm != 0) add(to, a, g / norm);
    } else if (o.is(ord::nuc))
        add_singular_value_gradient(a, [&](std::vector<T> const& s) { return std::vector<T>(s.size(), g); }, to);
    else if (o.of_singular_values())
        add_singular_value_gradient(
            a, [&](std::vector<T> const& s) { return extreme_gradient(s, o.is_least() ? s.back() : s.front(), g); },
            to);
    else {
        auto const x = o.of_columns() ? a.transposed() : a;
        auto const of_x = o.of_columns() ? to.transposed() : to;
        auto const of = extreme_gradient(sums_of_magnitudes(x), norm, g);
        for (std::size_t i = 0; i != x.rows; ++i)
            for (std::size_t j = 0; j != x.columns; ++j)
                of_x(i, j) += x(i, j) > 0 ? of[i] : x(i, j) < 0 ? -of[i] : T(0);
    }
}
}  // namespace detail

}  // namespace tenon::inline TENON_TARGET::linalg
