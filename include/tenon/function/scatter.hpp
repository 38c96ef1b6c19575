// Writing at places that indices name, as expressions that give the whole result: scatter, index_add, index_copy, put.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include <tenon/expr/scatter.hpp>

namespace tenon::inline TENON_TARGET {

/// Options of scatter_reduce and index_reduce.
struct scatter_options {
    bool include_self = true;  ///< whether x's own element is one of those that are joined
};
/// Options of index_add.
struct index_add_options {
    double alpha = 1;  ///< what the source is multiplied by
};

namespace detail {
/// A tensor without axes counts as one of one element.
template <class X>
constexpr auto at_least_vector(X&& x) {
    if constexpr (number<std::remove_cvref_t<X>>) return x;
    else if constexpr (shape_t<X>::rank() == 0) return unsqueeze<0>(as_node(std::forward<X>(x)));
    else return as_node(std::forward<X>(x));
}
template <operation_name Name, std::ptrdiff_t Axis, class How, class X, class I, class Src>
constexpr auto scatter_with(How how, X&& x, I&& index, Src&& src, bool self = true) {
    using s = shape_t<X>;
    if constexpr (s::rank() == 0 && (Axis == 0 || Axis == -1))
        return squeeze<0>(scatter_with<Name, 0>(how, unsqueeze<0>(as_node(std::forward<X>(x))),
                                                at_least_vector(std::forward<I>(index)),
                                                at_least_vector(std::forward<Src>(src)), self));
    else if constexpr (!axes_fit<s::rank(), Axis>) return wrong_axes<Name, s, Axis>{};
    else
        return write_with_indices<Name>(how, scatter_places<axis_of(Axis, s::rank())>{}, std::forward<X>(x),
                                        std::forward<I>(index), std::forward<Src>(src), self);
}
template <operation_name Name, std::ptrdiff_t Axis, class How, class X, class I, class Src>
constexpr auto write_parts(How how, X&& x, I&& index, Src&& src, bool self = true, bool wraps = false) {
    using s = shape_t<X>;
    if constexpr (s::rank() == 0 && (Axis == 0 || Axis == -1))
        return squeeze<0>(write_parts<Name, 0>(how, unsqueeze<0>(as_node(std::forward<X>(x))),
                                               at_least_vector(std::forward<I>(index)),
                                               at_least_vector(std::forward<Src>(src)), self, wraps));
    else if constexpr (!axes_fit<s::rank(), Axis>) return wrong_axes<Name, s, Axis>{};
    else
        return write_with_indices<Name>(how, part_places<axis_of(Axis, s::rank())>{}, std::forward<X>(x),
                                        at_least_vector(std::forward<I>(index)), std::forward<Src>(src), self, wraps);
}
}  // namespace detail

/// x with y(…, index(…, p, …), …) = src(…, p, …), where the index counts along an axis. Index and source have x's number of axes;
/// extents of the index are at most the source's, and along other axes at most x's. Of several elements for one place the last one
/// counts. What is written over has no gradient; each element of src has that of its place. Compile error `cannot_write_at`,
/// `indices_are_integers`. torch.scatter
/// @param src an expression, or a number for every place
/// @throws index_error when evaluated with an index outside the axis, shape_error where only run time can know
template <std::ptrdiff_t Axis, expression X, expression I, operand Src>
constexpr auto scatter(X&& x, I&& index, Src&& src) {
    return detail::scatter_with<"scatter", Axis>(detail::constant_reduction<reduction::none>{}, std::forward<X>(x),
                                                 std::forward<I>(index), std::forward<Src>(src));
}
/// x with src(…, p, …) added to y(…, index(…, p, …), …); as `scatter`. Elements for one place are added in src's order.
/// torch.scatter_add
template <std::ptrdiff_t Axis, expression X, expression I, operand Src>
constexpr auto scatter_add(X&& x, I&& index, Src&& src) {
    return detail::scatter_with<"scatter_add", Axis>(detail::constant_reduction<reduction::sum>{}, std::forward<X>(x),
                                                     std::forward<I>(index), std::forward<Src>(src));
}
/// x with what `scatter` would write to a place joined with what is there: sum, prod, mean, amax or amin, or without
/// `.include_self` those of the source alone. A mean of integers is cut downward. An extreme's gradient is divided among the elements
/// that are equal to it. torch.scatter_reduce
/// @throws std::invalid_argument for another reduction
template <std::ptrdiff_t Axis, expression X, expression I, operand Src>
auto scatter_reduce(X&& x, I&& index, Src&& src, reduction how, scatter_options options = {}) {
    return detail::scatter_with<"scatter_reduce", Axis>(detail::chosen_reduction("scatter_reduce", how),
                                                        std::forward<X>(x), std::forward<I>(index),
                                                        std::forward<Src>(src), options.include_self);
}

/// x with the part p of src along an axis added to x's part index(p), times alpha: src has the shape of `index_select<Axis>(x, index)`.
/// Compile error `cannot_write_at`; torch.index_add
/// @throws index_error when evaluated with an index outside the axis
template <std::ptrdiff_t Axis, expression X, expression I, operand Src>
constexpr auto index_add(X&& x, I&& index, Src&& src) {
    return detail::write_parts<"index_add", Axis>(detail::constant_reduction<reduction::sum>{}, std::forward<X>(x),
                                                  std::forward<I>(index), std::forward<Src>(src));
}
template <std::ptrdiff_t Axis, expression X, expression I, operand Src>
constexpr auto index_add(X&& x, I&& index, Src&& src, index_add_options options) {
    using T = value_t<X>;
    T alpha{};
    // By way of a signed number: -1 as an unsigned one is the greatest, as in PyTorch.
    if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>)
        alpha = static_cast<T>(static_cast<std::int64_t>(options.alpha));
    else alpha = static_cast<T>(options.alpha);
    return index_add<Axis>(std::forward<X>(x), std::forward<I>(index), std::forward<Src>(src) * alpha);
}
/// x with the part p of src along an axis in the place of x's part index(p). torch.index_copy
template <std::ptrdiff_t Axis, expression X, expression I, operand Src>
constexpr auto index_copy(X&& x, I&& index, Src&& src) {
    return detail::write_parts<"index_copy", Axis>(detail::constant_reduction<reduction::none>{}, std::forward<X>(x),
                                                   std::forward<I>(index), std::forward<Src>(src));
}
/// x with a value at the positions index along an axis, which may count from the end. torch.index_fill
/// @param value a number, or something without axes, whose gradient is the sum of those of the places
template <std::ptrdiff_t Axis, expression X, expression I, operand Value>
constexpr auto index_fill(X&& x, I&& index, Value&& value) {
    if constexpr (expression<Value>)
        static_assert(shape_t<Value>::rank() == 0, "index_fill: the value has no axes; index_copy writes parts");
    return detail::write_parts<"index_fill", Axis>(detail::constant_reduction<reduction::none>{}, std::forward<X>(x),
                                                   std::forward<I>(index), std::forward<Value>(value), true, true);
}
/// x with the parts of src along an axis joined with x's parts that the index names, as `scatter_reduce` joins. torch.index_reduce
template <std::ptrdiff_t Axis, expression X, expression I, operand Src>
auto index_reduce(X&& x, I&& index, Src&& src, reduction how, scatter_options options = {}) {
    return detail::write_parts<"index_reduce", Axis>(detail::chosen_reduction("index_reduce", how), std::forward<X>(x),
                                                     std::forward<I>(index), std::forward<Src>(src),
                                                     options.include_self);
}
/// x with the elements of src at the places index of its row-major order, which may count from the end; or added to what is there.
/// src has as many elements as the index. torch.put
/// @throws index_error when evaluated with an index outside, shape_error for another number of elements
template <expression X, expression I, operand Src>
constexpr auto put(X&& x, I&& index, Src&& src, bool accumulate = false) {
    auto const s = x.shape();
    if constexpr (expression<Src>)
        if (src.shape().size() != index.shape().size())
            throw_shapes("put", to_string(index.shape()), to_string(src.shape()));
    auto const flat = [](auto&& e) {
        if constexpr (number<std::remove_cvref_t<decltype(e)>>) return e;
        else return flatten(as_node(std::forward<decltype(e)>(e)));
    };
    auto y = detail::write_with_indices<"put">(detail::added_or_put{accumulate}, detail::scatter_places<0>{},
                                               flat(std::forward<X>(x)), flat(std::forward<I>(index)),
                                               flat(std::forward<Src>(src)), true, true);
    return detail::reshape_to(std::move(y), s);
}

}  // namespace tenon::inline TENON_TARGET
