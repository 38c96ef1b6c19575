// Row operations: softmax and its logarithm along one axis.
#pragma once

#include <tenon/expr/reduce.hpp>

namespace tenon::inline TENON_TARGET {

/// softmax or log-softmax of A along an axis.
template <bool Log, std::size_t Axis, class A>
class softmax_node : public expression_base<softmax_node<Log, Axis, A>, value_t<A>, shape_t<A>> {
public:
    using device = device_of_nodes<A>;
    explicit constexpr softmax_node(A a) : operand(std::move(a)) {}
    constexpr auto shape() const { return operand.shape(); }
    A operand;
};

/// exp(x_i) / Σ_j exp(x_j) along an axis, computed from x − max x so that it never overflows; torch.softmax.
template <std::ptrdiff_t Axis, expression A>
constexpr auto softmax(A&& x) {
    static_assert(!std::is_integral_v<value_t<A>>, "softmax: needs floating point elements");
    if constexpr (element::narrow<value_t<A>>)
        return detail::in_float(std::forward<A>(x), [](auto&& wide) { return softmax<Axis>(std::move(wide)); });
    else return softmax_node<false, detail::checked_axis<Axis, shape_t<A>>(), node_t<A>>(as_node(std::forward<A>(x)));
}
/// x_i − log Σ_j exp(x_j) along an axis; torch.log_softmax.
template <std::ptrdiff_t Axis, expression A>
constexpr auto log_softmax(A&& x) {
    static_assert(!std::is_integral_v<value_t<A>>, "log_softmax: needs floating point elements");
    if constexpr (element::narrow<value_t<A>>)
        return detail::in_float(std::forward<A>(x), [](auto&& wide) { return log_softmax<Axis>(std::move(wide)); });
    else return softmax_node<true, detail::checked_axis<Axis, shape_t<A>>(), node_t<A>>(as_node(std::forward<A>(x)));
}

}  // namespace tenon::inline TENON_TARGET
