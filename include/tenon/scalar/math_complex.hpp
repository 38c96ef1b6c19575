// Elementary functions of complex numbers, lane by lane by the standard library, whose branch cuts and values at infinities and NaN
// are those of the C standard's annex G.
#pragma once

#include <complex>

#include "math_basic.hpp"

#include <tenon/scalar/complex.hpp>

namespace tenon::inline TENON_TARGET::math {

#define TENON_OF_COMPLEX(name)                                                                                         \
    template <class T, std::size_t N>                                                                                  \
    TENON_LANE complex_pack<T, N> name(complex_pack<T, N> z) {                                                         \
        return complex_pack<T, N>::generate([&](std::size_t i) { return std::name(z[i]); });                           \
    }
TENON_OF_COMPLEX(exp)
TENON_OF_COMPLEX(log)
TENON_OF_COMPLEX(log10)
TENON_OF_COMPLEX(sqrt)
TENON_OF_COMPLEX(sin)
TENON_OF_COMPLEX(cos)
TENON_OF_COMPLEX(tan)
TENON_OF_COMPLEX(asin)
TENON_OF_COMPLEX(acos)
TENON_OF_COMPLEX(atan)
TENON_OF_COMPLEX(sinh)
TENON_OF_COMPLEX(cosh)
TENON_OF_COMPLEX(tanh)
TENON_OF_COMPLEX(asinh)
TENON_OF_COMPLEX(acosh)
TENON_OF_COMPLEX(atanh)
#undef TENON_OF_COMPLEX

template <class T, std::size_t N>
TENON_LANE complex_pack<T, N> log2(complex_pack<T, N> z) {
    return math::log(z) * T(1.44269504088896340736);
}
template <class T, std::size_t N>
TENON_LANE complex_pack<T, N> exp2(complex_pack<T, N> z) {
    return math::exp(z * T(0.69314718055994530942));
}
/// eᶻ − 1, exact near 0: the real part is (eˣ − 1) cos y − 2 sin²(y/2).
template <class T, std::size_t N>
TENON_LANE complex_pack<T, N> expm1(complex_pack<T, N> z) {
    return complex_pack<T, N>::generate([&](std::size_t i) {
        T const x = z.re[i], y = z.im[i], half = std::sin(y / 2);
        return std::complex<T>(std::expm1(x) * std::cos(y) - 2 * half * half, std::exp(x) * std::sin(y));
    });
}
/// log(1 + z), exact near 0: the real part is log1p(x (2 + x) + y²)/2.
template <class T, std::size_t N>
TENON_LANE complex_pack<T, N> log1p(complex_pack<T, N> z) {
    return complex_pack<T, N>::generate([&](std::size_t i) {
        T const x = z.re[i], y = z.im[i];
        bool const near = std::abs(x) < T(0.5) && std::abs(y) < T(0.5);
        return std::complex<T>(near ? std::log1p(x * (2 + x) + y * y) / 2 : std::log(std::hypot(1 + x, y)),
                               std::atan2(y, 1 + x));
    });
}
template <class T, std::size_t N>
TENON_LANE complex_pack<T, N> sigmoid(complex_pack<T, N> z) {
    return complex_pack<T, N>(1) / (complex_pack<T, N>(1) + math::exp(-z));
}
/// aᵇ, 1 for b = 0.
template <class T, std::size_t N>
TENON_LANE complex_pack<T, N> pow(complex_pack<T, N> a, complex_pack<T, N> b) {
    return complex_pack<T, N>::generate([&](std::size_t i) {
        if (b[i] == std::complex<T>(0)) return std::complex<T>(1);
        if (a[i] == std::complex<T>(0)) return std::complex<T>(b[i].real() > 0 ? T(0) : not_a_number<T>);
        return std::pow(a[i], b[i]);
    });
}

}  // namespace tenon::inline TENON_TARGET::math
