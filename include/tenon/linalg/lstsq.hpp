// Least squares.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include <tenon/expr/let.hpp>
#include <tenon/linalg/reflectors.hpp>
#include <tenon/linalg/solve.hpp>
#include <tenon/linalg/svd.hpp>

namespace tenon::inline TENON_TARGET {
namespace linalg {

/// LAPACK's names for how `lstsq` gets its results: gelsy by a QR factorisation with exchanged columns, gels by one that counts on full
/// rank, gelsd and gelss with singular values too.
enum class driver { gelsy, gels, gelsd, gelss };

struct lstsq_options {
    double rcond =
        -1;  ///< diagonal elements of R below this times the first count as 0; max(m, n) times epsilon where negative
};

namespace detail {
/// The least-squares solution of least length of AX = B, by AP = QR with the longest of the remaining columns first, and where the rank
/// is less than there are columns by a second factorisation, of R's rows. @return the rank
template <class T>
std::size_t solve_least_squares(view<T const> const& a, view<T const> const& b, double rcond, view<T> const& x) {
    std::size_t const m = a.rows, n = a.columns, most = std::min(m, n);
    matrix_copy<T> r(a), c(b);
    std::vector<T> tau(most), sums;
    std::vector<std::size_t> order(n);
    for (std::size_t j = 0; j != n; ++j) order[j] = j;
    double const relative =
        rcond >= 0 ? rcond
                   : static_cast<double>(std::max(m, n)) * static_cast<double>(std::numeric_limits<T>::epsilon());
    std::size_t rank = 0;
    for (std::size_t j = 0; j != most; ++j) {
        std::size_t best = j;
        // In double: squares of floats may leave a float's range.
        double longest = -1;
        for (std::size_t k = j; k != n; ++k) {
            double length = 0;
            for (std::size_t i = j; i != m; ++i) length += static_cast<double>(r(i, k)) * r(i, k);
            if (length > longest) {
                longest = length;
                best = k;
            }
        }
        swap_rows(r.all().transposed(), j, best);
        std::swap(order[j], order[best]);
        auto const column = r.all().block(j, j, m - j, 1);
        tau[j] = make_reflector(column);
        auto const below = column.block(1, 0, m - j - 1, 1);
        if (!(std::abs(r(j, j)) > static_cast<T>(relative) * std::abs(r(0, 0)))) break;
        reflect<T>(below, tau[j], r.all().block(j, j + 1, m - j, n - j - 1), sums);
        reflect<T>(below, tau[j], c.all().block(j, 0, m - j, b.columns), sums);
        ++rank;
    }
    matrix_copy<T> y(n, b.columns);
    auto const top = y.all().block(0, 0, rank, b.columns);
    assign(top, c.all().block(0, 0, rank, b.columns));
    if (rank == n) solve_upper<T>(r.all().block(0, 0, n, n), false, top);
    else if (rank != 0) {
        // Rᵀ = ZS, so R y = c is Sᵀ(Zᵀy) = c.
        matrix_copy<T> turned(n, rank);
        for (std::size_t i = 0; i != rank; ++i)
            for (std::size_t j = i; j != n; ++j) turned(j, i) = r(i, j);
        factor_reflectors(turned.all(), tau.data());
        solve_lower<T>(turned.all().block(0, 0, rank, rank).transposed(), false, top);
        apply_reflectors<T>(turned.all(), tau.data(), rank, y.all(), false);
    }
    for (std::size_t j = 0; j != n; ++j)
        for (std::size_t k = 0; k != b.columns; ++k) x(order[j], k) = y(j, k);
    return rank;
}

template <class T, class S, class R>
struct lstsq_rule {
    using value_type = T;
    using result = with_matrix<R, columns_of<S>, columns_of<R>>;
    using shape_type = typename result::type;
    static constexpr char const *name = "lstsq", *kind = "solver";
    static constexpr bool has_gradient = true;
    double rcond;
    explicit constexpr lstsq_rule(lstsq_options o) : rcond(o.rcond) {}

