// Reductions of the elements that aren't NaN, and pairs of reductions: nansum, nanmean, nanmax, aminmax, std_mean and their like.
#pragma once

#include <cstddef>
#include <limits>
#include <type_traits>
#include <utility>

#include <tenon/function/statistics.hpp>
#include <tenon/op/cast.hpp>
#include <tenon/op/logic.hpp>

namespace tenon::inline TENON_TARGET {

/// Options of nanvar and nanstd.
struct nanvar_options {
    double correction = 0;  ///< the squares are divided by n − correction, for n elements that aren't NaN
};
/// What aminmax gives: `auto [min, max] = tn::aminmax<1>(x)`.
template <class Min, class Max>
struct aminmax_result {
    Min min;
    Max max;
};
/// What var_mean gives: `auto [var, mean] = tn::var_mean<1>(x)`.
template <class Var, class Mean>
struct var_mean_result {
    Var var;
    Mean mean;
};
/// What std_mean gives: `auto [std, mean] = tn::std_mean<1>(x)`.
template <class Std, class Mean>
struct std_mean_result {
    Std std;
    Mean mean;
};

namespace detail {
/// x with a number in the place of each NaN.
template <class A>
constexpr auto nan_as(A&& x, double number) {
    if constexpr (std::is_integral_v<value_t<A>>) return as_node(std::forward<A>(x));
    else {
        auto const h = reused(std::forward<A>(x));
        return where(isnan(h), static_cast<value_t<A>>(number), h);
    }
}
/// How many elements aren't NaN, in x's element type or float.
template <std::ptrdiff_t... Axes, class A, class... K>
constexpr auto count_numbers_along(A const& x, K... keep) {
    return cast<floating_t<value_t<A>>>(sum<Axes...>(!isnan(x), keep...));
}
/// The extreme of the elements that aren't NaN.
template <bool Least, std::ptrdiff_t... Axes, class A, class... K>
constexpr auto nan_extreme(A&& x, K... keep) {
    auto const extreme = [=](auto&& v) {
        if constexpr (Least) return min<Axes...>(std::move(v), keep...);
        else return max<Axes...>(std::move(v), keep...);
    };
    if constexpr (std::is_integral_v<value_t<A>>) return extreme(as_node(std::forward<A>(x)));
    else {
        using T = value_t<A>;
        auto const h = reused(std::forward<A>(x));
        return where(all<Axes...>(isnan(h), keep...), std::numeric_limits<T>::quiet_NaN(),
                     extreme(nan_as(h, Least ? math::infinity<double> : math::minus_infinity<double>)));
    }
}
template <std::ptrdiff_t... Axes, class A, class... K>
constexpr auto make_nanvar(A&& x, nanvar_options o, K... keep) {
    static_assert(!std::is_integral_v<value_t<A>>, "nanvar and nanstd: need floating point elements");
    auto const h = reused(std::forward<A>(x));
    auto const mean = sum<Axes...>(nan_as(h, 0), keepdim) / count_numbers_along<Axes...>(h, keepdim);
    auto const degrees = count_numbers_along<Axes...>(h, keep...) - o.correction;
    // Differences are put to 0 before they are squared: a square's slope at NaN is NaN, and would spoil the gradients of all. What an
    // infinite mean makes NaN stays so.
    return sum<Axes...>(square(where(isnan(h), 0, h - mean)), keep...) / where(degrees > 0, degrees, 0);
}
}  // namespace detail

/// Σ x of the elements that aren't NaN along Axes, or of all; torch.nansum.
template <std::ptrdiff_t... Axes, expression A, keepdim_tag... Keep>
    requires(sizeof...(Keep) <= 1)
constexpr auto nansum(A&& x, Keep... keep) {
    return sum<Axes...>(detail::nan_as(std::forward<A>(x), 0), keep...);
}
/// Π x of the elements that aren't NaN; numpy.nanprod.
template <std::ptrdiff_t... Axes, expression A, keepdim_tag... Keep>
    requires(sizeof...(Keep) <= 1)
constexpr auto nanprod(A&& x, Keep... keep) {
    return prod<Axes...>(detail::nan_as(std::forward<A>(x), 1), keep...);
}
/// The mean of the elements that aren't NaN along Axes, or of all; NaN where there is none; torch.nanmean.
template <std::ptrdiff_t... Axes, expression A, keepdim_tag... Keep>
    requires(sizeof...(Keep) <= 1)
constexpr auto nanmean(A&& x, Keep... keep) {
    static_assert(!std::is_integral_v<value_t<A>>, "nanmean: needs floating point elements");
    if constexpr (detail::axis_of_one<shape_t<A>::rank(), Axes...>) return nanmean(std::forward<A>(x));
    else if constexpr (!detail::axes_fit<shape_t<A>::rank(), Axes...>)
        return detail::wrong_axes<"nanmean", shape_t<A>, Axes...>{};
    else {
        auto const h = detail::reused(std::forward<A>(x));
        return nansum<Axes...>(h, keep...) / detail::count_numbers_along<Axes...>(h, keep...);
    }
}
/// The greatest of the elements that aren't NaN; NaN where there is none; numpy.nanmax.
template <std::ptrdiff_t... Axes, expression A, keepdim_tag... Keep>
    requires(sizeof...(Keep) <= 1)
constexpr auto nanmax(A&& x, Keep... keep) {
    if constexpr (detail::axis_of_one<shape_t<A>::rank(), Axes...>) return nanmax(std::forward<A>(x));
    else if constexpr (!detail::axes_fit<shape_t<A>::rank(), Axes...>)
        return detail::wrong_axes<"nanmax", shape_t<A>, Axes...>{};
    else return detail::nan_extreme<false, Axes...>(std::forward<A>(x), keep...);
}
/// The least of the elements that aren't NaN; NaN where there is none; numpy.nanmin.
template <std::ptrdiff_t... Axes, expression A, keepdim_tag... Keep>
    requires(sizeof...(Keep) <= 1)
constexpr auto nanmin(A&& x, Keep... keep) {
    if constexpr (detail::axis_of_one<shape_t<A>::rank(), Axes...>) return nanmin(std::forward<A>(x));
    else if constexpr (!detail::axes_fit<shape_t<A>::rank(), Axes...>)
        return detail::wrong_axes<"nanmin", shape_t<A>, Axes...>{};
    else return detail::nan_extreme<true, Axes...>(std::forward<A>(x), keep...);
}
/// Σ (x − mean)² / (n − correction) over the n elements that aren't NaN; the correction is 0 unless an option says otherwise, as NumPy
/// has it; numpy.nanvar.
template <std::ptrdiff_t... Axes, expression A>
constexpr auto nanvar(A&& x, nanvar_options options = {}) {
    if constexpr (detail::axis_of_one<shape_t<A>::rank(), Axes...>) return nanvar(std::forward<A>(x), options);
    else if constexpr (!detail::axes_fit<shape_t<A>::rank(), Axes...>)
        return detail::wrong_axes<"nanvar", shape_t<A>, Axes...>{};
    else return detail::make_nanvar<Axes...>(std::forward<A>(x), options);
}
/// The same with axes kept.
template <std::ptrdiff_t... Axes, expression A>
constexpr auto nanvar(A&& x, nanvar_options options, keepdim_t) {
    if constexpr (detail::axis_of_one<shape_t<A>::rank(), Axes...>) return nanvar(std::forward<A>(x), options);
    else if constexpr (!detail::axes_fit<shape_t<A>::rank(), Axes...>)
        return detail::wrong_axes<"nanvar", shape_t<A>, Axes...>{};
    else return detail::make_nanvar<Axes...>(std::forward<A>(x), options, keepdim);
}
template <std::ptrdiff_t... Axes, expression A>
constexpr auto nanvar(A&& x, keepdim_t, nanvar_options options = {}) {
    return nanvar<Axes...>(std::forward<A>(x), options, keepdim);
}
/// √nanvar, with its options; numpy.nanstd.
template <std::ptrdiff_t... Axes, expression A>
constexpr auto nanstd(A&& x, nanvar_options options = {}) {
    return make_map(op::root_of_squares{}, nanvar<Axes...>(std::forward<A>(x), options));
}
template <std::ptrdiff_t... Axes, expression A>
constexpr auto nanstd(A&& x, nanvar_options options, keepdim_t) {
    return make_map(op::root_of_squares{}, nanvar<Axes...>(std::forward<A>(x), options, keepdim));
}
template <std::ptrdiff_t... Axes, expression A>
constexpr auto nanstd(A&& x, keepdim_t, nanvar_options options = {}) {
    return nanstd<Axes...>(std::forward<A>(x), options, keepdim);
}

/// The least and the greatest element along an axis, or of all: `auto [min, max] = tn::aminmax<1>(x)`; torch.aminmax.
template <std::ptrdiff_t... Axes, expression A, keepdim_tag... Keep>
    requires(sizeof...(Keep) <= 1)
constexpr auto aminmax(A&& x, Keep... keep) {
    auto const h = detail::reused(std::forward<A>(x));
    auto least = min<Axes...>(h, keep...);
    auto greatest = max<Axes...>(h, keep...);
    return aminmax_result<decltype(least), decltype(greatest)>{std::move(least), std::move(greatest)};
}

namespace detail {
template <std::ptrdiff_t... Axes, class A, class... K>
constexpr auto make_var_mean(A&& x, var_options o, K... keep) {
    auto const h = reused(std::forward<A>(x));
    auto v = var<Axes...>(h, o, keep...);
    auto m = mean<Axes...>(h, keep...);
    return var_mean_result<decltype(v), decltype(m)>{std::move(v), std::move(m)};
}
template <std::ptrdiff_t... Axes, class A, class... K>
constexpr auto make_std_mean(A&& x, var_options o, K... keep) {
    auto const h = reused(std::forward<A>(x));
    auto s = tenon::std<Axes...>(h, o, keep...);
    auto m = mean<Axes...>(h, keep...);
    return std_mean_result<decltype(s), decltype(m)>{std::move(s), std::move(m)};
}
}  // namespace detail

/// The variance and the mean along Axes, or of all elements: `auto [var, mean] = tn::var_mean<1>(x)`, with var's options and `keepdim`;
/// torch.var_mean.
template <std::ptrdiff_t... Axes, expression A>
constexpr auto var_mean(A&& x, var_options options = {}) {
    return detail::make_var_mean<Axes...>(std::forward<A>(x), options);
}
template <std::ptrdiff_t... Axes, expression A>
constexpr auto var_mean(A&& x, var_options options, keepdim_t) {
    return detail::make_var_mean<Axes...>(std::forward<A>(x), options, keepdim);
}
template <std::ptrdiff_t... Axes, expression A>
constexpr auto var_mean(A&& x, keepdim_t, var_options options = {}) {
    return detail::make_var_mean<Axes...>(std::forward<A>(x), options, keepdim);
}
/// The standard deviation and the mean; torch.std_mean.
template <std::ptrdiff_t... Axes, expression A>
constexpr auto std_mean(A&& x, var_options options = {}) {
    return detail::make_std_mean<Axes...>(std::forward<A>(x), options);
}
template <std::ptrdiff_t... Axes, expression A>
constexpr auto std_mean(A&& x, var_options options, keepdim_t) {
    return detail::make_std_mean<Axes...>(std::forward<A>(x), options, keepdim);
}
template <std::ptrdiff_t... Axes, expression A>
constexpr auto std_mean(A&& x, keepdim_t, var_options options = {}) {
    return detail::make_std_mean<Axes...>(std::forward<A>(x), options, keepdim);
}

}  // namespace tenon::inline TENON_TARGET
