// What transforms share: what becomes of their results, and the memory of a register's worth of signals.
#pragma once

#include <complex>
#include <cstddef>

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
template <class T>
TENON_INLINE std::complex<T> exchanged(std::complex<T> z, bool exchange) {
    return exchange ? std::complex<T>(z.imag(), z.real()) : z;
}

/// a·b without the care for infinities that C++ asks for.
template <class T>
std::complex<T> product(std::complex<T> a, std::complex<T> b) {
    return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
}

/// Element j of line t.
template <class E>
E* at(lines<E> const& all, std::size_t t, std::size_t j) {
    return all.line(t) + static_cast<std::ptrdiff_t>(j) * all.step;
}
template <class E>
void put(E* to, E v, bool add) {
    *to = add ? *to + v : v;
}

/// Two times n elements of as many signals as a register has lanes.
template <class T>
struct lane_buffers {
    buffer<signals<T>, dyn> memory;
    signals<T>*x, *y;
    explicit lane_buffers(std::size_t n) {
        memory.reserve(2 * n);
        x = memory.data();
        y = x + n;
    }
};

/// Reads the lines from number t on into x; what they lack of `size` elements counts as zeros.
template <class T>
void load_lanes(lines<std::complex<T> const> const& from, std::size_t t, std::size_t size, signals<T>* x,
                bool exchange) {
    std::size_t const used = std::min(from.length, size);
    read_lines<std::complex<T>>(line_group<std::complex<T> const>(from, t), used,
                                [=](std::size_t j, signals<T> z)
                                    TENON_LAMBDA_INLINE { x[j] = exchanged(z, exchange); });
    for (std::size_t j = used; j != size; ++j) x[j] = signals<T>(0);
}

}  // namespace tenon::inline TENON_TARGET::fft::detail
