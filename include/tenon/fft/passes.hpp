// The discrete Fourier transform of as many signals at once as a register has lanes: Stockham's algorithm, which sorts by itself, in
// passes of radix 8, 4, 2, 3, 5 and any other prime.
#pragma once

#include <cmath>
#include <complex>
#include <cstddef>
#include <utility>
#include <vector>

#include <tenon/scalar/complex.hpp>

namespace tenon::inline TENON_TARGET::fft::detail {

/// Lanes of a register; each is a signal of its own.
template <class T>
inline constexpr std::size_t lanes = element::native_lanes<T>;
template <class T>
using signals = element::complex_pack<T, lanes<T>>;

/// exp(−2πi k/n), computed in double from an angle of at most π/4, so that its error does not grow with k.
inline std::complex<double> root_of_one(std::size_t k, std::size_t n) {
    k %= n;
    std::size_t const eighths = 8 * k / n;
    constexpr double two_pi = 6.28318530717958647693;
    // The angle from the nearest multiple of π/2.
    std::size_t const quarter = (eighths + 1) / 2;
    double const numerator = static_cast<double>(4 * k) - static_cast<double>(quarter * n);
    double const angle = two_pi * numerator / static_cast<double>(4 * n), c = std::cos(angle), s = -std::sin(angle);
    switch (quarter % 4) {
    case 0: return {c, s};
    case 1: return {s, -c};
    case 2: return {-c, -s};
    default: return {-s, c};
    }
}

/// −i z
template <class T>
TENON_INLINE signals<T> turned(signals<T> z) {
    return {z.im, -z.re};
}
template <class T>
TENON_INLINE signals<T> times(signals<T> z, std::complex<T> w) {
    typename signals<T>::part_type const re(w.real()), im(w.imag());
    return {z.re * re - z.im * im, z.re * im + z.im * re};
}

/// The transform of R values in their place.
template <std::size_t R, class T>
TENON_INLINE void butterfly(signals<T> (&z)[R]) {
    if constexpr (R == 2) {
        auto const a = z[0];
        z[0] = a + z[1];
        z[1] = a - z[1];
    } else if constexpr (R == 3) {
        constexpr T half = T(0.5), root = T(0.86602540378443864676);
        auto const sum = z[1] + z[2], mid = z[0] - sum * half, side = turned<T>(z[1] - z[2]) * root;
        z[0] = z[0] + sum;
        z[1] = mid + side;
        z[2] = mid - side;
    } else if constexpr (R == 4) {
        auto const a = z[0] + z[2], b = z[0] - z[2], c = z[1] + z[3], d = turned<T>(z[1] - z[3]);
        z[0] = a + c;
        z[1] = b + d;
        z[2] = a - c;
        z[3] = b - d;
    } else if constexpr (R == 8) {
        constexpr T root = T(0.70710678118654752440);
        signals<T> a[4] = {z[0], z[2], z[4], z[6]}, b[4] = {z[1], z[3], z[5], z[7]};
        butterfly<4, T>(a);
        butterfly<4, T>(b);
        b[1] = signals<T>(b[1].re + b[1].im, b[1].im - b[1].re) * root;
        b[2] = turned<T>(b[2]);
        b[3] = signals<T>(b[3].im - b[3].re, -(b[3].re + b[3].im)) * root;
        for (std::size_t j = 0; j != 4; ++j) z[j] = a[j] + b[j], z[j + 4] = a[j] - b[j];
    } else {
        static_assert(R == 5);
        constexpr T c1 = T(0.30901699437494742410), c2 = T(-0.80901699437494742410), s1 = T(0.95105651629515357212),
                    s2 = T(0.58778525229247312917);
        auto const a = z[1] + z[4], b = z[2] + z[3], c = turned<T>(z[1] - z[4]), d = turned<T>(z[2] - z[3]);
        auto const m = z[0] + a * c1 + b * c2, n = z[0] + a * c2 + b * c1;
        auto const p = c * s1 + d * s2, q = c * s2 - d * s1;
        z[0] = z[0] + a + b;
        z[1] = m + p;
        z[2] = n + q;
        z[3] = n - q;
        z[4] = m - p;
    }
}

/// A pass: `step` signals of length n = R·m, interleaved in x, become R·step of length m in y, times their twiddle factors w^(p j).
template <std::size_t R, class T>
[[gnu::noinline]] void pass(signals<T> const* x, signals<T>* y, std::size_t m, std::size_t step,
                            std::complex<T> const* twiddles) {
    for (std::size_t p = 0; p != m; ++p, x += step, y += R * step, twiddles += R - 1) {
        std::complex<T> w[R - 1];
        for (std::size_t j = 0; j != R - 1; ++j) w[j] = twiddles[j];
        for (std::size_t q = 0; q != step; ++q) {
            signals<T> z[R];
            for (std::size_t k = 0; k != R; ++k) z[k] = x[q + step * k * m];
            butterfly<R, T>(z);
            y[q] = z[0];
            for (std::size_t j = 1; j != R; ++j) y[q + step * j] = p == 0 ? z[j] : times<T>(z[j], w[j - 1]);
        }
    }
}
/// The same for any odd radix; sums and differences of z_k and z_{r−k} share their factors. @param roots exp(−2πi k/r)
template <class T>
[[gnu::noinline]] void pass_of_prime(std::size_t r, signals<T> const* x, signals<T>* y, std::size_t m, std::size_t step,
                                     std::complex<T> const* twiddles, std::complex<T> const* roots) {
    std::size_t const half = r / 2;
    for (std::size_t p = 0; p != m; ++p)
        for (std::size_t q = 0; q != step; ++q) {
            auto const at = [&](std::size_t k) { return x[q + step * (p + k * m)]; };
            signals<T>* const to = y + q + step * r * p;
            signals<T> const first = at(0);
            signals<T> total = first;
            for (std::size_t k = 1; k != r; ++k) total = total + at(k);
            to[0] = total;
            for (std::size_t j = 1; j <= half; ++j) {
                signals<T> mid = first, side(0);
                for (std::size_t k = 1, e = j; k <= half; ++k, e = (e + j) % r) {
                    mid = mid + (at(k) + at(r - k)) * roots[e].real();
                    side = side + turned<T>(at(k) - at(r - k)) * -roots[e].imag();
                }
                std::complex<T> const* const w = twiddles + p * (r - 1);
                to[step * j] = times<T>(mid + side, w[j - 1]);
                to[step * (r - j)] = times<T>(mid - side, w[r - j - 1]);
            }
        }
}

/// The passes of a length whose prime factors are all small.
template <class T>
class passes {
public:
    /// Primes up to this are passes; a greater factor makes its length one for Bluestein's algorithm.
    static constexpr std::size_t largest_prime = 47;

