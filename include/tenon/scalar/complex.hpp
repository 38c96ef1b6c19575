// Lanes of complex numbers: real and imaginary parts in a pack each, so that arithmetic with them is arithmetic with packs.
#pragma once

#include <complex>
#include <cstddef>
#include <type_traits>

#include <tenon/scalar/math_basic.hpp>
#include <tenon/scalar/pack.hpp>
#include <tenon/scalar/shuffle.hpp>

namespace tenon::inline TENON_TARGET::element {

namespace detail {
template <class T>
struct complex_parts {
    using type = T;
    static constexpr bool is_complex = false;
};
template <>
struct complex_parts<std::complex<float>> {
    using type = float;
    static constexpr bool is_complex = true;
};
template <>
struct complex_parts<std::complex<double>> {
    using type = double;
    static constexpr bool is_complex = true;
};
}  // namespace detail

/// The complex numbers that tensors hold.
template <class T>
concept is_complex = detail::complex_parts<T>::is_complex;
/// The type of a complex number's parts; T itself for others.
template <class T>
using real_t = typename detail::complex_parts<T>::type;

/// N complex numbers that are computed together. A product is (ac − bd) + (ad + bc)i, without the second look at infinities that
/// std::complex takes; a quotient is scaled by the divisor's larger part (Smith, 1962), as in NumPy and PyTorch.
/// @tparam T float or double
template <class T, std::size_t N>
struct complex_pack {
    using complex_tag = void;
    using value_type = std::complex<T>;
    using part_type = pack<T, N>;
    using mask_type = mask<sizeof(T), N>;
    static constexpr std::size_t lanes = N;

    part_type re, im;

    complex_pack() = default;
    TENON_LANE complex_pack(part_type real, part_type imag) : re(real), im(imag) {}
    /// Real numbers.
    TENON_LANE complex_pack(part_type real) : re(real), im(T(0)) {}
    /// Every lane is `value`.
    template <class U>
        requires std::is_arithmetic_v<U>
    TENON_LANE complex_pack(U value) : re(value), im(T(0)) {}
    template <class U>
    TENON_LANE complex_pack(std::complex<U> value) : re(value.real()), im(value.imag()) {}

    /// Reads N elements; no alignment needed.
    TENON_LANE static complex_pack load(value_type const* from) {
        if constexpr (N == 1) return {part_type(from->real()), part_type(from->imag())};
        else if constexpr (part_type::form == detail::form::halves)
            return join(complex_pack<T, N / 2>::load(from), complex_pack<T, N / 2>::load(from + N / 2));
        else {
            auto const* const p = reinterpret_cast<T const*>(from);
            auto const low = part_type::load(p), high = part_type::load(p + N);
            return {math::every_second<0>(low, high), math::every_second<1>(low, high)};
        }
    }
    /// Writes N elements; no alignment needed.
    TENON_LANE void store(value_type* to) const {
        if constexpr (N == 1) *to = (*this)[0];
        else if constexpr (part_type::form == detail::form::halves) {
            low().store(to);
            high().store(to + N / 2);
        } else {
            auto* const p = reinterpret_cast<T*>(to);
            math::interleave<false>(re, im).store(p);
            math::interleave<true>(re, im).store(p + N);
        }
    }
    /// Lane i is f(i), a complex number.
    template <class F>
    TENON_LANE static complex_pack generate(F&& f) {
        if constexpr (N == 1) return complex_pack(value_type(f(std::size_t{0})));
        else {
            value_type all[N];
            for (std::size_t i = 0; i != N; ++i) all[i] = f(i);
            return load(all);
        }
    }
    TENON_LANE value_type operator[](std::size_t i) const { return {re[i], im[i]}; }
    TENON_LANE auto low() const { return complex_pack<T, N / 2>(re.low(), im.low()); }
    TENON_LANE auto high() const { return complex_pack<T, N / 2>(re.high(), im.high()); }
    template <class Half>
    TENON_LANE static complex_pack join(Half low, Half high) {
        return {part_type::join(low.re, high.re), part_type::join(low.im, high.im)};
    }

