// Elements in their order along an axis: sort, argsort, msort.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include <tenon/expr/array.hpp>
#include <tenon/expr/index.hpp>
#include <tenon/expr/let.hpp>
#include <tenon/expr/scalar_axis.hpp>
#include <tenon/expr/sort_keys.hpp>

namespace tenon::inline TENON_TARGET {

/// Options of sort and argsort.
struct sort_options {
    bool descending = false;  ///< the greatest first
    bool stable = false;      ///< equal elements stay in their order; they do so without it
};

namespace detail {
/// Keys of n elements that lie `step` apart, complemented where the greatest come first.
/// @param put what takes a key and its element's number
template <class T, class F>
TENON_INLINE void read_keys(T const* x, std::size_t step, std::size_t n, bool descending, F const& put) {
    auto const flip = static_cast<sort_key_t<T>>(descending ? nan_key<T> : 0);
    if (step == 1)
        for (std::size_t i = 0; i != n; ++i) put(static_cast<sort_key_t<T>>(detail::order_key(x[i]) ^ flip), i);
    else
        for (std::size_t i = 0; i != n; ++i) put(static_cast<sort_key_t<T>>(detail::order_key(x[i * step]) ^ flip), i);
}

/// Writes zeros in the order that they have in x, where there are such of both signs: their keys are equal.
template <class T>
void restore_zeros(T const* x, T* y, std::size_t step, std::size_t n) {
    std::size_t first = 0, next = 0;
    while (!(y[first * step] == T(0))) ++first;
    for (std::size_t i = 0; i != n; ++i)
        if (x[i * step] == T(0)) y[(first + next++) * step] = x[i * step];
}

/// The elements of x in their order along an axis.
template <class T>
void sort_along(T const* x, T* y, axis_extents const& e, bool descending) {
    for_each_vector("sort", e, [&](std::size_t first, std::size_t step) {
        using key = sort_key_t<T>;
        sort_room<key> keys(e.along), more(e.along);
        key* const k = keys.data();
        bool negative_zero = false;
        read_keys(x + first, step, e.along, descending, [&](key v, std::size_t i) { k[i] = v; });
        if constexpr (has_nan<T>)
            for (std::size_t i = 0; i != e.along; ++i)
                negative_zero |= __builtin_bit_cast(bits_t<T>, x[first + i * step]) == sign_bit<T>;
        key const flip = descending ? nan_key<T> : 0;
        key const* const sorted = sort_keys(k, more.data(), e.along, 0, key_bits<T>);
        for (std::size_t i = 0; i != e.along; ++i)
            y[first + i * step] = of_order_key<T>(static_cast<key>(sorted[i] ^ flip));
        if constexpr (has_nan<T>)
            if (negative_zero) restore_zeros(x + first, y + first, step, e.along);
    });
}
/// The positions that put a vector in order, each the `position_of` a number; equal elements in the order of their positions.
/// @param room, more memory of sort_room for n numbers
template <class T>
std::uint64_t* order_of(T const* x, std::size_t step, std::size_t n, bool descending, std::uint64_t* room,
                        std::uint64_t* more) {
    auto const flip = static_cast<sort_key_t<T>>(descending ? nan_key<T> : 0);
    read_keys(x, step, n, descending, [=](sort_key_t<T> key, std::size_t i) { room[i] = keyed<T>(key, i); });
    return sort_positions<T>(room, more, n, [=](std::size_t i) {
        return static_cast<sort_key_t<T>>(detail::order_key(x[i * step]) ^ flip);
    });
}
/// The positions that put the elements of x in their order along an axis.
template <class T>
void argsort_along(T const* x, std::int64_t* y, axis_extents const& e, bool descending) {
    for_each_vector("argsort", e, [&](std::size_t first, std::size_t step) {
        sort_room<std::uint64_t> room(e.along), more(e.along);
        auto const* const order = order_of(x + first, step, e.along, descending, room.data(), more.data());
        for (std::size_t i = 0; i != e.along; ++i)
            y[first + i * step] = static_cast<std::int64_t>(position_of(order[i]));
    });
}
/// Adds to the gradients of x those of its sorted elements.
template <class T>
void add_sorted_gradient(T const* x, T const* g, T* gx, axis_extents const& e, bool descending) {
    for_each_vector("sort", e, [&](std::size_t first, std::size_t step) {
        sort_room<std::uint64_t> room(e.along), more(e.along);
        auto const* const order = order_of(x + first, step, e.along, descending, room.data(), more.data());
        for (std::size_t i = 0; i != e.along; ++i) gx[first + position_of(order[i]) * step] += g[first + i * step];
    });
}
constexpr std::size_t comparisons(std::size_t n, std::size_t along) {
    std::size_t levels = 1;
    while (along >> levels != 0) ++levels;
    return n * levels;
}

/// The elements in their order. Without positions it takes half the time; the gradient looks for them.
template <std::size_t Axis, class T, class S>
struct sort_rule {
    using value_type = T;
    using shape_type = S;
    static constexpr char const *name = "sort", *kind = "sort";
    static constexpr bool has_gradient = true;
    bool descending;

