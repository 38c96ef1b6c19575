// Tensors from nothing but a shape: constants, ranges, the identity. All are computed at once, and in constant
// expressions where the tensor is small.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
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
    if (!in_range<T>(v))
        throw std::invalid_argument(text_of({what, ": the value is outside the range of the element type"}));
    return static_cast<T>(v);
}
}  // namespace detail

/// A tensor whose elements have to be written before they are read; run-time extents are the arguments. This and what
/// follows @throws shape_error where an extent is negative or no processor has addresses for so many elements, before memory
/// is asked for, and std::bad_alloc where only this machine has too little
template <class T, std::size_t... E, std::convertible_to<std::size_t>... I>
constexpr tensor<T, E...> empty(I... extents) {
    static_assert(sizeof...(I) == shape<E...>::dynamic_count, "empty: give the run-time extents");
    static_assert(!(std::floating_point<I> || ...), "empty: extents are whole numbers");
    return tensor<T, E...>(uninitialized, detail::shape_of_arguments<T, shape<E...>>("empty", extents...));
}

/// The same value everywhere: `full<float, 2, 3>(7.f)`, `full<float, dyn, 3>(5, 7.f)`, `full<float>(7.f)` without axes.
/// @throws std::invalid_argument where the value is outside the element type's range, as torch.full does
template <class T, std::size_t... E, class... A>
    requires(sizeof...(A) == shape<E...>::dynamic_count + 1)
constexpr tensor<T, E...> full(A... extents_then_value) {
    constexpr std::size_t count = sizeof...(A) - 1;
    static_assert(
        []<std::size_t... I>(std::index_sequence<I...>) {
            return !(std::floating_point<nth<I, A...>> || ...);
        }(std::make_index_sequence<count>{}),
        "full: extents are whole numbers, and come before the value");
    tensor<T, E...> x(uninitialized, detail::shape_of_arguments<T, shape<E...>>("full", extents_then_value...));
    x.fill(detail::value_to_fill<T>("full", get<count>(tuple<A const&...>{{extents_then_value}...})));
    return x;
}

/// Zeros: `zeros<float, 2, 3>()`, `zeros<float, dyn, 3>(5)`.
template <class T, std::size_t... E, std::convertible_to<std::size_t>... I>
constexpr tensor<T, E...> zeros(I... extents) {
    static_assert(sizeof...(I) == shape<E...>::dynamic_count, "zeros: give the run-time extents");
    static_assert(!(std::floating_point<I> || ...), "zeros: extents are whole numbers");
    tensor<T, E...> x(uninitialized, detail::shape_of_arguments<T, shape<E...>>("zeros", extents...));
    x.fill(T(0));
    return x;
}

/// Ones; arguments as for `zeros`.
template <class T, std::size_t... E, std::convertible_to<std::size_t>... I>
constexpr tensor<T, E...> ones(I... extents) {
    static_assert(sizeof...(I) == shape<E...>::dynamic_count, "ones: give the run-time extents");
    static_assert(!(std::floating_point<I> || ...), "ones: extents are whole numbers");
    tensor<T, E...> x(uninitialized, detail::shape_of_arguments<T, shape<E...>>("ones", extents...));
    x.fill(T(1));
    return x;
}

/// A tensor of another's element type and shape whose elements have to be written before they are read.
template <expression X>
constexpr auto empty_like(X const& x) {
    return tensor_of_t<value_t<X>, shape_t<X>>(uninitialized, x.shape());
}
/// Zeros of another tensor's element type and shape; the other is not read.
template <expression X>
constexpr auto zeros_like(X const& x) {
    return tensor_of_t<value_t<X>, shape_t<X>>(x.shape());
}
/// Ones of another tensor's element type and shape.
template <expression X>
constexpr auto ones_like(X const& x) {
    auto y = empty_like(x);
    y.fill(value_t<X>(1));
    return y;
}
/// A value in another tensor's element type and shape.
template <expression X>
constexpr auto full_like(X const& x, value_t<X> value) {
    auto y = empty_like(x);
    y.fill(value);
    return y;
}

/// The numbers 0 … N-1.
template <class T, std::size_t N>
constexpr tensor<T, N> arange() {
    static_assert(N == 0 || detail::in_range<T>(N - 1), "arange: the element type does not reach N - 1");
    tensor<T, N> x(uninitialized);
    T* const p = x.data();
    for (std::size_t i = 0; i != N; ++i) p[i] = static_cast<T>(i);
    return x;
}

namespace detail {
[[noreturn, gnu::noinline, gnu::cold]] inline void throw_range(char const* what, double start, double stop, double step,
                                                               char const* reason) {
    throw std::invalid_argument(text_of({what, ": from ", start, " to ", stop, " by ", step, ": ", reason}));
}
/// The distance from 1 to the next number of a floating point type.
template <class T>
inline constexpr double unit_of_last_place = static_cast<double>(std::numeric_limits<T>::epsilon());

/// The numbers start, start + step, … before stop: how many they are, and the i-th of them, rounded once from double.
template <class T>
struct number_range {
    T start, step;
    std::size_t count = 0;

