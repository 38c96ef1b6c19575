// Several lanes of one element type, and the masks that comparing them gives. One lane is a plain value, usable in
// constant expressions and on a device; more lanes are the compiler's vector extension; lanes beyond one register are
// two halves. The three share every algorithm, so a result does not depend on the position an element has in a loop.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include <tenon/base/target.hpp>

#include "pack_vector.hpp"
#include "rounded.hpp"

/// @def TENON_LANE
/// A function on lanes: inlined, usable in constant expressions with one lane, and on a device with one lane: nvcc takes
/// constexpr functions into kernels by itself, and refuses vectors in functions that are declared for the device.
#define TENON_LANE TENON_INLINE constexpr

namespace tenon::inline TENON_TARGET::element {

#if defined(__clang__)
#pragma float_control(precise, on, push)  // see rounded.hpp
#endif

template <class T, std::size_t N>
struct pack;
template <std::size_t Bytes, std::size_t N>
struct mask;

/// A number that has 16 bits in memory and is computed with as a float: scalar/narrow.hpp.
template <class T>
concept narrow = requires { typename T::narrow_tag; };

/// What elements are computed with.
template <class T>
struct computed_as {
    using type = T;
};
template <narrow T>
struct computed_as<T> {
    using type = float;
};
template <class T>
using computed_t = typename computed_as<T>::type;

/// How many T fill one vector register; at least one.
template <class T>
inline constexpr std::size_t native_lanes = sizeof(T) < TENON_VECTOR_BYTES ? TENON_VECTOR_BYTES / sizeof(T) : 1;

namespace detail {

/// How lanes are held: a plain value, one vector, or two halves. Vectors wider than a register are not left to the
/// compiler: GCC keeps them in memory, and changes the calling convention with the instruction set.
enum class form { single, native, halves };

template <std::size_t Bytes, std::size_t N>
inline constexpr form form_of = N == 1                            ? form::single
                                : Bytes * N <= TENON_VECTOR_BYTES ? form::native
                                                                  : form::halves;

template <class Half>
struct halves {
    Half low, high;
};

template <class T, std::size_t N, class Single, class Half, form = form_of<sizeof(T), N>>
struct storage {
    using type = Single;
};
template <class T, std::size_t N, class Single, class Half>
struct storage<T, N, Single, Half, form::native> : vector<T, N> {};
template <class T, std::size_t N, class Single, class Half>
struct storage<T, N, Single, Half, form::halves> {
    using type = halves<Half>;
};

/// The type integers are computed in: unsigned, where overflow wraps instead of being undefined.
template <class T, bool = std::is_integral_v<T>>
struct wrapping {
    using type = T;
};
template <class T>
struct wrapping<T, true> {
    using type = std::make_unsigned_t<T>;
};

/// The type that single values are computed in: numbers of less than an int would be promoted to one that is signed.
template <class T>
struct wrapping_single {
    using type = T;
};
template <class T>
    requires(std::is_integral_v<T> && std::is_signed_v<T>)
struct wrapping_single<T> {
    using type = decltype(std::make_unsigned_t<T>{} + 0U);
};
template <class T>
    requires(std::is_unsigned_v<T> && sizeof(T) < sizeof(unsigned))
struct wrapping_single<T> {
    using type = unsigned;
};

/// Quotient that cannot trap: x / 0 is 0, and min / -1 wraps to min.
template <class T>
TENON_LANE T quotient(T a, T b) {
    if constexpr (std::is_floating_point_v<T>) {
        return TENON_DIVIDED(a, b);
    } else {
        if (b == 0) return 0;
        if constexpr (std::is_signed_v<T>)
            if (b == T(-1)) return static_cast<T>(0u - static_cast<decltype(std::make_unsigned_t<T>{} + 0u)>(a));
        return static_cast<T>(a / b);
    }
}

/// Remainder of quotient, with the sign of a; x % 0 is 0.
template <class T>
TENON_LANE T modulus(T a, T b) {
    if (b == 0) return 0;
    if constexpr (std::is_signed_v<T>)
        if (b == T(-1)) return 0;
    return static_cast<T>(a % b);
}

/// Lanes [First, First + N/2) of a native pack or mask.
template <class Half, std::size_t First, class V>
TENON_LANE Half part(V const& whole) {
    if constexpr (Half::lanes == 1) return Half(whole[First]);
    else return Half(shuffled<First>(whole.raw, whole.raw, std::make_index_sequence<Half::lanes>{}));
}

}  // namespace detail

/// a + b of single values; integers wrap, as lanes of them do.
template <class T>
TENON_LANE T sum_of(T a, T b) {
    using U = typename detail::wrapping_single<T>::type;
    return static_cast<T>(static_cast<U>(a) + static_cast<U>(b));
}
/// a + b·c of single values; integers wrap.
template <class T>
TENON_LANE T sum_with_product(T a, T b, T c) {
    using U = typename detail::wrapping_single<T>::type;
    return static_cast<T>(static_cast<U>(a) + static_cast<U>(b) * static_cast<U>(c));
}

/// N truth values, as comparing N elements of Bytes bytes gives them. `&&` and `||` evaluate both sides.
template <std::size_t Bytes, std::size_t N>
struct mask {
    static_assert(N > 0 && (N & (N - 1)) == 0, "mask: the number of lanes must be a power of two");
    using value_type = bool;
    using int_type = detail::int_of_size<Bytes>;
    using half = mask<Bytes, (N > 1 ? N / 2 : 1)>;
    using raw_type = typename detail::storage<int_type, N, bool, half>::type;
    static constexpr std::size_t lanes = N;
    static constexpr detail::form form = detail::form_of<Bytes, N>;

