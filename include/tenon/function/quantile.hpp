// quantile, nanquantile
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include <tenon/expr/topk.hpp>
#include <tenon/function/nan_statistics.hpp>
#include <tenon/op/extremum.hpp>
#include <tenon/op/lerp.hpp>
#include <tenon/op/round.hpp>

namespace tenon::inline TENON_TARGET {

/// What a quantile is that lies between two elements: the lower, the higher or the nearer one (of equally near ones that of even rank),
/// their mean, or what is as far on the way from one to the other as the quantile.
enum class quantile_interpolation { linear, lower, higher, midpoint, nearest };
/// Options of quantile and nanquantile.
struct quantile_options {
    quantile_interpolation interpolation = quantile_interpolation::linear;
};

namespace op {
/// What part of a quantile's place between two ranks is asked for.
enum class quantile_part { lower_rank, upper_rank, weight };
/// A rank is a whole number, and has no slope; the weight has one.
template <quantile_part Part>
struct quantile_slope : floating {
    using no_slope = void;
};
template <>
struct quantile_slope<quantile_part::weight> : floating {};
/// The ranks between which a quantile lies, and how far it is on the way from the lower one to the upper.
template <quantile_part Part>
struct quantile_place : quantile_slope<Part> {
    static constexpr char const* name = "quantile";
    quantile_interpolation how;
    template <class V>
    TENON_LANE V value(V rank) const {
        using enum quantile_interpolation;
        V const below = math::floor(rank), above = math::ceil(rank);
        if constexpr (Part == quantile_part::weight)
            return how == linear ? rank - below : how == midpoint ? math::select(below == above, V(0), V(0.5)) : V(0);
        else if (how == lower) return below;
        else if (how == higher) return above;
        else if (how == nearest) return math::round(rank);
        else return Part == quantile_part::lower_rank ? below : above;
    }
    template <std::size_t, class V>
    TENON_LANE V slope(V, V) const {
        return V(how == quantile_interpolation::linear ? 1 : 0);
    }
};
/// lerp, which looks at one number alone where the weight is 0: the other may be infinite.
struct quantile_between : lerp {
    template <class V>
    TENON_LANE static V value(V a, V b, V weight) {
        return math::select(weight == V(0), a, lerp::value(a, b, weight));
    }
    template <std::size_t I, class V>
    TENON_LANE static V slope(V y, V a, V b, V weight) {
        return lerp::slope<I>(y, a, b, weight);
    }
};
}  // namespace op

namespace detail {
TENON_ON_USE
[[noreturn, gnu::noinline, gnu::cold]] void throw_quantile(double q) {
    throw std::invalid_argument(text_of({"quantile: ", q, " isn't from 0 to 1"}));
}
TENON_ON_USE
[[noreturn, gnu::noinline, gnu::cold]] void throw_too_many_ranks(std::size_t n) {
    throw shape_error(
        text_of({"quantile: ", n, " floats are more than 2^24, up to which floats tell ranks apart; cast to double"}));
}
/// q as a computation of elements T that counts along an axis, with axes of extent 1 behind it.
template <class T, std::size_t Behind, class Q>
constexpr auto quantiles_along(Q&& q) {
    if constexpr (!expression<Q>) {
        if (!(q >= 0 && q <= 1)) throw_quantile(static_cast<double>(q));
        return scalar<T>(static_cast<T>(q));
    } else if constexpr (shape_t<Q>::rank() == 0) return as_elements<T>(std::forward<Q>(q));
    else return with_axes_behind<Behind>(as_elements<T>(std::forward<Q>(q)));
}
template <bool SkipsNan, std::ptrdiff_t Axis, class A, class Q, class... Keep>
constexpr auto quantile_along(A&& x, Q&& q, quantile_options o, Keep...) {
    using T = value_t<A>;
    using s = shape_t<A>;
    constexpr std::size_t axis = axis_of(Axis, s::rank());
    constexpr bool several = [] {
        if constexpr (expression<Q>) return shape_t<Q>::rank() == 1;
        else return false;
    }();
    std::size_t const n = x.shape()[axis];
    if (n == 0) throw_nothing_to_rank("quantile", to_string(x.shape()));
    if constexpr (std::is_same_v<sorted_t<T>, float>)
        if (n > std::size_t{1} << 24) throw_too_many_ranks(n);
    auto const h = reused(std::forward<A>(x));
    auto const at = quantiles_along<T, s::rank() - 1 - axis>(std::forward<Q>(q));
    auto const rank = let([&] {
        // NaN is last in the order: what has one is NaN itself.
        if constexpr (SkipsNan) return maximum(at * (count_numbers_along<Axis>(h, keepdim) - T(1)), T(0));
        else return where(any<Axis>(isnan(h), keepdim), static_cast<T>(n - 1), at * static_cast<T>(n - 1));
    }());
    auto const sorted = let(make_order<sort_rule, Axis>(h, false));
    using enum op::quantile_part;
    auto const value_at = [&](auto place) { return gather<Axis>(sorted, cast<std::int64_t>(make_map(place, rank))); };
    auto between = make_map(op::quantile_between{}, value_at(op::quantile_place<lower_rank>{{}, o.interpolation}),
                            value_at(op::quantile_place<upper_rank>{{}, o.interpolation}),
                            make_map(op::quantile_place<weight>{{}, o.interpolation}, rank));
    if constexpr (several && sizeof...(Keep) != 0)
        return unsqueeze<static_cast<std::ptrdiff_t>(axis) + 1>(moved_to_front<axis>(std::move(between)));
    else if constexpr (several) return moved_to_front<axis>(std::move(between));
    else if constexpr (sizeof...(Keep) != 0) return between;
    else return squeeze<Axis>(std::move(between));
}
template <bool SkipsNan, std::ptrdiff_t... Axis, class A, class Q, class... Keep>
constexpr auto make_quantile(A&& x, Q&& q, quantile_options o, Keep... keep) {
    using s = shape_t<A>;
    static_assert(std::is_same_v<value_t<A>, float> || std::is_same_v<value_t<A>, double> ||
                      element::is_dual<value_t<A>>,
                  "quantile: needs elements of float or double");
    if constexpr (expression<Q>)
        static_assert(shape_t<Q>::rank() <= 1, "quantile: the quantiles are a number or a vector");
    if constexpr (!axis_of_one<s::rank(), Axis...> && !axes_fit<s::rank(), Axis...>)
        return wrong_axes<"quantile", s, Axis...>{};
    else if constexpr (sizeof...(Axis) == 1 && s::rank() != 0)
        return quantile_along<SkipsNan, Axis...>(std::forward<A>(x), std::forward<Q>(q), o, keep...);
    else {
        auto y = quantile_along<SkipsNan, 0>(flatten(std::forward<A>(x)), std::forward<Q>(q), o);
        if constexpr (sizeof...(Keep) != 0) return with_axes_behind<s::rank()>(std::move(y));
        else return y;
    }
}
}  // namespace detail

/// The element below which a share q of all elements along an axis lies, or of all without an axis: that of rank q (n − 1) in their
/// order, and where that isn't a whole number something between its neighbours: `tn::quantile<1>(x, 0.5)`,
/// `tn::quantile<1>(x, 0.5, {.interpolation = tn::quantile_interpolation::lower})`. For a vector q the quantiles are along a new first
/// axis. `keepdim` as a last argument keeps the axis. NaN where there is one; gradients go to the neighbours, and to q where the
/// interpolation is linear. Elements are float or double.
/// @throws shape_error where there are no elements, or more than 2²⁴ floats, std::invalid_argument for a number q outside 0 … 1;
/// torch.quantile
template <std::ptrdiff_t... Axis, expression A, operand Q>
    requires(sizeof...(Axis) <= 1)
constexpr auto quantile(A&& x, Q&& q, quantile_options options = {}) {
    return detail::make_quantile<false, Axis...>(std::forward<A>(x), std::forward<Q>(q), options);
}
template <std::ptrdiff_t... Axis, expression A, operand Q>
    requires(sizeof...(Axis) <= 1)
constexpr auto quantile(A&& x, Q&& q, quantile_options options, keepdim_t) {
    return detail::make_quantile<false, Axis...>(std::forward<A>(x), std::forward<Q>(q), options, keepdim);
}
template <std::ptrdiff_t... Axis, expression A, operand Q>
    requires(sizeof...(Axis) <= 1)
constexpr auto quantile(A&& x, Q&& q, keepdim_t, quantile_options options = {}) {
    return detail::make_quantile<false, Axis...>(std::forward<A>(x), std::forward<Q>(q), options, keepdim);
}
/// The same for the elements that aren't NaN; NaN where there is no other; torch.nanquantile.
template <std::ptrdiff_t... Axis, expression A, operand Q>
    requires(sizeof...(Axis) <= 1)
constexpr auto nanquantile(A&& x, Q&& q, quantile_options options = {}) {
    return detail::make_quantile<true, Axis...>(std::forward<A>(x), std::forward<Q>(q), options);
}
template <std::ptrdiff_t... Axis, expression A, operand Q>
    requires(sizeof...(Axis) <= 1)
constexpr auto nanquantile(A&& x, Q&& q, quantile_options options, keepdim_t) {
    return detail::make_quantile<true, Axis...>(std::forward<A>(x), std::forward<Q>(q), options, keepdim);
}
template <std::ptrdiff_t... Axis, expression A, operand Q>
    requires(sizeof...(Axis) <= 1)
constexpr auto nanquantile(A&& x, Q&& q, keepdim_t, quantile_options options = {}) {
    return detail::make_quantile<true, Axis...>(std::forward<A>(x), std::forward<Q>(q), options, keepdim);
}

}  // namespace tenon::inline TENON_TARGET
