// PyTorch's C++ interface, from the libraries inside its Python wheel. A program of its own: its headers and its BLAS stay apart.
#include <torch/torch.h>

#include "network.hpp"
#include "work.hpp"

namespace {

/// Sets all parameters to where every side starts.
template <class Shape>
void start(std::vector<torch::Tensor> const& parameters) {
    torch::NoGradGuard no_gradients;
    for (std::size_t i = 0; i != parameters.size(); ++i)
        network::fill_parameter({parameters[i].data_ptr<float>(), static_cast<std::size_t>(parameters[i].numel())}, i,
                                Shape::sizes[i / 2]);
}

/// Fully connected layers with relu between them.
template <class Shape>
struct classifier : torch::nn::Module {
    std::array<torch::nn::Linear, Shape::layers> layers = make(std::make_index_sequence<Shape::layers>{});

    template <std::size_t... I>
    static std::array<torch::nn::Linear, Shape::layers> make(std::index_sequence<I...>) {
        return {torch::nn::Linear(Shape::sizes[I], Shape::sizes[I + 1])...};
    }
    classifier() {
        for (std::size_t i = 0; i != Shape::layers; ++i) register_module("fc" + std::to_string(i + 1), layers[i]);
        start<Shape>(parameters());
    }
    torch::Tensor forward(torch::Tensor x) {
        for (std::size_t i = 0; i + 1 != Shape::layers; ++i) x = torch::relu(layers[i](x));
        return layers.back()(x);
    }
};

template <std::size_t Batch>
struct classifier<network::lenet<Batch>> : torch::nn::Module {
    torch::nn::Conv2d conv1{torch::nn::Conv2dOptions(1, 6, 5).padding(2)}, conv2{torch::nn::Conv2dOptions(6, 16, 5)};
    torch::nn::Linear fc1{400, 120}, fc2{120, 84}, fc3{84, 10};

    classifier() {
        register_module("conv1", conv1);
        register_module("conv2", conv2);
        register_module("fc1", fc1);
        register_module("fc2", fc2);
        register_module("fc3", fc3);
        start<network::lenet<Batch>>(parameters());
    }
    torch::Tensor forward(torch::Tensor x) {
        x = torch::max_pool2d(torch::relu(conv1(x.view({-1, 1, 28, 28}))), 2);
        x = torch::max_pool2d(torch::relu(conv2(x)), 2).flatten(1);
        return fc3(torch::relu(fc2(torch::relu(fc1(x)))));
    }
};

template <class Shape>
torch::Tensor inputs() {
    auto x = torch::empty({static_cast<std::int64_t>(Shape::batch), static_cast<std::int64_t>(Shape::in)});
    work::fill({x.template data_ptr<float>(), static_cast<std::size_t>(x.numel())}, network::inputs_sequence);
    return x;
}

template <class Shape>
struct step {
    classifier<Shape> model;
    torch::optim::Adam optimizer{model.parameters(), torch::optim::AdamOptions(network::learning_rate)};
    torch::Tensor x = inputs<Shape>();
    std::vector<torch::Tensor> sets;
    std::size_t at = 0;
    float loss = 0;

    step() {
        for (std::size_t s = 0; s != network::label_sets; ++s) {
            auto y = torch::empty({static_cast<std::int64_t>(Shape::batch)}, torch::kInt64);
            for (std::size_t i = 0; i != Shape::batch; ++i) y.template data_ptr<std::int64_t>()[i] = Shape::label(s, i);
            sets.push_back(y);
        }
    }
    void run() {
        optimizer.zero_grad();
        auto l = torch::nn::functional::cross_entropy(model.forward(x), sets[at++ % network::label_sets]);
        l.backward();
        optimizer.step();
        loss = l.template item<float>();
    }
    auto result() { return network::losses(*this); }
};

template <class Shape>
struct scores {
    torch::InferenceMode mode;
    classifier<Shape> model;
    torch::Tensor x = inputs<Shape>(), out;

    void run() { out = model.forward(x); }
    auto result() {
        run();
        return std::span(out.template data_ptr<float>(), Shape::out);
    }
};

}  // namespace

int main(int count, char** arguments) {
    char const* const threads = std::getenv("OMP_NUM_THREADS");
    torch::set_num_threads(threads ? std::atoi(threads) : 1);
    work::add<step<network::shape<4, 10, 5, 2>>>("training/10-5-2 x4", "LibTorch");
    work::add<step<network::shape<64, 784, 128, 10>>>("training/784-128-10 x64", "LibTorch");
    work::add<step<network::shape<128, 784, 256, 128, 10>>>("training/784-256-128-10 x128", "LibTorch");
    work::add<step<network::shape<256, 784, 512, 512, 10>>>("training/784-512-512-10 x256", "LibTorch");
    work::add<step<network::lenet<64>>>("training/lenet x64", "LibTorch");
    work::add<scores<network::shape<1, 10, 5, 2>>>("inference/10-5-2", "LibTorch");
    work::add<scores<network::shape<1, 784, 128, 10>>>("inference/784-128-10", "LibTorch");
    return work::main(count, arguments);
}