    raw_type raw;  ///< every bit of a lane is set, or none

    mask() = default;

    /// Every lane is `value`.
    template <std::same_as<bool> B>
    TENON_LANE mask(B value) : raw(splat(value)) {}

    TENON_LANE explicit mask(raw_type value)
        requires(N > 1)
        : raw(value) {}

    /// Reads N bools.
    TENON_LANE static mask load(bool const* from) {
        if constexpr (N == 1) {
            return mask(*from);
        } else if constexpr (detail::form_of<1, N> == detail::form::halves) {
            return join(half::load(from), half::load(from + N / 2));
        } else {
            typename detail::vector<std::int8_t, N>::type bytes;
            __builtin_memcpy(&bytes, from, N);
            return mask<1, N>(-bytes).template to<Bytes>();
        }
    }

    /// Writes N bools.
    TENON_LANE void store(bool* to_where) const {
        if constexpr (N == 1) {
            *to_where = raw;
        } else if constexpr (detail::form_of<1, N> == detail::form::halves) {
            low().store(to_where);
            high().store(to_where + N / 2);
        } else {
            auto const bytes = -to<1>().raw;
            __builtin_memcpy(to_where, &bytes, N);
        }
    }

    TENON_LANE bool operator[](std::size_t i) const {
        if constexpr (form == detail::form::single) return raw;
        else if constexpr (form == detail::form::native) return raw[i] != 0;
        else return i < N / 2 ? raw.low[i] : raw.high[i - N / 2];
    }

    TENON_LANE explicit operator bool() const
        requires(N == 1)
    {
        return raw;
    }

    /// The same truth values beside elements of B bytes.
    template <std::size_t B>
    TENON_LANE mask<B, N> to() const {
        using result = mask<B, N>;
        if constexpr (B == Bytes) {
            return *this;
        } else if constexpr (N == 1) {
            return result(raw);
        } else if constexpr (form == detail::form::halves || result::form == detail::form::halves) {
            return result::join(low().template to<B>(), high().template to<B>());
        } else {
            return result(detail::resized<typename result::int_type, N>(raw, std::make_index_sequence<N>{}));
        }
    }

    TENON_LANE half low() const {
        if constexpr (form == detail::form::halves) return raw.low;
        else return detail::part<half, 0>(*this);
    }
    TENON_LANE half high() const {
        if constexpr (form == detail::form::halves) return raw.high;
        else return detail::part<half, N / 2>(*this);
    }
    TENON_LANE static mask join(half low, half high) {
        if constexpr (form == detail::form::halves) return mask(raw_type{low, high});
        else if constexpr (N == 2)
            return mask(raw_type{static_cast<int_type>(-low.raw), static_cast<int_type>(-high.raw)});
        else return mask(detail::shuffled<0>(low.raw, high.raw, std::make_index_sequence<N>{}));
    }

