// Tenon on a CUDA device, for device.py: bandwidth, regions, rows, products, optimisers, training steps as they are and
// captured. Without a device it says so and ends with status 77.
//
//     device [folder with images.u8 and labels.u8]
#include <tenon/cuda.hpp>
#include <tenon/cuda/fuse.hpp>

#include "networks_with_tenon.hpp"
#include "worker.hpp"

#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace tn = tenon;

namespace {

using tn::cuda::device;
template <std::size_t... E>
using floats = tn::cuda::tensor<float, E...>;

constexpr unsigned fill_threads = 256;

__global__ void fill_numbers(float* to, std::size_t n, std::uint64_t sequence, float scale) {
    std::size_t const i = std::size_t{blockIdx.x} * fill_threads + threadIdx.x;
    if (i < n) to[i] = scale * work::number(sequence, i);
}

/// The numbers of numbers.hpp, made where they are wanted: a gigabyte of them takes the host seconds.
template <std::size_t... E>
floats<E...> numbers(std::uint64_t sequence, float scale = 1) {
    floats<E...> t(tn::uninitialized);
    auto const blocks = static_cast<unsigned>((t.size() + fill_threads - 1) / fill_threads);
    tn::cuda::launch("fill_numbers", &fill_numbers, dim3(blocks), fill_threads, t.device_data(), t.size(), sequence,
                     scale);
    return t;
}

/// Elements on the host, each multiplied.
template <class Tensor>
std::vector<float> on_host(Tensor const& t, float factor = 1) {
    auto const here = tn::to<tn::cpu>(t);
    std::vector<float> all(here.data(), here.data() + here.size());
    if (factor != 1)
        for (float& x : all) x *= factor;
    return all;
}

/// What all works have: the device's end is waited for, and the result is `out` after one run.
template <class Work>
struct on_device {
    void wait() const { tn::cuda::synchronize(); }
    std::vector<float> result() {
        auto& self = static_cast<Work&>(*this);
        self.run();
        return on_host(self.out);
    }
};

template <std::size_t N>
struct copy : on_device<copy<N>> {
    floats<N> x = numbers<N>(0), out;
    void run() { out = x; }
};

template <std::size_t N>
struct elementwise : on_device<elementwise<N>> {
    floats<N> a = numbers<N>(0), b = numbers<N>(1), c = numbers<N>(2), d = numbers<N>(3), out;
    void run() { out = a * b + c * tn::exp(-d); }
};

/// Rows lie between these and their negatives, as in rows.cpp, so that a row's exponentials differ.
constexpr float spread = 4;

template <std::size_t Rows, std::size_t Columns>
struct softmax : on_device<softmax<Rows, Columns>> {
    floats<Rows, Columns> x = numbers<Rows, Columns>(0, spread), out;
    void run() { out = tn::softmax<1>(x); }
};

template <std::size_t Rows, std::size_t Columns>
struct layer_norm : on_device<layer_norm<Rows, Columns>> {
    floats<Rows, Columns> x = numbers<Rows, Columns>(0, spread), out;
    floats<Columns> weight = numbers<Columns>(1), bias = numbers<Columns>(2);
    void run() { out = tn::layer_norm(x, weight, bias); }
};

/// The mean loss and its gradient. What is compared is the loss, then the gradient times the rows.
template <std::size_t Rows, std::size_t Columns>
struct cross_entropy : on_device<cross_entropy<Rows, Columns>> {
    tn::cuda::variable<float, Rows, Columns> x{numbers<Rows, Columns>(0, spread)};
    tn::cuda::tensor<std::int64_t, Rows> y = [] {
        tn::tensor<std::int64_t, Rows> labels;
        for (std::size_t i = 0; i != Rows; ++i)
            labels(i) = work::label(network::labels_sequence, i, static_cast<std::int64_t>(Columns));
        return tn::to<device>(labels);
    }();
    floats<> loss;

