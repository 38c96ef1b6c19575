// Windows of signals: hann_window, hamming_window, blackman_window, bartlett_window, kaiser_window.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>

#include <tenon/core/creation.hpp>
#include <tenon/scalar/special_bessel_i.hpp>

namespace tenon::inline TENON_TARGET {

namespace detail {
/// How many steps a window's period has: a periodic one begins anew behind its last point, a symmetric one at it.
TENON_ON_USE
double window_period(std::size_t n, bool symmetric) { return static_cast<double>(symmetric ? n - 1 : n); }

/// Σ (−1)^i a_i cos(2π i k/period) of up to four coefficients.
struct cosine_window {
    double a[4];
    double operator()(std::size_t k, std::size_t n, bool symmetric) const {
        if (n == 1) return 1;
        double const angle = 6.28318530717958647693 * static_cast<double>(k) / detail::window_period(n, symmetric);
        return a[0] - a[1] * std::cos(angle) + a[2] * std::cos(2 * angle) - a[3] * std::cos(3 * angle);
    }
};
/// 1 − |2k/period − 1|
struct bartlett_window_at {
    double operator()(std::size_t k, std::size_t n, bool symmetric) const {
        if (n == 1) return 1;
        return 1 - std::abs(2 * static_cast<double>(k) / detail::window_period(n, symmetric) - 1);
    }
};
/// I₀(β √(1 − x²))/I₀(β) where x goes from −1 to 1.
struct kaiser_window_at {
    double beta;
    double operator()(std::size_t k, std::size_t n, bool symmetric) const {
        if (n == 1) return 1;
        double const x = 2 * static_cast<double>(k) / detail::window_period(n, symmetric) - 1, inside = 1 - x * x;
        return math::single::i0(beta * std::sqrt(inside > 0 ? inside : 0)) / math::single::i0(beta);
    }
};
/// The values of a window of n points.
template <class T, std::size_t N, class Window>
tensor<T, N> window_of(std::size_t n, Window const& w, bool symmetric) {
    static_assert(std::is_floating_point_v<T>, "a window has floating point elements");
    tensor<T, N> x(uninitialized, shape<N>(std::array<std::size_t, 1>{n}));
    for (std::size_t k = 0; k != n; ++k) x.data()[k] = static_cast<T>(w(k, n, symmetric || n == 1));
    return x;
}
}  // namespace detail

/// @def TENON_WINDOW
/// A window's four spellings: `name<16>(…)`, `name<double, 16>(…)`, `name<tn::dyn>(n, …)`, `name<double, tn::dyn>(n, …)`. What it is
/// made of comes first, whether it is symmetric second, then its parameters.
#define TENON_WINDOW(name, window, symmetric, ...)                                                                     \
    template <class T, std::size_t N>                                                                                  \
        requires(!is_dynamic(N))                                                                                       \
    tensor<T, N> name(__VA_ARGS__) {                                                                                   \
        return tenon::detail::window_of<T, N>(N, window, symmetric);                                                   \
    }                                                                                                                  \
    template <class T, std::size_t N = dyn>                                                                            \
        requires(is_dynamic(N))                                                                                        \
    tensor<T, N> name(std::size_t n, __VA_ARGS__) {                                                                    \
        return tenon::detail::window_of<T, N>(n, window, symmetric);                                                   \
    }                                                                                                                  \
    template <std::size_t N>                                                                                           \
        requires(!is_dynamic(N))                                                                                       \
    tensor<float, N> name(__VA_ARGS__) {                                                                               \
        return tenon::detail::window_of<float, N>(N, window, symmetric);                                               \
    }                                                                                                                  \
    template <std::size_t N = dyn>                                                                                     \
        requires(is_dynamic(N))                                                                                        \
    tensor<float, N> name(std::size_t n, __VA_ARGS__) {                                                                \
        return tenon::detail::window_of<float, N>(n, window, symmetric);                                               \
    }

// Periodic ones, for spectra, unless the first argument is false: `hann_window<400>()`.

/// 1/2 − cos(2πk/N)/2; torch.hann_window.
TENON_WINDOW(hann_window, (tenon::detail::cosine_window{{0.5, 0.5, 0, 0}}), !periodic, bool periodic = true)
/// alpha − beta cos(2πk/N); torch.hamming_window.
TENON_WINDOW(hamming_window, (tenon::detail::cosine_window{{alpha, beta, 0, 0}}), !periodic, bool periodic = true,
             double alpha = 0.54, double beta = 0.46)
/// 0.42 − cos(2πk/N)/2 + 0.08 cos(4πk/N); torch.blackman_window.
TENON_WINDOW(blackman_window, (tenon::detail::cosine_window{{0.42, 0.5, 0.08, 0}}), !periodic, bool periodic = true)
/// A triangle from 0 to 1 and back; torch.bartlett_window.
TENON_WINDOW(bartlett_window, (tenon::detail::bartlett_window_at{}), !periodic, bool periodic = true)
/// I₀(β √(1 − x²))/I₀(β) for x from −1 to 1; torch.kaiser_window.
TENON_WINDOW(kaiser_window, (tenon::detail::kaiser_window_at{beta}), !periodic, bool periodic = true, double beta = 12)

}  // namespace tenon::inline TENON_TARGET
