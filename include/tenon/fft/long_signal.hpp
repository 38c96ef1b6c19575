// The transform of one signal as a matrix: its columns are transformed, multiplied by roots of one, and its rows, each time a
// register's worth at once. Source: D. Bailey, "FFTs in external or hierarchical memory", Journal of Supercomputing 4 (1990).
#pragma once

#include <complex>
#include <cstddef>
#include <vector>

#include <tenon/base/parallel.hpp>
#include <tenon/fft/finish.hpp>

namespace tenon::inline TENON_TARGET::fft::detail {

/// Element j of the signal lies in row j / columns. Between the two steps tiles of a register's width of columns lie one after another,
/// so that both read and write neighbours: 2²⁰ floats take 1.5 times as long otherwise.
template <class T>
class long_signal {
    using complex = std::complex<T>;
    using pair = signals<T>;
    static constexpr std::size_t group = lanes<T>;

public:
    /// @param n whose only factors are those that passes take, @param columns one of its divisors
    long_signal(std::size_t n, std::size_t columns)
        : size_(n),
          columns_(columns),
          rows_(n / columns),
          tiles_((columns + group - 1) / group),
          down_(rows_),
          across_(columns),
          twiddles_(tiles_ * rows_ * group, 1) {
        for (std::size_t b = 0; b != columns; ++b)
            for (std::size_t k = 0; k != rows_; ++k)
                twiddles_[(b / group * rows_ + k) * group + b % group] = complex(root_of_one(k * b, n));
    }
    /// @param to may be `from`
    void run(lines<complex const> const& from, lines<complex> const& to, finish<T> const& f) const {
        buffer<complex, dyn> tiled, source;
        tiled.reserve(tiles_ * rows_ * group);
        complex* const z = tiled.data();
        complex const* x = from.first;
        if (from.length < size_ || from.step != 1) {
            source.reserve(size_);
            for (std::size_t j = 0; j != size_; ++j) source.data()[j] = j < from.length ? *at(from, 0, j) : complex(0);
            x = source.data();
        }
        lines<complex const> const of_columns{x, rows_, columns_, columns_, static_cast<std::ptrdiff_t>(columns_),
                                              0, 1};
        for_each_part(tiles_, 1, size_ >> 15, [&](std::size_t first, std::size_t last) {
            lane_buffers<T> b(rows_);
            for (std::size_t tile = first; tile != last; ++tile) {
                load_lanes<T>(of_columns, tile * group, rows_, b.x, f.inverse);
                pair const* const y = down_.run(b.x, b.y);
                complex const* w = twiddles_.data() + tile * rows_ * group;
                complex* out = z + tile * rows_ * group;
                for (std::size_t k = 0; k != rows_; ++k, w += group, out += group) (y[k] * pair::load(w)).store(out);
            }
        });
        lines<complex> const results{to.first, columns_, rows_, rows_, static_cast<std::ptrdiff_t>(rows_) * to.step,
                                     0,        to.step};
        for_each_part(rows_, group, size_ >> 15, [&](std::size_t first, std::size_t last) {
            lane_buffers<T> b(tiles_ * group);
            for (std::size_t t = first; t < last; t += group) {
                for (std::size_t tile = 0; tile != tiles_; ++tile) {
                    pair square[group];
                    for (std::size_t l = 0; l != group; ++l)
                        square[l] = t + l < rows_ ? pair::load(z + (tile * rows_ + t + l) * group) : pair(0);
                    transpose_lanes(square);
                    for (std::size_t l = 0; l != group; ++l) b.x[tile * group + l] = square[l];
                }
                pair const* const y = across_.run(b.x, b.y);
                auto const v = [&](std::size_t k) TENON_LAMBDA_INLINE { return exchanged(y[k], f.inverse) * f.scale; };
                line_group<complex> const out(results, t);
                // Line t + l has the elements t + l + k rows: where less is wanted than the whole, the last are cut off.
                std::size_t const end = t + out.count;
                std::size_t const whole = to.length < end ? 0 : std::min(columns_, (to.length - end) / rows_ + 1);
                write_lines<complex>(out, whole, f.add, v);
                for (std::size_t k = whole; k != columns_ && t + k * rows_ < to.length; ++k)
                    for (std::size_t l = 0; l != out.count && t + l + k * rows_ < to.length; ++l)
                        put(out.element(l, k), v(k)[l], f.add);
            }
        });
    }

private:
    std::size_t size_, columns_, rows_, tiles_;
    passes<T> down_, across_;        ///< of columns and rows, which go in lanes however long they are
    std::vector<complex> twiddles_;  ///< exp(−2πi k b/n) for row k and column b, in the order of the tiles
};

}  // namespace tenon::inline TENON_TARGET::fft::detail
