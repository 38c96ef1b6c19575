// Reflection of plain structs without macros: how many members one has, access to each of them, the members' names and
// the name of the class. A network is a struct of layers, so this is what finds its parameters.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string_view>
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

/// Never defined: a compiler that asks for it has been asked for the names of the members of an aggregate `T` of which
/// one is a reference. Hold a pointer, or the object itself.
template <class T>
struct references_have_no_names;

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

/// Calls `visitor` once, with references to all members of `object` in the order of their declaration, and returns what
/// it returns. The members of a `const` object are `const`, but for the `mutable` ones. Bit-fields cannot be referred
/// to and are an error.
template <class T, class Visitor>
    requires aggregate<T>
constexpr decltype(auto) visit_members([[maybe_unused]] T& object, Visitor&& visitor) {
    constexpr std::size_t count = member_count<T>;
    // A structured binding names a fixed number of members, hence one branch for each number.
    if constexpr (count == 0) {
        return static_cast<Visitor&&>(visitor)();
    } else if constexpr (count == 1) {
        auto& [a] = object;
        return static_cast<Visitor&&>(visitor)(a);
    } else if constexpr (count == 2) {
        auto& [a, b] = object;
        return static_cast<Visitor&&>(visitor)(a, b);
    } else if constexpr (count == 3) {
        auto& [a, b, c] = object;
        return static_cast<Visitor&&>(visitor)(a, b, c);
    } else if constexpr (count == 4) {
        auto& [a, b, c, d] = object;
        return static_cast<Visitor&&>(visitor)(a, b, c, d);
    } else if constexpr (count == 5) {
        auto& [a, b, c, d, e] = object;
        return static_cast<Visitor&&>(visitor)(a, b, c, d, e);
    } else if constexpr (count == 6) {
        auto& [a, b, c, d, e, f] = object;
        return static_cast<Visitor&&>(visitor)(a, b, c, d, e, f);
    } else if constexpr (count == 7) {
        auto& [a, b, c, d, e, f, g] = object;
        return static_cast<Visitor&&>(visitor)(a, b, c, d, e, f, g);
    } else if constexpr (count == 8) {
        auto& [a, b, c, d, e, f, g, h] = object;
        return static_cast<Visitor&&>(visitor)(a, b, c, d, e, f, g, h);
    } else if constexpr (count == 9) {
        auto& [a, b, c, d, e, f, g, h, i] = object;
        return static_cast<Visitor&&>(visitor)(a, b, c, d, e, f, g, h, i);
    } else if constexpr (count == 10) {
        auto& [a, b, c, d, e, f, g, h, i, j] = object;
        return static_cast<Visitor&&>(visitor)(a, b, c, d, e, f, g, h, i, j);
    } else if constexpr (count == 11) {
        auto& [a, b, c, d, e, f, g, h, i, j, k] = object;
        return static_cast<Visitor&&>(visitor)(a, b, c, d, e, f, g, h, i, j, k);
    } else if constexpr (count == 12) {
        auto& [a, b, c, d, e, f, g, h, i, j, k, l] = object;
        return static_cast<Visitor&&>(visitor)(a, b, c, d, e, f, g, h, i, j, k, l);
    } else if constexpr (count == 13) {
        auto& [a, b, c, d, e, f, g, h, i, j, k, l, m] = object;
        return static_cast<Visitor&&>(visitor)(a, b, c, d, e, f, g, h, i, j, k, l, m);
    } else if constexpr (count == 14) {
        auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n] = object;
        return static_cast<Visitor&&>(visitor)(a, b, c, d, e, f, g, h, i, j, k, l, m, n);
    } else if constexpr (count == 15) {
        auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o] = object;
        return static_cast<Visitor&&>(visitor)(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o);
    } else if constexpr (count == 16) {
        auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = object;
        return static_cast<Visitor&&>(visitor)(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p);
    } else if constexpr (count == 17) {
        auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q] = object;
        return static_cast<Visitor&&>(visitor)(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q);
    } else if constexpr (count == 18) {
        auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r] = object;
        return static_cast<Visitor&&>(visitor)(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r);
    } else if constexpr (count == 19) {
        auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s] = object;
        return static_cast<Visitor&&>(visitor)(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s);
    } else if constexpr (count == 20) {
        auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t] = object;
        return static_cast<Visitor&&>(visitor)(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t);
    } else if constexpr (count == 21) {
        auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u] = object;
        return static_cast<Visitor&&>(visitor)(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u);
    } else if constexpr (count == 22) {
        auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v] = object;
        return static_cast<Visitor&&>(visitor)(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v);
    } else if constexpr (count == 23) {
        auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w] = object;
        return static_cast<Visitor&&>(visitor)(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w);
    } else if constexpr (count == 24) {
        auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x] = object;
        return static_cast<Visitor&&>(visitor)(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x);
    } else if constexpr (count == 25) {
        auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y] = object;
        return static_cast<Visitor&&>(visitor)(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x,
                                               y);
    } else if constexpr (count == 26) {
        auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z] = object;
        return static_cast<Visitor&&>(visitor)(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x,
                                               y, z);
    } else if constexpr (count == 27) {
        auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, A] = object;
        return static_cast<Visitor&&>(visitor)(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x,
                                               y, z, A);
    } else if constexpr (count == 28) {
        auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, A, B] = object;
        return static_cast<Visitor&&>(visitor)(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x,
                                               y, z, A, B);
    } else if constexpr (count == 29) {
        auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, A, B, C] = object;
        return static_cast<Visitor&&>(visitor)(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x,
                                               y, z, A, B, C);
    } else if constexpr (count == 30) {
        auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, A, B, C, D] = object;
        return static_cast<Visitor&&>(visitor)(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x,
                                               y, z, A, B, C, D);
    } else if constexpr (count == 31) {
        auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, A, B, C, D, E] = object;
        return static_cast<Visitor&&>(visitor)(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x,
                                               y, z, A, B, C, D, E);
    } else if constexpr (count == 32) {
        auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, A, B, C, D, E, F] = object;
        return static_cast<Visitor&&>(visitor)(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x,
                                               y, z, A, B, C, D, E, F);
    }
}

