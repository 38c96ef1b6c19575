// elu, selu, celu
#pragma once

#include <tenon/op/elementwise.hpp>
#include <tenon/op/exp.hpp>
#include <tenon/scalar/math.hpp>

namespace tenon::inline TENON_TARGET {

namespace op {
/// scale · x where x > 0, else scale · alpha · (e^(x / width) − 1)
struct elu : floating {
    static constexpr char const* name = "elu";
    double alpha = 1, scale = 1, width = 1;
    template <class V>
    TENON_LANE V value(V x) const {
        return math::select(x > 0, scale * x, scale * alpha * math::expm1(x * (1 / width)));
    }
    template <std::size_t, class V>
    TENON_LANE V slope(V, V x) const {
        return math::select(x <= 0, scale * alpha / width * element::exp(x * (1 / width)), V(scale));
    }
};
struct selu : elu {
    static constexpr char const* name = "selu";
    constexpr selu() : elu{{}, 1.6732632423543772848, 1.0507009873554804934, 1} {}
};
struct celu : elu {
    static constexpr char const* name = "celu";
    explicit constexpr celu(double a) : elu{{}, a, 1, a} {}
};
}  // namespace op

/// x where x > 0, else α (eˣ − 1); slope 1 or α eˣ, which it is at 0, and 1 at NaN; torch.nn.functional.elu.
template <class X>
    requires elementwise_operands<X>
TENON_LANE auto elu(X&& x, double alpha = 1) {
    return call_op(op::elu{{}, alpha}, std::forward<X>(x));
}
/// elu with α and a scale that keep mean 0 and variance 1 from layer to layer; torch.nn.functional.selu.
inline constexpr elementwise<op::selu> selu{};
/// x where x > 0, else α (e^(x/α) − 1); slope 1 or e^(x/α); torch.nn.functional.celu.
template <class X>
    requires elementwise_operands<X>
TENON_LANE auto celu(X&& x, double alpha = 1) {
    return call_op(op::celu(alpha), std::forward<X>(x));
}
namespace element {
using tenon::celu;
using tenon::elu;
template <lane V>
TENON_LANE auto selu(V x) {
    return apply_op(op::selu{}, x);
}
}  // namespace element

}  // namespace tenon::inline TENON_TARGET
