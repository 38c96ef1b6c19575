// complex, polar, real, imag, conj, angle, sgn, isreal: what complex numbers are made of and taken apart into.
#pragma once

#include <type_traits>

#include <tenon/op/elementwise.hpp>
#include <tenon/op/sign.hpp>
#include <tenon/scalar/math.hpp>

namespace tenon::inline TENON_TARGET {

namespace op {

/// Complex operands have a real result.
struct real_part {
    using for_complex = void;
    template <class Common> using computed = Common;
    template <class Common> using result = element::real_t<Common>;
};

struct real : real_part {
    static constexpr char const* name = "real";
    template <class V>
    TENON_LANE static auto value(V z) {
        if constexpr (element::is_complex_pack<V>) return z.re;
        else return z;
    }
    template <std::size_t, class Y, class V>
    TENON_LANE static slope_one slope(Y, V) {
        return {};
    }
};
struct imag : real_part {
    static constexpr char const* name = "imag";
    template <class V>
    TENON_LANE static auto value(V z) {
        return z.im;
    }
    template <std::size_t, class G, class Y, class V>
    TENON_LANE static V backward(G g, Y, V) {
        return V(G(0), g);
    }
};
struct conj : arithmetic {
    using for_complex = void;
    static constexpr char const* name = "conj";
    template <class V>
    TENON_LANE static auto value(V z) {
        return math::conj(z);
    }
    template <std::size_t, class V>
        requires(!element::is_complex_pack<V>)
    TENON_LANE static slope_one slope(V, V) {
        return {};
    }
    template <std::size_t, class G, element::is_complex_pack V>
    TENON_LANE static G backward(G g, V, V) {
        return math::conj(g);
    }
};
/// The angle of z = x + iy is atan2(y, x); of a real number 0 or π, and NaN for NaN.
struct angle : floating {
    using for_complex = void;
    static constexpr char const* name = "angle";
    template <class Common> using result = element::real_t<floating_t<Common>>;
    template <class V>
    TENON_LANE static auto value(V z) {
        if constexpr (element::is_complex_pack<V>) return math::atan2(z.im, z.re);
        else return math::select(math::isnan(z), z, math::select(z < 0, V(3.14159265358979323846), V(0)));
    }
    template <std::size_t, class Y, class V>
        requires(!element::is_complex_pack<V>)
    TENON_LANE static slope_zero slope(Y, V) {
        return {};
    }
    /// g (−y + ix)/|z|², 0 at 0.
    template <std::size_t, class G, class Y, element::is_complex_pack V>
    TENON_LANE static V backward(G g, Y, V z) {
        auto const by = g / (z.re * z.re + z.im * z.im);
        return math::select((z.re == 0) & (z.im == 0), V(0), V(-z.im * by, z.re * by));
    }
};
/// z/|z|, 0 at 0; the sign of a real number.
struct sgn : sign {
    using for_complex = void;
    static constexpr char const* name = "sgn";
    template <class V>
    TENON_LANE static auto value(V z) {
        if constexpr (element::is_complex_pack<V>) {
            auto const length = math::abs(z);
            return math::select(length == 0, V(0), V(z.re / length, z.im / length));
        } else return sign::value(z);
    }
    template <std::size_t, class Y, class V>
        requires(!element::is_complex_pack<V>)
    TENON_LANE static slope_zero slope(Y const&, V const&) {
        return {};
    }
    /// Across the circle alone: (g − y Re(g conj y))/|z|, 0 at 0.
    template <std::size_t, class G, element::is_complex_pack V>
    TENON_LANE static V backward(G g, V y, V z) {
        auto const length = math::abs(z), along = g.re * y.re + g.im * y.im;
        return math::select(length == 0, V(0), V((g.re - y.re * along) / length, (g.im - y.im * along) / length));
    }
};
struct isreal : comparison {
    using for_complex = void;
    static constexpr char const* name = "isreal";
    template <class V>
    TENON_LANE static auto value(V z) {
        if constexpr (element::is_complex_pack<V>) return z.im == 0;
        else if constexpr (element::is_mask<V>) return z | !z;
        else return (z == z) | (z != z);
    }
};

/// Two real operands have a complex result.
template <class Common>
struct made_complex {
    static_assert(std::is_same_v<Common, float> || std::is_same_v<Common, double>,
                  "complex and polar: parts are both float or both double");
    using type = std::complex<Common>;
};
struct complex : arithmetic {
    static constexpr char const* name = "complex";
    template <class Common> using result = typename made_complex<Common>::type;
    template <class T, std::size_t N>
    TENON_LANE static auto value(element::pack<T, N> re, element::pack<T, N> im) {
        return element::complex_pack<T, N>(re, im);
    }
    template <std::size_t I, class G, class Y, class V>
    TENON_LANE static V backward(G g, Y, V, V) {
        return I == 0 ? g.re : g.im;
    }
};
/// r (cos φ + i sin φ).
struct polar : arithmetic {
    static constexpr char const* name = "polar";
    template <class Common> using result = typename made_complex<Common>::type;
    template <class T, std::size_t N>
    TENON_LANE static auto value(element::pack<T, N> r, element::pack<T, N> angle) {
        return element::complex_pack<T, N>(r * math::cos(angle), r * math::sin(angle));
    }
    template <std::size_t I, class G, class Y, class V>
    TENON_LANE static V backward(G g, Y y, V, V angle) {
        if constexpr (I == 0) return g.re * math::cos(angle) + g.im * math::sin(angle);
        else return g.im * y.re - g.re * y.im;
    }
};

}  // namespace op

/// x + iy of two real operands, broadcast; torch.complex.
inline constexpr elementwise<op::complex> complex{};
/// r (cos φ + i sin φ) of a length and an angle; torch.polar.
inline constexpr elementwise<op::polar> polar{};
/// The real part; a real operand as it is; torch.real.
inline constexpr elementwise<op::real> real{};
/// x − iy, and a real operand as it is; torch.conj.
inline constexpr elementwise<op::conj> conj{};
/// The angle of a complex number in (−π, π]; of a real one 0 or π; integers give floats; torch.angle.
inline constexpr elementwise<op::angle> angle{};
/// z/|z|, 0 at 0; the sign of a real number; torch.sgn.
inline constexpr elementwise<op::sgn> sgn{};
/// Whether the imaginary part is 0; torch.isreal.
inline constexpr elementwise<op::isreal> isreal{};

/// Real numbers have no imaginary part: PyTorch refuses them too.
template <class T>
struct imag_needs_complex_numbers;
/// The imaginary part; torch.imag. Compile error `imag_needs_complex_numbers`.
template <class X>
    requires elementwise_operands<X>
TENON_LANE auto imag(X&& x) {
    using T = value_t<node_t<X>>;
    if constexpr (!element::is_complex<T>) return imag_needs_complex_numbers<T>{};
    else return call_op(op::imag{}, std::forward<X>(x));
}

/// Whether elements are complex numbers; torch.is_complex.
template <expression X>
constexpr bool is_complex(X const&) {
    return element::is_complex<value_t<X>>;
}

}  // namespace tenon::inline TENON_TARGET
