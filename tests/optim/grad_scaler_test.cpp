#include <cmath>
#include <cstddef>
#include <initializer_list>
#include <limits>
#include <stdexcept>
#include <type_traits>

#include <tenon/tenon.hpp>

#include "../catch.hpp"

namespace tn = tenon;
namespace nn = tenon::nn;
namespace optim = tenon::optim;

namespace {

float const infinity = std::numeric_limits<float>::infinity();
float const not_a_number = std::numeric_limits<float>::quiet_NaN();

tn::tensor const first_w({0.5f, -1.25f, 2.f, 0.125f, -0.75f});
tn::tensor const first_v({1.5, -0.5, 0.25});
struct pair_of_variables {
    tn::variable<float, 5> w{first_w};
    tn::variable<double, 3> v{first_v};
};

/// What twelve steps end with. The loss's factors grow from step to step; in the fourth and fifth the scale makes a
/// gradient infinite, in the tenth one is NaN.
struct outcome {
    float scales[12];
    float w[5];
    double v[3];
    std::size_t growth_tracker;
};

template <class Make>
void check_twelve_steps(outcome const& expected, bool clips, bool decays, Make make) {
    pair_of_variables m;
    auto optimizer = make(m);
    optim::exponential_lr decay(optimizer, {.gamma = 0.9});
    optim::grad_scaler scaler(optimizer, {.init_scale = 4, .growth_interval = 3});
    for (int t = 0; t != 12; ++t) {
        tn::tensor c = tn::tensor({0.5f, -1.f, 2.f, 0.25f, 1.f}) * (1 + 0.25f * static_cast<float>(t));
        if (t == 3 || t == 4) c(4) = 3e38f;
        if (t == 9) c(0) = not_a_number;
        optimizer.zero_grad();
        tn::backward(scaler.scale(tn::sum(m.w * c) + tn::sum(m.v * m.v) + tn::sum(m.w * m.w)));
        if (clips) {
            scaler.unscale();
            nn::clip_grad_norm(m, 1.0);
        }
        scaler.step();
        CHECK(scaler.found_inf().item() == (t == 3 || t == 4 || t == 9));
        scaler.update();
        CHECK(scaler.get_scale().item() == expected.scales[t]);
        if (decays) decay.step();
    }
    for (std::size_t i = 0; i != 5; ++i) CHECK(m.w.value()(i) == Approx(expected.w[i]).epsilon(2e-6));
    for (std::size_t i = 0; i != 3; ++i) CHECK(m.v.value()(i) == Approx(expected.v[i]).epsilon(1e-7));
    auto const state = scaler.state_dict();
    CHECK(state.scale == expected.scales[11]);
    CHECK(state.growth_tracker == expected.growth_tracker);
}

/// Whether a bad step leaves what an optimiser keeps as it is: with it and without it the next steps are the same.
template <class Make>
bool bad_step_leaves_all(Make make) {
    auto const run = [&](int bad) {
        tn::variable<float, 5> w(tn::tensor({0.5f, -1.25f, 2.f, 0.125f, -0.75f}));
        auto optimizer = make(w);
        optim::grad_scaler scaler(optimizer);
        for (int t = 0; t != 4; ++t) {
            if (t == bad) {
                w.grad() = tn::tensor({1.f, 2.f, 3.f, infinity, 5.f});
                auto const before = w.value();
                scaler.step();
                scaler.update();
                for (std::size_t i = 0; i != 5; ++i) CHECK(w.value()(i) == before(i));
            }
            optimizer.zero_grad();
            tn::backward(scaler.scale(tn::sum(tn::square(w) * tn::tensor({1.f, 2.f, 3.f, 4.f, 5.f}))));
            scaler.step();
            scaler.update();
        }
        return w.value();
    };
    auto const expected = run(-1);
    bool good = true;
    for (int const bad : {0, 2}) {
        auto const found = run(bad);
        for (std::size_t i = 0; i != 5; ++i) good = good && found(i) == expected(i);
    }
    return good;
}

/// Puts numbers that are not finite at positions of a gradient, one after another, and large ones at every other.
template <class Variable>
void check_positions(Variable& w, std::initializer_list<std::size_t> positions) {
    using T = tn::value_t<Variable>;
    optim::sgd optimizer(w);
    optim::grad_scaler scaler(optimizer, {.init_scale = 8, .growth_interval = 0});
    std::size_t const n = w.size();
    T const most = std::numeric_limits<T>::max();
    auto const fill = [&] {
        for (std::size_t i = 0; i != n; ++i) w.grad().data()[i] = i % 2 == 0 ? most : static_cast<T>(i);
    };
    fill();
    scaler.unscale();
    CHECK_FALSE(scaler.found_inf().item());
    bool good = true;
    for (std::size_t i = 0; i != n; ++i)
        good = good && w.grad().data()[i] == (i % 2 == 0 ? most / 8 : static_cast<T>(i) / 8);
    CHECK(good);
    scaler.update();
    for (std::size_t const at : positions)
        for (T const x : {static_cast<T>(infinity), -static_cast<T>(infinity), static_cast<T>(not_a_number)}) {
            fill();
            w.grad().data()[at] = x;
            scaler.unscale();
            good = good && scaler.found_inf().item();
            scaler.update();
            good = good && !scaler.found_inf().item();
            scaler.load_state_dict({8, 2, 0.5, 0, 0});
        }
    CHECK(good);
}

}  // namespace

