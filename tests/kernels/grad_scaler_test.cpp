// Scaled losses of device models: the device finds what is not finite, and leaves the step out, by itself.
#include "device.hpp"

#include <cstddef>
#include <limits>

using namespace device_test;
namespace nn = tenon::nn;

namespace {

template <class Device = tn::cpu>
struct network {
    nn::linear<12, 7, Device> fc1;
    nn::linear<7, 3, Device> fc2;
    auto operator()(auto const& x) const { return fc2(tn::relu(fc1(x))); }
};

template <class Model, class Optimizer, class Scaler, class X, class Y, class Weight>
void do_step(Model& model, Optimizer& optimizer, Scaler& scaler, X const& x, Y const& y, Weight const& weight,
             bool clips) {
    optimizer.zero_grad();
    tn::backward(scaler.scale(tn::cross_entropy(model(x), y) * weight));
    if (clips) {
        scaler.unscale();
        nn::clip_grad_norm(model, 0.1f);
    }
    scaler.step();
    scaler.update();
}

/// Whether ten steps end in the same parameters, and the scales are the same after each. In the fifth the loss has so
/// great a weight that the scale makes it infinite.
/// @param captured whether the device replays a step that was recorded
template <class Make>
bool steps_agree(Make const& make, bool clips, bool captured) {
    tn::generator gen{21};
    network<> host;
    network<tn::cuda::device> device;
    tn::copy(host, device);
    auto const y = tn::randint<std::int64_t, 16>(0, 3, gen);
    auto const dy = tn::to<tn::cuda::device>(y);
    auto a = make(host);
    auto b = make(device);
    tn::optim::grad_scaler_options const options{.init_scale = 1024, .growth_interval = 3};
    tn::optim::grad_scaler host_scaler(a, options);
    tn::optim::grad_scaler device_scaler(b, options);
    tn::cuda::tensor<float, 16, 12> dx;
    tn::cuda::tensor<float> dweight;
    auto const device_step = [&] { do_step(device, b, device_scaler, dx, dy, dweight, clips); };
    auto const next = [&](int step) {
        auto const x = tn::randn<float, 16, 12>(gen);
        tn::tensor<float> const weight(step == 4 ? 1e36f : 1.f);
        dx = tn::to<tn::cuda::device>(x);
        dweight = tn::to<tn::cuda::device>(weight);
        do_step(host, a, host_scaler, x, y, weight, clips);
    };
    auto const same_state = [&] {
        auto const e = host_scaler.state_dict(), f = device_scaler.state_dict();
        return e.scale == f.scale && e.growth_tracker == f.growth_tracker;
    };
    // The first step, which makes the optimiser's buffers, cannot be recorded.
    next(0);
    device_step();
    bool good = same_state();
    if (captured) {
        auto const replay = tn::cuda::capture(device_step);
        for (int i = 1; i != 10; ++i) {
            next(i);
            replay();
            good = good && same_state();
        }
    } else
        for (int i = 1; i != 10; ++i) {
            next(i);
            device_step();
            good = good && same_state();
        }
    good = good && host_scaler.get_scale().item() == 2048.f;
    network<> result;
    tn::copy(device, result);
    return good && tn::allclose(result.fc1.weight.value(), host.fc1.weight.value(), {.rtol = 1e-4, .atol = 1e-5}) &&
           tn::allclose(result.fc2.bias.value(), host.fc2.bias.value(), {.rtol = 1e-4, .atol = 1e-5});
}

template <class Device>
struct mixed {
    typename Device::template variable<float, 70, 61> large;  // more than one block
    typename Device::template variable<double, 3> wide;
    typename Device::template variable<float, 1> one[70];  // more than one list
};

}  // namespace

TEST_CASE("scaled steps on the device are the processor's, and one that is not finite is left out", "[kernels]") {
    for (bool const captured : {false, true})
        for (bool const clips : {false, true}) {
            CHECK(steps_agree([](auto& m) { return tn::optim::adam(m, {.lr = 1e-2f}); }, clips, captured));
            CHECK(steps_agree([](auto& m) { return tn::optim::sgd(m, {.lr = 0.1f, .momentum = 0.9f}); }, clips,
                              captured));
        }
}

