// Gradients as functions: grad, value_and_grad, jvp, hvp, derivative.
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

#include <tenon/autograd/backward.hpp>
#include <tenon/autograd/variable.hpp>
#include <tenon/scalar/dual.hpp>

namespace tenon::inline TENON_TARGET {

namespace detail {
template <class X>
struct variable_of;
template <class T, std::size_t... E>
struct variable_of<tensor<T, E...>> {
    using type = variable<T, E...>;
};
/// The tensor type of an argument: what any expression evaluates to.
template <class X>
using argument_t = tensor_of_t<value_t<X>, shape_t<X>>;

template <class F, class... X>
constexpr auto value_and_gradients(F const& f, X const&... x) {
    static_assert((std::is_same_v<floating_t<value_t<X>>, value_t<X>> && ...), "grad: needs floating point arguments");
    tuple<typename variable_of<argument_t<X>>::type...> v{{typename variable_of<argument_t<X>>::type(x)}...};
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
        auto const e = f(std::as_const(get<I>(v))...);
        auto const value = [&] {
            // A function that doesn't look at its arguments, or not with a slope, has gradients of zero.
            using node = node_t<decltype((e))>;
            if constexpr (static_size<shape_t<node>> == 1 &&
                          !executor<device_of_t<node>>::template reaches_variable<node>)
                return tensor<value_t<decltype(e)>>(evaluate(e));
            else return backward(e);
        }();
        if constexpr (sizeof...(X) == 1) return std::pair{value, get<0>(v).grad()};
        else return std::pair{value, std::tuple{get<I>(v).grad()...}};
    }(std::index_sequence_for<X...>{});
}

/// x + t ε as a tensor of dual numbers.
template <class X, class D>
constexpr auto with_tangent(X const& x, D const& t) {
    using T = value_t<X>;
    argument_t<X> const value(x);
    argument_t<X> const tangent(t);
    tensor_of_t<element::dual<T>, shape_t<X>> r(uninitialized, value.shape());
    for (std::size_t i = 0; i != value.size(); ++i) r.data()[i] = element::dual<T>(value.data()[i], tangent.data()[i]);
    return r;
}
template <class E>
constexpr auto split(E const& e) {
    using D = value_t<E>;
    static_assert(element::is_dual<D>, "jvp: the function's result does not depend on its argument");
    tensor_of_t<D, shape_t<E>> const r(e);
    using T = typename D::value_type;
    tensor_of_t<T, shape_t<E>> value(r.shape()), tangent(r.shape());
    for (std::size_t i = 0; i != r.size(); ++i) {
        value.data()[i] = r.data()[i].value;
        tangent.data()[i] = r.data()[i].tangent[0];
    }
    return std::pair{value, tangent};
}
/// What a dual number of a number is made of: lanes, or another dual number.
template <class T>
struct lane_of_number {
    using type = element::pack<T, 1>;
};
template <element::is_dual T>
struct lane_of_number<T> {
    using type = T;
};
}  // namespace detail

/// The function x ↦ (f(x), ∂f/∂x); for several arguments the gradients come as a tuple. f returns one element.
template <class F>
constexpr auto value_and_grad(F f) {
    return [f](auto const&... x) { return detail::value_and_gradients(f, x...); };
}
/// The function x ↦ ∂f/∂x; for several arguments a tuple. f returns one element; jax.grad.
template <class F>
constexpr auto grad(F f) {
    return [f](auto const&... x) { return detail::value_and_gradients(f, x...).second; };
}
/// f(x) and its derivative in direction v, ∂f/∂x · v, in one pass of dual numbers; torch.func.jvp.
template <class F, expression X, expression V>
constexpr auto jvp(F f, X const& x, V const& v) {
    auto const d = detail::with_tangent(x, v);
    return detail::split(f(d));
}
/// The product of f's second derivatives with a direction, ∂²f/∂x² · v: the gradient in dual numbers. f returns one element, x is
/// real.
template <class F, expression X, expression V>
constexpr auto hvp(F f, X const& x, V const& v) {
    static_assert(!element::is_complex<value_t<X>>, "hvp: needs real arguments, such as a complex one's parts");
    auto const d = detail::with_tangent(x, v);
    return detail::split(grad(f)(d)).second;
}
/// df/dx of a function of one number at x. The function is called with a dual number, so what it calls has to be generic; x
/// may be one itself, for the derivative of a derivative.
template <class F, class T>
    requires(std::is_floating_point_v<T> || element::is_dual<T>)
constexpr T derivative(F f, T x) {
    using lane = typename detail::lane_of_number<T>::type;
    element::dual<lane> d{lane(x)};
    d.tangent[0] = lane(T(1));
    auto const y = f(d);
    // A result that is no dual number of this kind does not depend on x.
    if constexpr (!element::is_dual<T> && element::is_dual<decltype(y)>) return y.tangent[0][0];
    else if constexpr (std::is_same_v<std::remove_const_t<decltype(y)>, element::dual<lane>>) return y.tangent[0];
    else return T(0);
}

}  // namespace tenon::inline TENON_TARGET
