// where
#pragma once

#include <tenon/op/cast.hpp>
#include <tenon/op/elementwise.hpp>

namespace tenon::inline TENON_TARGET {

namespace op {
struct where {
    using any_mask = void;
    static constexpr char const* name = "where";
    template <class C, class A, class B>
    struct types {
        using result = promoted_value_t<A, B>;
        template <std::size_t I>
        using operand = std::conditional_t<I == 0, bool, result>;
    };
    template <class M, class A, class B>
    TENON_LANE static auto value(M condition, A a, B b) {
        return math::select(condition, a, b);
    }
    template <std::size_t I, class V, class M, class A, class B>
    TENON_LANE static auto slope(V, M condition, A, B) {
        if constexpr (I == 0) return slope_zero{};
        else if constexpr (I == 1) return condition;
        else return !condition;
    }
};

/// where on lanes: the condition stays a mask, a and b get a common type.
template <class M, class A, class B>
TENON_LANE auto where_lanes(M const& condition, A const& a, B const& b) {
    if constexpr (numbers<A, B>) {
        using type = promote_t<A, B>;
        return where::value(condition, element::lane_t<type, M::lanes>(static_cast<type>(a)),
                            element::lane_t<type, M::lanes>(static_cast<type>(b)));
    } else {
        using widest = tenon::detail::common_lane_t<A, B>;
        return where::value(condition, static_cast<widest>(a), static_cast<widest>(b));
    }
}
}  // namespace op

/// a where the condition is not 0, else b. Each gets its gradient where it was chosen and 0 elsewhere, even if what
/// was not chosen is NaN; torch.where.
template <class C, class A, class B>
    requires(elementwise_operands<C, A, B> || element::is_mask<C>)
TENON_LANE auto where(C&& condition, A&& a, B&& b) {
    if constexpr (element::is_mask<C>) return op::where_lanes(condition, a, b);
    else return call_op(op::where{}, std::forward<C>(condition), std::forward<A>(a), std::forward<B>(b));
}
namespace element {
using tenon::where;
}  // namespace element

/// x, but a value where the mask is not 0, in x's element type; no gradient there; torch.masked_fill.
/// @param value a number, or something without axes, whose gradient is the sum of those of the places
template <class X, class M>
    requires elementwise_operands<X, M>
TENON_LANE auto masked_fill(X&& x, M&& mask, value_t<X> value) {
    return where(std::forward<M>(mask), value, std::forward<X>(x));
}
template <expression X, expression M, expression V>
constexpr auto masked_fill(X&& x, M&& mask, V&& value) {
    static_assert(shape_t<V>::rank() == 0, "masked_fill: the value has no axes; where(mask, v, x) takes any");
    return where(std::forward<M>(mask), cast<value_t<X>>(std::forward<V>(value)), std::forward<X>(x));
}

}  // namespace tenon::inline TENON_TARGET
