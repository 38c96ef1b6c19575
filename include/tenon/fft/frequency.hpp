// The order of spectra: fftfreq, rfftfreq, fftshift, ifftshift.
#pragma once

#include <cstddef>
#include <utility>

#include <tenon/core/creation.hpp>
#include <tenon/expr/index.hpp>

namespace tenon::inline TENON_TARGET::fft {

namespace detail {
/// k/(n d), where k counts from −n/2 in the second half of the whole spectrum.
template <class T, std::size_t N>
tensor<T, N> frequencies(std::size_t n, std::size_t count, double d, bool whole) {
    tensor<T, N> f(uninitialized, tenon::shape<N>(std::array<std::size_t, 1>{count}));
    double const step = 1 / (static_cast<double>(n) * d);
    for (std::size_t k = 0; k != count; ++k) {
        double const at = static_cast<double>(k) - (whole && k >= (n + 1) / 2 ? static_cast<double>(n) : 0);
        f.data()[k] = static_cast<T>(at * step);
    }
    return f;
}
}  // namespace detail

/// The frequencies of n data points at distances d, in a spectrum's order: 0, 1, … (n − 1)/2, −n/2, … −1, each over n d:
/// `fftfreq<16>(d)`, `fftfreq<double, 16>(d)`, `fftfreq<tn::dyn>(n, d)`; torch.fft.fftfreq.
template <class T, std::size_t N>
    requires(!is_dynamic(N))
tensor<T, N> fftfreq(double d = 1) {
    return detail::frequencies<T, N>(N, N, d, true);
}
template <class T, std::size_t N = dyn>
    requires(is_dynamic(N))
tensor<T, N> fftfreq(std::size_t n, double d = 1) {
    return detail::frequencies<T, N>(n, n, d, true);
}
template <std::size_t N>
    requires(!is_dynamic(N))
tensor<float, N> fftfreq(double d = 1) {
    return fftfreq<float, N>(d);
}
template <std::size_t N = dyn>
    requires(is_dynamic(N))
tensor<float, N> fftfreq(std::size_t n, double d = 1) {
    return fftfreq<float, N>(n, d);
}
/// Those of the first half, 0 … n/2; torch.fft.rfftfreq.
template <class T, std::size_t N>
    requires(!is_dynamic(N))
tensor<T, N / 2 + 1> rfftfreq(double d = 1) {
    return detail::frequencies<T, N / 2 + 1>(N, N / 2 + 1, d, false);
}
template <class T, std::size_t N = dyn>
    requires(is_dynamic(N))
tensor<T, N> rfftfreq(std::size_t n, double d = 1) {
    return detail::frequencies<T, N>(n, n / 2 + 1, d, false);
}
template <std::size_t N>
    requires(!is_dynamic(N))
tensor<float, N / 2 + 1> rfftfreq(double d = 1) {
    return rfftfreq<float, N>(d);
}
template <std::size_t N = dyn>
    requires(is_dynamic(N))
tensor<float, N> rfftfreq(std::size_t n, double d = 1) {
    return rfftfreq<float, N>(n, d);
}

namespace detail {
/// Moves elements along axes, each by half its extent, rounded up for the way back.
template <bool Back, std::ptrdiff_t Axis, std::ptrdiff_t... Rest, class A>
constexpr auto shifted(A&& x) {
    auto const n = static_cast<std::ptrdiff_t>(x.shape()[axis_of(Axis, shape_t<A>::rank())]);
    auto moved = roll<Axis>(std::forward<A>(x), Back ? -(n / 2) : n / 2);
    if constexpr (sizeof...(Rest) == 0) return moved;
    else return shifted<Back, Rest...>(std::move(moved));
}
template <operation_name Name, bool Back, std::ptrdiff_t... Axes, class A>
constexpr auto shift(A&& x) {
    if constexpr (!tenon::detail::axes_fit<shape_t<A>::rank(), Axes...>)
        return tenon::detail::wrong_axes<Name, shape_t<A>, Axes...>{};
    else if constexpr (sizeof...(Axes) != 0) return shifted<Back, Axes...>(std::forward<A>(x));
    else if constexpr (shape_t<A>::rank() == 0) return as_node(std::forward<A>(x));
    else
        return [&]<std::size_t... I>(std::index_sequence<I...>) {
            return shifted<Back, static_cast<std::ptrdiff_t>(I)...>(std::forward<A>(x));
        }(std::make_index_sequence<shape_t<A>::rank()>{});
}
}  // namespace detail

/// A spectrum with the frequency 0 in the middle, along all axes or those that are named; torch.fft.fftshift.
template <std::ptrdiff_t... Axes, expression A>
constexpr auto fftshift(A&& x) {
    return detail::shift<"fftshift", false, Axes...>(std::forward<A>(x));
}
/// fftshift undone; torch.fft.ifftshift.
template <std::ptrdiff_t... Axes, expression A>
constexpr auto ifftshift(A&& x) {
    return detail::shift<"ifftshift", true, Axes...>(std::forward<A>(x));
}

}  // namespace tenon::inline TENON_TARGET::fft
