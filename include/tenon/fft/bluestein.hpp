// Transforms of lengths with a large prime factor. Source: L. Bluestein, "A linear filtering approach to the computation of discrete
// Fourier transform", IEEE Transactions on Audio and Electroacoustics 18 (1970).
#pragma once

#include <complex>
#include <cstddef>
#include <memory>
#include <vector>

#include <tenon/fft/finish.hpp>

namespace tenon::inline TENON_TARGET::fft::detail {

template <class T>
class transform;
/// The transform of a length, from those that were used last.
template <class T>
std::shared_ptr<transform<T> const> transform_of(std::size_t n);

/// jk = (j² + k² − (k − j)²)/2 makes a transform a convolution with exp(πi j²/n), which goes by transforms of a power of two.
template <class T>
class bluestein {
    using complex = std::complex<T>;
    using pair = signals<T>;

public:
    explicit bluestein(std::size_t n) : chirp_(n) {
        std::size_t m = 1;
        while (m < 2 * n - 1) m *= 2;
        for (std::size_t j = 0, square = 0; j != n; square = (square + 2 * j + 1) % (2 * n), ++j)
            chirp_[j] = complex(root_of_one(square, 2 * n));
        spectrum_.assign(m, 0);
        for (std::size_t j = 0; j != n; ++j) {
            complex const c = std::conj(chirp_[j]) / T(m);
            spectrum_[j] = c;
            if (j != 0) spectrum_[m - j] = c;
        }
        auto const whole = lines<complex>::one(spectrum_.data(), m, 1);
        transform_of<T>(m)->run(lines<complex const>::one(whole.first, m, 1), whole, {});
    }
    /// One signal; `to` may be `from`.
    void run(lines<complex const> const& from, lines<complex> const& to, finish<T> const& f) const {
        std::size_t const m = spectrum_.size(), used = std::min(from.length, chirp_.size());
        buffer<complex, dyn> memory;
        memory.reserve(m);
        complex* const z = memory.data();
        if (from.step == 1) multiply(z, from.first, chirp_.data(), used, f.inverse);
        else
            for (std::size_t j = 0; j != used; ++j) z[j] = product(exchanged(*at(from, 0, j), f.inverse), chirp_[j]);
        for (std::size_t j = used; j != m; ++j) z[j] = complex(0);
        auto const longer = transform_of<T>(m);
        auto const source = lines<complex const>::one(z, m, 1);
        auto const result = lines<complex>::one(z, m, 1);
        longer->run(source, result, {});
        multiply(z, z, spectrum_.data(), m, false);
        longer->run(source, result, {.inverse = true});
        for (std::size_t k = 0; k != to.length; ++k)
            put(at(to, 0, k), exchanged(product(z[k], chirp_[k]), f.inverse) * f.scale, f.add);
    }

private:
    /// to = x·w of n elements, of x's parts exchanged where the transform is inverse.
    static void multiply(complex* to, complex const* x, complex const* w, std::size_t n, bool exchange) {
        std::size_t j = 0;
        for (; j + lanes<T> <= n; j += lanes<T>)
            (exchanged(pair::load(x + j), exchange) * pair::load(w + j)).store(to + j);
        for (; j != n; ++j) to[j] = product(exchanged(x[j], exchange), w[j]);
    }

    std::vector<complex> chirp_, spectrum_;  ///< exp(−πi j²/n), and the spectrum of its conjugate over a power of two
};

}  // namespace tenon::inline TENON_TARGET::fft::detail