// Written down from torch.amp.GradScaler('cpu', init_scale=4, growth_interval=3) of PyTorch 2.
TEST_CASE("twelve scaled steps agree with PyTorch's") {
    check_twelve_steps({.scales = {4, 4, 8, 4, 2, 2, 2, 4, 4, 2, 2, 2},
                        .w = {-0.380889952f, -0.352376461f, 1.09586716f, -0.553974092f, -1.00924563f},
                        .v = {0.6484162312344178, 0.18689572856319994, -0.09715017561355863},
                        .growth_tracker = 2},
                       true, false, [](auto& m) { return optim::adam(m, {.lr = 0.1f}); });
    check_twelve_steps({.scales = {4, 4, 8, 4, 2, 2, 2, 4, 4, 2, 2, 2},
                        .w = {-0.408731133f, 0.782857537f, -1.63492453f, -0.221667945f, -1.05969548f},
                        .v = {0.2076284007685302, -0.06920946692284338, 0.03460473346142169},
                        .growth_tracker = 2},
                       false, true,
                       [](auto& m) { return optim::sgd(m, {.lr = 0.1f, .momentum = 0.5f, .dampening = 0.25f}); });
}

TEST_CASE("a step whose gradients are not finite changes nothing of any optimiser") {
    CHECK(bad_step_leaves_all([](auto& m) { return optim::sgd(m, {.momentum = 0.9f, .dampening = 0.5f}); }));
    CHECK(bad_step_leaves_all([](auto& m) { return optim::adam(m, {.amsgrad = true}); }));
    CHECK(bad_step_leaves_all([](auto& m) { return optim::adamw(m); }));
    CHECK(bad_step_leaves_all([](auto& m) { return optim::rmsprop(m, {.momentum = 0.5f}); }));
    CHECK(bad_step_leaves_all([](auto& m) { return optim::adagrad(m, {.initial_accumulator_value = 0.1f}); }));
    CHECK(bad_step_leaves_all([](auto& m) { return optim::adadelta(m); }));
    CHECK(bad_step_leaves_all([](auto& m) { return optim::adamax(m); }));
    CHECK(bad_step_leaves_all([](auto& m) { return optim::nadam(m); }));
    CHECK(bad_step_leaves_all([](auto& m) { return optim::radam(m); }));
}

TEST_CASE("a gradient that is not finite is found wherever it is") {
    tn::variable<float> one(1.f);
    check_positions(one, {0});
    tn::variable<double, 1> single;
    check_positions(single, {0});
    tn::variable<float, 3, 13> odd;
    check_positions(odd, {0, 1, 7, 8, 15, 16, 31, 32, 36, 37, 38});
    tn::variable<double, 23> wide;
    check_positions(wide, {0, 1, 2, 3, 4, 7, 8, 15, 16, 19, 20, 21, 22});
    for (std::size_t const n : std::initializer_list<std::size_t>{0, 1, 16, 37}) {
        tn::tensor<float, tn::dyn> const zeros(n);
        tn::variable v(zeros);
        if (n == 0) check_positions(v, {});
        else check_positions(v, {0, n / 2, n - 1});
    }
    std::size_t const large = (std::size_t{1} << 21) + 3;
    tn::tensor<float, tn::dyn> const zeros(large);
    tn::variable on_threads(zeros);
    check_positions(on_threads, {0, large / 2 - 1, large / 2, large - 2, large - 1});
}

TEST_CASE("the scale of large gradients sinks, and does not grow to infinity") {
    tn::variable<float, 2> w;
    optim::sgd optimizer(w);
    auto const good_step = [](auto& scaler) {
        scaler.step();
        scaler.update();
        return scaler.get_scale().item();
    };
    optim::grad_scaler high(optimizer, {.init_scale = 2e38f, .growth_interval = 1});
    CHECK(good_step(high) == 2e38f);
    CHECK(high.state_dict().growth_tracker == 0);
    optim::grad_scaler still(optimizer, {.init_scale = 3, .growth_interval = 0});
    for (int i = 0; i != 3; ++i) CHECK(good_step(still) == 3.f);
    optim::grad_scaler sinking(optimizer,
                               {.init_scale = 3, .growth_factor = 1.5, .backoff_factor = 0.1, .growth_interval = 2});
    w.grad()(1) = not_a_number;
    float const sunk = static_cast<float>(3 * 0.1);
    CHECK(good_step(sinking) == sunk);
    w.zero_grad();
    CHECK(good_step(sinking) == sunk);
    CHECK(good_step(sinking) == static_cast<float>(static_cast<double>(sunk) * 1.5));
}

