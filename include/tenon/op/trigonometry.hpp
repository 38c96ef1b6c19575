// sin, cos, tan and their inverses
#pragma once

#include <tenon/op/elementwise.hpp>
#include <tenon/op/sqrt.hpp>
#include <tenon/scalar/math.hpp>

namespace tenon::inline TENON_TARGET {

namespace element {
template <lane V>
TENON_LANE auto sin(V x);
template <lane V>
TENON_LANE auto cos(V x);
}  // namespace element

namespace op {
struct sin : floating {
    using for_complex = void;
    static constexpr char const* name = "sin";
    template <class V>
    TENON_LANE static auto value(V x) {
        return math::sin(x);
    }
    template <std::size_t, class V>
    TENON_LANE static auto slope(V, V x) {
        return element::cos(x);
    }
};
struct cos : floating {
    using for_complex = void;
    static constexpr char const* name = "cos";
    template <class V>
    TENON_LANE static auto value(V x) {
        return math::cos(x);
    }
    template <std::size_t, class V>
    TENON_LANE static auto slope(V, V x) {
        return -element::sin(x);
    }
};
struct tan : floating {
    using for_complex = void;
    static constexpr char const* name = "tan";
    using slope_of_value = void;
    template <class V>
    TENON_LANE static auto value(V x) {
        return math::tan(x);
    }
    template <std::size_t, class V>
    TENON_LANE static auto slope(V y, V) {
        return y * y + 1;
    }
};
struct asin : floating {
    using for_complex = void;
    static constexpr char const* name = "asin";
    template <class V>
    TENON_LANE static auto value(V x) {
        return math::asin(x);
    }
    template <std::size_t, class V>
    TENON_LANE static auto slope(V, V x) {
        return element::rsqrt(1 - x * x);
    }
};
struct acos : floating {
    using for_complex = void;
    static constexpr char const* name = "acos";
    template <class V>
    TENON_LANE static auto value(V x) {
        return math::acos(x);
    }
    template <std::size_t, class V>
    TENON_LANE static auto slope(V, V x) {
        return -element::rsqrt(1 - x * x);
    }
};
struct atan : floating {
    using for_complex = void;
    static constexpr char const* name = "atan";
    template <class V>
    TENON_LANE static auto value(V x) {
        return math::atan(x);
    }
    template <std::size_t, class V>
    TENON_LANE static auto slope(V, V x) {
        return 1 / (x * x + 1);
    }
};
}  // namespace op

/// Sine; slope cos x; torch.sin.
inline constexpr elementwise<op::sin> sin{};
/// Cosine; slope −sin x; torch.cos.
inline constexpr elementwise<op::cos> cos{};
/// Tangent; slope 1 + y²; torch.tan.
inline constexpr elementwise<op::tan> tan{};
/// Arc sine; slope 1/√(1 − x²); torch.asin.
inline constexpr elementwise<op::asin> asin{};
/// Arc cosine; slope −1/√(1 − x²); torch.acos.
inline constexpr elementwise<op::acos> acos{};
/// Arc tangent; slope 1/(1 + x²); torch.atan.
inline constexpr elementwise<op::atan> atan{};

namespace element {
template <lane V>
TENON_LANE auto sin(V x) {
    return apply_op(op::sin{}, x);
}
template <lane V>
TENON_LANE auto cos(V x) {
    return apply_op(op::cos{}, x);
}
template <lane V>
TENON_LANE auto tan(V x) {
    return apply_op(op::tan{}, x);
}
template <lane V>
TENON_LANE auto asin(V x) {
    return apply_op(op::asin{}, x);
}
template <lane V>
TENON_LANE auto acos(V x) {
    return apply_op(op::acos{}, x);
}
template <lane V>
TENON_LANE auto atan(V x) {
    return apply_op(op::atan{}, x);
}
}  // namespace element

}  // namespace tenon::inline TENON_TARGET
