#include <type_traits>

#include "torch_values.hpp"

namespace nn = tenon::nn;
using namespace torch_values;

TEST_CASE("PyTorch: prelu") {
    auto one = load<nn::prelu<>>("prelu");
    tn::variable x(get<float, 3, 4>("prelu.x"));
    tn::backward(output("prelu", one(x)));
    check("prelu.grad.x", x.grad());
    check_parameters("prelu", one);
    auto channels = load<nn::prelu<3>>("prelu_channels");
    tn::variable y(get<float, 2, 3, 4>("prelu_channels.x"));
    tn::backward(output("prelu_channels", channels(y)));
    check("prelu_channels.grad.x", y.grad());
    check_parameters("prelu_channels", channels);
    CHECK(nn::summary(channels) == "prelu(num_parameters=3)");
}

TEST_CASE("PyTorch: glu") {
    tn::variable x(get<float, 3, 8>("glu.x"));
    tn::backward(output("glu", nn::glu<>{}(x)));
    check("glu.grad.x", x.grad());
    tn::variable y(get<float, 2, 6, 3>("glu_axis.x"));
    tn::backward(output("glu_axis", tn::glu<1>(y * 1.f)));
    check("glu_axis.grad.x", y.grad());
}

TEST_CASE("activation layers are the functions of their names") {
    auto const x = tn::linspace<float, 9>(-4, 4);
    CHECK(tn::all(nn::softsign{}(x) == tn::softsign(x)).item());
    CHECK(tn::all(nn::logsigmoid{}(x) == tn::logsigmoid(x)).item());
    CHECK(tn::all(nn::gelu_tanh{}(x) == tn::gelu_tanh(x)).item());
    CHECK(tn::all(nn::hardsigmoid{}(x) == tn::hardsigmoid(x)).item());
    CHECK(tn::all(nn::celu{2}(x) == tn::celu(x, 2)).item());
    CHECK(tn::all(nn::softplus{.beta = 2}(x) == tn::softplus(x, {.beta = 2})).item());
    CHECK(tn::all(nn::hardtanh{.min_val = -2}(x) == tn::hardtanh(x, -2, 1)).item());
    CHECK(tn::all(nn::softshrink{1}(x) == tn::softshrink(x, 1)).item());
    CHECK(tn::all(nn::hardshrink{}(x) == tn::hardshrink(x)).item());
    CHECK(tn::all(nn::tanhshrink{}(x) == tn::tanhshrink(x)).item());
    CHECK(tn::all(nn::threshold{.limit = 1, .value = -2}(x) == tn::threshold(x, 1, -2)).item());
    CHECK(nn::leaky_relu{}(tn::tensor({-1.0})).eval()(0) == -0.01);
    CHECK(nn::summary(nn::leaky_relu{}) == "leaky_relu(negative_slope=0.01)");
}

TEST_CASE("unflatten splits an axis") {
    tn::tensor<float, tn::dyn, 6> x(4);
    x(3, 5) = 7;
    tn::tensor y = nn::unflatten<-1, 2, 3>{}(x);
    static_assert(std::is_same_v<decltype(y), tn::tensor<float, tn::dyn, 2, 3>>);
    CHECK(y(3, 1, 2) == 7);
    tn::tensor z = tn::unflatten<0, 2, 2>(tn::zeros<float, 4, 6>());
    static_assert(std::is_same_v<decltype(z), tn::tensor<float, 2, 2, 6>>);
}
