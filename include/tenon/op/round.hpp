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
struct round_decimals : numeric {
    static constexpr char const* name = "round";
    int decimals;
    template <class V>
    TENON_LANE V value(V x) const {
        using T = typename V::value_type;
        static_assert(std::is_floating_point_v<T>, "round to decimals is for floating point elements");
        V const power(static_cast<T>(power_of_ten()));
        if (decimals < 0) return math::round(x / power) * power;
        return math::round(x * power) / power;
    }
    template <std::size_t, class V>
    TENON_LANE static slope_zero slope(V, V) {
        return {};
    }

private:
    TENON_LANE double power_of_ten() const {
        double p = 1;
        for (int i = decimals < 0 ? -decimals : decimals; i > 0 && p < 1e308; --i) p *= 10;
        return p;
    }
};
}  // namespace op

namespace detail {
/// The options of round.
struct round_options {
    int decimals = 0;
};
struct round_function : elementwise<op::round> {
    using elementwise<op::round>::operator();
    template <class X>
        requires elementwise_operands<X>
    TENON_LANE auto operator()(X&& x, int decimals) const {
        return call_op(op::round_decimals{{}, decimals}, std::forward<X>(x));
    }
    template <class X>
        requires elementwise_operands<X>
    TENON_LANE auto operator()(X&& x, round_options options) const {
        return (*this)(std::forward<X>(x), options.decimals);
    }
};
}  // namespace detail

/// The greatest integer not above x, in the element type of x; torch.floor.
inline constexpr elementwise<op::floor> floor{};
/// The least integer not below x; torch.ceil.
inline constexpr elementwise<op::ceil> ceil{};
/// The nearest integer, of two equally near the even one; `round(x, n)` or `round(x, {.decimals = n})` the nearest multiple of
/// 10^(−n), of floating point elements; torch.round.
inline constexpr detail::round_function round{};
/// x without its fraction; torch.trunc.
inline constexpr elementwise<op::trunc> trunc{};
/// trunc by another name; torch.fix.
inline constexpr elementwise<op::trunc> fix{};
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
