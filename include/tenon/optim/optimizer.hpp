// What optimisers have in common.
#pragma once

#include <cmath>
#include <cstddef>
#include <optional>

#include <tenon/optim/parameter_state.hpp>
#include <tenon/scalar/math.hpp>

namespace tenon::inline TENON_TARGET::optim {

/// βᵗ for t = 1, 2, …: a product from step to step unless β changes.
class running_power {
public:
    TENON_HOST_DEVICE double at(double step, double base) {
        power_ = base == base_ ? power_ * base : std::pow(base, step);
        base_ = base;
        return power_;
    }
    TENON_HOST_DEVICE double last() const { return power_; }

private:
    double base_ = 0, power_ = 1;
};

/// Base of an optimiser: its model, its options, and Count buffers for each parameter, which the first step makes.
/// @tparam Options a struct with a member `lr`
/// @tparam Counters what a rule counts from step to step
template <class Model, class Options, std::size_t Count, class Counters = no_counters>
class optimizer {
public:
    /// The learning rate, to read or to set.
    float& lr() { return options_.lr; }
    Options& options() { return options_; }
    /// Sets every gradient of the model to zero.
    void zero_grad() { optim::zero_grad(*model_); }

protected:
    optimizer(Model& model, Options const& options) : model_(&model), options_(options) {}

    /// Calls `update(parameter, buffers)` for every parameter. The buffers start as zeros; only the first `used` exist,
    /// as many as the first step asks for, and the others are null.
    template <class F>
    void update_each(std::size_t used, F&& update) {
        if (!state_) state_.emplace(*model_, used);
        state_->for_each(*model_, update);
    }
    /// One step of every parameter by a rule (see parameter_state::step), wherever the model lives. `used` as above.
    template <class Rule>
    void step_by(std::size_t used, Rule const& rule) {
        if (!state_) state_.emplace(*model_, used);
        state_->step(*model_, rule);
    }
    /// Begins a step and returns its number, from 1 on.
    double begin_step() { return static_cast<double>(++steps_); }
    /// The sign of gradients and their weight decay: with `maximize` an optimiser climbs.
    double sign() const { return options_.maximize ? -1 : 1; }

    Options& settings() { return options_; }

private:
    Model* model_;
    Options options_;
    std::optional<parameter_state<Model, Count, Counters>> state_;
    std::size_t steps_ = 0;
};

}  // namespace tenon::inline TENON_TARGET::optim
