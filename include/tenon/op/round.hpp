// floor, ceil, round, trunc: steps, whose gradient is 0; frac
#pragma once

#include <tenon/op/elementwise.hpp>
#include <tenon/scalar/math.hpp>

namespace tenon::inline TENON_TARGET {

namespace op {
struct floor : numeric, steps {
    static constexpr char const* name = "floor";
    template <class V>
    TENON_LANE static auto value(V x) {
        return math::floor(x);
    }
};
struct ceil : numeric, steps {
    static constexpr char const* name = "ceil";
    template <class V>
    TENON_LANE static auto value(V x) {
        return math::ceil(x);
    }
};
struct round : numeric, steps {
    static constexpr char const* name = "round";
    template <class V>
    TENON_LANE static auto value(V x) {
        return math::round(x);
    }
};
struct trunc : numeric, steps {
    static constexpr char const* name = "trunc";
    template <class V>
    TENON_LANE static auto value(V x) {
        return math::trunc(x);
    }
};
struct frac : floating {
    static constexpr char const* name = "frac";
    template <class V>
    TENON_LANE static auto value(V x) {
        return x - math::trunc(x);
    }
    template <std::size_t, class V>
    TENON_LANE static auto slope(V, V) {
        return V(1);
    }
};
}  // namespace op

/// The greatest integer not above x, in the element type of x; torch.floor.
inline constexpr elementwise<op::floor> floor{};
/// The least integer not below x; torch.ceil.
inline constexpr elementwise<op::ceil> ceil{};
/// The nearest integer, of two equally near the even one; torch.round.
inline constexpr elementwise<op::round> round{};
/// x without its fraction; torch.trunc.
inline constexpr elementwise<op::trunc> trunc{};
/// What trunc leaves out, x − trunc x; slope 1; torch.frac.
inline constexpr elementwise<op::frac> frac{};

namespace element {
template <lane V>
TENON_LANE auto floor(V x) {
    return apply_op(op::floor{}, x);
}
template <lane V>
TENON_LANE auto ceil(V x) {
    return apply_op(op::ceil{}, x);
}
template <lane V>
TENON_LANE auto round(V x) {
    return apply_op(op::round{}, x);
}
template <lane V>
TENON_LANE auto trunc(V x) {
    return apply_op(op::trunc{}, x);
}
template <lane V>
TENON_LANE auto frac(V x) {
    return apply_op(op::frac{}, x);
}
}  // namespace element

}  // namespace tenon::inline TENON_TARGET
