// Fourier transforms of any length along any axis of an array: complex ones, of real signals, and back to those.
//
// A batch of short signals goes a register's worth at a time, each lane a signal; a long signal, or one alone, as a matrix
// (long_signal.hpp); one whose length has a large prime factor as a convolution of a length that has none (bluestein.hpp).
#pragma once

#include <algorithm>
#include <complex>
#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

#include <tenon/base/parallel.hpp>
#include <tenon/fft/bluestein.hpp>
#include <tenon/fft/finish.hpp>
#include <tenon/fft/long_signal.hpp>

namespace tenon::inline TENON_TARGET::fft::detail {

/// Whether element k of the half spectrum of n real numbers stands for two of the whole.
constexpr bool is_middle(std::size_t k, std::size_t n) { return k != 0 && 2 * k != n; }

template <class T>
class transform {
    using complex = std::complex<T>;
    using pair = signals<T>;
    static constexpr std::size_t group = lanes<T>;
    /// The longest signal of which a register's worth goes at once: two buffers of them stay in a second cache of 512 KiB.
    static constexpr std::size_t longest_in_lanes = (std::size_t{1} << 18) / sizeof(pair);

public:
    explicit transform(std::size_t n) : size_(n) {
        if (!passes<T>::takes(n)) bluestein_ = std::make_unique<bluestein<T>>(n);
        else {
            for (std::size_t d = 1; d * d <= n; ++d)
                if (n % d == 0) columns_ = d;
            if (n <= longest_in_lanes || columns_ * columns_ * 64 < n) in_lanes_ = std::make_unique<passes<T>>(n);
        }
    }
    std::size_t size() const { return size_; }

    /// Complex lines; what `from` lacks counts as zeros.
    void run(lines<complex const> const& from, lines<complex> const& to, finish<T> const& f) const {
        if (goes_in_lanes(from))
            for_each_part(from.count, group, worth(from.count), [&](std::size_t first, std::size_t last) {
                lane_buffers<T> b(size_);
                for (std::size_t t = first; t < last; t += group) {
                    load_lanes<T>(from, t, size_, b.x, f.inverse);
                    pair const* const y = in_lanes_->run(b.x, b.y);
                    write_lines<complex>(line_group<complex>(to, t), to.length, f.add,
                                         [&](std::size_t k)
                                             TENON_LAMBDA_INLINE { return exchanged(y[k], f.inverse) * f.scale; });
                }
            });
        else for_each_signal(from, to, [&](auto const& x, auto const& y) { run_one(x, y, f); });
    }

    /// The first half of the spectra of real lines, n/2 + 1 elements.
    void run(lines<T const> const& from, lines<complex> const& to, finish<T> const& f) const {
        std::size_t const n = size_;
        auto const weight = [&](std::size_t k) { return is_middle(k, n) ? f.scale * f.middle : f.scale; };
        if (!goes_in_lanes(from))
            return for_each_signal(from, to, [&](auto const& x, auto const& y) {
                if (n % 2 == 0) return run_half(x, y, f);
                buffer<complex, dyn> whole;
                whole.reserve(n);
                complex* const w = whole.data();
                for (std::size_t j = 0; j != n; ++j) w[j] = j < x.length ? *at(x, 0, j) : T(0);
                run_one(lines<complex const>::one(w, n, 1), lines<complex>::one(w, n, 1), {});
                for (std::size_t k = 0; k != y.length; ++k) put(at(y, 0, k), w[k] * weight(k), f.add);
            });
        // Of an even length two neighbours are one complex number. Two signals as one would take as long, but each would get the
        // other's roundings, and its NaN.
        std::size_t const h = n / 2;
        bool const even = n % 2 == 0;
        passes<T> const& all = even ? half_passes() : *in_lanes_;
        complex const* const turns = even ? roots().data() : nullptr;
        for_each_part(from.count, group, worth(from.count) / 2, [&](std::size_t first, std::size_t last) {
            lane_buffers<T> b(n);
            for (std::size_t t = first; t < last; t += group) {
                load_real(from, t, b.x);
                pair const* const y = all.run(b.x, b.y);
                write_lines<complex>(line_group<complex>(to, t), to.length, f.add,
                                     [&](std::size_t k) TENON_LAMBDA_INLINE {
                                         if (!even) return y[k] * weight(k);
                                         pair const a = y[k == h ? 0 : k], c = math::conj(y[k == 0 ? 0 : h - k]);
                                         pair const odd = turned<T>(times<T>(a - c, turns[k]));
                                         return (a + c + odd) * (weight(k) / 2);
                                     });
            }
        });
    }

