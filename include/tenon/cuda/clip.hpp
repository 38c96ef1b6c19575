// Gradients of models on the device that are kept from growing too large.
#pragma once

#include <cmath>

#include <tenon/cuda/parameters.hpp>
#include <tenon/eval/cuda/tensor.hpp>
#include <tenon/kernels/clip.hpp>
#include <tenon/nn/clip.hpp>

namespace tenon::inline TENON_TARGET::nn::detail {

/// One launch finds the norm and one multiplies, for each 64 parameters of an element type.
template <>
struct gradient_clipping<cuda::device> {
    template <class Model, class Limit>
    static cuda::tensor<floating_t<Limit>> norm(Model& model, Limit limit, double p) {
        using N = floating_t<Limit>;
        cuda::tensor<N> norm(uninitialized);
        cuda::buffer<double> found, scale;
        block_count count;
        cuda::detail::for_each_list<0>(model, nullptr, count);
        found.reserve(count.blocks);
        scale.reserve(1);
        unsigned first = 0;
        cuda::detail::for_each_list<0>(model, nullptr,
                                       norm_of_list<N>{{p, std::isinf(p)},
                                                       static_cast<double>(limit),
                                                       found.data(),
                                                       &first,
                                                       norm.device_data(),
                                                       scale.data()});
        cuda::detail::for_each_list<0>(model, nullptr, scaled_list{scale.data()});
        return norm;
    }
    template <class Model>
    static void value(Model& model, double limit) {
        cuda::detail::for_each_list<0>(model, nullptr, clamped_list{limit});
    }

private:
    using list_type = kernels::parameter_list<0>;

    struct block_count {
        mutable unsigned blocks = 0;
        template <class T>
        void start(list_type const& list, bool) const {
            blocks += list.blocks();
        }
    };
    template <class N>
    struct norm_of_list {
        kernels::gradient_norm norm;
        double limit;
        double* found;
        unsigned* first;  ///< blocks of the lists before
        N* to;
        double* scale;
        template <class T>
        void start(list_type const& list, bool last) const {
            cuda::launch("add_gradients", &kernels::add_gradients<T, N>, dim3(list.blocks()), kernels::block_size, list,
                         norm, limit, found, *first, last, to, scale, cuda::context::local().ticket());
            *first += list.blocks();
        }
    };
    struct scaled_list {
        double const* scale;
        template <class T>
        void start(list_type const& list, bool) const {
            cuda::launch("scale_gradients", &kernels::scale_gradients<T>, dim3(list.blocks()), kernels::block_size,
                         list, scale);
        }
    };
    struct clamped_list {
        double limit;
        template <class T>
        void start(list_type const& list, bool) const {
            cuda::launch("clamp_gradients", &kernels::clamp_gradients<T>, dim3(list.blocks()), kernels::block_size,
                         list, static_cast<T>(limit));
        }
    };
};

}  // namespace tenon::inline TENON_TARGET::nn::detail
