// Parameters of a model on the device, as lists that launches take.
#pragma once

#include <cstddef>

#include <tenon/eval/cuda/runtime.hpp>
#include <tenon/kernels/parameters.hpp>
#include <tenon/nn/module.hpp>

namespace tenon::inline TENON_TARGET::cuda::detail {

template <class T>
constexpr std::size_t padded_bytes(std::size_t n) {
    return (n * sizeof(T) + 15) / 16 * 16;
}

template <class T, std::size_t Count, class F>
void start_list(F const& f, kernels::parameter_list<Count> const& list, bool last) {
    f.template start<T>(list, last);
}

/// Calls `f.template start<T>(list, last)` for a model's parameters, as many at a time as one launch takes: 64 of one
/// element type T.
/// @param state where the optimiser's buffers lie, parameter by parameter
template <std::size_t Count, class Model, class F>
void for_each_list(Model& model, unsigned char* state, F const& f) {
    using list_type = kernels::parameter_list<Count>;
    list_type list{};
    void (*start)(F const&, list_type const&, bool) = nullptr;
    nn::visit_parameters(model, [&](auto& v) {
        using T = value_t<decltype(v)>;
        void (*const own)(F const&, list_type const&, bool) = &start_list<T, Count, F>;
        if (list.size != 0 && (start != own || list.size == kernels::most_parameters)) {
            start(f, list, false);
            list.size = 0;
        }
        start = own;
        std::size_t const n = v.size();
        auto& p = list.at[list.size++];
        p = {v.value().device_data(), v.device_gradient(), {}, n};
        if constexpr (Count != 0) {
            for (std::size_t i = 0; i != Count; ++i) p.state[i] = state + i * padded_bytes<T>(n);
            state += Count * padded_bytes<T>(n);
        }
        list.first_block[list.size] =
            list.first_block[list.size - 1] + static_cast<unsigned>((n + kernels::chunk - 1) / kernels::chunk);
    });
    if (list.size != 0) start(f, list, true);
}

}  // namespace tenon::inline TENON_TARGET::cuda::detail
