// A tuple that costs the compiler little: one base class for each element, no recursion.
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

#include <tenon/base/target.hpp>

namespace tenon::inline TENON_TARGET {

template <std::size_t I, class T>
struct tuple_element_of {
    T value;
};
/// Elements with state do not lie in each other's padding: nvcc's code generator runs out of memory for kernels that take
/// such objects.
template <std::size_t I, class T>
    requires std::is_empty_v<T>
struct tuple_element_of<I, T> {
    [[no_unique_address]] T value;
};

template <class Indices, class... T>
struct tuple_of;

/// An aggregate of elements that are reached by number: `get<0>(t)`. Elements without state take no room.
template <std::size_t... I, class... T>
struct tuple_of<std::index_sequence<I...>, T...> : tuple_element_of<I, T>... {};

template <class... T>
using tuple = tuple_of<std::index_sequence_for<T...>, T...>;

template <std::size_t I, class T>
TENON_INLINE constexpr T& get(tuple_element_of<I, T>& e) {
    return e.value;
}
template <std::size_t I, class T>
TENON_INLINE constexpr T const& get(tuple_element_of<I, T> const& e) {
    return e.value;
}
template <std::size_t I, class T>
TENON_INLINE constexpr T&& get(tuple_element_of<I, T>&& e) {
    return static_cast<T&&>(e.value);
}

/// Calls `f(integral_constant<0>{}), f(integral_constant<1>{}), …` N times, unrolled.
template <std::size_t N, class F>
TENON_INLINE constexpr void unroll(F&& f) {
    [&]<std::size_t... I>(std::index_sequence<I...>)
        TENON_LAMBDA_INLINE { (f(std::integral_constant<std::size_t, I>{}), ...); }(std::make_index_sequence<N>{});
}

namespace detail {
template <std::size_t I, class T>
std::type_identity<T> element_type(tuple_element_of<I, std::type_identity<T>> const*);
}  // namespace detail

/// The I-th type of a pack.
template <std::size_t I, class... T>
using nth = typename decltype(detail::element_type<I>(static_cast<tuple<std::type_identity<T>...>*>(nullptr)))::type;

}  // namespace tenon::inline TENON_TARGET
