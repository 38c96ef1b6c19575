// Row operations: softmax and its logarithm along one axis.
#pragma once

#include <tenon/expr/reduce.hpp>

namespace tenon::inline TENON_TARGET {

/// A softmax, its logarithm, or one in which a vector of nothing but −∞ gives zeros: what attention makes of queries that may
/// look at no key, where softmax itself is NaN.
enum class softmax_kind { plain, logarithm, masked };

/// softmax of some kind of A along an axis.
template <softmax_kind Kind, std::size_t Axis, class A>
class softmax_node : public expression_base<softmax_node<Kind, Axis, A>, value_t<A>, shape_t<A>> {
public:
    using device = device_of_nodes<A>;
    explicit constexpr softmax_node(A a) : operand(std::move(a)) {}
    constexpr auto shape() const { return operand.shape(); }
    static constexpr char const *name = Kind == softmax_kind::logarithm ? "log_softmax" : "softmax", *kind = "softmax";
    constexpr auto operands() const { return references(operand); }
    /// A maximum, a difference, an exponential, a sum and a scale for each element.
    constexpr std::size_t operations() const { return 5 * shape().size(); }
    constexpr std::size_t gradient_operations() const { return 4 * shape().size(); }
    A operand;
};

namespace detail {
template <softmax_kind Kind, std::ptrdiff_t Axis, class A>
constexpr auto make_softmax(A&& x) {
    if constexpr (element::narrow<value_t<A>>)
        return in_float(std::forward<A>(x), [](auto&& wide) { return make_softmax<Kind, Axis>(std::move(wide)); });
    else return softmax_node<Kind, axis_of(Axis, shape_t<A>::rank()), node_t<A>>(as_node(std::forward<A>(x)));
}
}  // namespace detail

/// exp(x_i) / Σ_j exp(x_j) along an axis, computed from x − max x so that it never overflows; torch.softmax.
template <std::ptrdiff_t Axis, expression A>
constexpr auto softmax(A&& x) {
    static_assert(!std::is_integral_v<value_t<A>>, "softmax: needs floating point elements");
    if constexpr (!detail::axes_fit<shape_t<A>::rank(), Axis>) return detail::wrong_axes<"softmax", shape_t<A>, Axis>{};
    else return detail::make_softmax<softmax_kind::plain, Axis>(std::forward<A>(x));
}
/// x_i − log Σ_j exp(x_j) along an axis; torch.log_softmax.
template <std::ptrdiff_t Axis, expression A>
constexpr auto log_softmax(A&& x) {
    static_assert(!std::is_integral_v<value_t<A>>, "log_softmax: needs floating point elements");
    if constexpr (!detail::axes_fit<shape_t<A>::rank(), Axis>)
        return detail::wrong_axes<"log_softmax", shape_t<A>, Axis>{};
    else return detail::make_softmax<softmax_kind::logarithm, Axis>(std::forward<A>(x));
}

}  // namespace tenon::inline TENON_TARGET
