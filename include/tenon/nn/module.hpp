// Models are plain structs: layers and parameters are found by looking at the members.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include <tenon/core/reflect.hpp>
#include <tenon/core/tensor.hpp>

namespace tenon::inline TENON_TARGET::nn {

/// A parameter: a variable of any shape and device.
template <class M>
concept parameter = requires { typename std::remove_cvref_t<M>::variable_class; };

/// A buffer: a tensor that a layer keeps beside its parameters, such as running statistics. It is saved and loaded with the
/// model, and optimisers leave it alone.
template <class M>
concept buffer = requires { typename std::remove_cvref_t<M>::tensor_tag; };

template <class M>
concept layer = requires { typename std::remove_cvref_t<M>::layer_tag; };

namespace detail {
template <class M>
concept has_children = requires(M& m) { m.visit_children([](std::string_view, auto&) {}); };
template <class M>
concept array_like = std::is_array_v<M> || (requires { std::tuple_size<M>::value; } && requires(M& m) { m.begin(); });

/// A std::pair or std::tuple, whose elements are named by their numbers.
template <class M>
concept tuple_like = requires { std::tuple_size<M>::value; } && !array_like<M>;

/// Whether parameters are where nobody would find them: in a std::vector or std::optional, behind a pointer.
template <class M>
constexpr bool hides_parameters() {
    if constexpr (requires { typename M::value_type; })
        return parameter<typename M::value_type> || layer<typename M::value_type>;
    else if constexpr (requires { typename M::element_type; })
        return parameter<typename M::element_type> || layer<typename M::element_type>;
    else return false;
}

/// Calls f(name, member) for every direct member of a model.
template <class M, class F>
constexpr void visit_children(M& m, F&& f) {
    using plain = std::remove_const_t<M>;
    if constexpr (has_children<M>) m.visit_children(f);
    else if constexpr (array_like<plain>) {
        std::size_t i = 0;
        for (auto& element : m) f(std::string_view(std::to_string(i++)), element);
    } else if constexpr (tuple_like<plain>)
        std::apply(
            [&](auto&... element) {
                std::size_t i = 0;
                (f(std::string_view(std::to_string(i++)), element), ...);
            },
            m);
    else if constexpr (reflect::aggregate<plain>) reflect::for_each_member(m, f);
}

/// Calls f(name, x) for all x inside a model that `Wanted` asks for.
template <class Wanted, class M, class F>
void visit_named(M& m, std::string const& name, F& f) {
    if constexpr (Wanted::template includes<M>) f(std::string_view(name), m);
    else
        visit_children(m, [&](std::string_view member, auto& inner) {
            visit_named<Wanted>(inner, name.empty() ? std::string(member) : name + "." + std::string(member), f);
        });
}
struct parameters_alone {
    template <class M>
    static constexpr bool includes = parameter<M>;
};
struct buffers_alone {
    template <class M>
    static constexpr bool includes = buffer<M>;
};
struct parameters_and_buffers {
    template <class M>
    static constexpr bool includes = parameter<M> || buffer<M>;
};
}  // namespace detail

/// Calls `f(name, variable)` for every variable of a model, in the order of declaration. Names are joined with dots as in
/// PyTorch's named_parameters: the weight of member `fc1` is "fc1.weight", that of the second element of an array member
/// `blocks` is "blocks.1.weight", and likewise of a std::pair or std::tuple. A model that is itself one variable has the
/// empty name.
template <class Model, class F>
void for_each_parameter(Model& model, F&& f) {
    detail::visit_named<detail::parameters_alone>(model, "", f);
}
/// Calls `f(name, tensor)` for every buffer of a model, with names like those of parameters; torch's named_buffers.
template <class Model, class F>
void for_each_buffer(Model& model, F&& f) {
    detail::visit_named<detail::buffers_alone>(model, "", f);
}
/// Calls `f(name, x)` for every variable and every buffer of a model: what torch's state_dict holds.
template <class Model, class F>
void for_each_state(Model& model, F&& f) {
    detail::visit_named<detail::parameters_and_buffers>(model, "", f);
}

/// Calls `f(variable)` for every variable of a model, without making names: what an optimiser does at every step.
template <class Model, class F>
constexpr void visit_parameters(Model& model, F&& f) {
    using plain = std::remove_const_t<Model>;
    if constexpr (parameter<Model>) f(model);
    else if constexpr (detail::has_children<Model>)
        model.visit_children([&](std::string_view, auto& inner) { visit_parameters(inner, f); });
    else if constexpr (detail::array_like<plain>)
        for (auto& element : model) visit_parameters(element, f);
    else if constexpr (detail::tuple_like<plain>)
        std::apply([&](auto&... element) { (visit_parameters(element, f), ...); }, model);
    else if constexpr (reflect::aggregate<plain>)
        reflect::visit_members(model, [&](auto&... member) { (visit_parameters(member, f), ...); });
}

/// Calls `f(layer)` for the model and all that it is made of, outside in.
template <class Model, class F>
void visit_modules(Model& model, F&& f) {
    if constexpr (!parameter<Model> && std::is_class_v<std::remove_const_t<Model>>) {
        f(model);
        detail::visit_children(model, [&](std::string_view, auto& inner) { visit_modules(inner, f); });
    } else if constexpr (detail::array_like<std::remove_const_t<Model>>)
        for (auto& element : model) visit_modules(element, f);
}

namespace detail {
template <class M>
constexpr std::size_t count_parameters() {
    if constexpr (parameter<M>) return static_size<typename M::shape_type>;
    else if constexpr (requires { M::parameter_count; }) return M::parameter_count;
    else if constexpr (std::is_array_v<M>) return std::extent_v<M> * count_parameters<std::remove_extent_t<M>>();
    else if constexpr (array_like<M>) return std::tuple_size<M>::value * count_parameters<typename M::value_type>();
    else if constexpr (tuple_like<M>)
        return []<std::size_t... I>(std::index_sequence<I...>) {
            return (count_parameters<std::tuple_element_t<I, M>>() + ... + std::size_t{0});
        }(std::make_index_sequence<std::tuple_size_v<M>>{});
    else if constexpr (reflect::aggregate<M>)
        return decltype(reflect::visit_members(std::declval<M&>(), []<class... C>(C&...) {
            return std::integral_constant<std::size_t, (count_parameters<std::remove_const_t<C>>() + ... + 0)>{};
        }))::value;
    else return 0;
}
}  // namespace detail

/// How many numbers a model of this type has to learn.
template <class Model>
inline constexpr std::size_t parameter_count = detail::count_parameters<Model>();

namespace detail {
template <class... M>
struct parts_of {};
template <class Parts>
struct joined_model_device;

template <class M>
constexpr auto model_device() {
    if constexpr (parameter<M>) return std::type_identity<typename M::device>{};
    else if constexpr (requires { typename M::parts; }) return typename joined_model_device<typename M::parts>::type{};
    else if constexpr (std::is_array_v<M>) return model_device<std::remove_extent_t<M>>();
    else if constexpr (array_like<M>) return model_device<typename M::value_type>();
    else if constexpr (tuple_like<M>)
        return []<std::size_t... I>(std::index_sequence<I...>) {
            return typename joined_model_device<parts_of<std::tuple_element_t<I, M>...>>::type{};
        }(std::make_index_sequence<std::tuple_size_v<M>>{});
    else if constexpr (reflect::aggregate<M>)
        return decltype(reflect::visit_members(std::declval<M&>(), []<class... C>(C&...) {
            return typename joined_model_device<parts_of<std::remove_const_t<C>...>>::type{};
        })){};
    else {
        static_assert(buffer<M> || !hides_parameters<M>(),
                      "a model keeps layers in a std::array or as members, not in a "
                      "std::vector, std::optional or behind a pointer");
        return std::type_identity<anywhere>{};
    }
}
template <class... M>
struct joined_model_device<parts_of<M...>> {
    using type =
        std::type_identity<typename tenon::detail::joined_device<typename decltype(model_device<M>())::type...>::type>;
};
}  // namespace detail

/// Where a model's parameters live. Compile error `devices_differ<A, B>` where they live apart.
template <class Model>
using model_device_t =
    std::conditional_t<std::is_same_v<decltype(detail::model_device<Model>()), std::type_identity<anywhere>>, cpu,
                       typename decltype(detail::model_device<Model>())::type>;

/// Puts every layer into training mode: dropout drops, running statistics move.
template <class Model>
void train(Model& model, bool training = true) {
    visit_modules(model, [training](auto& m) {
        if constexpr (requires { m.training = training; }) m.training = training;
    });
}
/// Puts every layer into evaluation mode.
template <class Model>
void eval(Model& model) {
    train(model, false);
}

}  // namespace tenon::inline TENON_TARGET::nn
