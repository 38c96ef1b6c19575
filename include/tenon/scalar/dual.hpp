// Dual numbers: a value and its tangents, carried through arithmetic together.
#pragma once

#include <cstddef>
#include <type_traits>

#include <tenon/base/target.hpp>
#include <tenon/scalar/complex.hpp>
#include <tenon/scalar/math_basic.hpp>
#include <tenon/scalar/math_narrow.hpp>
#include <tenon/scalar/pack.hpp>

namespace tenon::inline TENON_TARGET::element {

/// A value with K directional derivatives: v + Σ t_k ε_k where ε_k ε_l = 0. Every elementwise operator works on it, by the
/// slope in the operator's own file; comparisons look at the value alone.
/// @tparam V a plain number (an element of a tensor) or a pack (inside a kernel), or a dual again for higher orders
template <class V, std::size_t K = 1>
struct dual {
    using dual_tag = void;
    using value_type = V;
    static constexpr std::size_t directions = K;

    V value;
    V tangent[K];

    dual() = default;
    /// A constant: all tangents are 0.
    TENON_LANE dual(V v) : value(v), tangent{} {
        for (auto& t : tangent) t = V(0);
    }
    template <class U>
        requires(std::is_arithmetic_v<U> && !std::is_same_v<U, V>)
    TENON_LANE dual(U v) : dual(static_cast<V>(v)) {}
    /// The same with other lanes: an element of a tensor becomes the lane that a kernel works on.
    template <class U>
        requires(!std::is_same_v<U, V>)
    TENON_LANE explicit dual(dual<U, K> const& d) : value(static_cast<V>(d.value)) {
        for (std::size_t k = 0; k != K; ++k) tangent[k] = static_cast<V>(d.tangent[k]);
    }
    TENON_LANE dual(V v, V t)
        requires(K == 1)
        : value(v), tangent{t} {}

    TENON_LANE friend dual operator+(dual a, dual b) {
        a.value = a.value + b.value;
        for (std::size_t k = 0; k != K; ++k) a.tangent[k] = a.tangent[k] + b.tangent[k];
        return a;
    }
    TENON_LANE friend dual operator-(dual a, dual b) {
        a.value = a.value - b.value;
        for (std::size_t k = 0; k != K; ++k) a.tangent[k] = a.tangent[k] - b.tangent[k];
        return a;
    }
    TENON_LANE friend dual operator*(dual a, dual b) {
        for (std::size_t k = 0; k != K; ++k) a.tangent[k] = a.tangent[k] * b.value + a.value * b.tangent[k];
        a.value = a.value * b.value;
        return a;
    }
    TENON_LANE friend dual operator/(dual a, dual b) {
        a.value = a.value / b.value;
        for (std::size_t k = 0; k != K; ++k) a.tangent[k] = (a.tangent[k] - a.value * b.tangent[k]) / b.value;
        return a;
    }
    // A plain number has no tangent: 0 times an infinite value would make one that is NaN.
    template <class U>
        requires std::is_arithmetic_v<U>
    TENON_LANE friend dual operator*(U a, dual b) {
        for (auto& t : b.tangent) t = a * t;
        b.value = a * b.value;
        return b;
    }
    template <class U>
        requires std::is_arithmetic_v<U>
    TENON_LANE friend dual operator*(dual a, U b) {
        return b * a;
    }
    template <class U>
        requires std::is_arithmetic_v<U>
    TENON_LANE friend dual operator/(dual a, U b) {
        for (auto& t : a.tangent) t = t / b;
        a.value = a.value / b;
        return a;
    }
    TENON_LANE friend dual operator-(dual a) {
        a.value = -a.value;
        for (auto& t : a.tangent) t = -t;
        return a;
    }
    TENON_LANE friend dual operator+(dual a) { return a; }
    TENON_LANE friend dual& operator+=(dual& a, dual b) { return a = a + b; }
    TENON_LANE friend dual& operator-=(dual& a, dual b) { return a = a - b; }
    TENON_LANE friend dual& operator*=(dual& a, dual b) { return a = a * b; }
    TENON_LANE friend dual& operator/=(dual& a, dual b) { return a = a / b; }
    TENON_LANE friend auto operator==(dual a, dual b) { return a.value == b.value; }
    TENON_LANE friend auto operator!=(dual a, dual b) { return a.value != b.value; }
    TENON_LANE friend auto operator<(dual a, dual b) { return a.value < b.value; }
    TENON_LANE friend auto operator<=(dual a, dual b) { return a.value <= b.value; }
    TENON_LANE friend auto operator>(dual a, dual b) { return a.value > b.value; }
    TENON_LANE friend auto operator>=(dual a, dual b) { return a.value >= b.value; }
};

template <class T>
concept is_dual = requires { typename std::remove_cvref_t<T>::dual_tag; };

/// What an operator can be evaluated on inside a kernel or in a user's function.
template <class T>
concept lane = is_pack<T> || is_mask<T> || is_dual<T> || is_complex_pack<T>;

/// An element of a tensor on its own, as one lane: a float becomes pack<float, 1>, a dual of doubles a dual of packs.
template <class V, std::size_t K, std::size_t N>
struct lane_of<dual<V, K>, N> {
    using type = dual<typename lane_of<V, N>::type, K>;
};

/// Reads N elements from memory into lanes. Elements that are duals lie one after another, so N is 1 for them.
template <std::size_t N, class T>
TENON_LANE lane_t<T, N> load_lanes(T const* p) {
    if constexpr (is_dual<T>) {
        lane_t<T, 1> v{};
        v.value = load_lanes<1>(&p->value);
        for (std::size_t k = 0; k != T::directions; ++k) v.tangent[k] = load_lanes<1>(&p->tangent[k]);
        return v;
    } else if constexpr (narrow<T>) {
        using word = pack<std::uint16_t, N>;
        if constexpr (N == 1) return math::from_narrow<T>(word(p->bits));
        else return math::from_narrow<T>(word::load(reinterpret_cast<std::uint16_t const*>(p)));
    } else return lane_t<T, N>::load(p);
}
/// Writes lanes to memory.
template <class T, class V>
TENON_LANE void store_lanes(T* p, V const& v) {
    if constexpr (is_dual<T>) {
        store_lanes(&p->value, v.value);
        for (std::size_t k = 0; k != T::directions; ++k) store_lanes(&p->tangent[k], v.tangent[k]);
    } else if constexpr (narrow<T>) {
        auto const words = math::to_narrow<T>(v);
        if constexpr (V::lanes == 1) p->bits = words.raw;
        else words.store(reinterpret_cast<std::uint16_t*>(p));
    } else v.store(p);
}
/// The element in a single lane.
template <class T, class V>
TENON_LANE T element_of(V const& v) {
    if constexpr (is_dual<T>) {
        T e{};
        store_lanes(&e, v);
        return e;
    } else return v[0];
}

}  // namespace tenon::inline TENON_TARGET::element