    TENON_LANE friend complex_pack operator+(complex_pack a, complex_pack b) { return {a.re + b.re, a.im + b.im}; }
    TENON_LANE friend complex_pack operator-(complex_pack a, complex_pack b) { return {a.re - b.re, a.im - b.im}; }
    TENON_LANE friend complex_pack operator*(complex_pack a, complex_pack b) {
        return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
    }
    TENON_LANE friend complex_pack operator/(complex_pack a, complex_pack b) {
        auto const by_real = math::abs(b.re) >= math::abs(b.im);
        auto const larger = math::select(by_real, b.re, b.im), smaller = math::select(by_real, b.im, b.re);
        // Where both are 0 the parts are divided by |0|, and give infinities.
        auto const zero = larger == T(0);
        auto const ratio = math::select(zero, smaller, smaller / math::select(zero, part_type(T(1)), larger));
        auto const scale = T(1) / math::select(zero, math::abs(larger), larger + smaller * ratio);
        auto const x = math::select(by_real, a.re, a.im), y = math::select(by_real, a.im, a.re);
        return {(x + y * ratio) * scale, math::select(by_real, y - x * ratio, x * ratio - y) * scale};
    }
    TENON_LANE friend complex_pack operator+(complex_pack a) { return a; }
    TENON_LANE friend complex_pack operator-(complex_pack a) { return {-a.re, -a.im}; }
    TENON_LANE friend complex_pack& operator+=(complex_pack& a, complex_pack b) { return a = a + b; }
    TENON_LANE friend complex_pack& operator-=(complex_pack& a, complex_pack b) { return a = a - b; }
    TENON_LANE friend complex_pack& operator*=(complex_pack& a, complex_pack b) { return a = a * b; }
    TENON_LANE friend complex_pack& operator/=(complex_pack& a, complex_pack b) { return a = a / b; }
    TENON_LANE friend mask_type operator==(complex_pack a, complex_pack b) { return (a.re == b.re) & (a.im == b.im); }
    TENON_LANE friend mask_type operator!=(complex_pack a, complex_pack b) { return !(a == b); }

    // Real numbers scale both parts.
    TENON_LANE complex_pack scaled(part_type s) const { return {re * s, im * s}; }
    template <class U>
        requires std::is_arithmetic_v<U>
    TENON_LANE friend complex_pack operator*(U s, complex_pack a) {
        return a.scaled(part_type(s));
    }
    template <class U>
        requires std::is_arithmetic_v<U>
    TENON_LANE friend complex_pack operator*(complex_pack a, U s) {
        return a.scaled(part_type(s));
    }
    template <class U>
        requires std::is_arithmetic_v<U>
    TENON_LANE friend complex_pack operator/(complex_pack a, U s) {
        return {a.re / part_type(s), a.im / part_type(s)};
    }
};

template <class T>
concept is_complex_pack = requires { typename std::remove_cvref_t<T>::complex_tag; };

template <class T, std::size_t N>
    requires is_complex<std::complex<T>>
struct lane_of<std::complex<T>, N> {
    using type = complex_pack<T, N>;
};

/// a + b·c of single values.
template <class T>
TENON_LANE std::complex<T> sum_with_product(std::complex<T> a, std::complex<T> b, std::complex<T> c) {
    return {a.real() + (b.real() * c.real() - b.imag() * c.imag()),
            a.imag() + (b.real() * c.imag() + b.imag() * c.real())};
}

}  // namespace tenon::inline TENON_TARGET::element