    void run() {
        x.zero_grad();
        loss = tn::backward(tn::cross_entropy(x, y));
    }
    std::vector<float> result() {
        run();
        auto all = on_host(x.grad(), static_cast<float>(Rows));
        all.insert(all.begin(), loss.item());
        return all;
    }
};

template <std::size_t N>
struct one_parameter {
    tn::cuda::variable<float, N> p;
};

/// Steps with one gradient; the parameters after some of them are compared.
template <std::size_t N>
struct adam : on_device<adam<N>> {
    one_parameter<N> model{tn::cuda::variable<float, N>(numbers<N>(0))};
    tn::optim::adam<one_parameter<N>> optimizer{model, {.lr = network::learning_rate}};

    adam() { model.p.grad() = numbers<N>(1); }
    void run() { optimizer.step(); }
    std::vector<float> result() {
        for (std::size_t i = 0; i != network::compared_steps; ++i) run();
        return on_host(model.p.value());
    }
};

template <std::size_t N, class T, tn::cuda::matmul_precision Precision = tn::cuda::matmul_precision::highest>
struct product : on_device<product<N, T, Precision>> {
    tn::cuda::tensor<T, N, N> a = tn::cast<T>(numbers<N, N>(0)), b = tn::cast<T>(numbers<N, N>(1)), out;
    void run() {
        tn::cuda::set_matmul_precision(Precision);
        out = tn::matmul(a, b);
        tn::cuda::set_matmul_precision(tn::cuda::matmul_precision::highest);
    }
};

/// A step of training, recorded after the first one where it is captured.
template <class Shape, bool Captured>
struct trainer {
    using classifier = with_tenon::classifier<Shape, device>;
    using pixels = floats<Shape::batch, Shape::in>;
    using labels = tn::cuda::tensor<std::int64_t, Shape::batch>;

    classifier model = [] {
        with_tenon::classifier<Shape> start;
        with_tenon::start<Shape>(start);
        classifier there;
        tn::copy(start, there);
        return there;
    }();
    tn::optim::adam<classifier> optimizer{model, {.lr = network::learning_rate}};
    tn::nn::cross_entropy_loss criterion;
    pixels kept_x;
    labels kept_y;
    floats<> loss;
    std::optional<tn::cuda::graph> recorded;

    void step(pixels const& x, labels const& y) {
        optimizer.zero_grad();
        loss = tn::backward(criterion(model(x), y));
        optimizer.step();
    }
    auto const& last_loss() const { return loss; }
    /// @param changes whether x is another one than the last time
    void train(pixels const& x, labels const& y, bool changes) {
        if constexpr (!Captured) step(x, y);
        else {
            if (changes || !recorded) kept_x = x;
            kept_y = y;
            if (recorded) (*recorded)();
            else {
                step(kept_x, kept_y);  // makes the optimiser's buffers
                recorded.emplace(tn::cuda::capture([this] { step(kept_x, kept_y); }));
            }
        }
    }
};

/// The same as one kernel, for small networks.
template <class Shape>
struct fused_trainer : trainer<Shape, false> {
    using base = trainer<Shape, false>;
    static auto fused(base& t) {
        return tn::cuda::fuse(t.optimizer, [&t] { return t.criterion(t.model(t.kept_x), t.kept_y); });
    }
    decltype(fused(std::declval<base&>())) step = fused(*this);
    bool has_x = false;

    auto const& last_loss() const { return step.loss(); }
    void train(typename base::pixels const& x, typename base::labels const& y, bool changes) {
        if (changes || !std::exchange(has_x, true)) this->kept_x = x;
        this->kept_y = y;
        step();
    }
};

template <class Shape, class Trainer>
struct training : on_device<training<Shape, Trainer>> {
    Trainer trained;
    floats<Shape::batch, Shape::in> x = numbers<Shape::batch, Shape::in>(network::inputs_sequence);
    std::vector<typename Trainer::labels> sets;
    std::size_t at = 0;

    training() {
        for (std::size_t s = 0; s != network::label_sets; ++s) {
            tn::tensor<std::int64_t, Shape::batch> labels;
            for (std::size_t i = 0; i != Shape::batch; ++i) labels(i) = Shape::label(s, i);
            sets.emplace_back(labels);
        }
    }
    void run() { trained.train(x, sets[at++ % network::label_sets], false); }
    std::vector<float> result() {
        std::vector<float> losses;
        for (std::size_t i = 0; i != network::compared_steps; ++i) {
            run();
            losses.push_back(trained.last_loss().item());
        }
        return losses;
    }
};

/// Pictures of 784 bytes in one file, and their classes in another.
struct pictures {
    using sample = std::pair<tn::tensor<float, 784>, std::int64_t>;
    inline static std::filesystem::path folder;

