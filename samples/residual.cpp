// A small residual network (He et al., 2016) on the 60 000 pictures of Fashion-MNIST: a block adds its input to what two
// convolutions make of it, and `let` names what is used twice.
//
//     residual [epochs] [folder of the IDX files]
#include <tenon/tenon.hpp>

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

template <std::size_t Channels>
struct block {
    using convolution = nn::conv2d<Channels, Channels, 3, nn::conv_options{.padding = 1}, tn::cpu, nn::no_bias>;
    convolution conv1;
    nn::batch_norm2d<Channels> bn1;
    convolution conv2;
    nn::batch_norm2d<Channels> bn2;

    auto operator()(auto&& x) const {
        auto input = tn::let(std::forward<decltype(x)>(x));
        return tn::relu(input + bn2(conv2(tn::relu(bn1(conv1(input))))));
    }
};

struct residual {
    nn::conv2d<1, 8, 3, nn::conv_options{.stride = 2, .padding = 1}> stem;
    block<8> first;
    nn::conv2d<8, 16, 3, nn::conv_options{.stride = 2, .padding = 1}> down;
    block<16> second;
    nn::linear<16, 10> classes;

    auto operator()(auto&& pictures) const {
        auto images = tn::reshape<-1, 1, 28, 28>(std::forward<decltype(pictures)>(pictures));
        auto parts = second(down(first(tn::relu(stem(std::move(images))))));
        return classes(tn::mean<2, 3>(parts));
    }
};

double accuracy(residual& model, fashion_mnist const& pictures) {
    nn::eval(model);
    std::int64_t right = 0;
    for (auto const& [x, y] : tn::data::loader(pictures, tn::data::batch<100>()))
        right += tn::sum(tn::argmax<1>(model(x)) == y).item();
    nn::train(model);
    return static_cast<double>(right) / static_cast<double>(pictures.size());
}

int main(int count, char** arguments) try {
    int const epochs = count > 1 ? std::atoi(arguments[1]) : 3;
    std::filesystem::path const folder = count > 2 ? arguments[2] : "";
    fashion_mnist const learn(tn::data::split::train, folder), exam(tn::data::split::test, folder);

    tn::manual_seed(0);
    residual model;
    std::cout << nn::summary(model) << '\n' << nn::parameter_count<residual> << " parameters\n";
    tn::data::loader loader(learn, tn::data::batch<64>(), {.shuffle = true});
    tn::optim::adam optimizer(model);
    tn::optim::one_cycle_lr schedule(
        optimizer, {.max_lr = 1e-2f, .total_steps = static_cast<std::size_t>(epochs) * loader.size()});
    for (int epoch = 1; epoch <= epochs; ++epoch) {
        double loss = 0;
        for (auto const& [x, y] : loader) {
            optimizer.zero_grad();
            loss += static_cast<double>(tn::backward(tn::cross_entropy(model(x), y)).item());
            optimizer.step();
            schedule.step();
        }
        std::printf("epoch %d: loss %.4f, accuracy on the test pictures %.2f %%\n", epoch,
                    loss / static_cast<double>(loader.size()), 100 * accuracy(model, exam));
    }
} catch (std::exception const& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
}