namespace tenon::inline TENON_TARGET::math {

using element::complex_pack;

/// Each lane as a U: a real U is the real part, bool whether the number is not 0.
template <class U, class T, std::size_t N>
TENON_LANE auto convert(complex_pack<T, N> z) {
    if constexpr (std::is_same_v<U, std::complex<T>>) return z;
    else if constexpr (std::is_same_v<U, bool>) return (z != complex_pack<T, N>(0)).template to<1>();
    else if constexpr (element::is_complex<U>) {
        using part = element::real_t<U>;
        return complex_pack<part, N>(math::convert<part>(z.re), math::convert<part>(z.im));
    } else if constexpr (requires { typename U::dual_tag; }) {
        static_assert(
            element::is_complex<typename U::value_type> || requires { typename U::value_type::dual_tag; },
            "real numbers with tangents meet complex ones: cast<std::complex<float>>(x) before");
        return element::lane_t<U, N>(math::convert<typename U::value_type>(z));
    } else return math::convert<U>(z.re);
}
template <element::is_complex U, class T, std::size_t N>
TENON_LANE auto convert(pack<T, N> x) {
    return complex_pack<element::real_t<U>, N>(math::convert<element::real_t<U>>(x));
}
template <element::is_complex U, std::size_t Bytes, std::size_t N>
TENON_LANE auto convert(mask<Bytes, N> m) {
    return complex_pack<element::real_t<U>, N>(math::convert<element::real_t<U>>(m));
}

/// a where the mask is set, b elsewhere. Both are evaluated.
template <std::size_t Bytes, class T, std::size_t N>
TENON_LANE complex_pack<T, N> select(mask<Bytes, N> m, complex_pack<T, N> a, complex_pack<T, N> b) {
    return {math::select(m, a.re, b.re), math::select(m, a.im, b.im)};
}

/// x − yi
template <class T, std::size_t N>
TENON_LANE complex_pack<T, N> conj(complex_pack<T, N> z) {
    return {z.re, -z.im};
}
/// A real number is its own conjugate.
template <class V>
TENON_LANE V conj(V v) {
    return v;
}
/// √(x² + y²) without overflow.
template <class T, std::size_t N>
TENON_LANE pack<T, N> abs(complex_pack<T, N> z) {
    if constexpr (std::is_same_v<T, float>) {
        // Squares of floats are exact in double, so the root is rounded but once more.
        auto const x = math::convert<double>(z.re), y = math::convert<double>(z.im);
        auto const root = math::convert<float>(math::sqrt(x * x + y * y));
        return math::select(math::isinf(z.re) | math::isinf(z.im), pack<T, N>(std::numeric_limits<T>::infinity()),
                            root);
    } else return pack<T, N>::generate([&](std::size_t i) { return __builtin_hypot(z.re[i], z.im[i]); });
}
/// Of either part.
template <class T, std::size_t N>
TENON_LANE auto isnan(complex_pack<T, N> z) {
    return math::isnan(z.re) | math::isnan(z.im);
}
template <class T, std::size_t N>
TENON_LANE auto isinf(complex_pack<T, N> z) {
    return math::isinf(z.re) | math::isinf(z.im);
}
/// Of both parts.
template <class T, std::size_t N>
TENON_LANE auto isfinite(complex_pack<T, N> z) {
    return math::isfinite(z.re) & math::isfinite(z.im);
}
/// a b + c
template <class T, std::size_t N>
TENON_LANE complex_pack<T, N> fma(complex_pack<T, N> a, complex_pack<T, N> b, complex_pack<T, N> c) {
    return a * b + c;
}
/// Sum of the lanes, pairwise by halves.
template <class T, std::size_t N>
TENON_LANE std::complex<T> hsum(complex_pack<T, N> z) {
    return {math::hsum(z.re), math::hsum(z.im)};
}
/// Product of the lanes, pairwise by halves.
template <class T, std::size_t N>
TENON_LANE std::complex<T> product_of(complex_pack<T, N> z) {
    if constexpr (N == 1) return z[0];
    else return math::product_of(z.low() * z.high());
}
/// Every lane is lane 0 of z.
template <std::size_t N, class T, std::size_t One>
TENON_LANE auto splat(complex_pack<T, One> z) {
    return complex_pack<T, N>(z.re[0], z.im[0]);
}
/// The sum of the lanes in a single lane.
template <class T, std::size_t N>
TENON_LANE complex_pack<T, 1> total(complex_pack<T, N> z) {
    return complex_pack<T, 1>(math::hsum(z));
}

}  // namespace tenon::inline TENON_TARGET::math
