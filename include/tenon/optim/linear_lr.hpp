// Schedulers that change the learning rate over a number of steps and then leave it: constant_lr, linear_lr,
// polynomial_lr.
#pragma once

#include <cmath>
#include <cstddef>
#include <stdexcept>

#include <tenon/optim/scheduler.hpp>

namespace tenon::inline TENON_TARGET::optim {

/// torch.optim.lr_scheduler.ConstantLR's options.
struct constant_lr_options {
    double factor = 1.0 / 3;
    std::size_t total_iters = 5;
};
/// torch.optim.lr_scheduler.LinearLR's options.
struct linear_lr_options {
    double start_factor = 1.0 / 3;
    double end_factor = 1;
    std::size_t total_iters = 5;
};
/// torch.optim.lr_scheduler.PolynomialLR's options.
struct polynomial_lr_options {
    std::size_t total_iters = 5;
    double power = 1;
};

/// Multiplies the rate by a factor at once, and takes that back after total_iters steps. Follows
/// torch.optim.lr_scheduler.ConstantLR.
template <class Optimizer>
class constant_lr : public scheduler<Optimizer> {
public:
    explicit constant_lr(Optimizer& optimizer, constant_lr_options options = {})
        : scheduler<Optimizer>(optimizer, "constant_lr"), options_(options) {
        this->set(this->rate() * options_.factor);
    }
    void step() { this->set(this->advance() == options_.total_iters ? this->rate() / options_.factor : this->rate()); }

private:
    constant_lr_options options_;
};

/// Multiplies the rate by start_factor at once, and by what leads to end_factor in a straight line of total_iters
/// steps. Follows torch.optim.lr_scheduler.LinearLR; std::invalid_argument unless start_factor is in (0, 1] and
/// end_factor in [0, 1].
template <class Optimizer>
class linear_lr : public scheduler<Optimizer> {
public:
    explicit linear_lr(Optimizer& optimizer, linear_lr_options options = {})
        : scheduler<Optimizer>(optimizer, "linear_lr"), options_(options) {
        if (!(options.start_factor > 0 && options.start_factor <= 1))
            throw std::invalid_argument("linear_lr: start_factor has to be in (0, 1]");
        if (!(options.end_factor >= 0 && options.end_factor <= 1))
            throw std::invalid_argument("linear_lr: end_factor has to be in [0, 1]");
        this->set(this->rate() * options_.start_factor);
    }
    void step() {
        std::size_t const t = this->advance();
        if (t > options_.total_iters) return this->set(this->rate());
        double const rise = options_.end_factor - options_.start_factor;
        double const before =
            static_cast<double>(options_.total_iters) * options_.start_factor + static_cast<double>(t - 1) * rise;
        this->set(this->rate() * (1 + rise / before));
    }

private:
    linear_lr_options options_;
};

/// Lowers the rate to 0 in total_iters steps, as (1 − t / total_iters)^power. Follows
/// torch.optim.lr_scheduler.PolynomialLR.
template <class Optimizer>
class polynomial_lr : public scheduler<Optimizer> {
public:
    explicit polynomial_lr(Optimizer& optimizer, polynomial_lr_options options = {})
        : scheduler<Optimizer>(optimizer, "polynomial_lr"), options_(options) {}
    void step() {
        std::size_t const t = this->advance();
        if (t > options_.total_iters) return this->set(this->rate());
        double const left = static_cast<double>(options_.total_iters - t);
        this->set(this->rate() * std::pow(left / (left + 1), options_.power));
    }

private:
    polynomial_lr_options options_;
};

}  // namespace tenon::inline TENON_TARGET::optim
