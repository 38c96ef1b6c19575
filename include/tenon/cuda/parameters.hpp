// Parameters of a model on the device, as lists that launches take.
#pragma once

#include <cstddef>
#include <span>
#include <type_traits>

#include <tenon/eval/cuda/runtime.hpp>
#include <tenon/kernels/parameters.hpp>
#include <tenon/nn/state.hpp>

namespace tenon::inline TENON_TARGET::cuda::detail {

/// Each of an optimiser's buffers begins at a multiple of it.
inline constexpr std::size_t buffer_alignment = 16;

/// Calls `f.template start<T>(list, last)` for a model's parameters, as many at a time as one launch takes: 64 of one
/// element type T.
/// @param state where the optimiser's buffers lie, parameter by parameter
template <std::size_t Count, class Model, class F>
void for_each_list(Model& model, unsigned char* state, F const& f) {
    kernels::parameter_list<Count> list{};
    element_type type;
    auto const start = [&](bool last) {
        for_each_element_type<nn::detail::structure_t<Model>::elements>([&]<class T>(std::type_identity<T>) {
            if (type == element_type_of<T>()) f.template start<T>(list, last);
        });
        list.size = 0;
    };
    nn::detail::for_each_group_of_parameters(model, [&](std::span<untyped_tensor const> group) {
        for (untyped_tensor const& v : group) {
            if (list.size != 0 && (type != v.type->element || list.size == kernels::most_parameters)) start(false);
            type = v.type->element;
            auto& p = list.at[list.size++];
            p = {v.value, v.written_gradient(), {}, v.size};
            std::size_t const bytes = (v.bytes() + buffer_alignment - 1) / buffer_alignment * buffer_alignment;
            if constexpr (Count != 0)
                for (std::size_t i = 0; i != Count; ++i, state += bytes) p.state[i] = state;
            list.first_block[list.size] =
                list.first_block[list.size - 1] + static_cast<unsigned>((v.size + kernels::chunk - 1) / kernels::chunk);
        }
    });
    if (list.size != 0) start(true);
}

}  // namespace tenon::inline TENON_TARGET::cuda::detail
