// A small program that is compiled with more warnings than the library asks of itself: its headers must give none of them to
// users who include them by -I.
#include <iostream>
#include <tenon/tenon.hpp>

namespace tn = tenon;

struct network {
    tn::nn::linear<4, 3> fc1;
    tn::nn::linear<3, 2> fc2;
    auto operator()(auto&& x) const { return fc2(tn::relu(fc1(std::forward<decltype(x)>(x)))); }
};

int main() {
    network model;
    tn::optim::adam optimizer(model, {.lr = 1e-2f});
    auto const x = tn::randn<float, tn::dyn, 4>(8);
    auto const y = tn::randint<std::int64_t, tn::dyn>(8, 0, 2);
    for (int i = 0; i != 3; ++i) {
        optimizer.zero_grad();
        tn::backward(tn::cross_entropy(model(x), y));
        optimizer.step();
    }
    std::cout << tn::softmax<1>(model(x)) << tn::mean<0>(x) << tn::arange<float>(0, 1, .1f) << '\n';
}
