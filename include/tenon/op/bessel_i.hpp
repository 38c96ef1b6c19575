// Modified Bessel functions of the first kind: i0; i1, i0e and i1e, which are names of tenon/special.hpp.
#pragma once

#include <tenon/op/elementwise.hpp>
#include <tenon/op/sign.hpp>
#include <tenon/scalar/special_bessel_i.hpp>

namespace tenon::inline TENON_TARGET {

namespace op {
struct i1;
struct i1e;
struct i0 : floating {
    static constexpr char const* name = "i0";
    template <class V>
    TENON_LANE static V value(V x) {
        return math::single::each(x, [](double v) { return math::single::i0(v); });
    }
    template <std::size_t, class V, class First = i1>
    TENON_LANE static V slope(V, V x) {
        return apply_op(First{}, x);
    }
};
struct i1 : floating {
    static constexpr char const* name = "i1";
    template <class V>
    TENON_LANE static V value(V x) {
        return math::single::each(x, [](double v) { return math::single::i1(v); });
    }
    template <std::size_t, class V>
    TENON_LANE static V slope(V y, V x) {
        return math::select(x == 0, V(0.5), apply_op(i0{}, x) - y / x);
    }
};
struct i0e : floating {
    static constexpr char const* name = "i0e";
    template <class V>
    TENON_LANE static V value(V x) {
        return math::single::each(x, [](double v) { return math::single::i0e(v); });
    }
    template <std::size_t, class V, class First = i1e>
    TENON_LANE static V slope(V y, V x) {
        return apply_op(First{}, x) - element::sign(x) * y;
    }
};
struct i1e : floating {
    static constexpr char const* name = "i1e";
    template <class V>
    TENON_LANE static V value(V x) {
        return math::single::each(x, [](double v) { return math::single::i1e(v); });
    }
    template <std::size_t, class V>
    TENON_LANE static V slope(V y, V x) {
        return math::select(x == 0, V(0.5), apply_op(i0e{}, x) - y * (element::sign(x) + 1 / x));
    }
};
}  // namespace op

/// The modified Bessel function I₀(x); slope I₁(x); torch.i0.
inline constexpr elementwise<op::i0> i0{};

}  // namespace tenon::inline TENON_TARGET
