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

/// Whether a norm was told more than its order, and to keep its axes.
template <class... Given>
inline constexpr bool more_than_an_order = false;
template <class First, class... Rest>
inline constexpr bool more_than_an_order<First, Rest...> =
    std::is_arithmetic_v<std::remove_cvref_t<First>> ? sizeof...(Rest) > 1 || !(keepdim_tag<Rest> && ...)
                                                     : more_than_keepdim<First, Rest...>;

/// Whether a position was given as a number that is none.
template <class... Given>
inline constexpr bool no_position =
    ((std::is_floating_point_v<std::remove_cvref_t<Given>> || std::same_as<std::remove_cvref_t<Given>, bool>) || ...);

/// Whether the first of what was given is a bool.
template <class... Given>
inline constexpr bool begins_with_bool = false;
template <class First, class... Rest>
inline constexpr bool begins_with_bool<First, Rest...> = std::same_as<std::remove_cvref_t<First>, bool>;

/// Whether the first, or the second, of what was given is a number.
template <class... Given>
inline constexpr bool begins_with_number = false;
template <class First, class... Rest>
inline constexpr bool begins_with_number<First, Rest...> = std::is_arithmetic_v<std::remove_cvref_t<First>>;
template <class... Given>
inline constexpr bool number_is_second = false;
template <class First, class... Rest>
inline constexpr bool number_is_second<First, Rest...> = begins_with_number<Rest...>;

/// Whether something was given where a loss takes its options.
template <class First, class... Rest>
inline constexpr bool no_options =
    sizeof...(Rest) != 0 || expression<First> || std::is_arithmetic_v<std::remove_cvref_t<First>> ||
    std::is_enum_v<std::remove_cvref_t<First>>;
}  // namespace detail

// Each name below has a line in the table of its kind: what makes a call another library's, and this library's spelling. A
// function has a body for one reason: a static_assert that is reached says what to write instead. It returns its operand, so
// that nothing else is wrong with the call.

// ---- axes and other numbers that are template arguments

