// What a model is made of, as text.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <tenon/core/untyped_tensor.hpp>
#include <tenon/nn/module.hpp>

namespace tenon::inline TENON_TARGET::nn {

namespace detail {
/// Writes a summary: what there is to say of each layer comes from small functions, and the rest is here once.
TENON_ON_USE
class summary_writer {
public:
    std::string text;

    void parameter(untyped_tensor const& p) {
        auto const extents = p.extents();
        append_text(text, {"variable(", tenon::detail::extents_as_text(extents.data(), extents.size()), ")"});
    }
    void begin(std::string_view name) {
        append_text(text, {name, "("});
        ++depth_;
    }
    void member(member_path const& path) {
        new_line();
        append_text(text, {"(", path.text(), "): "});
    }
    /// @param empty whether there was no member
    void end(bool empty) {
        --depth_;
        if (!empty) new_line();
        append_text(text, {")"});
    }

private:
    void new_line() {
        append_text(text, {"\n"});
        for (std::size_t i = 0; i != depth_; ++i) append_text(text, {"  "});
    }
    std::size_t depth_ = 0;
};

template <class M>
void summarise(M const& m, summary_writer<>& to) {
    if constexpr (requires { m.description(); }) append_text(to.text, {m.description()});
    else if constexpr (parameter<M>) to.parameter(untyped(m));
    else if constexpr (kind_of<M>() == member_kind::owner) {
        if (m) summarise(*m, to);
    } else {
        if constexpr (array_like<M>) to.begin("array");
        else to.begin(reflect::type_name<M>());
        bool empty = true;
        member_path const here{};
        for_each_child(m, here, [&](member_path const& path, auto const& inner) {
            using inner_type = std::remove_cvref_t<decltype(inner)>;
            constexpr member_kind kind = kind_of<inner_type>();
            if constexpr ((kind != member_kind::plain && kind != member_kind::out_of_reach) ||
                          requires { inner.description(); }) {
                to.member(path);
                summarise(inner, to);
                empty = false;
            }
        });
        to.end(empty);
    }
}
}  // namespace detail

/// The model's layers with their members' names, as PyTorch prints a module; members that are no part of it, such as
/// numbers and texts, are left out.
template <class Model>
std::string summary(Model const& model) {
    detail::summary_writer<> all;
    if constexpr (!detail::reachable<Model>) detail::refuse_hidden<Model>();
    else detail::summarise(model, all);
    return std::move(all.text);
}

}  // namespace tenon::inline TENON_TARGET::nn
