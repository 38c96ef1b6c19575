// Normalisation over a batch: statistics of the batch and running ones.
#include "device.hpp"

using namespace device_test;
namespace nn = tenon::nn;

namespace {

/// Whether values, gradients and running statistics are the processor's over a few batches, and in evaluation mode
/// after them.
template <template <std::size_t, class> class Layer, std::size_t Channels, class X>
bool layers_agree(X const& x) {
    tn::generator gen{91};
    Layer<Channels, tn::cpu> host;
    host.weight = tn::variable(tn::randn<float, Channels>(gen));
    host.bias = tn::variable(tn::randn<float, Channels>(gen));
    Layer<Channels, tn::cuda::device> device;
    tn::copy(host, device);
    on_both const g(X(tn::sin(x * 5.f)));
    auto host_x = host_variable(x);
    auto device_x = device_variable(x);
    auto const step = [&](auto const& layer, auto const& v) { return tn::sum(layer(tn::tanh(v)) * g.where(v)); };
    bool good = true;
    for (int i = 0; i != 4; ++i) {
        if (i == 2) {
            nn::eval(host);
            nn::eval(device);
        }
        auto const expected = tn::backward(step(host, host_x)).item(),
                   found = tn::backward(step(device, device_x)).item();
        good = good && std::abs(found - expected) <= 1e-4 * (1 + std::abs(expected));
        good = good && same(device.running_mean, host.running_mean) && same(device.running_var, host.running_var) &&
               device.num_batches_tracked.item() == host.num_batches_tracked.item();
    }
    return good && same(device_x.grad(), host_x.grad()) && same(device.weight.grad(), host.weight.grad()) &&
           same(device.bias.grad(), host.bias.grad());
}

}  // namespace

TEST_CASE("batch_norm moves its statistics as on the processor", "[kernels]") {
    tn::generator gen{92};
    // Columns of any number, stretches of one element and of more, with and without whole packs.
    for (std::size_t const rows : {101u, 5u})
        CHECK(layers_agree<nn::batch_norm1d, 40>(tn::randn<float, tn::dyn, 40>(rows, gen)));
    CHECK(layers_agree<nn::batch_norm1d, 3>(tn::randn<float, 400, 3>(gen)));
    CHECK(layers_agree<nn::batch_norm1d, 1>(tn::randn<float, 5, 1>(gen)));
    CHECK(layers_agree<nn::batch_norm1d, 3>(tn::randn<float, 4, 3, 5>(gen)));
    CHECK(layers_agree<nn::batch_norm2d, 2>(tn::randn<float, 3, 2, 64, 64>(gen)));
    CHECK(layers_agree<nn::batch_norm2d, 19>(tn::randn<float, tn::dyn, 19, 3, tn::dyn>(2, 7, gen)));
}

TEST_CASE("batch_norm as a function", "[kernels]") {
    tn::generator gen{93};
    auto const x = tn::randn<double, 6, 5, 7>(gen);
    auto const w = tn::randn<double, 5>(gen), b = tn::randn<double, 5>(gen);
    on_both const g(tn::randn<double, 6, 5, 7>(gen));
    CHECK(gradients_agree(
        [&](auto const& a, auto const& u, auto const& v) { return tn::sum(tn::batch_norm(a, u, v) * g.where(a)); }, x,
        w, b));
    on_both mean(tn::randn<double, 5>(gen)), var(tn::rand<double, 5>(gen));
    auto const evaluated = [&](auto const& a, auto const& u, auto const& v) {
        // Running statistics that are only read.
        auto& m = const_cast<std::remove_cvref_t<decltype(mean.where(a))>&>(mean.where(a));
        auto& s = const_cast<std::remove_cvref_t<decltype(var.where(a))>&>(var.where(a));
        return tn::sum(tn::batch_norm(a, m, s, u, v) * g.where(a));
    };
    CHECK(gradients_agree(evaluated, x, w, b));
    auto const dx = tn::to<tn::cuda::device>(x);
    auto const dw = tn::to<tn::cuda::device>(w);
    tn::batch_norm_options const options{.training = true, .momentum = 0.3, .eps = 1e-2};
    tn::tensor y = tn::batch_norm(x, mean.host, var.host, w, w, options);
    tn::cuda::tensor dy = tn::batch_norm(dx, mean.device, var.device, dw, dw, options);
    CHECK(same(dy, y));
    CHECK(same(mean.device, mean.host));
    CHECK(same(var.device, var.host));
}

TEST_CASE("channels far from 0 keep their variance", "[kernels]") {
    tn::generator gen{94};
    tn::tensor const x = tn::randn<float, 50, 3, 9, 11>(gen) * 0.5f + 1e4f;
    auto const w = tn::ones<float, 3>(), b = tn::zeros<float, 3>();
    tn::tensor const exact = tn::batch_norm(tn::cast<double>(x), w, b);
    auto const dw = tn::to<tn::cuda::device>(w);
    auto const db = tn::to<tn::cuda::device>(b);
    tn::cuda::tensor const found = tn::batch_norm(tn::to<tn::cuda::device>(x), dw, db);
    // A few roundings of the mean, 5e-4 each, in standard deviations.
    CHECK(tn::allclose(tn::cast<double>(tn::to<tn::cpu>(found)), exact, {.rtol = 1e-4, .atol = 4 * 5e-4 / 0.5}));
}

TEST_CASE("batches that are too small are refused, empty ones are not in evaluation mode", "[kernels]") {
    nn::batch_norm1d<4, tn::cuda::device> layer;
    auto const one = tn::cuda::ones<float, 1, 4>();
    bool refused = false;
    try {
        (void)layer(one).eval();
    } catch (tn::shape_error const&) { refused = true; }
    CHECK(refused);
    CHECK(layer.num_batches_tracked.item() == 0);
    nn::eval(layer);
    CHECK(tn::to<tn::cpu>(layer(one).eval())(0, 3) > 0.99f);
    CHECK(layer(tn::cuda::zeros<float, tn::dyn, 4>(0)).eval().size() == 0);
}

TEST_CASE("every replay of a captured step moves the running statistics once", "[kernels]") {
    tn::generator gen{95};
    auto const x = tn::randn<float, 6, 5, 3>(gen);
    nn::batch_norm1d<5> host;
    nn::batch_norm1d<5, tn::cuda::device> device;
    tn::copy(host, device);
    auto const dx = tn::to<tn::cuda::device>(x);
    tn::cuda::tensor<float> loss;
    auto const step = tn::cuda::capture([&] { loss = tn::backward(tn::sum(tn::square(device(dx)))); });
    CHECK(device.num_batches_tracked.item() == 0);
    float expected = 0;
    for (int i = 0; i != 3; ++i) {
        step();
        expected = tn::backward(tn::sum(tn::square(host(x)))).item();
    }
    CHECK(std::abs(loss.item() - expected) < 1e-3f);
    CHECK(device.num_batches_tracked.item() == 3);
    CHECK(same(device.running_mean, host.running_mean));
    CHECK(same(device.running_var, host.running_var));
}
