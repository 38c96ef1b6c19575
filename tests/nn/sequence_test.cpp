#include <cmath>
#include <string>
#include <type_traits>

#include "torch_values.hpp"

namespace nn = tenon::nn;
using namespace torch_values;

TEST_CASE("PyTorch: lstm over a sequence, in both directions and in several layers") {
    auto net = load<nn::lstm<3, 17, 1, nn::recurrent_options{.bidirectional = true}>>("lstm_sequence");
    tn::variable x(get<float, 6, 2, 3>("lstm_sequence.x"));
    auto const [y, state] = net(x);
    static_assert(std::is_same_v<decltype(y.eval()), tn::tensor<float, 6, 2, 34>>);
    tn::backward(output("lstm_sequence", y) + output("lstm_sequence", state.first, "1") +
                 output("lstm_sequence", state.second, "2"));
    check("lstm_sequence.grad.x", x.grad());
    check_parameters("lstm_sequence", net);
    CHECK(nn::summary(net) == "lstm(3, 17, bidirectional=true)");

    auto deep = load<nn::lstm<3, 4, 2>>("lstm_state");
    tn::variable z(get<float, 5, 2, 3>("lstm_state.x"));
    tn::variable h(get<float, 2, 2, 4>("lstm_state.h")), c(get<float, 2, 2, 4>("lstm_state.c"));
    auto const [y2, state2] = deep(z, h, c);
    tn::backward(output("lstm_state", y2) + output("lstm_state", state2.first, "1") +
                 output("lstm_state", state2.second, "2"));
    check("lstm_state.grad.x", z.grad());
    check("lstm_state.grad.h", h.grad());
    check("lstm_state.grad.c", c.grad());
    check_parameters("lstm_state", deep);
    static_assert(nn::parameter_count<decltype(deep)> == 4 * (4 * (3 + 4 + 2) + 4 * (4 + 4 + 2)));
    tn::tensor<float, 3, 2, 4> const wrong;
    CHECK_THROWS_AS(deep(z, wrong, wrong), tn::shape_error);
}

TEST_CASE("PyTorch: gru and rnn over a sequence") {
    auto gru =
        load<nn::gru<3, 5, 2, nn::recurrent_options{.batch_first = true, .bidirectional = true}>>("gru_sequence");
    tn::variable x(get<float, 2, 4, 3>("gru_sequence.x"));
    auto const [y, h] = gru(x);
    tn::backward(output("gru_sequence", y) + output("gru_sequence", h, "1"));
    check("gru_sequence.grad.x", x.grad());
    check_parameters("gru_sequence", gru);

    auto rnn =
        load<nn::rnn<3, 5, 1, nn::recurrent_options{}, nn::nonlinearity::relu, tn::cpu, nn::no_bias>>("rnn_sequence");
    tn::variable line(get<float, 4, 3>("rnn_sequence.x"));
    auto const [states, last] = rnn(line);
    tn::backward(output("rnn_sequence", states) + output("rnn_sequence", last, "1"));
    check("rnn_sequence.grad.x", line.grad());
    check_parameters("rnn_sequence", rnn);
}

TEST_CASE("PyTorch: layers of transformers") {
    constexpr nn::transformer_options first{.activation = nn::transformer_activation::gelu, .norm_first = true};
    auto decoder = load<nn::transformer_decoder_layer<8, 2, 12, first>>("decoder_layer");
    nn::eval(decoder);
    tn::variable target(get<float, 2, 4, 8>("decoder_layer.x"));
    tn::variable memory(get<float, 2, 5, 8>("decoder_layer.memory"));
    auto const out = get<float, 2, 4, 8>("decoder_layer.out"), w = get<float, 2, 4, 8>("decoder_layer.w");
    CHECK(std::abs(static_cast<float>(tn::backward(tn::sum(decoder(target, memory, {.is_causal = true}) * w))) -
                   tn::sum(out * w).item()) < 1e-3f);
    check("decoder_layer.grad.x", target.grad());
    check("decoder_layer.grad.memory", memory.grad());
    check_parameters("decoder_layer", decoder);

    auto both = load<nn::transformer<8, 2, 1, 1, 12>>("transformer");
    nn::eval(both);
    check("transformer.out",
          both(get<float, 2, 5, 8>("transformer.source"), get<float, 2, 4, 8>("transformer.target")).eval());
}
