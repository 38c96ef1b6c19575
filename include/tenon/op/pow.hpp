// pow, float_power
#pragma once

#include <tenon/op/arithmetic.hpp>
#include <tenon/op/cast.hpp>
#include <tenon/op/elementwise.hpp>
#include <tenon/op/log.hpp>
#include <tenon/op/sqrt.hpp>
#include <tenon/scalar/math.hpp>

namespace tenon::inline TENON_TARGET {

namespace op {
/// x^N by multiplications.
template <int N>
struct power : counting {
    using for_complex = void;
    static constexpr char const* name = "pow";
    template <class V>
    TENON_LANE static V value(V x) {
        if constexpr (N < 0) {
            static_assert(!std::is_integral_v<typename V::value_type>, "pow<N> of integers: N must not be negative");
            return 1 / power<-N>::value(x);
        } else if constexpr (N == 0) return V(1);
        else if constexpr (N == 1) return x;
        else if constexpr (N % 2 == 0) {
            V const root = power<N / 2>::value(x);
            return root * root;
        } else return power<N - 1>::value(x) * x;
    }
    template <std::size_t, class V>
    TENON_LANE static auto slope(V, V x) {
        if constexpr (N == 0) return slope_zero{};
        else if constexpr (N == 1) return slope_one{};
        else return N * apply_op(power<N - 1>{}, x);
    }
};

struct pow : numeric {
    using for_complex = void;
    static constexpr char const* name = "pow";
    template <class V>
    TENON_LANE static V value(V a, V b) {
        using T = typename V::value_type;
        if constexpr (!std::is_integral_v<T>) return math::pow(a, b);
        else return V::generate([&](std::size_t i) { return of_integers(a[i], b[i]); });
    }
    template <std::size_t I, class V>
    TENON_LANE static V slope(V y, V a, V b) {
        if constexpr (I == 0) return math::select(b == 0, V(0), b * apply_op(pow{}, a, b - 1));
        else if constexpr (element::is_complex_pack<V>)
            return math::select((a == 0) & (b.re >= 0) & (b.im == 0), V(0), y * element::log(a));
        else return math::select((a == 0) & (b >= 0), V(0), y * element::log(a));
    }

private:
    /// Wraps on overflow; a negative exponent gives 1/a cut toward zero, and 0 for a = 0.
    template <class T>
    TENON_LANE static T of_integers(T a, T b) {
        using lane = element::pack<T, 1>;
        if constexpr (std::is_signed_v<T>)
            if (b < 0) return a == 1 ? T(1) : a == T(-1) ? T(b % 2 == 0 ? 1 : -1) : T(0);
        lane result(1);
        for (lane base(a); b != 0; b = static_cast<T>(b / 2), base *= base)
            if (b % 2 != 0) result *= base;
        return result[0];
    }
};

/// The same with an exponent that all elements share.
struct pow_by_number : numeric {
    using for_complex = void;
    static constexpr char const* name = "pow";
    template <class V>
    TENON_LANE static V value(V a, V b) {
        if constexpr (std::is_floating_point_v<typename V::value_type>) {
            if (b[0] == 0.5f) return sqrt::value(a);
            if (b[0] == -0.5f) return rsqrt::value(a);
        }
        return pow::value(a, b);
    }
    template <std::size_t I, class V>
    TENON_LANE static V slope(V y, V a, V b) {
        if constexpr (I == 0) return math::select(b == 0, V(0), b * apply_op(pow_by_number{}, a, b - 1));
        else return pow::slope<I>(y, a, b);
    }
};
}  // namespace op

/// x^N by multiplications; integers stay integers, bools become int64; slope N x^(N−1); torch.pow with a whole exponent.
template <int N, class X>
    requires elementwise_operands<X>
TENON_LANE auto pow(X&& x) {
    return call_op(op::power<N>{}, std::forward<X>(x));
}
/// a^b, either of which may be a number; slopes b a^(b−1), 0 where b is 0, and y log a, 0 where a is 0 and b is not
/// negative; where the exponent is the number 1/2 or −1/2, √a or 1/√a, which are NaN at −∞; torch.pow.
template <class A, class B>
    requires elementwise_operands<A, B>
TENON_LANE auto pow(A&& a, B&& b) {
    using op_type = std::conditional_t<numbers<B>, op::pow_by_number, op::pow>;
    return call_op(op_type{}, std::forward<A>(a), std::forward<B>(b));
}
namespace element {
using tenon::pow;
}  // namespace element

/// a^b in double precision, whatever the operands are, of complex numbers in std::complex<double>; torch.float_power.
template <class A, class B>
    requires operands<A, B>
constexpr auto float_power(A&& a, B&& b) {
    auto const wide = []<class X>(X&& x) {
        using to = std::conditional_t<element::is_complex<value_t<node_t<X>>>, std::complex<double>, double>;
        if constexpr (expression<X>) return tenon::cast<to>(std::forward<X>(x));
        else return static_cast<to>(x);
    };
    return tenon::pow(wide(std::forward<A>(a)), wide(std::forward<B>(b)));
}

}  // namespace tenon::inline TENON_TARGET
