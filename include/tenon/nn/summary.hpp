// What a model is made of, as text.
#pragma once

#include <string>
#include <string_view>

#include <tenon/nn/module.hpp>

namespace tenon::inline TENON_TARGET::nn {

namespace detail {
template <class M>
void summarise(M const& m, std::string const& indent, std::string& out) {
    if constexpr (requires { m.description(); }) out += m.description();
    else if constexpr (parameter<M>) out += "variable(" + to_string(m.shape()) + ")";
    else if constexpr (kind_of<M>() == member_kind::owner) {
        if (m) summarise(*m, indent, out);
    } else {
        if constexpr (array_like<M>) out += "array(";
        else out += std::string(reflect::type_name<M>()) + "(";
        bool any = false;
        for_each_child(m, member_path{}, [&](member_path const& path, auto const& inner) {
            using inner_type = std::remove_cvref_t<decltype(inner)>;
            constexpr member_kind kind = kind_of<inner_type>();
            if constexpr ((kind != member_kind::plain && kind != member_kind::out_of_reach) ||
                          requires { inner.description(); }) {
                out += "\n" + indent + "  (" + path.text() + "): ";
                summarise(inner, indent + "  ", out);
                any = true;
            }
        });
        out += any ? "\n" + indent + ")" : ")";
    }
}
}  // namespace detail

/// The model's layers with their members' names, as PyTorch prints a module; members that are no part of it, such as
/// numbers and texts, are left out.
template <class Model>
std::string summary(Model const& model) {
    std::string out;
    if constexpr (!detail::reachable<Model>) detail::refuse_hidden<Model>();
    else detail::summarise(model, "", out);
    return out;
}

}  // namespace tenon::inline TENON_TARGET::nn
