// Elementwise nodes: one operator applied to operands that are broadcast together.
#pragma once

#include <type_traits>
#include <utility>

#include <tenon/core/tuple.hpp>
#include <tenon/expr/leaf.hpp>
#include <tenon/scalar/dual.hpp>

namespace tenon::inline TENON_TARGET {

namespace op {

// How an operator's element types follow from its operands'. `computed` is what operands are converted to, `result` what
// comes out; an operator derives from one of these.

/// The operands' common type: 1 + 2.5f is a float.
struct arithmetic {
    template <class Common> using computed = Common;
    template <class Common> using result = Common;
};
/// Like arithmetic, but integers are computed in float: exp(1) is a float.
struct floating {
    template <class Common> using computed = floating_t<Common>;
    template <class Common> using result = floating_t<Common>;
};
/// Compares in the common type; the result is bool and has no slope.
struct comparison {
    using no_slope = void;
    template <class Common> using computed = Common;
    template <class Common> using result = bool;
};
/// Looks at truth values alone.
struct logical {
    using no_slope = void;
    template <class> using computed = bool;
    template <class> using result = bool;
};

}  // namespace op

/// An operator's value on lanes; for dual numbers also the tangents, by the operator's slope.
template <class Op, class... V>
TENON_LANE auto apply_op(Op const& op, V const&... v) {
    if constexpr ((element::is_dual<V> || ...) && !requires { typename Op::generic; }) {
        auto const y = op.value(v.value...);
        if constexpr (requires { typename Op::no_slope; }) return y;
        else {
            using result = nth<0, V...>;
            result d(y);
            unroll<sizeof...(V)>([&](auto i) {
                auto const s = op.template slope<i>(y, v.value...);
                auto const& arg = get<i>(tuple<V const&...>{{v}...});
                for (std::size_t k = 0; k != result::directions; ++k) d.tangent[k] = d.tangent[k] + s * arg.tangent[k];
            });
            return d;
        }
    } else return op.value(v...);
}

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
}  // namespace detail

/// `op(a, b, …)` elementwise over the operands' common shape.
/// @tparam Op a class with `value(v…)` and, unless it has no slope, `slope<I>(y, v…)` = ∂value/∂v_I
template <class Op, class... A>
class map_node
    : public expression_base<map_node<Op, A...>, typename detail::map_types<Op, A...>::result, broadcast_t<shape_t<A>...>> {
public:
    using shape_type = broadcast_t<shape_t<A>...>;
    using types = detail::map_types<Op, A...>;
    static constexpr std::size_t operand_count = sizeof...(A);

    constexpr map_node(Op op, A... a)
        : shape_(broadcast_shapes(Op::name, a.shape()...)), operands{{std::move(a)}...}, operation(op) {}
    constexpr auto shape() const { return shape_; }

private:
    [[no_unique_address]] shape_type shape_;

public:
    tuple<A...> operands;
    [[no_unique_address]] Op operation;
};

/// The node of an operator on operands; a compile error `cannot_broadcast<shape<…>, shape<…>>` where no common shape exists.
template <class Op, class... X>
constexpr auto make_map(Op op, X&&... x) {
    if constexpr (broadcast_all<shape_t<node_t<X>>...>::fits) return map_node<Op, node_t<X>...>(op, as_node(std::forward<X>(x))...);
    else return cannot_broadcast<shape_t<node_t<X>>...>{};
}

/// A function object made from an operator: on tensors it makes a node, on numbers and lanes it computes.
template <class Op>
struct elementwise {
    template <class... X>
        requires((expression<X> || ...) && (operand<X> && ...))
    constexpr auto operator()(X&&... x) const {
        return make_map(Op{}, std::forward<X>(x)...);
    }
    template <class... X>
        requires(!(expression<X> || ...) && (number<std::remove_cvref_t<X>> && ...))
    constexpr auto operator()(X... x) const {
        using types = detail::map_types<Op, scalar<X>...>;
        return lanes(math::convert<typename types::template operand<0>>(element::lane_t<X, 1>(x))...)[0];
    }
    template <class... X>
        requires(!(expression<X> || ...) && (element::lane<X> || ...))
    TENON_LANE auto operator()(X... x) const {
        return lanes(x...);
    }

private:
    template <class... V>
    TENON_LANE auto lanes(V... v) const {
        using widest = typename decltype((std::type_identity<void>{} + ... + lane_type<V>{}))::type;
        return apply_op(Op{}, static_cast<widest>(v)...);
    }
    template <class V>
    struct lane_type {
        using type = V;
        template <class U>
        friend constexpr auto operator+(std::type_identity<U>, lane_type) {
            // A plain number beside lanes becomes lanes; a pack beside a dual becomes a dual.
            if constexpr (std::is_void_v<U> || std::is_arithmetic_v<U>) return std::type_identity<V>{};
            else if constexpr (std::is_arithmetic_v<V> || (element::is_dual<U> && !element::is_dual<V>)) return std::type_identity<U>{};
            else return std::type_identity<V>{};
        }
    };
};

}  // namespace tenon::inline TENON_TARGET