    TENON_LANE friend mask operator!(mask m) {
        if constexpr (form == detail::form::single) return mask(!m.raw);
        else if constexpr (form == detail::form::halves) return join(!m.raw.low, !m.raw.high);
        else return mask(~m.raw);
    }

private:
    TENON_LANE static raw_type splat(bool value) {
        if constexpr (form == detail::form::single) return value;
        else if constexpr (form == detail::form::halves) return raw_type{half(value), half(value)};
        else return detail::repeated<raw_type>(static_cast<int_type>(-static_cast<int>(value)));
    }
};

/// N elements of type T that are computed together. A number converts to a pack that holds it in every lane, so
/// `2 * v + 1` reads as for a plain T. Integers wrap on overflow; x / 0 and x % 0 are 0, because a trap in one lane
/// would take its neighbours with it. Shift counts have to lie in [0, bits of T).
template <class T, std::size_t N>
struct pack {
    static_assert(std::is_arithmetic_v<T> && !std::is_same_v<T, bool>, "pack: lanes are numbers; for bool use mask");
    static_assert(N > 0 && (N & (N - 1)) == 0, "pack: the number of lanes must be a power of two");
    using value_type = T;
    using mask_type = mask<sizeof(T), N>;
    using half = pack<T, (N > 1 ? N / 2 : 1)>;
    using raw_type = typename detail::storage<T, N, T, half>::type;
    static constexpr std::size_t lanes = N;
    static constexpr detail::form form = detail::form_of<sizeof(T), N>;

    raw_type raw;

    pack() = default;

    /// Every lane is `value`, converted to T.
    template <class U>
        requires(std::is_arithmetic_v<U> || narrow<U>)
    TENON_LANE pack(U value) : raw(splat(static_cast<T>(value))) {}

    TENON_LANE explicit pack(raw_type value)
        requires(N > 1)
        : raw(value) {}

    /// Reads N elements; no alignment needed.
    TENON_LANE static pack load(T const* from) {
        if constexpr (form == detail::form::single) {
            return pack(*from);
        } else if constexpr (form == detail::form::halves) {
            return join(half::load(from), half::load(from + N / 2));
        } else {
            pack result;
            __builtin_memcpy(&result.raw, from, sizeof(raw_type));
            return result;
        }
    }

    /// Writes N elements; no alignment needed.
    TENON_LANE void store(T* to) const {
        if constexpr (form == detail::form::single) {
            *to = raw;
        } else if constexpr (form == detail::form::halves) {
            raw.low.store(to);
            raw.high.store(to + N / 2);
        } else {
            __builtin_memcpy(to, &raw, sizeof(raw_type));
        }
    }

    /// Lane i is f(i).
    template <class F>
    TENON_LANE static pack generate(F&& f) {
        return generate_from(f, 0);
    }

    TENON_LANE T operator[](std::size_t i) const {
        if constexpr (form == detail::form::single) return raw;
        else if constexpr (form == detail::form::native) return raw[i];
        else return i < N / 2 ? raw.low[i] : raw.high[i - N / 2];
    }

    TENON_LANE explicit operator T() const
        requires(N == 1)
    {
        return raw;
    }

    TENON_LANE half low() const {
        if constexpr (form == detail::form::halves) return raw.low;
        else return detail::part<half, 0>(*this);
    }
    TENON_LANE half high() const {
        if constexpr (form == detail::form::halves) return raw.high;
        else return detail::part<half, N / 2>(*this);
    }
    TENON_LANE static pack join(half low, half high) {
        if constexpr (form == detail::form::halves) return pack(raw_type{low, high});
        else if constexpr (N == 2) return pack(raw_type{low.raw, high.raw});
        else return pack(detail::shuffled<0>(low.raw, high.raw, std::make_index_sequence<N>{}));
    }

