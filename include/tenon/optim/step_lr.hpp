// Schedulers that multiply the learning rate by a factor now and then: step_lr, multi_step_lr, exponential_lr.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <stdexcept>
#include <utility>
#include <vector>

#include <tenon/optim/scheduler.hpp>

namespace tenon::inline TENON_TARGET::optim {

/// torch.optim.lr_scheduler.StepLR's options.
struct step_lr_options {
    std::size_t step_size = 0;  ///< has to be given
    double gamma = 0.1;
};
/// torch.optim.lr_scheduler.MultiStepLR's options.
struct multi_step_lr_options {
    std::vector<std::size_t> milestones{};  ///< numbers of steps; one that stands there twice counts twice
    double gamma = 0.1;
};
/// torch.optim.lr_scheduler.ExponentialLR's options.
struct exponential_lr_options {
    double gamma = 1;  ///< has to be given, else nothing changes
};

/// Multiplies the rate by gamma every step_size steps. Follows torch.optim.lr_scheduler.StepLR; std::invalid_argument
/// without a step_size.
template <class Optimizer>
class step_lr : public scheduler<Optimizer> {
public:
    explicit step_lr(Optimizer& optimizer, step_lr_options options)
        : scheduler<Optimizer>(optimizer, "step_lr"), options_(options) {
        if (options.step_size == 0) throw std::invalid_argument("step_lr: step_size has to be positive");
    }
    void step() { this->set(this->rate() * (this->advance() % options_.step_size == 0 ? options_.gamma : 1)); }

private:
    step_lr_options options_;
};

/// Multiplies the rate by gamma at each of the milestones. Follows torch.optim.lr_scheduler.MultiStepLR.
template <class Optimizer>
class multi_step_lr : public scheduler<Optimizer> {
public:
    explicit multi_step_lr(Optimizer& optimizer, multi_step_lr_options options)
        : scheduler<Optimizer>(optimizer, "multi_step_lr"), options_(std::move(options)) {}
    void step() {
        auto const& m = options_.milestones;
        this->set(this->rate() *
                  std::pow(options_.gamma, static_cast<double>(std::count(m.begin(), m.end(), this->advance()))));
    }

private:
    multi_step_lr_options options_;
};

/// Multiplies the rate by gamma at every step. Follows torch.optim.lr_scheduler.ExponentialLR.
template <class Optimizer>
class exponential_lr : public scheduler<Optimizer> {
public:
    explicit exponential_lr(Optimizer& optimizer, exponential_lr_options options)
        : scheduler<Optimizer>(optimizer, "exponential_lr"), options_(options) {}
    void step() {
        this->advance();
        this->set(this->rate() * options_.gamma);
    }

private:
    exponential_lr_options options_;
};

}  // namespace tenon::inline TENON_TARGET::optim
