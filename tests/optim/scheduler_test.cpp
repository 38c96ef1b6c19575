#include <cmath>
#include <stdexcept>
#include <string>

#include <tenon/tenon.hpp>

#include "../catch.hpp"

namespace tn = tenon;
namespace optim = tenon::optim;

namespace {

using model = tn::variable<float, 2>;

auto const& data() {
    static auto const file = tn::io::load_safetensors(TENON_TESTS_DIR "/optim/data/optim.safetensors");
    return file;
}
bool close(double found, double expected) {
    return std::abs(found - expected) <= 2e-6 * std::abs(expected) + 1e-12;
}

/// Compares the rates that a scheduler sets with PyTorch's: the one when it is made, and one after each step.
template <class Make>
void check_rates(std::string const& name, Make make) {
    model m;
    optim::sgd optimizer(m, {.lr = 0.1f, .momentum = 0.5f});
    auto scheduler = make(optimizer);
    auto const expected = data().get<double, tn::dyn>("lr." + name);
    for (std::size_t i = 0; i != expected.size(); ++i) {
        if (i > 0) scheduler.step();
        INFO(name << " after " << i << " steps: " << optimizer.lr() << ", PyTorch " << expected(i));
        CHECK(close(optimizer.lr(), expected(i)));
        CHECK(scheduler.last_lr() == optimizer.lr());
    }
    CHECK(scheduler.last_epoch() == expected.size() - 1);
}

}  // namespace

TEST_CASE("schedulers set PyTorch's rates") {
    check_rates("step_lr", [](auto& o) { return optim::step_lr(o, {.step_size = 7}); });
    check_rates("multi_step_lr",
                [](auto& o) { return optim::multi_step_lr(o, {.milestones = {3, 9, 9, 20}, .gamma = 0.5f}); });
    check_rates("exponential_lr", [](auto& o) { return optim::exponential_lr(o, {.gamma = 0.9f}); });
    check_rates("constant_lr", [](auto& o) { return optim::constant_lr(o); });
    check_rates("linear_lr", [](auto& o) { return optim::linear_lr(o); });
    check_rates("linear_lr_down",
                [](auto& o) { return optim::linear_lr(o, {.start_factor = 1, .end_factor = 0.1f, .total_iters = 8}); });
    check_rates("polynomial_lr", [](auto& o) { return optim::polynomial_lr(o, {.total_iters = 8, .power = 2}); });
    check_rates("cosine_annealing_lr",
                [](auto& o) { return optim::cosine_annealing_lr(o, {.t_max = 8, .eta_min = 0.001f}); });
    check_rates("cosine_annealing_warm_restarts", [](auto& o) {
        return optim::cosine_annealing_warm_restarts(o, {.t_0 = 4, .t_mult = 2, .eta_min = 0.001f});
    });
    check_rates("one_cycle_lr", [](auto& o) { return optim::one_cycle_lr(o, {.max_lr = 0.5f, .total_steps = 20}); });
    check_rates("one_cycle_lr_linear", [](auto& o) {
        return optim::one_cycle_lr(o, {.max_lr = 0.5f,
                                       .epochs = 4,
                                       .steps_per_epoch = 5,
                                       .pct_start = 0.4f,
                                       .anneal_strategy = optim::anneal_strategy::linear,
                                       .three_phase = true});
    });
    check_rates("lambda_lr", [](auto& o) {
        return optim::lambda_lr(o, [](std::size_t t) { return 1 / (1 + static_cast<double>(t)); });
    });
}

TEST_CASE("one_cycle_lr moves momentum, or the first of Adam's betas, the other way") {
    model m;
    optim::sgd sgd(m, {.lr = 0.1f});
    optim::adam adam(m, {.lr = 0.1f});
    optim::one_cycle_lr of_sgd(sgd, {.max_lr = 0.5f, .total_steps = 20});
    optim::one_cycle_lr of_adam(adam, {.max_lr = 0.5f, .total_steps = 20});
    auto const expected = data().get<double, tn::dyn>("momentum.one_cycle_lr");
    for (std::size_t i = 0; i != expected.size(); ++i) {
        if (i > 0) of_sgd.step(), of_adam.step();
        CHECK(close(sgd.options().momentum, expected(i)));
        CHECK(close(static_cast<float>(adam.options().betas.first), expected(i)));
    }
    CHECK_THROWS_AS(of_sgd.step(), std::logic_error);
    optim::adagrad adagrad(m);
    CHECK_THROWS_AS(optim::one_cycle_lr(adagrad, {.max_lr = 0.5f, .total_steps = 20}), std::invalid_argument);
    CHECK_NOTHROW(optim::one_cycle_lr(adagrad, {.max_lr = 0.5f, .total_steps = 20, .cycle_momentum = false}));
}

TEST_CASE("schedulers of one optimiser multiply") {
    model m;
    optim::sgd optimizer(m, {.lr = 0.1f});
    optim::linear_lr warm_up(optimizer, {.start_factor = 0.5f});
    optim::exponential_lr decay(optimizer, {.gamma = 0.9f});
    auto const expected = data().get<double, tn::dyn>("lr.chained");
    for (std::size_t i = 0; i != expected.size(); ++i) {
        if (i > 0) warm_up.step(), decay.step();
        CHECK(close(optimizer.lr(), expected(i)));
    }
}

TEST_CASE("reduce_lr_on_plateau follows its metric as PyTorch's does") {
    auto const metrics = data().get<double, tn::dyn>("metrics");
    auto const check = [&](std::string const& name, optim::reduce_lr_on_plateau_options options) {
        model m;
        optim::sgd optimizer(m, {.lr = 0.1f});
        optim::reduce_lr_on_plateau scheduler(optimizer, options);
        auto const expected = data().get<double, tn::dyn>("lr." + name);
        for (std::size_t i = 0; i != expected.size(); ++i) {
            scheduler.step(metrics(i));
            INFO(name << " after " << i + 1 << " steps: " << optimizer.lr() << ", PyTorch " << expected(i));
            CHECK(close(scheduler.last_lr(), expected(i)));
        }
    };
    check("plateau", {.patience = 2});
    check("plateau_cooldown", {.factor = 0.5f, .patience = 1, .cooldown = 2, .min_lr = 0.02f});
    check("plateau_max", {.mode = optim::plateau_mode::max,
                          .factor = 0.5f,
                          .patience = 1,
                          .threshold = 0.05f,
                          .threshold_mode = optim::threshold_mode::abs});
    model m;
    optim::sgd optimizer(m);
    optim::reduce_lr_on_plateau scheduler(optimizer);
    scheduler.step(tn::tensor(1.f));  // what backward returns
}

TEST_CASE("schedulers refuse options that make no schedule") {
    model m;
    optim::sgd o(m);
    CHECK_THROWS_AS(optim::step_lr(o, {}), std::invalid_argument);
    CHECK_THROWS_AS(optim::cosine_annealing_lr(o, {}), std::invalid_argument);
    CHECK_THROWS_AS(optim::one_cycle_lr(o, {.max_lr = 1}), std::invalid_argument);
    CHECK_THROWS_AS(optim::linear_lr(o, {.start_factor = 0}), std::invalid_argument);
    CHECK_THROWS_AS(optim::reduce_lr_on_plateau(o, {.factor = 1}), std::invalid_argument);
}
