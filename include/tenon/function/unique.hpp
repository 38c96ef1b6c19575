// Elements, or parts along an axis, each once: unique, unique_consecutive.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include <tenon/expr/sort.hpp>
#include <tenon/function/nonzero.hpp>

namespace tenon::inline TENON_TARGET {

/// Options of unique.
struct unique_options {
    bool sorted = true;  ///< results are sorted without it too
};
/// What unique and unique_consecutive give: `auto [values, inverse, counts] = tn::unique(x)`.
template <class Values, class Inverse, class Counts>
struct unique_result {
    Values values;    ///< each element once
    Inverse inverse;  ///< for each element its place in values, int64
    Counts counts;    ///< how often each of values was there, int64
};

namespace detail {
/// Numbers the groups of equal parts that follow each other in an order.
/// @param order part i in the order @param same(a, b) whether two parts are equal
/// @param first, counts room for n: the first part of each group, and how many it has
/// @param inverse the group of each part
/// @return how many groups there are
template <class Order, class Same>
std::size_t number_groups(std::size_t n, Order const& order, Same const& same, std::int64_t* first,
                          std::int64_t* inverse, std::int64_t* counts) {
    std::size_t groups = 0;
    for (std::size_t i = 0; i != n; ++i) {
        std::size_t const part = order(i);
        if (i == 0 || !same(order(i - 1), part)) {
            first[groups] = static_cast<std::int64_t>(part);
            counts[groups++] = 0;
        }
        ++counts[groups - 1];
        inverse[part] = static_cast<std::int64_t>(groups - 1);
    }
    return groups;
}
/// Groups the n elements of x; NaN is a group of its own.
template <class T>
std::size_t group_elements(T const* x, std::size_t n, bool consecutive, std::int64_t* first, std::int64_t* inverse,
                           std::int64_t* counts) {
    auto const same = [x](std::size_t a, std::size_t b) { return x[a] == x[b]; };
    if (consecutive) return number_groups(n, [](std::size_t i) { return i; }, same, first, inverse, counts);
    if (n > 0xFFFF'FFFFU) throw_too_long("unique", n);
    sort_room<std::uint64_t> room(n), more(n);
    auto const* const sorted = order_of(x, 1, n, false, room.data(), more.data());
    return number_groups(n, [=](std::size_t i) { return position_of(sorted[i]); }, same, first, inverse, counts);
}
/// The same for n parts of `width` elements each, in lexicographic order.
template <class T>
std::size_t group_parts(T const* x, std::size_t n, std::size_t width, bool consecutive, std::int64_t* first,
                        std::int64_t* inverse, std::int64_t* counts) {
    auto const same = [=](std::size_t a, std::size_t b) {
        return std::equal(x + a * width, x + (a + 1) * width, x + b * width);
    };
    buffer<std::size_t, dyn> order;
    order.reserve(n);
    std::size_t* const o = order.data();
    for (std::size_t i = 0; i != n; ++i) o[i] = i;
    if (!consecutive)
        std::sort(o, o + n, [=](std::size_t a, std::size_t b) {
            for (std::size_t i = 0; i != width; ++i) {
                if (sorts_before(x[a * width + i], x[b * width + i])) return true;
                if (sorts_before(x[b * width + i], x[a * width + i])) return false;
            }
            return a < b;
        });
    return number_groups(n, [=](std::size_t i) { return o[i]; }, same, first, inverse, counts);
}
/// The first `count` elements as a tensor.
inline tensor<std::int64_t, dyn> first_elements(tensor<std::int64_t, dyn> const& x, std::size_t count) {
    tensor<std::int64_t, dyn> y(uninitialized, shape<dyn>(count));
    std::copy_n(x.data(), count, y.data());
    return y;
}
template <bool Consecutive, std::ptrdiff_t... Axis, class A>
auto make_unique(A const& x) {
    constexpr bool whole = sizeof...(Axis) == 0;
    if constexpr (!Consecutive) check_order<value_t<A>>();
    auto const held = in_host([&] {
        // Parts along an axis lie one after another where that axis is the first.
        if constexpr (whole || ((axis_of(Axis, shape_t<A>::rank()) == 0) || ...)) return as_node(x);
        else return moved_to_front<(axis_of(Axis, shape_t<A>::rank()) + ...)>(x);
    }());
    auto const& all = held.get();
    std::size_t const n = whole ? all.size() : all.shape()[0];
    using positions = tensor<std::int64_t, dyn>;
    using inverse_type = std::conditional_t<whole, tensor_of_t<std::int64_t, shape_t<A>>, positions>;
    positions first(uninitialized, shape<dyn>(n)), counts(uninitialized, shape<dyn>(n));
    auto inverse = [&] {
        if constexpr (whole) return inverse_type(uninitialized, all.shape());
        else return inverse_type(uninitialized, shape<dyn>(n));
    }();
    std::size_t const groups = [&] {
        if constexpr (whole)
            return group_elements(all.data(), n, Consecutive, first.data(), inverse.data(), counts.data());
        else
            return group_parts(all.data(), n, n == 0 ? 0 : all.size() / n, Consecutive, first.data(), inverse.data(),
                               counts.data());
    }();
    auto const at = first_elements(first, groups);
    auto values = [&] {
        if constexpr (whole) {
            tensor<value_t<A>, dyn> v(uninitialized, shape<dyn>(groups));
            for (std::size_t i = 0; i != groups; ++i) v.data()[i] = all.data()[at.data()[i]];
            return on_device_of<A>(std::move(v));
        } else {
            auto const there = on_device_of<A>(at);
            return index_select<Axis...>(x, there).eval();
        }
    }();
    auto numbers = on_device_of<A>(first_elements(counts, groups));
    auto groups_of = on_device_of<A>(std::move(inverse));
    return unique_result<decltype(values), decltype(groups_of), decltype(numbers)>{
        std::move(values), std::move(groups_of), std::move(numbers)};
}
}  // namespace detail

/// The elements in ascending order, each once, as a vector, with for each element its place among them and for each of them how often
/// it is there: `auto [values, inverse, counts] = tn::unique(x)`. Along an axis, parts of x in lexicographic order: `tn::unique<0>(x)`.
/// Evaluated at once. NaN is last and equal to nothing; torch.unique.
template <std::ptrdiff_t... Axis, expression A>
    requires(sizeof...(Axis) <= 1)
auto unique(A const& x, unique_options = {}) {
    if constexpr (!detail::axes_fit<shape_t<A>::rank(), Axis...>)
        return detail::wrong_axes<"unique", shape_t<A>, Axis...>{};
    else return detail::make_unique<false, Axis...>(x);
}
/// The same for elements, or parts along an axis, that follow each other: of each run of equal ones the first, in their order;
/// torch.unique_consecutive.
template <std::ptrdiff_t... Axis, expression A>
    requires(sizeof...(Axis) <= 1)
auto unique_consecutive(A const& x) {
    if constexpr (!detail::axes_fit<shape_t<A>::rank(), Axis...>)
        return detail::wrong_axes<"unique_consecutive", shape_t<A>, Axis...>{};
    else return detail::make_unique<true, Axis...>(x);
}

}  // namespace tenon::inline TENON_TARGET
