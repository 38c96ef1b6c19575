// Assignments to views: what fits is written where a view's elements lie.
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

#include <tenon/core/executor.hpp>
#include <tenon/expr/writable.hpp>
#include <tenon/op/elementwise.hpp>

namespace tenon::inline TENON_TARGET {

namespace op {
/// The second operand, in the first one's shape.
struct assigned : arithmetic {
    using for_complex = void;
    static constexpr char const* name = "assignment to a view";
    using no_slope = void;
    template <class V>
    TENON_LANE static V value(V, V v) {
        return v;
    }
};
}  // namespace op

namespace detail {
/// Whether a shape can be broadcast to a view's without changing that.
template <class View, class From>
inline constexpr bool assignable_to_view = [] {
    if constexpr (!broadcast_pair<View, From>::fits || From::rank() > View::rank()) return false;
    else {
        for (std::size_t i = 0; i != From::rank(); ++i)
            if (std::size_t const f = From::static_extents[From::rank() - 1 - i];
                View::static_extents[View::rank() - 1 - i] == 1 && f != 1 && !is_dynamic(f))
                return false;
        return true;
    }
}();
/// Whether numbers of type U can be put into elements of type T: not fractions into integers.
template <class T, class U>
inline constexpr bool number_may_become =
    std::is_same_v<T, U> || !std::is_arithmetic_v<T> || std::is_floating_point_v<T> || std::is_integral_v<U>;
}  // namespace detail

template <class Node, class X>
constexpr void assign_through(Node const& view, X&& x) {
    using plain = std::remove_cvref_t<X>;
    using T = value_t<Node>;
    using shape = shape_t<Node>;
    using device = device_of_t<Node>;
    if constexpr (!executor<device>::template writes_view<Node>) (void)view_is_read_only<Node>{};
    else if constexpr (number<plain>) {
        if constexpr (!detail::number_may_become<T, plain>) (void)cannot_assign_elements<T, plain>{};
        else executor<device>::assign_view(view, filled_node<T, shape>(view.shape(), static_cast<T>(x)));
    } else if constexpr (!detail::runs_on<device, plain>) (void)devices_differ<device, device_of_t<plain>>{};
    else if constexpr (!detail::assignable_to_view<shape, shape_t<X>>) (void)cannot_assign<shape, shape_t<X>>{};
    else if constexpr (!std::is_same_v<promote_t<T, value_t<X>>, T>) (void)cannot_assign_elements<T, value_t<X>>{};
    else if constexpr (shape::is_static && std::is_same_v<shape, shape_t<X>>)
        executor<device>::assign_view(view, as_node(std::forward<X>(x)));
    else {
        auto const n =
            make_map(op::assigned{}, filled_node<value_t<X>, shape>(view.shape(), value_t<X>(0)), std::forward<X>(x));
        if (!(n.shape() == view.shape()))
            throw_shapes(op::assigned::name, to_string(view.shape()), to_string(n.shape()));
        executor<device>::assign_view(view, n);
    }
}

}  // namespace tenon::inline TENON_TARGET
