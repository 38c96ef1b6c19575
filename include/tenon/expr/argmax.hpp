// Where the greatest and the least elements are.
#pragma once

#include <cstdint>

#include <tenon/expr/reduce.hpp>

namespace tenon::inline TENON_TARGET {

/// The index of the greatest (or least) element along an axis, or in row-major order where Axis is the rank.
template <bool Least, std::size_t Axis, bool Keep, class A>
class argmax_node;

namespace detail {
template <std::size_t Axis, bool Keep, class S>
constexpr auto argmax_reduced() {
    if constexpr (Axis == S::rank()) return reduced_extents<Keep, S>{};
    else return reduced_extents<Keep, S, Axis>{};
}
template <std::size_t Axis, bool Keep, class S>
using argmax_extents = decltype(argmax_reduced<Axis, Keep, S>());
template <std::size_t Axis, bool Keep, class S>
using argmax_shape = shape_from<argmax_extents<Axis, Keep, S>::rank, reduced_static<argmax_extents<Axis, Keep, S>, S>>;

template <bool Least, std::ptrdiff_t... Axis, class A, class... K>
constexpr auto make_argmax(A&& x, K... kept) {
    static_assert(sizeof...(Axis) <= 1, "argmax and argmin: take one axis, or none");
    constexpr bool keep = sizeof...(kept) != 0;
    using s = shape_t<A>;
    if constexpr (axis_of_one<s::rank(), Axis...>)
        return as_vector(std::forward<A>(x), [=](auto&& v) { return make_argmax<Least, 0>(std::move(v), kept...); });
    else if constexpr (!axes_fit<s::rank(), Axis...>) {
        if constexpr (Least) return wrong_axes<"argmin", s, Axis...>{};
        else return wrong_axes<"argmax", s, Axis...>{};
    } else if constexpr (element::is_complex<value_t<A>>)
        return not_for_complex<std::conditional_t<Least, op::min, op::max>>{};
    else if constexpr (element::narrow<value_t<A>>)
        return in_float(std::forward<A>(x),
                        [=](auto&& wide) { return make_argmax<Least, Axis...>(std::move(wide), kept...); });
    else if constexpr (sizeof...(Axis) == 0)
        return argmax_node<Least, s::rank(), keep, node_t<A>>(as_node(std::forward<A>(x)));
    else return argmax_node<Least, (axis_of(Axis, s::rank()) + ...), keep, node_t<A>>(as_node(std::forward<A>(x)));
}
}  // namespace detail

template <bool Least, std::size_t Axis, bool Keep, class A>
class argmax_node : public expression_base<argmax_node<Least, Axis, Keep, A>, std::int64_t,
                                           detail::argmax_shape<Axis, Keep, shape_t<A>>> {
public:
    using shape_type = detail::argmax_shape<Axis, Keep, shape_t<A>>;
    using device = device_of_nodes<A>;
    explicit constexpr argmax_node(A a) : operand(std::move(a)) {
        if (operand.shape().size() == 0 && shape().size() != 0)
            throw shape_error(text_of(
                {Least ? "argmin" : "argmax", ": no elements in ", to_string(operand.shape()), " to choose from"}));
    }
    constexpr shape_type shape() const {
        return shape_type(detail::argmax_extents<Axis, Keep, shape_t<A>>::left(operand.shape().extents()));
    }
    static constexpr char const *name = Least ? "argmin" : "argmax", *kind = "reduction";
    constexpr auto operands() const { return references(operand); }
    constexpr std::size_t operations() const { return operand.shape().size(); }
    A operand;
};

/// The int64 index of the greatest element along an axis; without an axis, among all elements in row-major order. The first
/// of equals, and the first NaN if there is one; torch.argmax.
template <std::ptrdiff_t... Axis, expression A, keepdim_tag... Keep>
    requires(sizeof...(Keep) <= 1)
constexpr auto argmax(A&& x, Keep... keep) {
    return detail::make_argmax<false, Axis...>(std::forward<A>(x), keep...);
}
/// The same for the least element; torch.argmin.
template <std::ptrdiff_t... Axis, expression A, keepdim_tag... Keep>
    requires(sizeof...(Keep) <= 1)
constexpr auto argmin(A&& x, Keep... keep) {
    return detail::make_argmax<true, Axis...>(std::forward<A>(x), keep...);
}

}  // namespace tenon::inline TENON_TARGET
