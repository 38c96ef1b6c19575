// What a function of this library takes: something that has elements.
#pragma once

#include <type_traits>

#include <tenon/base/target.hpp>

namespace tenon::inline TENON_TARGET {

/// Base of everything that has elements: core/expression.hpp.
template <class Derived, class T, class Shape>
class expression_base;

namespace detail {
template <class D, class T, class S>
std::true_type is_expression(expression_base<D, T, S> const*);
std::false_type is_expression(void const*);
template <class X>
inline constexpr bool has_elements = decltype(is_expression(static_cast<X*>(nullptr)))::value;
}  // namespace detail

/// A tensor, a variable, or a computation on them: it has a `value_type` and a `shape_type`.
template <class X>
concept expression = detail::has_elements<std::remove_cvref_t<X>>;

template <class X>
using value_t = typename std::remove_cvref_t<X>::value_type;
template <class X>
using shape_t = typename std::remove_cvref_t<X>::shape_type;

}  // namespace tenon::inline TENON_TARGET
