// Tensors from nothing but a shape: constants, ranges, the identity. All are computed at once, and in constant
// expressions where the tensor is small.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <stdexcept>
#include <type_traits>

#include <tenon/core/strict.hpp>
#include <tenon/core/tensor.hpp>

namespace tenon::inline TENON_TARGET {

/// A tensor whose elements have to be written before they are read; run-time extents are the arguments.
template <class T, std::size_t... E, std::convertible_to<std::size_t>... I>
constexpr tensor<T, E...> empty(I... extents) {
    static_assert(sizeof...(I) == shape<E...>::dynamic_count, "give the run-time extents");
    if constexpr (sizeof...(I) == 0) return tensor<T, E...>(uninitialized);
    else return tensor<T, E...>(uninitialized, shape<E...>(static_cast<std::size_t>(extents)...));
}

/// Zeros: `zeros<float, 2, 3>()`, `zeros<float, dyn, 3>(5)`.
template <class T, std::size_t... E, std::convertible_to<std::size_t>... I>
constexpr tensor<T, E...> zeros(I... extents) {
    auto x = empty<T, E...>(extents...);
    x.fill(T(0));
    return x;
}

/// Ones; arguments as for `zeros`.
template <class T, std::size_t... E, std::convertible_to<std::size_t>... I>
constexpr tensor<T, E...> ones(I... extents) {
    auto x = empty<T, E...>(extents...);
    x.fill(T(1));
    return x;
}

/// The same value everywhere: `full<float, 2, 3>(7.f)`, `full<float, dyn, 3>(5, 7.f)`, `full<float>(7.f)` without axes.
template <class T, std::size_t... E, class... A>
    requires(sizeof...(A) == shape<E...>::dynamic_count + 1)
constexpr tensor<T, E...> full(A... extents_then_value) {
    constexpr std::size_t count = sizeof...(A) - 1;
    std::array<std::size_t, sizeof...(E)> all{};
    T value{};
    std::size_t at = 0, axis = 0;
    auto take = [&](auto argument) {
        if (at++ == count) {
            value = static_cast<T>(argument);
            return;
        }
        if constexpr (sizeof...(E) > 0) {
            while (!is_dynamic(shape<E...>::static_extents[axis])) ++axis;
            all[axis++] = static_cast<std::size_t>(argument);
        }
    };
    (take(extents_then_value), ...);
    for (std::size_t a = 0; a != sizeof...(E); ++a)
        if (!is_dynamic(shape<E...>::static_extents[a])) all[a] = shape<E...>::static_extents[a];
    tensor<T, E...> x(uninitialized, shape<E...>(all));
    x.fill(value);
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
    tensor<T, N> x(uninitialized);
    for (std::size_t i = 0; i != N; ++i) x.data()[i] = static_cast<T>(i);
    return x;
}

/// The numbers start, start + step, … as long as they lie before stop: ceil((stop - start) / step) of them, each
/// start + i step, rounded once from double; integers exactly. @throws std::invalid_argument where step is 0
template <class T>
tensor<T, dyn> arange(std::type_identity_t<T> start, std::type_identity_t<T> stop, std::type_identity_t<T> step = 1) {
    if (step == 0) throw std::invalid_argument("arange: step is 0");
    std::size_t n = 0;
    if constexpr (!std::is_integral_v<T>) {
        double const count = std::ceil(strict::div(strict::sub(stop, start), step));
        n = count > 0 ? static_cast<std::size_t>(count) : 0;
    } else if (step > 0 ? start < stop : stop < start) {
        // Differences of integers may leave their type, but not that of an extent, where they wrap as they should.
        auto const wide = [](T v) { return static_cast<std::size_t>(v); };
        bool const up = step > 0;
        std::size_t const distance = up ? wide(stop) - wide(start) : wide(start) - wide(stop);
        std::size_t const stride = up ? wide(step) : 0 - wide(step);
        n = (distance - 1) / stride + 1;
    }
    tensor<T, dyn> x(uninitialized, shape<dyn>(n));
    for (std::size_t i = 0; i != n; ++i) {
        if constexpr (!std::is_integral_v<T>)
            x.data()[i] = static_cast<T>(strict::add(start, strict::mul(static_cast<double>(i), step)));
        else x.data()[i] = static_cast<T>(static_cast<std::size_t>(start) + i * static_cast<std::size_t>(step));
    }
    return x;
}
/// The numbers 0, 1, … before stop.
template <class T>
tensor<T, dyn> arange(std::type_identity_t<T> stop) {
    return arange<T>(T(0), stop, T(1));
}

/// N numbers from a to b, both included, at equal distances: a + i (b - a) / (N - 1), rounded once from double.
template <class T, std::size_t N>
constexpr tensor<T, N> linspace(std::type_identity_t<T> a, std::type_identity_t<T> b) {
    static_assert(!std::is_integral_v<T>, "linspace needs floating point elements");
    tensor<T, N> x(uninitialized);
    double const step = strict::div(strict::sub(b, a), N < 2 ? 1.0 : static_cast<double>(N - 1));
    for (std::size_t i = 0; i != N; ++i)
        x.data()[i] =
            N > 1 && i == N - 1 ? b : static_cast<T>(strict::add(a, strict::mul(static_cast<double>(i), step)));
    return x;
}

/// The identity matrix: ones where row and column have the same number, zeros elsewhere; Columns may differ from Rows.
template <class T, std::size_t Rows, std::size_t Columns = Rows>
constexpr tensor<T, Rows, Columns> eye() {
    tensor<T, Rows, Columns> x;
    for (std::size_t i = 0; i != std::min(Rows, Columns); ++i) x.data()[i * Columns + i] = T(1);
    return x;
}

}  // namespace tenon::inline TENON_TARGET
