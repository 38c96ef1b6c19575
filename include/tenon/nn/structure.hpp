// What a model's type says of its parameters: which members hold some, how many, where they live, and whether there are
// members in which nobody would find them.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include <tenon/base/generator.hpp>
#include <tenon/base/reflect.hpp>
#include <tenon/base/tuple.hpp>
#include <tenon/core/tensor.hpp>
#include <tenon/scalar/element_type.hpp>

namespace tenon::inline TENON_TARGET::nn {

/// A parameter: a variable of any shape and device.
template <class M>
concept parameter = requires { typename std::remove_cvref_t<M>::variable_class; };

/// A buffer: a tensor that a layer keeps beside its parameters, such as running statistics. It is saved and loaded with
/// the model, and optimisers leave it alone.
template <class M>
concept buffer = requires { typename std::remove_cvref_t<M>::tensor_tag; };

template <class M>
concept layer = requires { typename std::remove_cvref_t<M>::layer_tag; };

/// Says that a class that cannot be looked into has no parameters and no layers, so that models may have members of it:
/// specialise it, `template <> inline constexpr bool tenon::nn::holds_no_parameters<my_logger> = true;`, or give the
/// class a member type `holds_no_parameters`. Nothing has to be said of numbers, enumerations, plain structs, classes
/// without state, and the standard library's classes of such.
template <class M>
inline constexpr bool holds_no_parameters = requires { typename M::holds_no_parameters; };
template <>
inline constexpr bool holds_no_parameters<generator> = true;

/// Types of which a class with `visit_children` is made, in its order. A class that has them as a member type `parts`
/// tells the compiler what `visit_children` tells only when it runs: how many numbers there are to learn, where they
/// live, and what cannot be found. A class without may have a member type `device` for the second.
template <class... M>
struct parts_of {};

/// Whether a class's parts are members of it, which no object of it moves elsewhere: true of this library's.
template <class M>
inline constexpr bool holds_its_parts = false;

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
/// What a class can be asked with whether it has children. (nvcc finds none where a lambda asks.)
struct visitor_of_children {
    template <class C>
    void operator()(std::string_view, C&) const {}
};
template <class M>
concept has_children = requires(M& m) { m.visit_children(visitor_of_children{}); };
template <class M>
concept array_like = std::is_array_v<M> || (requires { std::tuple_size<M>::value; } && requires(M& m) { m.begin(); });

/// A std::pair or std::tuple, whose elements are named by their numbers.
template <class M>
concept tuple_like = requires { std::tuple_size<M>::value; } && !array_like<M>;

/// A class of the standard library itself. What derives from one may have members of its own.
template <class M>
inline constexpr bool is_std_class = reflect::detail::read_type<M>().starts_with("std::");

/// The type inside a std::optional or std::unique_ptr; void otherwise.
template <class M>
constexpr auto owned_type() {
    if constexpr (!is_std_class<M>) return std::type_identity<void>{};
    else if constexpr (
        requires(M& m) {
            *m;
            m.has_value();
            typename M::value_type;
        } && !requires { typename M::error_type; })
        return std::type_identity<typename M::value_type>{};
    else if constexpr (requires(M& m) {
                           *m;
                           m.release();
                           typename M::element_type;
                       })
        return std::type_identity<typename M::element_type>{};
    else return std::type_identity<void>{};
}
/// The type of the elements of a std::vector, std::deque or std::list; void otherwise.
template <class M>
constexpr auto sequence_type() {
    if constexpr (!is_std_class<M>) return std::type_identity<void>{};
    else if constexpr (requires(M& m, typename M::value_type& v) {
                           m.begin();
                           m.end();
                           m.pop_back();
                       })
        return std::type_identity<typename M::value_type>{};
    else return std::type_identity<void>{};
}
template <class M>
using owned_t = typename decltype(owned_type<M>())::type;
template <class M>
using sequence_t = typename decltype(sequence_type<M>())::type;

/// The types that a class of the standard library was made from, or that it says it has elements of.
template <class M>
struct type_arguments {
    static constexpr auto find() {
        if constexpr (requires { typename M::element_type; }) return parts_of<typename M::element_type>{};
        else if constexpr (requires { typename M::value_type; }) return parts_of<typename M::value_type>{};
        else return parts_of<>{};
    }
    using type = decltype(find());
};
template <template <class...> class C, class... A>
struct type_arguments<C<A...>> {
    using type = parts_of<A...>;
};

/// How a model's member is looked into.
enum class member_kind {
    plain,      ///< not at all: there is nothing
    parameter,  ///< it is what is looked for
    buffer,
    described,  ///< by its own visit_children
    array,      ///< C arrays, std::array
    tuple,
    owner,     ///< std::optional, std::unique_ptr: as if its content stood there, when there is some
    sequence,  ///< std::vector, std::deque, std::list
    aggregate,
    out_of_reach,  ///< not at all, and there may be something
};

template <class M>
inline constexpr bool is_complete = requires { sizeof(M); };

template <class M>
constexpr member_kind kind_of();

template <class... M>
constexpr bool all_plain(parts_of<M...>) {
    return ((kind_of<std::remove_cvref_t<M>>() == member_kind::plain) && ...);
}
template <class M>
constexpr member_kind kind_of() {
    constexpr auto unless_plain = [](auto of, member_kind otherwise) {
        return all_plain(of) ? member_kind::plain : otherwise;
    };
    if constexpr (std::is_array_v<M>)
        return unless_plain(parts_of<std::remove_cv_t<std::remove_all_extents_t<M>>>{}, member_kind::array);
    else if constexpr (std::is_pointer_v<M>)
        return unless_plain(parts_of<std::remove_pointer_t<M>>{}, member_kind::out_of_reach);
    else if constexpr (!std::is_class_v<M> && !std::is_union_v<M>) return member_kind::plain;
    else if constexpr (holds_no_parameters<M>) return member_kind::plain;
    else if constexpr (!is_complete<M>) return member_kind::out_of_reach;
    else if constexpr (parameter<M>) return member_kind::parameter;
    else if constexpr (buffer<M>) return member_kind::buffer;
    else if constexpr (has_children<M>) return member_kind::described;
    else if constexpr (array_like<M>) return unless_plain(parts_of<typename M::value_type>{}, member_kind::array);
    else if constexpr (reflect::aggregate<M> && !is_std_class<M>) return member_kind::aggregate;
    else if constexpr (std::is_empty_v<M>) return member_kind::plain;
    else if constexpr (!is_std_class<M>) return member_kind::out_of_reach;
    else if constexpr (!std::is_void_v<owned_t<M>>) return unless_plain(parts_of<owned_t<M>>{}, member_kind::owner);
    else if constexpr (!std::is_void_v<sequence_t<M>>)
        return unless_plain(parts_of<sequence_t<M>>{}, member_kind::sequence);
    else if constexpr (constexpr std::string_view name = reflect::type_name<M>();
                       name == "any" || name.ends_with("function") || name == "packaged_task")
        return member_kind::out_of_reach;
    else if constexpr (tuple_like<M>) return unless_plain(typename type_arguments<M>::type{}, member_kind::tuple);
    else return unless_plain(typename type_arguments<M>::type{}, member_kind::out_of_reach);
}

/// The devices of two parts of a model, which is refused only where an optimiser needs one place for all.
template <class A, class B>
struct mixed_devices;
template <class A, class B>
struct common_device {
    using type = mixed_devices<A, B>;
};
template <class A>
struct common_device<A, A> {
    using type = A;
};
template <class A>
    requires(!std::is_same_v<A, anywhere>)
struct common_device<A, anywhere> {
    using type = A;
};
template <class A>
    requires(!std::is_same_v<A, anywhere>)
struct common_device<anywhere, A> {
    using type = A;
};

struct no_fault {};
template <auto Member, class Reason>
struct fault {
    static constexpr auto member = Member;
    using why = Reason;
};
template <template <class> class Reason, class M>
using fault_here = fault<member_name(""), Reason<M>>;

/// What is known of a type.
/// @tparam Count numbers to learn, as far as the type says; Known: whether that are all
/// @tparam Elements the element types that parameters may have; none where there are no parameters
/// @tparam State whether there may be parameters or buffers
/// @tparam Fixed whether all parameters lie inside the object, and always at the same places
template <class Device, std::size_t Count, bool Known, element_set Elements, bool State, bool Fixed,
          class Fault = no_fault>
struct structure {
    using device = Device;
    using fault = Fault;
    static constexpr std::size_t count = Count;
    static constexpr element_set elements = Elements;
    static constexpr bool known = Known, parameters = Elements != 0, state = State, fixed = Fixed;
    static constexpr bool faulty = !std::is_same_v<Fault, no_fault>;
};
using no_structure = structure<anywhere, 0, true, 0, false, true>;
template <class Fault>
using faulty_structure = structure<anywhere, 0, true, 0, false, false, Fault>;

template <class S, std::size_t N>
using repeated =
    structure<typename S::device, N * S::count, S::known, S::elements, S::state, S::fixed, typename S::fault>;
template <class S>
using counted_later =
    structure<typename S::device, 0, !S::parameters, S::elements, S::state, !S::parameters, typename S::fault>;

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

template <class... S>
struct joined_device_of {
    using type = anywhere;
};
template <class A, class... S>
struct joined_device_of<A, S...> {
    using type = typename common_device<typename A::device, typename joined_device_of<S...>::type>::type;
};

template <class Names, class... S>
constexpr auto joined() {
    constexpr std::size_t first_fault = [] {
        std::size_t at = 0;
        (void)((S::faulty || (++at, false)) || ...);
        return at;
    }();
    using device = typename joined_device_of<S...>::type;
    constexpr std::size_t count = (S::count + ... + std::size_t{0});
    constexpr element_set elements = (S::elements | ... | element_set{0});
    constexpr bool known = (S::known && ...), state = (S::state || ...), fixed = (S::fixed && ...);
    if constexpr (first_fault == sizeof...(S)) return structure<device, count, known, elements, state, fixed>{};
    else
        return structure<device, count, known, elements, state, fixed,
                         fault_in<Names::template name<first_fault>(), typename nth<first_fault, S...>::fault>>{};
}

template <class M, class... Seen>
constexpr auto structure_of();

/// The same of a member, which may be const, and then may have nothing to learn.
template <class C, class... Seen>
constexpr auto member_structure() {
    using S = decltype(structure_of<std::remove_cv_t<C>, Seen...>());
    if constexpr (std::is_const_v<C> && S::parameters && !S::faulty)
        return faulty_structure<fault_here<reason::const_member_or_reference, C>>{};
    else return S{};
}
/// Of what a member points to; a type that points to itself says nothing new.
template <class C, class... Seen>
constexpr auto structure_behind() {
    if constexpr ((std::is_same_v<C, Seen> || ...)) return no_structure{};
    else return member_structure<C, Seen..., C>();
}
template <class... Seen, class... A>
constexpr auto joined_arguments(parts_of<A...>) {
    return joined<number_names, decltype(structure_behind<std::remove_cvref_t<A>, Seen...>())...>();
}

/// @tparam Seen what is looked into already behind pointers and in vectors, where types may meet themselves again
template <class M, class... Seen>
constexpr auto structure_of() {
    constexpr member_kind kind = kind_of<M>();
    if constexpr (kind == member_kind::plain) return no_structure{};
    else if constexpr (kind == member_kind::parameter) {
        constexpr std::size_t n = static_size<typename M::shape_type>;
        return structure<typename M::device, is_dynamic(n) ? 0 : n, !is_dynamic(n),
                         element_set_of<typename M::value_type>, true, !is_dynamic(n)>{};
    } else if constexpr (kind == member_kind::buffer) return structure<anywhere, 0, true, 0, true, true>{};
    else if constexpr (kind == member_kind::described) {
        if constexpr (requires { typename M::parts; })
            return []<class... P>(parts_of<P...>) {
                using all = decltype(joined<number_names, decltype(structure_of<P, Seen...>())...>());
                return structure<typename all::device, all::count, all::known, all::elements, all::state,
                                 all::fixed && holds_its_parts<M>, typename all::fault>{};
            }(typename M::parts{});
        else if constexpr (requires { typename M::device; })
            return structure<typename M::device, 0, false, every_floating_element, true, false>{};
        else return structure<anywhere, 0, false, every_floating_element, true, false>{};
    } else if constexpr (kind == member_kind::array) {
        if constexpr (std::is_array_v<M>)
            return repeated<decltype(member_structure<std::remove_extent_t<M>, Seen...>()), std::extent_v<M>>{};
        else
            return repeated<decltype(member_structure<typename M::value_type, Seen...>()), std::tuple_size<M>::value>{};
    } else if constexpr (kind == member_kind::tuple)
        return []<std::size_t... I>(std::index_sequence<I...>) {
            return joined<number_names, decltype(member_structure<std::tuple_element_t<I, M>, Seen...>())...>();
        }(std::make_index_sequence<std::tuple_size<M>::value>{});
    else if constexpr (kind == member_kind::owner)
        return counted_later<decltype(structure_behind<owned_t<M>, Seen...>())>{};
    else if constexpr (kind == member_kind::sequence)
        return counted_later<decltype(structure_behind<sequence_t<M>, Seen...>())>{};
    else if constexpr (kind == member_kind::aggregate)
        return decltype(reflect::visit_members(std::declval<M&>(), []<class... C>(C&...) {
            return joined<names_of<M>, decltype(member_structure<C, Seen...>())...>();
        })){};
    else if constexpr (std::is_pointer_v<M>) {
        using P = std::remove_cv_t<std::remove_pointer_t<M>>;
        if constexpr (!is_complete<P>) return faulty_structure<fault_here<reason::incomplete_type, P>>{};
        else {
            using S = decltype(structure_behind<P, Seen...>());
            if constexpr (S::parameters || S::faulty) return faulty_structure<fault_here<reason::raw_pointer, M>>{};
            else return no_structure{};
        }
    } else if constexpr (!is_complete<M>) return faulty_structure<fault_here<reason::incomplete_type, M>>{};
    else if constexpr (std::is_union_v<M>) return faulty_structure<fault_here<reason::union_of_members, M>>{};
    else if constexpr (is_std_class<M>) {
        using S = decltype(joined_arguments<Seen...>(typename type_arguments<M>::type{}));
        constexpr std::string_view name = reflect::type_name<M>();
        if constexpr (name == "any" || name.ends_with("function") || name == "packaged_task")
            return faulty_structure<fault_here<reason::type_erased, M>>{};
        else if constexpr (!S::state && !S::faulty) return no_structure{};
        else if constexpr (name == "shared_ptr") return faulty_structure<fault_here<reason::shared_pointer, M>>{};
        else return faulty_structure<fault_here<reason::not_looked_into, M>>{};
    } else if constexpr (std::is_polymorphic_v<M>) return faulty_structure<fault_here<reason::virtual_function, M>>{};
    else if constexpr (reflect::type_name<M>().empty())
        return faulty_structure<fault_here<reason::lambda_with_captures, M>>{};
    else return faulty_structure<fault_here<reason::constructor_or_private_member, M>>{};
}
template <class M>
using structure_t = decltype(structure_of<std::remove_cv_t<M>>());

template <class Fault>
inline constexpr auto place_of = Fault::member;
template <class Reason>
inline constexpr auto place_of<fault<member_name(""), Reason>> = member_name("the model itself");

template <class Model, class Fault>
struct refused : parameters_cannot_be_found<Model, place_of<Fault>, typename Fault::why> {};

/// Whether nothing that a model may learn is out of reach.
template <class Model>
inline constexpr bool reachable = !structure_t<Model>::faulty;
/// Compile error `parameters_cannot_be_found<Model, Member, Reason>` for a model that is not reachable.
template <class Model>
constexpr void refuse_hidden() {
    static_cast<void>(refused<std::remove_cv_t<Model>, typename structure_t<Model>::fault>{});
}
}  // namespace detail

}  // namespace tenon::inline TENON_TARGET::nn
