// ResNet-18 (He et al., 2016) with torchvision's layers and names, as a user of Tenon writes it.
#pragma once

#include <tenon/tenon.hpp>

#include "network.hpp"

namespace residual {

namespace tn = tenon;
namespace nn = tenon::nn;

/// So small that the sides' first ten losses agree: with 1e-3 their roundings grow to half a percent by then.
inline constexpr float learning_rate = 1e-5f;

template <std::size_t In, std::size_t Out, std::size_t Kernel, std::size_t Stride>
using conv =
    nn::conv2d<In, Out, Kernel, nn::conv_options{.stride = Stride, .padding = Kernel / 2}, tn::cpu, nn::no_bias>;

template <std::size_t In, std::size_t Out, std::size_t Stride>
struct shortcut {
    conv<In, Out, 1, Stride> conv1;
    nn::batch_norm2d<Out> bn;
    auto operator()(auto const& x) const { return bn(conv1(x)); }
};
template <std::size_t Channels>
struct shortcut<Channels, Channels, 1> {
    auto operator()(auto const& x) const { return x; }
};

template <std::size_t In, std::size_t Out, std::size_t Stride>
struct block {
    conv<In, Out, 3, Stride> conv1;
    nn::batch_norm2d<Out> bn1;
    conv<Out, Out, 3, 1> conv2;
    nn::batch_norm2d<Out> bn2;
    [[no_unique_address]] shortcut<In, Out, Stride> downsample;
    auto operator()(auto const& x) const {
        auto const in = tn::let(x);
        return tn::relu(bn2(conv2(tn::relu(bn1(conv1(in))))) + downsample(in));
    }
};

struct resnet18 {
    conv<3, 64, 7, 2> conv1;
    nn::batch_norm2d<64> bn1;
    block<64, 64, 1> first_a, first_b;
    block<64, 128, 2> second_a;
    block<128, 128, 1> second_b;
    block<128, 256, 2> third_a;
    block<256, 256, 1> third_b;
    block<256, 512, 2> fourth_a;
    block<512, 512, 1> fourth_b;
    nn::linear<512, 1000> fc;
    auto operator()(auto const& pictures) const {
        auto const x = tn::max_pool2d<3, tn::pool_options{.stride = 2, .padding = 1}>(tn::relu(bn1(conv1(pictures))));
        return fc(tn::mean<2, 3>(fourth_b(fourth_a(third_b(third_a(second_b(second_a(first_b(first_a(x))))))))));
    }
};

/// Weights of more than one axis are uniform and keep the spread of what goes through them (He et al., 2015); scales are 1 and biases
/// 0, as in peers/with_torch.py.
inline void start(resnet18& model) {
    std::size_t which = 0;
    nn::visit_parameters(model, [&](auto& p) {
        auto const values = p.value().flat();
        if constexpr (p.rank() > 1)
            work::fill(values, network::parameters_sequence + which,
                       std::sqrt(6.f * static_cast<float>(p.shape()[0]) / static_cast<float>(values.size())));
        ++which;
    });
    model.fc.bias.value().fill(0);
}

}  // namespace residual
