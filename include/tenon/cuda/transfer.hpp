// From one memory to the other: tensors, and whole models.
#pragma once

#include <algorithm>
#include <string>
#include <type_traits>
#include <vector>

#include <tenon/core/to.hpp>
#include <tenon/eval/cuda/tensor.hpp>
#include <tenon/nn/module.hpp>
#include <tenon/scalar/narrow.hpp>

namespace tenon::inline TENON_TARGET {

template <>
struct transfer<cpu, cuda::device> {
    template <class Source, class Target>
    static void elements(Source const& source, Target& target) {
        cuda::upload(source.data(), target.device_data(), target.size());
    }
};
template <>
struct transfer<cuda::device, cpu> {
    template <class Source, class Target>
    static void elements(Source const& source, Target& target) {
        cuda::download(source.device_data(), target.data(), target.size());
    }
};

namespace detail {
/// A tensor that a model owns, wherever it lies.
struct owned_elements {
    std::string name;
    void* p;
    std::size_t bytes;
    bool on_device;
    std::string description;
};

template <class M>
void list_elements(M& m, std::string const& name, std::vector<owned_elements>& out) {
    if constexpr (requires {
                      m.value();
                      typename M::variable_class;
                  })
        list_elements(m.value(), name, out);
    else if constexpr (requires { typename M::tensor_tag; }) {
        using T = value_t<M>;
        void* p = nullptr;
        constexpr bool on_device = !std::is_same_v<typename M::device, cpu>;
        if constexpr (on_device) p = const_cast<T*>(m.device_data());
        else p = const_cast<T*>(m.data());
        out.push_back({name, p, m.size() * sizeof(T), on_device,
                       (std::is_integral_v<T>         ? "int"
                        : std::is_same_v<T, bfloat16> ? "bfloat"
                                                      : "float") +
                           std::to_string(8 * sizeof(T)) + " " + to_string(m.shape())});
    } else if constexpr (!nn::detail::reachable<M>) nn::detail::refuse_hidden<M>();
    else if constexpr (nn::detail::structure_t<M>::state)
        nn::detail::visit_children(m, [&](std::string_view member, auto& inner) {
            list_elements(inner, nn::detail::joined_name(name, member), out);
        });
}
}  // namespace detail

/// Copies every parameter and tensor of one model into another of the same structure, wherever the two live; a tensor is a model
/// of itself. @throws shape_error where the models differ, before anything is copied
template <class From, class To>
void copy(From const& from, To& to) {
    std::vector<detail::owned_elements> a, b;
    detail::list_elements(from, "", a);
    detail::list_elements(to, "", b);
    if (a.size() != b.size())
        throw shape_error("copy: one model has " + std::to_string(a.size()) + " tensors, the other " +
                          std::to_string(b.size()));
    for (std::size_t i = 0; i != a.size(); ++i)
        if (a[i].name != b[i].name || a[i].description != b[i].description)
            throw shape_error("copy: '" + a[i].name + "' " + a[i].description + " is not '" + b[i].name + "' " +
                              b[i].description);
    for (std::size_t i = 0; i != a.size(); ++i) {
        auto const* const p = static_cast<unsigned char const*>(a[i].p);
        auto* const q = static_cast<unsigned char*>(b[i].p);
        if (a[i].on_device && b[i].on_device) cuda::copy_elements(p, q, a[i].bytes);
        else if (a[i].on_device) cuda::download(p, q, a[i].bytes);
        else if (b[i].on_device) cuda::upload(p, q, a[i].bytes);
        else std::copy_n(p, a[i].bytes, q);
    }
}

}  // namespace tenon::inline TENON_TARGET
