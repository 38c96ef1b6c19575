// The networks as a user of Tenon writes them.
#pragma once

#include <tenon/tenon.hpp>

#include "network.hpp"

namespace with_tenon {

namespace tn = tenon;
namespace nn = tenon::nn;

template <class Device, std::size_t In, std::size_t Hidden, std::size_t Out>
struct two_layers {
    nn::linear<In, Hidden, Device> fc1;
    nn::linear<Hidden, Out, Device> fc2;
    auto operator()(auto const& x) const { return fc2(tn::relu(fc1(x))); }
};

template <class Device, std::size_t In, std::size_t First, std::size_t Second, std::size_t Out>
struct three_layers {
    nn::linear<In, First, Device> fc1;
    nn::linear<First, Second, Device> fc2;
    nn::linear<Second, Out, Device> fc3;
    auto operator()(auto const& x) const { return fc3(tn::relu(fc2(tn::relu(fc1(x))))); }
};

/// LeNet-5 with relu and maximum pooling.
struct lenet {
    nn::conv2d<1, 6, 5, nn::conv_options{.padding = 2}> conv1;
    nn::conv2d<6, 16, 5> conv2;
    nn::linear<400, 120> fc1;
    nn::linear<120, 84> fc2;
    nn::linear<84, 10> fc3;
    auto operator()(auto const& pictures) const {
        auto images = tn::reshape<-1, 1, 28, 28>(pictures);
        auto edges = tn::max_pool2d<2>(tn::relu(conv1(images)));
        auto parts = tn::max_pool2d<2>(tn::relu(conv2(edges)));
        return fc3(tn::relu(fc2(tn::relu(fc1(tn::flatten<1>(parts))))));
    }
};

template <class Device, std::size_t Batch, std::size_t... Sizes>
auto classifier_of(network::shape<Batch, Sizes...>) {
    if constexpr (sizeof...(Sizes) == 3) return std::type_identity<two_layers<Device, Sizes...>>{};
    else return std::type_identity<three_layers<Device, Sizes...>>{};
}
template <class Device, std::size_t Batch>
auto classifier_of(network::lenet<Batch>) {
    return std::type_identity<lenet>{};
}
/// The network of a shape, with its parameters in a device's memory.
template <class Shape, class Device = tn::cpu>
using classifier = typename decltype(classifier_of<Device>(Shape{}))::type;

/// Sets all parameters to where every side starts.
template <class Shape>
void start(classifier<Shape>& model) {
    std::size_t which = 0;
    nn::visit_parameters(model, [&](auto& p) {
        network::fill_parameter(p.value().flat(), which, Shape::sizes[which / 2]);
        ++which;
    });
}

/// A step on one batch.
template <class Shape>
struct step {
    using labels = tn::tensor<std::int64_t, Shape::batch>;
    classifier<Shape> model;
    tn::optim::adam<classifier<Shape>> optimizer{model, {.lr = network::learning_rate}};
    tn::nn::cross_entropy_loss criterion;
    tn::tensor<float, Shape::batch, Shape::in> x = work::filled(decltype(x)(), network::inputs_sequence);
    std::array<labels, network::label_sets> sets;
    std::size_t at = 0;
    float loss = 0;

    step() {
        start<Shape>(model);
        for (std::size_t s = 0; s != network::label_sets; ++s)
            for (std::size_t i = 0; i != Shape::batch; ++i) sets[s](i) = Shape::label(s, i);
    }
    void run() {
        optimizer.zero_grad();
        loss = tn::backward(criterion(model(x), sets[at++ % network::label_sets]));
        optimizer.step();
    }
    auto result() { return network::losses(*this); }
};

}  // namespace with_tenon
