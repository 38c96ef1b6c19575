// exp, exp2, expm1
#pragma once

#include <tenon/op/elementwise.hpp>
#include <tenon/scalar/math.hpp>

namespace tenon::inline TENON_TARGET {

namespace op {
struct exp : floating {
    using for_complex = void;
    static constexpr char const* name = "exp";
    using slope_of_value = void;
    template <class V>
    TENON_LANE static auto value(V x) {
        return math::exp(x);
    }
    template <std::size_t, class V>
    TENON_LANE static auto slope(V y, V) {
        return y;
    }
};
struct exp2 : floating {
    using for_complex = void;
    static constexpr char const* name = "exp2";
    using slope_of_value = void;
    template <class V>
    TENON_LANE static auto value(V x) {
        return math::exp2(x);
    }
    template <std::size_t, class V>
    TENON_LANE static auto slope(V y, V) {
        return y * 0.69314718055994530942;
    }
};
struct expm1 : floating {
    using for_complex = void;
    static constexpr char const* name = "expm1";
    using slope_of_value = void;
    template <class V>
    TENON_LANE static auto value(V x) {
        return math::expm1(x);
    }
    template <std::size_t, class V>
    TENON_LANE static auto slope(V y, V) {
        return y + 1;
    }
};
}  // namespace op

/// eˣ, elementwise; slope y; torch.exp.
inline constexpr elementwise<op::exp> exp{};
/// 2ˣ; slope y log 2; torch.exp2.
inline constexpr elementwise<op::exp2> exp2{};
/// eˣ − 1, exact near 0; slope y + 1; torch.expm1.
inline constexpr elementwise<op::expm1> expm1{};

namespace element {
template <lane V>
TENON_LANE auto exp(V x) {
    return apply_op(op::exp{}, x);
}
template <lane V>
TENON_LANE auto exp2(V x) {
    return apply_op(op::exp2{}, x);
}
template <lane V>
TENON_LANE auto expm1(V x) {
    return apply_op(op::expm1{}, x);
}
}  // namespace element

}  // namespace tenon::inline TENON_TARGET
