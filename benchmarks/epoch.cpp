// An epoch of Fashion-MNIST with what feeds it: 937 batches of 64 pictures in random order, divided by 255. What is compared is the mean
// loss of a first epoch, which differs a little with the order.
#include "networks_by_hand.hpp"
#include "networks_with_tenon.hpp"
#if WITH_DLIB
#include "networks_with_dlib.hpp"
#endif
#include "work.hpp"

#include <algorithm>
#include <filesystem>
#include <numeric>
#include <random>

#include <tenon/data/fashion_mnist.hpp>

namespace tn = tenon;

namespace {

using epoch_shape = network::shape<64, 784, 128, 10>;

tn::data::fashion_mnist const& pictures() {
    static tn::data::fashion_mnist const all(tn::data::split::train);
    return all;
}

struct tenon_epoch {
    with_tenon::step<epoch_shape> trainer;
    tn::data::loader<tn::data::fashion_mnist const&, 64> loader{pictures(), tn::data::batch<64>(), {.shuffle = true}};
    float mean_loss = 0;

    void run() {
        auto& [model, optimizer, criterion, unused_x, unused_sets, unused_at, loss] = trainer;
        mean_loss = 0;
        for (auto const& [x, y] : loader) {
            optimizer.zero_grad();
            mean_loss += tn::backward(criterion(model(x), y)) / static_cast<float>(loader.size());
            optimizer.step();
        }
    }
    auto result() {
        run();
        return std::vector{mean_loss};
    }
};

/// For libraries without a loader: batches of shuffled pictures, by hand.
struct shuffled {
    std::vector<std::size_t> order = std::vector<std::size_t>(pictures().size());
    std::mt19937 random;

    void start() {
        std::iota(order.begin(), order.end(), std::size_t{0});
        std::ranges::shuffle(order, random);
    }
    static constexpr std::size_t batches = 937;
    template <class Label>
    void load(std::size_t batch, float* x, Label* y) const {
        for (std::size_t i = 0; i != 64; ++i) {
            std::size_t const picture = order[64 * batch + i];
            std::uint8_t const* const from = pictures().images().data() + 784 * picture;
            for (std::size_t p = 0; p != 784; ++p) x[784 * i + p] = static_cast<float>(from[p]) * (1 / 255.f);
            y[i] = static_cast<Label>(pictures().labels()(picture));
        }
    }
};

#if WITH_OPENBLAS
struct epoch_by_hand {
    by_hand::classifier<epoch_shape> model;
    by_hand::adam adam;
    shuffled order;
    std::vector<float> x = std::vector<float>(64 * 784);
    std::array<std::int64_t, 64> y;
    float mean_loss = 0;

    void run() {
        mean_loss = 0;
        order.start();
        for (std::size_t b = 0; b != shuffled::batches; ++b) {
            order.load(b, x.data(), y.data());
            mean_loss += model.step(x.data(), y.data(), adam) / shuffled::batches;
        }
    }
    auto result() {
        run();
        return std::vector{mean_loss};
    }
};
#endif

#if WITH_DLIB
struct dlib_epoch {
    with_dlib::step<epoch_shape> trainer;
    shuffled order;
    std::array<unsigned long, 64> y;
    float mean_loss = 0;

    void run() {
        mean_loss = 0;
        order.start();
        for (std::size_t b = 0; b != shuffled::batches; ++b) {
            order.load(b, trainer.x.host_write_only(), y.data());
            trainer.train(trainer.x, y.data());
            mean_loss += trainer.loss / shuffled::batches;
        }
    }
    auto result() {
        run();
        return std::vector{mean_loss};
    }
};
#endif

}  // namespace

int main(int count, char** arguments) {
    if (std::filesystem::exists("/usr/share/datasets/fashion-mnist")) {
        work::add<tenon_epoch>("epoch/784-128-10 x64", "Tenon");
#if WITH_OPENBLAS
        work::add<epoch_by_hand>("epoch/784-128-10 x64", "by hand");
#endif
#if WITH_DLIB
        work::add<dlib_epoch>("epoch/784-128-10 x64", "dlib");
#endif
    }
    return work::main(count, arguments);
}
