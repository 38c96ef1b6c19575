// square, reciprocal
#pragma once

#include <tenon/op/elementwise.hpp>
#include <tenon/scalar/math.hpp>

namespace tenon::inline TENON_TARGET {

namespace op {
struct square : counting {
    using for_complex = void;
    static constexpr char const* name = "square";
    template <class V>
    TENON_LANE static auto value(V x) {
        return x * x;
    }
    template <std::size_t, class V>
    TENON_LANE static auto slope(V, V x) {
        return 2 * x;
    }
};
struct reciprocal : floating {
    using for_complex = void;
    static constexpr char const* name = "reciprocal";
    using slope_of_value = void;
    template <class V>
    TENON_LANE static auto value(V x) {
        return 1 / x;
    }
    template <std::size_t, class V>
    TENON_LANE static auto slope(V y, V) {
        return -(y * y);
    }
};
}  // namespace op

/// x²; integers stay integers, bools become int64; slope 2x; torch.square.
inline constexpr elementwise<op::square> square{};
/// 1/x; slope −1/x²; torch.reciprocal.
inline constexpr elementwise<op::reciprocal> reciprocal{};

namespace element {
template <lane V>
TENON_LANE auto square(V x) {
    return apply_op(op::square{}, x);
}
template <lane V>
TENON_LANE auto reciprocal(V x) {
    return apply_op(op::reciprocal{}, x);
}
}  // namespace element

}  // namespace tenon::inline TENON_TARGET