    constexpr shape_type shape(S const& s, R const& r) const {
        bool same = rows(r) == rows(s);
        for (std::size_t a = 0; a + 2 < S::rank(); ++a) same = same && s[a] == r[a];
        if (!same) throw_shapes(name, to_string(s), to_string(r));
        return result::of(r, {columns(s), columns(r)});
    }
    static constexpr std::size_t operations(S const& s, R const& r) {
        return 4 * s.size() * std::min(rows(s), columns(s)) + 4 * r.size() * columns(s);
    }
    void forward(array_of<T, shape_type> const& y, array_of<T const, S> const& a, array_of<T const, R> const& b) const {
        std::size_t const count = matrices(a.shape);
        for_each_matrix(count, operations(a.shape, b.shape) / count, [&](std::size_t q) {
            if (!all_finite(matrix_at(a, q))) fail(name, q, count, "has elements that aren't finite", -1, "");
            solve_least_squares<T>(matrix_at(a, q), matrix_at(b, q), rcond, matrix_at(y, q));
        });
    }
    /// X = PB with P = A⁺: B̄ += PᵀX̄, and P̄ = X̄Bᵀ goes on into A as `pinv`'s does.
    void backward(array_of<T const, shape_type> const&, array_of<T const, shape_type> const& g,
                  array_of<T const, S> const& a, array_of<T const, R> const& b, array_of<T, S> const& ga,
                  array_of<T, R> const& gb) const {
        std::size_t const m = rows(a.shape), n = columns(a.shape);
        for_each_matrix(matrices(a.shape), 3 * operations(a.shape, b.shape) / matrices(a.shape), [&](std::size_t q) {
            // Of a tall A it is (Aᵀ⁺)ᵀ: m×m numbers would be too many.
            std::size_t const least = std::min(m, n);
            matrix_copy<T> p(n, m), identity(least, least);
            for (std::size_t i = 0; i != least; ++i) identity(i, i) = 1;
            if (m > n)
                solve_least_squares<T>(matrix_at(a, q).transposed(), identity.all(), rcond, p.all().transposed());
            else solve_least_squares<T>(matrix_at(a, q), identity.all(), rcond, p.all());
            if (gb.data) add_product(matrix_at(gb, q), view<T const>(p.all()).transposed(), matrix_at(g, q));
            if (ga.data)
                add_pinv_gradient<T>(matrix_at(a, q), p.all(),
                                     product(matrix_at(g, q), matrix_at(b, q).transposed()).all(), matrix_at(ga, q));
        });
    }
};
/// The rank that `lstsq` finds.
template <class T, class S>
struct lstsq_rank_rule {
    using value_type = std::int64_t;
    using shape_type = typename instead_of_last<S, 2>::type;
    static constexpr char const *name = "lstsq", *kind = "solver";
    double rcond;

