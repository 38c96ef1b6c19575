// Training that is stopped and goes on elsewhere: equal, bit for bit, to training that was not stopped.
#include <tenon/tenon.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "../catch.hpp"
#include "../error_of.hpp"
#include "../io/folder.hpp"

namespace tn = tenon;
namespace optim = tenon::optim;

namespace {

struct net {
    tn::variable<float, 5> w{tn::tensor({1.f, -2.f, 3.f, .5f, -.25f})};
    std::vector<tn::variable<double, 2>> more = std::vector<tn::variable<double, 2>>(1);
};
/// A step along gradients that depend on the parameters and on the step's number.
template <class Model, class Optimizer>
void step(Model& model, Optimizer& optimizer, int number) {
    tn::nn::visit_parameters(model, [&](auto& v) {
        using T = typename std::remove_reference_t<decltype(v)>::value_type;
        for (std::size_t i = 0; i != v.size(); ++i)
            v.grad()(i) = v.value()(i) * T(.7) + T(number % 3) - T(i) * T(.3) - T(.1);
    });
    optimizer.step();
}
template <class Model>
std::vector<double> values(Model& model) {
    std::vector<double> all;
    tn::nn::visit_parameters(model, [&](auto& v) { all.insert(all.end(), v.value().begin(), v.value().end()); });
    return all;
}
template <class Optimizer, class Options>
void check_resumed(Options options) {
    net model;
    Optimizer optimizer(model, options);
    for (int s : {1, 2, 3}) step(model, optimizer, s);
    optimizer.lr() *= .5f;
    auto const saved = optimizer.state_dict();
    net other = model;
    Optimizer resumed(other);
    resumed.load_state_dict(saved);
    CHECK(resumed.state_dict() == saved);
    for (int s : {4, 5, 6}) {
        step(model, optimizer, s);
        step(other, resumed, s);
    }
    CHECK(values(other) == values(model));
    CHECK(resumed.state_dict() == optimizer.state_dict());
}
template <template <class> class Scheduler, class Options>
auto made(Options const& options) {
    return [options](auto& o) { return std::make_unique<Scheduler<std::remove_reference_t<decltype(o)>>>(o, options); };
}
template <class Make, class Step>
void check_scheduler(Make const& make, Step const& advance) {
    net model, other;
    optim::sgd optimizer(model, {.lr = .1f, .momentum = .9f}), resumed(other, {.lr = 9.f, .momentum = .1f});
    auto const scheduler = make(optimizer), later = make(resumed);
    int s = 0;
    for (; s != 4; ++s) advance(*scheduler, s);
    auto const saved = scheduler->state_dict();
    resumed.load_state_dict(optimizer.state_dict());
    later->load_state_dict(saved);
    CHECK(later->state_dict() == saved);
    for (; s != 9; ++s) {
        advance(*scheduler, s);
        advance(*later, s);
        CHECK((resumed.lr() == optimizer.lr() && resumed.options().momentum == optimizer.options().momentum));
    }
}

}  // namespace

TEST_CASE("every optimiser goes on where another one was") {
    check_resumed<optim::sgd<net>>(optim::sgd_options{.lr = .1f});
    check_resumed<optim::sgd<net>>(optim::sgd_options{.lr = .1f, .momentum = .9f, .dampening = .1f});
    check_resumed<optim::adam<net>>(optim::adam_options{.lr = .1f, .betas = {.8, .97}});
    check_resumed<optim::adam<net>>(optim::adam_options{.lr = .1f, .amsgrad = true, .maximize = true});
    check_resumed<optim::adamw<net>>(optim::adamw_options{.lr = .1f, .weight_decay = .3f});
    check_resumed<optim::nadam<net>>(optim::nadam_options{.lr = .1f});
    check_resumed<optim::radam<net>>(optim::radam_options{.lr = .1f});
    check_resumed<optim::adamax<net>>(optim::adamax_options{.lr = .1f});
    check_resumed<optim::adagrad<net>>(optim::adagrad_options{.lr = .1f, .initial_accumulator_value = .5f});
    check_resumed<optim::adadelta<net>>(optim::adadelta_options{.lr = .9f});
    check_resumed<optim::rmsprop<net>>(optim::rmsprop_options{.lr = .1f});
    check_resumed<optim::rmsprop<net>>(optim::rmsprop_options{.lr = .1f, .momentum = .9f, .centered = true});
}

