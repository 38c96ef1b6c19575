// Views: the same elements under other positions, without a copy.
#pragma once

#include <array>
#include <cstddef>
#include <initializer_list>
#include <type_traits>
#include <utility>

#include <tenon/core/leaf.hpp>
#include <tenon/expr/writable.hpp>
#include <tenon/op/elementwise.hpp>

namespace tenon::inline TENON_TARGET {

/// Marks an axis of a view's operand that no axis of the view moves along.
inline constexpr std::size_t fixed_axis = static_cast<std::size_t>(-1);

/// Elements of an operand under an affine map of positions: along the operand's axis a, position = start_a + step_a · (the
/// view's position along axis source_a).
/// @tparam View a class that gives `extents<S>()`, `source<S>()`, `step<S>()` for an operand of shape type S, and `shape(s)`,
///         `start(s)` for its shape s
template <class View, class A>
class view_node;

namespace detail {
template <class View, class S>
struct view_extents {
    static constexpr auto value = View::template extents<S>();
};
template <class View, class S>
using view_shape = shape_from<view_extents<View, S>::value.size(), view_extents<View, S>>;
}  // namespace detail

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
    constexpr auto start() const { return view.start(operand.shape()); }
    /// How far that is from the operand's first element in memory.
    template <class Strides>
    constexpr std::ptrdiff_t offset(Strides const& of_operand) const {
        auto const from = start();
        std::ptrdiff_t o = 0;
        for (std::size_t a = 0; a != shape_t<A>::rank(); ++a) o += from[a] * of_operand[a];
        return o;
    }
    /// The view's strides, and a 0 behind them, from the operand's.
    /// @tparam Open what stands for a stride that is not known, where there are such
    template <std::ptrdiff_t Open = 0, class Strides>
    static constexpr auto strides(Strides const& of_operand) {
        std::array<std::ptrdiff_t, shape_type::rank() + 1> s{};
        for (std::size_t a = 0; a != shape_t<A>::rank(); ++a)
            if (std::size_t const o = source[a]; o != fixed_axis)
                s[o] = Open != 0 && (of_operand[a] == Open || s[o] == Open) ? Open : s[o] + step[a] * of_operand[a];
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
/// An axis is dropped whose extent is not 1 when the program is compiled.
template <std::ptrdiff_t Axis, class Shape>
struct cannot_squeeze;

namespace detail {
/// What most views share: every axis keeps its place and pace.
struct identity_view {
    template <class S>
    static constexpr auto extents() {
        std::array<std::size_t, S::rank()> e{};
        for (std::size_t a = 0; a != S::rank(); ++a) e[a] = S::static_extents[a];
        return e;
    }
    template <class S>
    static constexpr auto source() {
        std::array<std::size_t, S::rank()> s{};
        for (std::size_t a = 0; a != S::rank(); ++a) s[a] = a;
        return s;
    }
    template <class S>
    static constexpr auto step() {
        std::array<std::ptrdiff_t, S::rank()> s{};
        s.fill(1);
        return s;
    }
    template <class S>
    static constexpr auto start(S const&) {
        return std::array<std::ptrdiff_t, S::rank()>{};
    }
};

/// The shape of a view from its source axes: each axis has the extent of the operand's axis that it moves along.
template <class View, class S>
constexpr auto shape_by_source(S const& s) {
    using to = view_shape<View, S>;
    auto all = view_extents<View, S>::value;
    constexpr auto source = View::template source<S>();
    for (std::size_t a = 0; a != S::rank(); ++a)
        if (source[a] != fixed_axis && is_dynamic(all[source[a]])) all[source[a]] = s[a];
    return to(all);
}

template <std::size_t... Axes>
struct permute_view : identity_view {
    template <class S>
    static constexpr auto extents() {
        return std::array<std::size_t, sizeof...(Axes)>{S::static_extents[Axes]...};
    }
    template <class S>
    static constexpr auto source() {
        std::array<std::size_t, S::rank()> s{};
        std::size_t o = 0;
        ((s[Axes] = o++), ...);
        return s;
    }
    template <class S>
    static constexpr auto shape(S const& s) {
        return shape_by_source<permute_view>(s);
    }
};

template <std::size_t Axis>
struct unsqueeze_view : identity_view {
    template <class S>
    static constexpr auto extents() {
        std::array<std::size_t, S::rank() + 1> e{};
        for (std::size_t a = 0; a != S::rank() + 1; ++a) e[a] = a == Axis ? 1 : S::static_extents[a - (a > Axis)];
        return e;
    }
    template <class S>
    static constexpr auto source() {
        std::array<std::size_t, S::rank()> s{};
        for (std::size_t a = 0; a != S::rank(); ++a) s[a] = a + (a >= Axis);
        return s;
    }
    template <class S>
    static constexpr auto shape(S const& s) {
        return shape_by_source<unsqueeze_view>(s);
    }
};

/// Drops an axis at one position along it, which may count from the end.
template <std::size_t Axis>
struct select_view : identity_view {
    std::ptrdiff_t k = 0;
    template <class S>
    static constexpr auto extents() {
        std::array<std::size_t, S::rank() - 1> e{};
        for (std::size_t a = 0; a + 1 != S::rank(); ++a) e[a] = S::static_extents[a + (a >= Axis)];
        return e;
    }
    template <class S>
    static constexpr auto source() {
        std::array<std::size_t, S::rank()> s{};
        for (std::size_t a = 0; a != S::rank(); ++a) s[a] = a == Axis ? fixed_axis : a - (a > Axis);
        return s;
    }
    template <class S>
    constexpr auto shape(S const& s) const {
        auto const n = static_cast<std::ptrdiff_t>(s[Axis]);
        if (k < -n || k >= n)
            throw index_error("select: position " + std::to_string(k) + " is outside axis " + std::to_string(Axis) +
                              " of " + to_string(s));
        return shape_by_source<select_view>(s);
    }
    template <class S>
    constexpr auto start(S const& s) const {
        std::array<std::ptrdiff_t, S::rank()> r{};
        r[Axis] = k < 0 ? k + static_cast<std::ptrdiff_t>(s[Axis]) : k;
        return r;
    }
};

/// Python's slice along one axis: positions may count from the end and are clamped to the extent.
template <std::size_t Axis, std::ptrdiff_t Start, std::ptrdiff_t Stop, std::ptrdiff_t Step>
struct slice_view : identity_view {
    static_assert(Step > 0, "slice: the step has to be positive; use flip to go backwards");
    static constexpr std::ptrdiff_t clamped(std::ptrdiff_t i, std::ptrdiff_t n) {
        if (i < 0) i += n;
        return i < 0 ? 0 : i > n ? n : i;
    }
    static constexpr std::size_t count(std::size_t extent) {
        auto const n = static_cast<std::ptrdiff_t>(extent);
        auto const length = clamped(Stop, n) - clamped(Start, n);
        return length <= 0 ? 0 : static_cast<std::size_t>((length + Step - 1) / Step);
    }
    template <class S>
    static constexpr auto extents() {
        auto e = identity_view::extents<S>();
        e[Axis] = is_dynamic(e[Axis]) ? dyn : count(e[Axis]);
        return e;
    }
    template <class S>
    static constexpr auto step() {
        auto s = identity_view::step<S>();
        s[Axis] = Step;
        return s;
    }
    template <class S>
    static constexpr auto shape(S const& s) {
        auto all = s.extents();
        all[Axis] = count(all[Axis]);
        return view_shape<slice_view, S>(all);
    }
    template <class S>
    static constexpr auto start(S const& s) {
        std::array<std::ptrdiff_t, S::rank()> r{};
        r[Axis] = count(s[Axis]) == 0 ? 0 : clamped(Start, static_cast<std::ptrdiff_t>(s[Axis]));
        return r;
    }
};

template <std::size_t... Axes>
struct flip_view : identity_view {
    template <class S>
    static constexpr auto step() {
        auto s = identity_view::step<S>();
        ((s[Axes] = -1), ...);
        return s;
    }
    template <class S>
    static constexpr auto shape(S const& s) {
        return s;
    }
    template <class S>
    static constexpr auto start(S const& s) {
        std::array<std::ptrdiff_t, S::rank()> r{};
        ((r[Axes] = s[Axes] == 0 ? 0 : static_cast<std::ptrdiff_t>(s[Axes]) - 1), ...);
        return r;
    }
};

template <std::size_t... E>
struct broadcast_view : identity_view {
    using to = tenon::shape<E...>;
    template <class S>
    static constexpr auto extents() {
        std::array<std::size_t, sizeof...(E)> e{E...};
        for (std::size_t a = 0; a != S::rank(); ++a) {
            std::size_t& x = e[sizeof...(E) - S::rank() + a];
            if (is_dynamic(x)) x = S::static_extents[a];
        }
        return e;
    }
    template <class S>
    static constexpr auto source() {
        std::array<std::size_t, S::rank()> s{};
        for (std::size_t a = 0; a != S::rank(); ++a) {
            std::size_t const o = sizeof...(E) - S::rank() + a;
            s[a] = S::static_extents[a] == 1 && extents<S>()[o] != 1 ? fixed_axis : o;
        }
        return s;
    }
    template <class S>
    static constexpr auto shape(S const& s) {
        auto all = extents<S>();
        for (std::size_t a = 0; a != S::rank(); ++a) {
            std::size_t& x = all[sizeof...(E) - S::rank() + a];
            if (is_dynamic(x)) x = s[a];
            else if (S::static_extents[a] != 1 && x != s[a])
                throw_shapes("broadcast_to", to_string(s), to_string(to()));
        }
        return view_shape<broadcast_view, S>(all);
    }
};

/// The diagonal of the last two axes.
struct diagonal_view : identity_view {
    template <class S>
    static constexpr auto extents() {
        std::array<std::size_t, S::rank() - 1> e{};
        for (std::size_t a = 0; a + 2 < S::rank(); ++a) e[a] = S::static_extents[a];
        std::size_t const r = S::static_extents[S::rank() - 2], c = S::static_extents[S::rank() - 1];
        e[S::rank() - 2] = is_dynamic(r) || is_dynamic(c) ? dyn : r < c ? r : c;
        return e;
    }
    template <class S>
    static constexpr auto source() {
        auto s = identity_view::source<S>();
        s[S::rank() - 1] = S::rank() - 2;
        return s;
    }
    template <class S>
    static constexpr auto shape(S const& s) {
        std::array<std::size_t, S::rank() - 1> all{};
        for (std::size_t a = 0; a + 2 < S::rank(); ++a) all[a] = s[a];
        all[S::rank() - 2] = s[S::rank() - 2] < s[S::rank() - 1] ? s[S::rank() - 2] : s[S::rank() - 1];
        return view_shape<diagonal_view, S>(all);
    }
};

/// The first of axes that a rank has not; 0 where there is none.
constexpr std::ptrdiff_t missing_axis(std::size_t rank, std::initializer_list<std::ptrdiff_t> axes) {
    for (std::ptrdiff_t const a : axes)
        if (axis_of(a, rank) == rank) return a;
    return 0;
}
constexpr bool all_different(std::size_t rank, std::initializer_list<std::ptrdiff_t> axes) {
    for (auto i = axes.begin(); i != axes.end(); ++i)
        for (auto j = axes.begin(); j != i; ++j)
            if (axis_of(*i, rank) == axis_of(*j, rank)) return false;
    return true;
}
/// Whether a rank has these axes and they are different. Every operation asks first; behind that `axis_of` is in range.
template <std::size_t Rank, std::ptrdiff_t... Axes>
inline constexpr bool axes_fit =
    ((axis_of(Axes, Rank) != Rank) && ...) && (sizeof...(Axes) < 2 || all_different(Rank, {Axes...}));

template <operation_name Operation, class S, std::ptrdiff_t... Axes>
constexpr auto refused_axes() {
    constexpr std::size_t rank = S::rank();
    if constexpr (((axis_of(Axes, rank) == rank) || ...))
        return std::type_identity<no_such_axis<Operation, missing_axis(rank, {Axes...}), S>>{};
    else return std::type_identity<axis_named_twice<Operation, S, Axes...>>{};
}
/// What an operation returns whose axes do not fit: a type that does not exist.
template <operation_name Operation, class S, std::ptrdiff_t... Axes>
using wrong_axes = typename decltype(refused_axes<Operation, S, Axes...>())::type;
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
/// Drops an axis of extent 1; torch.squeeze. Compile error `cannot_squeeze`.
template <std::ptrdiff_t Axis, expression A>
constexpr auto squeeze(A&& x) {
    constexpr std::size_t rank = shape_t<A>::rank();
    if constexpr (!detail::axes_fit<rank, Axis>) return detail::wrong_axes<"squeeze", shape_t<A>, Axis>{};
    else if constexpr (shape_t<A>::static_extents[axis_of(Axis, rank)] != 1) return cannot_squeeze<Axis, shape_t<A>>{};
    else return select<Axis>(std::forward<A>(x), 0);
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
/// The diagonal of the last two axes; torch.diagonal(x, dim1=-2, dim2=-1).
template <expression A>
constexpr auto diagonal(A&& x) {
    if constexpr (shape_t<A>::rank() < 2) return too_few_axes<"diagonal", shape_t<A>>{};
    else return make_view(detail::diagonal_view{}, std::forward<A>(x));
}

}  // namespace tenon::inline TENON_TARGET
