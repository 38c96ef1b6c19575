// cov, corrcoef
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

#include <tenon/expr/matmul.hpp>
#include <tenon/function/differences.hpp>
#include <tenon/function/statistics.hpp>
#include <tenon/op/clamp.hpp>
#include <tenon/op/complex.hpp>
#include <tenon/op/relu.hpp>
#include <tenon/op/sqrt.hpp>

namespace tenon::inline TENON_TARGET {

/// Options of cov.
struct cov_options {
    double correction = 1;  ///< products are divided by n − correction
};

namespace detail {
/// Observations in columns, variables in rows.
template <class A>
constexpr auto as_observations(A&& x) {
    static_assert(shape_t<A>::rank() <= 2, "cov and corrcoef: take a matrix with a row for each variable, or a vector");
    auto y = as_floating(std::forward<A>(x));
    if constexpr (shape_t<A>::rank() == 0) return unsqueeze<0>(unsqueeze<0>(std::move(y)));
    else if constexpr (shape_t<A>::rank() == 1) return unsqueeze<0>(std::move(y));
    else return y;
}
/// The covariance matrix of one variable as its variance.
template <class C>
constexpr auto as_covariance(C&& c) {
    if constexpr (shape_t<C>::static_extents[0] == 1) return select<0>(select<0>(std::forward<C>(c), 0), 0);
    else return std::forward<C>(c);
}
/// Σ w (x − m)(y − m) over the columns, by which the weighted means m are subtracted, over the degrees of freedom.
template <class X, class W, class D>
constexpr auto weighted_covariance(X const& x, W const& w, D const& degrees) {
    auto const far = let(x - sum<1>(x * w, keepdim) / sum(w));
    return as_covariance(matmul(far, transpose(far * w)) / degrees);
}
/// @throws shape_error unless there is a weight for each observation: one for all would be stretched
template <class X, class W>
constexpr void check_weights(X const& all, W const& w) {
    static_assert(shape_t<W>::rank() <= 1, "cov: weights are a vector, one for each observation");
    if (w.shape().size() != all.shape()[1]) throw_shapes("cov", to_string(all.shape()), to_string(w.shape()));
}
}  // namespace detail

/// The covariances of variables, the rows of a matrix, whose observations are its columns: Σ (x − mean x)(y − mean y) / (n − correction).
/// Of a vector, or a matrix whose type says that it has one row, the variance. Weights of observations follow x: integers, how often each
/// was made, or floating point numbers, how much each counts, or both in this order: `tn::cov(x, frequencies, weights)`; then options,
/// `{.correction = 0}`. Of complex numbers the second factor is the conjugate; torch.cov.
template <expression A>
constexpr auto cov(A&& x, cov_options options = {}) {
    auto const all = detail::reused(detail::as_observations(std::forward<A>(x)));
    auto const n = static_cast<double>(all.shape()[1]);
    auto const far = let(all - mean<1>(all, keepdim));
    double const degrees = n > options.correction ? n - options.correction : 0;
    if constexpr (element::is_complex<value_t<decltype(all)>>)
        return detail::as_covariance(matmul(far, transpose(conj(far))) / degrees);
    else return detail::as_covariance(matmul(far, transpose(far)) / degrees);
}
template <expression A, expression W>
constexpr auto cov(A&& x, W&& weights, cov_options options = {}) {
    auto const all = detail::reused(detail::as_observations(std::forward<A>(x)));
    using T = value_t<decltype(all)>;
    detail::check_weights(all, weights);
    auto const w = let(detail::as_elements<T>(std::forward<W>(weights)));
    auto const lost = [&] {
        if constexpr (std::is_integral_v<value_t<W>>) return options.correction;
        else return sum(square(w)) / sum(w) * options.correction;
    }();
    return detail::weighted_covariance(all, w, relu(sum(w) - lost));
}
template <expression A, expression F, expression W>
constexpr auto cov(A&& x, F&& frequencies, W&& weights, cov_options options = {}) {
    auto const all = detail::reused(detail::as_observations(std::forward<A>(x)));
    using T = value_t<decltype(all)>;
    detail::check_weights(all, frequencies);
    detail::check_weights(all, weights);
    auto const each = let(detail::as_elements<T>(std::forward<W>(weights)));
    auto const w = let(each * detail::as_elements<T>(std::forward<F>(frequencies)));
    return detail::weighted_covariance(all, w, relu(sum(w) - sum(w * each) / sum(w) * options.correction));
}
/// The correlation coefficients of variables, the rows of a matrix: cov(x, y) / √(cov(x, x) cov(y, y)), at most 1 and at least −1; of a
/// vector or of one row 1; torch.corrcoef.
template <expression A>
constexpr auto corrcoef(A&& x) {
    auto const c = let(cov(std::forward<A>(x)));
    if constexpr (shape_t<decltype(c)>::rank() == 0) return c / c;
    else {
        auto const deviations = let(sqrt(diagonal(c)));
        return clamp(c / unsqueeze<1>(deviations) / unsqueeze<0>(deviations), -1, 1);
    }
}

}  // namespace tenon::inline TENON_TARGET