#define TENON_SPELLED(Parameters, name, condition, spelling)                                                           \
    template <Parameters... Arguments, expression A, class... Given>                                                   \
        requires(condition)                                                                                            \
    constexpr auto const& name(A&& x, Given&&...) {                                                                    \
        static_assert(detail::never<A>, #name ": " spelling);                                                          \
        return x;                                                                                                      \
    }
#define TENON_AXES(name, condition, spelling) TENON_SPELLED(std::ptrdiff_t, name, condition, spelling)
#define TENON_VALUES(name, condition, spelling) TENON_SPELLED(auto, name, condition, spelling)

TENON_AXES(softmax, sizeof...(Arguments) != 1 || sizeof...(Given) != 0,
           "the axis is a template argument: softmax<1>(x)")
TENON_AXES(log_softmax, sizeof...(Arguments) != 1 || sizeof...(Given) != 0,
           "the axis is a template argument: log_softmax<1>(x)")
TENON_AXES(cumsum, sizeof...(Arguments) != 1 || sizeof...(Given) != 0, "the axis is a template argument: cumsum<1>(x)")
TENON_AXES(cumprod, sizeof...(Arguments) != 1 || sizeof...(Given) != 0,
           "the axis is a template argument: cumprod<1>(x)")
TENON_AXES(cummax, sizeof...(Arguments) != 1 || sizeof...(Given) != 0, "the axis is a template argument: cummax<1>(x)")
TENON_AXES(cummin, sizeof...(Arguments) != 1 || sizeof...(Given) != 0, "the axis is a template argument: cummin<1>(x)")
TENON_AXES(logcumsumexp, sizeof...(Arguments) != 1 || sizeof...(Given) != 0,
           "the axis is a template argument: logcumsumexp<1>(x)")
TENON_AXES(squeeze, sizeof...(Given) != 0, "the axis is a template argument: squeeze<0>(x)")
TENON_AXES(unsqueeze, sizeof...(Arguments) != 1 || sizeof...(Given) != 0,
           "the axis is a template argument: unsqueeze<0>(x)")
TENON_AXES(one_hot, sizeof...(Given) != 0, "the number of classes is a template argument: one_hot<5>(index)")
TENON_AXES(select, sizeof...(Arguments) != 1 || sizeof...(Given) != 1 || detail::no_position<Given...>,
           "the axis is a template argument: select<0>(x, k)")
TENON_AXES(slice, sizeof...(Arguments) < 2 || sizeof...(Given) != 0,
           "the axis and the bounds are template arguments: slice<0, 2, 5>(x)")
TENON_AXES(flip, sizeof...(Arguments) == 0 || sizeof...(Given) != 0, "the axes are template arguments: flip<0>(x)")
TENON_AXES(transpose, sizeof...(Given) != 0, "the axes are template arguments: transpose<0, 1>(x)")
TENON_AXES(permute, sizeof...(Given) != 0, "the axes are template arguments: permute<1, 0>(x)")
TENON_AXES(flatten, sizeof...(Given) != 0, "the axes are template arguments: flatten<1>(x)")
TENON_AXES(glu, sizeof...(Given) != 0, "the axis is a template argument: glu<1>(x)")
TENON_AXES(unbind, sizeof...(Given) != 0, "the axis is a template argument: unbind<1>(x)")
TENON_AXES(diagonal, sizeof...(Given) != 0, "offset and axes are template arguments: diagonal<1, 0, 1>(x)")
TENON_AXES(unflatten, sizeof...(Given) != 0 || sizeof...(Arguments) < 2,
           "the axis and the extents are template arguments: unflatten<1, 2, 3>(x)")
TENON_AXES(split, sizeof...(Given) != 0 || sizeof...(Arguments) == 0,
           "the axis and the sizes are template arguments: split<1, 2>(x)")
TENON_AXES(chunk, sizeof...(Given) != 0 || sizeof...(Arguments) == 0,
           "the number of parts and the axis are template arguments: chunk<3, 1>(x)")
TENON_AXES(roll, sizeof...(Given) != 1 || detail::no_position<Given...>,
           "the axis is a template argument: roll<0>(x, n)")
TENON_AXES(gather, sizeof...(Arguments) != 1 || sizeof...(Given) != 1,
           "the axis is a template argument: gather<1>(x, index)")
TENON_AXES(index_select, sizeof...(Arguments) != 1 || sizeof...(Given) != 1,
           "the axis is a template argument: index_select<0>(x, index)")
TENON_AXES(sort, detail::begins_with_number<Given...>,
           "the axis is a template argument: sort<1>(x, {.descending = true})")
TENON_AXES(argsort, detail::begins_with_number<Given...>,
           "the axis is a template argument: argsort<1>(x, {.descending = true})")
TENON_AXES(topk, sizeof...(Arguments) != 2 || detail::begins_with_number<Given...>,
           "axis and number are template arguments: topk<1, 5>(x)")
TENON_AXES(kthvalue, sizeof...(Given) == 0 || detail::number_is_second<Given...>,
           "the axis is a template argument: kthvalue<1>(x, k)")
TENON_AXES(median, detail::begins_with_number<Given...>, "the axis is a template argument: median<1>(x)")
TENON_AXES(nanmedian, detail::begins_with_number<Given...>, "the axis is a template argument: nanmedian<1>(x)")
TENON_AXES(mode, detail::begins_with_number<Given...>, "the axis is a template argument: mode<1>(x)")
TENON_AXES(quantile, detail::number_is_second<Given...>, "the axis is a template argument: quantile<1>(x, 0.5)")
TENON_AXES(nanquantile, detail::number_is_second<Given...>, "the axis is a template argument: nanquantile<1>(x, 0.5)")
TENON_AXES(diff, detail::begins_with_number<Given...>, "axis and order are template arguments: diff<1, 2>(x)")
TENON_AXES(trapezoid, detail::begins_with_number<Given...>, "write trapezoid<1>(y, {.dx = 0.5})")
TENON_AXES(take_along_dim, sizeof...(Given) != 1, "the axis is a template argument: take_along_dim<1>(x, index)")
TENON_AXES(renorm, sizeof...(Arguments) != 1, "the axis is a template argument: renorm<0>(x, 2, maxnorm)")
TENON_AXES(pad, sizeof...(Arguments) < 3, "the axis and the widths are template arguments: pad<1, 2, 2>(x, value)")
TENON_AXES(norm, (detail::more_than_an_order<Given...>),
           "write norm<0>(m, 3.) for an axis, norm<0>(m, 3., tn::keepdim) to keep it")
TENON_AXES(group_norm, sizeof...(Arguments) == 0, "the number of groups is a template argument: group_norm<4>(x)")
TENON_AXES(dropout, detail::begins_with_bool<Given...>, "a probability comes before training: dropout(x, 0.5, true)")
TENON_VALUES(reshape, sizeof...(Given) != 0, "the extents are template arguments: reshape<2, 3>(x)")
TENON_VALUES(broadcast_to, sizeof...(Given) != 0, "the extents are template arguments: broadcast_to<2, 3>(x)")
TENON_VALUES(max_pool2d, sizeof...(Arguments) == 0 || sizeof...(Given) != 0,
             "window and options are template arguments: max_pool2d<3, pool_options{.stride = 2}>(x)")
TENON_VALUES(avg_pool2d, sizeof...(Arguments) == 0 || sizeof...(Given) != 0,
             "window and options are template arguments: avg_pool2d<3, pool_options{.stride = 2}>(x)")
TENON_VALUES(max_pool1d, sizeof...(Arguments) == 0 || sizeof...(Given) != 0,
             "window and options are template arguments: max_pool1d<3, pool_options{.stride = 2}>(x)")
TENON_VALUES(avg_pool1d, sizeof...(Arguments) == 0 || sizeof...(Given) != 0,
             "window and options are template arguments: avg_pool1d<3, pool_options{.stride = 2}>(x)")
TENON_VALUES(adaptive_avg_pool2d, sizeof...(Arguments) == 0 || sizeof...(Given) != 0,
             "the extents are template arguments: adaptive_avg_pool2d<7>(x)")
TENON_VALUES(adaptive_avg_pool1d, sizeof...(Arguments) == 0 || sizeof...(Given) != 0,
             "the extents are template arguments: adaptive_avg_pool1d<7>(x)")

#undef TENON_VALUES
#undef TENON_AXES
#undef TENON_SPELLED

// ---- reductions

#define TENON_REDUCTION(name, spelling)                                                                                \
    template <std::ptrdiff_t... Axes, expression A, class First, class... Rest>                                        \
        requires(detail::more_than_keepdim<First, Rest...>)                                                            \
    constexpr auto const& name(A&& x, First&&, Rest&&...) {                                                            \
        static_assert(detail::never<A>, #name ": " spelling);                                                          \
        return x;                                                                                                      \
    }
#define TENON_EXTREME(name, of_two)                                                                                    \
    template <std::ptrdiff_t... Axes, expression A, class First, class... Rest>                                        \
        requires(detail::more_than_keepdim<First, Rest...>)                                                            \
    constexpr auto const& name(A&& x, First&&, Rest&&...) {                                                            \
        static_assert(!expression<First>, #name ": that of two, element by element, is tn::" of_two "(x, y)");         \
        static_assert(expression<First>, #name ": write " #name "<0>(m) for an axis, " #name                           \
                                               "<0>(m, tn::keepdim) to keep it, " of_two "(x, y) for two");            \
        return x;                                                                                                      \
    }

TENON_REDUCTION(sum, "write sum<0>(m) for an axis, sum<0>(m, tn::keepdim) to keep it")
TENON_REDUCTION(prod, "write prod<0>(m) for an axis, prod<0>(m, tn::keepdim) to keep it")
TENON_REDUCTION(any, "write any<0>(m) for an axis, any<0>(m, tn::keepdim) to keep it")
TENON_REDUCTION(all, "write all<0>(m) for an axis, all<0>(m, tn::keepdim) to keep it")
TENON_REDUCTION(mean, "write mean<0>(m) for an axis, mean<0>(m, tn::keepdim) to keep it")
TENON_REDUCTION(logsumexp, "write logsumexp<0>(m) for an axis, logsumexp<0>(m, tn::keepdim) to keep it")
TENON_REDUCTION(nansum, "write nansum<0>(m) for an axis, nansum<0>(m, tn::keepdim) to keep it")
TENON_REDUCTION(nanmean, "write nanmean<0>(m) for an axis, nanmean<0>(m, tn::keepdim) to keep it")
TENON_REDUCTION(count_nonzero, "write count_nonzero<0>(m) for an axis, count_nonzero<0>(m, tn::keepdim) to keep it")
TENON_REDUCTION(aminmax, "write aminmax<0>(m) for an axis, aminmax<0>(m, tn::keepdim) to keep it")
TENON_REDUCTION(argmax, "write argmax<1>(m) for an axis, argmax<1>(m, tn::keepdim) to keep it")
TENON_REDUCTION(argmin, "write argmin<1>(m) for an axis, argmin<1>(m, tn::keepdim) to keep it")
TENON_EXTREME(max, "maximum")
TENON_EXTREME(min, "minimum")

#undef TENON_EXTREME
#undef TENON_REDUCTION

// ---- operands without end

#define TENON_OPERANDS(name, spelling)                                                                                 \
    template <class... X>                                                                                              \
        requires(expression<X> || ...)                                                                                 \
    constexpr auto const& name(X&&... x) {                                                                             \
        static_assert(detail::never<X...>, #name ": " spelling);                                                       \
        return (x, ...);                                                                                               \
    }

TENON_OPERANDS(concat, "the axis is a template argument: concat<0>(a, b)")
TENON_OPERANDS(stack, "the axis is a template argument: stack<0>(a, b)")
TENON_OPERANDS(einsum, "the subscripts are a template argument: einsum<\"ij,jk->ik\">(a, b)")

#undef TENON_OPERANDS

// ---- lists in braces: refused as the same call with a number is

#define TENON_LIST(Parameters, name)                                                                                   \
    template <Parameters... Arguments, expression A, class N, class... Given>                                          \
    constexpr auto const& name(A&& x, std::initializer_list<N>, Given const&...) {                                     \
        return tenon::name(x, 0);                                                                                      \
    }
#define TENON_LIST_OF_OPERANDS(name)                                                                                   \
    template <expression X, class... Given>                                                                            \
    constexpr auto const& name(std::initializer_list<X> x, Given const&...) {                                          \
        return tenon::name(*x.begin());                                                                                \
    }

TENON_LIST(std::ptrdiff_t, sum)
TENON_LIST(std::ptrdiff_t, mean)
TENON_LIST(std::ptrdiff_t, permute)
TENON_LIST(std::ptrdiff_t, flip)
TENON_LIST(auto, reshape)
TENON_LIST(auto, broadcast_to)
TENON_LIST_OF_OPERANDS(concat)
TENON_LIST_OF_OPERANDS(stack)

#undef TENON_LIST_OF_OPERANDS
#undef TENON_LIST

// ---- convolutions and losses

#define TENON_CONVOLUTION(name)                                                                                        \
    template <auto... Options, expression X, expression W, class... Given>                                             \
        requires(sizeof...(Given) > 1 || !(expression<Given> && ...))                                                  \
    constexpr auto const& name(X&& x, W&&, Given&&...) {                                                               \
        static_assert(detail::never<X>,                                                                                \
                      #name ": options are a template argument: " #name "<conv_options{.stride = 2}>(x, w, bias)");    \
        return x;                                                                                                      \
    }
#define TENON_LOSS(name, arguments)                                                                                    \
    template <auto... Reduction, class X, class T, class First, class... Rest>                                         \
        requires((expression<X> || expression<T>) && detail::no_options<First, Rest...>)                               \
    constexpr auto name(X&&, T&&, First&&, Rest&&...) {                                                                \
        static_assert(detail::never<X>, #name ": write " #name arguments);                                             \
        return value_t<std::conditional_t<expression<X>, X, T>>{};                                                     \
    }

TENON_CONVOLUTION(conv2d)
TENON_CONVOLUTION(conv1d)
TENON_CONVOLUTION(conv_transpose2d)
TENON_CONVOLUTION(conv_transpose1d)
TENON_LOSS(mse_loss, "<tn::reduction::sum>(x, t)")
TENON_LOSS(l1_loss, "<tn::reduction::sum>(x, t)")
TENON_LOSS(smooth_l1_loss, "<tn::reduction::sum>(x, t, {.beta = 0.5})")
TENON_LOSS(huber_loss, "<tn::reduction::sum>(x, t, {.delta = 0.5})")
TENON_LOSS(kl_div, "<tn::reduction::batchmean>(x, t, {.log_target = true})")
TENON_LOSS(cross_entropy, "<tn::reduction::sum>(x, t, {.weight = w})")
TENON_LOSS(nll_loss, "<tn::reduction::sum>(x, t, {.weight = w})")
TENON_LOSS(binary_cross_entropy, "<tn::reduction::sum>(x, t, {.weight = w})")
TENON_LOSS(binary_cross_entropy_with_logits, "<tn::reduction::sum>(x, t, {.weight = w})")

#undef TENON_LOSS
#undef TENON_CONVOLUTION

}  // namespace tenon::inline TENON_TARGET
