// leaky_relu
#pragma once

#include <tenon/op/elementwise.hpp>

namespace tenon::inline TENON_TARGET {

namespace op {
struct leaky_relu : floating {
    static constexpr char const* name = "leaky_relu";
    double negative_slope;
    template <class V>
    TENON_LANE V value(V x) const {
        return math::select(x > 0, x, x * negative_slope);
    }
    template <std::size_t, class V>
    TENON_LANE V slope(V, V x) const {
        return math::select(x > 0, V(1), V(negative_slope));
    }
};
}  // namespace op

/// x where x > 0, else slope · x; its slope at 0 is that too; torch.nn.functional.leaky_relu.
template <class X>
    requires elementwise_operands<X>
TENON_LANE auto leaky_relu(X&& x, double slope = 0.01) {
    return call_op(op::leaky_relu{{}, slope}, std::forward<X>(x));
}
namespace element {
using tenon::leaky_relu;
}  // namespace element

}  // namespace tenon::inline TENON_TARGET