TEST_CASE("a gradient that is not finite is found in every list", "[kernels]") {
    mixed<tn::cuda::device> m;
    tn::optim::sgd optimizer(m, {.lr = 1});
    tn::optim::grad_scaler scaler(optimizer, {.init_scale = 8});
    m.large.grad() = tn::cuda::full<float, 70, 61>(16.f);
    m.wide.grad() = tn::cuda::full<double, 3>(24.);
    m.one[69].grad() = tn::cuda::full<float, 1>(32.f);
    auto const launches = calls::launches;
    scaler.unscale();
    CHECK(calls::launches - launches == 4);
    CHECK_FALSE(scaler.found_inf().item());
    CHECK(same(tn::to<tn::cpu>(m.large.grad()), tn::full<float, 70, 61>(2.f)));
    CHECK(same(tn::to<tn::cpu>(m.wide.grad()), tn::full<double, 3>(3.)));
    CHECK(same(tn::to<tn::cpu>(m.one[69].grad()), tn::full<float, 1>(4.f)));
    scaler.step();
    scaler.update();
    CHECK(same(tn::to<tn::cpu>(m.wide.value()), tn::full<double, 3>(-3.)));

    auto const left_out = [&](auto& v, std::size_t at, auto x) {
        optimizer.zero_grad();
        auto g = tn::to<tn::cpu>(v.grad());
        g.data()[at] = x;
        v.grad() = tn::to<tn::cuda::device>(g);
        m.wide.grad() = m.wide.grad() + tn::cuda::full<double, 3>(1.);
        scaler.step();
        bool const found = scaler.found_inf().item();
        scaler.update();
        return found && !scaler.found_inf().item() && same(tn::to<tn::cpu>(m.wide.value()), tn::full<double, 3>(-3.));
    };
    float const infinity = std::numeric_limits<float>::infinity();
    CHECK(left_out(m.large, 0, infinity));
    CHECK(left_out(m.large, 70 * 61 - 1, -infinity));
    CHECK(left_out(m.wide, 2, std::numeric_limits<double>::quiet_NaN()));
    CHECK(left_out(m.one[0], 0, std::numeric_limits<float>::quiet_NaN()));
    CHECK(left_out(m.one[69], 0, infinity));
    CHECK(scaler.get_scale().item() == 0.25f);
}

TEST_CASE("a scaled step has three launches more", "[kernels]") {
    network<tn::cuda::device> model;
    auto const x = tn::cuda::randn<float, 16, 12>();
    auto const y = tn::cuda::randint<std::int64_t, 16>(0, 3);
    tn::optim::adam optimizer(model);
    tn::optim::grad_scaler scaler(optimizer);
    do_step(model, optimizer, scaler, x, y, 1.f, false);
    auto const allocations = calls::allocations, launches = calls::launches, copies = calls::copies;
    do_step(model, optimizer, scaler, x, y, 1.f, false);
    CHECK(calls::allocations == allocations);
    CHECK(calls::copies == copies);
    // Those of the step alone; the loss's product with the scale, the gradients', the new scale.
    CHECK(launched(calls::launches - launches, 8 + 3));
}

TEST_CASE("a scaler on the device goes on where one of the processor was", "[kernels]") {
    tn::variable<float, 2> v;
    tn::cuda::variable<float, 2> w(tn::zeros<float, 2>());
    tn::optim::sgd of_host(v);
    tn::optim::sgd of_device(w);
    tn::optim::grad_scaler host(of_host, {.init_scale = 16, .growth_factor = 4, .growth_interval = 2});
    tn::optim::grad_scaler device(of_device);
    auto const good_step = [](auto& scaler) {
        scaler.step();
        scaler.update();
    };
    good_step(host);
    good_step(device);
    auto const recorded = tn::cuda::capture([&] { good_step(device); });
    device.load_state_dict(host.state_dict());
    CHECK(device.get_scale().item() == 16.f);
    good_step(device);
    CHECK(device.get_scale().item() == 64.f);
    recorded();
    CHECK(device.state_dict().growth_tracker == 1);
    host.load_state_dict(device.state_dict());
    good_step(host);
    CHECK(host.get_scale().item() == 256.f);

    tn::optim::grad_scaler off(of_device, {.enabled = false});
    w.grad() = tn::cuda::full<float, 2>(1.f);
    tn::backward(off.scale(tn::sum(w)));
    good_step(off);
    CHECK(tn::to<tn::cpu>(w.value())(1) == Approx(-2e-3f));
}
