// Running sums.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include <tenon/expr/reduce.hpp>
#include <tenon/op/cast.hpp>

namespace tenon::inline TENON_TARGET {

/// The sums of each element of A and those before it along an axis.
template <std::size_t Axis, class A>
class cumsum_node : public expression_base<cumsum_node<Axis, A>, value_t<A>, shape_t<A>> {
public:
    using device = device_of_nodes<A>;
    explicit constexpr cumsum_node(A a) : operand(std::move(a)) {}
    constexpr auto shape() const { return operand.shape(); }
    static constexpr char const *name = "cumsum", *kind = "reduction";
    constexpr auto operands() const { return references(operand); }
    A operand;
};

/// y_i = Σ x_j over j ≤ i along an axis; integers and bool are summed as int64. On the processor floating point numbers are
/// added up in double precision; torch.cumsum.
template <std::ptrdiff_t Axis, expression A>
constexpr auto cumsum(A&& x) {
    using T = value_t<A>;
    if constexpr (!detail::axes_fit<shape_t<A>::rank(), Axis>) return detail::wrong_axes<"cumsum", shape_t<A>, Axis>{};
    else if constexpr (std::is_integral_v<T> && !std::is_same_v<T, std::int64_t>)
        return cumsum<Axis>(cast<std::int64_t>(std::forward<A>(x)));
    else if constexpr (element::narrow<T>)
        return detail::in_float(std::forward<A>(x), [](auto&& wide) { return cumsum<Axis>(std::move(wide)); });
    else return cumsum_node<axis_of(Axis, shape_t<A>::rank()), node_t<A>>(as_node(std::forward<A>(x)));
}

}  // namespace tenon::inline TENON_TARGET
