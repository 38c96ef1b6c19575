#include <cmath>
#include <complex>
#include <cstring>
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

TEST_CASE("complex parameters move as both parts would by themselves") {
    using complex = std::complex<float>;
    tn::variable<complex, 5> z;
    tn::variable<float, 5, 2> x;
    for (std::size_t i = 0; i != 5; ++i) {
        z.value()(i) = complex(static_cast<float>(i) + 1, 2 - static_cast<float>(i));
        x.value()(i, 0) = z.value()(i).real();
        x.value()(i, 1) = z.value()(i).imag();
    }
    tn::optim::adam of_z(z, {.lr = 0.1});
    tn::optim::adam of_x(x, {.lr = 0.1});
    for (int step = 0; step != 3; ++step) {
        of_z.zero_grad();
        of_x.zero_grad();
        tn::backward(tn::sum(tn::square(tn::abs(z))));
        tn::backward(tn::sum(tn::square(x)));
        CHECK(std::abs(nn::clip_grad_norm(z, 2.f) - nn::clip_grad_norm(x, 2.f)) < 1e-4f);
        of_z.step();
        of_x.step();
    }
    CHECK(std::abs(x.value()(0, 0) - 0.7f) < 1e-2f);
    CHECK(tn::allclose(tn::view_as_real(z.value()), x.value(), {.atol = 1e-5}));
}

TEST_CASE("fifty steps agree with PyTorch's") {
    namespace optim = tn::optim;
    check_fifty_steps("sgd", [](net& m) { return optim::sgd(m, {.lr = 0.1f}); });
    check_fifty_steps("sgd_momentum",
                      [](net& m) { return optim::sgd(m, {.lr = 0.1f, .momentum = 0.9f, .weight_decay = 0.01f}); });
    check_fifty_steps("sgd_dampening",
                      [](net& m) { return optim::sgd(m, {.lr = 0.1f, .momentum = 0.9f, .dampening = 0.3f}); });
    check_fifty_steps("sgd_nesterov",
                      [](net& m) { return optim::sgd(m, {.lr = 0.05f, .momentum = 0.9f, .nesterov = true}); });
    check_fifty_steps("adam", [](net& m) { return optim::adam(m, {.lr = 0.01f}); });
    check_fifty_steps("adam_decay", [](net& m) {
        return optim::adam(m, {.lr = 0.01f, .betas = {0.8f, 0.99f}, .eps = 1e-6f, .weight_decay = 0.1f});
    });
    check_fifty_steps("adamw", [](net& m) { return optim::adamw(m, {.lr = 0.01f, .weight_decay = 0.1f}); });
    check_fifty_steps("adam_amsgrad",
                      [](net& m) { return optim::adam(m, {.lr = 0.05f, .betas = {0.5f, 0.6f}, .amsgrad = true}); });
    check_fifty_steps("adamw_amsgrad", [](net& m) {
        return optim::adamw(
            m, {.lr = 0.05f, .betas = {0.5, 0.6}, .weight_decay = 0.1f, .amsgrad = true, .maximize = true});
    });
}

TEST_CASE("fifty steps of the less common optimisers agree with PyTorch's") {
    namespace optim = tn::optim;
    check_fifty_steps("rmsprop", [](net& m) { return optim::rmsprop(m); });
    check_fifty_steps("rmsprop_options", [](net& m) {
        return optim::rmsprop(
            m, {.lr = 0.005f, .alpha = 0.9f, .eps = 1e-5f, .weight_decay = 0.01f, .momentum = 0.5f, .centered = true});
    });
    check_fifty_steps("adagrad", [](net& m) { return optim::adagrad(m); });
    check_fifty_steps("adagrad_options", [](net& m) {
        return optim::adagrad(
            m, {.lr = 0.05f, .lr_decay = 0.1f, .weight_decay = 0.01f, .initial_accumulator_value = 0.1f});
    });
    check_fifty_steps("adadelta", [](net& m) { return optim::adadelta(m); });
    check_fifty_steps("adadelta_options", [](net& m) {
        return optim::adadelta(m, {.lr = 0.5f, .rho = 0.8f, .eps = 1e-4f, .weight_decay = 0.01f});
    });
    check_fifty_steps("adamax", [](net& m) { return optim::adamax(m); });
    check_fifty_steps("adamax_options", [](net& m) {
        return optim::adamax(m, {.lr = 0.01f, .betas = {0.8f, 0.99f}, .weight_decay = 0.01f});
    });
    check_fifty_steps("nadam", [](net& m) { return optim::nadam(m); });
    check_fifty_steps("nadam_options", [](net& m) {
        return optim::nadam(m, {.lr = 0.01f, .weight_decay = 0.01f, .momentum_decay = 0.01f});
    });
    check_fifty_steps("nadam_decoupled", [](net& m) {
        return optim::nadam(m, {.lr = 0.01f, .weight_decay = 0.1f, .decoupled_weight_decay = true});
    });
    check_fifty_steps("radam", [](net& m) { return optim::radam(m, {.lr = 0.01f}); });
    check_fifty_steps("radam_options", [](net& m) {
        return optim::radam(m, {.lr = 0.01f, .betas = {0.8f, 0.99f}, .weight_decay = 0.01f});
    });
    check_fifty_steps("radam_decoupled", [](net& m) {
        return optim::radam(m, {.lr = 0.01f, .weight_decay = 0.1f, .decoupled_weight_decay = true});
    });
}

