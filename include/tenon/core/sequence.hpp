// Tensors whose elements follow from their positions: ranges of numbers, the identity matrix.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <stdexcept>
#include <string>
#include <type_traits>

#include <tenon/base/strict.hpp>
#include <tenon/core/creation.hpp>
#include <tenon/core/fill.hpp>

namespace tenon::inline TENON_TARGET {

namespace detail {
/// Element i is i.
template <class T>
struct own_position {
    TENON_HOST_DEVICE constexpr T operator[](std::size_t i) const { return static_cast<T>(i); }
};
/// 1 where row and column have the same number.
template <class T, std::size_t Columns>
struct identity {
    TENON_HOST_DEVICE constexpr T operator[](std::size_t i) const { return T(i / Columns == i % Columns ? 1 : 0); }
};
}  // namespace detail

/// The numbers 0 … N-1.
template <class T, std::size_t N, some_device Device = cpu>
constexpr auto arange(Device = {}) {
    static_assert(N == 0 || detail::in_range<T>(N - 1), "arange: the element type does not reach N - 1");
    typename Device::template tensor<T, N> x(uninitialized);
    creation<Device>::by_position(x, detail::own_position<T>{});
    return x;
}

namespace detail {
TENON_ON_USE
[[noreturn, gnu::noinline, gnu::cold]] void throw_range(char const* what, double start, double stop, double step,
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
template <class T, some_device Device>
auto arange(Device, std::type_identity_t<T> start, std::type_identity_t<T> stop, std::type_identity_t<T> step = 1) {
    detail::number_range<T> const range("arange", start, stop, step);
    typename Device::template tensor<T, dyn> x(uninitialized,
                                               detail::shape_to_make<T, shape<dyn>>("arange", &range.count));
    creation<Device>::by_position(x, range);
    return x;
}
template <class T>
tensor<T, dyn> arange(std::type_identity_t<T> start, std::type_identity_t<T> stop, std::type_identity_t<T> step = 1) {
    return arange<T>(cpu{}, start, stop, step);
}
/// The numbers 0, 1, … before stop.
template <class T, some_device Device>
auto arange(Device, std::type_identity_t<T> stop) {
    return arange<T>(Device{}, T(0), stop, T(1));
}
template <class T>
tensor<T, dyn> arange(std::type_identity_t<T> stop) {
    return arange<T>(cpu{}, T(0), stop, T(1));
}

namespace detail {
/// Numbers from a to b: the i-th of n is a + i (b - a) / (n - 1), rounded once from double.
template <class T>
struct even_numbers {
    static_assert(!std::is_integral_v<T>, "linspace needs floating point elements");
    T last;
    double first, step;
    std::size_t count;

    constexpr even_numbers(T a, T b, std::size_t n) : last(b), first(static_cast<double>(a)), count(n) {
        double const gaps = n < 2 ? 1.0 : static_cast<double>(n - 1), end = static_cast<double>(b);
        step = strict::div(strict::sub(end, first), gaps);
        // The distance may be too large for a number where a step is not.
        if (!strict::isfinite(step)) step = strict::sub(strict::div(end, gaps), strict::div(first, gaps));
    }
    TENON_HOST_DEVICE constexpr T operator[](std::size_t i) const {
        return count > 1 && i == count - 1
                   ? last
                   : static_cast<T>(strict::add(first, strict::mul(static_cast<double>(i), step)));
    }
};
/// Powers of a base: base to the power of each of some numbers.
template <class T>
struct even_powers {
    even_numbers<double> exponents;
    double base;
    T operator[](std::size_t i) const { return static_cast<T>(std::pow(base, exponents[i])); }
};
}  // namespace detail

/// N numbers from a to b, both included, at equal distances: a + i (b - a) / (N - 1), rounded once from double;
/// torch.linspace. The ends may be tensors without axes.
template <class T, std::size_t N, some_device Device>
constexpr auto linspace(Device, std::type_identity_t<T> a, std::type_identity_t<T> b) {
    typename Device::template tensor<T, N> x(uninitialized);
    creation<Device>::by_position(x, detail::even_numbers<T>(a, b, N));
    return x;
}
template <class T, std::size_t N>
constexpr tensor<T, N> linspace(std::type_identity_t<T> a, std::type_identity_t<T> b) {
    return linspace<T, N>(cpu{}, a, b);
}
/// The same for n numbers.
template <class T, some_device Device>
auto linspace(Device, std::type_identity_t<T> a, std::type_identity_t<T> b, std::size_t n) {
    typename Device::template tensor<T, dyn> x(uninitialized, detail::shape_to_make<T, shape<dyn>>("linspace", &n));
    creation<Device>::by_position(x, detail::even_numbers<T>(a, b, n));
    return x;
}
template <class T>
tensor<T, dyn> linspace(std::type_identity_t<T> a, std::type_identity_t<T> b, std::size_t n) {
    return linspace<T>(cpu{}, a, b, n);
}
/// N numbers from base to the power of a to base to the power of b, whose exponents are at equal distances, computed in double;
/// torch.logspace.
template <class T, std::size_t N>
tensor<T, N> logspace(double a, double b, double base = 10) {
    tensor<T, N> x(uninitialized);
    creation<cpu>::by_position(x, detail::even_powers<T>{{a, b, N}, base});
    return x;
}
/// The same for n numbers.
template <class T>
tensor<T, dyn> logspace(double a, double b, std::size_t n, double base = 10) {
    tensor<T, dyn> x(uninitialized, detail::shape_to_make<T, shape<dyn>>("logspace", &n));
    creation<cpu>::by_position(x, detail::even_powers<T>{{a, b, n}, base});
    return x;
}

/// The identity matrix: ones where row and column have the same number, zeros elsewhere; Columns may differ from Rows.
template <class T, std::size_t Rows, std::size_t Columns = Rows, some_device Device = cpu>
constexpr auto eye(Device = {}) {
    typename Device::template tensor<T, Rows, Columns> x(uninitialized);
    creation<Device>::by_position(x, detail::identity<T, Columns>{});
    return x;
}

namespace detail {
template <class T>
struct identity_of {
    std::size_t columns;
    TENON_HOST_DEVICE constexpr T operator[](std::size_t i) const { return T(i / columns == i % columns ? 1 : 0); }
};
}  // namespace detail
/// The identity matrix of n rows, or of n rows and m columns, which are known at run time.
template <class T>
tensor<T, dyn, dyn> eye(std::size_t n, std::size_t m) {
    std::size_t const given[] = {n, m};
    tensor<T, dyn, dyn> x(uninitialized, detail::shape_to_make<T, shape<dyn, dyn>>("eye", given));
    creation<cpu>::by_position(x, detail::identity_of<T>{m});
    return x;
}
template <class T>
tensor<T, dyn, dyn> eye(std::size_t n) {
    return eye<T>(n, n);
}

}  // namespace tenon::inline TENON_TARGET
