// threshold
#pragma once

#include <tenon/op/elementwise.hpp>
#include <tenon/scalar/math.hpp>

namespace tenon::inline TENON_TARGET {

namespace op {
struct threshold : numeric {
    static constexpr char const* name = "threshold";
    double limit, otherwise;
    template <class V>
    TENON_LANE V value(V x) const {
        using T = typename V::value_type;
        return math::select(x <= V(tenon::detail::bound_for<T>(limit)), V(tenon::detail::bound_for<T>(otherwise)), x);
    }
    template <std::size_t, class V>
    TENON_LANE V slope(V, V x) const {
        return math::select(x <= limit, V(0), V(1));
    }
};
}  // namespace op

/// x where x > limit, else another value, both cut toward zero for integers, which stay integers; slope 1 or 0; torch.nn.functional.threshold.
template <class X>
    requires elementwise_operands<X>
TENON_LANE auto threshold(X&& x, double limit, double value) {
    return call_op(op::threshold{{}, limit, value}, std::forward<X>(x));
}
namespace element {
using tenon::threshold;
}  // namespace element

}  // namespace tenon::inline TENON_TARGET
