// isnan, isinf, isposinf, isneginf, isfinite
#pragma once

#include <tenon/op/elementwise.hpp>
#include <tenon/scalar/math.hpp>

namespace tenon::inline TENON_TARGET {

namespace op {
/// Looks at a floating point number; integers and bool become one, which is finite.
struct classification : comparison {
    template <class Common> using computed = floating_t<Common>;
};
struct isnan : classification {
    using for_complex = void;
    static constexpr char const* name = "isnan";
    template <class V>
    TENON_LANE static auto value(V x) {
        return math::isnan(x);
    }
};
struct isinf : classification {
    using for_complex = void;
    static constexpr char const* name = "isinf";
    template <class V>
    TENON_LANE static auto value(V x) {
        return math::isinf(x);
    }
};
struct isposinf : classification {
    static constexpr char const* name = "isposinf";
    template <class V>
    TENON_LANE static auto value(V x) {
        return math::isinf(x) & (x > 0);
    }
};
struct isneginf : classification {
    static constexpr char const* name = "isneginf";
    template <class V>
    TENON_LANE static auto value(V x) {
        return math::isinf(x) & (x < 0);
    }
};
struct isfinite : classification {
    using for_complex = void;
    static constexpr char const* name = "isfinite";
    template <class V>
    TENON_LANE static auto value(V x) {
        return math::isfinite(x);
    }
};
}  // namespace op

/// Whether x is NaN; bool; torch.isnan.
inline constexpr elementwise<op::isnan> isnan{};
/// Whether x is infinite; bool; torch.isinf.
inline constexpr elementwise<op::isinf> isinf{};
/// Whether x is ∞; bool; torch.isposinf.
inline constexpr elementwise<op::isposinf> isposinf{};
/// Whether x is −∞; bool; torch.isneginf.
inline constexpr elementwise<op::isneginf> isneginf{};
/// Whether x is neither infinite nor NaN; bool; torch.isfinite.
inline constexpr elementwise<op::isfinite> isfinite{};

namespace element {
template <lane V>
TENON_LANE auto isnan(V x) {
    return apply_op(op::isnan{}, x);
}
template <lane V>
TENON_LANE auto isinf(V x) {
    return apply_op(op::isinf{}, x);
}
template <lane V>
TENON_LANE auto isfinite(V x) {
    return apply_op(op::isfinite{}, x);
}
}  // namespace element

}  // namespace tenon::inline TENON_TARGET
