// Trains a network with one hidden layer on the 60 000 pictures of Fashion-MNIST, tests it on 10 000 others, draws some of them,
// saves the weights, loads them into a second network, and shows that it predicts the same.
//
//     fashion_mnist [epochs] [seed] [folder of the IDX files]
#include <tenon/tenon.hpp>

#include <tenon/data/fashion_mnist.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string>

namespace tn = tenon;
namespace nn = tenon::nn;
using tn::data::fashion_mnist;

struct classifier {
    nn::linear<784, 128> fc1;
    nn::linear<128, 10> fc2;
    auto operator()(auto const& x) const { return fc2(tn::relu(fc1(x))); }
};

/// How many rows of scores have their greatest value at the right class.
template <std::size_t Rows>
std::size_t count_right(tn::tensor<float, Rows, 10> const& scores, tn::tensor<std::int64_t, Rows> const& targets) {
    return static_cast<std::size_t>(tn::sum(tn::argmax<1>(scores) == targets).item());
}

class progress_bar {
public:
    progress_bar(int epoch, std::size_t batches) : epoch_(epoch), batches_(batches) {}
    void show(std::size_t done, std::size_t samples, float loss, double accuracy) {
        using namespace std::chrono;
        auto const now = steady_clock::now();
        if (done != batches_ && now - shown_ < milliseconds(100)) return;
        shown_ = now;
        double const seconds = duration<double>(now - start_).count();
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
    for (int epoch = 1; epoch <= epochs; ++epoch) {
        progress_bar bar(epoch, loader.size());
        std::size_t batches = 0, samples = 0, right = 0;
        float smooth = 0;
        for (auto const& [x, y] : loader) {
            optimizer.zero_grad();
            auto scores = tn::let(model(x));
            float const loss = tn::backward(criterion(scores, y));
            optimizer.step();
            right += count_right(scores.value(), y);
            samples += x.extent(0);
            smooth = batches == 0 ? loss : 0.98f * smooth + 0.02f * loss;
            bar.show(++batches, samples, smooth, static_cast<double>(right) / static_cast<double>(samples));
        }
    }
}

/// Tests on pictures that were not learned from; returns the share that was recognised.
double test(classifier const& model, fashion_mnist const& pictures) {
    std::array<std::size_t, 10> seen{}, right{};
    for (auto const& [x, y] : tn::data::loader(pictures, tn::data::batch<100>())) {
        tn::tensor const guess = tn::argmax<1>(model(x));
        for (std::size_t i = 0; i != y.size(); ++i) {
            auto const c = static_cast<std::size_t>(y(i));
            ++seen[c];
            right[c] += guess(i) == y(i);
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

int main(int count, char** arguments) try {
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
        auto const [x, y] = exam[i];
        draw(exam, i, fashion_mnist::classes[static_cast<std::size_t>(tn::argmax(model(x)).item())]);
    }

    auto const file = std::filesystem::temp_directory_path() / "tenon-fashion-mnist.safetensors";
    tn::io::save_safetensors(file, model);
    classifier second;
    tn::io::load_safetensors(file, second);
    auto const [x, y] = exam[3];
    bool const same = static_cast<bool>(tn::all(model(x) == second(x)));
    std::cout << "\nsaved " << file.string() << "; a second network with these weights predicts "
              << (same ? "the same" : "something else") << '\n';
    return same ? 0 : 1;
} catch (std::exception const& e) {
    std::cerr << e.what() << '\n';
    return 1;
}