    // A macro for operators alone: each is the same three lines around another sign.
#define TENON_PACK_OPERATOR(sign, condition, rounded)                                                                  \
    TENON_LANE friend pack operator sign(pack a, pack b)                                                               \
        requires(condition)                                                                                            \
    {                                                                                                                  \
        if constexpr (form == detail::form::single)                                                                    \
            return pack(                                                                                               \
                static_cast<T>(rounded(static_cast<work_single>(a.raw) sign static_cast<work_single>(b.raw))));        \
        else if constexpr (form == detail::form::halves)                                                               \
            return join(a.raw.low sign b.raw.low, a.raw.high sign b.raw.high);                                         \
        else                                                                                                           \
            return pack(reinterpret_cast<raw_type>(                                                                    \
                rounded(reinterpret_cast<work_type>(a.raw) sign reinterpret_cast<work_type>(b.raw))));                 \
    }                                                                                                                  \
    TENON_LANE friend pack& operator sign##=(pack & a, pack b)                                                         \
        requires(condition)                                                                                            \
    {                                                                                                                  \
        return a = a sign b;                                                                                           \
    }

    TENON_PACK_OPERATOR(+, true, TENON_ROUNDED)
    TENON_PACK_OPERATOR(-, true, TENON_ROUNDED)
    TENON_PACK_OPERATOR(*, true, )
    TENON_PACK_OPERATOR(&, std::is_integral_v<T>, )
    TENON_PACK_OPERATOR(|, std::is_integral_v<T>, )
    TENON_PACK_OPERATOR(^, std::is_integral_v<T>, )
    TENON_PACK_OPERATOR(<<, std::is_integral_v<T>, )
#undef TENON_PACK_OPERATOR

#define TENON_PACK_COMPARISON(sign)                                                                                    \
    TENON_LANE friend mask_type operator sign(pack a, pack b) {                                                        \
        if constexpr (form == detail::form::single) return mask_type(a.raw sign b.raw);                                \
        else if constexpr (form == detail::form::halves)                                                               \
            return mask_type::join(a.raw.low sign b.raw.low, a.raw.high sign b.raw.high);                              \
        else return mask_type(reinterpret_cast<typename mask_type::raw_type>(a.raw sign b.raw));                       \
    }

    TENON_PACK_COMPARISON(==)
    TENON_PACK_COMPARISON(!=)
    TENON_PACK_COMPARISON(<)
    TENON_PACK_COMPARISON(<=)
    TENON_PACK_COMPARISON(>)
    TENON_PACK_COMPARISON(>=)
#undef TENON_PACK_COMPARISON

    TENON_LANE friend pack operator/(pack a, pack b) {
        if constexpr (form == detail::form::halves) return join(a.raw.low / b.raw.low, a.raw.high / b.raw.high);
        else if constexpr (form == detail::form::native && std::is_floating_point_v<T>)
            return pack(TENON_DIVIDED(a.raw, b.raw));
        else return generate([&](std::size_t i) { return detail::quotient(a[i], b[i]); });
    }
    TENON_LANE friend pack operator%(pack a, pack b)
        requires std::is_integral_v<T>
    {
        return generate([&](std::size_t i) { return detail::modulus(a[i], b[i]); });
    }
    /// Shifts copies of the sign in, for signed T.
    TENON_LANE friend pack operator>>(pack a, pack b)
        requires std::is_integral_v<T>
    {
        if constexpr (form == detail::form::single) return pack(static_cast<T>(a.raw >> b.raw));
        else if constexpr (form == detail::form::halves) return join(a.raw.low >> b.raw.low, a.raw.high >> b.raw.high);
        else return pack(a.raw >> b.raw);
    }
    TENON_LANE friend pack& operator/=(pack& a, pack b) { return a = a / b; }
    TENON_LANE friend pack& operator%=(pack& a, pack b)
        requires std::is_integral_v<T>
    {
        return a = a % b;
    }
    TENON_LANE friend pack& operator>>=(pack& a, pack b)
        requires std::is_integral_v<T>
    {
        return a = a >> b;
    }
    TENON_LANE friend pack operator+(pack a) { return a; }
    TENON_LANE friend pack operator-(pack a) {
        if constexpr (std::is_integral_v<T>) return pack(T(0)) - a;
        else if constexpr (form == detail::form::halves) return join(-a.raw.low, -a.raw.high);
        else return pack(-a.raw);
    }
    TENON_LANE friend pack operator~(pack a)
        requires std::is_integral_v<T>
    {
        return a ^ pack(static_cast<T>(~T(0)));
    }

private:
    template <class, std::size_t>
    friend struct pack;