TEST_CASE("a scaler is called in PyTorch's order") {
    tn::variable w(tn::tensor({3.f, -2.f}));
    optim::sgd optimizer(w, {.lr = 0.25f});
    optim::grad_scaler scaler(optimizer);
    CHECK_THROWS_AS(scaler.update(), std::logic_error);
    tn::backward(scaler.scale(tn::sum(tn::square(w))));
    CHECK(w.grad()(0) == 6 * 65536.f);
    scaler.unscale();
    CHECK(w.grad()(0) == 6.f);
    CHECK_THROWS_AS(scaler.unscale(), std::logic_error);
    scaler.step();
    CHECK(w.value()(0) == 1.5f);
    CHECK_THROWS_AS(scaler.step(), std::logic_error);
    CHECK_THROWS_AS(scaler.unscale(), std::logic_error);
    scaler.update();
    CHECK_THROWS_AS(scaler.update(), std::logic_error);
    scaler.unscale();
    scaler.update();
    CHECK(w.value()(0) == 1.5f);
    CHECK_THROWS_AS(optim::grad_scaler(optimizer, {.init_scale = 0}), std::invalid_argument);
    CHECK_THROWS_AS(optim::grad_scaler(optimizer, {.growth_factor = 1}), std::invalid_argument);
    CHECK_THROWS_AS(optim::grad_scaler(optimizer, {.backoff_factor = 1}), std::invalid_argument);
}

TEST_CASE("a scaler that is not enabled leaves all to the optimiser") {
    tn::variable w(tn::tensor({3.f, -2.f}));
    optim::sgd optimizer(w, {.lr = 0.25f});
    optim::grad_scaler scaler(optimizer, {.enabled = false});
    CHECK_FALSE(scaler.is_enabled());
    for (float const expected : {1.5f, 0.75f}) {
        optimizer.zero_grad();
        tn::backward(scaler.scale(tn::sum(tn::square(w))));
        scaler.unscale();
        scaler.step();
        scaler.update();
        CHECK(w.value()(0) == expected);
    }
    CHECK(scaler.get_scale().item() == 1.f);
    CHECK(scaler.state_dict().scale == 65536.f);
    scaler.load_state_dict({4, 2, 0.5, 2000, 0});
    CHECK(scaler.get_scale().item() == 1.f);
    w.grad()(1) = infinity;
    scaler.step();
    CHECK(w.value()(1) == -infinity);
}

TEST_CASE("a scaler goes on where another one was") {
    tn::variable<float, 2> w;
    optim::sgd optimizer(w);
    optim::grad_scaler first(optimizer, {.init_scale = 16, .growth_factor = 4, .growth_interval = 3});
    auto const good_step = [](auto& scaler) {
        scaler.step();
        scaler.update();
    };
    good_step(first), good_step(first);
    auto const state = first.state_dict();
    CHECK(state.scale == 16.f);
    CHECK(state.growth_factor == 4);
    CHECK(state.backoff_factor == 0.5);
    CHECK(state.growth_interval == 3);
    CHECK(state.growth_tracker == 2);
    optim::grad_scaler second(optimizer);
    second.load_state_dict(state);
    CHECK(second.get_scale().item() == 16.f);
    good_step(second);
    CHECK(second.get_scale().item() == 64.f);
    float const number = second.get_scale();
    CHECK(number == 64.f);
}

TEST_CASE("losses of either type are scaled, and a pipeline's gradients") {
    auto pipeline = nn::linear<3, 2>{} | nn::relu{} | nn::linear<2, 1>{};
    optim::adam optimizer(pipeline);
    optim::grad_scaler scaler(optimizer, {.init_scale = 1024});
    auto const x = tn::ones<float, 4, 3>();
    auto const loss = [&] { return tn::mean(tn::square(pipeline(x) - 5.f)); };
    static_assert(std::is_same_v<tn::value_t<decltype(scaler.scale(loss()))>, float>);
    static_assert(std::is_same_v<tn::value_t<decltype(scaler.scale(tn::zeros<double>()))>, double>);
    tn::backward(loss());
    double const norm = nn::clip_grad_norm(pipeline, 1e9);
    optimizer.zero_grad();
    CHECK(tn::backward(scaler.scale(loss())).item() == loss().item() * 1024);
    scaler.unscale();
    CHECK(nn::clip_grad_norm(pipeline, 1e9) == Approx(norm));
}
