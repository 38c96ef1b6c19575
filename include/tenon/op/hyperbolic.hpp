// sinh, cosh, tanh and their inverses
#pragma once

#include <tenon/op/elementwise.hpp>
#include <tenon/op/sqrt.hpp>
#include <tenon/scalar/math.hpp>

namespace tenon::inline TENON_TARGET {

namespace element {
template <lane V>
TENON_LANE auto sinh(V x);
template <lane V>
TENON_LANE auto cosh(V x);
}  // namespace element

namespace op {
struct sinh : floating {
    using for_complex = void;
    static constexpr char const* name = "sinh";
    template <class V>
    TENON_LANE static auto value(V x) {
        return math::sinh(x);
    }
    template <std::size_t, class V>
    TENON_LANE static auto slope(V, V x) {
        return element::cosh(x);
    }
};
struct cosh : floating {
    using for_complex = void;
    static constexpr char const* name = "cosh";
    template <class V>
    TENON_LANE static auto value(V x) {
        return math::cosh(x);
    }
    template <std::size_t, class V>
    TENON_LANE static auto slope(V, V x) {
        return element::sinh(x);
    }
};
struct tanh : floating {
    using for_complex = void;
    static constexpr char const* name = "tanh";
    using slope_of_value = void;
    template <class V>
    TENON_LANE static auto value(V x) {
        return math::tanh(x);
    }
    template <std::size_t, class V>
    TENON_LANE static auto slope(V y, V) {
        return 1 - y * y;
    }
};
struct asinh : floating {
    using for_complex = void;
    static constexpr char const* name = "asinh";
    template <class V>
    TENON_LANE static auto value(V x) {
        return math::asinh(x);
    }
    template <std::size_t, class V>
    TENON_LANE static auto slope(V, V x) {
        return element::rsqrt(x * x + 1);
    }
};
struct acosh : floating {
    using for_complex = void;
    static constexpr char const* name = "acosh";
    template <class V>
    TENON_LANE static auto value(V x) {
        return math::acosh(x);
    }
    template <std::size_t, class V>
    TENON_LANE static auto slope(V, V x) {
        // The branch cut of one root would be another one for complex numbers.
        if constexpr (element::is_complex_pack<V>) return element::rsqrt(x - 1) * element::rsqrt(x + 1);
        else return element::rsqrt(x * x - 1);
    }
};
struct atanh : floating {
    using for_complex = void;
    static constexpr char const* name = "atanh";
    template <class V>
    TENON_LANE static auto value(V x) {
        return math::atanh(x);
    }
    template <std::size_t, class V>
    TENON_LANE static auto slope(V, V x) {
        return 1 / (1 - x * x);
    }
};
}  // namespace op

/// Hyperbolic sine; slope cosh x; torch.sinh.
inline constexpr elementwise<op::sinh> sinh{};
/// Hyperbolic cosine; slope sinh x; torch.cosh.
inline constexpr elementwise<op::cosh> cosh{};
/// Hyperbolic tangent; slope 1 − y²; torch.tanh.
inline constexpr elementwise<op::tanh> tanh{};
/// Inverse of sinh; slope 1/√(x² + 1); torch.asinh.
inline constexpr elementwise<op::asinh> asinh{};
/// Inverse of cosh; slope 1/√(x² − 1); torch.acosh.
inline constexpr elementwise<op::acosh> acosh{};
/// Inverse of tanh; slope 1/(1 − x²); torch.atanh.
inline constexpr elementwise<op::atanh> atanh{};

namespace element {
template <lane V>
TENON_LANE auto sinh(V x) {
    return apply_op(op::sinh{}, x);
}
template <lane V>
TENON_LANE auto cosh(V x) {
    return apply_op(op::cosh{}, x);
}
template <lane V>
TENON_LANE auto tanh(V x) {
    return apply_op(op::tanh{}, x);
}
template <lane V>
TENON_LANE auto asinh(V x) {
    return apply_op(op::asinh{}, x);
}
template <lane V>
TENON_LANE auto acosh(V x) {
    return apply_op(op::acosh{}, x);
}
template <lane V>
TENON_LANE auto atanh(V x) {
    return apply_op(op::atanh{}, x);
}
}  // namespace element

}  // namespace tenon::inline TENON_TARGET
