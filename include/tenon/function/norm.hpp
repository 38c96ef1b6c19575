// Norms of any order, and distances.
#pragma once

#include <cmath>
#include <cstddef>
#include <type_traits>
#include <utility>

#include <tenon/function/statistics.hpp>
#include <tenon/op/pow.hpp>
#include <tenon/op/sign.hpp>

namespace tenon::inline TENON_TARGET {

namespace op {
/// What a norm of order p adds up: |x|^p, for p = 0 whether x is not 0, and nothing for infinite p.
struct norm_term : floating {
    static constexpr char const* name = "norm_term";
    template <class V>
    TENON_LANE static V value(V x, V p) {
        if (p[0] == 2) return x * x;
        if (p[0] == 1) return math::abs(x);
        if (p[0] == 0) return math::select(x == 0, V(0), V(1));
        if (p[0] - p[0] != 0) return V(0);
        return math::pow(math::abs(x), p);
    }
    template <std::size_t I, class V>
    TENON_LANE static auto slope(V, V x, V p) {
        if constexpr (I == 1) return slope_zero{};
        else {
            if (p[0] == 2) return 2 * x;
            if (p[0] == 1) return element::sign(x);
            if (p[0] == 0 || p[0] - p[0] != 0) return V(0);
            return math::select(x == 0, V(0), p * element::sign(x) * math::pow(math::abs(x), p - 1));
        }
    }
};
/// What the greatest is taken of for an infinite order: |x| for ∞, −|x| for −∞.
struct norm_magnitude : floating {
    static constexpr char const* name = "norm_magnitude";
    template <class V>
    TENON_LANE static V value(V x, V p) {
        return p[0] < 0 ? -math::abs(x) : math::abs(x);
    }
    template <std::size_t I, class V>
    TENON_LANE static auto slope(V, V x, V p) {
        if constexpr (I == 1) return slope_zero{};
        else return p[0] < 0 ? -element::sign(x) : element::sign(x);
    }
};
/// The norm from the sum of powers and the greatest magnitude. Where it is 0, its slope counts as 0.
struct norm_root : floating {
    static constexpr char const* name = "norm";
    template <class V>
    TENON_LANE static V value(V sum, V greatest, V p) {
        if (p[0] == 2) return math::sqrt(sum);
        if (p[0] == 1 || p[0] == 0) return sum;
        if (p[0] - p[0] != 0) return p[0] < 0 ? -greatest : greatest;
        return math::pow(sum, 1 / p);
    }
    template <std::size_t I, class V>
    TENON_LANE static auto slope(V y, V, V, V p) {
        if constexpr (I == 2) return slope_zero{};
        else if constexpr (I == 1) return p[0] - p[0] == 0 ? V(0) : p[0] < 0 ? V(-1) : V(1);
        else {
            if (p[0] == 1 || p[0] == 0) return V(1);
            if (p[0] - p[0] != 0) return V(0);
            return math::select(y == 0, V(0), math::pow(y, 1 - p) / p);
        }
    }
};
}  // namespace op

namespace detail {
/// An operand, or none of its elements along axes.
/// @tparam Axes positive; none stands for all
template <std::size_t... Axes>
struct all_or_nothing_view : identity_view {
    bool all;
    explicit constexpr all_or_nothing_view(bool a) : all(a) {}
    template <class S>
    static constexpr auto extents() {
        auto e = identity_view::extents<S>();
        for (std::size_t a = 0; a != S::rank(); ++a)
            if (sizeof...(Axes) == 0 || ((a == Axes) || ...)) e[a] = dyn;
        return e;
    }
    template <class S>
    constexpr auto shape(S const& s) const {
        auto e = s.extents();
        for (std::size_t a = 0; a != S::rank(); ++a)
            if (!all && (sizeof...(Axes) == 0 || ((a == Axes) || ...))) e[a] = 0;
        return view_shape<all_or_nothing_view, S>(e);
    }
};
/// @throws shape_error where there is nothing to take a norm of that has no value then
TENON_ON_USE
void check_norm(double p, std::size_t elements, std::size_t results) {
    if (elements == 0 && results != 0 && !(p >= 0 && std::isfinite(p)))
        throw shape_error("norm: no elements, of which this order has no norm");
}
template <std::ptrdiff_t... Axes, class A, class... K>
constexpr auto make_norm(A&& x, double p, K... keep) {
    static_assert(!std::is_integral_v<value_t<A>>, "norm: needs floating point elements");
    if constexpr (element::narrow<value_t<A>>)
        return in_float(std::forward<A>(x),
                        [=](auto&& wide) { return make_norm<Axes...>(std::move(wide), p, keep...); });
    else {
        auto const order = static_cast<value_t<A>>(p);
        auto const h = reused(std::forward<A>(x));
        // Only an infinite order asks for the greatest.
        auto greatest = reduce<op::greatest, Axes...>(
            make_map(op::norm_magnitude{},
                     make_view(all_or_nothing_view<axis_of(Axes, shape_t<A>::rank())...>(std::isinf(p)), h), order),
            keep...);
        auto sums = sum<Axes...>(make_map(op::norm_term{}, h, order), keep...);
        check_norm(p, h.size(), sums.size());
        return make_map(op::norm_root{}, std::move(sums), std::move(greatest), order);
    }
}
}  // namespace detail

/// (Σ|x|^p)^(1/p) along Axes, or over all elements; `keepdim` as a third argument keeps the axes. For p = ∞ the greatest |x|, for −∞ the
/// least, for 0 how many are not 0. Slopes are PyTorch's: 0 where the norm is 0, and shared among equals for infinite p. torch.norm.
/// @throws shape_error for no elements and a p that is negative or infinite
template <std::ptrdiff_t... Axes, expression A, class P, keepdim_tag... Keep>
    requires(std::is_arithmetic_v<P> && sizeof...(Keep) <= 1)
constexpr auto norm(A&& x, P p, Keep... keep) {
    if constexpr (detail::axis_of_one<shape_t<A>::rank(), Axes...>)
        return detail::as_vector(std::forward<A>(x), [=](auto&& v) { return norm<0>(std::move(v), p, keep...); });
    else if constexpr (!detail::axes_fit<shape_t<A>::rank(), Axes...>)
        return detail::wrong_axes<"norm", shape_t<A>, Axes...>{};
    else return detail::make_norm<Axes...>(std::forward<A>(x), static_cast<double>(p), keep...);
}
/// The norm of a − b over all elements, of order p; torch.dist.
template <expression A, expression B>
constexpr auto dist(A&& a, B&& b, double p) {
    return tenon::norm(std::forward<A>(a) - std::forward<B>(b), p);
}
/// √Σ(a − b)².
template <expression A, expression B>
constexpr auto dist(A&& a, B&& b) {
    return tenon::norm(std::forward<A>(a) - std::forward<B>(b));
}

}  // namespace tenon::inline TENON_TARGET
