// hardshrink, softshrink, tanhshrink
#pragma once

#include <tenon/op/elementwise.hpp>
#include <tenon/op/hyperbolic.hpp>
#include <tenon/scalar/math.hpp>

namespace tenon::inline TENON_TARGET {

namespace op {
struct hardshrink : floating {
    static constexpr char const* name = "hardshrink";
    double lambda;
    template <class V>
    TENON_LANE V value(V x) const {
        return math::select((x >= -lambda) & (x <= lambda), V(0), x);
    }
    template <std::size_t, class V>
    TENON_LANE auto slope(V, V x) const {
        return !((x >= -lambda) & (x <= lambda));
    }
};
struct softshrink : hardshrink {
    static constexpr char const* name = "softshrink";
    explicit constexpr softshrink(double l) : hardshrink{{}, l} {}
    /// A NaN stays.
    template <class V>
    TENON_LANE V value(V x) const {
        return math::select(x > lambda, x - lambda, math::select(x < -lambda, x + lambda, x * 0));
    }
};
struct tanhshrink : floating {
    using for_complex = void;
    static constexpr char const* name = "tanhshrink";
    template <class V>
    TENON_LANE static auto value(V x) {
        return x - math::tanh(x);
    }
    template <std::size_t, class V>
    TENON_LANE static auto slope(V, V x) {
        V const t = element::tanh(x);
        return t * t;
    }
};
}  // namespace op

/// x where |x| > λ, else 0; slope 1 or 0; torch.nn.functional.hardshrink.
template <class X>
    requires elementwise_operands<X>
TENON_LANE auto hardshrink(X&& x, double lambda = 0.5) {
    return call_op(op::hardshrink{{}, lambda}, std::forward<X>(x));
}
/// x − λ where x > λ, x + λ where x < −λ, else 0; slope 1 or 0; torch.nn.functional.softshrink.
template <class X>
    requires elementwise_operands<X>
TENON_LANE auto softshrink(X&& x, double lambda = 0.5) {
    return call_op(op::softshrink(lambda), std::forward<X>(x));
}
/// x − tanh x; slope tanh² x; torch.nn.functional.tanhshrink.
inline constexpr elementwise<op::tanhshrink> tanhshrink{};

namespace element {
using tenon::hardshrink;
using tenon::softshrink;
template <lane V>
TENON_LANE auto tanhshrink(V x) {
    return apply_op(op::tanhshrink{}, x);
}
}  // namespace element

}  // namespace tenon::inline TENON_TARGET
