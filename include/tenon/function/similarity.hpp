// Vectors of length 1, and the cosine between two.
#pragma once

#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <type_traits>
#include <utility>

#include <tenon/expr/reshape.hpp>
#include <tenon/function/norm.hpp>
#include <tenon/function/statistics.hpp>
#include <tenon/op/extremum.hpp>

namespace tenon::inline TENON_TARGET {

/// Options of normalize.
struct normalize_options {
    double p = 2;        ///< the order of the norm
    double eps = 1e-12;  ///< what shorter vectors are divided by
};
/// Options of cosine_similarity.
struct cosine_similarity_options {
    double eps = 1e-8;  ///< the least length that a vector counts with
};

namespace detail {
/// The length of x along an axis of what x and another operand are broadcast to. An element of x that serves several places along
/// it counts in each.
/// @tparam FromEnd the axis, counted from the end
template <std::ptrdiff_t FromEnd, class X, class Other>
constexpr auto length_beside(X const& x, Other const& other, double eps) {
    using own = shape_t<X>;
    using common = broadcast_t<own, shape_t<Other>>;
    constexpr bool same = [] {
        constexpr auto axis = static_cast<std::size_t>(-FromEnd);
        if constexpr (axis > own::rank()) return false;
        else return own::static_extents[own::rank() - axis] == common::static_extents[common::rank() - axis];
    }();
    auto const least = static_cast<value_t<X>>(eps);
    if constexpr (same) return maximum(norm<FromEnd>(x), least);
    else return maximum(norm<FromEnd>(where(true, x, other)), least);
}
}  // namespace detail

/// x / max(‖x‖, eps) with the Euclidean norm along an axis; the slope of a vector of zeros is 1/eps;
/// torch.nn.functional.normalize.
template <std::ptrdiff_t Axis = 1, expression X>
constexpr auto normalize(X&& x) {
    if constexpr (!detail::axes_fit<shape_t<X>::rank(), Axis>)
        return detail::wrong_axes<"normalize", shape_t<X>, Axis>{};
    else {
        auto const whole = detail::reused(std::forward<X>(x));
        return whole /
               maximum(norm<Axis>(whole, keepdim), static_cast<element::real_t<value_t<X>>>(normalize_options{}.eps));
    }
}
/// The same with the norm of order p, which may be ±∞, or with options: `normalize<1>(x, 1)`, `normalize<1>(x, {.p = 1, .eps = 1e-6})`.
template <std::ptrdiff_t Axis = 1, expression X>
constexpr auto normalize(X&& x, normalize_options options) {
    if constexpr (!detail::axes_fit<shape_t<X>::rank(), Axis>)
        return detail::wrong_axes<"normalize", shape_t<X>, Axis>{};
    else {
        auto const whole = detail::reused(std::forward<X>(x));
        auto const least = static_cast<value_t<X>>(options.eps);
        return whole / maximum(norm<Axis>(whole, options.p, keepdim), least);
    }
}
template <std::ptrdiff_t Axis = 1, expression X, class P>
    requires std::is_arithmetic_v<P>
constexpr auto normalize(X&& x, P p, normalize_options options = {}) {
    options.p = static_cast<double>(p);
    return normalize<Axis>(std::forward<X>(x), options);
}

/// Σ a b / (max(‖a‖, eps) · max(‖b‖, eps)) along an axis of what a and b are broadcast to, which is dropped;
/// of numbers without axes along axis 0; torch.nn.functional.cosine_similarity.
template <std::ptrdiff_t Axis = 1, expression A, expression B>
constexpr auto cosine_similarity(A&& a, B&& b, cosine_similarity_options options = {}) {
    using common = broadcast_t<shape_t<A>, shape_t<B>>;
    if constexpr (common::rank() == 0 && (Axis == 0 || Axis == -1))
        return cosine_similarity<0>(reshape<1>(std::forward<A>(a)), reshape<1>(std::forward<B>(b)), options);
    else if constexpr (!detail::axes_fit<common::rank(), Axis>)
        return detail::wrong_axes<"cosine_similarity", common, Axis>{};
    else {
        auto const u = detail::reused(std::forward<A>(a));
        auto const v = detail::reused(std::forward<B>(b));
        constexpr auto from_end =
            static_cast<std::ptrdiff_t>(axis_of(Axis, common::rank())) - static_cast<std::ptrdiff_t>(common::rank());
        return sum<from_end>(u * v) / (detail::length_beside<from_end>(u, v, options.eps) *
                                       detail::length_beside<from_end>(v, u, options.eps));
    }
}

// Calls that are spelled otherwise: core/spelling.hpp. Braces without a name are no options, but axes elsewhere.
template <std::ptrdiff_t... Axis, expression X, class First, class... Rest>
    requires(sizeof...(Rest) != 0 || (!std::same_as<std::remove_cvref_t<First>, normalize_options> &&
                                      !std::is_arithmetic_v<std::remove_cvref_t<First>>))
constexpr auto const& normalize(X&& x, First&&, Rest&&...) {
    static_assert(detail::never<X>, "normalize: the axis is a template argument: normalize<1>(x), normalize<1>(x, p)");
    return x;
}
template <std::ptrdiff_t... Axis, expression X, class N>
constexpr auto const& normalize(X&& x, std::initializer_list<N>) {
    return tenon::normalize(x, nullptr);
}
template <std::ptrdiff_t... Axis, expression A, expression B, class First, class... Rest>
    requires(sizeof...(Rest) != 0 || !std::same_as<std::remove_cvref_t<First>, cosine_similarity_options>)
constexpr auto const& cosine_similarity(A&& a, B&&, First&&, Rest&&...) {
    static_assert(detail::never<A>, "cosine_similarity: the axis is a template argument: cosine_similarity<1>(a, b)");
    return a;
}
template <std::ptrdiff_t... Axis, expression A, expression B, class N>
constexpr auto const& cosine_similarity(A&& a, B&& b, std::initializer_list<N>) {
    return tenon::cosine_similarity(a, b, 0);
}

}  // namespace tenon::inline TENON_TARGET
