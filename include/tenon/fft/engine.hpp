// Fourier transforms of any length along any axis of an array: complex ones, of real signals, and back to those.
//
// A batch of short signals goes a register's worth at a time, each lane a signal. A long signal, or one alone, is a matrix: its columns
// are transformed, multiplied by roots of one, and its rows, each time a register's worth at once (Bailey, FFTs in external or
// hierarchical memory, 1990). A length with a large prime factor is a convolution of one that has none (Bluestein, 1970).
#pragma once

#include <cmath>
#include <memory>
#include <mutex>

#include <tenon/base/parallel.hpp>
#include <tenon/core/workspace.hpp>
#include <tenon/fft/lines.hpp>

namespace tenon::inline TENON_TARGET::fft::detail {

/// What becomes of a result before it is written.
template <class T>
struct finish {
    T scale = 1;
    T middle = 1;          ///< besides, for the elements of a half spectrum that stand for two
    bool add = false;      ///< whether it is added to what is there
    bool inverse = false;  ///< exp(+2πi jk/n) instead of exp(−2πi jk/n)
};

/// Real and imaginary parts exchanged: a transform between two exchanges is the inverse one.
template <class V>
TENON_INLINE V exchanged(V z, bool exchange) {
    return exchange ? V{z.im, z.re} : z;
}
/// Whether element k of the half spectrum of n real numbers stands for two of the whole.
constexpr bool is_middle(std::size_t k, std::size_t n) { return k != 0 && 2 * k != n; }

template <class T>
class transform;
/// The transform of a length, from those that were used last.
template <class T>
std::shared_ptr<transform<T> const> transform_of(std::size_t n);

template <class T>
class transform {
    using complex = std::complex<T>;
    using pair = signals<T>;
    static constexpr std::size_t group = lanes<T>;
    /// The longest signal of which a register's worth goes at once: two buffers of them stay in a second cache of 512 KiB.
    static constexpr std::size_t longest_in_lanes = (std::size_t{1} << 18) / sizeof(pair);

public:
    explicit transform(std::size_t n) : size_(n) {
        if (!passes<T>::takes(n)) prepare_bluestein();
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
                lane_buffers b(size_);
                for (std::size_t t = first; t < last; t += group) {
                    load(from, t, size_, b.x, f.inverse);
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
            lane_buffers b(n);
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
            lane_buffers b(n);
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
    struct lane_buffers {
        buffer<pair, dyn> memory;
        pair *x, *y;
        explicit lane_buffers(std::size_t n) {
            memory.reserve(2 * n);
            x = memory.data();
            y = x + n;
        }
    };
    template <class E>
    static E* at(lines<E> const& all, std::size_t t, std::size_t j) {
        return all.line(t) + static_cast<std::ptrdiff_t>(j) * all.step;
    }
    template <class E>
    static void put(E* to, E v, bool add) {
        *to = add ? *to + v : v;
    }
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

    static void load(lines<complex const> const& from, std::size_t t, std::size_t size, pair* x, bool exchange) {
        std::size_t const used = std::min(from.length, size);
        read_lines<complex>(line_group<complex const>(from, t), used,
                            [=](std::size_t j, pair z) TENON_LAMBDA_INLINE { x[j] = exchanged(z, exchange); });
        for (std::size_t j = used; j != size; ++j) x[j] = pair(0);
    }
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
        if (bluestein_) bluestein(from, to, f);
        else matrix(from, to, f);
    }

    /// The parts of a signal that goes as a matrix: element j lies in row j / columns_. Between its two steps tiles of a register's
    /// width of columns lie one after another, so that both read and write neighbours: 2²⁰ floats take 1.5 times as long otherwise.
    struct matrix_parts {
        std::unique_ptr<passes<T>> down, across;  ///< columns and rows, which go in lanes however long they are
        std::size_t tiles;
        std::vector<complex> twiddles;  ///< exp(−2πi k b/n) for row k and column b, in the order of the tiles
    };
    matrix_parts const& parts() const {
        std::call_once(parts_made_, [&] {
            std::size_t const rows = size_ / columns_;
            parts_ = {std::make_unique<passes<T>>(rows),
                      std::make_unique<passes<T>>(columns_),
                      (columns_ + group - 1) / group,
                      {}};
            parts_.twiddles.resize(parts_.tiles * rows * group, 1);
            for (std::size_t b = 0; b != columns_; ++b)
                for (std::size_t k = 0; k != rows; ++k)
                    parts_.twiddles[(b / group * rows + k) * group + b % group] = complex(root_of_one(k * b, size_));
        });
        return parts_;
    }
    void matrix(lines<complex const> const& from, lines<complex> const& to, finish<T> const& f) const {
        std::size_t const columns = columns_, rows = size_ / columns;
        matrix_parts const& made = parts();
        buffer<complex, dyn> tiled, source;
        tiled.reserve(made.tiles * rows * group);
        complex* const z = tiled.data();
        complex const* x = from.first;
        if (from.length < size_ || from.step != 1) {
            source.reserve(size_);
            for (std::size_t j = 0; j != size_; ++j) source.data()[j] = j < from.length ? *at(from, 0, j) : complex(0);
            x = source.data();
        }
        lines<complex const> const of_columns{x, rows, columns, columns, static_cast<std::ptrdiff_t>(columns), 0, 1};
        for_each_part(made.tiles, 1, size_ >> 15, [&](std::size_t first, std::size_t last) {
            lane_buffers b(rows);
            for (std::size_t tile = first; tile != last; ++tile) {
                load(of_columns, tile * group, rows, b.x, f.inverse);
                pair const* const y = made.down->run(b.x, b.y);
                complex const* w = made.twiddles.data() + tile * rows * group;
                complex* out = z + tile * rows * group;
                for (std::size_t k = 0; k != rows; ++k, w += group, out += group) (y[k] * pair::load(w)).store(out);
            }
        });
        lines<complex> const results{to.first, columns, rows, rows, static_cast<std::ptrdiff_t>(rows) * to.step,
                                     0,        to.step};
        for_each_part(rows, group, size_ >> 15, [&](std::size_t first, std::size_t last) {
            lane_buffers b(made.tiles * group);
            for (std::size_t t = first; t < last; t += group) {
                for (std::size_t tile = 0; tile != made.tiles; ++tile) {
                    pair square[group];
                    for (std::size_t l = 0; l != group; ++l)
                        square[l] = t + l < rows ? pair::load(z + (tile * rows + t + l) * group) : pair(0);
                    transpose_lanes(square);
                    for (std::size_t l = 0; l != group; ++l) b.x[tile * group + l] = square[l];
                }
                pair const* const y = made.across->run(b.x, b.y);
                auto const v = [&](std::size_t k) TENON_LAMBDA_INLINE { return exchanged(y[k], f.inverse) * f.scale; };
                line_group<complex> const out(results, t);
                // Line t + l has the elements t + l + k rows: where less is wanted than the whole, the last are cut off.
                std::size_t const end = t + out.count;
                std::size_t const whole = to.length < end ? 0 : std::min(columns, (to.length - end) / rows + 1);
                write_lines<complex>(out, whole, f.add, v);
                for (std::size_t k = whole; k != columns && t + k * rows < to.length; ++k)
                    for (std::size_t l = 0; l != out.count && t + l + k * rows < to.length; ++l)
                        put(out.element(l, k), v(k)[l], f.add);
            }
        });
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

    // jk = (j² + k² − (k − j)²)/2 makes the transform a convolution with exp(πi j²/n).

    void prepare_bluestein() {
        bluestein_ = true;
        std::size_t m = 1;
        while (m < 2 * size_ - 1) m *= 2;
        convolution_ = m;
        chirp_.resize(size_);
        for (std::size_t j = 0, square = 0; j != size_; square = (square + 2 * j + 1) % (2 * size_), ++j)
            chirp_[j] = complex(root_of_one(square, 2 * size_));
        spectrum_.assign(m, 0);
        for (std::size_t j = 0; j != size_; ++j) {
            complex const c = std::conj(chirp_[j]) / T(m);
            spectrum_[j] = c;
            if (j != 0) spectrum_[m - j] = c;
        }
        auto const whole = lines<complex>::one(spectrum_.data(), m, 1);
        transform_of<T>(m)->run(lines<complex const>::one(whole.first, m, 1), whole, {});
    }
    static complex product(complex a, complex b) {
        return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
    }
    /// to = x·w of n elements, of x's parts exchanged where the transform is inverse.
    static void multiply(complex* to, complex const* x, complex const* w, std::size_t n, bool exchange) {
        std::size_t j = 0;
        for (; j + group <= n; j += group) (exchanged(pair::load(x + j), exchange) * pair::load(w + j)).store(to + j);
        for (; j != n; ++j) to[j] = product(exchange ? complex(x[j].imag(), x[j].real()) : x[j], w[j]);
    }
    void bluestein(lines<complex const> const& from, lines<complex> const& to, finish<T> const& f) const {
        std::size_t const m = convolution_;
        buffer<complex, dyn> memory;
        memory.reserve(m);
        complex* const z = memory.data();
        auto const exchange = [&](complex v) { return f.inverse ? complex(v.imag(), v.real()) : v; };
        std::size_t const used = std::min(from.length, size_);
        if (from.step == 1) multiply(z, from.first, chirp_.data(), used, f.inverse);
        else
            for (std::size_t j = 0; j != used; ++j) z[j] = product(exchange(*at(from, 0, j)), chirp_[j]);
        for (std::size_t j = used; j != m; ++j) z[j] = complex(0);
        auto const longer = transform_of<T>(m);
        auto const source = lines<complex const>::one(z, m, 1);
        auto const result = lines<complex>::one(z, m, 1);
        longer->run(source, result, {});
        multiply(z, z, spectrum_.data(), m, false);
        longer->run(source, result, {.inverse = true});
        for (std::size_t k = 0; k != to.length; ++k)
            put(at(to, 0, k), exchange(product(z[k], chirp_[k])) * f.scale, f.add);
    }

    std::size_t size_, columns_ = 1;
    std::unique_ptr<passes<T>> in_lanes_;
    mutable std::unique_ptr<passes<T>> half_;
    mutable std::once_flag parts_made_, halves_made_, half_made_;
    mutable matrix_parts parts_;
    mutable std::vector<complex> halves_;
    bool bluestein_ = false;
    std::size_t convolution_ = 0;
    std::vector<complex> chirp_, spectrum_;
};

/// Whether a length was asked for: the transforms of the last 16 are kept.
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