TEST_CASE("every scheduler goes on where another one was") {
    auto const plain = [](auto& s, int) { s.step(); };
    check_scheduler(made<optim::step_lr>(optim::step_lr_options{.step_size = 3}), plain);
    check_scheduler(made<optim::cosine_annealing_lr>(optim::cosine_annealing_lr_options{.t_max = 5}), plain);
    check_scheduler(made<optim::cosine_annealing_warm_restarts>(
                        optim::cosine_annealing_warm_restarts_options{.t_0 = 3, .t_mult = 2}),
                    plain);
    check_scheduler(made<optim::one_cycle_lr>(optim::one_cycle_lr_options{.max_lr = 1, .total_steps = 10}), plain);
    check_scheduler(made<optim::linear_lr>(optim::linear_lr_options{.total_iters = 7}), plain);
    check_scheduler(made<optim::reduce_lr_on_plateau>(optim::reduce_lr_on_plateau_options{.patience = 1}),
                    [](auto& s, int at) { s.step(at < 2 ? 5. - at : 7.); });
}

TEST_CASE("a file keeps a model with all that trains it") {
    tenon_test::folder f;
    tn::manual_seed(5);
    net model, other;
    optim::adam optimizer(model, {.lr = .1f}), resumed(other);
    optim::exponential_lr scheduler(optimizer, {.gamma = .9}), later(resumed, {.gamma = .9});
    optim::grad_scaler scaler(optimizer, {.init_scale = 8}), other_scaler(resumed);
    for (int s : {1, 2}) {
        step(model, optimizer, s);
        scheduler.step();
    }
    static_cast<void>(tn::randn<float, 3>().eval());
    tn::io::save_safetensors(f / "run", model, optimizer, scheduler, scaler, tn::default_generator());
    tn::tensor const next = tn::randn<float, 3>();
    tn::manual_seed(6);
    tn::io::load_safetensors(f / "run", other, resumed, later, other_scaler, tn::default_generator());
    CHECK(values(other) == values(model));
    CHECK(resumed.state_dict() == optimizer.state_dict());
    CHECK(later.state_dict() == scheduler.state_dict());
    CHECK(other_scaler.get_scale().item() == 8.f);
    CHECK(static_cast<bool>(tn::all(tn::randn<float, 3>() == next)));

    // A model can be read alone, and as PyTorch names it.
    net alone;
    tn::io::load_safetensors(f / "run", alone);
    CHECK(values(alone) == values(model));
    CHECK(tn::io::load_safetensors(f / "run").get<float, 5>("optimizer.state.w.exp_avg").size() == 5);

    // What does not fit changes nothing, and the file and the entry are named.
    net third, untouched;
    optim::sgd wrong(third, {.lr = 3.f});
    CHECK_THAT(error_of<tn::io_error>([&] { tn::io::load_safetensors(f / "run", third, wrong); }),
               tenon_test::contains("run") && tenon_test::contains("adam") && tenon_test::contains("sgd"));
    optim::adam right(third, {.lr = 3.f});
    optim::step_lr other_kind(right, {.step_size = 1});
    auto const before = right.state_dict();
    CHECK_THAT(error_of<tn::io_error>([&] { tn::io::load_safetensors(f / "run", third, right, other_kind); }),
               tenon_test::contains("exponential_lr"));
    CHECK((right.state_dict() == before && values(third) == values(untouched)));
    CHECK_THAT(error_of<tn::io_error>([&] { tn::io::load_safetensors(f / "run", third, right, later, scheduler); }),
               tenon_test::contains("scheduler2"));

    auto state = optimizer.state_dict();
    auto e = state.at("state.w.exp_avg");
    e.extents = {1, 5};
    state.set("state.w.exp_avg", e);
    CHECK_THAT(error_of<tn::shape_error>([&] { resumed.load_state_dict(state); }),
               tenon_test::contains("state.w.exp_avg") && tenon_test::contains("[1, 5]"));
    state = optimizer.state_dict();
    state.set("state.more.1.exp_avg", 1);
    CHECK_THROWS_AS(resumed.load_state_dict(state), tn::io_error);
    // Before the first step there are no buffers, and a state of then takes them away.
    right.load_state_dict(before);
    resumed.load_state_dict(before);
    CHECK(resumed.state_dict() == before);
    static_assert(!std::is_move_constructible_v<decltype(right)> && !std::is_copy_assignable_v<decltype(right)>);
}
