// What a model's type says of its parameters: which members hold some, how many, where they live, and whether there are
// members in which nobody would find them.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include <tenon/base/reflect.hpp>
#include <tenon/base/tuple.hpp>
#include <tenon/core/tensor.hpp>
#include <tenon/nn/fault.hpp>
#include <tenon/nn/member_kind.hpp>
#include <tenon/scalar/element_type.hpp>

namespace tenon::inline TENON_TARGET::nn {

namespace detail {
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
