// Small matrices, one of a batch in each lane of a register: a factorisation of eight costs hardly more than one.
#pragma once

#include <algorithm>
#include <cstddef>

#include <tenon/linalg/matrix.hpp>
#include <tenon/scalar/math.hpp>
#include <tenon/scalar/pack.hpp>

namespace tenon::inline TENON_TARGET::linalg::detail {

/// As many matrices as a register has lanes, of up to 16×16. Extents are run-time numbers: the same code serves all small shapes.
template <class T>
class lane_matrices {
public:
    static constexpr std::size_t width = element::native_lanes<T>, most = 16;
    using lane = element::pack<T, width>;

    lane_matrices(std::size_t r, std::size_t c) : rows_(r), columns_(c) {}
    std::size_t rows() const { return rows_; }
    std::size_t columns() const { return columns_; }

    void read(std::size_t l, view<T const> const& a) {
        for (std::size_t i = 0; i != rows_; ++i)
            for (std::size_t j = 0; j != columns_; ++j) at(i, j)[l] = a(i, j);
    }
    void write(std::size_t l, view<T> const& a) const {
        for (std::size_t i = 0; i != rows_; ++i)
            for (std::size_t j = 0; j != columns_; ++j) a(i, j) = at(i, j)[l];
    }
    TENON_INLINE lane get(std::size_t i, std::size_t j) const { return lane::load(at(i, j)); }
    TENON_INLINE void set(std::size_t i, std::size_t j, lane v) { v.store(at(i, j)); }

private:
    TENON_INLINE T* at(std::size_t i, std::size_t j) { return elements_ + (i * columns_ + j) * width; }
    TENON_INLINE T const* at(std::size_t i, std::size_t j) const { return elements_ + (i * columns_ + j) * width; }

    std::size_t rows_, columns_;
    alignas(64) T elements_[most * most * width];
};

/// X of AX = B in B's place, by elimination with row exchanges of each lane's own, in A's place. @return whether no pivot is 0
template <class T>
[[gnu::noinline]] bool solve_in_lanes(lane_matrices<T>& a, lane_matrices<T>& b) {
    using lane = typename lane_matrices<T>::lane;
    std::size_t const n = a.rows();
    for (std::size_t j = 0; j != n; ++j) {
        lane best = math::abs(a.get(j, j)), row(static_cast<T>(j));
        for (std::size_t i = j + 1; i != n; ++i) {
            lane const here = math::abs(a.get(i, j));
            auto const greater = here > best;
            best = math::select(greater, here, best);
            row = math::select(greater, lane(static_cast<T>(i)), row);
        }
        auto const exchange = [&](lane_matrices<T>& m, std::size_t i, std::size_t first, auto chosen) {
            for (std::size_t c = first; c != m.columns(); ++c) {
                lane const upper = m.get(j, c), lower = m.get(i, c);
                m.set(j, c, math::select(chosen, lower, upper));
                m.set(i, c, math::select(chosen, upper, lower));
            }
        };
        for (std::size_t i = j + 1; i != n; ++i)
            if (auto const chosen = row == lane(static_cast<T>(i)); math::any_of(chosen)) {
                exchange(a, i, j, chosen);
                exchange(b, i, 0, chosen);
            }
        lane const pivot = a.get(j, j);
        if (math::any_of(pivot == lane(0))) return false;
        for (std::size_t i = j + 1; i != n; ++i) {
            lane const factor = a.get(i, j) / pivot;
            for (std::size_t c = j + 1; c != n; ++c) a.set(i, c, a.get(i, c) - factor * a.get(j, c));
            for (std::size_t c = 0; c != b.columns(); ++c) b.set(i, c, b.get(i, c) - factor * b.get(j, c));
        }
    }
    for (std::size_t i = n; i-- != 0;)
        for (std::size_t c = 0; c != b.columns(); ++c) {
            lane x = b.get(i, c);
            for (std::size_t k = i + 1; k != n; ++k) x = x - a.get(i, k) * b.get(k, c);
            b.set(i, c, x / a.get(i, i));
        }
    return true;
}
/// L of A = LLᵀ in A's place, with zeros above the diagonal. @return whether every pivot is positive
template <class T>
[[gnu::noinline]] bool factor_cholesky_in_lanes(lane_matrices<T>& a) {
    using lane = typename lane_matrices<T>::lane;
    for (std::size_t j = 0; j != a.rows(); ++j) {
        for (std::size_t i = j; i != a.rows(); ++i) {
            lane x = a.get(i, j);
            for (std::size_t q = 0; q != j; ++q) x = x - a.get(i, q) * a.get(j, q);
            if (i == j) {
                if (!math::all_of(x > lane(0))) return false;
                a.set(i, i, math::sqrt(x));
            } else {
                a.set(i, j, x / a.get(j, j));
                a.set(j, i, lane(0));
            }
        }
    }
    return true;
}

/// Whether matrices of a batch are taken by lanes.
template <class T>
constexpr bool in_lanes(std::size_t count, std::size_t rows, std::size_t columns) {
    return count > 1 && rows <= lane_matrices<T>::most && columns <= lane_matrices<T>::most;
}
/// Calls f(first, matrices) for as many matrices of a batch as there are lanes, the last ones repeated where the batch ends.
/// @param operations of one matrix
template <class T, class F>
void for_each_lanes(std::size_t count, std::size_t operations, F const& f) {
    constexpr std::size_t width = lane_matrices<T>::width;
    for_each_matrix((count + width - 1) / width, operations * width / 4, [&](std::size_t group) {
        std::size_t const first = group * width;
        f([first, count](std::size_t l) { return std::min(first + l, count - 1); }, std::min(width, count - first));
    });
}
/// X of AX = B for all matrices of a batch, by lanes. @param a,b,x give matrix number q @param alone solves for matrix number q where the
/// lanes have met a pivot of 0
template <class T>
void solve_all_in_lanes(std::size_t count, std::size_t n, std::size_t columns, auto const& a, auto const& b,
                        auto const& x, auto const& alone) {
    for_each_lanes<T>(count, n * n * (n + columns), [&](auto const& number, std::size_t used) {
        lane_matrices<T> left(n, n), right(n, columns);
        for (std::size_t l = 0; l != lane_matrices<T>::width; ++l) {
            left.read(l, a(number(l)));
            right.read(l, b(number(l)));
        }
        bool const solved = solve_in_lanes(left, right);
        for (std::size_t l = 0; l != used; ++l) {
            if (solved) right.write(l, x(number(l)));
            else alone(number(l));
        }
    });
}

}  // namespace tenon::inline TENON_TARGET::linalg::detail
