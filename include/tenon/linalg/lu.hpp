// The LU factorisation with row exchanges, as solvers and determinants use it. Needs Eigen.
#pragma once

#include <Eigen/LU>

#include <tenon/linalg/matrix.hpp>

namespace tenon::inline TENON_TARGET::linalg::detail {

/// PA = LU of a square matrix.
template <class T>
class lu_factors {
public:
    explicit lu_factors(view<T const> const& a)
        : lu_(a.rows == 0 ? Eigen::PartialPivLU<eigen_matrix<T>>() : Eigen::PartialPivLU<eigen_matrix<T>>(to_eigen(a))),
          rows_(a.rows) {}

    T pivot(std::size_t i) const { return lu_.matrixLU()(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(i)); }
    /// The first pivot that is zero, or -1.
    std::ptrdiff_t zero_pivot() const {
        for (std::size_t i = 0; i != rows_; ++i)
            if (pivot(i) == 0) return static_cast<std::ptrdiff_t>(i);
        return -1;
    }
    /// The determinant of P: 1 or -1.
    T sign() const { return rows_ == 0 ? T(1) : static_cast<T>(lu_.permutationP().determinant()); }
    T determinant() const {
        T d = sign();
        for (std::size_t i = 0; i != rows_; ++i) d *= pivot(i);
        return d;
    }
    /// How far the matrix is from a singular one, against its norm: about 1/cond₁.
    T rcond() const { return rows_ == 0 ? T(1) : lu_.rcond(); }

    /// X of AX = B, or of AᵀX = B, in B's place.
    void solve(view<T> const& x, bool transposed = false) const {
        if (rows_ == 0) return;
        auto const lu = view_of(lu_.matrixLU());
        auto const& to = lu_.permutationP().indices();
        if (transposed) {
            solve_lower(lu.transposed(), false, x);
            solve_upper(lu.transposed(), true, x);
            matrix_copy<T> const y{view<T const>(x)};
            for (std::size_t i = 0; i != rows_; ++i)
                for (std::size_t j = 0; j != x.columns; ++j)
                    x(i, j) = y.all()(static_cast<std::size_t>(to[static_cast<Eigen::Index>(i)]), j);
        } else {
            matrix_copy<T> const y{view<T const>(x)};
            for (std::size_t i = 0; i != rows_; ++i)
                for (std::size_t j = 0; j != x.columns; ++j)
                    x(static_cast<std::size_t>(to[static_cast<Eigen::Index>(i)]), j) = y.all()(i, j);
            solve_lower(lu, true, x);
            solve_upper(lu, false, x);
        }
    }
    void inverse(view<T> const& to) const {
        for (std::size_t i = 0; i != rows_; ++i)
            for (std::size_t j = 0; j != rows_; ++j) to(i, j) = i == j;
        solve(to);
    }

private:
    Eigen::PartialPivLU<eigen_matrix<T>> lu_;
    std::size_t rows_;
};

/// The factors of matrix number q of a batch. @throws linalg_error where it is singular
template <class T>
lu_factors<T> factored(char const* operation, view<T const> const& a, std::size_t q, std::size_t count) {
    lu_factors<T> lu(a);
    if (auto const pivot = lu.zero_pivot(); pivot >= 0) fail(operation, q, count, "is singular", pivot, "is zero");
    return lu;
}

}  // namespace tenon::inline TENON_TARGET::linalg::detail
