// What is known about many numbers from few: var, std, logsumexp, norm.
#pragma once

#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <type_traits>
#include <utility>

#include <tenon/expr/let.hpp>
#include <tenon/expr/reduce.hpp>
#include <tenon/op/classify.hpp>
#include <tenon/op/complex.hpp>
#include <tenon/op/detach.hpp>
#include <tenon/op/exp.hpp>
#include <tenon/op/log.hpp>
#include <tenon/op/square.hpp>
#include <tenon/op/where.hpp>

namespace tenon::inline TENON_TARGET {

/// Options of var and std.
struct var_options {
    double correction = 1;  ///< the squares are divided by n − correction
};

namespace op {
/// √x of a sum of squares: where it is 0, its slope counts as 0.
struct root_of_squares : floating {
    static constexpr char const* name = "sqrt";
    template <class V>
    TENON_LANE static auto value(V x) {
        return math::sqrt(x);
    }
    template <std::size_t, class V>
    TENON_LANE static auto slope(V y, V) {
        return math::select(y == 0, V(0), 1 / (2 * y));
    }
};
}  // namespace op

namespace detail {
/// What var and std take beside their operand.
template <class X>
concept told_to_var = keepdim_tag<X> || std::same_as<std::remove_cvref_t<X>, var_options>;

/// The first elements along axes, which stay as axes of extent 1. Nothing is read where there is none.
/// @tparam Axes positive
template <std::size_t... Axes>
struct first_view : identity_view {
    template <class S>
    static constexpr auto extents() {
        auto e = identity_view::extents<S>();
        for (std::size_t a = 0; a != S::rank(); ++a)
            if (sizeof...(Axes) == 0 || ((a == Axes) || ...)) e[a] = 1;
        return e;
    }
    template <class S>
    static constexpr auto shape(S const& s) {
        return shape_by_source<first_view>(s);
    }
};

/// x², of complex numbers |x|².
template <class A>
constexpr auto squared_length(A&& x) {
    if constexpr (element::is_complex<value_t<A>>) return square(abs(std::forward<A>(x)));
    else return square(std::forward<A>(x));
}

/// Everything is measured from the first element, so that elements far from 0 lose nothing: their mean's rounding would be large
/// beside their differences.
template <std::ptrdiff_t... Axes, class A, class... K>
constexpr auto make_var(A&& x, var_options o, K... keep) {
    static_assert(!std::is_integral_v<value_t<A>>,
                  "var and std: integers have no variance of their own type; cast them to a "
                  "floating point type");
    auto const n = static_cast<double>(reduced_count<Axes...>(x));
    double const degrees = n > o.correction ? n - o.correction : 0;
    auto h = reused(std::forward<A>(x));
    auto first = make_view(first_view<axis_of(Axes, shape_t<A>::rank())...>{}, h);
    auto far = std::move(h) - detach(std::move(first));
    auto m = mean<Axes...>(far, keepdim);
    return sum<Axes...>(squared_length(std::move(far) - std::move(m)), keep...) / degrees;
}
/// Drops the axes below Rank that a reduction along Axes with keepdim has left.
/// @tparam S the shape before the reduction
template <class S, std::size_t Rank, std::ptrdiff_t... Axes, class A>
constexpr auto without_reduced(A&& x) {
    if constexpr (Rank == 0) return as_node(std::forward<A>(x));
    else if constexpr (sizeof...(Axes) == 0 || ((axis_of(Axes, S::rank()) == Rank - 1) || ...))
        return without_reduced<S, Rank - 1, Axes...>(
            squeeze<static_cast<std::ptrdiff_t>(Rank - 1)>(std::forward<A>(x)));
    else return without_reduced<S, Rank - 1, Axes...>(std::forward<A>(x));
}

template <std::ptrdiff_t... Axes, class A, class... K>
constexpr auto make_logsumexp(A&& x, K... keep) {
    auto h = [&] {
        if constexpr (std::is_integral_v<value_t<A>>) return cast<float>(std::forward<A>(x));
        else return reused(std::forward<A>(x));
    }();
    // A finite number near the greatest element, which is a constant: the result does not depend on it.
    auto greatest = let(detach(reduce<op::greatest, Axes...>(h, keepdim)));
    auto near = let(where(isfinite(greatest), greatest, 0));
    auto sums = log(sum<Axes...>(exp(std::move(h) - near), keep...));
    if constexpr (sizeof...(K) != 0) return std::move(sums) + std::move(near);
    else return std::move(sums) + without_reduced<shape_t<A>, shape_t<A>::rank(), Axes...>(std::move(near));
}
}  // namespace detail

/// Σ (x − mean)² / (n − correction) along Axes, or over all elements; the correction is 1 unless an option says otherwise:
/// `var<1>(x, {.correction = 0})`. NaN where n − correction ≤ 0 and all differences are 0; torch.var.
template <std::ptrdiff_t... Axes, expression A>
constexpr auto var(A&& x, var_options options = {}) {
    if constexpr (detail::axis_of_one<shape_t<A>::rank(), Axes...>)
        return detail::as_vector(std::forward<A>(x), [=](auto&& v) { return var<0>(std::move(v), options); });
    else if constexpr (!detail::axes_fit<shape_t<A>::rank(), Axes...>)
        return detail::wrong_axes<"var", shape_t<A>, Axes...>{};
    else return detail::make_var<Axes...>(std::forward<A>(x), options);
}
/// The same with axes kept: `var<1>(x, keepdim)`, `var<1>(x, keepdim, {.correction = 0})`.
template <std::ptrdiff_t... Axes, expression A>
constexpr auto var(A&& x, keepdim_t, var_options options = {}) {
    if constexpr (detail::axis_of_one<shape_t<A>::rank(), Axes...>)
        return detail::as_vector(std::forward<A>(x), [=](auto&& v) { return var<0>(std::move(v), keepdim, options); });
    else if constexpr (!detail::axes_fit<shape_t<A>::rank(), Axes...>)
        return detail::wrong_axes<"var", shape_t<A>, Axes...>{};
    else return detail::make_var<Axes...>(std::forward<A>(x), options, keepdim);
}
template <std::ptrdiff_t... Axes, expression A>
constexpr auto var(A&& x, var_options options, keepdim_t) {
    if constexpr (detail::axis_of_one<shape_t<A>::rank(), Axes...>)
        return detail::as_vector(std::forward<A>(x), [=](auto&& v) { return var<0>(std::move(v), keepdim, options); });
    else if constexpr (!detail::axes_fit<shape_t<A>::rank(), Axes...>)
        return detail::wrong_axes<"var", shape_t<A>, Axes...>{};
    else return detail::make_var<Axes...>(std::forward<A>(x), options, keepdim);
}

// Calls that are spelled otherwise: core/spelling.hpp. Braces without a name are no options, but axes elsewhere.
template <std::ptrdiff_t... Axes, expression A, class First, class... Rest>
    requires(!detail::told_to_var<First> || !(detail::told_to_var<Rest> && ...))
constexpr auto const& var(A&& x, First&&, Rest&&...) {
    static_assert(detail::never<A>,
                  "var: write var<0>(m) for an axis, var<0>(m, tn::keepdim) to keep it; {.correction = 0}");
    return x;
}
template <std::ptrdiff_t... Axes, expression A, class N, class... Given>
constexpr auto const& var(A&& x, std::initializer_list<N>, Given const&...) {
    return tenon::var(x, 0);
}

/// √var, with var's options; its slope is 0 where all elements are equal; torch.std.
template <std::ptrdiff_t... Axes, expression A>
constexpr auto std(A&& x, var_options options = {}) {
    if constexpr (detail::axis_of_one<shape_t<A>::rank(), Axes...>)
        return detail::as_vector(std::forward<A>(x), [=](auto&& v) { return std<0>(std::move(v), options); });
    else if constexpr (!detail::axes_fit<shape_t<A>::rank(), Axes...>)
        return detail::wrong_axes<"std", shape_t<A>, Axes...>{};
    else return make_map(op::root_of_squares{}, var<Axes...>(std::forward<A>(x), options));
}
/// The same with axes kept.
template <std::ptrdiff_t... Axes, expression A>
constexpr auto std(A&& x, keepdim_t, var_options options = {}) {
    if constexpr (detail::axis_of_one<shape_t<A>::rank(), Axes...>)
        return detail::as_vector(std::forward<A>(x), [=](auto&& v) { return std<0>(std::move(v), keepdim, options); });
    else if constexpr (!detail::axes_fit<shape_t<A>::rank(), Axes...>)
        return detail::wrong_axes<"std", shape_t<A>, Axes...>{};
    else return make_map(op::root_of_squares{}, var<Axes...>(std::forward<A>(x), keepdim, options));
}
template <std::ptrdiff_t... Axes, expression A>
constexpr auto std(A&& x, var_options options, keepdim_t) {
    if constexpr (detail::axis_of_one<shape_t<A>::rank(), Axes...>)
        return detail::as_vector(std::forward<A>(x), [=](auto&& v) { return std<0>(std::move(v), keepdim, options); });
    else if constexpr (!detail::axes_fit<shape_t<A>::rank(), Axes...>)
        return detail::wrong_axes<"std", shape_t<A>, Axes...>{};
    else return make_map(op::root_of_squares{}, var<Axes...>(std::forward<A>(x), keepdim, options));
}

// Calls that are spelled otherwise: core/spelling.hpp. Braces without a name are no options, but axes elsewhere.
template <std::ptrdiff_t... Axes, expression A, class First, class... Rest>
    requires(!detail::told_to_var<First> || !(detail::told_to_var<Rest> && ...))
constexpr auto const& std(A&& x, First&&, Rest&&...) {
    static_assert(detail::never<A>,
                  "std: write std<0>(m) for an axis, std<0>(m, tn::keepdim) to keep it; {.correction = 0}");
    return x;
}
template <std::ptrdiff_t... Axes, expression A, class N, class... Given>
constexpr auto const& std(A&& x, std::initializer_list<N>, Given const&...) {
    return tenon::std(x, 0);
}

/// log Σ exp(x) along Axes, or over all elements, without overflow; `keepdim` as a second argument keeps the axes. ∞ where
/// one element is ∞, −∞ where all are −∞ or there is none; torch.logsumexp.
template <std::ptrdiff_t... Axes, expression A, keepdim_tag... Keep>
    requires(sizeof...(Keep) <= 1)
constexpr auto logsumexp(A&& x, Keep... keep) {
    if constexpr (detail::axis_of_one<shape_t<A>::rank(), Axes...>)
        return detail::as_vector(std::forward<A>(x), [=](auto&& v) { return logsumexp<0>(std::move(v), keep...); });
    else if constexpr (!detail::axes_fit<shape_t<A>::rank(), Axes...>)
        return detail::wrong_axes<"logsumexp", shape_t<A>, Axes...>{};
    else return detail::make_logsumexp<Axes...>(std::forward<A>(x), keep...);
}

/// √Σx² along Axes, or over all elements; its slope is 0 where all elements are 0; torch.linalg.vector_norm.
template <std::ptrdiff_t... Axes, expression A, keepdim_tag... Keep>
    requires(sizeof...(Keep) <= 1)
constexpr auto norm(A&& x, Keep... keep) {
    static_assert(!std::is_integral_v<value_t<A>>, "norm: needs floating point elements");
    if constexpr (detail::axis_of_one<shape_t<A>::rank(), Axes...>)
        return detail::as_vector(std::forward<A>(x), [=](auto&& v) { return norm<0>(std::move(v), keep...); });
    else if constexpr (!detail::axes_fit<shape_t<A>::rank(), Axes...>)
        return detail::wrong_axes<"norm", shape_t<A>, Axes...>{};
    else return make_map(op::root_of_squares{}, sum<Axes...>(detail::squared_length(std::forward<A>(x)), keep...));
}

}  // namespace tenon::inline TENON_TARGET
