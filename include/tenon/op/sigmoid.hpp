// sigmoid, logsigmoid, silu, logit
#pragma once

#include <tenon/op/elementwise.hpp>
#include <tenon/scalar/math.hpp>

namespace tenon::inline TENON_TARGET {

namespace element {
template <lane V>
TENON_LANE auto sigmoid(V x);
}  // namespace element

namespace op {
struct sigmoid : floating {
    using for_complex = void;
    static constexpr char const* name = "sigmoid";
    using slope_of_value = void;
    template <class V>
    TENON_LANE static auto value(V x) {
        return math::sigmoid(x);
    }
    template <std::size_t, class V>
    TENON_LANE static auto slope(V y, V) {
        return (1 - y) * y;
    }
};
struct logsigmoid : floating {
    static constexpr char const* name = "logsigmoid";
    template <class V>
    TENON_LANE static auto value(V x) {
        return math::minimum(x, V(0)) - math::log1p(math::exp(-math::abs(x)));
    }
    template <std::size_t, class V>
    TENON_LANE static auto slope(V, V x) {
        return element::sigmoid(-x);
    }
};
struct silu : floating {
    using for_complex = void;
    static constexpr char const* name = "silu";
    template <class V>
    TENON_LANE static auto value(V x) {
        return x * math::sigmoid(x);
    }
    template <std::size_t, class V>
    TENON_LANE static auto slope(V, V x) {
        V const s = element::sigmoid(x);
        return s * (1 + x * (1 - s));
    }
};
struct logit : floating {
    static constexpr char const* name = "logit";
    double eps;  ///< how far x is kept from 0 and 1; negative: not at all
    template <class V>
    TENON_LANE V value(V x) const {
        if (eps >= 0) x = math::select(x < V(eps), V(eps), math::select(x > V(1 - eps), V(1 - eps), x));
        return math::log(x / (1 - x));
    }
    template <std::size_t, class V>
    TENON_LANE V slope(V, V x) const {
        double const low = eps >= 0 ? eps : 0, high = 1 - low;
        V const outside(eps >= 0 ? 0 : math::not_a_number<double>);
        return math::select((x >= low) & (x <= high), 1 / (x * (1 - x)), outside);
    }
};
}  // namespace op

/// 1/(1 + e^(−x)); slope y (1 − y); torch.sigmoid.
inline constexpr elementwise<op::sigmoid> sigmoid{};
/// log(1/(1 + e^(−x))), finite for all finite x; slope σ(−x); torch.nn.functional.logsigmoid.
inline constexpr elementwise<op::logsigmoid> logsigmoid{};
/// x σ(x); slope σ(x) (1 + x (1 − σ(x))); torch.nn.functional.silu.
inline constexpr elementwise<op::silu> silu{};
/// log(x/(1 − x)), NaN outside [0, 1]; with eps x is brought into [eps, 1 − eps] before; slope 1/(x (1 − x)), outside NaN, or 0 with
/// eps; torch.logit.
template <class X>
    requires elementwise_operands<X>
TENON_LANE auto logit(X&& x) {
    return call_op(op::logit{{}, -1}, std::forward<X>(x));
}
template <class X>
    requires elementwise_operands<X>
TENON_LANE auto logit(X&& x, double eps) {
    return call_op(op::logit{{}, eps}, std::forward<X>(x));
}

namespace element {
template <lane V>
TENON_LANE auto sigmoid(V x) {
    return apply_op(op::sigmoid{}, x);
}
template <lane V>
TENON_LANE auto logsigmoid(V x) {
    return apply_op(op::logsigmoid{}, x);
}
template <lane V>
TENON_LANE auto silu(V x) {
    return apply_op(op::silu{}, x);
}
}  // namespace element

}  // namespace tenon::inline TENON_TARGET
