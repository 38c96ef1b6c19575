// sigmoid, logsigmoid, silu
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
}  // namespace op

/// 1/(1 + e^(−x)); slope y (1 − y); torch.sigmoid.
inline constexpr elementwise<op::sigmoid> sigmoid{};
/// log(1/(1 + e^(−x))), finite for all finite x; slope σ(−x); torch.nn.functional.logsigmoid.
inline constexpr elementwise<op::logsigmoid> logsigmoid{};
/// x σ(x); slope σ(x) (1 + x (1 − σ(x))); torch.nn.functional.silu.
inline constexpr elementwise<op::silu> silu{};

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
