// Which element type an operation on several element types has: PyTorch's promotion rules.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <tenon/base/target.hpp>
#include <tenon/scalar/dual.hpp>

namespace tenon::inline TENON_TARGET {

namespace detail {
/// 0 bool, 1 integer, 2 floating point, 3 complex, 4 dual number.
template <class T>
inline constexpr int category = std::is_same_v<T, bool>       ? 0
                                : std::is_integral_v<T>       ? 1
                                : std::is_floating_point_v<T> ? 2
                                : element::narrow<T>          ? 2
                                : element::is_complex<T>      ? 3
                                                              : 4;

/// The complex type whose parts hold real numbers of type T, as torch.result_type has it: float for integers and what has 16 bits.
template <class T>
using complex_of = std::complex<std::conditional_t<std::is_same_v<element::real_t<T>, double>, double, float>>;

template <class A, class B>
constexpr auto promote_pair() {
    constexpr int a = category<A>, b = category<B>;
    if constexpr (a == 4 && b == 4) {
        if constexpr (std::is_same_v<A, B>) return std::type_identity<A>{};
        else return std::type_identity<std::conditional_t<(sizeof(A) > sizeof(B)), A, B>>{};
    } else if constexpr (a == 3 && b == 2) return promote_pair<A, complex_of<B>>();
    else if constexpr (a == 2 && b == 3) return promote_pair<complex_of<A>, B>();
    else if constexpr (a != b) return std::type_identity<std::conditional_t<(a > b), A, B>>{};
    else if constexpr (a == 1 && std::is_signed_v<A> != std::is_signed_v<B>) {
        // uint8 with int8 is int16, as in PyTorch; a signed type that is already wider holds both.
        using s = std::conditional_t<std::is_signed_v<A>, A, B>;
        using u = std::conditional_t<std::is_signed_v<A>, B, A>;
        if constexpr (sizeof(s) > sizeof(u)) return std::type_identity<s>{};
        else if constexpr (sizeof(u) == 1) return std::type_identity<std::int16_t>{};
        else if constexpr (sizeof(u) == 2) return std::type_identity<std::int32_t>{};
        else return std::type_identity<std::int64_t>{};
    } else if constexpr (element::narrow<A> && element::narrow<B> && !std::is_same_v<A, B>)
        return std::type_identity<float>{};  // neither format holds the other's numbers
    else return std::type_identity<std::conditional_t<(sizeof(A) >= sizeof(B)), A, B>>{};
}

/// An operand of an operation: its type, and how much its type counts (2 has axes, 1 has none, 0 is a plain number).
template <class T, int Weight>
struct promoted {
    using type = T;
    static constexpr int weight = Weight;
};
template <class A, class B>
struct promoted_pair {
    using both = typename decltype(promote_pair<typename A::type, typename B::type>())::type;
    static constexpr int ca = category<typename A::type>, cb = category<typename B::type>;
    // Within a category, an operand of less weight does not widen the other; across categories the higher one wins, and a
    // plain double meets an integer tensor as a float, a plain int a bool tensor as an int64, PyTorch's default types. Complex
    // numbers leave floating point numbers of more weight their width.
    using default_type =
        std::conditional_t<std::is_same_v<both, double>, float,
                           std::conditional_t<std::is_same_v<both, int>, std::int64_t,
                                              std::conditional_t<category<both> == 3, std::complex<float>, both>>>;
    static constexpr bool by_weight = A::weight != B::weight;
    using heavy = std::conditional_t<(A::weight > B::weight), A, B>;
    using light = std::conditional_t<(A::weight > B::weight), B, A>;
    static constexpr int ch = category<typename heavy::type>, cl = category<typename light::type>;
    using type = std::conditional_t<
        !by_weight, both,
        std::conditional_t<(ch >= cl), typename heavy::type,
                           std::conditional_t<(ch == 2 && cl == 3), complex_of<typename heavy::type>,
                                              std::conditional_t<light::weight == 0, default_type, both>>>>;
    static constexpr int weight = A::weight > B::weight ? A::weight : B::weight;
};
template <class A, class... Rest>
struct promote_all {
    using type = typename A::type;
};
template <class A, class B, class... Rest>
struct promote_all<A, B, Rest...>
    : promote_all<promoted<typename promoted_pair<A, B>::type, promoted_pair<A, B>::weight>, Rest...> {};
}  // namespace detail

/// The element type that operands of these types are computed in. Bool < integers < floating point; within one category
/// the wider type wins; source: torch.result_type.
template <class... T>
using promote_t = typename detail::promote_all<detail::promoted<T, 2>...>::type;

/// The floating point type of a computation: float for integers and bool, PyTorch's default type.
template <class T>
using floating_t = std::conditional_t<std::is_integral_v<T>, float, T>;

}  // namespace tenon::inline TENON_TARGET
