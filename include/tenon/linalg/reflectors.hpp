// Products of Householder reflectors H = 1 − τvvᵀ, as LAPACK keeps them: v_i has 1 at place i and its further elements below the
// diagonal of a matrix.
#pragma once

#include <vector>

#include <tenon/linalg/matrix.hpp>

namespace tenon::inline TENON_TARGET::linalg::detail {

/// How many reflectors are applied together: two products of matrices take the place of as many pairs of products with vectors.
inline constexpr std::size_t reflectors_together = 32;

/// C − τvvᵀC for v whose first element is 1 and whose further ones are `below`.
template <class T>
void reflect(view<std::type_identity_t<T> const> const& below, T tau, view<T> const& c, std::vector<T>& sums) {
    if (tau == 0) return;
    sums.assign(c.columns, T(0));
    auto const s = row_major(sums.data(), 1, c.columns);
    subtract_row(s, T(-1), c.block(0, 0, 1, c.columns));
    for (std::size_t i = 1; i != c.rows; ++i) subtract_row(s, -below(i - 1, 0), c.block(i, 0, 1, c.columns));
    subtract_row(c.block(0, 0, 1, c.columns), tau, s);
    for (std::size_t i = 1; i != c.rows; ++i) subtract_row(c.block(i, 0, 1, c.columns), tau * below(i - 1, 0), s);
}
/// The reflector that makes [β, 0, …] of a column, which gets β and v's further elements; all NaN where one of these is. @return τ;
/// LAPACK's larfg
template <class T>
T make_reflector(view<T> const& column) {
    T scale = 0;
    for (std::size_t i = 1; i < column.rows; ++i)
        if (T const x = std::abs(column(i, 0)); x > scale || x != x) scale = x;
    if (scale == 0) return T(0);
    T const first = column(0, 0);
    scale = std::max(scale, std::abs(first));
    T sum = 0;
    for (std::size_t i = 0; i != column.rows; ++i) sum += (column(i, 0) / scale) * (column(i, 0) / scale);
    T const length = scale * std::sqrt(sum), beta = first < 0 ? length : -length;
    for (std::size_t i = 1; i != column.rows; ++i) column(i, 0) /= first - beta;
    column(0, 0) = beta;
    return (beta - first) / beta;
}

/// V and the triangle T with H_first ⋯ H_last−1 = 1 − VTVᵀ; Schreiber and Van Loan (1989), "A storage-efficient WY representation".
template <class T>
struct reflector_block {
    matrix_copy<T> v, t;

    reflector_block(view<T const> const& a, T const* tau, std::size_t first, std::size_t last)
        : v(a.rows - first, last - first), t(last - first, last - first) {
        std::size_t const k = last - first;
        for (std::size_t i = 0; i != a.rows - first; ++i)
            for (std::size_t j = 0; j != k; ++j) v(i, j) = i == j ? T(1) : i > j ? a(first + i, first + j) : T(0);
        auto const dots = product(view<T const>(v.all()).transposed(), v.all());
        for (std::size_t j = 0; j != k; ++j) {
            t(j, j) = tau[first + j];
            for (std::size_t i = 0; i != j; ++i) {
                T sum = 0;
                for (std::size_t q = i; q != j; ++q) sum += t(i, q) * dots.all()(q, j);
                t(i, j) = -t(j, j) * sum;
            }
        }
    }
    /// C in its place becomes (1 − VTVᵀ)C, or that of the transpose.
    void apply(view<T> const& c, bool transposed) {
        auto const to = view<T const>(t.all());
        auto const inner = product(view<T const>(v.all()).transposed(), c);
        subtract_product(c, v.all(), product(transposed ? to.transposed() : to, inner.all()).all());
    }
};

/// QC, or QᵀC, in C's place, for Q = H_0 ⋯ H_{count−1} of reflectors below the diagonal of a.
template <class T>
void apply_reflectors(view<std::type_identity_t<T> const> const& a, T const* tau, std::size_t count, view<T> const& c,
                      bool transposed) {
    std::size_t const blocks = (count + reflectors_together - 1) / reflectors_together;
    for (std::size_t b = 0; b != blocks; ++b) {
        std::size_t const first = (transposed ? b : blocks - 1 - b) * reflectors_together;
        reflector_block<T>(a, tau, first, std::min(first + reflectors_together, count))
            .apply(c.block(first, 0, c.rows - first, c.columns), transposed);
    }
}
/// A = QR in A's place: R on and above the diagonal, the reflectors below it, and their τ; LAPACK's geqrf.
template <class T>
void factor_reflectors(view<T> const& a, T* tau) {
    std::size_t const k = std::min(a.rows, a.columns);
    std::vector<T> sums;
    for (std::size_t first = 0; first < k; first += reflectors_together) {
        std::size_t const last = std::min(first + reflectors_together, k);
        for (std::size_t j = first; j != last; ++j) {
            auto const column = a.block(j, j, a.rows - j, 1);
            tau[j] = make_reflector(column);
            if (j + 1 != last)
                reflect<T>(column.block(1, 0, a.rows - j - 1, 1), tau[j], a.block(j, j + 1, a.rows - j, last - j - 1),
                           sums);
        }
        if (last != a.columns)
            reflector_block<T>(a, tau, first, last).apply(a.block(first, last, a.rows - first, a.columns - last), true);
    }
}

}  // namespace tenon::inline TENON_TARGET::linalg::detail
