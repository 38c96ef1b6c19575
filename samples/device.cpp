// Trains the classifier of Fashion-MNIST on the processor, or, where nvcc compiles this file, on a CUDA device: one alias says
// which. A step on the device is recorded once and then replayed with one launch.
//
//     device [epochs] [folder of the IDX files]
#if defined(__CUDACC__)
#include <tenon/cuda.hpp>
#else
#include <tenon/tenon.hpp>
#endif

#include <tenon/data/fashion_mnist.hpp>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <utility>

namespace tn = tenon;
namespace nn = tenon::nn;
using tn::data::fashion_mnist;

#if defined(__CUDACC__)
using device = tn::cuda::device;
#else
using device = tn::cpu;
#endif

struct classifier {
    nn::linear<784, 128, device> fc1;
    nn::linear<128, 10, device> fc2;
    auto operator()(auto&& x) const { return fc2(tn::relu(fc1(std::forward<decltype(x)>(x)))); }
};

/// The share of pictures that the model recognises.
double accuracy(classifier const& model, fashion_mnist const& pictures) {
    std::int64_t right = 0;
    tn::data::loader loader(pictures, tn::data::batch<100>());
    for (auto const& [x, y] : tn::data::prefetch<device>(loader)) right += tn::sum(tn::argmax<1>(model(x)) == y).item();
    return static_cast<double>(right) / static_cast<double>(pictures.size());
}

int main(int count, char** arguments) try {
#if defined(__CUDACC__)
    if (tn::cuda::device_count() == 0) {
        std::cout << "no CUDA device: nothing run\n";
        return 0;
    }
#endif
    int const epochs = count > 1 ? std::atoi(arguments[1]) : 3;
    std::filesystem::path const folder = count > 2 ? arguments[2] : "";
    fashion_mnist const learn(tn::data::split::train, folder), exam(tn::data::split::test, folder);

    tn::manual_seed(0);
    classifier model;
    tn::optim::adam optimizer(model, {.lr = 1e-3f});
    device::tensor<float, 64, 784> x;
    device::tensor<std::int64_t, 64> y;
    device::tensor<float> loss;
    auto const step = [&] {
        optimizer.zero_grad();
        loss = tn::backward(tn::cross_entropy(model(x), y));
        optimizer.step();
    };
#if defined(__CUDACC__)
    step();  // makes the optimiser's buffers
    auto const run = tn::cuda::capture(step);
#else
    auto const& run = step;
#endif
    tn::data::loader loader(learn, tn::data::batch<64>(), {.shuffle = true, .seed = 0});
    auto batches = tn::data::prefetch<device>(loader);
    for (int epoch = 1; epoch <= epochs; ++epoch) {
        for (auto const& [pictures, labels] : batches) {
            x = pictures;
            y = labels;
            run();
        }
        std::printf("epoch %d: loss %.4f, %.2f %% of the test pictures\n", epoch, static_cast<double>(loss.item()),
                    100 * accuracy(model, exam));
    }
    return 0;
} catch (std::exception const& e) {
    std::cerr << e.what() << '\n';
    return 1;
}
