#include <cmath>
#include <type_traits>

#include "torch_values.hpp"

namespace nn = tenon::nn;
using namespace torch_values;

namespace {

/// Two steps of a cell with one state.
template <class Layer>
void check_cell(std::string const& name) {
    auto cell = load<Layer>(name);
    tn::variable first(get<float, 5, 4>(name + ".first"));
    tn::variable second(get<float, 5, 4>(name + ".second"));
    tn::variable h(get<float, 5, 3>(name + ".h"));
    tn::backward(output(name, cell(second, cell(first, h))));
    check(name + ".grad.first", first.grad());
    check(name + ".grad.second", second.grad());
    check(name + ".grad.h", h.grad());
    check_parameters(name, cell);
}

}  // namespace

TEST_CASE("PyTorch: gru_cell and rnn_cell") {
    check_cell<nn::gru_cell<4, 3>>("gru_cell");
    check_cell<nn::rnn_cell<4, 3>>("rnn_cell");
    CHECK(nn::summary(nn::gru_cell<4, 3>{}) == "gru_cell(4, 3)");
}

TEST_CASE("PyTorch: lstm_cell") {
    auto cell = load<nn::lstm_cell<4, 3>>("lstm_cell");
    tn::variable first(get<float, 5, 4>("lstm_cell.first"));
    tn::variable second(get<float, 5, 4>("lstm_cell.second"));
    tn::variable h(get<float, 5, 3>("lstm_cell.h"));
    tn::variable c(get<float, 5, 3>("lstm_cell.c"));
    auto const [h2, c2] = cell(second, cell(first, h, c));
    tn::backward(output("lstm_cell", h2) + output("lstm_cell", c2, "1"));
    check("lstm_cell.grad.first", first.grad());
    check("lstm_cell.grad.second", second.grad());
    check("lstm_cell.grad.h", h.grad());
    check("lstm_cell.grad.c", c.grad());
    check_parameters("lstm_cell", cell);
    static_assert(nn::parameter_count<nn::lstm_cell<4, 3>> == 12 * 4 + 12 * 3 + 24);
}

TEST_CASE("cells start from zeros, and take vectors and run-time rows") {
    nn::lstm_cell<4, 3> lstm;
    CHECK(tn::all(tn::abs(lstm.weight_ih.value()) <= 1.f / std::sqrt(3.f)).item());
    tn::tensor<float, tn::dyn, 4> x(5);
    x = get<float, 5, 4>("lstm_cell.first");
    tn::tensor<float, tn::dyn, 3> none(5);
    auto const [h, c] = lstm(x);
    auto const [h0, c0] = lstm(x, none, none);
    CHECK(tn::allclose(h, h0));
    CHECK(tn::allclose(c, c0));
    nn::rnn_cell<4, 3> rnn;
    tn::tensor v = rnn(tn::ones<float, 4>());
    static_assert(std::is_same_v<decltype(v), tn::tensor<float, 3>>);
    nn::gru_cell<4, 3> gru;
    CHECK(tn::allclose(gru(x), gru(x, none)));
}
