// minimum, maximum, fmin, fmax
#pragma once

#include <tenon/op/elementwise.hpp>
#include <tenon/scalar/math.hpp>

namespace tenon::inline TENON_TARGET {

namespace op {
struct minimum : arithmetic {
    static constexpr char const* name = "minimum";
    template <class V>
    TENON_LANE static V value(V a, V b) {
        if constexpr (element::is_mask<V>) return a & b;
        else return math::minimum(a, b);
    }
    template <std::size_t I, class V>
    TENON_LANE static auto slope(V, V a, V b) {
        auto const loses = I == 0 ? a > b : b > a;
        return math::select(a == b, V(0.5), math::select(loses, V(0), V(1)));
    }
};
struct maximum : arithmetic {
    static constexpr char const* name = "maximum";
    template <class V>
    TENON_LANE static V value(V a, V b) {
        if constexpr (element::is_mask<V>) return a | b;
        else return math::maximum(a, b);
    }
    template <std::size_t I, class V>
    TENON_LANE static auto slope(V, V a, V b) {
        auto const loses = I == 0 ? a < b : b < a;
        return math::select(a == b, V(0.5), math::select(loses, V(0), V(1)));
    }
};
/// Beside NaN the other is chosen.
struct fmin : arithmetic {
    static constexpr char const* name = "fmin";
    template <class V>
    TENON_LANE static V value(V a, V b) {
        if constexpr (element::is_mask<V>) return a & b;
        else return math::select((a <= b) | (b != b), a, b);
    }
    template <std::size_t I, class V>
    TENON_LANE static auto slope(V, V a, V b) {
        auto const first = (a <= b) | (b != b);
        return math::select(a == b, V(0.5), math::select(I == 0 ? first : !first, V(1), V(0)));
    }
};
struct fmax : arithmetic {
    static constexpr char const* name = "fmax";
    template <class V>
    TENON_LANE static V value(V a, V b) {
        if constexpr (element::is_mask<V>) return a | b;
        else return math::select((a >= b) | (b != b), a, b);
    }
    template <std::size_t I, class V>
    TENON_LANE static auto slope(V, V a, V b) {
        auto const first = (a >= b) | (b != b);
        return math::select(a == b, V(0.5), math::select(I == 0 ? first : !first, V(1), V(0)));
    }
};
}  // namespace op

/// The lesser of a and b, NaN if either is; the gradient goes to it, half to each of equals; torch.minimum.
inline constexpr elementwise<op::minimum> minimum{};
/// The greater of a and b, NaN if either is; the gradient goes to it, half to each of equals; torch.maximum.
inline constexpr elementwise<op::maximum> maximum{};
/// The lesser of a and b, the other where one is NaN; the gradient goes to it, half to each of equals; torch.fmin.
inline constexpr elementwise<op::fmin> fmin{};
/// The greater of a and b, the other where one is NaN; the gradient goes to it, half to each of equals; torch.fmax.
inline constexpr elementwise<op::fmax> fmax{};

namespace element {
template <class A, class B>
    requires lanes_or_numbers<A, B>
TENON_LANE auto minimum(A const& a, B const& b) {
    return call_op(op::minimum{}, a, b);
}
template <class A, class B>
    requires lanes_or_numbers<A, B>
TENON_LANE auto maximum(A const& a, B const& b) {
    return call_op(op::maximum{}, a, b);
}
}  // namespace element

}  // namespace tenon::inline TENON_TARGET
