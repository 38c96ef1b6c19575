// What surrounds expressions on the device: random numbers, transfers, optimisers, captured steps.
#include "../io/folder.hpp"
#include "device.hpp"

using namespace device_test;
namespace nn = tenon::nn;

namespace {

template <class Device = tn::cpu>
struct network {
    nn::linear<12, 7, Device> fc1;
    nn::linear<7, 3, Device> fc2;
    auto operator()(auto const& x) const { return fc2(tn::relu(fc1(x))); }
};

/// Whether ten steps with an optimiser end in the same parameters.
template <class Make>
bool steps_agree(Make const& make) {
    tn::generator gen{21};
    network<> host;
    network<tn::cuda::device> device;
    tn::copy(host, device);
    auto const x = tn::randn<float, 16, 12>(gen);
    auto const y = tn::randint<std::int64_t, 16>(0, 3, gen);
    auto const dx = tn::to<tn::cuda::device>(x);
    auto const dy = tn::to<tn::cuda::device>(y);
    auto a = make(host);
    auto b = make(device);
    for (int i = 0; i != 10; ++i) {
        a.zero_grad();
        b.zero_grad();
        tn::backward(tn::cross_entropy(host(x), y));
        tn::backward(tn::cross_entropy(device(dx), dy));
        a.step();
        b.step();
    }
    network<> result;
    tn::copy(device, result);
    return tn::allclose(result.fc1.weight.value(), host.fc1.weight.value(), {.rtol = 1e-4, .atol = 1e-5}) &&
           tn::allclose(result.fc2.bias.value(), host.fc2.bias.value(), {.rtol = 1e-4, .atol = 1e-5});
}

}  // namespace

TEST_CASE("the device draws the processor's random numbers", "[kernels]") {
    tn::generator a{9}, b{9};
    CHECK(same(tn::to<tn::cpu>(tn::cuda::randn<float, 333>(a)), tn::randn<float, 333>(b)));
    CHECK(same(tn::to<tn::cpu>(tn::cuda::rand<double, 7, 5>(a)), tn::rand<double, 7, 5>(b)));
    CHECK(
        same(tn::to<tn::cpu>(tn::cuda::randint<std::int64_t, 50>(-3, 9, a)), tn::randint<std::int64_t, 50>(-3, 9, b)));
    CHECK(same(tn::to<tn::cpu>(tn::cuda::bernoulli<bool, 50>(0.3, a)), tn::bernoulli<bool, 50>(0.3, b)));
    CHECK(a.counter() == b.counter());
    CHECK(same(tn::to<tn::cpu>(tn::cuda::ones<float, 3>()), tn::ones<float, 3>()));
    CHECK(same(tn::to<tn::cpu>(tn::cuda::full<int, 2, 2>(7)), tn::full<int, 2, 2>(7)));
}

TEST_CASE("optimisers move a model as on the processor", "[kernels]") {
    CHECK(steps_agree([](auto& m) { return tn::optim::adam(m, {.lr = 1e-2f}); }));
    CHECK(steps_agree([](auto& m) { return tn::optim::adamw(m, {.lr = 1e-2f, .amsgrad = true}); }));
    CHECK(steps_agree([](auto& m) { return tn::optim::sgd(m, {.lr = 0.1f}); }));
    CHECK(steps_agree([](auto& m) { return tn::optim::sgd(m, {.lr = 0.1f, .momentum = 0.9f, .dampening = 0.5f}); }));
    CHECK(steps_agree([](auto& m) { return tn::optim::rmsprop(m, {.lr = 1e-2f, .centered = true}); }));
}

TEST_CASE("a training step asks the driver for memory in its first round alone", "[kernels]") {
    network<tn::cuda::device> model;
    auto const x = tn::cuda::randn<float, 16, 12>();
    auto const y = tn::cuda::randint<std::int64_t, 16>(0, 3);
    tn::optim::adam optimizer(model);
    auto const step = [&] {
        optimizer.zero_grad();
        tn::backward(tn::cross_entropy(model(x), y));
        optimizer.step();
    };
    step();
    step();
    auto const allocations = calls::allocations, launches = calls::launches;
    step();
    CHECK(calls::allocations == allocations);
    // Two calls forward, three back, with biases and relu; the loss, its gradient, the optimiser's step.
    CHECK(launched(calls::launches - launches, 8));
}

TEST_CASE("a captured step replays what was recorded", "[kernels]") {
    network<tn::cuda::device> model, twin;
    tn::copy(model, twin);
    auto const x = tn::cuda::randn<float, 16, 12>();
    auto const y = tn::cuda::randint<std::int64_t, 16>(0, 3);
    tn::optim::adam optimizer(model), other(twin);
    tn::cuda::tensor<float> loss;
    auto const eager = [&] {
        optimizer.zero_grad();
        loss = tn::backward(tn::cross_entropy(model(x), y));
        optimizer.step();
    };
    eager();
    auto recorded = tn::cuda::capture(eager);
    for (int i = 0; i != 5; ++i) {
        auto const noise = tn::cuda::randn<float, 500>();  // uses memory that the step must not use
        recorded();
    }
    for (int i = 0; i != 6; ++i) {
        other.zero_grad();
        tn::backward(tn::cross_entropy(twin(x), y));
        other.step();
    }
    network<> a, b;
    tn::copy(model, a);
    tn::copy(twin, b);
    CHECK(same(a.fc1.weight.value(), b.fc1.weight.value()));
    CHECK_THROWS_AS(tn::cuda::capture([&] { return loss.item(); }), tn::cuda::error);
    CHECK(loss.item() == loss.item());
}

