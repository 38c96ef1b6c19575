// Windows as torch.signal.windows names them: symmetric unless an option says `{.sym = false}`.
#pragma once

#include <optional>
#include <stdexcept>
#include <vector>

#include <tenon/function/windows.hpp>

namespace tenon::inline TENON_TARGET::signal::windows {

struct options {
    bool sym = true;  ///< whether the last point is as the first; else the window is one period, as spectra want it
};
struct exponential_options {
    std::optional<double> center = {};  ///< (n − 1)/2, or n/2 of a periodic window; a symmetric one takes no other
    double tau = 1;
    bool sym = true;
};
struct gaussian_options {
    double std = 1;
    bool sym = true;
};
struct kaiser_options {
    double beta = 12;
    bool sym = true;
};
struct general_hamming_options {
    double alpha = 0.54;
    bool sym = true;
};
struct general_cosine_options {
    std::vector<double> a;  ///< the coefficients
    bool sym = true;
};

namespace detail {
struct exponential_window {
    std::optional<double> center;
    double tau;
    exponential_window(exponential_options const& o) : center(o.center), tau(o.tau) {
        if (!(tau > 0)) throw std::invalid_argument("exponential: tau has to be positive");
        if (o.sym && center)
            throw std::invalid_argument("exponential: a symmetric window has its centre in the middle");
    }
    double operator()(std::size_t k, std::size_t n, bool symmetric) const {
        return std::exp(
            -std::abs(static_cast<double>(k) - center.value_or(static_cast<double>(symmetric ? n - 1 : n) / 2)) / tau);
    }
};
struct gaussian_window {
    double deviation;
    gaussian_window(gaussian_options const& o) : deviation(o.std) {
        if (!(deviation > 0)) throw std::invalid_argument("gaussian: the standard deviation has to be positive");
    }
    double operator()(std::size_t k, std::size_t n, bool symmetric) const {
        double const x = (static_cast<double>(k) - static_cast<double>(symmetric ? n - 1 : n) / 2) / deviation;
        return std::exp(-x * x / 2);
    }
};
struct half_sine {
    double operator()(std::size_t k, std::size_t n, bool symmetric) const {
        return std::sin(3.14159265358979323846 * (static_cast<double>(k) + 0.5) /
                        static_cast<double>(symmetric ? n : n + 1));
    }
};
struct any_cosines {
    std::vector<double> const& a;
    any_cosines(general_cosine_options const& o) : a(o.a) {
        if (a.empty()) throw std::invalid_argument("general_cosine: needs coefficients");
    }
    double operator()(std::size_t k, std::size_t n, bool symmetric) const {
        if (n == 1) return 1;
        double const angle =
            6.28318530717958647693 * static_cast<double>(k) / tenon::detail::window_period(n, symmetric);
        double sum = 0;
        for (std::size_t i = 0; i != a.size(); ++i)
            sum += (i % 2 == 0 ? a[i] : -a[i]) * std::cos(static_cast<double>(i) * angle);
        return sum;
    }
};
}  // namespace detail

// Each has the spellings `hann<16>()`, `hann<double, 16>({.sym = false})`, `hann<tn::dyn>(n)`, `hann<double, tn::dyn>(n)`.

/// A triangle; torch.signal.windows.bartlett.
TENON_WINDOW(bartlett, (tenon::detail::bartlett_window_at{}), o.sym, options o = {})
/// 0.42 − cos/2 + 0.08 cos of twice the angle; torch.signal.windows.blackman.
TENON_WINDOW(blackman, (tenon::detail::cosine_window{{0.42, 0.5, 0.08, 0}}), o.sym, options o = {})
/// sin(π (k + 1/2)/n); torch.signal.windows.cosine.
TENON_WINDOW(cosine, (detail::half_sine{}), o.sym, options o = {})
/// exp(−|k − centre|/τ); torch.signal.windows.exponential. @throws std::invalid_argument where τ is not positive
TENON_WINDOW(exponential, (detail::exponential_window(o)), o.sym, exponential_options const& o = {})
/// exp(−x²/2) of x standard deviations from the middle; torch.signal.windows.gaussian. @throws std::invalid_argument where that is
/// not positive
TENON_WINDOW(gaussian, (detail::gaussian_window(o)), o.sym, gaussian_options o = {})
/// Σ (−1)^i a_i cos(2π i k/period): `general_cosine<16>({.a = {0.46, 0.23, 0.31}})`; torch.signal.windows.general_cosine.
/// @throws std::invalid_argument without coefficients
TENON_WINDOW(general_cosine, (detail::any_cosines(o)), o.sym, general_cosine_options const& o)
/// α − (1 − α) cos; torch.signal.windows.general_hamming.
TENON_WINDOW(general_hamming, (tenon::detail::cosine_window{{o.alpha, 1 - o.alpha, 0, 0}}), o.sym,
             general_hamming_options o = {})
/// 0.54 − 0.46 cos; torch.signal.windows.hamming.
TENON_WINDOW(hamming, (tenon::detail::cosine_window{{0.54, 0.46, 0, 0}}), o.sym, options o = {})
/// 1/2 − cos/2; torch.signal.windows.hann.
TENON_WINDOW(hann, (tenon::detail::cosine_window{{0.5, 0.5, 0, 0}}), o.sym, options o = {})
/// I₀(β √(1 − x²))/I₀(β); torch.signal.windows.kaiser.
TENON_WINDOW(kaiser, (tenon::detail::kaiser_window_at{o.beta}), o.sym, kaiser_options o = {})
/// Nuttall's minimum of four terms; torch.signal.windows.nuttall.
TENON_WINDOW(nuttall, (tenon::detail::cosine_window{{0.3635819, 0.4891775, 0.1365995, 0.0106411}}), o.sym,
             options o = {})

}  // namespace tenon::inline TENON_TARGET::signal::windows