TEST_CASE("what is kept of gradients that stay zero fades to nothing that processors are slow with") {
    namespace optim = tn::optim;
    auto const fades = [](auto make, float first, float second) {
        tn::variable w(tn::tensor({0.5f, 0.5f}));
        auto optimizer = make(w);
        w.grad() = tn::tensor({1.f, 1e-4f});
        for (int i = 0; i != 20000; ++i) {
            optimizer.step();
            w.zero_grad();
        }
        for (auto const& [name, entry] : optimizer.state_dict().entries()) {
            if (entry.type == tn::element_type_of<double>()) {
                double number = 0;
                std::memcpy(&number, entry.bytes.data(), sizeof number);
                CHECK(std::fpclassify(number) != FP_SUBNORMAL);
            }
            if (entry.type != tn::element_type_of<float>()) continue;
            INFO(name);
            float kept[2];
            std::memcpy(kept, entry.bytes.data(), sizeof kept);
            for (float k : kept) CHECK(std::fpclassify(k) != FP_SUBNORMAL);
        }
        CHECK(std::abs(w.value()(0) - first) <= 2e-6f);
        CHECK(std::abs(w.value()(1) - second) <= 2e-6f);
    };
    // The same steps by torch.optim, in float.
    fades([](auto& w) { return optim::sgd(w, {.lr = 0.01, .momentum = 0.9}); }, 0.4f, 0.49999f);
    fades([](auto& w) { return optim::adam(w); }, 0.493994713f, 0.493996143f);
    fades([](auto& w) { return optim::adam(w, {.eps = 0}); }, 0.493994713f, 0.493994713f);
    fades([](auto& w) { return optim::adam(w, {.amsgrad = true}); }, 0.494019061f, 0.49402076f);
    fades([](auto& w) { return optim::nadam(w); }, 0.495370001f, 0.495371103f);
    fades([](auto& w) { return optim::rmsprop(w, {.momentum = 0.9}); }, -0.499999583f, -0.499000549f);
    fades([](auto& w) { return optim::adadelta(w); }, 0.496837735f, 0.499900043f);
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
    CHECK_THROWS_AS((tn::optim::sgd(w, {.lr = -0.1f})), std::invalid_argument);
    CHECK_THROWS_AS((tn::optim::adam(w, {.eps = -1e-8})), std::invalid_argument);
    CHECK_THROWS_AS((tn::optim::adam(w, {.betas = {0.9, 1}})), std::invalid_argument);
}

TEST_CASE("every optimiser takes a variable and a pipeline") {
    namespace optim = tn::optim;
    auto const descends = [](auto make) {
        tn::variable w(tn::tensor({3.0, -2.0}));
        auto of_variable = make(w);
        auto pipeline = nn::linear<2, 3>{} | nn::tanh{} | nn::linear<3, 1>{};
        auto of_pipeline = make(pipeline);
        auto const x = tn::ones<float, 4, 2>();
        auto const of_w = [&] { return tn::sum(tn::square(w)); };
        auto const of_p = [&] { return tn::mean(tn::square(pipeline(x) - 5.f)); };
        double const first_w = of_w().item(), first_p = static_cast<double>(of_p().item());
        for (int i = 0; i != 5; ++i) {
            of_variable.zero_grad(), of_pipeline.zero_grad();
            tn::backward(of_w()), tn::backward(of_p());
            of_variable.step(), of_pipeline.step();
        }
        CHECK(of_w().item() < first_w);
        CHECK(static_cast<double>(of_p().item()) < first_p);
    };
    descends([](auto& m) { return optim::rmsprop(m, {.momentum = 0.5f}); });
    descends([](auto& m) { return optim::adagrad(m); });
    descends([](auto& m) { return optim::adadelta(m); });
    descends([](auto& m) { return optim::adamax(m); });
    descends([](auto& m) { return optim::nadam(m); });
    descends([](auto& m) { return optim::radam(m); });
    descends([](auto& m) { return optim::adam(m, {.amsgrad = true}); });
}
