// Reflection of plain structs without macros: how many members one has, access to each of them, the members' names and
// the name of the class. A network is a struct of layers, so this is what finds its parameters.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <type_traits>
#include <utility>

#include <tenon/base/member_count.hpp>
#include <tenon/base/visit_members.hpp>

namespace tenon::inline TENON_TARGET::reflect {

/// Never defined: a compiler that asks for it has been asked for the names of the members of an aggregate `T` of which
/// one is a reference. Hold a pointer, or the object itself.
template <class T>
struct references_have_no_names;

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
        return addresses<std::index_sequence<I...>, M*...>{{__builtin_addressof(members)}...};
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
