// The four operations and the sign, as C++ operators.
#pragma once

#include <tenon/op/elementwise.hpp>

namespace tenon::inline TENON_TARGET {

namespace op {

struct add : arithmetic {
    using for_complex = void;
    static constexpr char const* name = "add";
    template <class V>
    TENON_LANE static V value(V a, V b) {
        if constexpr (element::is_mask<V>) return a | b;
        else return a + b;
    }
    template <std::size_t, class V>
    TENON_LANE static slope_one slope(V, V, V) {
        return {};
    }
};
struct sub : numeric {
    using for_complex = void;
    static constexpr char const* name = "sub";
    template <class V>
    TENON_LANE static V value(V a, V b) {
        return a - b;
    }
    template <std::size_t I, class V>
    TENON_LANE static auto slope(V, V, V) {
        return std::conditional_t<I == 0, slope_one, slope_minus_one>{};
    }
};
struct mul : arithmetic {
    using for_complex = void;
    static constexpr char const* name = "mul";
    template <class V>
    TENON_LANE static V value(V a, V b) {
        if constexpr (element::is_mask<V>) return a & b;
        else return a * b;
    }
    template <std::size_t I, class V>
    TENON_LANE static V slope(V, V a, V b) {
        return I == 0 ? b : a;
    }
};
/// True division: integers give floats, as in PyTorch.
struct div : floating {
    using for_complex = void;
    static constexpr char const* name = "div";
    template <class V>
    TENON_LANE static V value(V a, V b) {
        return a / b;
    }
    template <std::size_t I, class V>
    TENON_LANE static V slope(V y, V, V b) {
        if constexpr (I == 0) return V(1) / b;
        else return -y / b;
    }
};
struct neg : numeric {
    using for_complex = void;
    static constexpr char const* name = "neg";
    template <class V>
    TENON_LANE static V value(V a) {
        return -a;
    }
    template <std::size_t, class V>
    TENON_LANE static slope_minus_one slope(V, V) {
        return {};
    }
};

}  // namespace op

/// Whether operands belong to an operator of this library: one has elements, the other may be a number.
template <class... X>
concept operands = (expression<X> || ...) && (operand<X> && ...);

/// a + b, elementwise and broadcast.
template <class A, class B>
    requires operands<A, B>
constexpr auto operator+(A&& a, B&& b) {
    return make_map(op::add{}, std::forward<A>(a), std::forward<B>(b));
}
/// a − b, elementwise and broadcast.
template <class A, class B>
    requires operands<A, B>
constexpr auto operator-(A&& a, B&& b) {
    return make_map(op::sub{}, std::forward<A>(a), std::forward<B>(b));
}
/// a · b, elementwise and broadcast; for matrix products see matmul.
template <class A, class B>
    requires operands<A, B>
constexpr auto operator*(A&& a, B&& b) {
    return make_map(op::mul{}, std::forward<A>(a), std::forward<B>(b));
}
/// a / b, elementwise and broadcast; integers give floats.
template <class A, class B>
    requires operands<A, B>
constexpr auto operator/(A&& a, B&& b) {
    return make_map(op::div{}, std::forward<A>(a), std::forward<B>(b));
}
/// −a
template <expression A>
constexpr auto operator-(A&& a) {
    return make_map(op::neg{}, std::forward<A>(a));
}
/// a itself
template <expression A>
constexpr auto operator+(A&& a) {
    return as_node(std::forward<A>(a));
}

/// a = a + x, and so on; the element type of a stays, so an integer tensor takes no floats.
template <class T, std::size_t... E, operand X>
constexpr tensor<T, E...>& operator+=(tensor<T, E...>& a, X&& x) {
    return a = a + std::forward<X>(x);
}
template <class T, std::size_t... E, operand X>
constexpr tensor<T, E...>& operator-=(tensor<T, E...>& a, X&& x) {
    return a = a - std::forward<X>(x);
}
template <class T, std::size_t... E, operand X>
constexpr tensor<T, E...>& operator*=(tensor<T, E...>& a, X&& x) {
    return a = a * std::forward<X>(x);
}
template <class T, std::size_t... E, operand X>
constexpr tensor<T, E...>& operator/=(tensor<T, E...>& a, X&& x) {
    return a = a / std::forward<X>(x);
}

/// The same for a variable's value, of whatever device; its gradient stays.
template <class V, operand X>
    requires requires { typename V::variable_class; }
constexpr V& operator+=(V& a, X&& x) {
    a.value() += std::forward<X>(x);
    return a;
}
template <class V, operand X>
    requires requires { typename V::variable_class; }
constexpr V& operator-=(V& a, X&& x) {
    a.value() -= std::forward<X>(x);
    return a;
}
template <class V, operand X>
    requires requires { typename V::variable_class; }
constexpr V& operator*=(V& a, X&& x) {
    a.value() *= std::forward<X>(x);
    return a;
}
template <class V, operand X>
    requires requires { typename V::variable_class; }
constexpr V& operator/=(V& a, X&& x) {
    a.value() /= std::forward<X>(x);
    return a;
}

}  // namespace tenon::inline TENON_TARGET
