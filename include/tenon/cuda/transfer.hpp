// From one memory to the other: tensors, and whole models.
#pragma once

#include <cstring>
#include <string>
#include <vector>

#include <tenon/core/to.hpp>
#include <tenon/eval/cuda/tensor.hpp>
#include <tenon/nn/state.hpp>

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
inline void copy_state(std::vector<nn::detail::named_tensor> const& from,
                       std::vector<nn::detail::named_tensor> const& to) {
    if (from.size() != to.size())
        throw shape_error("copy: one model has " + std::to_string(from.size()) + " tensors, the other " +
                          std::to_string(to.size()));
    auto const description = [](nn::detail::named_tensor const& t) {
        auto const extents = t.tensor.extents();
        return "'" + t.name + "' " + to_string(t.tensor.type->element) + " " +
               extents_as_text(extents.data(), extents.size());
    };
    for (std::size_t i = 0; i != from.size(); ++i)
        if (std::string const a = description(from[i]), b = description(to[i]); a != b)
            throw shape_error("copy: " + a + " is not " + b);
    for (std::size_t i = 0; i != from.size(); ++i) {
        auto const &a = from[i].tensor, &b = to[i].tensor;
        bool const from_device = a.type->device != nullptr, to_device = b.type->device != nullptr;
        if (from_device && to_device)
            cuda::copy_elements(static_cast<unsigned char const*>(a.value), static_cast<unsigned char*>(b.value),
                                a.bytes());
        else if (from_device) a.type->device->to_host(b.value, a.value, a.bytes());
        else if (to_device) b.type->device->from_host(b.value, a.value, a.bytes());
        else if (a.bytes() != 0) std::memcpy(b.value, a.value, a.bytes());
    }
}
}  // namespace detail

/// Copies every parameter and tensor of one model into another of the same structure, wherever the two live; a tensor is a model
/// of itself. @throws shape_error where the models differ, before anything is copied
template <class From, class To>
void copy(From const& from, To& to) {
    detail::copy_state(nn::detail::named_state<true>(from), nn::detail::named_state<true>(to));
}

}  // namespace tenon::inline TENON_TARGET
