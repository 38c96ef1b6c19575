// Differences and areas along an axis: diff, gradient, trapezoid, cumulative_trapezoid.
#pragma once

#include <cstddef>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include <tenon/expr/concat.hpp>
#include <tenon/expr/scan.hpp>
#include <tenon/function/statistics.hpp>
#include <tenon/op/cast.hpp>
#include <tenon/op/logic.hpp>

namespace tenon::inline TENON_TARGET {

/// Stands for what isn't put in front: `tn::diff<0>(x, {}, behind)`.
struct no_prepend {};
/// Options of gradient.
struct gradient_options {
    double spacing = 1;  ///< the distance of neighbours along each axis
    int edge_order =
        1;  ///< 1: at both ends the difference of two elements; 2: the slope there of the parabola through three
};
/// Options of trapezoid and cumulative_trapezoid.
struct trapezoid_options {
    double dx = 1;  ///< the distance of neighbours
};

namespace detail {
template <std::ptrdiff_t Axis, std::size_t N, class A>
constexpr auto make_diff(A&& x) {
    if constexpr (N == 0) return as_node(std::forward<A>(x));
    else {
        auto const h = reused(std::forward<A>(x));
        if constexpr (std::is_same_v<value_t<A>, bool>)
            return make_diff<Axis, N - 1>(slice<Axis, 1>(h) ^ slice<Axis, 0, -1>(h));
        else return make_diff<Axis, N - 1>(slice<Axis, 1>(h) - slice<Axis, 0, -1>(h));
    }
}
/// Coordinates along an axis, a vector, beside tensors of more axes.
template <std::ptrdiff_t Axis, std::size_t Rank, class X>
constexpr auto coordinates_along(X&& x) {
    if constexpr (shape_t<X>::rank() == 1) return with_axes_behind<Rank - 1 - axis_of(Axis, Rank)>(std::forward<X>(x));
    else return as_node(std::forward<X>(x));
}
/// Integers and bool as float.
template <class A>
constexpr auto as_floating(A&& x) {
    return as_elements<floating_t<value_t<A>>>(std::forward<A>(x));
}
TENON_ON_USE
[[noreturn, gnu::noinline, gnu::cold]] void throw_too_few(std::string const& s, std::size_t axis, int edge_order) {
    throw shape_error(
        text_of({"gradient: axis ", axis, " of ", s, " has fewer elements than edge_order + 1 = ", edge_order + 1}));
}

/// @param spacing a number, or a vector of coordinates
template <std::ptrdiff_t Axis, class A, class Spacing>
constexpr auto gradient_along(A const& x, Spacing const& spacing, int edge_order) {
    using T = value_t<A>;
    constexpr std::size_t axis = axis_of(Axis, shape_t<A>::rank());
    std::size_t const n = x.shape()[axis];
    if (edge_order < 1 || edge_order > 2 || n < static_cast<std::size_t>(edge_order) + 1)
        throw_too_few(to_string(x.shape()), axis, edge_order);
    bool const curved = edge_order == 2;
    // Where there are but two elements the third isn't looked at: it is one of the two.
    std::ptrdiff_t const third = curved ? 2 : 1, behind = static_cast<std::ptrdiff_t>(n) - 1;
    auto const first = [&](std::ptrdiff_t k) { return unsqueeze<Axis>(select<Axis>(x, k)); };
    auto const before = slice<Axis, 0, -2>(x);
    auto const after = slice<Axis, 2>(x);
    // d₁, d₂: the distances of the first three elements; the slope at the first, of a line or of a parabola. Elements are subtracted
    // before anything else, so that those far from 0 lose nothing.
    auto const edge = [&](auto const& d1, auto const& d2, auto const& f0, auto const& f1, auto const& f2) {
        auto const slope = (f1 - f0) / d1;
        return slope - where(curved, ((f2 - f1) / d2 - slope) * (d1 / (d1 + d2)), 0);
    };
    if constexpr (!expression<Spacing>) {
        auto const h = static_cast<T>(spacing);
        return concat<Axis>(edge(h, h, first(0), first(1), first(third)), (after - before) / (T(2) * h),
                            edge(-h, -h, first(behind), first(behind - 1), first(behind - third)));
    } else {
        if (spacing.shape()[0] != n) throw_shapes("gradient", to_string(x.shape()), to_string(spacing.shape()));
        auto const steps = let(make_diff<0, 1>(as_elements<T>(spacing)));
        auto const left = coordinates_along<Axis, shape_t<A>::rank()>(slice<0, 0, -1>(steps));
        auto const right = coordinates_along<Axis, shape_t<A>::rank()>(slice<0, 1>(steps));
        auto const here = slice<Axis, 1, -1>(x);
        auto const inner = after * (left / (right * (left + right))) + here * ((right - left) / (left * right)) -
                           before * (right / (left * (left + right)));
        auto const step = [&](std::ptrdiff_t k) { return select<0>(steps, k); };
        std::ptrdiff_t const second = curved ? 1 : 0, last = behind - 1, next = curved ? last - 1 : last;
        return concat<Axis>(edge(step(0), step(second), first(0), first(1), first(third)), inner,
                            edge(-step(last), -step(next), first(behind), first(behind - 1), first(behind - third)));
    }
}
template <std::ptrdiff_t... Axes, class A, class... Spacing>
constexpr auto make_gradient(A&& x, int edge_order, Spacing const&... spacing) {
    using s = shape_t<A>;
    if constexpr (sizeof...(Axes) == 0 && s::rank() != 0)
        return [&]<std::size_t... I>(std::index_sequence<I...>) {
            return make_gradient<static_cast<std::ptrdiff_t>(I)...>(std::forward<A>(x), edge_order, spacing...);
        }(std::make_index_sequence<s::rank()>{});
    else if constexpr (!axes_fit<s::rank(), Axes...> || sizeof...(Axes) == 0)
        return wrong_axes<"gradient", s, Axes..., 0>{};
    else {
        static_assert(sizeof...(Spacing) == 1 || sizeof...(Spacing) == sizeof...(Axes),
                      "gradient: give one distance, or a distance or coordinates for each axis");
        auto const h = reused(as_floating(std::forward<A>(x)));
        if constexpr (sizeof...(Axes) == 1) return (gradient_along<Axes>(h, spacing, edge_order), ...);
        else if constexpr (sizeof...(Spacing) == 1)
            return std::tuple(gradient_along<Axes>(h, spacing..., edge_order)...);
        else return std::tuple(gradient_along<Axes>(h, spacing, edge_order)...);
    }
}
/// The areas between neighbours.
template <std::ptrdiff_t Axis, class Y>
constexpr auto trapezoids(Y&& y, double dx) {
    auto const h = reused(as_floating(std::forward<Y>(y)));
    return (slice<Axis, 1>(h) + slice<Axis, 0, -1>(h)) * (dx / 2);
}
template <std::ptrdiff_t Axis, class Y, class X>
constexpr auto trapezoids(Y&& y, X&& x) {
    constexpr std::size_t rank = shape_t<Y>::rank();
    if constexpr (shape_t<X>::rank() == 1)
        if (x.shape()[0] != y.shape()[axis_of(Axis, rank)])
            throw_shapes("trapezoid", to_string(y.shape()), to_string(x.shape()));
    auto const h = reused(as_floating(std::forward<Y>(y)));
    auto const at = reused(coordinates_along<Axis, rank>(as_floating(std::forward<X>(x))));
    constexpr std::ptrdiff_t from_end =
        static_cast<std::ptrdiff_t>(axis_of(Axis, rank)) - static_cast<std::ptrdiff_t>(rank);
    return (slice<Axis, 1>(h) + slice<Axis, 0, -1>(h)) * (slice<from_end, 1>(at) - slice<from_end, 0, -1>(at)) * .5;
}
}  // namespace detail

/// The differences of neighbours along an axis, x_{i+1} − x_i, of integers and floating point numbers; whether they differ for bool. N
/// times over with `tn::diff<1, 2>(x)`. What is put in front and behind x first may follow it: `tn::diff<0>(x, front, behind)`,
/// `tn::diff<0>(x, {}, behind)`. torch.diff.
template <std::ptrdiff_t Axis = -1, std::size_t N = 1, expression A>
constexpr auto diff(A&& x) {
    if constexpr (!detail::axes_fit<shape_t<A>::rank(), Axis>) return detail::wrong_axes<"diff", shape_t<A>, Axis>{};
    else return detail::make_diff<Axis, N>(std::forward<A>(x));
}
template <std::ptrdiff_t Axis = -1, std::size_t N = 1, expression A, expression P>
constexpr auto diff(A&& x, P&& prepend) {
    return diff<Axis, N>(concat<Axis>(std::forward<P>(prepend), std::forward<A>(x)));
}
template <std::ptrdiff_t Axis = -1, std::size_t N = 1, expression A, expression P, expression Q>
constexpr auto diff(A&& x, P&& prepend, Q&& append) {
    return diff<Axis, N>(concat<Axis>(std::forward<P>(prepend), std::forward<A>(x), std::forward<Q>(append)));
}
template <std::ptrdiff_t Axis = -1, std::size_t N = 1, expression A, expression Q>
constexpr auto diff(A&& x, no_prepend, Q&& append) {
    return diff<Axis, N>(concat<Axis>(std::forward<A>(x), std::forward<Q>(append)));
}

/// The slopes of samples along axes, of second order inside: (x_{i+1} − x_{i−1}) / 2h. One axis gives an expression,
/// `tn::gradient<0>(x)`, several or none for all a tuple: `auto [down, across] = tn::gradient(x)`. Options are the distance and the order
/// at both ends, `{.spacing = 0.1, .edge_order = 2}`; distances or coordinates for each axis follow x, or the options:
/// `tn::gradient<0, 1>(x, 0.1, coordinates)`. @throws shape_error for fewer than edge_order + 1 elements, and for another number of
/// coordinates; torch.gradient, numpy.gradient
template <std::ptrdiff_t... Axes, expression A>
constexpr auto gradient(A&& x, gradient_options options = {}) {
    return detail::make_gradient<Axes...>(std::forward<A>(x), options.edge_order, options.spacing);
}
template <std::ptrdiff_t... Axes, expression A, operand... Spacing>
    requires(sizeof...(Spacing) != 0)
constexpr auto gradient(A&& x, Spacing const&... spacing) {
    return detail::make_gradient<Axes...>(std::forward<A>(x), 1, spacing...);
}
template <std::ptrdiff_t... Axes, expression A, operand... Spacing>
    requires(sizeof...(Spacing) != 0)
constexpr auto gradient(A&& x, gradient_options options, Spacing const&... spacing) {
    return detail::make_gradient<Axes...>(std::forward<A>(x), options.edge_order, spacing...);
}

/// The area below samples along an axis, Σ (y_{i+1} + y_i) / 2 · (x_{i+1} − x_i): at equal distances `tn::trapezoid<1>(y, {.dx = 0.1})`,
/// at coordinates `tn::trapezoid<1>(y, x)`, a vector or one for each vector of y; torch.trapezoid. @throws shape_error unless a vector
/// has a coordinate for each sample
template <std::ptrdiff_t Axis = -1, expression Y>
constexpr auto trapezoid(Y&& y, trapezoid_options options = {}) {
    if constexpr (!detail::axes_fit<shape_t<Y>::rank(), Axis>)
        return detail::wrong_axes<"trapezoid", shape_t<Y>, Axis>{};
    else return sum<Axis>(detail::trapezoids<Axis>(std::forward<Y>(y), options.dx));
}
template <std::ptrdiff_t Axis = -1, expression Y, expression X>
constexpr auto trapezoid(Y&& y, X&& x) {
    if constexpr (!detail::axes_fit<shape_t<Y>::rank(), Axis>)
        return detail::wrong_axes<"trapezoid", shape_t<Y>, Axis>{};
    else return sum<Axis>(detail::trapezoids<Axis>(std::forward<Y>(y), std::forward<X>(x)));
}
/// The areas from the first sample on to each of the others; torch.cumulative_trapezoid.
template <std::ptrdiff_t Axis = -1, expression Y>
constexpr auto cumulative_trapezoid(Y&& y, trapezoid_options options = {}) {
    if constexpr (!detail::axes_fit<shape_t<Y>::rank(), Axis>)
        return detail::wrong_axes<"cumulative_trapezoid", shape_t<Y>, Axis>{};
    else return cumsum<Axis>(detail::trapezoids<Axis>(std::forward<Y>(y), options.dx));
}
template <std::ptrdiff_t Axis = -1, expression Y, expression X>
constexpr auto cumulative_trapezoid(Y&& y, X&& x) {
    if constexpr (!detail::axes_fit<shape_t<Y>::rank(), Axis>)
        return detail::wrong_axes<"cumulative_trapezoid", shape_t<Y>, Axis>{};
    else return cumsum<Axis>(detail::trapezoids<Axis>(std::forward<Y>(y), std::forward<X>(x)));
}

}  // namespace tenon::inline TENON_TARGET
