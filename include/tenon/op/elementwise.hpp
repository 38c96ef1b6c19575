// Elementwise nodes: one operator applied to operands that are broadcast together.
#pragma once

#include <cstddef>
#include <limits>
#include <type_traits>
#include <utility>

#include <tenon/base/tuple.hpp>
#include <tenon/core/broadcast.hpp>
#include <tenon/core/leaf.hpp>
#include <tenon/op/operator.hpp>

namespace tenon::inline TENON_TARGET {

namespace detail {
template <class Op, class... A>
struct map_types {
    using common = promoted_value_t<A...>;
    using computed = typename Op::template computed<common>;
    using result = typename Op::template result<common>;
    template <std::size_t I> using operand = computed;
};
/// An operator that says its types by itself (where, casts, a user's function).
template <class Op, class... A>
    requires requires { typename Op::template types<A...>; }
struct map_types<Op, A...> : Op::template types<A...> {};

template <class Op, class... A>
inline constexpr bool refuses_bools = false;
template <class Op, class... A>
    requires requires { typename Op::numbers_only; }
inline constexpr bool refuses_bools<Op, A...> = std::is_same_v<promoted_value_t<A...>, bool>;

/// Whether an operator for integers, or for floating point alone, was given something else.
template <class Op, class... A>
inline constexpr bool wants_integers = false;
template <class Op, class... A>
    requires requires { typename Op::integers_only; }
inline constexpr bool wants_integers<Op, A...> = !std::is_integral_v<promoted_value_t<A...>>;
template <class Op, class... A>
inline constexpr bool wants_floating_point = false;
template <class Op, class... A>
    requires requires { typename Op::floating_point_only; }
inline constexpr bool wants_floating_point<Op, A...> = std::is_integral_v<promoted_value_t<A...>>;

/// Whether operands are complex and the operator has no value for such. Operators with types of their own (a cast, a user's
/// function) take what they are given.
template <class Op, class... A>
inline constexpr bool refuses_complex = (element::is_complex<value_t<A>> || ...) && !requires {
    typename Op::for_complex;
} && !requires { typename Op::template types<A...>; };

/// A bound for elements of type T: cut toward zero for integers, and the nearest that there is.
template <class T>
constexpr T bound_for(double bound) {
    if constexpr (std::is_integral_v<T>) {
        using limits = std::numeric_limits<T>;
        if (bound != bound) return 0;
        if (bound <= static_cast<double>(limits::min())) return limits::min();
        if (bound >= static_cast<double>(limits::max())) return limits::max();
    }
    return static_cast<T>(bound);
}
}  // namespace detail

/// `op(a, b, …)` elementwise over the operands' common shape.
/// @tparam Op a class with `value(v…)` and, unless it has no slope, `slope<I>(y, v…)` = ∂value/∂v_I, or `backward<I>(g, y, v…)`,
///         what becomes of the gradient g. Of one operand, it
///         says by a type `slope_of_value` that `slope<0>(y, y)` is `slope<0>(y, v)`: that the value is all its slope
///         needs
template <class Op, class... A>
class map_node : public expression_base<map_node<Op, A...>, typename detail::map_types<Op, A...>::result,
                                        broadcast_t<shape_t<A>...>> {
public:
    using shape_type = broadcast_t<shape_t<A>...>;
    using types = detail::map_types<Op, A...>;
    using device = device_of_nodes<A...>;
    static constexpr char const *name = Op::name, *kind = "elementwise";
    static constexpr bool has_slope = !requires { typename Op::no_slope; };

    constexpr map_node(Op op, A... a)
        : shape_(broadcast_shapes(Op::name, a.shape()...)), operands_{{std::move(a)}...}, operation(op) {}
    constexpr auto shape() const { return shape_; }
    constexpr tuple<A...> const& operands() const& { return operands_; }
    constexpr tuple<A...>&& operands() && { return std::move(operands_); }

private:
    [[no_unique_address]] shape_type shape_;
    tuple<A...> operands_;

public:
    [[no_unique_address]] Op operation;
};

/// An operator on numbers was given bools: cast them, or use `&`, `|`, `^` and `!`.
template <class Op>
struct not_for_bools;
/// An operator has no value for complex numbers, which have no order: it is for real(z), imag(z) or abs(z).
template <class Op>
struct not_for_complex;
/// An operator on the bits or divisors of integers was given other numbers.
template <class Op>
struct only_for_integers;
/// An operator on the parts of floating point numbers was given integers.
template <class Op>
struct only_for_floating_point;

/// The node of an operator on operands; a compile error `cannot_broadcast<Op, shape<…>, shape<…>>` where no common shape exists.
template <class Op, class... X>
constexpr auto make_map(Op op, X&&... x) {
    if constexpr (detail::refuses_bools<Op, node_t<X>...>) return not_for_bools<Op>{};
    else if constexpr (detail::refuses_complex<Op, node_t<X>...>) return not_for_complex<Op>{};
    else if constexpr (detail::wants_integers<Op, node_t<X>...>) return only_for_integers<Op>{};
    else if constexpr (detail::wants_floating_point<Op, node_t<X>...>) return only_for_floating_point<Op>{};
    else if constexpr (broadcast_all<shape_t<node_t<X>>...>::fits)
        return map_node<Op, node_t<X>...>(op, as_node(std::forward<X>(x))...);
    else return typename broadcast_conflict<Op, shape_t<node_t<X>>...>::type{};
}

namespace detail {
/// Whether X is what a kernel computes with: a pack, a mask, or a dual number of those.
template <class X>
inline constexpr bool in_kernel = element::is_pack<X> || element::is_mask<X> || element::is_complex_pack<X>;
template <element::is_dual X>
inline constexpr bool in_kernel<X> = in_kernel<typename X::value_type>;

/// The type of lanes that operands of a function on lanes have in common: a number beside lanes becomes lanes, a pack
/// beside a dual number a dual number.
template <class V>
struct common_lane {
    using type = V;
    template <class U>
    friend constexpr auto operator+(std::type_identity<U>, common_lane) {
        if constexpr (std::is_void_v<U> || std::is_arithmetic_v<U>) return std::type_identity<V>{};
        else if constexpr (std::is_arithmetic_v<V> || (element::is_dual<U> && !element::is_dual<V>) ||
                           (element::is_complex_pack<U> && element::is_pack<V>))
            return std::type_identity<U>{};
        else return std::type_identity<V>{};
    }
};
template <class... V>
using common_lane_t = typename decltype((std::type_identity<void>{} + ... + common_lane<V>{}))::type;

/// Lanes as an operator wants them: an operator on truth values takes the mask of any element size.
template <class Op, class T, class V>
TENON_LANE auto operand_lanes(V const& v) {
    if constexpr (std::is_same_v<T, bool> && element::is_mask<V> && requires { typename Op::any_mask; }) return v;
    else return math::convert<element::computed_t<T>>(v);
}
}  // namespace detail

/// What an elementwise function is called with: lanes, or numbers and lanes.
template <class... X>
concept lanes_or_numbers = (detail::in_kernel<std::remove_cvref_t<X>> || ...) &&
                           ((detail::in_kernel<std::remove_cvref_t<X>> || number<std::remove_cvref_t<X>>) && ...);
template <class... X>
concept numbers = ((number<std::remove_cvref_t<X>> && !detail::in_kernel<std::remove_cvref_t<X>>) && ...);
/// Operands of an elementwise function: tensors and numbers, numbers alone, or lanes and numbers.
template <class... X>
concept elementwise_operands =
    ((expression<X> || ...) && (operand<X> && ...)) || numbers<X...> || lanes_or_numbers<X...>;

/// An operator on what it is given: on tensors it makes a node, on numbers and lanes it computes.
template <class Op, class... X>
    requires elementwise_operands<X...>
TENON_LANE auto call_op(Op const& op, X&&... x) {
    if constexpr ((expression<X> || ...)) return make_map(op, std::forward<X>(x)...);
    else if constexpr (numbers<X...>) {
        using types = detail::map_types<Op, scalar<std::remove_cvref_t<X>>...>;
        return [&]<std::size_t... I>(std::index_sequence<I...>) TENON_LAMBDA_INLINE {
            return element::element_of<typename types::result>(
                apply_op(op, math::convert<element::computed_t<typename types::template operand<I>>>(
                                 element::load_lanes<1>(&x))...));
        }(std::index_sequence_for<X...>{});
    } else {
        using widest = detail::common_lane_t<std::remove_cvref_t<X>...>;
        return apply_op(op, static_cast<widest>(x)...);
    }
}

/// A function object made from an operator.
template <class Op>
struct elementwise {
    template <class... X>
        requires elementwise_operands<X...>
    TENON_LANE auto operator()(X&&... x) const {
        return call_op(Op{}, std::forward<X>(x)...);
    }
};

}  // namespace tenon::inline TENON_TARGET