    static constexpr S shape(S const& s) { return s; }
    static constexpr std::size_t operations(S const& s) { return comparisons(s.size(), around_axis<Axis>(s).along); }
    void forward(array_of<T, S> const& y, array_of<T const, S> const& x) const {
        sort_along(x.data, y.data, around_axis<Axis>(x.shape), descending);
    }
    void backward(array_of<T const, S> const&, array_of<T const, S> const& g, array_of<T const, S> const& x,
                  array_of<T, S> const& gx) const {
        add_sorted_gradient(x.data, g.data, gx.data, around_axis<Axis>(x.shape), descending);
    }
};
/// The positions of elements in their order.
template <std::size_t Axis, class T, class S>
struct argsort_rule {
    using value_type = std::int64_t;
    using shape_type = S;
    static constexpr char const *name = "argsort", *kind = "sort";
    bool descending;

    static constexpr S shape(S const& s) { return s; }
    static constexpr std::size_t operations(S const& s) { return comparisons(s.size(), around_axis<Axis>(s).along); }
    void forward(array_of<std::int64_t, S> const& y, array_of<T const, S> const& x) const {
        argsort_along(x.data, y.data, around_axis<Axis>(x.shape), descending);
    }
};

/// A rule's node for one operand along an axis.
template <template <std::size_t, class, class> class Rule, std::ptrdiff_t Axis, class A, class... Options>
constexpr auto make_order(A&& x, Options... options) {
    check_order<value_t<A>>();
    using rule = Rule<axis_of(Axis, shape_t<A>::rank()), value_t<A>, shape_t<A>>;
    return make_array(rule{options...}, std::forward<A>(x));
}
template <std::ptrdiff_t Axis, class A>
constexpr auto make_sort(A&& x, sort_options o) {
    auto const whole = reused(std::forward<A>(x));
    auto indices = let(make_order<argsort_rule, Axis>(whole, o.descending));
    auto values = [&] {
        if constexpr (element::is_dual<value_t<A>>) return gather<Axis>(whole, indices);
        else return make_order<sort_rule, Axis>(whole, o.descending);
    }();
    return values_and_indices<decltype(values), decltype(indices)>{std::move(values), std::move(indices)};
}
}  // namespace detail

/// The elements in ascending order along an axis, and the int64 positions that they had: `auto [values, indices] = tn::sort<1>(x)`,
/// `tn::sort<1>(x, {.descending = true})`. Equal elements stay in their order; NaN counts as the greatest. A value's gradient goes to
/// the element that it was; torch.sort.
template <std::ptrdiff_t Axis = -1, expression A>
constexpr auto sort(A&& x, sort_options options = {}) {
    if constexpr (detail::axis_of_one<shape_t<A>::rank(), Axis>)
        return detail::as_vector(std::forward<A>(x), [=](auto&& v) { return sort<0>(std::move(v), options); });
    else if constexpr (!detail::axes_fit<shape_t<A>::rank(), Axis>)
        return detail::wrong_axes<"sort", shape_t<A>, Axis>{};
    else return detail::make_sort<Axis>(std::forward<A>(x), options);
}
/// The int64 positions that put the elements in ascending order along an axis; options as for `sort`; torch.argsort.
template <std::ptrdiff_t Axis = -1, expression A>
constexpr auto argsort(A&& x, sort_options options = {}) {
    if constexpr (detail::axis_of_one<shape_t<A>::rank(), Axis>)
        return detail::as_vector(std::forward<A>(x), [=](auto&& v) { return argsort<0>(std::move(v), options); });
    else if constexpr (!detail::axes_fit<shape_t<A>::rank(), Axis>)
        return detail::wrong_axes<"argsort", shape_t<A>, Axis>{};
    else return detail::make_order<detail::argsort_rule, Axis>(std::forward<A>(x), options.descending);
}
/// The elements in ascending order along the first axis; torch.msort.
template <expression A>
constexpr auto msort(A&& x) {
    return tenon::sort<0>(std::forward<A>(x)).values;
}

}  // namespace tenon::inline TENON_TARGET
