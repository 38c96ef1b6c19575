// Elements that a mask or flat positions choose: nonzero, argwhere, masked_select, take, take_along_dim, count_nonzero.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include <tenon/core/to.hpp>
#include <tenon/expr/index.hpp>
#include <tenon/expr/let.hpp>
#include <tenon/expr/reduce.hpp>
#include <tenon/expr/topk.hpp>
#include <tenon/op/cast.hpp>
#include <tenon/op/compare.hpp>
#include <tenon/op/logic.hpp>
#include <tenon/op/where.hpp>

namespace tenon::inline TENON_TARGET {

namespace detail {
/// How many elements aren't 0.
template <class T>
std::size_t number_of_nonzero(T const* x, std::size_t n) {
    std::size_t count = 0;
    for (std::size_t i = 0; i != n; ++i) count += x[i] != T(0);
    return count;
}
/// Writes where the first `most` elements are that aren't 0: `rank` positions for each, or one, the flat one, where the rank is 0.
/// @return how many they are
template <class T>
std::size_t write_nonzero(T const* x, std::size_t n, std::size_t const* extents, std::size_t rank, std::size_t most,
                          std::int64_t* y) {
    std::size_t found = 0;
    for (std::size_t i = 0; i != n && found != most; ++i) {
        if (!(x[i] != T(0))) continue;
        if (rank == 0) y[found] = static_cast<std::int64_t>(i);
        else
            for (std::size_t a = rank, at = i; a-- != 0; at /= extents[a])
                y[found * rank + a] = static_cast<std::int64_t>(at % extents[a]);
        ++found;
    }
    return found;
}
/// A computation's elements in the processor's memory, as a tensor.
template <class A>
auto in_host(A const& x) {
    if constexpr (in_host_memory<device_of_t<A>> && requires { typename A::tensor_tag; }) return tensor_ref<A>(x);
    else return owned(to<cpu>(x));
}
/// A tensor that moves to the device of what it was made from.
template <class A, class Tensor>
auto on_device_of(Tensor t) {
    if constexpr (in_host_memory<device_of_t<A>>) return t;
    else return to<device_of_t<A>>(t);
}
/// The flat positions of elements that aren't 0.
template <class A>
auto flat_nonzero(A const& x) {
    auto const held = in_host(x);
    auto const& all = held.get();
    std::size_t const n = all.size();
    tensor<std::int64_t, dyn> at(uninitialized, shape<dyn>(number_of_nonzero(all.data(), n)));
    write_nonzero(all.data(), n, nullptr, 0, at.size(), at.data());
    return on_device_of<A>(std::move(at));
}
/// Positions that may count from the end of an axis, from its start.
template <class I>
constexpr auto from_start(I&& index, std::size_t extent) {
    if constexpr (std::is_unsigned_v<value_t<I>>) return as_node(std::forward<I>(index));
    else {
        auto const at = reused(cast<std::int64_t>(std::forward<I>(index)));
        return where(at < 0, at + static_cast<std::int64_t>(extent), at);
    }
}
}  // namespace detail

/// Where the elements are that aren't 0, in row-major order, as a [count, rank] tensor of int64 positions; evaluated at once. NaN isn't
/// 0; torch.nonzero.
template <expression A>
auto nonzero(A const& x) {
    constexpr std::size_t rank = shape_t<A>::rank();
    auto const held = detail::in_host(x);
    auto const& all = held.get();
    std::size_t const n = all.size();
    tensor<std::int64_t, dyn, rank> at(uninitialized, shape<dyn, rank>(detail::number_of_nonzero(all.data(), n)));
    if constexpr (rank != 0) {
        auto const extents = all.shape().extents();
        detail::write_nonzero(all.data(), n, extents.data(), rank, at.shape()[0], at.data());
    }
    return detail::on_device_of<A>(std::move(at));
}
/// The same; torch.argwhere.
template <expression A>
auto argwhere(A const& x) {
    return tenon::nonzero(x);
}
/// The same as flat int64 positions; numpy.flatnonzero.
template <expression A>
auto flatnonzero(A const& x) {
    return detail::flat_nonzero(x);
}
/// Where the first Size elements are that aren't 0, as a [Size, rank] tensor of int64 positions; rows that are left have the fill value.
/// Evaluated at once; torch.nonzero_static.
template <std::size_t Size, expression A>
auto nonzero_static(A const& x, std::int64_t fill_value = -1) {
    constexpr std::size_t rank = shape_t<A>::rank();
    auto const held = detail::in_host(x);
    auto const& all = held.get();
    tensor<std::int64_t, Size, rank> at;
    at.fill(fill_value);
    if constexpr (rank != 0) {
        auto const extents = all.shape().extents();
        detail::write_nonzero(all.data(), all.size(), extents.data(), rank, Size, at.data());
    }
    return detail::on_device_of<A>(std::move(at));
}

/// The elements of x where a mask isn't 0, in row-major order, as a vector; x and the mask are broadcast together. The mask is
/// evaluated at once, x when the result is; gradients go to the elements that were chosen; torch.masked_select.
template <expression A, expression M>
auto masked_select(A&& x, M&& mask) {
    using s = shape_t<A>;
    if constexpr (!broadcast_all<s, shape_t<M>>::fits) return cannot_broadcast<op::where, s, shape_t<M>>{};
    else if constexpr (std::is_same_v<s, shape_t<M>>) {
        if (!(x.shape() == mask.shape())) throw_shapes("masked_select", to_string(x.shape()), to_string(mask.shape()));
        return index_select<0>(flatten(std::forward<A>(x)), detail::flat_nonzero(mask));
    } else {
        // In the common shape; nobody looks at the zeros.
        auto at = detail::flat_nonzero(filled_node<bool, s>(x.shape(), true) && mask);
        return index_select<0>(flatten(where(std::forward<M>(mask), std::forward<A>(x), value_t<A>(0))), std::move(at));
    }
}

/// The elements of x at flat positions in row-major order, in the positions' shape. They may count from the end; gradients of an
/// element that is named several times add up; torch.take.
template <expression A, expression I>
constexpr auto take(A&& x, I&& index) {
    if constexpr (!detail::counts_positions<value_t<I>>) return indices_are_integers<"take", value_t<I>>{};
    else if constexpr (shape_t<I>::rank() == 0)
        return select<0>(take(std::forward<A>(x), unsqueeze<0>(as_node(std::forward<I>(index)))), 0);
    else {
        std::size_t const n = x.shape().size();
        return index_select<0>(flatten(std::forward<A>(x)), detail::from_start(std::forward<I>(index), n));
    }
}

namespace detail {
/// An operand of take_along_dim beside another: all axes but one have the extents that both have when broadcast together.
template <std::size_t Axis, class X, class Other>
constexpr auto beside_along(X&& x, Other const& other) {
    using own = shape_t<X>;
    using beside = with_extent<Other, Axis, 1>;
    if constexpr (std::is_same_v<typename with_extent<own, Axis, 1>::type, typename beside::type>) {
        // Run-time extents aren't stretched, and gather would take fewer positions for as many of x's parts.
        if constexpr (!beside::type::is_static)
            if (!(with_extent<own, Axis, 1>::of(x.shape()) == beside::of(other)))
                throw_shapes("take_along_dim", to_string(x.shape()), to_string(other));
        return as_node(std::forward<X>(x));
    } else
        return where(filled_node<bool, typename beside::type>(beside::of(other), true), std::forward<X>(x),
                     value_t<X>(0));
}
}  // namespace detail

/// y(…, p, …) = x(…, index(…, p, …), …) along an axis; the other axes of x and index are broadcast together. Without an axis, the
/// elements at flat positions, as a vector. Positions may count from the end; numpy.take_along_axis, torch.take_along_dim.
template <std::ptrdiff_t... Axis, expression A, expression I>
    requires(sizeof...(Axis) <= 1)
constexpr auto take_along_dim(A&& x, I&& index) {
    using s = shape_t<A>;
    if constexpr (!detail::counts_positions<value_t<I>>) return indices_are_integers<"take_along_dim", value_t<I>>{};
    else if constexpr (sizeof...(Axis) == 0) return take(std::forward<A>(x), flatten(std::forward<I>(index)));
    else if constexpr (!detail::axes_fit<s::rank(), Axis...>) return detail::wrong_axes<"take_along_dim", s, Axis...>{};
    else {
        constexpr std::size_t axis = (axis_of(Axis, s::rank()) + ...);
        using one = typename detail::with_extent<s, axis, 1>::type;
        if constexpr (shape_t<I>::rank() != s::rank()) return cannot_gather<axis, s, shape_t<I>>{};
        else if constexpr (!broadcast_pair<one, typename detail::with_extent<shape_t<I>, axis, 1>::type>::fits)
            return cannot_gather<axis, s, shape_t<I>>{};
        else {
            auto const from = x.shape();
            auto const at = index.shape();
            return gather<static_cast<std::ptrdiff_t>(axis)>(
                detail::beside_along<axis>(std::forward<A>(x), at),
                detail::beside_along<axis>(detail::from_start(std::forward<I>(index), from[axis]), from));
        }
    }
}

/// How many elements along Axes, or of all, aren't 0, as int64; torch.count_nonzero.
template <std::ptrdiff_t... Axes, expression A, keepdim_tag... Keep>
    requires(sizeof...(Keep) <= 1)
constexpr auto count_nonzero(A&& x, Keep... keep) {
    if constexpr (detail::axis_of_one<shape_t<A>::rank(), Axes...>)
        return cast<std::int64_t>(cast<bool>(std::forward<A>(x)));
    else if constexpr (!detail::axes_fit<shape_t<A>::rank(), Axes...>)
        return detail::wrong_axes<"count_nonzero", shape_t<A>, Axes...>{};
    else return sum<Axes...>(cast<bool>(std::forward<A>(x)), keep...);
}

}  // namespace tenon::inline TENON_TARGET
