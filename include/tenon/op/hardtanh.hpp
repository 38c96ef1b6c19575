// hardtanh
#pragma once

#include <tenon/op/elementwise.hpp>
#include <tenon/scalar/math.hpp>

namespace tenon::inline TENON_TARGET {

namespace op {
struct hardtanh : numeric {
    static constexpr char const* name = "hardtanh";
    using slope_of_value = void;
    double low, high;
    template <class V>
    TENON_LANE V value(V x) const {
        using T = typename V::value_type;
        return math::minimum(math::maximum(x, V(tenon::detail::bound_for<T>(low))),
                             V(tenon::detail::bound_for<T>(high)));
    }
    template <std::size_t, class V>
    TENON_LANE auto slope(V, V x) const {
        return !((x <= low) | (x >= high));
    }
};
}  // namespace op

/// min(max(x, low), high), of integers an integer, for which the bounds are cut toward zero; slope 1 between the bounds and at NaN, 0 at and beyond them; torch.nn.functional.hardtanh.
template <class X>
    requires elementwise_operands<X>
TENON_LANE auto hardtanh(X&& x, double low = -1, double high = 1) {
    return call_op(op::hardtanh{{}, low, high}, std::forward<X>(x));
}
namespace element {
using tenon::hardtanh;
}  // namespace element

}  // namespace tenon::inline TENON_TARGET
