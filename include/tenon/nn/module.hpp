// Models are plain structs: layers and parameters are found by looking at the members.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include <tenon/base/reflect.hpp>
#include <tenon/core/tensor.hpp>
#include <tenon/nn/structure.hpp>

namespace tenon::inline TENON_TARGET::nn {

namespace detail {
/// Where a walk through a model is: at a member, inside others. Small, since a walk writes one for each member.
struct member_path {
    member_path const* outer = nullptr;
    std::string_view const* name = nullptr;  ///< null for an element, whose name is its number
    std::size_t number;

    constexpr member_path() = default;
    constexpr member_path(member_path const& o, std::string_view const& n) : outer(&o), name(&n) {}
    constexpr member_path(member_path const& o, std::size_t n) : outer(&o), number(n) {}

    /// The names joined by dots; what std::optional and std::unique_ptr hold adds none.
    TENON_ON_USE
    std::string text() const {
        std::string all;
        append_to(all);
        return all;
    }

private:
    [[gnu::noinline, gnu::cold]] void append_to(std::string& all) const {
        if (!outer) return;
        outer->append_to(all);
        text_piece const own = name ? text_piece(*name) : text_piece(number);
        if (!name || !name->empty()) append_text(all, {all.empty() ? "" : ".", own});
    }
};

/// Calls f(path, member), or f(path, content) for what a std::optional or std::unique_ptr holds, if it does. The content is as
/// constant as its owner.
template <class M, class F>
constexpr void visit_content(member_path const& path, M& member, F& f) {
    if constexpr (kind_of<std::remove_const_t<M>>() == member_kind::owner) {
        if (!member) return;
        if constexpr (std::is_const_v<M>) visit_content(path, std::as_const(*member), f);
        else visit_content(path, *member, f);
    } else f(path, member);
}

/// Calls f(path, member) for every direct member of a model.
template <class M, class F>
constexpr void for_each_child(M& m, member_path const& path, F&& f) {
    using plain = std::remove_const_t<M>;
    constexpr member_kind kind = kind_of<plain>();
    if constexpr (kind == member_kind::described)
        m.visit_children([&](std::string_view name, auto& inner) { visit_content(member_path(path, name), inner, f); });
    else if constexpr (kind == member_kind::array || kind == member_kind::sequence) {
        std::size_t i = 0;
        for (auto& element : m) visit_content(member_path(path, i++), element, f);
    } else if constexpr (kind == member_kind::tuple)
        std::apply(
            [&](auto&... element) {
                std::size_t i = 0;
                (visit_content(member_path(path, i++), element, f), ...);
            },
            m);
    else if constexpr (kind == member_kind::owner) visit_content(path, m, f);
    else if constexpr (kind == member_kind::aggregate)
        reflect::visit_members(m, [&](auto&... member) {
            [[maybe_unused]] std::size_t i = 0;
            (visit_content(member_path(path, reflect::member_names<plain>[i++]), member, f), ...);
        });
}

/// Calls f(name, x) for all x inside a model that `Wanted` asks for.
template <class Wanted, class M, class F>
void visit_named(M& m, member_path const& path, F& f) {
    if constexpr (!reachable<M>) refuse_hidden<M>();
    else if constexpr (Wanted::template includes<M>) {
        std::string const name = path.text();
        f(std::string_view(name), m);
    } else if constexpr (structure_t<M>::state)
        for_each_child(m, path, [&f](member_path const& at, auto& inner) { visit_named<Wanted>(inner, at, f); });
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

template <class M, class F>
constexpr void visit_every_parameter(M& m, F& f) {
    constexpr member_kind kind = kind_of<std::remove_const_t<M>>();
    if constexpr (!reachable<M>) refuse_hidden<M>();
    else if constexpr (kind == member_kind::parameter) f(m);
    else if constexpr (structure_t<M>::parameters) {
        if constexpr (kind == member_kind::described)
            m.visit_children([&](std::string_view, auto& inner) { visit_every_parameter(inner, f); });
        else if constexpr (kind == member_kind::array || kind == member_kind::sequence)
            for (auto& element : m) visit_every_parameter(element, f);
        else if constexpr (kind == member_kind::tuple)
            std::apply([&](auto&... element) { (visit_every_parameter(element, f), ...); }, m);
        else if constexpr (kind == member_kind::owner) {
            if (!m) return;
            if constexpr (std::is_const_v<M>) visit_every_parameter(std::as_const(*m), f);
            else visit_every_parameter(*m, f);
        } else reflect::visit_members(m, [&](auto&... member) { (visit_every_parameter(member, f), ...); });
    }
}
}  // namespace detail

/// Calls `f(name, variable)` for every variable of a model, in the order of declaration. Names are joined with dots as
/// in PyTorch's named_parameters: the weight of member `fc1` is "fc1.weight", that of the second element of a member
/// `blocks` is "blocks.1.weight". A model that is itself one variable has the empty name.
///
/// A model is a variable, a layer, a pipeline, or a struct of such: an aggregate, without constructors of its own,
/// private members and bases. Its members may stand in C arrays, std::array, std::pair, std::tuple, std::vector,
/// std::deque and std::list, which name them by their numbers, and in std::optional and std::unique_ptr, which add no
/// name and, where they are empty, no parameters. Any other class says what it is made of by
///
///     template <class F> void visit_children(F&& f) { f("fc1", fc1_), f("fc2", fc2_); }
///
/// and the same for const objects where it is saved. Compile error `parameters_cannot_be_found<Model, Member, Reason>`
/// where there may be a parameter that nobody would find: in a class with private members, behind a raw or shared
/// pointer, in a std::map; see `holds_no_parameters` for classes that have none.
template <class Model, class F>
void visit_named_parameters(Model& model, F&& f) {
    detail::visit_named<detail::parameters_alone>(model, detail::member_path{}, f);
}
/// Calls `f(name, tensor)` for every buffer of a model, with names like those of parameters; torch's named_buffers.
template <class Model, class F>
void visit_named_buffers(Model& model, F&& f) {
    detail::visit_named<detail::buffers_alone>(model, detail::member_path{}, f);
}
/// Calls `f(name, x)` for every variable and every buffer of a model: what torch's state_dict holds.
template <class Model, class F>
void visit_named_state(Model& model, F&& f) {
    detail::visit_named<detail::parameters_and_buffers>(model, detail::member_path{}, f);
}

/// Calls `f(variable)` for every variable of a model, without making names: what an optimiser does at every step.
template <class Model, class F>
constexpr void visit_parameters(Model& model, F&& f) {
    detail::visit_every_parameter(model, f);
}

namespace detail {
template <class M, class F>
void visit_every_module(M& m, F& f) {
    constexpr member_kind kind = kind_of<std::remove_const_t<M>>();
    if constexpr (kind == member_kind::described || kind == member_kind::aggregate || layer<M>) f(m);
    if constexpr (!reachable<M>) refuse_hidden<M>();
    else if constexpr (kind != member_kind::plain)
        for_each_child(m, member_path{}, [&f](member_path const&, auto& inner) { visit_every_module(inner, f); });
}
}  // namespace detail

/// Calls `f(layer)` for the model and all that it is made of, outside in; arrays, pairs and their like are passed
/// through.
template <class Model, class F>
void visit_modules(Model& model, F&& f) {
    detail::visit_every_module(model, f);
}

/// How many numbers a model has to learn, counted when it is asked.
template <class Model>
constexpr std::size_t count_parameters(Model const& model) {
    std::size_t n = 0;
    visit_parameters(model, [&n](auto const& v) { n += v.shape().size(); });
    return n;
}

/// The number of a model's parameters is known only when it runs: a std::vector, std::optional or std::unique_ptr holds
/// some, a variable has run-time extents, or a class has visit_children and no `parts`.
template <class Model>
struct parameter_count_is_known_at_run_time;  // nn::count_parameters(model) counts them

namespace detail {
template <class Model>
struct static_parameter_count : parameter_count_is_known_at_run_time<Model> {
    static constexpr std::size_t value = 0;  // spares the reader a second error
};
template <class Model>
    requires(structure_t<Model>::known && reachable<Model>)
struct static_parameter_count<Model> : std::integral_constant<std::size_t, structure_t<Model>::count> {};
template <class Model>
    requires(!reachable<Model>)
struct static_parameter_count<Model> : refused<Model, typename structure_t<Model>::fault> {
    static constexpr std::size_t value = 0;
};

template <class Device>
struct optimisable_device {
    using type = Device;
};
template <>
struct optimisable_device<anywhere> {
    using type = cpu;
};
template <class A, class B>
struct optimisable_device<mixed_devices<A, B>> : devices_differ<A, B> {
    using type = cpu;
};
}  // namespace detail

/// How many numbers a model of this type has to learn. Compile error `parameter_count_is_known_at_run_time<Model>`
/// where its type does not say.
template <class Model>
inline constexpr std::size_t parameter_count = detail::static_parameter_count<Model>::value;

/// Where a model's parameters live. Compile error `devices_differ<A, B>` where they live apart.
template <class Model>
using model_device_t = typename detail::optimisable_device<typename detail::structure_t<Model>::device>::type;

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