    constexpr shape_type shape(S const& s) const { return instead_of_last<S, 2>::of(s); }
    static constexpr std::size_t operations(S const& s) { return 4 * s.size() * std::min(rows(s), columns(s)); }
    void forward(array_of<std::int64_t, shape_type> const& y, array_of<T const, S> const& a) const {
        std::size_t const count = y.shape.size();
        for_each_matrix(count, operations(a.shape) / count, [&](std::size_t q) {
            if (!all_finite(matrix_at(a, q))) fail(name, q, count, "has elements that aren't finite", -1, "");
            matrix_copy<T> nothing(std::max(rows(a.shape), columns(a.shape)), 0);
            auto const rows_of_b = nothing.all();
            y.data[q] = static_cast<std::int64_t>(solve_least_squares<T>(matrix_at(a, q),
                                                                         rows_of_b.block(0, 0, rows(a.shape), 0), rcond,
                                                                         rows_of_b.block(0, 0, columns(a.shape), 0)));
        });
    }
};

/// Whether a matrix has more rows than columns, when the program is compiled.
template <class S>
inline constexpr bool tall = is_dynamic(rows_of<S>) || is_dynamic(columns_of<S>) || rows_of<S> > columns_of<S>;
}  // namespace detail

template <class Solution, class Residuals, class Rank, class Values>
struct lstsq_result {
    Solution solution;       ///< X
    Residuals residuals;     ///< Σ(AX − B)² of each column; no elements where there aren't more rows than columns
    Rank rank;               ///< int64; no elements with gels
    Values singular_values;  ///< A's, with gelsd and gelss; else no elements
};
namespace detail {
/// @tparam Column whether b was a vector
template <driver Driver, bool Column, class A, class B>
constexpr auto make_lstsq(A const& a, B const& b, lstsq_options options) {
    using T = value_t<A>;
    if constexpr (!may_equal(rows_of<shape_t<A>>, rows_of<shape_t<B>>) || !std::is_same_v<T, value_t<B>> ||
                  !broadcast_pair<typename instead_of_last<shape_t<A>, 2>::type,
                                  typename instead_of_last<shape_t<B>, 2>::type>::fits)
        return equation_shapes_do_not_fit<"lstsq", shape_t<A>, shape_t<B>>{};
    else {
        auto const none = [] { return as_node(tensor<T, 0>()); };
        auto const in_batch = in_batch_of<shape_t<A>>(b);
        auto const matrix = in_batch_of<shape_t<decltype(in_batch)>>(a);
        using rule = lstsq_rule<T, shape_t<decltype(matrix)>, shape_t<decltype(in_batch)>>;
        auto const found = let(tenon::detail::make_array(rule(options), matrix, in_batch));
        auto solution = [&] {
            if constexpr (Column) return squeeze<-1>(found);
            else return found;
        }();
        auto residuals = [&] {
            if constexpr (!tall<shape_t<A>>) return none();
            else return sum<-2>(square(matmul(matrix, found) - in_batch));
        }();
        auto rank = [&] {
            if constexpr (Driver == driver::gels) return as_node(tensor<std::int64_t, 0>());
            else return tenon::detail::make_array(lstsq_rank_rule<T, shape_t<A>>{options.rcond}, a);
        }();
        auto values = [&] {
            if constexpr (Driver == driver::gelsd || Driver == driver::gelss) return svdvals(a);
            else return none();
        }();
        return lstsq_result<decltype(solution), decltype(residuals), decltype(rank), decltype(values)>{
            solution, residuals, rank, values};
    }
}
}  // namespace detail

/// X with the least Σ(AX − B)², and of these the one with the least ΣX², for each matrix in the last two axes; batches are broadcast, and
/// a vector b is a column: `auto [solution, residuals, rank, singular_values] = lstsq(a, b)`. `lstsq<driver::gelsd>(a, b)` has singular
/// values too. Gradients pass through solution, residuals and singular values, where the rank doesn't change. Unlike PyTorch's, residuals are
/// there for every driver and rank. 4mn·min(m, n) operations. torch.linalg.lstsq. Compile error `equation_shapes_do_not_fit`, or shape_error
/// @throws linalg_error for elements of A that aren't finite
template <driver Driver = driver::gelsy, expression A, expression B>
constexpr auto lstsq(A&& a, B&& b, lstsq_options options = {}) {
    return detail::checked<"lstsq", false, A>([&] {
        using s = shape_t<A>;
        using r = shape_t<B>;
        if constexpr (detail::is_vector<s, r>)
            return detail::make_lstsq<Driver, true>(as_node(std::forward<A>(a)), unsqueeze<-1>(std::forward<B>(b)),
                                                    options);
        else if constexpr (r::rank() < 2) return equation_shapes_do_not_fit<"lstsq", s, r>{};
        else
            return detail::make_lstsq<Driver, false>(as_node(std::forward<A>(a)), as_node(std::forward<B>(b)), options);
    });
}

}  // namespace linalg
}  // namespace tenon::inline TENON_TARGET
