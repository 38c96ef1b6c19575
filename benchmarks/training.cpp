// A step of training: forward, mean cross-entropy, backward, Adam; and an epoch of Fashion-MNIST with what feeds it.
#include "networks_by_hand.hpp"
#include "networks_with_eigen.hpp"
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

template <class Shape>
struct tenon_step {
    using labels = tn::tensor<std::int64_t, Shape::batch>;
    with_tenon::classifier<Shape> model;
    tn::optim::adam<with_tenon::classifier<Shape>> optimizer{model, {.lr = network::learning_rate}};
    tn::nn::cross_entropy_loss criterion;
    tn::tensor<float, Shape::batch, Shape::in> x = work::filled(decltype(x)(), network::inputs_sequence);
    std::array<labels, network::label_sets> sets;
    std::size_t at = 0;
    float loss = 0;

    tenon_step() {
        with_tenon::start<Shape>(model);
        for (std::size_t s = 0; s != network::label_sets; ++s)
            for (std::size_t i = 0; i != Shape::batch; ++i) sets[s](i) = Shape::label(s, i);
    }
    void run() {
        optimizer.zero_grad();
        loss = tn::backward(criterion(model(x), sets[at++ % network::label_sets]));
        optimizer.step();
    }
    auto result() { return network::losses(*this); }
};

/// Labels for libraries that take a pointer to them.
template <class Shape, class T>
std::vector<T> all_labels() {
    std::vector<T> all;
    for (std::size_t s = 0; s != network::label_sets; ++s)
        for (std::size_t i = 0; i != Shape::batch; ++i) all.push_back(static_cast<T>(Shape::label(s, i)));
    return all;
}

template <class Shape>
struct eigen_step {
    with_eigen::classifier<Shape> model;
    typename with_eigen::classifier<Shape>::input x =
        work::filled(typename with_eigen::classifier<Shape>::input(Shape::batch, Shape::in), network::inputs_sequence);
    std::vector<std::int64_t> labels = all_labels<Shape, std::int64_t>();
    std::size_t at = 0;
    float loss = 0;

    void run() { loss = model.step(x, labels.data() + at++ % network::label_sets * Shape::batch); }
    auto result() { return network::losses(*this); }
};

template <class Shape, class Model>
struct step_by_hand {
    Model model;
    by_hand::adam adam;
    std::vector<float> x = work::numbers(Shape::batch * Shape::in, network::inputs_sequence);
    std::vector<std::int64_t> labels = all_labels<Shape, std::int64_t>();
    std::size_t at = 0;
    float loss = 0;

    void run() { loss = model.step(x.data(), labels.data() + at++ % network::label_sets * Shape::batch, adam); }
    auto result() { return network::losses(*this); }
};

#if WITH_DLIB
template <class Shape>
struct dlib_step {
    with_dlib::classifier<Shape> net;
    std::vector<dlib::adam> solvers{net.num_computational_layers, dlib::adam(0, 0.9f, 0.999f)};
    dlib::resizable_tensor x = with_dlib::start<Shape>(net);
    std::vector<unsigned long> labels = all_labels<Shape, unsigned long>();
    std::size_t at = 0;
    float loss = 0;

    void run() { step(x, labels.data() + at++ % network::label_sets * Shape::batch); }
    void step(dlib::tensor const& pictures, unsigned long const* right) {
        loss = static_cast<float>(net.compute_loss(pictures, right));
        net.back_propagate_error(pictures);
        net.update_parameters(dlib::make_sstack(solvers), network::learning_rate);
    }
    auto result() { return network::losses(*this); }
};
#endif

template <class Shape>
void add(std::string const& name) {
    work::add<tenon_step<Shape>>(name, "Tenon");
    work::add<eigen_step<Shape>>(name, "Eigen");
#if WITH_DLIB
    work::add<dlib_step<Shape>>(name, "dlib");
#endif
    if constexpr (Shape::in <= 16) work::add<step_by_hand<Shape, by_hand::tiny_classifier<Shape>>>(name, "by hand");
#if WITH_OPENBLAS
    else work::add<step_by_hand<Shape, by_hand::classifier<Shape>>>(name, "by hand");
#endif
}

// An epoch: 937 batches of 64 pictures in random order, divided by 255. What is compared is the mean loss of a first epoch, which
// differs a little with the order.

using epoch_shape = network::shape<64, 784, 128, 10>;

tn::data::fashion_mnist const& pictures() {
    static tn::data::fashion_mnist const all(tn::data::split::train);
    return all;
}

struct tenon_epoch {
    tenon_step<epoch_shape> trainer;
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
    dlib_step<epoch_shape> trainer;
    shuffled order;
    std::array<unsigned long, 64> y;
    float mean_loss = 0;

    void run() {
        mean_loss = 0;
        order.start();
        for (std::size_t b = 0; b != shuffled::batches; ++b) {
            order.load(b, trainer.x.host_write_only(), y.data());
            trainer.step(trainer.x, y.data());
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
    add<network::shape<4, 10, 5, 2>>("training/10-5-2 x4");
    add<network::shape<64, 784, 128, 10>>("training/784-128-10 x64");
    add<network::shape<128, 784, 256, 128, 10>>("training/784-256-128-10 x128");
    add<network::shape<256, 784, 512, 512, 10>>("training/784-512-512-10 x256");
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
