// Losses of models on the device that are scaled: nothing waits for the host.
#pragma once

#include <cstdint>

#include <tenon/cuda/parameters.hpp>
#include <tenon/eval/cuda/tensor.hpp>
#include <tenon/kernels/grad_scaler.hpp>
#include <tenon/optim/grad_scaler.hpp>

namespace tenon::inline TENON_TARGET::optim::detail {

/// One launch unscales and looks at 64 parameters of an element type, one updates.
template <>
struct gradient_scaling<cuda::device> {
    template <class Model>
    static void unscale(Model& model, cuda::tensor<float> const& scale, cuda::tensor<bool>& found_inf) {
        cuda::detail::for_each_list<0>(model, nullptr, unscaled_list{scale.device_data(), found_inf.device_data()});
    }
    static void update(scale_rule const& rule, cuda::tensor<float>& scale, cuda::tensor<std::int64_t>& growth_tracker,
                       cuda::tensor<bool>& found_inf) {
        cuda::launch("update_scale", &kernels::update_scale<scale_rule>, dim3(1), dim3(kernels::warp_size), rule,
                     scale.device_data(), growth_tracker.device_data(), found_inf.device_data());
    }

private:
    struct unscaled_list {
        float const* scale;
        bool* found_inf;
        template <class T>
        void start(kernels::parameter_list<0> const& list, bool) const {
            cuda::launch("unscale_gradients", &kernels::unscale_gradients<T, element::computed_t<T>, scale_rule>,
                         dim3(list.blocks()), kernels::block_size, list, scale, found_inf);
        }
    };
};

}  // namespace tenon::inline TENON_TARGET::optim::detail