namespace tenon::inline TENON_TARGET::math {

/// Converts lanes to another element type; a number that becomes a dual is a constant.
template <class U, element::is_dual V>
TENON_LANE auto convert(V v) {
    static_assert(element::is_dual<U>, "a dual number has no conversion to a plain one: detach it");
    using result = element::lane_t<U, 1>;
    if constexpr (std::is_same_v<result, V>) return v;
    else {
        result d(math::convert<typename U::value_type>(v.value));
        for (std::size_t k = 0; k != V::directions; ++k)
            d.tangent[k] = math::convert<typename U::value_type>(v.tangent[k]);
        return d;
    }
}
template <class U, class V>
    requires(element::is_dual<U> && !element::is_dual<V>)
TENON_LANE auto convert(V v) {
    using inner = typename U::value_type;
    return element::lane_t<U, 1>(math::convert<inner>(v));
}
template <std::size_t Bytes, std::size_t N, element::is_dual V>
TENON_LANE V select(element::mask<Bytes, N> m, V a, V b) {
    a.value = math::select(m, a.value, b.value);
    for (std::size_t k = 0; k != V::directions; ++k) a.tangent[k] = math::select(m, a.tangent[k], b.tangent[k]);
    return a;
}
/// a b + c
template <element::is_dual V>
TENON_LANE V fma(V a, V b, V c) {
    return a * b + c;
}
/// Sum of the lanes, as an element.
template <element::is_dual V>
TENON_LANE V hsum(V v) {
    return v;
}
/// Every lane is lane 0 of v.
template <std::size_t N, class T, std::size_t One>
TENON_LANE auto splat(element::pack<T, One> v) {
    return element::pack<T, N>(v[0]);
}
template <std::size_t N, std::size_t Bytes, std::size_t One>
TENON_LANE auto splat(element::mask<Bytes, One> v) {
    return element::mask<Bytes, N>(v[0]);
}
template <std::size_t N, element::is_dual V>
TENON_LANE auto splat(V v) {
    return v;
}
/// The sum of the lanes in a single lane.
template <class T, std::size_t N>
TENON_LANE element::pack<T, 1> total(element::pack<T, N> v) {
    return element::pack<T, 1>(math::hsum(v));
}
template <element::is_dual V>
TENON_LANE V total(V v) {
    return v;
}

}  // namespace tenon::inline TENON_TARGET::math
