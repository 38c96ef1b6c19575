// abs, sign
#pragma once

#include <tenon/op/elementwise.hpp>
#include <tenon/scalar/math.hpp>

namespace tenon::inline TENON_TARGET {

namespace element {
template <lane V>
TENON_LANE auto sign(V x);
}  // namespace element

namespace op {
struct sign : arithmetic, steps {
    static constexpr char const* name = "sign";
    template <class V>
    TENON_LANE static auto value(V x) {
        if constexpr (element::is_mask<V>) return x;
        else return math::convert<typename V::value_type>(x > 0) - math::convert<typename V::value_type>(x < 0);
    }
};
struct abs : numeric {
    using for_complex = void;
    static constexpr char const* name = "abs";
    template <class Common> using result = element::real_t<Common>;
    template <class V>
    TENON_LANE static auto value(V x) {
        return math::abs(x);
    }
    /// Of a complex number g z/|z|, 0 at 0.
    template <std::size_t, class G, class Y, element::is_complex_pack V>
    TENON_LANE static V backward(G g, Y y, V z) {
        return math::select(y == 0, V(0), V(z.re * g / y, z.im * g / y));
    }
    template <std::size_t, class V>
    TENON_LANE static auto slope(V, V x) {
        return element::sign(x);
    }
};
}  // namespace op

/// −1, 0 or 1, and 0 for NaN; its slope is 0; torch.sign.
inline constexpr elementwise<op::sign> sign{};
/// |x|, a real number; slope sign(x), 0 at 0; torch.abs.
inline constexpr elementwise<op::abs> abs{};

namespace element {
template <lane V>
TENON_LANE auto sign(V x) {
    return apply_op(op::sign{}, x);
}
template <lane V>
TENON_LANE auto abs(V x) {
    return apply_op(op::abs{}, x);
}
}  // namespace element

}  // namespace tenon::inline TENON_TARGET
