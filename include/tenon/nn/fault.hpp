// Why a model is refused: which member may hold parameters that nobody would find, and the reason, both in the error's type.
#pragma once

#include <cstddef>
#include <string_view>

#include <tenon/base/reflect.hpp>

namespace tenon::inline TENON_TARGET::nn {

/// A member's name in a model's type, joined with dots where it lies deeper.
template <std::size_t N>
struct member_name {
    char text[N] = {};
    constexpr member_name() = default;
    constexpr member_name(char const (&name)[N]) {
        for (std::size_t i = 0; i != N; ++i) text[i] = name[i];
    }
};

/// Why parameters cannot be found.
namespace reason {
/// A class with a constructor of its own or with private members is no aggregate: its members have no names. Use
/// default member initialisers or a function that makes the object, or write visit_children (see visit_named_parameters).
template <class T>
struct constructor_or_private_member;
/// The same of a class with virtual functions, a virtual destructor among them.
template <class T>
struct virtual_function;
/// A lambda's captures have no names.
template <class T>
struct lambda_with_captures;
/// Nobody knows which member of a union is there.
template <class T>
struct union_of_members;
/// The class is declared only.
template <class T>
struct incomplete_type;
/// A pointer does not own; keep the member itself, or a std::unique_ptr.
template <class T>
struct raw_pointer;
/// What two share would be counted, moved and saved twice; keep the member itself, or a std::unique_ptr.
template <class T>
struct shared_pointer;
/// A class of the standard library whose elements have no place or no name in a model: std::map, std::variant,
/// std::span …; a std::vector, std::array, std::tuple, std::optional or std::unique_ptr has.
template <class T>
struct not_looked_into;
/// std::function and std::any forget what they hold.
template <class T>
struct type_erased;
/// Optimisers have to change what a model learns.
template <class T>
struct const_member_or_reference;
}  // namespace reason

// The line below is what compilers show beside the error.
template <class Model, auto Member, class Reason>
struct parameters_cannot_be_found;  // no constructor, or visit_children(f), or see nn::holds_no_parameters

namespace detail {
/// Of a type whose parameters are found.
struct no_fault {};
/// A member, by its name in the type that was looked into, and why it hides parameters.
template <auto Member, class Reason>
struct fault {
    static constexpr auto member = Member;
    using why = Reason;
};
/// A fault of the type itself.
template <template <class> class Reason, class M>
using fault_here = fault<member_name(""), Reason<M>>;

/// The name of a member of a member.
template <auto Outer, auto Inner>
constexpr auto dotted() {
    if constexpr (sizeof(Inner.text) == 1) return Outer;
    else {
        member_name<sizeof(Outer.text) + sizeof(Inner.text)> joined;
        std::size_t n = 0;
        for (std::size_t i = 0; i + 1 < sizeof(Outer.text); ++i) joined.text[n++] = Outer.text[i];
        joined.text[n++] = '.';
        for (char c : Inner.text) joined.text[n++] = c;
        return joined;
    }
}
/// The same fault, as seen from the type that has a member `Name`.
template <auto Name, class Fault>
using fault_in = fault<dotted<Name, Fault::member>(), typename Fault::why>;

template <std::size_t I>
constexpr auto numbered() {
    constexpr std::size_t digits = I < 10 ? 1 : I < 100 ? 2 : 3;
    member_name<digits + 1> n;
    for (std::size_t rest = I, at = digits; at-- != 0; rest /= 10) n.text[at] = static_cast<char>('0' + rest % 10);
    return n;
}
/// Names of the members of a tuple, and of an aggregate.
struct number_names {
    template <std::size_t I>
    static constexpr auto name() {
        return numbered<I>();
    }
};
template <class M>
struct names_of {
    template <std::size_t I>
    static constexpr auto name() {
        if constexpr (reflect::has_references<M>) return numbered<I>();  // references have no names
        else {
            constexpr std::string_view found = reflect::member_names<M>[I];
            member_name<found.size() + 1> name;
            for (std::size_t i = 0; i != found.size(); ++i) name.text[i] = found[i];
            return name;
        }
    }
};

template <class Fault>
inline constexpr auto place_of = Fault::member;
template <class Reason>
inline constexpr auto place_of<fault<member_name(""), Reason>> = member_name("the model itself");

template <class Model, class Fault>
struct refused : parameters_cannot_be_found<Model, place_of<Fault>, typename Fault::why> {};
}  // namespace detail

}  // namespace tenon::inline TENON_TARGET::nn
