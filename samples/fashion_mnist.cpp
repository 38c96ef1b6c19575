// Trains a network with one hidden layer on the 60 000 pictures of Fashion-MNIST, tests it on 10 000 others, draws some of them,
// saves the weights, loads them into a second network, and shows that it predicts the same. On the processor, or, where nvcc
// compiles this file, on a CUDA device: one alias says which.
//
//     fashion_mnist [epochs] [seed] [folder of the IDX files]
#if defined(__CUDACC__)
#include <tenon/cuda.hpp>
#else
#include <tenon/tenon.hpp>
#endif

#include <tenon/data/fashion_mnist.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string>
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

class progress_bar {
public:
    progress_bar(int epoch, std::size_t batches) : epoch_(epoch), batches_(batches) {}
    /// Whether it is time to show how far the epoch is.
    bool due(std::size_t done) {
        using namespace std::chrono;
        auto const now = steady_clock::now();
        if (done != batches_ && now - shown_ < milliseconds(100)) return false;
        shown_ = now;
        return true;
    }
    void show(std::size_t done, std::size_t samples, float loss, double accuracy) const {
        double const seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
        double const left = seconds / static_cast<double>(done) * static_cast<double>(batches_ - done);
        std::size_t const filled = 30 * done / batches_;
        std::printf("\repoch %d [%s%s] loss %.4f  accuracy %5.2f %%  %7.0f samples/s  %4.1f s left", epoch_,
                    std::string(filled, '=').c_str(), std::string(30 - filled, ' ').c_str(), static_cast<double>(loss),
                    100 * accuracy, static_cast<double>(samples) / seconds, left);
        if (done == batches_) std::printf("\n");
        std::fflush(stdout);
    }

private:
    int epoch_;
    std::size_t batches_;
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now(), shown_{};
};

void train(classifier& model, fashion_mnist const& pictures, int epochs, std::uint64_t seed) {
    tn::optim::adam optimizer(model, {.lr = 1e-3f});
    nn::cross_entropy_loss criterion;
    tn::data::loader loader(pictures, tn::data::batch<64>(), {.shuffle = true, .seed = seed});
    auto batches = tn::data::prefetch<device>(loader);
    for (int epoch = 1; epoch <= epochs; ++epoch) {
        progress_bar bar(epoch, loader.size());
        std::size_t done = 0, samples = 0;
        // These stay where the model lives, so that the steps need not wait for each other's numbers.
        device::tensor<std::int64_t> right;
        device::tensor<float> loss, smooth;
        for (auto const& [x, y] : batches) {
            optimizer.zero_grad();
            auto scores = tn::let(model(x));
            loss = tn::backward(criterion(scores, y));
            optimizer.step();
            right += tn::sum(tn::argmax<1>(scores.value()) == y);
            smooth += (done == 0 ? 1.f : 0.02f) * (loss - smooth);
            samples += x.extent(0);
            if (bar.due(++done))
                bar.show(done, samples, smooth.item(),
                         static_cast<double>(right.item()) / static_cast<double>(samples));
        }
    }
}

/// Tests on pictures that were not learned from; returns the share that was recognised.
double test(classifier const& model, fashion_mnist const& pictures) {
    std::array<std::size_t, 10> seen{}, right{};
    tn::data::loader loader(pictures, tn::data::batch<100>());
    for (auto const& [x, y] : tn::data::prefetch<device>(loader)) {
        auto const guess = tn::to<tn::cpu>(tn::argmax<1>(model(x)));
        auto const label = tn::to<tn::cpu>(y);
        for (std::size_t i = 0; i != label.size(); ++i) {
            auto const c = static_cast<std::size_t>(label(i));
            ++seen[c];
            right[c] += guess(i) == label(i);
        }
    }
    std::size_t total = 0;
    std::printf("\naccuracy on the test pictures, by class\n");
    for (std::size_t c = 0; c != 10; ++c) {
        std::printf("  %-12s %5.1f %%\n", std::string(fashion_mnist::classes[c]).c_str(),
                    100.0 * static_cast<double>(right[c]) / static_cast<double>(seen[c]));
        total += right[c];
    }
    double const share = static_cast<double>(total) / static_cast<double>(pictures.size());
    std::printf("  %-12s %5.2f %%\n", "all", 100 * share);
    return share;
}

/// Draws a picture with two rows of pixels in each line of text.
void draw(fashion_mnist const& pictures, std::size_t i, std::string_view guess) {
    constexpr std::string_view shades = " .:-=+*#%@";
    std::printf("\npicture %zu: predicted %s, is %s\n", i, std::string(guess).c_str(),
                std::string(fashion_mnist::classes[pictures.labels()(i)]).c_str());
    for (std::size_t row = 0; row != 28; row += 2) {
        for (std::size_t column = 0; column != 28; ++column) {
            int const shade = pictures.images()(i, row, column) + pictures.images()(i, row + 1, column);
            std::putchar(shades[static_cast<std::size_t>(shade) * shades.size() / 511]);
        }
        std::putchar('\n');
    }
}

/// A picture where the model lives, as a batch of one.
auto picture(fashion_mnist const& pictures, std::size_t i) {
    return tn::to<device>(tn::unsqueeze<0>(pictures[i].first));
}

int main(int count, char** arguments) try {
#if defined(__CUDACC__)
    if (tn::cuda::device_count() == 0) {
        std::cout << "no CUDA device: nothing run\n";
        return 0;
    }
#endif
    int const epochs = count > 1 ? std::atoi(arguments[1]) : 5;
    auto const seed = static_cast<std::uint64_t>(count > 2 ? std::atoll(arguments[2]) : 0);
    std::filesystem::path const folder = count > 3 ? arguments[3] : "";
    fashion_mnist const learn(tn::data::split::train, folder), exam(tn::data::split::test, folder);

    tn::manual_seed(seed);
    classifier model;
    std::cout << nn::summary(model) << '\n' << nn::parameter_count<classifier> << " parameters\n\n";
    train(model, learn, epochs, seed);
    test(model, exam);
    for (std::size_t i = 0; i != 3; ++i) {
        auto const x = picture(exam, i);
        draw(exam, i, fashion_mnist::classes[static_cast<std::size_t>(tn::argmax(model(x)).item())]);
    }

    auto const file = std::filesystem::temp_directory_path() / "tenon-fashion-mnist.safetensors";
    tn::io::save_safetensors(file, model);
    classifier second;
    tn::io::load_safetensors(file, second);
    auto const x = picture(exam, 3);
    bool const same = tn::all(model(x) == second(x)).item();
    std::cout << "\nsaved " << file.string() << "; a second network with these weights predicts "
              << (same ? "the same" : "something else") << '\n';
    return same ? 0 : 1;
} catch (std::exception const& e) {
    std::cerr << e.what() << '\n';
    return 1;
}
