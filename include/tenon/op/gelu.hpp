// gelu, gelu_tanh
#pragma once

#include <tenon/op/elementwise.hpp>
#include <tenon/op/erf.hpp>
#include <tenon/op/hyperbolic.hpp>
#include <tenon/scalar/math.hpp>

namespace tenon::inline TENON_TARGET {

namespace op {
struct gelu : floating {
    static constexpr char const* name = "gelu";
    template <class V>
    TENON_LANE static auto value(V x) {
        return 0.5 * x * math::erfc(x * -0.70710678118654752440);
    }
    template <std::size_t, class V>
    TENON_LANE static auto slope(V, V x) {
        V const density = 0.39894228040143267794 * element::exp(x * x * -0.5);
        return 0.5 * element::erfc(x * -0.70710678118654752440) + x * density;
    }
};
struct gelu_tanh : floating {
    static constexpr char const* name = "gelu_tanh";
    static constexpr double factor = 0.79788456080286535588, cubic = 0.044715;
    template <class V>
    TENON_LANE static V inner(V x) {
        return factor * (x + cubic * (x * x * x));
    }
    template <class V>
    TENON_LANE static auto value(V x) {
        return 0.5 * x * (1 + math::tanh(inner(x)));
    }
    template <std::size_t, class V>
    TENON_LANE static auto slope(V, V x) {
        V const t = element::tanh(inner(x));
        return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * (factor * (1 + 3 * cubic * (x * x)));
    }
};
}  // namespace op

/// x Φ(x) with Φ the normal distribution; slope Φ(x) + x φ(x); torch.nn.functional.gelu.
inline constexpr elementwise<op::gelu> gelu{};
/// gelu with Φ(x) ≈ (1 + tanh(√(2/π) (x + 0.044715 x³)))/2; torch.nn.functional.gelu(x, approximate="tanh").
inline constexpr elementwise<op::gelu_tanh> gelu_tanh{};

namespace element {
template <lane V>
TENON_LANE auto gelu(V x) {
    return apply_op(op::gelu{}, x);
}
template <lane V>
TENON_LANE auto gelu_tanh(V x) {
    return apply_op(op::gelu_tanh{}, x);
}
}  // namespace element

}  // namespace tenon::inline TENON_TARGET
