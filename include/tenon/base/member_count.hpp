// How many members a plain struct has, found by what it can be initialised from.
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

#include <tenon/base/target.hpp>

namespace tenon::inline TENON_TARGET::reflect {

/// A class that is an aggregate: no constructors of its own, no private members, no virtual functions. Arrays and
/// unions are not meant. `std::array` is one, with a single member whose name the standard library chose: test for it
/// first.
template <class T>
concept aggregate = std::is_class_v<T> && std::is_aggregate_v<T>;

/// The most members a struct may have. A C array counts as one.
inline constexpr std::size_t max_members = 32;

/// The most values a struct may be initialised from, where each element of a C array member counts.
inline constexpr std::size_t max_initialisers = 256;

/// Never defined: a compiler that asks for it has met a struct `T` with more than `max_members` members, or with more
/// than `max_initialisers` when the elements of C arrays are counted. Group members into a nested struct, or use
/// `std::array`.
template <class T>
struct too_many_members;

/// Never defined: a compiler that asks for it has met an aggregate `T` that has a base class. Make the base a member.
/// A base that any type converts to goes unnoticed, and then the number of members is wrong.
template <class T>
struct base_class_not_supported;

/// Never defined: a compiler that asks for it has met an aggregate `T` with a member that is a reference to non-const,
/// or that cannot be initialised from a value of its own type. Hold a pointer, or give `T` a constructor.
template <class T>
struct members_cannot_be_counted;

namespace detail {

/// Converts to nothing, so only a constructor that takes every type accepts it.
struct nothing {};

/// Converts to any type a member of `T` may have, by value, so that immovable members are initialised in place.
/// Where a converting constructor takes every type, there must be no conversion: the two would be ambiguous. The
/// `const&&` makes the conversion the lesser match where such a constructor takes only types that convert.
template <class T>
struct anything {
    template <class U>
        requires(!std::is_same_v<U, T> && !std::is_convertible_v<nothing, U>)
    operator U() const&& {
        __builtin_unreachable();  // never called, but clang warns where a library's constructor names it undefined
    }
};

/// Converts to what references to non-const bind to, which values do not.
struct any_lvalue {
    template <class U>
    operator U&() const&&;
};

/// Converts as `anything` where a value is initialised, and to nothing where a reference is: that looks for an lvalue
/// first.
template <class T>
struct anything_but_a_reference : anything<T> {
    template <class U>
    operator U&() const& = delete;
};

/// Converts to the base classes of `T` only.
template <class T>
struct any_base {
    template <class U>
        requires(!std::is_same_v<U, T> && std::is_base_of_v<U, T>)
    operator U() const&&;
};

/// `anything<T>`, once for each `I` of a pack.
template <class T, std::size_t I>
using anything_at = anything<T>;

template <class T, std::size_t... I>
consteval bool accepts(std::index_sequence<I...>) {
    return requires { T{anything_at<T, I>()...}; };
}

/// Whether `T` has a member behind those that `sizeof...(I)` values initialise, which values did not reach.
template <class T, std::size_t... I>
consteval bool takes_reference_next(std::index_sequence<I...>) {
    return requires { T{anything_at<T, I>()..., any_lvalue()}; };
}

/// Whether the member of `T` that the value at `At` initialises is a reference.
template <class T, std::size_t At, std::size_t... I>
consteval bool is_reference(std::index_sequence<I...>) {
    return !requires { T{std::conditional_t<I == At, anything_but_a_reference<T>, anything_at<T, I>>()...}; };
}
template <class T, std::size_t... I>
consteval bool has_reference(std::index_sequence<I...> all) {
    return (is_reference<T, I>(all) || ...);
}

/// Whether `T` takes a value of type `First` followed by `sizeof...(I)` values.
template <class T, class First, std::size_t... I>
consteval bool accepts_first(std::index_sequence<I...>) {
    return requires { T{First(), anything_at<T, I>()...}; };
}

/// Whether `T` takes some values, one list of values in braces, and some values more.
template <class T, std::size_t... Before, std::size_t... Inside, std::size_t... After>
consteval bool accepts_list(std::index_sequence<Before...>, std::index_sequence<Inside...>,
                            std::index_sequence<After...>) {
    return requires { T{anything_at<T, Before>()..., {anything_at<T, Inside>()...}, anything_at<T, After>()...}; };
}

template <class T, std::size_t Before, std::size_t Inside, std::size_t After>
inline constexpr bool takes_list = accepts_list<T>(
    std::make_index_sequence<Before>(), std::make_index_sequence<Inside>(), std::make_index_sequence<After>());

/// What `initialiser_count` says of a `T` with too many members, and with members that cannot be counted.
inline constexpr std::size_t too_many = static_cast<std::size_t>(-1), uncounted = static_cast<std::size_t>(-2);

/// The most values that initialise a `T`. Too few may be refused as well, where the last members have no default, so
/// the search goes up through the first number that is accepted (`Accepted`) to the last.
template <class T, std::size_t N = 0, bool Accepted = false>
consteval std::size_t initialiser_count() {
    if constexpr (N > max_initialisers) {
        return Accepted ? too_many : uncounted;
    } else if constexpr (accepts<T>(std::make_index_sequence<N>())) {
        return initialiser_count<T, N + 1, true>();
    } else if constexpr (Accepted) {
        return N - 1;
    } else {
        return initialiser_count<T, N + 1, false>();
    }
}

/// How many of the `Total` values that initialise a `T` go to the member that the value at `Index` starts: 1, or the
/// number of elements of a C array, whose braces were elided. An array of k elements takes a list of k, and then `T`
/// takes no more than the rest; any other member stands for one value, and one more is possible after its list.
template <class T, std::size_t Total, std::size_t Index, std::size_t Width = Total - Index>
consteval std::size_t initialiser_width() {
    constexpr std::size_t rest = Total - Index;
    if constexpr (Width <= 1) {
        return 1;
    } else if constexpr (Width == rest && takes_list<T, Index, 0, rest - 1>) {
        return 1;  // the common case, decided by one question: an array would have left no room for so many
    } else if constexpr (takes_list<T, Index, Width, rest - Width> && !takes_list<T, Index, Width, rest - Width + 1>) {
        return Width;
    } else {
        return initialiser_width<T, Total, Index, Width - 1>();
    }
}

template <class T, std::size_t Total, std::size_t Index = 0>
consteval std::size_t members_from() {
    if constexpr (Index >= Total) {
        return 0;
    } else {
        return 1 + members_from<T, Total, Index + initialiser_width<T, Total, Index>()>();
    }
}

template <class T, std::size_t Total>
consteval bool has_base() {
    if constexpr (Total == 0) {
        return false;
    } else {
        // A first member that takes any type also takes `any_base`, but then it takes `nothing` too.
        constexpr auto others = std::make_index_sequence<Total - 1>();
        return accepts_first<T, any_base<T>>(others) && !accepts_first<T, nothing>(others);
    }
}

template <class T>
consteval std::size_t count_members() {
    constexpr std::size_t total = initialiser_count<T>();
    if constexpr (total == too_many) {
        static_assert(sizeof(too_many_members<T>) != 0);
        return 0;
    } else if constexpr (takes_reference_next<T>(std::make_index_sequence<total == uncounted ? 0 : total>()) ||
                         total == uncounted) {
        static_assert(sizeof(members_cannot_be_counted<T>) != 0);
        return 0;
    } else if constexpr (has_base<T, total>()) {
        static_assert(sizeof(base_class_not_supported<T>) != 0);
        return 0;
    } else {
        constexpr std::size_t count = members_from<T, total>();
        if constexpr (count > max_members) {
            static_assert(sizeof(too_many_members<T>) != 0);
            return 0;
        } else {
            return count;
        }
    }
}

}  // namespace detail

/// The number of non-static data members of an aggregate `T`, `const` or not; 0 for an empty struct. Members may be of
/// any object type, also without a default constructor or a move constructor; a C array counts as one member.
///
/// Limits: no more than `max_members` members and `max_initialisers` values, no base classes, no reference to
/// non-const, no anonymous unions, no arrays of unknown bound. The first three are reported as an incomplete
/// `too_many_members<T>`, `base_class_not_supported<T>` or `members_cannot_be_counted<T>`.
template <class T>
    requires aggregate<T>
inline constexpr std::size_t member_count = detail::count_members<std::remove_cv_t<T>>();

/// Whether an aggregate has members that are references to const; those to non-const cannot be counted.
template <class T>
    requires aggregate<T>
inline constexpr bool has_references = detail::has_reference<std::remove_cv_t<T>>(
    std::make_index_sequence<detail::initialiser_count<std::remove_cv_t<T>>()>());

}  // namespace tenon::inline TENON_TARGET::reflect
