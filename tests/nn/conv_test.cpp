#include <cmath>
#include <cstdint>
#include <string>
#include <type_traits>

#include <tenon/tenon.hpp>

#include "../catch.hpp"

namespace tn = tenon;
namespace nn = tenon::nn;

namespace {
template <class V>
bool within(V const& v, std::size_t fan_in) {
    float const bound = 1.f / std::sqrt(static_cast<float>(fan_in));
    float const top = tn::max(tn::abs(v.value())).item();
    return top <= bound && top > bound / 2;
}
}  // namespace

TEST_CASE("convolutional layers have PyTorch's parameters") {
    nn::conv2d<6, 16, 5> conv;
    static_assert(std::is_same_v<decltype(conv.weight), tn::variable<float, 16, 6, 5, 5>>);
    static_assert(std::is_same_v<decltype(conv.bias), tn::variable<float, 16>>);
    CHECK(within(conv.weight, 150));
    CHECK(within(conv.bias, 150));
    nn::conv2d<4, 8, nn::extent2{3, 1}, nn::conv_options{.stride = {2, 1}, .padding = {1, 0}, .groups = 4}, tn::cpu,
               nn::no_bias>
        grouped;
    static_assert(std::is_same_v<decltype(grouped.weight), tn::variable<float, 8, 1, 3, 1>>);
    static_assert(nn::parameter_count<decltype(grouped)> == 24);
    static_assert(
        std::is_same_v<decltype(grouped(tn::zeros<float, 2, 4, 9, 5>()).eval()), tn::tensor<float, 2, 8, 5, 5>>);
    nn::conv1d<3, 4, 5, nn::conv_options{.padding = 2}> line;
    static_assert(std::is_same_v<decltype(line.weight), tn::variable<float, 4, 3, 5>>);
    static_assert(std::is_same_v<decltype(line(tn::zeros<float, 3, 20>()).eval()), tn::tensor<float, 4, 20>>);
    nn::conv_transpose2d<8, 4, 2, nn::conv_options{.stride = 2}> up;
    static_assert(std::is_same_v<decltype(up.weight), tn::variable<float, 8, 4, 2, 2>>);
    static_assert(std::is_same_v<decltype(up(tn::zeros<float, 8, 7, 6>()).eval()), tn::tensor<float, 4, 14, 12>>);
    CHECK(within(up.weight, 16));
}

TEST_CASE("summaries of convolutional networks read as PyTorch's") {
    auto model =
        nn::conv2d<1, 6, 5, nn::conv_options{.padding = 2}>{} | nn::max_pool2d<2>{} |
        nn::conv2d<6, 8, nn::extent2{3, 1}, nn::conv_options{.dilation = 2, .groups = 2}, tn::cpu, nn::no_bias>{} |
        nn::avg_pool2d<nn::extent2{2, 1}>{} | nn::adaptive_avg_pool2d<1>{};
    CHECK(nn::summary(model) ==
          "pipeline(\n"
          "  (0): conv2d(1, 6, kernel_size=(5, 5), stride=(1, 1), padding=(2, 2))\n"
          "  (1): max_pool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=false)\n"
          "  (2): conv2d(6, 8, kernel_size=(3, 1), stride=(1, 1), dilation=(2, 2), groups=2, bias=false)\n"
          "  (3): avg_pool2d(kernel_size=(2, 1), stride=(2, 1), padding=0)\n"
          "  (4): adaptive_avg_pool2d(output_size=1)\n"
          ")");
    CHECK(nn::conv1d<3, 4, 5>::description() == "conv1d(3, 4, kernel_size=(5,), stride=(1,))");
    CHECK(nn::max_pool1d<3, nn::pool_options{.stride = 2}>::description() ==
          "max_pool1d(kernel_size=3, stride=2, padding=0, dilation=1, ceil_mode=false)");
    CHECK(nn::conv_transpose2d<8, 4, 2, nn::conv_options{.stride = 2, .output_padding = 1}>::description() ==
          "conv_transpose2d(8, 4, kernel_size=(2, 2), stride=(2, 2), output_padding=(1, 1))");
}

TEST_CASE("a small convolutional network learns") {
    tn::manual_seed(1);
    // Whether a bright bar stands or lies: the mean of an image says nothing.
    constexpr std::size_t n = 16;
    tn::tensor<float, n, 1, 8, 8> images;
    tn::tensor<std::int64_t, n> labels;
    for (std::size_t i = 0; i < n; ++i) {
        labels(i) = static_cast<std::int64_t>(i % 2);
        for (std::size_t k = 0; k < 8; ++k) (i % 2 == 0 ? images(i, 0, k, i / 2) : images(i, 0, i / 2, k)) = 1.f;
    }
    auto model = nn::conv2d<1, 4, 3>{} | nn::relu{} | nn::max_pool2d<2>{} | nn::conv2d<4, 8, 3>{} | nn::relu{} |
                 nn::adaptive_avg_pool2d<1>{} | nn::flatten{} | nn::linear<8, 2>{};
    tn::optim::adam optimizer(model, {.lr = 0.02f});
    float loss = 0;
    for (int i = 0; i != 150; ++i) {
        optimizer.zero_grad();
        loss = tn::backward(tn::cross_entropy(model(images), labels));
        optimizer.step();
    }
    CHECK(loss < 0.2f);  // log 2 = 0.69 is guessing
}