    /// Factors of n: of powers of 2 as few as may be of 8 and 4, and primes; the last is greater than `largest_prime` where n has such
    /// a factor.
    static std::vector<std::size_t> factors_of(std::size_t n) {
        std::vector<std::size_t> all;
        std::size_t twos = 0;
        while (n >> twos != 0 && n % (std::size_t{2} << twos) == 0) ++twos;
        for (; twos >= 3 && twos != 4; twos -= 3) all.push_back(8), n /= 8;
        for (; twos >= 2; twos -= 2) all.push_back(4), n /= 4;
        for (std::size_t p = 2; p <= largest_prime && n != 1; ++p)
            while (n % p == 0) all.push_back(p), n /= p;
        if (n != 1) all.push_back(n);
        return all;
    }
    static bool takes(std::size_t n) { return n == 1 || factors_of(n).back() <= largest_prime; }

    explicit passes(std::size_t n) : size_(n), radices_(factors_of(n)) {
        std::size_t rest = n;
        for (std::size_t const r : radices_) {
            std::size_t const m = rest / r;
            for (std::size_t p = 0; p != m; ++p)
                for (std::size_t j = 1; j != r; ++j) twiddles_.push_back(std::complex<T>(root_of_one(p * j, rest)));
            if (r > 5 && r != 8)
                for (std::size_t k = 0; k != r; ++k) twiddles_.push_back(std::complex<T>(root_of_one(k, r)));
            rest = m;
        }
    }
    std::size_t size() const { return size_; }

    /// Transforms x with exp(−2πi jk/n); y is as long. The result is where the returned pointer says, in one of the two.
    signals<T>* run(signals<T>* x, signals<T>* y) const {
        std::complex<T> const* w = twiddles_.data();
        std::size_t rest = size_, step = 1;
        for (std::size_t const r : radices_) {
            std::size_t const m = rest / r;
            if (r == 8) pass<8, T>(x, y, m, step, w);
            else if (r == 4) pass<4, T>(x, y, m, step, w);
            else if (r == 2) pass<2, T>(x, y, m, step, w);
            else if (r == 3) pass<3, T>(x, y, m, step, w);
            else if (r == 5) pass<5, T>(x, y, m, step, w);
            else pass_of_prime<T>(r, x, y, m, step, w, w + m * (r - 1));
            w += m * (r - 1) + (r > 5 && r != 8 ? r : 0);
            std::swap(x, y);
            rest = m;
            step *= r;
        }
        return x;
    }

private:
    std::size_t size_;
    std::vector<std::size_t> radices_;
    std::vector<std::complex<T>> twiddles_;
};

}  // namespace tenon::inline TENON_TARGET::fft::detail
