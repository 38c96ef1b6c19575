// Views: the same elements under other positions, without a copy.
#pragma once

#include <array>
#include <cstddef>
#include <type_traits>
#include <utility>

#include <tenon/core/axes.hpp>
#include <tenon/core/leaf.hpp>
#include <tenon/expr/view_map.hpp>
#include <tenon/expr/writable.hpp>
#include <tenon/op/elementwise.hpp>

namespace tenon::inline TENON_TARGET {

/// Elements of an operand under an affine map of positions: along the operand's axis a, position = start_a + step_a · (the
/// view's position along axis source_a).
/// @tparam View a class that gives `extents<S>()`, `source<S>()`, `step<S>()` for an operand of shape type S, and `shape(s)` and,
///         where that is not 0, `start(s)` for its shape s; where a step is `run_time_step`, `steps(s)` says it
template <class View, class A>
class view_node : public expression_base<view_node<View, A>, value_t<A>, detail::view_shape<View, shape_t<A>>>,
                  public read_only_view<view_node<View, A>> {
public:
    using shape_type = detail::view_shape<View, shape_t<A>>;
    using device = device_of_nodes<A>;
    static constexpr auto source = View::template source<shape_t<A>>();
    static constexpr auto step = View::template step<shape_t<A>>();

    constexpr view_node(View v, A a) : operand(std::move(a)), view(v), shape_(v.shape(operand.shape())) {}
    using read_only_view<view_node>::operator=;
    constexpr shape_type shape() const { return shape_; }
    /// Where the view's first element lies in the operand.
    constexpr std::array<std::ptrdiff_t, shape_t<A>::rank()> start() const {
        if constexpr (has_start) return view.start(operand.shape());
        else return {};
    }
    static constexpr bool has_start = requires(View v, shape_t<A> s) { v.start(s); };
    static constexpr bool has_run_time_step = requires(View v, shape_t<A> s) { v.steps(s); };
    constexpr auto steps() const { return detail::steps_of(view, operand.shape()); }
    /// How far that is from the operand's first element in memory.
    template <class Strides>
    constexpr std::ptrdiff_t offset(Strides const& of_operand) const {
        auto const from = start();
        std::ptrdiff_t o = 0;
        for (std::size_t a = 0; a != shape_t<A>::rank(); ++a) o += from[a] * of_operand[a];
        return o;
    }
    /// The view's strides, and a 0 behind them, from the operand's: what the types know of them.
    /// @tparam Open what stands for a stride that is not known, where there are such
    template <std::ptrdiff_t Open = 0, class Strides>
    static constexpr auto static_strides(Strides const& of_operand) {
        std::array<std::ptrdiff_t, shape_type::rank() + 1> s{};
        for (std::size_t a = 0; a != shape_t<A>::rank(); ++a)
            if (std::size_t const o = source[a]; o != fixed_axis)
                s[o] = Open != 0 && (of_operand[a] == Open || s[o] == Open || step[a] == run_time_step)
                           ? Open
                           : s[o] + step[a] * of_operand[a];
        return s;
    }
    template <class Strides>
    constexpr auto strides(Strides const& of_operand) const {
        std::array<std::ptrdiff_t, shape_type::rank() + 1> s{};
        auto const by = steps();
        for (std::size_t a = 0; a != shape_t<A>::rank(); ++a)
            if (std::size_t const o = source[a]; o != fixed_axis) s[o] += by[a] * of_operand[a];
        return s;
    }
    /// Whether the view has each element of its operand once, in whatever order.
    static constexpr bool rearranges = [] {
        // One return: nvcc warns of what a condition on types leaves unreachable.
        bool all = !is_dynamic(static_size<shape_type>) && static_size<shape_type> == static_size<shape_t<A>>;
        for (std::size_t o = 0; o != shape_type::rank(); ++o) {
            std::size_t axes = 0;
            for (std::size_t a = 0; a != shape_t<A>::rank(); ++a)
                axes += source[a] == o && (step[a] == 1 || step[a] == -1);
            all = all && (axes == 1 || shape_type::static_extents[o] == 1);
        }
        return all;
    }();
    /// Whether the view is its operand with axes of one element left out or put in: the same elements in the same order.
    static constexpr bool keeps_order = [] {
        // Of as many axes, a slice with open extents looks like this too.
        if (shape_type::rank() == shape_t<A>::rank()) return false;
        std::size_t next = 0;
        for (std::size_t a = 0; a != shape_t<A>::rank(); ++a) {
            std::size_t const from = source[a], extent = shape_t<A>::static_extents[a];
            if (from == fixed_axis) {
                if (extent != 1) return false;
                continue;
            }
            for (; next < from; ++next)
                if (shape_type::static_extents[next] != 1) return false;
            if (from != next++ || step[a] != 1 || shape_type::static_extents[from] != extent) return false;
        }
        for (; next != shape_type::rank(); ++next)
            if (shape_type::static_extents[next] != 1) return false;
        return true;
    }();
    static constexpr char const *name = "view", *kind = "copy";
    constexpr auto operands() const { return references(operand); }

    A operand;
    [[no_unique_address]] View view;

private:
    [[no_unique_address]] shape_type shape_;
};

template <class View, class A>
constexpr auto make_view(View v, A&& a) {
    return detail::view_of<A>(view_node<View, node_t<A>>(v, as_node(std::forward<A>(a))));
}

/// broadcast_to stretches axes of extent 1 alone.
template <class From, class To>
struct cannot_broadcast_to;

namespace detail {
template <class S, std::size_t I, std::size_t J>
constexpr auto swap_of() {
    return []<std::size_t... A>(std::index_sequence<A...>) {
        return permute_view<(A == I ? J : A == J ? I : A)...>{};
    }(std::make_index_sequence<S::rank()>{});
}
}  // namespace detail

/// The axes in another order: axis i of the result is axis Axes_i of x; torch.permute.
template <std::ptrdiff_t... Axes, expression A>
constexpr auto permute(A&& x) {
    constexpr std::size_t rank = shape_t<A>::rank();
    if constexpr (detail::axes_fit<rank, Axes...> && sizeof...(Axes) == rank)
        return make_view(detail::permute_view<axis_of(Axes, rank)...>{}, std::forward<A>(x));
    else if constexpr (((axis_of(Axes, rank) == rank) || ...))
        return detail::wrong_axes<"permute", shape_t<A>, Axes...>{};
    else {
        static_assert(detail::never<A>, "permute: name every axis once");
        return as_node(std::forward<A>(x));
    }
}
/// Swaps axes i and j (`transpose<i, j>(x)`), or reverses the last two (`transpose(x)`); a vector stays as it is.
template <std::ptrdiff_t... Axes, expression A>
constexpr auto transpose(A&& x) {
    using s = shape_t<A>;
    if constexpr (sizeof...(Axes) == 0) {
        if constexpr (s::rank() < 2) return detail::view_of<A>(as_node(std::forward<A>(x)));
        else return make_view(detail::swap_of<s, s::rank() - 2, s::rank() - 1>(), std::forward<A>(x));
    } else {
        static_assert(sizeof...(Axes) == 2, "transpose: name two axes, or none");
        constexpr std::size_t a[] = {axis_of(Axes, s::rank())..., 0};
        if constexpr (((axis_of(Axes, s::rank()) == s::rank()) || ...))
            return detail::wrong_axes<"transpose", s, Axes...>{};
        else return make_view(detail::swap_of<s, a[0], a[1]>(), std::forward<A>(x));
    }
}
/// A new axis of extent 1 before axis Axis of the result; torch.unsqueeze.
template <std::ptrdiff_t Axis, expression A>
constexpr auto unsqueeze(A&& x) {
    constexpr std::size_t a = axis_of(Axis, shape_t<A>::rank() + 1);
    if constexpr (a > shape_t<A>::rank()) return no_such_axis<"unsqueeze", Axis, shape_t<A>>{};
    else return make_view(detail::unsqueeze_view<a>{}, std::forward<A>(x));
}
namespace detail {
/// Values for the channels of an input of some rank, whose axis 1 counts channels: [channels, 1, …].
template <std::size_t Rank, class W>
constexpr auto along_channels(W&& w) {
    if constexpr (shape_t<W>::rank() + 1 >= Rank) return as_node(std::forward<W>(w));
    else return along_channels<Rank>(unsqueeze<-1>(std::forward<W>(w)));
}
}  // namespace detail
/// The part at position k along an axis, which is dropped. k may count from the end. @throws index_error outside the extent
template <std::ptrdiff_t Axis, expression A>
constexpr auto select(A&& x, std::ptrdiff_t k) {
    constexpr std::size_t rank = shape_t<A>::rank();
    if constexpr (!detail::axes_fit<rank, Axis>) return detail::wrong_axes<"select", shape_t<A>, Axis>{};
    else return make_view(detail::select_view<axis_of(Axis, rank)>{{}, k}, std::forward<A>(x));
}
/// Drops an axis of extent 1; one whose type says another extent stays, as in PyTorch. torch.squeeze
/// @throws shape_error where a run-time extent isn't 1
template <std::ptrdiff_t Axis, expression A>
constexpr auto squeeze(A&& x) {
    constexpr std::size_t rank = shape_t<A>::rank();
    if constexpr (rank == 0 && (Axis == 0 || Axis == -1)) return detail::view_of<A>(as_node(std::forward<A>(x)));
    else if constexpr (!detail::axes_fit<rank, Axis>) return detail::wrong_axes<"squeeze", shape_t<A>, Axis>{};
    else {
        constexpr std::size_t extent = shape_t<A>::static_extents[axis_of(Axis, rank)];
        if constexpr (extent != 1 && !is_dynamic(extent)) return detail::view_of<A>(as_node(std::forward<A>(x)));
        else {
            if constexpr (extent != 1)
                if (x.shape()[axis_of(Axis, rank)] != 1) throw_shapes("squeeze", to_string(x.shape()), "[1]");
            return select<Axis>(std::forward<A>(x), 0);
        }
    }
}
namespace detail {
/// x without the axes below End whose extent is 1, where Named allows it.
template <std::size_t End, class Named, class A>
constexpr auto squeezed(A&& x) {
    if constexpr (End == 0) return view_of<A>(as_node(std::forward<A>(x)));
    else if constexpr (Named::has(End - 1) && shape_t<A>::static_extents[End - 1] == 1)
        return squeezed<End - 1, Named>(select<static_cast<std::ptrdiff_t>(End - 1)>(std::forward<A>(x), 0));
    else return squeezed<End - 1, Named>(std::forward<A>(x));
}
template <std::size_t... Axes>
struct named_axes {
    static constexpr bool has(std::size_t a) { return sizeof...(Axes) == 0 || ((a == Axes) || ...); }
};
}  // namespace detail
/// Drops those of several axes, or of all, whose extent is 1 when the program is compiled; a run-time extent stays.
template <std::ptrdiff_t... Axes, expression A>
    requires(sizeof...(Axes) != 1)
constexpr auto squeeze(A&& x) {
    constexpr std::size_t rank = shape_t<A>::rank();
    if constexpr (!detail::axes_fit<rank, Axes...>) return detail::wrong_axes<"squeeze", shape_t<A>, Axes...>{};
    else return detail::squeezed<rank, detail::named_axes<axis_of(Axes, rank)...>>(std::forward<A>(x));
}
/// x[start:stop:step] along one axis, as Python cuts it.
template <std::ptrdiff_t Axis, std::ptrdiff_t Start, std::ptrdiff_t Stop, std::ptrdiff_t Step, expression A>
constexpr auto slice(A&& x) {
    constexpr std::size_t rank = shape_t<A>::rank();
    if constexpr (!detail::axes_fit<rank, Axis>) return detail::wrong_axes<"slice", shape_t<A>, Axis>{};
    else return make_view(detail::slice_view<axis_of(Axis, rank), Start, Stop, Step>{}, std::forward<A>(x));
}
/// The elements in reverse order along axes; torch.flip.
template <std::ptrdiff_t... Axes, expression A>
    requires(sizeof...(Axes) != 0)
constexpr auto flip(A&& x) {
    constexpr std::size_t rank = shape_t<A>::rank();
    if constexpr (!detail::axes_fit<rank, Axes...>) return detail::wrong_axes<"flip", shape_t<A>, Axes...>{};
    else return make_view(detail::flip_view<axis_of(Axes, rank)...>{}, std::forward<A>(x));
}
/// Stretches axes of extent 1 and adds axes in front; `dyn` keeps the operand's extent. Compile error `cannot_broadcast_to`.
template <auto... E, expression A>
constexpr auto broadcast_to(A&& x) {
    using to = shape<static_cast<std::size_t>(E)...>;
    if constexpr (sizeof...(E) < shape_t<A>::rank() || !broadcast_pair<shape_t<A>, to>::fits)
        return cannot_broadcast_to<shape_t<A>, to>{};
    else return make_view(detail::broadcast_view<static_cast<std::size_t>(E)...>{}, as_node(std::forward<A>(x)));
}
/// The diagonal of two axes, here the last two, with Offset > 0 a diagonal above it; it is the last axis of the result;
/// torch.diagonal(x, Offset, I, J), whose axes are 0 and 1 where none are given. Compile errors `too_few_axes`, `no_such_axis`.
template <std::ptrdiff_t Offset = 0, std::ptrdiff_t I = -2, std::ptrdiff_t J = -1, expression A>
constexpr auto diagonal(A&& x) {
    constexpr std::size_t rank = shape_t<A>::rank();
    if constexpr (rank < 2) return too_few_axes<"diagonal", shape_t<A>>{};
    else if constexpr (!detail::axes_fit<rank, I, J>) return detail::wrong_axes<"diagonal", shape_t<A>, I, J>{};
    else return make_view(detail::diagonal_view<Offset, axis_of(I, rank), axis_of(J, rank)>{}, std::forward<A>(x));
}

namespace detail {
/// An axis before all others, whose order stays.
template <std::size_t Axis, class A>
constexpr auto moved_to_front(A&& x) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
        return permute<static_cast<std::ptrdiff_t>(I == 0 ? Axis : I <= Axis ? I - 1 : I)...>(as_node(std::forward<A>(x)));
    }(std::make_index_sequence<shape_t<A>::rank()>{});
}
/// Count axes of extent 1 behind the others.
template <std::size_t Count, class A>
constexpr auto with_axes_behind(A&& x) {
    if constexpr (Count == 0) return as_node(std::forward<A>(x));
    else return with_axes_behind<Count - 1>(unsqueeze<-1>(as_node(std::forward<A>(x))));
}
}  // namespace detail

}  // namespace tenon::inline TENON_TARGET