    /// Real lines whose spectra's first halves are given; imaginary parts that such a spectrum doesn't have are not read.
    void run(lines<complex const> const& from, lines<T> const& to, finish<T> const& f) const {
        std::size_t const n = size_, used = std::min(from.length, n / 2 + 1);
        if (!goes_in_lanes(from))
            return for_each_signal(from, to, [&](auto const& x, auto const& y) {
                auto const spectrum = [&](std::size_t k) {
                    complex const v = k < used ? *at(x, 0, k) : complex(0);
                    return is_middle(k, n) ? v * f.middle : complex(v.real());
                };
                if (n % 2 == 0) return run_half_back(spectrum, y, f);
                buffer<complex, dyn> whole;
                whole.reserve(n);
                complex* const w = whole.data();
                w[0] = spectrum(0);
                for (std::size_t k = 1; 2 * k < n; ++k) {
                    w[k] = spectrum(k);
                    w[n - k] = std::conj(w[k]);
                }
                run_one(lines<complex const>::one(w, n, 1), lines<complex>::one(w, n, 1), {.inverse = true});
                for (std::size_t j = 0; j != y.length; ++j) put(at(y, 0, j), w[j].real() * f.scale, f.add);
            });
        std::size_t const h = n / 2;
        bool const even = n % 2 == 0;
        passes<T> const& all = even ? half_passes() : *in_lanes_;
        complex const* const turns = even ? roots().data() : nullptr;
        for_each_part(from.count, group, worth(from.count) / 2, [&](std::size_t first, std::size_t last) {
            lane_buffers<T> b(n);
            for (std::size_t t = first; t < last; t += group) {
                for (std::size_t k = used; k <= h; ++k) b.y[k] = pair(0);
                read_lines<complex>(line_group<complex const>(from, t), used,
                                    [&](std::size_t k, pair v)
                                        TENON_LAMBDA_INLINE { b.y[k] = is_middle(k, n) ? v * f.middle : pair(v.re); });
                // The parts are exchanged, which makes the transform the inverse one.
                if (even)
                    for (std::size_t k = 0; k != h; ++k) {
                        pair const a = b.y[k], c = math::conj(b.y[h - k]);
                        b.x[k] = exchanged(a + c - turned<T>(times<T>(a - c, std::conj(turns[k]))), true);
                    }
                else
                    for (std::size_t k = 0; k <= h; ++k) {
                        b.x[k] = exchanged(b.y[k], true);
                        if (k != 0) b.x[n - k] = exchanged(math::conj(b.y[k]), true);
                    }
                pair const* const y = all.run(b.x, b.y);
                write_lines<T>(line_group<T>(to, t), to.length, f.add, [&](std::size_t j) TENON_LAMBDA_INLINE {
                    if (!even) return y[j].im * f.scale;
                    return (j % 2 == 0 ? y[j / 2].im : y[j / 2].re) * f.scale;
                });
            }
        });
    }

private:
    /// Whether signals go a register's worth at a time: those that are short, and those that lie side by side. Others, or a few alone,
    /// are matrices: 1000 signals of 1024 floats, whose lines are 8 KiB apart, take 8 times as long otherwise.
    template <class E>
    bool goes_in_lanes(lines<E> const& all) const {
        if (!in_lanes_ || columns_ == 1) return in_lanes_ != nullptr;
        if (all.inner >= group && all.inner_step == 1) return true;
        return size_ < 4 * group * group && (2 * all.count > group || 2 * columns_ < group);
    }
    /// Calls f(line of `from`, line of `to`).
    template <class From, class To, class F>
    void for_each_signal(lines<From> const& from, lines<To> const& to, F const& f) const {
        for_each_part(from.count, 1, from.count == 1 ? 1 : worth(from.count), [&](std::size_t first, std::size_t last) {
            for (std::size_t t = first; t != last; ++t)
                f(lines<From>::one(from.line(t), from.length, from.step),
                  lines<To>::one(to.line(t), to.length, to.step));
        });
    }
    /// Into how many parts so many transforms are cut.
    std::size_t worth(std::size_t count) const { return count * size_ / (std::size_t{1} << 15); }

    /// Real signals, of an even length two elements as one complex number.
    void load_real(lines<T const> const& from, std::size_t t, pair* x) const {
        std::size_t const used = std::min(from.length, size_), together = size_ % 2 == 0 ? 2 : 1;
        using part = typename pair::part_type;
        for (std::size_t j = used / together; j != size_ / together; ++j) x[j] = pair(0);
        read_lines<T>(line_group<T const>(from, t), used, [=](std::size_t j, part v) TENON_LAMBDA_INLINE {
            if (together == 1) x[j] = pair(v);
            else if (j % 2 == 0) x[j / 2].re = v;
            else x[j / 2].im = v;
        });
    }
    /// The passes of half as many elements.
    passes<T> const& half_passes() const {
        std::call_once(half_made_, [&] { half_ = std::make_unique<passes<T>>(size_ / 2); });
        return *half_;
    }

