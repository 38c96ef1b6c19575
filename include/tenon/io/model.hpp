// Whole models as safetensors files, with the names and layouts that PyTorch's state_dict has.
#pragma once

#include <cstddef>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <tenon/core/to.hpp>
#include <tenon/io/safetensors.hpp>
#include <tenon/nn/module.hpp>

namespace tenon::inline TENON_TARGET::io {
namespace detail {

/// The tensor in a variable; a tensor that a model keeps beside its parameters is one itself.
template <class V>
decltype(auto) stored_tensor(V& v) {
    if constexpr (requires { v.value(); }) return (v.value());
    else return (v);
}

}  // namespace detail

/// Writes a model's parameters and buffers by name, wherever they live; the file is replaced at once.
/// @throws io_error where that fails
template <class Model>
void save_safetensors(std::filesystem::path const& file, Model const& model) {
    safetensors_writer writer;
    nn::for_each_state(model, [&](std::string_view name, auto& v) {
        auto& x = detail::stored_tensor(v);
        if constexpr (std::is_same_v<device_of_t<decltype(x)>, cpu>) writer.add(std::string(name), x);
        else writer.add(std::string(name), to<cpu>(x));
    });
    writer.write(file);
}

/// Reads a model's parameters and buffers by name, wherever they live. The file must have exactly the model's names, shapes and element types (half
/// precision is widened); all of that is checked before the first of them changes. Gradients are left alone.
/// @throws io_error where the file is missing or damaged, or names or element types differ
/// @throws shape_error where a shape differs
template <class Model>
void load_safetensors(std::filesystem::path const& file, Model& model) {
    safetensors const content(file);
    std::set<std::string> expected;
    nn::for_each_state(model, [&](std::string_view given, auto& v) {
        std::string const name(given);
        auto& x = detail::stored_tensor(v);
        expected.insert(name);
        // The parameter's own extents count, also those of its type that are open.
        auto const own = x.shape().extents();
        if (content.template check<value_t<decltype(x)>, shape_t<decltype(x)>>(name).extents() != own)
            throw shape_error(file.string() + ": '" + name + "': the file's shape " +
                              detail::shape_text(content.at(name).extents) + " is not " + detail::shape_text(own));
    });
    for (std::string const& name : content.names())
        if (expected.count(name) == 0) fail(file, "has a tensor '" + name + "', which the model has not");
    nn::for_each_state(model, [&](std::string_view name, auto& v) {
        auto& x = detail::stored_tensor(v);
        using where = device_of_t<decltype(x)>;
        if constexpr (std::is_same_v<where, cpu>) content.copy_to(std::string(name), x.data());
        else {
            tensor_of_t<value_t<decltype(x)>, shape_t<decltype(x)>> host(uninitialized, x.shape());
            content.copy_to(std::string(name), host.data());
            x = to<where>(host);
        }
    });
}

}  // namespace tenon::inline TENON_TARGET::io