TEST_CASE("zeros are written where nothing overwrites them", "[kernels]") {
    tn::generator gen{22};
    tn::cuda::variable<float, 4, 3> const w(tn::randn<float, 4, 3>(gen));
    tn::cuda::variable<float, 3> unused(tn::randn<float, 3>(gen));
    auto const x = tn::to<tn::cuda::device>(tn::randn<float, 5, 4>(gen));
    auto& v = const_cast<tn::cuda::variable<float, 4, 3>&>(w);
    auto const loss = [&] { return tn::sum(tn::matmul(x, w)) + tn::sum(w * w); };
    auto const grad = [](auto const& u) { return tn::to<tn::cpu>(u.grad()); };
    tn::backward(loss());
    auto const once = grad(w);
    for (bool const also_before : {false, true}) {
        if (also_before) v.zero_grad();
        v.zero_grad();
        tn::backward(loss());
        CHECK(same(grad(w), once));
    }
    tn::backward(tn::sum(unused * 2.f));
    unused.zero_grad();
    CHECK(same(grad(unused), tn::zeros<float, 3>()));
    auto copy = v;
    v.zero_grad();
    auto const zero = v;
    CHECK(same(grad(zero), tn::zeros<float, 4, 3>()));
    v = copy;
    CHECK(same(grad(v), once));

    // Zeros before a recording belong to no replay, zeros at its end to each.
    v.zero_grad();
    auto const adds = tn::cuda::capture([&] { tn::backward(loss()); });
    adds();
    CHECK(same(grad(w), once));
    adds();
    CHECK(same(grad(w), once * 2.f));
    v.zero_grad();
    auto const ends_with_zeros = tn::cuda::capture([&] {
        tn::backward(loss());
        v.zero_grad();
    });
    ends_with_zeros();
    CHECK(same(grad(w), tn::zeros<float, 4, 3>()));
    tn::backward(loss());
    auto const begins_with_zeros = tn::cuda::capture([&] {
        v.zero_grad();
        tn::backward(loss());
    });
    CHECK(same(grad(w), once));
    for (int i = 0; i != 2; ++i) begins_with_zeros();
    CHECK(same(grad(w), once));
    v.zero_grad();
    CHECK_THROWS_AS(tn::cuda::capture([&] {
                        v.zero_grad();
                        return tn::sum(w).item();
                    }),
                    tn::cuda::error);
    CHECK(same(grad(w), tn::zeros<float, 4, 3>()));
}

TEST_CASE("models of different structure are not copied", "[kernels]") {
    network<> model;
    nn::linear<12, 7, tn::cuda::device> layer;
    CHECK_THROWS_AS(tn::copy(model, layer), tn::shape_error);
}

TEST_CASE("a model on the device is saved and loaded as one of the processor", "[kernels]") {
    tenon_test::folder f;
    network<> host;
    network<tn::cuda::device> device, second;
    tn::copy(host, device);
    tn::io::save_safetensors(f / "host", host);
    tn::io::save_safetensors(f / "device", device);
    float const* const memory = second.fc1.weight.value().device_data();
    for (char const* const file : {"host", "device"}) {
        second = network<tn::cuda::device>();
        tn::io::load_safetensors(f / file, second);
        network<> found;
        tn::copy(second, found);
        CHECK(same(found.fc1.weight.value(), host.fc1.weight.value()));
        CHECK(same(found.fc2.bias.value(), host.fc2.bias.value()));
    }
    CHECK(second.fc1.weight.value().device_data() == memory);
    nn::linear<12, 7, tn::cuda::device> other;
    CHECK_THROWS_AS(tn::io::load_safetensors(f / "device", other), tn::io_error);
}

TEST_CASE("training on the device that is stopped goes on bit for bit", "[kernels]") {
    tenon_test::folder f;
    tn::generator gen{4};
    network<tn::cuda::device> model, other;
    tn::optim::adam optimizer(model, {.lr = .01f}), resumed(other, {.lr = 1.f});
    auto const x = tn::cuda::randn<float, 16, 12>(gen);
    auto const y = tn::cuda::randint<std::int64_t, 16>(0, 3, gen);
    auto const step = [&](auto& m, auto& o) {
        o.zero_grad();
        tn::backward(tn::cross_entropy(m(x), y));
        o.step();
    };
    for (int i = 0; i != 3; ++i) step(model, optimizer);
    tn::io::save_safetensors(f / "run", model, optimizer);
    tn::io::load_safetensors(f / "run", other, resumed);
    for (int i = 0; i != 3; ++i) {
        step(model, optimizer);
        step(other, resumed);
    }
    CHECK(same(tn::to<tn::cpu>(other.fc1.weight.value()), tn::to<tn::cpu>(model.fc1.weight.value())));
    CHECK(resumed.state_dict() == optimizer.state_dict());
    // A state is the same wherever the model lives.
    network<> host;
    tn::optim::adam on_host(host);
    on_host.load_state_dict(optimizer.state_dict());
    CHECK(on_host.state_dict() == optimizer.state_dict());
}