    using wrapping_type = typename detail::wrapping<T>::type;
    using work_single = typename detail::wrapping_single<T>::type;
    using work_type = typename detail::storage<wrapping_type, N, T, half>::type;

    TENON_LANE static raw_type splat(T value) {
        if constexpr (form == detail::form::single) return value;
        else if constexpr (form == detail::form::halves) return raw_type{half(value), half(value)};
        else return detail::repeated<raw_type>(value);
    }

    template <class F>
    TENON_LANE static pack generate_from(F& f, std::size_t first) {
        if constexpr (form == detail::form::single) return pack(static_cast<T>(f(first)));
        else if constexpr (form == detail::form::halves)
            return join(half::generate_from(f, first), half::generate_from(f, first + N / 2));
        else
            return [&]<std::size_t... I>(std::index_sequence<I...>) {
                return pack(raw_type{static_cast<T>(f(first + I))...});
            }(std::make_index_sequence<N>{});
    }
};

namespace detail {
template <class T>
inline constexpr bool is_pack = false;
template <class T, std::size_t N>
inline constexpr bool is_pack<pack<T, N>> = true;
template <class T>
inline constexpr std::size_t mask_bytes = 0;  // 0: not a mask
template <std::size_t Bytes, std::size_t N>
inline constexpr std::size_t mask_bytes<mask<Bytes, N>> = Bytes;
}  // namespace detail

template <class T>
concept is_pack = detail::is_pack<std::remove_cvref_t<T>>;
template <class T>
concept is_mask = detail::mask_bytes<std::remove_cvref_t<T>> != 0;

/// N lanes of T: a pack, or for bool a mask.
template <class T, std::size_t N>
struct lane_of {
    using type = pack<computed_t<T>, N>;
};
template <std::size_t N>
struct lane_of<bool, N> {
    using type = mask<1, N>;
};
template <class T, std::size_t N>
using lane_t = typename lane_of<T, N>::type;

namespace detail {
/// The mask that two masks, or a mask and a bool, are combined in: the wider.
template <class A, class B>
struct combined;
template <std::size_t BytesA, std::size_t BytesB, std::size_t N>
struct combined<mask<BytesA, N>, mask<BytesB, N>> {
    using type = mask<(BytesA > BytesB ? BytesA : BytesB), N>;
};
template <std::size_t Bytes, std::size_t N>
struct combined<mask<Bytes, N>, bool> {
    using type = mask<Bytes, N>;
};
template <std::size_t Bytes, std::size_t N>
struct combined<bool, mask<Bytes, N>> {
    using type = mask<Bytes, N>;
};
template <class A, class B>
using combined_t = typename combined<A, B>::type;

template <class Mask, std::size_t Bytes, std::size_t N>
TENON_LANE Mask widen(mask<Bytes, N> m) {
    return m.template to<sizeof(typename Mask::int_type)>();
}
template <class Mask>
TENON_LANE Mask widen(bool value) {
    return Mask(value);
}
}  // namespace detail

#define TENON_MASK_OPERATOR(sign, bitwise, negated)                                                                    \
    template <class A, class B, class M = detail::combined_t<A, B>>                                                    \
    TENON_LANE M operator sign(A a, B b) {                                                                             \
        M const x = detail::widen<M>(a), y = detail::widen<M>(b);                                                      \
        if constexpr (M::form == detail::form::single) return M((x.raw bitwise y.raw) != negated);                     \
        else if constexpr (M::form == detail::form::halves)                                                            \
            return M::join(x.raw.low sign y.raw.low, x.raw.high sign y.raw.high);                                      \
        else if constexpr (negated) return M(~(x.raw bitwise y.raw));                                                  \
        else return M(x.raw bitwise y.raw);                                                                            \
    }

TENON_MASK_OPERATOR(&, &, false)
TENON_MASK_OPERATOR(|, |, false)
TENON_MASK_OPERATOR(^, ^, false)
TENON_MASK_OPERATOR(&&, &, false)
TENON_MASK_OPERATOR(||, |, false)
TENON_MASK_OPERATOR(!=, ^, false)
TENON_MASK_OPERATOR(==, ^, true)
#undef TENON_MASK_OPERATOR

#if defined(__clang__)
#pragma float_control(pop)
#endif

}  // namespace tenon::inline TENON_TARGET::element
