// Comparisons as C++ operators: bool tensors without gradients.
#pragma once

#include <tenon/op/arithmetic.hpp>
#include <tenon/op/elementwise.hpp>

namespace tenon::inline TENON_TARGET {

namespace op {
struct eq : comparison {
    using for_complex = void;
    static constexpr char const* name = "eq";
    template <class V>
    TENON_LANE static auto value(V a, V b) {
        return a == b;
    }
};
struct ne : comparison {
    using for_complex = void;
    static constexpr char const* name = "ne";
    template <class V>
    TENON_LANE static auto value(V a, V b) {
        return a != b;
    }
};
struct lt : comparison {
    static constexpr char const* name = "lt";
    template <class V>
    TENON_LANE static auto value(V a, V b) {
        if constexpr (element::is_mask<V>) return (!a) & b;
        else return a < b;
    }
};
struct le : comparison {
    static constexpr char const* name = "le";
    template <class V>
    TENON_LANE static auto value(V a, V b) {
        if constexpr (element::is_mask<V>) return (!a) | b;
        else return a <= b;
    }
};
struct gt : comparison {
    static constexpr char const* name = "gt";
    template <class V>
    TENON_LANE static auto value(V a, V b) {
        if constexpr (element::is_mask<V>) return a & !b;
        else return a > b;
    }
};
struct ge : comparison {
    static constexpr char const* name = "ge";
    template <class V>
    TENON_LANE static auto value(V a, V b) {
        if constexpr (element::is_mask<V>) return a | !b;
        else return a >= b;
    }
};
}  // namespace op

/// a == b, elementwise and broadcast, in the common type; torch.eq.
template <class A, class B>
    requires operands<A, B>
constexpr auto operator==(A&& a, B&& b) {
    return make_map(op::eq{}, std::forward<A>(a), std::forward<B>(b));
}
/// a != b, elementwise and broadcast, in the common type; torch.ne.
template <class A, class B>
    requires operands<A, B>
constexpr auto operator!=(A&& a, B&& b) {
    return make_map(op::ne{}, std::forward<A>(a), std::forward<B>(b));
}
/// a < b, elementwise and broadcast, in the common type; torch.lt.
template <class A, class B>
    requires operands<A, B>
constexpr auto operator<(A&& a, B&& b) {
    return make_map(op::lt{}, std::forward<A>(a), std::forward<B>(b));
}
/// a <= b, elementwise and broadcast, in the common type; torch.le.
template <class A, class B>
    requires operands<A, B>
constexpr auto operator<=(A&& a, B&& b) {
    return make_map(op::le{}, std::forward<A>(a), std::forward<B>(b));
}
/// a > b, elementwise and broadcast, in the common type; torch.gt.
template <class A, class B>
    requires operands<A, B>
constexpr auto operator>(A&& a, B&& b) {
    return make_map(op::gt{}, std::forward<A>(a), std::forward<B>(b));
}
/// a >= b, elementwise and broadcast, in the common type; torch.ge.
template <class A, class B>
    requires operands<A, B>
constexpr auto operator>=(A&& a, B&& b) {
    return make_map(op::ge{}, std::forward<A>(a), std::forward<B>(b));
}

}  // namespace tenon::inline TENON_TARGET