namespace detail {

#ifdef __clang__
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wundefined-internal"  // for a local `T`
#pragma clang diagnostic ignored "-Wundefined-var-template"
#endif
template <class T>
struct holder {
    T value;
};

/// An object that exists for its members' addresses only and is defined nowhere: `T` needs no constructor. It is not a
/// plain `T`, because g++ refuses an undefined variable of a local type.
template <class T>
extern holder<T> external;

/// Addresses of different types, told apart by their index: all of `std::tuple` that is needed here.
template <std::size_t I, class P>
struct address {
    P value;
};

template <class Indices, class... P>
struct addresses;

template <std::size_t... I, class... P>
struct addresses<std::index_sequence<I...>, P...> : address<I, P>... {
    /// The address with index `J`, found by the conversion to a base class.
    template <std::size_t J>
    constexpr auto get() const {
        return []<class Q>(address<J, Q> const& found) { return found.value; }(*this);
    }
};

constexpr bool in_identifier(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' ||
           static_cast<unsigned char>(c) >= 0x80;
}

/// The identifier that `text` ends with, or an empty text.
constexpr std::string_view last_identifier(std::string_view text) {
    std::size_t begin = text.size();
    while (begin > 0 && in_identifier(text[begin - 1])) --begin;
    return text.substr(begin);
}

// The two functions that read a name return `auto`: g++ 12 writes a return type that is an alias, as `std::string_view`
// is, into the text after the template argument.

/// Clang writes "[P = &external.member]", g++ "[with auto P = (& external<T>.T::member)]".
template <auto P>
consteval auto read_member_name() {
    std::string_view text = __PRETTY_FUNCTION__;
    while (!text.empty() && !in_identifier(text.back())) text.remove_suffix(1);
    return last_identifier(text);
}

/// The type as the compiler writes it: the part of "[T = ...]" or "[with T = ...]" after the sign.
template <class T>
consteval auto read_type() {
    std::string_view text = __PRETTY_FUNCTION__;
    text.remove_prefix(text.find("T = ") + 4);
    text.remove_suffix(1);
    return text;
}

/// `text` without the template arguments at its end. Brackets inside quotes do not count: an argument may be `'>'`.
constexpr std::string_view without_arguments(std::string_view text) {
    if (text.empty() || text.back() != '>') return text;
    int depth = 0;
    for (std::size_t at = text.size(); at-- > 0;) {
        char const c = text[at];
        if (c == '\'' || c == '"') {
            do {
                at = at == 0 ? std::string_view::npos : text.rfind(c, at - 1);
                if (at == std::string_view::npos) return {};
            } while (at > 0 && text[at - 1] == '\\');
        } else if (c == '>' && !(at > 0 && text[at - 1] == '-')) {
            ++depth;
        } else if (c == '<' && --depth == 0) {
            return text.substr(0, at);
        }
    }
    return {};
}

/// The addresses are a local variable, so that no reference to `external<T>` reaches the linker.
template <class T, std::size_t... I>
consteval auto read_member_names(std::index_sequence<I...>) {
    constexpr bool some_const = decltype(visit_members(
        external<T>.value, []<class... M>(M&...) { return std::bool_constant<(std::is_const_v<M> || ...)>{}; }))::value;
    if constexpr (some_const)
        if constexpr (has_references<T>) {
            static_assert(sizeof(references_have_no_names<T>) != 0);
            return std::array<std::string_view, sizeof...(I)>{};
        }
    [[maybe_unused]] constexpr auto found = visit_members(external<T>.value, []<class... M>(M&... members) {
        return addresses<std::index_sequence<I...>, M*...>{{std::addressof(members)}...};
    });
    return std::array<std::string_view, sizeof...(I)>{read_member_name<found.template get<I>()>()...};
}

#ifdef __clang__
#pragma clang diagnostic pop
#endif

}  // namespace detail

/// The names of the members of an aggregate `T` in the order of their declaration, as an array of
/// `std::string_view` with static lifetime. Structs inside functions and class templates have names as well. Requires
/// what `member_count` requires; further, references and bit-fields are an error.
template <class T>
    requires aggregate<T>
inline constexpr auto member_names =
    detail::read_member_names<std::remove_cv_t<T>>(std::make_index_sequence<member_count<T>>());

/// Calls `f(name, member)` for each member of `object` in the order of their declaration, where `name` is a
/// `std::string_view` of static lifetime and `member` an lvalue, `const` where `object` is and the member is not
/// `mutable`. Members of members are not visited. Requires what `member_names` requires.
template <class T, class F>
    requires aggregate<T>
constexpr void for_each_member(T& object, F&& f) {
    visit_members(object, [&f](auto&... members) {
        [[maybe_unused]] std::size_t index = 0;
        (static_cast<void>(f(member_names<T>[index++], members)), ...);
    });
}

/// The name of a class, union or enumeration without its namespaces, enclosing classes and template arguments:
/// `linear` for `tenon::nn::linear<float>`. Empty where the type has no name, as that of a lambda expression.
template <class T>
    requires(std::is_class_v<T> || std::is_union_v<T> || std::is_enum_v<T>)
constexpr std::string_view type_name() {
    constexpr std::string_view name =
        detail::last_identifier(detail::without_arguments(detail::read_type<std::remove_cv_t<T>>()));
    return name;
}

}  // namespace tenon::inline TENON_TARGET::reflect
