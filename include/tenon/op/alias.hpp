// Operators under PyTorch's names.
#pragma once

#include <tenon/op/arithmetic.hpp>
#include <tenon/op/atan2.hpp>
#include <tenon/op/compare.hpp>
#include <tenon/op/divide.hpp>
#include <tenon/op/hyperbolic.hpp>
#include <tenon/op/sign.hpp>
#include <tenon/op/trigonometry.hpp>

namespace tenon::inline TENON_TARGET {

namespace detail {
/// alpha · b, and b itself where the factor isn't given. @tparam Alpha a number or nothing
template <class B>
TENON_LANE decltype(auto) times_alpha(B&& b) {
    return std::forward<B>(b);
}
template <class B, class Alpha>
TENON_LANE auto times_alpha(B&& b, Alpha alpha) {
    return call_op(op::mul{}, std::forward<B>(b), alpha);
}
}  // namespace detail

/// a + alpha · b; torch.add.
template <class A, class B, number... Alpha>
    requires(elementwise_operands<A, B> && sizeof...(Alpha) <= 1)
TENON_LANE auto add(A&& a, B&& b, Alpha... alpha) {
    return call_op(op::add{}, std::forward<A>(a), detail::times_alpha(std::forward<B>(b), alpha...));
}
/// a − alpha · b; torch.sub.
template <class A, class B, number... Alpha>
    requires(elementwise_operands<A, B> && sizeof...(Alpha) <= 1)
TENON_LANE auto sub(A&& a, B&& b, Alpha... alpha) {
    return call_op(op::sub{}, std::forward<A>(a), detail::times_alpha(std::forward<B>(b), alpha...));
}
/// a − alpha · b; torch.subtract.
template <class A, class B, number... Alpha>
    requires(elementwise_operands<A, B> && sizeof...(Alpha) <= 1)
TENON_LANE auto subtract(A&& a, B&& b, Alpha... alpha) {
    return sub(std::forward<A>(a), std::forward<B>(b), alpha...);
}
/// b − alpha · a; torch.rsub.
template <class A, class B, number... Alpha>
    requires(elementwise_operands<A, B> && sizeof...(Alpha) <= 1)
TENON_LANE auto rsub(A&& a, B&& b, Alpha... alpha) {
    return sub(std::forward<B>(b), std::forward<A>(a), alpha...);
}
/// a / b with div's roundings; torch.divide.
template <rounding_mode Mode = rounding_mode::none, class A, class B>
    requires elementwise_operands<A, B>
TENON_LANE auto divide(A&& a, B&& b) {
    return tenon::div<Mode>(std::forward<A>(a), std::forward<B>(b));
}
/// x itself; torch.positive.
template <expression X>
constexpr auto positive(X&& x) {
    return as_node(std::forward<X>(x));
}

/// a · b; torch.mul, torch.multiply.
inline constexpr elementwise<op::mul> mul{}, multiply{};
/// −x; torch.neg, torch.negative.
inline constexpr elementwise<op::neg> neg{}, negative{};
/// |x|; torch.absolute.
inline constexpr elementwise<op::abs> absolute{};

/// a == b, elementwise; torch.eq.
inline constexpr elementwise<op::eq> eq{};
/// a != b; torch.ne, torch.not_equal.
inline constexpr elementwise<op::ne> ne{}, not_equal{};
/// a < b; torch.lt, torch.less.
inline constexpr elementwise<op::lt> lt{}, less{};
/// a <= b; torch.le, torch.less_equal.
inline constexpr elementwise<op::le> le{}, less_equal{};
/// a > b; torch.gt, torch.greater.
inline constexpr elementwise<op::gt> gt{}, greater{};
/// a >= b; torch.ge, torch.greater_equal.
inline constexpr elementwise<op::ge> ge{}, greater_equal{};

/// The inverse functions of angles under their longer names; torch.arcsin and so on.
inline constexpr elementwise<op::asin> arcsin{};
inline constexpr elementwise<op::acos> arccos{};
inline constexpr elementwise<op::atan> arctan{};
inline constexpr elementwise<op::atan2> arctan2{};
inline constexpr elementwise<op::asinh> arcsinh{};
inline constexpr elementwise<op::acosh> arccosh{};
inline constexpr elementwise<op::atanh> arctanh{};

}  // namespace tenon::inline TENON_TARGET