    std::vector<std::uint8_t> images = bytes("images.u8"), labels = bytes("labels.u8");

    static std::vector<std::uint8_t> bytes(char const* name) {
        std::ifstream file(folder / name, std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }
    std::size_t size() const { return labels.size(); }
    sample operator[](std::size_t i) const {
        sample s{tn::tensor<float, 784>(tn::uninitialized), labels[i]};
        pixels(i, s.first.data());
        return s;
    }
    template <std::size_t N>
    void load_rows(tn::data::batch_t<sample, N>& batch, std::span<std::size_t const> indices) const {
        static_assert(N != tn::dyn);
        for (std::size_t k = 0; k != N; ++k) {
            pixels(indices[k], batch.first.data() + 784 * k);
            batch.second.data()[k] = labels[indices[k]];
        }
    }

private:
    void pixels(std::size_t i, float* to) const {
        std::uint8_t const* const from = images.data() + 784 * i;
        for (std::size_t p = 0; p != 784; ++p) to[p] = static_cast<float>(from[p]) * (1 / 255.f);
    }
};

/// An epoch with the loader, whose batches are brought ahead. The mean loss is compared.
template <bool Captured>
struct epoch : on_device<epoch<Captured>> {
    using shape = network::shape<64, 784, 128, 10>;

    trainer<shape, Captured> trained;
    pictures all;
    tn::data::loader<pictures const&, shape::batch> loader{
        all, tn::data::batch<shape::batch>(), {.shuffle = true, .workers = 4}};
    decltype(tn::data::prefetch<device>(std::declval<decltype(loader)&>())) batches =
        tn::data::prefetch<device>(loader);
    floats<> out;

    void run() {
        out.clear();
        for (auto const& [x, y] : batches) {
            trained.train(x, y, true);
            out += trained.loss;
        }
        out = out / static_cast<float>(loader.size());
    }
};

template <class Shape>
void add_training(std::string const& name) {
    worker::add<training<Shape, trainer<Shape, false>>>("training/" + name, "Tenon");
    worker::add<training<Shape, trainer<Shape, true>>>("training/" + name, "Tenon captured");
}

}  // namespace

int main(int count, char** arguments) try {
    if (tn::cuda::device_count() == 0) {
        std::cerr << "no CUDA device: nothing measured\n";
        return 77;
    }
    constexpr std::size_t million = std::size_t{1} << 20;
    worker::add<copy<256 * million>>("copy/256M", "Tenon");
    worker::add<elementwise<256 * million>>("elementwise/256M", "Tenon");
    worker::add<softmax<65536, 1024>>("softmax/65536x1024", "Tenon");
    worker::add<layer_norm<65536, 1024>>("layer_norm/65536x1024", "Tenon");
    worker::add<cross_entropy<65536, 1024>>("cross_entropy/65536x1024", "Tenon");
    worker::add<adam<64 * million>>("adam/64M", "Tenon");
    worker::add<product<4096, float>>("product/4096", "Tenon");
    worker::add<product<4096, float, tn::cuda::matmul_precision::tf32>>("product tf32/4096", "Tenon");
    worker::add<product<4096, tn::bfloat16>>("product bf16/4096", "Tenon");
    using small = network::shape<4, 10, 5, 2>;
    add_training<small>("10-5-2 x4");
    worker::add<training<small, fused_trainer<small>>>("training/10-5-2 x4", "Tenon fused");
    add_training<network::shape<64, 784, 128, 10>>("784-128-10 x64");
    add_training<network::shape<256, 784, 512, 512, 10>>("784-512-512-10 x256");
    if (count > 1) {
        pictures::folder = arguments[1];
        worker::add<epoch<false>>("epoch/784-128-10 x64", "Tenon");
        worker::add<epoch<true>>("epoch/784-128-10 x64", "Tenon captured");
    }
    worker::serve(std::cin, std::cout);
    return 0;
} catch (std::exception const& e) {
    std::cerr << e.what() << '\n';
    return 1;
}
