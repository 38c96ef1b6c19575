// What a member of a model is: a parameter, a buffer, something that holds some, or nothing of the kind.
#pragma once

#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include <tenon/base/generator.hpp>
#include <tenon/base/reflect.hpp>

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

}  // namespace detail

}  // namespace tenon::inline TENON_TARGET::nn
