#include <cmath>
#include <string>

#include <tenon/tenon.hpp>

#include "../catch.hpp"

namespace tn = tenon;
namespace nn = tenon::nn;

namespace {

struct net {
    nn::linear<6, 5> fc1;
    nn::linear<5, 3> fc2;
    auto operator()(auto const& x) const { return fc2(tn::tanh(fc1(x))); }
};

template <class Make>
void check_fifty_steps(std::string const& name, Make make) {
    auto const file = tn::io::load_safetensors(TENON_TESTS_DIR "/optim/data/optim.safetensors");
    auto const x = file.get<float, 8, 6>("x");
    auto const t = file.get<std::int64_t, 8>("t");
    net model;
    model.fc1.weight.value() = file.get<float, 5, 6>("start.fc1.weight");
    model.fc1.bias.value() = file.get<float, 5>("start.fc1.bias");
    model.fc2.weight.value() = file.get<float, 3, 5>("start.fc2.weight");
    model.fc2.bias.value() = file.get<float, 3>("start.fc2.bias");
    auto optimizer = make(model);
    for (int i = 0; i != 50; ++i) {
        optimizer.zero_grad();
        tn::backward(tn::cross_entropy(model(x), t));
        optimizer.step();
    }
    auto check = [](auto const& found, auto const& expected) {
        for (std::size_t i = 0; i != found.size(); ++i)
            CHECK(std::abs(found.data()[i] - expected.data()[i]) <= 1e-5f * (1 + std::abs(expected.data()[i])));
    };
    check(model.fc1.weight.value(), file.get<float, 5, 6>(name + ".fc1.weight"));
    check(model.fc1.bias.value(), file.get<float, 5>(name + ".fc1.bias"));
    check(model.fc2.weight.value(), file.get<float, 3, 5>(name + ".fc2.weight"));
    check(model.fc2.bias.value(), file.get<float, 3>(name + ".fc2.bias"));
}

}  // namespace

TEST_CASE("fifty steps agree with PyTorch's") {
    namespace optim = tn::optim;
    check_fifty_steps("sgd", [](net& m) { return optim::sgd(m, {.lr = 0.1f}); });
    check_fifty_steps("sgd_momentum", [](net& m) { return optim::sgd(m, {.lr = 0.1f, .momentum = 0.9f, .weight_decay = 0.01f}); });
    check_fifty_steps("sgd_dampening", [](net& m) { return optim::sgd(m, {.lr = 0.1f, .momentum = 0.9f, .dampening = 0.3f}); });
    check_fifty_steps("sgd_nesterov", [](net& m) { return optim::sgd(m, {.lr = 0.05f, .momentum = 0.9f, .nesterov = true}); });
    check_fifty_steps("adam", [](net& m) { return optim::adam(m, {.lr = 0.01f}); });
    check_fifty_steps("adam_decay", [](net& m) { return optim::adam(m, {.lr = 0.01f, .betas = {0.8f, 0.99f}, .eps = 1e-6f, .weight_decay = 0.1f}); });
    check_fifty_steps("adamw", [](net& m) { return optim::adamw(m, {.lr = 0.01f, .weight_decay = 0.1f}); });
}

TEST_CASE("an optimiser takes a single variable, and its rate can be set") {
    tn::variable w(tn::tensor({3.f, -2.f}));
    tn::optim::sgd descent(w, {.lr = 0.1f});
    CHECK(descent.lr() == 0.1f);
    descent.lr() = 0.25f;
    tn::backward(tn::sum(tn::square(w)));
    descent.step();
    CHECK(w.value()(0) == 1.5f);
    descent.zero_grad();
    CHECK(w.grad()(0) == 0.f);
}
