// Tensors of one value, from a shape or in the likeness of another tensor. All are computed at once, and in constant
// expressions where the tensor is small.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <limits>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include <tenon/base/strict.hpp>
#include <tenon/base/tuple.hpp>
#include <tenon/core/tensor.hpp>

namespace tenon::inline TENON_TARGET {

namespace detail {
/// A shape from its run-time extents, the first entries of `given`. @throws shape_error where one is negative, or no
/// processor has addresses for so many elements of T @param what the function that errors name
template <class T, class Shape>
constexpr Shape shape_to_make(char const* what, std::size_t const* given) {
    std::array<std::size_t, Shape::rank()> all{};
    for (std::size_t a = 0; a != Shape::rank(); ++a)
        all[a] = is_dynamic(Shape::static_extents[a]) ? *given++ : Shape::static_extents[a];
    Shape const s(all, what);
    if (s.size() > most_bytes / sizeof(T))
        throw shape_error(
            text_of({what, ": ", to_string(s), ", at ", sizeof(T), " bytes an element, is more than 2^47 bytes"}));
    return s;
}
/// The same from a function's arguments, of which those after the extents are left out.
template <class T, class Shape, class... I>
constexpr Shape shape_of_arguments(char const* what, I const&... given) {
    if constexpr (Shape::is_static) return Shape();
    else {
        std::size_t at = 0, extents[Shape::dynamic_count] = {};
        auto const take = [&](auto const& argument) {
            if (at < Shape::dynamic_count) extents[at] = static_cast<std::size_t>(argument);
            ++at;
        };
        (take(given), ...);
        return shape_to_make<T, Shape>(what, extents);
    }
}
/// Whether a value is in the range of an element type. A fraction is no reason to refuse, and an infinity none for
/// floating point.
template <class T, class V>
constexpr bool in_range(V v) {
    using limits = std::numeric_limits<T>;
    if constexpr (std::is_same_v<T, bool> || std::is_same_v<V, bool> || !std::is_arithmetic_v<V>) return true;
    else if constexpr (std::is_integral_v<V> && std::is_integral_v<T>) return std::in_range<T>(v);
    else {
        auto const x = static_cast<double>(v);
        if (!strict::isfinite(x)) return !std::is_integral_v<T>;
        // An integer's largest value is one less than a power of two, which a double holds.
        if constexpr (std::is_integral_v<T>)
            return x - static_cast<double>(limits::min()) > -1 && x < 2.0 * static_cast<double>(limits::max() / 2 + 1);
        else return x <= static_cast<double>(limits::max()) && x >= static_cast<double>(limits::lowest());
    }
}
/// A value of an element type. @throws std::invalid_argument where it is outside the type's range
/// @param what the function that errors name
template <class T, class V>
constexpr T value_to_fill(char const* what, V const& v) {
    if (!detail::in_range<T>(v))
        throw std::invalid_argument(text_of({what, ": the value is outside the range of the element type"}));
    return static_cast<T>(v);
}
}  // namespace detail

/// A tensor whose elements have to be written before they are read; run-time extents are the arguments. This and what
/// follows make a tensor on the processor, or on a device that stands before the other arguments: `empty<float, dyn>(Device{}, 5)`.
/// @throws shape_error where an extent is negative or no processor has addresses for so many elements, before memory
/// is asked for, and std::bad_alloc where only this machine has too little
template <class T, std::size_t... E, some_device Device, std::convertible_to<std::size_t>... I>
constexpr auto empty(Device, I... extents) {
    static_assert(sizeof...(I) == shape<E...>::dynamic_count, "empty: give the run-time extents");
    static_assert(!(std::floating_point<I> || ...), "empty: extents are whole numbers");
    return tensor_of_t<T, shape<E...>, Device>(uninitialized,
                                               detail::shape_of_arguments<T, shape<E...>>("empty", extents...));
}
template <class T, std::size_t... E, std::convertible_to<std::size_t>... I>
constexpr tensor<T, E...> empty(I... extents) {
    return tenon::empty<T, E...>(cpu{}, extents...);
}

/// The same value everywhere: `full<float, 2, 3>(7.f)`, `full<float, dyn, 3>(5, 7.f)`, `full<float>(7.f)` without axes.
/// @throws std::invalid_argument where the value is outside the element type's range, as torch.full does
template <class T, std::size_t... E, some_device Device, class... A>
    requires(sizeof...(A) == shape<E...>::dynamic_count + 1)
constexpr auto full(Device, A... extents_then_value) {
    constexpr std::size_t count = sizeof...(A) - 1;
    static_assert(
        []<std::size_t... I>(std::index_sequence<I...>) {
            return !(std::floating_point<nth<I, A...>> || ...);
        }(std::make_index_sequence<count>{}),
        "full: extents are whole numbers, and come before the value");
    tensor_of_t<T, shape<E...>, Device> x(uninitialized,
                                          detail::shape_of_arguments<T, shape<E...>>("full", extents_then_value...));
    x.fill(detail::value_to_fill<T>("full", get<count>(tuple<A const&...>{{extents_then_value}...})));
    return x;
}
template <class T, std::size_t... E, class... A>
    requires(sizeof...(A) == shape<E...>::dynamic_count + 1)
constexpr tensor<T, E...> full(A... extents_then_value) {
    return tenon::full<T, E...>(cpu{}, extents_then_value...);
}

/// Zeros: `zeros<float, 2, 3>()`, `zeros<float, dyn, 3>(5)`.
template <class T, std::size_t... E, some_device Device, std::convertible_to<std::size_t>... I>
constexpr auto zeros(Device, I... extents) {
    static_assert(sizeof...(I) == shape<E...>::dynamic_count, "zeros: give the run-time extents");
    static_assert(!(std::floating_point<I> || ...), "zeros: extents are whole numbers");
    return tensor_of_t<T, shape<E...>, Device>(detail::shape_of_arguments<T, shape<E...>>("zeros", extents...));
}
template <class T, std::size_t... E, std::convertible_to<std::size_t>... I>
constexpr tensor<T, E...> zeros(I... extents) {
    return tenon::zeros<T, E...>(cpu{}, extents...);
}

/// Ones; arguments as for `zeros`.
template <class T, std::size_t... E, some_device Device, std::convertible_to<std::size_t>... I>
constexpr auto ones(Device, I... extents) {
    static_assert(sizeof...(I) == shape<E...>::dynamic_count, "ones: give the run-time extents");
    static_assert(!(std::floating_point<I> || ...), "ones: extents are whole numbers");
    tensor_of_t<T, shape<E...>, Device> x(uninitialized,
                                          detail::shape_of_arguments<T, shape<E...>>("ones", extents...));
    x.fill(T(1));
    return x;
}
template <class T, std::size_t... E, std::convertible_to<std::size_t>... I>
constexpr tensor<T, E...> ones(I... extents) {
    return tenon::ones<T, E...>(cpu{}, extents...);
}

/// A tensor of another's shape and device, and element type where no T is named, whose elements have to be written before they are read.
template <class T = void, expression X>
constexpr auto empty_like(X const& x) {
    using element = std::conditional_t<std::is_void_v<T>, value_t<X>, T>;
    return tensor_of_t<element, shape_t<X>, device_of_t<X>>(uninitialized, x.shape());
}
/// Zeros of another tensor's shape and device, and element type where no T is named; the other is not read. torch.zeros_like
template <class T = void, expression X>
constexpr auto zeros_like(X const& x) {
    using element = std::conditional_t<std::is_void_v<T>, value_t<X>, T>;
    return tensor_of_t<element, shape_t<X>, device_of_t<X>>(x.shape());
}
/// Ones, as `zeros_like`. torch.ones_like
template <class T = void, expression X>
constexpr auto ones_like(X const& x) {
    auto y = empty_like<T>(x);
    y.fill(value_t<decltype(y)>(1));
    return y;
}
/// A value everywhere, as `zeros_like`. torch.full_like
template <class T = void, expression X>
constexpr auto full_like(X const& x, std::conditional_t<std::is_void_v<T>, value_t<X>, T> value) {
    auto y = empty_like<T>(x);
    y.fill(value);
    return y;
}

}  // namespace tenon::inline TENON_TARGET
