// Training steps of small networks in one launch of one block.
#include "fused.hpp"

using namespace device_test;

namespace {

template <class Device>
struct classifier {
    nn::linear<10, 5, Device> fc1;
    nn::linear<5, 2, Device> fc2;
    auto operator()(auto const& x) const { return fc2(tn::relu(fc1(x))); }
};
template <class Device>
struct regression {
    nn::linear<7, 13, Device> fc1;
    nn::linear<13, 1, Device, nn::no_bias> fc2;
    auto operator()(auto const& x) const { return fc2(tn::tanh(fc1(x))); }
};
/// Named nodes, of which one is used three times; a weight that two products share; factors that are broadcast.
template <class Device>
struct residual {
    nn::linear<9, 6, Device> fc1;
    nn::linear<6, 6, Device> fc2;
    typename Device::template variable<float, 6> scale =
        typename Device::template variable<float, 6>(tn::full<float, 6>(0.7f));
    typename Device::template variable<float, 1> shift =
        typename Device::template variable<float, 1>(tn::full<float, 1>(0.1f));
    auto operator()(auto const& x) const {
        auto const h = tn::let(tn::relu(fc1(x)));
        auto const k = tn::let(h + tn::sigmoid(fc2(h)) * scale + shift);
        return fc2(k * h) + k;
    }
};
template <class Device>
struct wide {
    nn::linear<33, 41, Device> fc1;
    nn::linear<41, 3, Device> fc2;
    auto operator()(auto const& x) const { return fc2(tn::relu(fc1(x))); }
};

}  // namespace

TEST_CASE("fused steps train a classifier as the processor does", "[kernels]") {
    tn::generator gen{81};
    auto const agree = [&]<std::size_t Batch>(std::integral_constant<std::size_t, Batch>) {
        auto const x = tn::randn<float, Batch, 10>(gen);
        auto const y = tn::randint<std::int64_t, Batch>(0, 2, gen);
        return steps_agree<classifier>(adamax, cross_entropy, x, y);
    };
    CHECK(agree(std::integral_constant<std::size_t, 1>{}));
    CHECK(agree(std::integral_constant<std::size_t, 3>{}));
    CHECK(agree(std::integral_constant<std::size_t, 17>{}));
    CHECK(steps_agree<wide>(adamax, cross_entropy, tn::randn<float, 23, 33>(gen),
                            tn::randint<std::int64_t, 23>(0, 3, gen)));
}

TEST_CASE("fused steps of a regression, and of named nodes", "[kernels]") {
    tn::generator gen{82};
    auto const squares = [](auto const& model, auto const& x, auto const& y) { return tn::mse_loss(model(x), y); };
    CHECK(steps_agree<regression>(adamax, squares, tn::randn<float, 70, 7>(gen), tn::randn<float, 70, 1>(gen)));
    CHECK(steps_agree<residual>(adamax, squares, tn::randn<float, 5, 9>(gen), tn::randn<float, 5, 6>(gen)));
}

TEST_CASE("a fused step sets the model's gradients and adds to others", "[kernels]") {
    tn::generator gen{86};
    auto const x = tn::randn<float, 3, 10>(gen);
    auto const y = tn::randint<std::int64_t, 3>(0, 2, gen);
    classifier<tn::cpu> host;
    classifier<tn::cuda::device> device;
    tn::copy(host, device);
    tn::optim::adagrad a(host.fc1, {.lr = 0.1f});
    tn::optim::adagrad b(device.fc1, {.lr = 0.1f});
    auto const dx = tn::to<tn::cuda::device>(x);
    auto const dy = tn::to<tn::cuda::device>(y);
    auto fused = tn::cuda::fuse(b, [&] { return tn::cross_entropy(device(dx), dy); });
    for (int i = 0; i != 3; ++i) {
        a.zero_grad();
        tn::backward(tn::cross_entropy(host(x), y));
        a.step();
        fused();
    }
    CHECK(close(numbers(device), numbers(host)));

    // Parameters that the loss does not reach have a gradient of zero.
    tn::optim::adamax c(host, {.lr = 1e-2f, .weight_decay = 0.1f});
    tn::optim::adamax d(device, {.lr = 1e-2f, .weight_decay = 0.1f});
    auto part = tn::cuda::fuse(d, [&] { return tn::mean(tn::square(device.fc1(dx))); });
    for (int i = 0; i != 3; ++i) {
        c.zero_grad();
        tn::backward(tn::mean(tn::square(host.fc1(x))));
        c.step();
        part();
    }
    CHECK(close(numbers(device), numbers(host)));
}
