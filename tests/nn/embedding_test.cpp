#include <cstdint>
#include <type_traits>

#include "torch_values.hpp"

namespace nn = tenon::nn;
using namespace torch_values;

TEST_CASE("PyTorch: a network of two layers") {
    auto model = nn::linear<6, 5>{} | nn::tanh{} | nn::linear<5, 3>{};
    tn::io::load_safetensors(path("network"), model);
    tn::variable x(get<float, 4, 6>("network.x"));
    tn::backward(output("network", model(x)));
    check("network.grad.x", x.grad());
    check_parameters("network", model);
}

TEST_CASE("PyTorch: embedding") {
    auto layer = load<nn::embedding<5, 3>>("embedding");
    tn::backward(output("embedding", layer(get<std::int64_t, 2, 3>("embedding.x"))));
    check_parameters("embedding", layer);
    CHECK(nn::summary(layer) == "embedding(5, 3)");
}

TEST_CASE("an embedding takes indices of any rank and refuses those it has not") {
    nn::embedding<5, 3> layer;
    static_assert(
        std::is_same_v<decltype(layer(tn::zeros<int, tn::dyn, 2>(4)).eval()), tn::tensor<float, tn::dyn, 2, 3>>);
    tn::tensor one = layer(tn::tensor<std::int64_t>(2));
    static_assert(std::is_same_v<decltype(one), tn::tensor<float, 3>>);
    CHECK(one(1) == layer.weight.value()(2, 1));
    bool refused = false;
    try {
        (void)layer(tn::tensor({1, 5})).eval();
    } catch (tn::index_error const&) { refused = true; }
    CHECK(refused);
}
