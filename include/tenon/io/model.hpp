// Whole models as safetensors files, with the names and layouts that PyTorch's state_dict has, and what is needed to go
// on with their training.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <tenon/base/generator.hpp>
#include <tenon/base/reflect.hpp>
#include <tenon/core/to.hpp>
#include <tenon/io/safetensors.hpp>
#include <tenon/nn/module.hpp>
#include <tenon/optim/state_dict.hpp>

namespace tenon::inline TENON_TARGET::io {
namespace detail {

/// The tensor in a variable; a tensor that a model keeps beside its parameters is one itself.
template <class V>
decltype(auto) stored_tensor(V& v) {
    if constexpr (requires { v.value(); }) return (v.value());
    else return (v);
}

template <class Model>
void add_model(safetensors_writer& writer, Model const& model) {
    nn::visit_named_state(model, [&](std::string_view name, auto& v) {
        auto& x = stored_tensor(v);
        if constexpr (in_host_memory<device_of_t<decltype(x)>>) writer.add(std::string(name), x);
        else writer.add(std::string(name), to<cpu>(x));
    });
}

/// Where a file's metadata says which names belong to no model, but to what trains one: their beginnings, with spaces
/// between.
inline constexpr char const* training_note = "training_state";

/// Checks that a file has exactly a model's names, shapes and element types, beside what trains it.
template <class Model>
void check_model(safetensors const& content, Model& model) {
    auto const& file = content.path();
    std::set<std::string> expected;
    nn::visit_named_state(model, [&](std::string_view given, auto& v) {
        std::string const name(given);
        auto& x = stored_tensor(v);
        expected.insert(name);
        // The parameter's own extents count, also those of its type that are open.
        auto const own = x.shape().extents();
        if (content.template check<value_t<decltype(x)>, shape_t<decltype(x)>>(name).extents() != own)
            throw shape_error(file.string() + ": '" + name + "': the file's shape " +
                              shape_text(content.at(name).extents) + " is not " + shape_text(own));
    });
    auto const note = content.metadata().find(training_note);
    std::string const others = note == content.metadata().end() ? "" : " " + note->second + " ";
    for (std::string const& name : content.names())
        if (expected.count(name) == 0 && others.find(" " + name.substr(0, name.find('.')) + " ") == std::string::npos)
            fail(file, "has a tensor '" + name + "', which the model has not");
}
/// Copies a model that was checked.
template <class Model>
void copy_model(safetensors const& content, Model& model) {
    nn::visit_named_state(model, [&](std::string_view name, auto& v) {
        auto& x = stored_tensor(v);
        using where = device_of_t<decltype(x)>;
        if constexpr (in_host_memory<where>) content.copy_to(std::string(name), x.data());
        else {
            tensor_of_t<value_t<decltype(x)>, shape_t<decltype(x)>> host(uninitialized, x.shape());
            content.copy_to(std::string(name), host.data());
            x = to<where>(host);
        }
    });
}

/// What an object that trains a model is called in a file.
template <class Object>
constexpr char const* role() {
    if constexpr (std::is_same_v<Object, generator>) return "generator";
    else if constexpr (requires(Object& o) { o.zero_grad(); }) return "optimizer";
    else if constexpr (requires(Object& o) { o.last_lr(); }) return "scheduler";
    else if constexpr (requires(Object& o) { o.get_scale(); }) return "grad_scaler";
    else return "object";
}
template <class Object>
optim::state_dict saved_state(Object const& object) {
    if constexpr (std::is_same_v<Object, generator>) {
        optim::state_dict s;
        s.set("seed", std::bit_cast<std::int64_t>(object.seed()));
        s.set("counter", std::bit_cast<std::int64_t>(object.counter()));
        return s;
    } else if constexpr (std::is_same_v<decltype(object.state_dict()), optim::state_dict>) return object.state_dict();
    else {
        optim::state_dict s;
        auto const plain = object.state_dict();
        reflect::for_each_member(plain, [&](std::string_view name, auto n) { s.set(std::string(name), n); });
        return s;
    }
}
template <class Object>
void restore_state(Object& object, optim::state_dict const& s) {
    if constexpr (std::is_same_v<Object, generator>) {
        auto const seed = s.number<std::int64_t>("seed"), counter = s.number<std::int64_t>("counter");
        object = generator(std::bit_cast<std::uint64_t>(seed));
        static_cast<void>(object.advance(std::bit_cast<std::uint64_t>(counter)));
    } else if constexpr (std::is_same_v<decltype(object.state_dict()), optim::state_dict>) object.load_state_dict(s);
    else {
        auto plain = object.state_dict();
        reflect::for_each_member(plain, [&](std::string_view name, auto& n) {
            n = s.number<std::remove_reference_t<decltype(n)>>(std::string(name));
        });
        object.load_state_dict(plain);
    }
}
/// Elements of a state in a file's order, or back.
TENON_ON_USE
std::string in_file_order(std::string bytes, std::size_t width) {
    if constexpr (std::endian::native == std::endian::big)
        for (std::size_t i = 0; i + width <= bytes.size(); i += width)
            std::reverse(bytes.data() + i, bytes.data() + i + width);
    return bytes;
}
/// The beginnings of the names of several objects: "optimizer", "scheduler", "scheduler2".
template <class... Object>
std::vector<std::string> object_names() {
    std::vector<std::string> names;
    std::map<std::string, int> seen;
    for (std::string const role : {role<Object>()...})
        names.push_back(++seen[role] == 1 ? role : role + std::to_string(seen[role]));
    return names;
}
template <class Content>
optim::state_dict state_in_file(Content const& content, std::string const& object) {
    optim::state_dict s(content.path().string() + ": " + object);
    for (std::string const& name : content.names())
        if (name.starts_with(object + ".")) {
            auto const& e = content.at(name);
            std::string bytes = in_file_order(std::string(content.bytes(name)), e.type.bytes);
            s.set(name.substr(object.size() + 1), {e.type, e.extents, std::move(bytes)});
        }
    if (s.entries().empty()) fail(content.path(), "has no state of the " + object);
    return s;
}
/// Restores objects one after another; where one does not fit, those before it get their old states back.
inline void restore_all(optim::state_dict const*) {}
template <class Object, class... Rest>
void restore_all(optim::state_dict const* states, Object& object, Rest&... rest) {
    optim::state_dict const before = saved_state(object);
    restore_state(object, *states);
    try {
        restore_all(states + 1, rest...);
    } catch (...) {
        restore_state(object, before);
        throw;
    }
}

}  // namespace detail

/// Writes a model's parameters and buffers by name, wherever they live; the file is replaced at once.
/// @throws io_error where that fails
template <class Model>
void save_safetensors(file_path const& file, Model const& model) {
    safetensors_writer writer;
    detail::add_model(writer, model);
    writer.write(file);
}

/// Writes a model with what trains it, so that a run that is stopped can go on, bit for bit, as if it had not been:
///
///     tn::io::save_safetensors("run.safetensors", model, optimizer, scheduler, tn::default_generator());
///
/// Objects are optimisers, schedulers, gradient scalers and random generators. Their states are named "optimizer.…",
/// "scheduler.…" and so on, a second one of a kind "scheduler2.…"; see their state_dict. Models can be read from such a
/// file alone. Where a loader is in its data is not saved: it begins an epoch, whose order its seed decides.
/// @throws io_error where that fails, std::invalid_argument where the model has such a name itself
template <class Model, class... Object>
    requires(sizeof...(Object) > 0)
void save_safetensors(file_path const& file, Model const& model, Object const&... objects) {
    safetensors_writer writer;
    detail::add_model(writer, model);
    auto const names = detail::object_names<Object...>();
    std::size_t at = 0;
    std::string note;
    auto const add = [&](auto const& object) {
        std::string const& own = names[at++];
        note += (note.empty() ? "" : " ") + own;
        optim::state_dict const state = detail::saved_state(object);
        for (auto const& [name, e] : state.entries())
            writer.add(own + "." + name, e.type, e.extents, detail::in_file_order(e.bytes, e.type.bytes));
    };
    (add(objects), ...);
    nn::visit_named_state(model, [&](std::string_view name, auto&) {
        for (std::string const& own : names)
            if (name.starts_with(own + ".") || name == own)
                throw std::invalid_argument("save_safetensors: the model's '" + std::string(name) +
                                            "' is named as the state of the " + own + " is");
    });
    writer.note(detail::training_note, note).write(file);
}

/// Reads a model's parameters and buffers by name, wherever they live. The file must have exactly the model's names,
/// shapes and element types (half precision is widened), and may have the states of what trained it; all of that is
/// checked before the first of them changes. Gradients are left alone.
/// @throws io_error where the file is missing or damaged, or names or element types differ
/// @throws shape_error where a shape differs
template <class Model>
void load_safetensors(file_path const& file, Model& model) {
    safetensors const content(file);
    detail::check_model(content, model);
    detail::copy_model(content, model);
}

/// Reads a model with what trains it, as `save_safetensors` has written them; in the same order where there are several
/// of a kind. Objects have to be of the kinds that were saved; an optimiser's options are the file's, a scheduler's its
/// own. Nothing changes where something does not fit.
/// @throws io_error, shape_error as for a model
template <class Model, class... Object>
    requires(sizeof...(Object) > 0)
void load_safetensors(file_path const& file, Model& model, Object&... objects) {
    safetensors const content(file);
    detail::check_model(content, model);
    std::vector<optim::state_dict> states;
    for (std::string const& name : detail::object_names<Object...>())
        states.push_back(detail::state_in_file(content, name));
    detail::restore_all(states.data(), objects...);
    detail::copy_model(content, model);
}

}  // namespace tenon::inline TENON_TARGET::io