    /// One signal; `to` may be `from`.
    void run_one(lines<complex const> const& from, lines<complex> const& to, finish<T> const& f) const {
        if (bluestein_) return bluestein_->run(from, to, f);
        std::call_once(matrix_made_, [&] { matrix_ = std::make_unique<long_signal<T>>(size_, columns_); });
        matrix_->run(from, to, f);
    }

    /// A long real signal of even length as one of half as many complex numbers.
    void run_half(lines<T const> const& from, lines<complex> const& to, finish<T> const& f) const {
        std::size_t const n = size_, h = n / 2;
        buffer<complex, dyn> memory;
        memory.reserve(h);
        complex* const z = memory.data();
        auto const x = [&](std::size_t j) { return j < from.length ? *at(from, 0, j) : T(0); };
        for (std::size_t j = 0; j != h; ++j) z[j] = {x(2 * j), x(2 * j + 1)};
        auto const half = transform_of<T>(h);
        half->run(lines<complex const>::one(z, h, 1), lines<complex>::one(z, h, 1), {});
        std::vector<complex> const& halves = roots();
        for (std::size_t k = 0; k != to.length; ++k) {
            complex const a = z[k == h ? 0 : k], c = std::conj(z[k == 0 ? 0 : h - k]), w = halves[k];
            T const re = (a.real() - c.real()) / 2, im = (a.imag() - c.imag()) / 2;
            // −i w (a − c)/2
            complex const odd(w.real() * im + w.imag() * re, w.imag() * im - w.real() * re);
            T const s = is_middle(k, n) ? f.scale * f.middle : f.scale;
            put(at(to, 0, k), ((a + c) * T(0.5) + odd) * s, f.add);
        }
    }

    /// Back from a spectrum, whose element k is `spectrum(k)`.
    template <class F>
    void run_half_back(F const& spectrum, lines<T> const& to, finish<T> const& f) const {
        std::size_t const h = size_ / 2;
        buffer<complex, dyn> memory;
        memory.reserve(h);
        complex* const z = memory.data();
        std::vector<complex> const& halves = roots();
        for (std::size_t k = 0; k != h; ++k) {
            complex const a = spectrum(k), c = std::conj(spectrum(h - k)), d = product(a - c, std::conj(halves[k]));
            z[k] = a + c + complex(-d.imag(), d.real());
        }
        transform_of<T>(h)->run(lines<complex const>::one(z, h, 1), lines<complex>::one(z, h, 1), {.inverse = true});
        for (std::size_t j = 0; j != to.length; ++j)
            put(at(to, 0, j), (j % 2 == 0 ? z[j / 2].real() : z[j / 2].imag()) * f.scale, f.add);
    }
    /// exp(−2πi k/n) for k up to n/2.
    std::vector<complex> const& roots() const {
        std::call_once(halves_made_, [&] {
            for (std::size_t k = 0; k <= size_ / 2; ++k) halves_.push_back(complex(root_of_one(k, size_)));
        });
        return halves_;
    }

    std::size_t size_, columns_ = 1;
    std::unique_ptr<passes<T>> in_lanes_;
    std::unique_ptr<bluestein<T>> bluestein_;
    // What not every use needs is made when it is first wanted.
    mutable std::once_flag matrix_made_, halves_made_, half_made_;
    mutable std::unique_ptr<long_signal<T>> matrix_;
    mutable std::unique_ptr<passes<T>> half_;
    mutable std::vector<complex> halves_;
};

/// The transforms of the last 16 lengths are kept.
template <class T>
std::shared_ptr<transform<T> const> transform_of(std::size_t n) {
    static std::mutex guard;
    static std::vector<std::shared_ptr<transform<T> const>> recent;
    auto const find = [&]() -> std::shared_ptr<transform<T> const> {
        std::lock_guard const lock(guard);
        for (auto it = recent.begin(); it != recent.end(); ++it)
            if ((*it)->size() == n) {
                std::rotate(recent.begin(), it, it + 1);
                return recent.front();
            }
        return nullptr;
    };
    if (auto found = find()) return found;
    auto made = std::make_shared<transform<T> const>(n);
    std::lock_guard const lock(guard);
    recent.insert(recent.begin(), made);
    if (recent.size() > 16) recent.pop_back();
    return made;
}

}  // namespace tenon::inline TENON_TARGET::fft::detail
