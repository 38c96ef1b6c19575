// Models are plain structs: their parameters are found by looking at the members.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>

#include <tenon/core/reflect.hpp>
#include <tenon/core/target.hpp>

namespace tenon::inline TENON_TARGET::nn {

namespace detail {

template <class Member, class F>
void visit_parameters(Member& m, std::string const& name, F& f) {
    using plain = std::remove_const_t<Member>;
    if constexpr (requires { typename plain::variable_class; }) f(std::string_view(name), m);
    else if constexpr (std::is_array_v<plain> || requires { std::tuple_size<plain>::value; }) {
        std::size_t i = 0;
        for (auto& element : m) visit_parameters(element, name + (name.empty() ? "" : ".") + std::to_string(i++), f);
    } else if constexpr (reflect::aggregate<plain>)
        reflect::for_each_member(m, [&](std::string_view member, auto& inner) {
            visit_parameters(inner, name + (name.empty() ? "" : ".") + std::string(member), f);
        });
}

}  // namespace detail

/// Calls `f(name, variable)` for every variable of a model, in the order of declaration. Names are joined with dots as in
/// PyTorch's named_parameters: the weight of member `fc1` is "fc1.weight", that of the second element of an array member
/// `blocks` is "blocks.1.weight". Members that hold no variable are passed over; a model that is itself one variable has
/// the empty name.
template <class Model, class F>
void for_each_parameter(Model& model, F&& f) {
    detail::visit_parameters(model, "", f);
}

}  // namespace tenon::inline TENON_TARGET::nn
