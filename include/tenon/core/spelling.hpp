// Calls that are spelled otherwise here. What changes a type is a template argument of this library, and a run-time
// argument of others: each function refuses a call in their spelling and says its own.
#pragma once

#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <type_traits>

#include <tenon/core/expression_concept.hpp>

namespace tenon::inline TENON_TARGET {

/// Tag that keeps reduced axes as axes of extent 1: `sum<1>(x, keepdim)`.
inline constexpr struct keepdim_t {
} keepdim{};

/// `keepdim`, and nothing that only converts to something.
template <class X>
concept keepdim_tag = std::same_as<std::remove_cvref_t<X>, keepdim_t>;

namespace detail {
template <class...>
inline constexpr bool never = false;

/// Whether a reduction was told more than to keep its axes.
template <class First, class... Rest>
inline constexpr bool more_than_keepdim = sizeof...(Rest) != 0 || !keepdim_tag<First>;

/// Whether a position was given as a number that is none.
template <class... Given>
inline constexpr bool no_position =
    ((std::is_floating_point_v<std::remove_cvref_t<Given>> || std::same_as<std::remove_cvref_t<Given>, bool>) || ...);

/// Whether something was given where a loss takes its options.
template <class First, class... Rest>
inline constexpr bool no_options =
    sizeof...(Rest) != 0 || expression<First> || std::is_arithmetic_v<std::remove_cvref_t<First>> ||
    std::is_enum_v<std::remove_cvref_t<First>>;
}  // namespace detail

// The functions below have a body for one reason: a static_assert that is reached says what to write instead. They return
// their operand, so that nothing else is wrong with the call.

// ---- reductions

template <std::ptrdiff_t... Axes, expression A, class First, class... Rest>
    requires(detail::more_than_keepdim<First, Rest...>)
constexpr auto const& sum(A&& x, First&&, Rest&&...) {
    static_assert(detail::never<A>, "sum: write sum<0>(m) for an axis, sum<0>(m, tn::keepdim) to keep it");
    return x;
}
template <std::ptrdiff_t... Axes, expression A, class First, class... Rest>
    requires(detail::more_than_keepdim<First, Rest...>)
constexpr auto const& prod(A&& x, First&&, Rest&&...) {
    static_assert(detail::never<A>, "prod: write prod<0>(m) for an axis, prod<0>(m, tn::keepdim) to keep it");
    return x;
}
template <std::ptrdiff_t... Axes, expression A, class First, class... Rest>
    requires(detail::more_than_keepdim<First, Rest...>)
constexpr auto const& any(A&& x, First&&, Rest&&...) {
    static_assert(detail::never<A>, "any: write any<0>(m) for an axis, any<0>(m, tn::keepdim) to keep it");
    return x;
}
template <std::ptrdiff_t... Axes, expression A, class First, class... Rest>
    requires(detail::more_than_keepdim<First, Rest...>)
constexpr auto const& all(A&& x, First&&, Rest&&...) {
    static_assert(detail::never<A>, "all: write all<0>(m) for an axis, all<0>(m, tn::keepdim) to keep it");
    return x;
}
template <std::ptrdiff_t... Axes, expression A, class First, class... Rest>
    requires(detail::more_than_keepdim<First, Rest...>)
constexpr auto const& mean(A&& x, First&&, Rest&&...) {
    static_assert(detail::never<A>, "mean: write mean<0>(m) for an axis, mean<0>(m, tn::keepdim) to keep it");
    return x;
}
template <std::ptrdiff_t... Axes, expression A, class First, class... Rest>
    requires(detail::more_than_keepdim<First, Rest...>)
constexpr auto const& logsumexp(A&& x, First&&, Rest&&...) {
    static_assert(detail::never<A>,
                  "logsumexp: write logsumexp<0>(m) for an axis, logsumexp<0>(m, tn::keepdim) to keep it");
    return x;
}
template <std::ptrdiff_t... Axes, expression A, class First, class... Rest>
    requires(detail::more_than_keepdim<First, Rest...>)
constexpr auto const& max(A&& x, First&&, Rest&&...) {
    static_assert(!expression<First>, "max: the greater of two, element by element, is tn::maximum(x, y)");
    static_assert(expression<First>,
                  "max: write max<0>(m) for an axis, max<0>(m, tn::keepdim) to keep it, maximum(x, y) for two");
    return x;
}
template <std::ptrdiff_t... Axes, expression A, class First, class... Rest>
    requires(detail::more_than_keepdim<First, Rest...>)
constexpr auto const& min(A&& x, First&&, Rest&&...) {
    static_assert(!expression<First>, "min: the lesser of two, element by element, is tn::minimum(x, y)");
    static_assert(expression<First>,
                  "min: write min<0>(m) for an axis, min<0>(m, tn::keepdim) to keep it, minimum(x, y) for two");
    return x;
}
template <std::ptrdiff_t... Axes, expression A, class First, class... Rest>
    requires(detail::more_than_keepdim<First, Rest...>)
constexpr auto const& argmax(A&& x, First&&, Rest&&...) {
    static_assert(detail::never<A>, "argmax: write argmax<1>(m) for an axis, argmax<1>(m, tn::keepdim) to keep it");
    return x;
}
template <std::ptrdiff_t... Axes, expression A, class First, class... Rest>
    requires(detail::more_than_keepdim<First, Rest...>)
constexpr auto const& argmin(A&& x, First&&, Rest&&...) {
    static_assert(detail::never<A>, "argmin: write argmin<1>(m) for an axis, argmin<1>(m, tn::keepdim) to keep it");
    return x;
}
template <std::ptrdiff_t... Axes, expression A, class First, class... Rest>
    requires(detail::more_than_keepdim<First, Rest...>)
constexpr auto const& norm(A&& x, First&&, Rest&&...) {
    static_assert(detail::never<A>,
                  "norm: is Euclidean; write norm<0>(m) for an axis, norm<0>(m, tn::keepdim) to keep it");
    return x;
}

template <std::ptrdiff_t... Axes, expression A, class N, class... Given>
constexpr auto const& sum(A&& x, std::initializer_list<N>, Given const&...) {
    return tenon::sum(x, 0);
}
template <std::ptrdiff_t... Axes, expression A, class N, class... Given>
constexpr auto const& mean(A&& x, std::initializer_list<N>, Given const&...) {
    return tenon::mean(x, 0);
}

// ---- one axis, or several

template <std::ptrdiff_t... Axes, expression A, class... Given>
    requires(sizeof...(Axes) != 1 || sizeof...(Given) != 0)
constexpr auto const& softmax(A&& x, Given&&...) {
    static_assert(detail::never<A>, "softmax: the axis is a template argument: softmax<1>(x)");
    return x;
}
template <std::ptrdiff_t... Axes, expression A, class... Given>
    requires(sizeof...(Axes) != 1 || sizeof...(Given) != 0)
constexpr auto const& log_softmax(A&& x, Given&&...) {
    static_assert(detail::never<A>, "log_softmax: the axis is a template argument: log_softmax<1>(x)");
    return x;
}
template <std::ptrdiff_t... Axes, expression A, class... Given>
    requires(sizeof...(Axes) != 1 || sizeof...(Given) != 0)
constexpr auto const& cumsum(A&& x, Given&&...) {
    static_assert(detail::never<A>, "cumsum: the axis is a template argument: cumsum<1>(x)");
    return x;
}
template <std::ptrdiff_t... Axes, expression A, class... Given>
    requires(sizeof...(Axes) != 1 || sizeof...(Given) != 0)
constexpr auto const& cumprod(A&& x, Given&&...) {
    static_assert(detail::never<A>, "cumprod: the axis is a template argument: cumprod<1>(x)");
    return x;
}
template <std::ptrdiff_t... Axes, expression A, class... Given>
    requires(sizeof...(Axes) != 1 || sizeof...(Given) != 0)
constexpr auto const& cummax(A&& x, Given&&...) {
    static_assert(detail::never<A>, "cummax: the axis is a template argument: cummax<1>(x)");
    return x;
}
template <std::ptrdiff_t... Axes, expression A, class... Given>
    requires(sizeof...(Axes) != 1 || sizeof...(Given) != 0)
constexpr auto const& cummin(A&& x, Given&&...) {
    static_assert(detail::never<A>, "cummin: the axis is a template argument: cummin<1>(x)");
    return x;
}
template <std::ptrdiff_t... Axes, expression A, class... Given>
    requires(sizeof...(Axes) != 1 || sizeof...(Given) != 0)
constexpr auto const& logcumsumexp(A&& x, Given&&...) {
    static_assert(detail::never<A>, "logcumsumexp: the axis is a template argument: logcumsumexp<1>(x)");
    return x;
}
template <std::ptrdiff_t... Axes, expression A, class... Given>
    requires(sizeof...(Axes) != 1 || sizeof...(Given) != 0)
constexpr auto const& squeeze(A&& x, Given&&...) {
    static_assert(detail::never<A>, "squeeze: the axis is a template argument: squeeze<0>(x)");
    return x;
}
template <std::ptrdiff_t... Axes, expression A, class... Given>
    requires(sizeof...(Axes) != 1 || sizeof...(Given) != 0)
constexpr auto const& unsqueeze(A&& x, Given&&...) {
    static_assert(detail::never<A>, "unsqueeze: the axis is a template argument: unsqueeze<0>(x)");
    return x;
}
template <std::ptrdiff_t... Axes, expression A, class... Given>
    requires(sizeof...(Axes) != 1 || sizeof...(Given) != 1 || detail::no_position<Given...>)
constexpr auto const& select(A&& x, Given&&...) {
    static_assert(detail::never<A>, "select: the axis is a template argument: select<0>(x, k)");
    return x;
}
template <std::ptrdiff_t... Axes, expression A, class... Given>
    requires(sizeof...(Axes) < 2 || sizeof...(Given) != 0)
constexpr auto const& slice(A&& x, Given&&...) {
    static_assert(detail::never<A>, "slice: the axis and the bounds are template arguments: slice<0, 2, 5>(x)");
    return x;
}
template <std::ptrdiff_t... Axes, expression A, class... Given>
    requires(sizeof...(Axes) == 0 || sizeof...(Given) != 0)
constexpr auto const& flip(A&& x, Given&&...) {
    static_assert(detail::never<A>, "flip: the axes are template arguments: flip<0>(x)");
    return x;
}
template <std::ptrdiff_t... Axes, expression A, class... Given>
    requires(sizeof...(Given) != 0)
constexpr auto const& transpose(A&& x, Given&&...) {
    static_assert(detail::never<A>, "transpose: the axes are template arguments: transpose<0, 1>(x)");
    return x;
}
template <std::ptrdiff_t... Axes, expression A, class... Given>
    requires(sizeof...(Given) != 0)
constexpr auto const& permute(A&& x, Given&&...) {
    static_assert(detail::never<A>, "permute: the axes are template arguments: permute<1, 0>(x)");
    return x;
}
template <std::ptrdiff_t... Axes, expression A, class... Given>
    requires(sizeof...(Given) != 0)
constexpr auto const& flatten(A&& x, Given&&...) {
    static_assert(detail::never<A>, "flatten: the axes are template arguments: flatten<1>(x)");
    return x;
}
template <std::ptrdiff_t... Axes, expression A, class... Given>
    requires(sizeof...(Given) != 0)
constexpr auto const& glu(A&& x, Given&&...) {
    static_assert(detail::never<A>, "glu: the axis is a template argument: glu<1>(x)");
    return x;
}
template <std::ptrdiff_t... Axes, expression A, class... Given>
    requires(sizeof...(Given) != 0)
constexpr auto const& unbind(A&& x, Given&&...) {
    static_assert(detail::never<A>, "unbind: the axis is a template argument: unbind<1>(x)");
    return x;
}
template <std::ptrdiff_t... Axes, expression A, class... Given>
    requires(sizeof...(Given) != 0 || sizeof...(Axes) == 0)
constexpr auto const& unflatten(A&& x, Given&&...) {
    static_assert(detail::never<A>,
                  "unflatten: the axis and the extents are template arguments: unflatten<1, 2, 3>(x)");
    return x;
}
template <std::ptrdiff_t... Axes, expression A, class... Given>
    requires(sizeof...(Given) != 0 || sizeof...(Axes) == 0)
constexpr auto const& split(A&& x, Given&&...) {
    static_assert(detail::never<A>, "split: the axis and the sizes are template arguments: split<1, 2>(x)");
    return x;
}
template <std::ptrdiff_t... Axes, expression A, class... Given>
    requires(sizeof...(Given) != 0 || sizeof...(Axes) == 0)
constexpr auto const& chunk(A&& x, Given&&...) {
    static_assert(detail::never<A>, "chunk: the number of parts and the axis are template arguments: chunk<3, 1>(x)");
    return x;
}
template <std::ptrdiff_t... Axes, expression A, class... Given>
    requires(sizeof...(Given) != 1 || detail::no_position<Given...>)
constexpr auto const& roll(A&& x, Given&&...) {
    static_assert(detail::never<A>, "roll: the axis is a template argument: roll<0>(x, n)");
    return x;
}
template <std::ptrdiff_t... Axes, expression A, class... Given>
    requires(sizeof...(Axes) != 1 || sizeof...(Given) != 1)
constexpr auto const& gather(A&& x, Given&&...) {
    static_assert(detail::never<A>, "gather: the axis is a template argument: gather<1>(x, index)");
    return x;
}
template <std::ptrdiff_t... Axes, expression A, class... Given>
    requires(sizeof...(Axes) != 1 || sizeof...(Given) != 1)
constexpr auto const& index_select(A&& x, Given&&...) {
    static_assert(detail::never<A>, "index_select: the axis is a template argument: index_select<0>(x, index)");
    return x;
}
template <std::ptrdiff_t... Axes, expression A, class... Given>
    requires(sizeof...(Axes) < 3)
constexpr auto const& pad(A&& x, Given&&...) {
    static_assert(detail::never<A>, "pad: the axis and the widths are template arguments: pad<1, 2, 2>(x, value)");
    return x;
}
template <std::ptrdiff_t... Axes, expression A, class... Given>
    requires(sizeof...(Given) != 0)
constexpr auto const& diagonal(A&& x, Given&&...) {
    static_assert(detail::never<A>, "diagonal: is that of the last two axes; permute<…>(x) brings others there");
    return x;
}
template <std::ptrdiff_t... Axes, expression A, class... Given>
    requires(sizeof...(Axes) != 1 || sizeof...(Given) != 0)
constexpr auto const& one_hot(A&& x, Given&&...) {
    static_assert(detail::never<A>, "one_hot: the number of classes is a template argument: one_hot<5>(index)");
    return x;
}
template <std::ptrdiff_t... Axes, expression A, class... Given>
    requires(sizeof...(Axes) == 0)
constexpr auto const& group_norm(A&& x, Given&&...) {
    static_assert(detail::never<A>, "group_norm: the number of groups is a template argument: group_norm<4>(x)");
    return x;
}
template <auto... E, expression A, class... Given>
    requires(sizeof...(Given) != 0)
constexpr auto const& reshape(A&& x, Given&&...) {
    static_assert(detail::never<A>, "reshape: the extents are template arguments: reshape<2, 3>(x)");
    return x;
}
template <auto... E, expression A, class... Given>
    requires(sizeof...(Given) != 0)
constexpr auto const& broadcast_to(A&& x, Given&&...) {
    static_assert(detail::never<A>, "broadcast_to: the extents are template arguments: broadcast_to<2, 3>(x)");
    return x;
}
template <class... X>
    requires(expression<X> || ...)
constexpr auto const& concat(X&&... x) {
    static_assert(detail::never<X...>, "concat: the axis is a template argument: concat<0>(a, b)");
    return (x, ...);
}
template <expression X, class... Given>
constexpr auto const& concat(std::initializer_list<X> x, Given const&...) {
    return tenon::concat(*x.begin());
}
template <class... X>
    requires(expression<X> || ...)
constexpr auto const& stack(X&&... x) {
    static_assert(detail::never<X...>, "stack: the axis is a template argument: stack<0>(a, b)");
    return (x, ...);
}
template <expression X, class... Given>
constexpr auto const& stack(std::initializer_list<X> x, Given const&...) {
    return tenon::stack(*x.begin());
}
template <std::ptrdiff_t... Axes, expression A, class N, class... Given>
constexpr auto const& permute(A&& x, std::initializer_list<N>, Given const&...) {
    return tenon::permute(x, 0);
}
template <std::ptrdiff_t... Axes, expression A, class N, class... Given>
constexpr auto const& flip(A&& x, std::initializer_list<N>, Given const&...) {
    return tenon::flip(x, 0);
}
template <auto... E, expression A, class N, class... Given>
constexpr auto const& reshape(A&& x, std::initializer_list<N>, Given const&...) {
    return tenon::reshape(x, 0);
}
template <auto... E, expression A, class N, class... Given>
constexpr auto const& broadcast_to(A&& x, std::initializer_list<N>, Given const&...) {
    return tenon::broadcast_to(x, 0);
}
template <class... X>
    requires(expression<X> || ...)
constexpr auto const& einsum(X&&... x) {
    static_assert(detail::never<X...>, "einsum: the subscripts are a template argument: einsum<\"ij,jk->ik\">(a, b)");
    return (x, ...);
}

// ---- windows and losses

template <auto... Window, expression A, class... Given>
    requires(sizeof...(Window) == 0 || sizeof...(Given) != 0)
constexpr auto const& max_pool2d(A&& x, Given&&...) {
    static_assert(detail::never<A>,
                  "max_pool2d: window and options are template arguments: max_pool2d<3, pool_options{.stride = 2}>(x)");
    return x;
}
template <auto... Window, expression A, class... Given>
    requires(sizeof...(Window) == 0 || sizeof...(Given) != 0)
constexpr auto const& avg_pool2d(A&& x, Given&&...) {
    static_assert(detail::never<A>,
                  "avg_pool2d: window and options are template arguments: avg_pool2d<3, pool_options{.stride = 2}>(x)");
    return x;
}
template <auto... Window, expression A, class... Given>
    requires(sizeof...(Window) == 0 || sizeof...(Given) != 0)
constexpr auto const& max_pool1d(A&& x, Given&&...) {
    static_assert(detail::never<A>,
                  "max_pool1d: window and options are template arguments: max_pool1d<3, pool_options{.stride = 2}>(x)");
    return x;
}
template <auto... Window, expression A, class... Given>
    requires(sizeof...(Window) == 0 || sizeof...(Given) != 0)
constexpr auto const& avg_pool1d(A&& x, Given&&...) {
    static_assert(detail::never<A>,
                  "avg_pool1d: window and options are template arguments: avg_pool1d<3, pool_options{.stride = 2}>(x)");
    return x;
}
template <auto... Extents, expression A, class... Given>
    requires(sizeof...(Extents) == 0 || sizeof...(Given) != 0)
constexpr auto const& adaptive_avg_pool2d(A&& x, Given&&...) {
    static_assert(detail::never<A>,
                  "adaptive_avg_pool2d: the extents are template arguments: adaptive_avg_pool2d<7>(x)");
    return x;
}
template <auto... Extents, expression A, class... Given>
    requires(sizeof...(Extents) == 0 || sizeof...(Given) != 0)
constexpr auto const& adaptive_avg_pool1d(A&& x, Given&&...) {
    static_assert(detail::never<A>,
                  "adaptive_avg_pool1d: the extents are template arguments: adaptive_avg_pool1d<7>(x)");
    return x;
}
template <auto... Options, expression X, expression W, class... Given>
    requires(sizeof...(Given) > 1 || !(expression<Given> && ...))
constexpr auto const& conv2d(X&& x, W&&, Given&&...) {
    static_assert(detail::never<X>,
                  "conv2d: options are a template argument: conv2d<conv_options{.stride = 2}>(x, w, bias)");
    return x;
}
template <auto... Options, expression X, expression W, class... Given>
    requires(sizeof...(Given) > 1 || !(expression<Given> && ...))
constexpr auto const& conv1d(X&& x, W&&, Given&&...) {
    static_assert(detail::never<X>,
                  "conv1d: options are a template argument: conv1d<conv_options{.stride = 2}>(x, w, bias)");
    return x;
}
template <auto... Options, expression X, expression W, class... Given>
    requires(sizeof...(Given) > 1 || !(expression<Given> && ...))
constexpr auto const& conv_transpose2d(X&& x, W&&, Given&&...) {
    static_assert(
        detail::never<X>,
        "conv_transpose2d: options are a template argument: conv_transpose2d<conv_options{.stride = 2}>(x, w, bias)");
    return x;
}
template <auto... Options, expression X, expression W, class... Given>
    requires(sizeof...(Given) > 1 || !(expression<Given> && ...))
constexpr auto const& conv_transpose1d(X&& x, W&&, Given&&...) {
    static_assert(
        detail::never<X>,
        "conv_transpose1d: options are a template argument: conv_transpose1d<conv_options{.stride = 2}>(x, w, bias)");
    return x;
}
template <auto... Reduction, class X, class T, class First, class... Rest>
    requires((expression<X> || expression<T>) && detail::no_options<First, Rest...>)
constexpr auto mse_loss(X&&, T&&, First&&, Rest&&...) {
    static_assert(detail::never<X>, "mse_loss: write mse_loss<tn::reduction::sum>(x, t)");
    return value_t<std::conditional_t<expression<X>, X, T>>{};
}
template <auto... Reduction, class X, class T, class First, class... Rest>
    requires((expression<X> || expression<T>) && detail::no_options<First, Rest...>)
constexpr auto l1_loss(X&&, T&&, First&&, Rest&&...) {
    static_assert(detail::never<X>, "l1_loss: write l1_loss<tn::reduction::sum>(x, t)");
    return value_t<std::conditional_t<expression<X>, X, T>>{};
}
template <auto... Reduction, class X, class T, class First, class... Rest>
    requires((expression<X> || expression<T>) && detail::no_options<First, Rest...>)
constexpr auto smooth_l1_loss(X&&, T&&, First&&, Rest&&...) {
    static_assert(detail::never<X>, "smooth_l1_loss: write smooth_l1_loss<tn::reduction::sum>(x, t, {.beta = 0.5})");
    return value_t<std::conditional_t<expression<X>, X, T>>{};
}
template <auto... Reduction, class X, class T, class First, class... Rest>
    requires((expression<X> || expression<T>) && detail::no_options<First, Rest...>)
constexpr auto huber_loss(X&&, T&&, First&&, Rest&&...) {
    static_assert(detail::never<X>, "huber_loss: write huber_loss<tn::reduction::sum>(x, t, {.delta = 0.5})");
    return value_t<std::conditional_t<expression<X>, X, T>>{};
}
template <auto... Reduction, class X, class T, class First, class... Rest>
    requires((expression<X> || expression<T>) && detail::no_options<First, Rest...>)
constexpr auto kl_div(X&&, T&&, First&&, Rest&&...) {
    static_assert(detail::never<X>, "kl_div: write kl_div<tn::reduction::batchmean>(x, t, {.log_target = true})");
    return value_t<std::conditional_t<expression<X>, X, T>>{};
}
template <auto... Reduction, class X, class T, class First, class... Rest>
    requires((expression<X> || expression<T>) && detail::no_options<First, Rest...>)
constexpr auto cross_entropy(X&&, T&&, First&&, Rest&&...) {
    static_assert(detail::never<X>, "cross_entropy: write cross_entropy<tn::reduction::sum>(x, t, {.weight = w})");
    return value_t<std::conditional_t<expression<X>, X, T>>{};
}
template <auto... Reduction, class X, class T, class First, class... Rest>
    requires((expression<X> || expression<T>) && detail::no_options<First, Rest...>)
constexpr auto nll_loss(X&&, T&&, First&&, Rest&&...) {
    static_assert(detail::never<X>, "nll_loss: write nll_loss<tn::reduction::sum>(x, t, {.weight = w})");
    return value_t<std::conditional_t<expression<X>, X, T>>{};
}
template <auto... Reduction, class X, class T, class First, class... Rest>
    requires((expression<X> || expression<T>) && detail::no_options<First, Rest...>)
constexpr auto binary_cross_entropy(X&&, T&&, First&&, Rest&&...) {
    static_assert(detail::never<X>,
                  "binary_cross_entropy: write binary_cross_entropy<tn::reduction::sum>(x, t, {.weight = w})");
    return value_t<std::conditional_t<expression<X>, X, T>>{};
}
template <auto... Reduction, class X, class T, class First, class... Rest>
    requires((expression<X> || expression<T>) && detail::no_options<First, Rest...>)
constexpr auto binary_cross_entropy_with_logits(X&&, T&&, First&&, Rest&&...) {
    static_assert(detail::never<X>, "binary_cross_entropy_with_logits: write "
                                    "binary_cross_entropy_with_logits<tn::reduction::sum>(x, t, {.weight = w})");
    return value_t<std::conditional_t<expression<X>, X, T>>{};
}

}  // namespace tenon::inline TENON_TARGET