    /// @throws std::invalid_argument where step is 0, leads away from stop, or something is not finite
    /// @throws shape_error where they are too many @param what the function that errors name
    number_range(char const* what, T first, T stop, T by) : start(first), step(by) {
        auto const a = static_cast<double>(first), b = static_cast<double>(stop), d = static_cast<double>(by);
        if (!strict::isfinite(a) || !strict::isfinite(b) || !strict::isfinite(d))
            throw_range(what, a, b, d, "the numbers have to be finite");
        if (by == T(0)) throw_range(what, a, b, d, "the step is 0");
        if (by > T(0) ? first > stop : first < stop) throw_range(what, a, b, d, "the step leads away from the end");
        if constexpr (std::is_integral_v<T>) {
            // Differences of integers may leave their type, but not that of an extent, where they wrap as they should.
            auto const wide = [](T v) { return static_cast<std::size_t>(v); };
            bool const up = by > 0;
            std::size_t const distance = up ? wide(stop) - wide(first) : wide(first) - wide(stop);
            std::size_t const stride = up ? wide(by) : 0 - wide(by);
            count = distance / stride + (distance % stride != 0);
        } else {
            double const steps = strict::div(strict::sub(b, a), d), whole = std::floor(steps);
            if (!strict::isfinite(steps) || steps >= 0x1p62) throw_range(what, a, b, d, "there are too many numbers");
            // .3f and .1f lie a little above what they stand for, and three of these steps a little before the end: what is
            // less than a rounding of T is no further number. A double is taken at its word, as torch.arange takes it.
            double const rounding = sizeof(T) < sizeof(double) ? std::min(steps * unit_of_last_place<T>, .01) : 0.0;
            count = static_cast<std::size_t>(whole) + (steps - whole > rounding);
        }
    }
    TENON_HOST_DEVICE constexpr T operator[](std::size_t i) const {
        if constexpr (std::is_integral_v<T>)
            return static_cast<T>(static_cast<std::size_t>(start) + i * static_cast<std::size_t>(step));
        else
            return static_cast<T>(strict::add(static_cast<double>(start),
                                              strict::mul(static_cast<double>(i), static_cast<double>(step))));
    }
};
}  // namespace detail

/// The numbers start, start + step, … before stop: ceil((stop - start) / step) of them, computed in double and with quotients that
/// differ from a whole number by less than T's rounding taken for it; each is start + i step, rounded once from double;
/// integers exactly; torch.arange.
/// @throws std::invalid_argument where step is 0 or leads away from stop, or something is not finite
/// @throws shape_error where they are too many
template <class T>
tensor<T, dyn> arange(std::type_identity_t<T> start, std::type_identity_t<T> stop, std::type_identity_t<T> step = 1) {
    detail::number_range<T> const range("arange", start, stop, step);
    tensor<T, dyn> x(uninitialized, detail::shape_to_make<T, shape<dyn>>("arange", &range.count));
    T* const p = x.data();
    for (std::size_t i = 0; i != range.count; ++i) p[i] = range[i];
    return x;
}
/// The numbers 0, 1, … before stop.
template <class T>
tensor<T, dyn> arange(std::type_identity_t<T> stop) {
    return arange<T>(T(0), stop, T(1));
}

namespace detail {
/// N numbers from a to b: the i-th is a + i (b - a) / (N - 1), rounded once from double.
template <class T, std::size_t N>
struct even_numbers {
    static_assert(!std::is_integral_v<T>, "linspace needs floating point elements");
    T last;
    double first, step;

    constexpr even_numbers(T a, T b) : last(b), first(static_cast<double>(a)) {
        double const gaps = N < 2 ? 1.0 : static_cast<double>(N - 1), end = static_cast<double>(b);
        step = strict::div(strict::sub(end, first), gaps);
        // The distance may be too large for a number where a step is not.
        if (!strict::isfinite(step)) step = strict::sub(strict::div(end, gaps), strict::div(first, gaps));
    }
    TENON_HOST_DEVICE constexpr T operator[](std::size_t i) const {
        return N > 1 && i == N - 1 ? last
                                   : static_cast<T>(strict::add(first, strict::mul(static_cast<double>(i), step)));
    }
};
}  // namespace detail

/// N numbers from a to b, both included, at equal distances: a + i (b - a) / (N - 1), rounded once from double;
/// torch.linspace.
template <class T, std::size_t N>
constexpr tensor<T, N> linspace(std::type_identity_t<T> a, std::type_identity_t<T> b) {
    detail::even_numbers<T, N> const numbers(a, b);
    tensor<T, N> x(uninitialized);
    T* const p = x.data();
    for (std::size_t i = 0; i != N; ++i) p[i] = numbers[i];
    return x;
}

/// The identity matrix: ones where row and column have the same number, zeros elsewhere; Columns may differ from Rows.
template <class T, std::size_t Rows, std::size_t Columns = Rows>
constexpr tensor<T, Rows, Columns> eye() {
    tensor<T, Rows, Columns> x;
    T* const p = x.data();
    for (std::size_t i = 0; i != std::min(Rows, Columns); ++i) p[i * Columns + i] = T(1);
    return x;
}

}  // namespace tenon::inline TENON_TARGET
