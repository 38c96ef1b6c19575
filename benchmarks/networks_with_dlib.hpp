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
template <class Shape>
using classifier = dlib::loss_multiclass_log<typename decltype(stack_of(Shape{}))::type>;

/// Makes a network ready: sets all parameters to where every side starts, and returns a batch of inputs in dlib's form. dlib makes
/// parameters when it first sees a batch, [in, out], the biases behind.
template <class Shape>
dlib::resizable_tensor start(classifier<Shape>& net) {
    std::vector<dlib::matrix<float>> const samples(Shape::batch,
                                                   dlib::zeros_matrix<float>(static_cast<long>(Shape::in), 1));
    dlib::resizable_tensor x;
    net.to_tensor(samples.begin(), samples.end(), x);
    work::fill({x.host(), x.size()}, network::inputs_sequence);
    net.forward(x);
    auto const one = [&](auto at) {
        constexpr std::size_t which = decltype(at)::value;
        constexpr std::size_t in = Shape::sizes[which], out = Shape::sizes[which + 1];
        std::vector<float> weight(out * in), bias(out);
        network::fill_parameter(weight, 2 * which, in);
        network::fill_parameter(bias, 2 * which + 1, in);
        // Layer 0 is the loss, and between two fully connected layers lies a relu.
        float* const p =
            dlib::layer<1 + 2 * (Shape::layers - 1 - which)>(net).layer_details().get_layer_params().host();
        for (std::size_t k = 0; k != in; ++k)
            for (std::size_t j = 0; j != out; ++j) p[k * out + j] = weight[j * in + k];
        std::copy(bias.begin(), bias.end(), p + in * out);
    };
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        (one(std::integral_constant<std::size_t, I>{}), ...);
    }(std::make_index_sequence<Shape::layers>{});
    return x;
}

}  // namespace with_dlib
