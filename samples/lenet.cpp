// LeNet-5 on the 60 000 pictures of Fashion-MNIST: two convolutions, two pools and three linear layers.
//
//     lenet [epochs] [folder of the IDX files]
#include <tenon/tenon.hpp>

#include <tenon/data/fashion_mnist.hpp>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>

namespace tn = tenon;
namespace nn = tenon::nn;
using tn::data::fashion_mnist;

struct lenet {
    nn::conv2d<1, 6, 5, nn::conv_options{.padding = 2}> conv1;
    nn::conv2d<6, 16, 5> conv2;
    nn::linear<400, 120> fc1;
    nn::linear<120, 84> fc2;
    nn::linear<84, 10> fc3;

    auto operator()(auto const& pictures) const {
        auto images = tn::reshape<-1, 1, 28, 28>(pictures);
        auto edges = tn::max_pool2d<2>(tn::relu(conv1(images)));
        auto parts = tn::max_pool2d<2>(tn::relu(conv2(edges)));
        return fc3(tn::relu(fc2(tn::relu(fc1(tn::flatten<1>(parts))))));
    }
};

double accuracy(lenet const& model, fashion_mnist const& pictures) {
    std::int64_t right = 0;
    for (auto const& [x, y] : tn::data::loader(pictures, tn::data::batch<100>()))
        right += tn::sum(tn::argmax<1>(model(x)) == y).item();
    return static_cast<double>(right) / static_cast<double>(pictures.size());
}

int main(int count, char** arguments) try {
    int const epochs = count > 1 ? std::atoi(arguments[1]) : 5;
    std::filesystem::path const folder = count > 2 ? arguments[2] : "";
    fashion_mnist const learn(tn::data::split::train, folder), exam(tn::data::split::test, folder);

    tn::manual_seed(0);
    lenet model;
    std::cout << nn::summary(model) << '\n' << nn::parameter_count<lenet> << " parameters\n";
    tn::optim::adam optimizer(model, {.lr = 1e-3f});
    tn::data::loader loader(learn, tn::data::batch<64>(), {.shuffle = true});
    for (int epoch = 1; epoch <= epochs; ++epoch) {
        double loss = 0;
        for (auto const& [x, y] : loader) {
            optimizer.zero_grad();
            loss += static_cast<double>(tn::backward(tn::cross_entropy(model(x), y)).item());
            optimizer.step();
        }
        std::printf("epoch %d: loss %.4f, accuracy on the test pictures %.2f %%\n", epoch,
                    loss / static_cast<double>(loader.size()), 100 * accuracy(model, exam));
    }
} catch (std::exception const& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
}
