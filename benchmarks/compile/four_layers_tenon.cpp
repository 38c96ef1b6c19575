// A network of four layers and its training loop, in Tenon.
#include <tenon/tenon.hpp>

#include <cstdio>

namespace tn = tenon;
namespace nn = tenon::nn;

struct classifier {
    nn::linear<784, 256> fc1;
    nn::linear<256, 128> fc2;
    nn::linear<128, 64> fc3;
    nn::linear<64, 10> fc4;
    auto operator()(auto const& x) const { return fc4(tn::relu(fc3(tn::relu(fc2(tn::relu(fc1(x))))))); }
};

int main() {
    classifier model;
    tn::optim::adam optimizer(model, {.lr = 1e-3f});
    nn::cross_entropy_loss criterion;
    auto x = tn::randn<float, 64, 784>();
    auto y = tn::randint<std::int64_t, 64>(0, 10);
    for (int step = 0; step != 100; ++step) {
        optimizer.zero_grad();
        float loss = tn::backward(criterion(model(x), y));
        optimizer.step();
        std::printf("%f\n", static_cast<double>(loss));
    }
}
