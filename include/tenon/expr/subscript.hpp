// x[…] and x(…): ranges, new axes, indices and masks as subscripts, read and written.
#pragma once

#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

#include <tenon/core/subscript.hpp>
#include <tenon/expr/picked.hpp>

namespace tenon::inline TENON_TARGET {

/// More subscripts than axes: a mask counts for as many as it has.
template <class Shape, std::size_t Given>
struct too_many_subscripts;
/// A mask's extents are those of the axes that it selects from.
template <class Shape, class Mask>
struct cannot_mask;

namespace detail {

/// How many axes a subscript takes.
template <class I>
inline constexpr std::size_t axes_taken = [] {
    if constexpr (std::is_same_v<I, newaxis_t> || std::is_same_v<I, ellipsis_t>) return 0;
    else if constexpr (expression<I>) {
        if constexpr (std::is_same_v<value_t<I>, bool>) return shape_t<I>::rank();
        else return 1;
    } else return 1;
}();

/// Whether a mask may be one of the axes of S from Axis on.
template <class S, class M, std::size_t Axis>
constexpr bool may_mask() {
    for (std::size_t a = 0; a < M::rank(); ++a) {
        std::size_t const s = S::static_extents[Axis + a], m = M::static_extents[a];
        if (!is_dynamic(s) && !is_dynamic(m) && s != m) return false;
    }
    return true;
}

/// Calls f with what is left of x where ranges and the like have cut it, and with what indices pick from that.
/// @tparam Axis the next axis, and From which one that was in the beginning @tparam Left how many an ellipsis takes
template <std::size_t Axis, std::size_t From, std::size_t Left, class F, class X, class... P>
constexpr auto take_subscripts(F const& f, X&& x, std::tuple<P...> picks) {
    return f(std::forward<X>(x), std::move(picks));
}
template <std::size_t Axis, std::size_t From, std::size_t Left, class F, class X, class... P, class I, class... Rest>
constexpr auto take_subscripts(F const& f, X&& x, std::tuple<P...> picks, I&& i, Rest&&... rest) {
    using plain = std::remove_cvref_t<I>;
    auto const then = [&]<std::size_t Next>(std::integral_constant<std::size_t, Next>, auto&& y, auto&& p) {
        constexpr std::size_t taken = std::is_same_v<plain, ellipsis_t> ? Left : axes_taken<plain>;
        return take_subscripts<Next, From + taken, Left>(f, std::forward<decltype(y)>(y), std::forward<decltype(p)>(p),
                                                         std::forward<Rest>(rest)...);
    };
    constexpr auto axis = static_cast<std::ptrdiff_t>(Axis);
    constexpr std::integral_constant<std::size_t, Axis> here;
    constexpr std::integral_constant<std::size_t, Axis + 1> next;
    if constexpr (std::is_same_v<plain, full_extent_t>) return then(next, std::forward<X>(x), std::move(picks));
    else if constexpr (std::is_same_v<plain, ellipsis_t>)
        return then(std::integral_constant<std::size_t, Axis + Left>{}, std::forward<X>(x), std::move(picks));
    else if constexpr (std::is_same_v<plain, newaxis_t>)
        return then(next, unsqueeze<axis>(std::forward<X>(x)), std::move(picks));
    else if constexpr (std::is_integral_v<plain>)
        return then(here, select<axis>(std::forward<X>(x), static_cast<std::ptrdiff_t>(i)), std::move(picks));
    else if constexpr (!expression<plain>) {
        return then(next, make_view(range_view<Axis, plain::is_unit>{{}, i}, std::forward<X>(x)), std::move(picks));
    } else if constexpr (std::is_same_v<value_t<plain>, bool>) {
        constexpr std::size_t span = shape_t<plain>::rank();
        if constexpr (span == 0)  // a mask of a new axis, which isn't counted among x's
            return take_subscripts<Axis, From - 1, Left>(f, unsqueeze<axis>(std::forward<X>(x)), std::move(picks),
                                                         unsqueeze<0>(as_node(std::forward<I>(i))),
                                                         std::forward<Rest>(rest)...);
        else if constexpr (!may_mask<shape_t<X>, shape_t<plain>, Axis>())
            return cannot_mask<shape_t<X>, shape_t<plain>>{};
        else {
            for (std::size_t a = 0; a != span; ++a)
                if (i.shape()[a] != x.shape()[Axis + a])
                    throw_shapes("mask", to_string(x.shape()), to_string(i.shape()));
            auto at = as_node(to<device_of_t<X>>(true_positions(i)));
            auto all =
                std::tuple_cat(std::move(picks), std::tuple(picked<Axis, span, From, decltype(at)>{std::move(at)}));
            return then(std::integral_constant<std::size_t, Axis + span>{}, std::forward<X>(x), std::move(all));
        }
    } else {
        auto all =
            std::tuple_cat(std::move(picks), std::tuple(picked<Axis, 1, From, node_t<I>>{as_node(std::forward<I>(i))}));
        return then(next, std::forward<X>(x), std::move(all));
    }
}

/// How a device writes to elements of a view that picks name: here the whole view is computed anew, as index_put computes it.
template <class Device>
struct picked_writer {
    template <class Node, class V, class... P>
    static void write(Node const& view, V&& value, P const&... p) {
        assign_through(view, write_picked(view, std::forward<V>(value), false, p...));
    }
};

/// Elements of a tensor that indices or masks name: reads as a copy of them, and writes to the tensor when it is assigned to.
/// @tparam Reading the node that reads them @tparam X the view of the tensor that they are picked from
template <class Reading, class X, class... P>
class picked_elements : public Reading {
public:
    using node_type = Reading;
    constexpr picked_elements(Reading r, X x, std::tuple<P...> p)
        : Reading(std::move(r)), from_(std::move(x)), picks_(std::move(p)) {}
    constexpr picked_elements(picked_elements const&) = default;

