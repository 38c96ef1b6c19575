// The networks in dlib.
#pragma once

#include <dlib/dnn.h>

#include "network.hpp"

namespace with_dlib {

using input = dlib::input<dlib::matrix<float>>;
/// Fully connected layers on top of Below, with relu between them.
template <class Below, std::size_t Out, std::size_t... Rest>
struct stack {
    using type = typename stack<dlib::relu<dlib::fc<Out, Below>>, Rest...>::type;
};
template <class Below, std::size_t Out>
struct stack<Below, Out> {
    using type = dlib::fc<Out, Below>;
};
template <std::size_t Batch, std::size_t In, std::size_t... Sizes>
stack<input, Sizes...> stack_of(network::shape<Batch, In, Sizes...>);
/// LeNet-5: the first convolution pads with two rows and columns, which is dlib's default, the second with none.
struct lenet {
    using first = dlib::max_pool<2, 2, 2, 2, dlib::relu<dlib::con<6, 5, 5, 1, 1, input>>>;
    using second = dlib::max_pool<2, 2, 2, 2, dlib::relu<dlib::add_layer<dlib::con_<16, 5, 5, 1, 1, 0, 0>, first>>>;
    using type = stack<second, 120, 84, 10>::type;
};
template <std::size_t Batch>
lenet stack_of(network::lenet<Batch>);
template <class Shape>
using classifier = dlib::loss_multiclass_log<typename decltype(stack_of(Shape{}))::type>;

/// Makes a network ready: sets all parameters to where every side starts, and returns a batch of inputs in dlib's form. dlib makes
/// parameters when it first sees a batch; convolutions have PyTorch's layout, others are [in, out], the biases behind.
template <class Shape>
dlib::resizable_tensor start(classifier<Shape>& net) {
    dlib::matrix<float> const sample =
        dlib::zeros_matrix<float>(Shape::rows, static_cast<long>(Shape::in) / Shape::rows);
    std::vector<dlib::matrix<float>> const samples(Shape::batch, sample);
    dlib::resizable_tensor x;
    net.to_tensor(samples.begin(), samples.end(), x);
    work::fill({x.host(), x.size()}, network::inputs_sequence);
    net.forward(x);
    std::size_t which = Shape::layers;  // the layers are visited from the last to the first
    dlib::visit_computational_layers(net, [&](auto& layer) {
        dlib::tensor& parameters = layer.get_layer_params();
        if (parameters.size() == 0) return;
        --which;
        std::size_t const in = Shape::sizes[which], out = parameters.size() / (in + 1);
        std::vector<float> weight(out * in), bias(out);
        network::fill_parameter(weight, 2 * which, in);
        network::fill_parameter(bias, 2 * which + 1, in);
        float* const p = parameters.host();
        if constexpr (requires { layer.num_filters(); }) std::copy(weight.begin(), weight.end(), p);
        else
            for (std::size_t k = 0; k != in; ++k)
                for (std::size_t j = 0; j != out; ++j) p[k * out + j] = weight[j * in + k];
        std::copy(bias.begin(), bias.end(), p + in * out);
    });
    return x;
}

/// A step on one batch.
template <class Shape>
struct step {
    classifier<Shape> net;
    std::vector<dlib::adam> solvers{net.num_computational_layers, dlib::adam(0, 0.9f, 0.999f)};
    dlib::resizable_tensor x = start<Shape>(net);
    std::vector<unsigned long> labels = network::labels_of<Shape, unsigned long>();
    std::size_t at = 0;
    float loss = 0;

    void run() { train(x, labels.data() + at++ % network::label_sets * Shape::batch); }
    void train(dlib::tensor const& pictures, unsigned long const* right) {
        loss = static_cast<float>(net.compute_loss(pictures, right));
        net.back_propagate_error(pictures);
        net.update_parameters(dlib::make_sstack(solvers), network::learning_rate);
    }
    auto result() { return network::losses(*this); }
};

}  // namespace with_dlib
