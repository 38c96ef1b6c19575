// A network with one hidden layer and its training loop.
#include <tenon/tenon.hpp>

#include <cstdint>
#include <iostream>
#include <utility>

namespace tn = tenon;
namespace nn = tenon::nn;

struct simple_nn {
    nn::linear<10, 5> fc1;
    nn::relu relu;
    nn::linear<5, 2> fc2;

    auto operator()(auto&& x) const { return fc2(relu(fc1(std::forward<decltype(x)>(x)))); }
};

int main() {
    tn::manual_seed(0);
    simple_nn model;
    std::cout << nn::summary(model) << '\n';

    auto input = tn::randn<float, 4, 10>();
    auto target = tn::randint<std::int64_t, 4>(0, 2);

    nn::cross_entropy_loss criterion;
    tn::optim::adam optimizer(model, {.lr = 0.01f});
    for (int epoch = 1; epoch <= 100; ++epoch) {
        optimizer.zero_grad();
        float loss = tn::backward(criterion(model(input), target));
        optimizer.step();
        if (epoch % 20 == 0) std::cout << "epoch " << epoch << ", loss " << loss << '\n';
    }
    std::cout << "targets: " << target << ", predictions: " << tn::argmax<1>(model(input)) << '\n';
}