    /// Assigns to the elements; what is assigned is broadcast to their shape, and computed before the first one is written. Where
    /// indices name an element twice, the last one counts.
    template <operand V>
    constexpr picked_elements& operator=(V&& v) {
        std::apply(
            [&](auto const&... p) {
                picked_writer<device_of_t<Reading>>::write(from_.node(), std::forward<V>(v), p...);
            },
            picks_);
        return *this;
    }
    constexpr picked_elements& operator=(picked_elements const& v) { return *this = v.reading(); }
    template <operand V>
    constexpr picked_elements& operator+=(V&& v) {
        return *this = reading() + std::forward<V>(v);
    }
    template <operand V>
    constexpr picked_elements& operator-=(V&& v) {
        return *this = reading() - std::forward<V>(v);
    }
    template <operand V>
    constexpr picked_elements& operator*=(V&& v) {
        return *this = reading() * std::forward<V>(v);
    }
    template <operand V>
    constexpr picked_elements& operator/=(V&& v) {
        return *this = reading() / std::forward<V>(v);
    }

private:
    constexpr Reading const& reading() const { return *this; }
    X from_;
    std::tuple<P...> picks_;
};

template <class X>
constexpr auto as_writable(X&& x) {
    if constexpr (is_writable<std::remove_cvref_t<X>>) return std::remove_cvref_t<X>(x);
    else return writable<node_t<X>>(as_node(std::forward<X>(x)));
}
/// The axes that subscripts take, and what is left for an ellipsis.
template <class... I>
inline constexpr std::size_t all_taken = (axes_taken<std::remove_cvref_t<I>> + ... + 0);
}  // namespace detail

/// The part of x that subscripts name, one for each axis; axes behind them are whole.
/// - a position drops its axis and may count from the end; several positions and nothing else name an element;
/// - `tn::range(start, stop, step)` is Python's slice, `tn::full_extent` the whole axis, `tn::ellipsis` as many whole axes as are left,
///   `tn::newaxis` a new axis of extent 1: such a view has no elements of its own;
/// - integers of any shape are indices, which may count from the end. Those of several axes are broadcast together; their axes stand where
///   the first of them is, or in front where other axes are between them, as in PyTorch; those without axes don't count in that;
/// - bools are a mask for as many axes as they have, whose extents they have: the elements where they are true, as nonzero names them. A
///   bool without axes makes a new axis, of extent 1 where it is true and 0 where it isn't.
///
/// Gradients of an element that is named several times add up. From a tensor that has a name and isn't const, parts can be assigned to.
/// Compile errors `too_many_subscripts`, `wrong_number_of_indices`, `cannot_mask`. @throws index_error for a position or, when evaluated, an index outside its
/// axis; shape_error where only run time can know
template <class X, class... I>
constexpr auto at_subscripts(X&& x, I&&... i) {
    constexpr std::size_t rank = shape_t<X>::rank(), taken = detail::all_taken<I...>;
    static_assert((std::size_t{std::is_same_v<std::remove_cvref_t<I>, ellipsis_t>} + ... + 0) <= 1,
                  "x(…): one ellipsis at most");
    if constexpr (taken > rank) return too_many_subscripts<shape_t<X>, taken>{};
    else if constexpr (sizeof...(I) > 1 && positions<I...> && taken != rank)
        return wrong_number_of_indices<shape_t<X>, rank, taken>{};
    else {
        constexpr bool writes = detail::writes_through<X>;
        return detail::take_subscripts<0, 0, rank - taken>(
            []<class Y, class... P>(Y&& y, std::tuple<P...> picks) {
                if constexpr (sizeof...(P) == 0) return detail::view_of<Y>(as_node(std::forward<Y>(y)));
                else {
                    // What is a temporary moves into the expression, which may outlive it.
                    if constexpr (!writes)
                        return std::apply(
                            [&](auto const&... p) { return detail::read_picked(as_node(std::forward<Y>(y)), p...); },
                            picks);
                    else {
                        auto reading =
                            std::apply([&](auto const&... p) { return detail::read_picked(as_node(y), p...); }, picks);
                        auto from = detail::as_writable(std::forward<Y>(y));
                        return detail::picked_elements<decltype(reading), decltype(from), P...>(
                            std::move(reading), std::move(from), std::move(picks));
                    }
                }
            },
            std::forward<X>(x), std::tuple<>(), std::forward<I>(i)...);
    }
}

}  // namespace tenon::inline TENON_TARGET
