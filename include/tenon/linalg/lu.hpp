// The LU factorisation with row exchanges: what solvers and determinants use, and lu_factor itself.
#pragma once

#include <vector>

#include <tenon/linalg/matrix.hpp>

namespace tenon::inline TENON_TARGET::linalg::detail {

/// PA = LU in A's place, for a matrix of any extents: L without its diagonal of ones below, U on and above the diagonal. Row i is
/// exchanged with row pivots[i]. Column by column as LAPACK's getf2 where there are few, else in two halves, so that most of the
/// work is products (Toledo, 1997, "Locality of reference in LU decomposition with partial pivoting").
template <class T>
void factor_lu(view<T> const& a, std::size_t* pivots) {
    std::size_t const k = std::min(a.rows, a.columns);
    if (k == 0) return;
    if (k > 16) {
        std::size_t const half = k / 2;
        auto const left = a.block(0, 0, a.rows, half), right = a.block(0, half, a.rows, a.columns - half);
        factor_lu(left, pivots);
        for (std::size_t i = 0; i != half; ++i) swap_rows(right, i, pivots[i]);
        auto const top = right.block(0, 0, half, right.columns);
        solve_lower<T>(left.block(0, 0, half, half), true, top);
        auto const rest = right.block(half, 0, a.rows - half, right.columns);
        subtract_product(rest, left.block(half, 0, a.rows - half, half), top);
        factor_lu(rest, pivots + half);
        for (std::size_t i = half; i != k; ++i) {
            pivots[i] += half;
            swap_rows(left, i, pivots[i]);
        }
        return;
    }
    for (std::size_t j = 0; j != k; ++j) {
        std::size_t best = j;
        for (std::size_t i = j + 1; i != a.rows; ++i)
            if (std::abs(a(i, j)) > std::abs(a(best, j))) best = i;
        pivots[j] = best;
        swap_rows(a, j, best);
        T const pivot = a(j, j);
        if (pivot == 0) continue;
        for (std::size_t i = j + 1; i != a.rows; ++i) {
            T const factor = a(i, j) /= pivot;
            subtract_row(a.block(i, j + 1, 1, a.columns - j - 1), factor, a.block(j, j + 1, 1, a.columns - j - 1));
        }
    }
}

/// X of AX = B, or of AᵀX = B, in B's place, for PA = LU as `factor_lu` leaves it.
template <class T>
void solve_factored(view<std::type_identity_t<T> const> const& lu, std::size_t const* pivots, bool transposed,
                    view<T> const& x) {
    if (transposed) {
        solve_lower(lu.transposed(), false, x);
        solve_upper(lu.transposed(), true, x);
        for (std::size_t i = lu.rows; i-- != 0;) swap_rows(x, i, pivots[i]);
    } else {
        for (std::size_t i = 0; i != lu.rows; ++i) swap_rows(x, i, pivots[i]);
        solve_lower(lu, true, x);
        solve_upper(lu, false, x);
    }
}

/// PA = LU of a square matrix.
template <class T>
class lu_factors {
public:
    explicit lu_factors(view<T const> const& a) : lu_(a), pivots_(a.rows) { factor_lu(lu_.all(), pivots_.data()); }

    std::size_t order() const { return pivots_.size(); }
    T pivot(std::size_t i) const { return lu_.all()(i, i); }
    /// The first pivot that is zero, or -1.
    std::ptrdiff_t zero_pivot() const {
        for (std::size_t i = 0; i != order(); ++i)
            if (pivot(i) == 0) return static_cast<std::ptrdiff_t>(i);
        return -1;
    }
    /// The determinant of P: 1 or -1.
    T sign() const {
        T s = 1;
        for (std::size_t i = 0; i != order(); ++i)
            if (pivots_[i] != i) s = -s;
        return s;
    }
    T determinant() const {
        T d = sign();
        for (std::size_t i = 0; i != order(); ++i) d *= pivot(i);
        return d;
    }
    /// X of AX = B, or of AᵀX = B, in B's place.
    void solve(view<T> const& x, bool transposed = false) const {
        solve_factored<T>(lu_.all(), pivots_.data(), transposed, x);
    }
    void inverse(view<T> const& to) const {
        for (std::size_t i = 0; i != order(); ++i)
            for (std::size_t j = 0; j != order(); ++j) to(i, j) = i == j;
        solve(to);
    }

private:
    matrix_copy<T> lu_;
    std::vector<std::size_t> pivots_;
};

/// The factors of matrix number q of a batch. @throws linalg_error where it is singular
template <class T>
lu_factors<T> factored(char const* operation, view<T const> const& a, std::size_t q, std::size_t count) {
    lu_factors<T> lu(a);
    if (auto const pivot = lu.zero_pivot(); pivot >= 0) fail(operation, q, count, "is singular", pivot, "is zero");
    return lu;
}

}  // namespace tenon::inline TENON_TARGET::linalg::detail
