// What an operator is: how its element types follow from its operands', its value on lanes, and its slopes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <tenon/base/tuple.hpp>
#include <tenon/scalar/dual.hpp>
#include <tenon/scalar/promote.hpp>

namespace tenon::inline TENON_TARGET {

namespace op {

// How an operator's element types follow from its operands'. `computed` is what operands are converted to, `result` what
// comes out; an operator derives from one of these. One that has a value for complex numbers too says so by a type `for_complex`;
// others refuse them.

/// The operands' common type: 1 + 2.5f is a float.
struct arithmetic {
    template <class Common> using computed = Common;
    template <class Common> using result = Common;
};
/// The same for what has no meaning for truth values; a compile error `not_for_bools<Op>` for them.
struct numeric : arithmetic {
    using numbers_only = void;
};
/// Like arithmetic, but bools become int64.
struct counting {
    template <class Common> using computed = std::conditional_t<std::is_same_v<Common, bool>, std::int64_t, Common>;
    template <class Common> using result = computed<Common>;
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
    using any_mask = void;
    template <class> using computed = bool;
    template <class> using result = bool;
};

}  // namespace op

/// A slope of exactly 1, -1 or 0: the gradient passes as it is, turns its sign, or ends.
using slope_one = std::integral_constant<int, 1>;
using slope_minus_one = std::integral_constant<int, -1>;
using slope_zero = std::integral_constant<int, 0>;

namespace op {
/// The slope of steps such as `floor`: 0. They are differentiable, as in PyTorch, unlike what gives no number or is detached.
struct steps {
    template <std::size_t, class Y, class V>
    TENON_LANE static slope_zero slope(Y const&, V const&) {
        return {};
    }
};
}  // namespace op

namespace detail {
/// A tangent t times a slope s. A slope may be a number that is known, which costs nothing, or a mask of where the gradient passes:
/// what does not pass is 0 even where t is infinite or NaN.
template <class G, class S>
TENON_LANE auto scaled_by_slope(G const& g, S const& s) {
    if constexpr (std::is_same_v<S, slope_one>) return g;
    else if constexpr (std::is_same_v<S, slope_minus_one>) return -g;
    else if constexpr (std::is_same_v<S, slope_zero>) return G(0);
    else if constexpr (element::is_mask<S> && element::is_pack<G>) return math::detail::chosen(s, g, G(0));
    else if constexpr (element::is_mask<S>) return math::select(s, g, G(0));
    else return g * s;
}
/// A gradient g times a slope s; a complex one's conjugate: g is ∂L/∂x + i ∂L/∂y of a real L, as in PyTorch.
template <class G, class S>
TENON_LANE auto times_slope(G const& g, S const& s) {
    if constexpr (element::is_complex_pack<S>) return detail::scaled_by_slope(g, math::conj(s));
    else return detail::scaled_by_slope(g, s);
}

/// The gradient of operand number I: g times its slope, or what the operator itself makes of g by `backward<I>(g, y, v…)`, as those
/// of complex numbers do that have no complex derivative.
template <std::size_t I, class Op, class G, class Y, class... V>
TENON_LANE auto operand_gradient(Op const& op, G const& g, Y const& y, V const&... v) {
    if constexpr (requires { op.template backward<I>(g, y, v...); }) return op.template backward<I>(g, y, v...);
    else return detail::times_slope(g, op.template slope<I>(y, v...));
}

/// Whether a tangent is 0 in every direction, also in those of its own.
template <class G>
TENON_LANE auto vanishes(G const& g) {
    if constexpr (element::is_dual<G>) {
        auto all = detail::vanishes(g.value);
        for (auto const& t : g.tangent) all = all & detail::vanishes(t);
        return all;
    } else return g == 0;
}
/// g · s, and 0 for an operand that may be constant in this direction even if its slope is infinite or NaN, as x^2.5.
template <bool MayBeConstant, class G, class S>
TENON_LANE auto tangent_times(G const& g, S const& s) {
    auto const product = detail::scaled_by_slope(g, s);
    if constexpr (!MayBeConstant || element::is_mask<S> || std::is_convertible_v<S, int>) return product;
    else return math::select(detail::vanishes(g), G(0), product);
}

/// The value of a dual number; anything else as it is.
template <class V>
TENON_LANE auto const& primal(V const& v) {
    if constexpr (element::is_dual<V>) return v.value;
    else return v;
}

/// Lanes as V, for an operator whose result has another type than its operand.
template <class V, class G>
TENON_LANE auto lanes_as(G const& g) {
    if constexpr (std::is_same_v<V, G>) return g;
    else if constexpr (element::is_dual<V>) {
        V d(detail::lanes_as<typename V::value_type>(g.value));
        for (std::size_t k = 0; k != V::directions; ++k)
            d.tangent[k] = detail::lanes_as<typename V::value_type>(g.tangent[k]);
        return d;
    } else return math::convert<typename V::value_type>(g);
}

template <class V, class... Rest>
struct directions_of : directions_of<Rest...> {};
template <element::is_dual V, class... Rest>
struct directions_of<V, Rest...> : std::integral_constant<std::size_t, V::directions> {};
}  // namespace detail

/// An operator's value on lanes; for dual numbers also the tangents, by the operator's slope. Where some operands are
/// dual numbers, the others are constants.
template <class Op, class... V>
TENON_LANE auto apply_op(Op const& op, V const&... v) {
    if constexpr ((element::is_dual<V> || ...) && !requires { typename Op::generic; }) {
        auto const y = apply_op(op, detail::primal(v)...);
        using value = std::remove_const_t<decltype(y)>;
        if constexpr (element::is_mask<value>) return y;
        else {
            constexpr bool several = sizeof...(V) > 1;
            element::dual<value, detail::directions_of<V...>::value> d(y);
            if constexpr (!requires { typename Op::no_slope; })
                unroll<sizeof...(V)>([&](auto i) TENON_LAMBDA_INLINE {
                    auto const& arg = get<i>(tuple<V const&...>{{v}...});
                    if constexpr (element::is_dual<decltype(arg)>) {
                        auto const s = op.template slope<i>(y, detail::primal(v)...);
                        if constexpr (!std::is_same_v<decltype(s), slope_zero const>)
                            for (std::size_t k = 0; k != d.directions; ++k)
                                d.tangent[k] = d.tangent[k] + detail::lanes_as<value>(
                                                                  detail::tangent_times<several>(arg.tangent[k], s));
                    }
                });
            return d;
        }
    } else return op.value(v...);
}

}  // namespace tenon::inline TENON_TARGET
