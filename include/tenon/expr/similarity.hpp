// Vectors of length 1, and the cosine between two.
#pragma once

#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <type_traits>
#include <utility>

#include <tenon/expr/statistics.hpp>
#include <tenon/op/extremum.hpp>

namespace tenon::inline TENON_TARGET {

/// Options of normalize.
struct normalize_options {
    double eps = 1e-12;  ///< what shorter vectors are divided by
};
/// Options of cosine_similarity.
struct cosine_similarity_options {
    double eps = 1e-8;  ///< the least length that a vector counts with
};

/// x / max(‖x‖, eps) with the Euclidean norm along an axis; the slope of a vector of zeros is 1/eps;
/// torch.nn.functional.normalize.
template <std::ptrdiff_t Axis = 1, expression X>
constexpr auto normalize(X&& x, normalize_options options = {}) {
    auto const whole = detail::reused(std::forward<X>(x));
    return whole / maximum(norm<Axis>(whole, keepdim), static_cast<value_t<X>>(options.eps));
}

/// Σ a b / (max(‖a‖, eps) · max(‖b‖, eps)) along an axis, which is dropped; a and b are broadcast;
/// torch.nn.functional.cosine_similarity.
template <std::ptrdiff_t Axis = 1, expression A, expression B>
constexpr auto cosine_similarity(A&& a, B&& b, cosine_similarity_options options = {}) {
    auto const u = detail::reused(std::forward<A>(a));
    auto const v = detail::reused(std::forward<B>(b));
    auto const length = [&](auto const& x) {
        return maximum(norm<Axis>(x), static_cast<value_t<decltype(x)>>(options.eps));
    };
    return sum<Axis>(u * v) / (length(u) * length(v));
}

// Calls that are spelled otherwise: core/spelling.hpp. Braces without a name are no options, but axes elsewhere.
template <std::ptrdiff_t... Axis, expression X, class First, class... Rest>
    requires(sizeof...(Rest) != 0 || !std::same_as<std::remove_cvref_t<First>, normalize_options>)
constexpr auto const& normalize(X&& x, First&&, Rest&&...) {
    static_assert(detail::never<X>, "normalize: is Euclidean, and the axis is a template argument: normalize<1>(x)");
    return x;
}
template <std::ptrdiff_t... Axis, expression X, class N>
constexpr auto const& normalize(X&& x, std::initializer_list<N>) {
    return tenon::normalize(x, 0);
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
