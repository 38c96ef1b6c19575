// A network of four layers and its training loop, in LibTorch.
#include <torch/torch.h>

#include <cstdio>

struct classifier : torch::nn::Module {
    torch::nn::Linear fc1{register_module("fc1", torch::nn::Linear(784, 256))};
    torch::nn::Linear fc2{register_module("fc2", torch::nn::Linear(256, 128))};
    torch::nn::Linear fc3{register_module("fc3", torch::nn::Linear(128, 64))};
    torch::nn::Linear fc4{register_module("fc4", torch::nn::Linear(64, 10))};
    torch::Tensor forward(torch::Tensor x) { return fc4(torch::relu(fc3(torch::relu(fc2(torch::relu(fc1(x))))))); }
};

int main() {
    classifier model;
    torch::optim::Adam optimizer(model.parameters(), torch::optim::AdamOptions(1e-3));
    torch::nn::CrossEntropyLoss criterion;
    auto x = torch::randn({64, 784});
    auto y = torch::randint(0, 10, {64}, torch::kInt64);
    for (int step = 0; step != 100; ++step) {
        optimizer.zero_grad();
        auto loss = criterion(model.forward(x), y);
        loss.backward();
        optimizer.step();
        std::printf("%f\n", loss.item<double>());
    }
}
