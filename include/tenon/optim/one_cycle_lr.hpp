// The learning rate of one cycle: up, and far down.
#pragma once

#include <cmath>
#include <cstddef>
#include <numbers>
#include <stdexcept>

#include <tenon/optim/scheduler.hpp>

namespace tenon::inline TENON_TARGET::optim {

/// The line along which one_cycle_lr goes.
enum class anneal_strategy { cos, linear };

/// torch.optim.lr_scheduler.OneCycleLR's options.
struct one_cycle_lr_options {
    double max_lr = 0;            ///< has to be given
    std::size_t total_steps = 0;  ///< has to be given, or the next two, whose product it is
    std::size_t epochs = 0;
    std::size_t steps_per_epoch = 0;
    double pct_start = 0.3;  ///< the part of the steps that goes up
    optim::anneal_strategy anneal_strategy = optim::anneal_strategy::cos;
    bool cycle_momentum = true;  ///< whether momentum, or the first of Adam's betas, goes the other way
    double base_momentum = 0.85;
    double max_momentum = 0.95;
    double div_factor = 25;         ///< the first rate is max_lr / div_factor
    double final_div_factor = 1e4;  ///< the last rate is the first / final_div_factor
    bool three_phase = false;       ///< whether the rate comes down to the first one before it goes to the last
};

/// The rate starts at max_lr / div_factor, goes up to max_lr and down to a rate far below, in total_steps steps, one
/// for each batch; Smith and Topin (2018). Follows torch.optim.lr_scheduler.OneCycleLR, which sets the first rate and
/// momentum when it is made. std::invalid_argument for options that are no cycle, std::logic_error for a step after the
/// last.
template <class Optimizer>
class one_cycle_lr : public scheduler<Optimizer> {
public:
    explicit one_cycle_lr(Optimizer& optimizer, one_cycle_lr_options options)
        : scheduler<Optimizer>(optimizer, "one_cycle_lr"), options_(options) {
        if (options_.total_steps == 0) options_.total_steps = options.epochs * options.steps_per_epoch;
        if (options_.total_steps == 0)
            throw std::invalid_argument(
                "one_cycle_lr: total_steps, or epochs and steps_per_epoch, have to be positive");
        if (!(options.pct_start >= 0 && options.pct_start <= 1))
            throw std::invalid_argument("one_cycle_lr: pct_start has to be in [0, 1]");
        set_at(0);
    }
    void step() {
        if (this->last_epoch() >= options_.total_steps)
            throw std::logic_error("one_cycle_lr: the cycle has no more steps");
        set_at(static_cast<double>(this->advance()));
    }

private:
    double anneal(double from, double to, double part) const {
        if (options_.anneal_strategy == anneal_strategy::linear) return from + (to - from) * part;
        return to + (from - to) / 2 * (1 + std::cos(std::numbers::pi * part));
    }
    void set_at(double t) {
        auto const& o = options_;
        double const first = o.max_lr / o.div_factor, last = first / o.final_div_factor;
        double const end = static_cast<double>(o.total_steps) - 1,
                     top = o.pct_start * static_cast<double>(o.total_steps) - 1;
        if (t <= top) go(first, o.max_lr, o.max_momentum, o.base_momentum, top > 0 ? t / top : 1);
        else if (!o.three_phase) go(o.max_lr, last, o.base_momentum, o.max_momentum, (t - top) / (end - top));
        else if (t <= 2 * top) go(o.max_lr, first, o.base_momentum, o.max_momentum, (t - top) / top);
        else go(first, last, o.max_momentum, o.max_momentum, (t - 2 * top) / (end - 2 * top));
    }
    void go(double from, double to, double momentum_from, double momentum_to, double part) {
        this->set(anneal(from, to, part));
        if (!options_.cycle_momentum) return;
        auto& of_optimizer = this->optimizer().options();
        double const momentum = anneal(momentum_from, momentum_to, part);
        if constexpr (requires { of_optimizer.betas; }) of_optimizer.betas.first = momentum;
        else if constexpr (requires { of_optimizer.momentum; }) of_optimizer.momentum = momentum;
        else throw std::invalid_argument("one_cycle_lr: the optimiser has no momentum; set cycle_momentum to false");
    }

    one_cycle_lr_options options_;
};

}  // namespace tenon::inline TENON_TARGET::optim
