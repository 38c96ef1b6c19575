// Schedulers that lower the learning rate along a cosine: cosine_annealing_lr, cosine_annealing_warm_restarts.
#pragma once

#include <cmath>
#include <cstddef>
#include <numbers>
#include <stdexcept>

#include <tenon/optim/scheduler.hpp>

namespace tenon::inline TENON_TARGET::optim {

/// torch.optim.lr_scheduler.CosineAnnealingLR's options.
struct cosine_annealing_lr_options {
    std::size_t t_max = 0;  ///< steps from the first rate to the least, T_max in PyTorch; has to be given
    double eta_min = 0;
};
/// torch.optim.lr_scheduler.CosineAnnealingWarmRestarts' options.
struct cosine_annealing_warm_restarts_options {
    std::size_t t_0 = 0;     ///< steps to the first restart, T_0 in PyTorch; has to be given
    std::size_t t_mult = 1;  ///< how many times longer each period is than the one before
    double eta_min = 0;
};

/// The rate goes from the first, η, down to eta_min in t_max steps and up again in as many:
/// eta_min + (η − eta_min)(1 + cos(π t / t_max)) / 2, by factors from step to step. Follows
/// torch.optim.lr_scheduler.CosineAnnealingLR; std::invalid_argument without a t_max.
template <class Optimizer>
class cosine_annealing_lr : public scheduler<Optimizer> {
public:
    explicit cosine_annealing_lr(Optimizer& optimizer, cosine_annealing_lr_options options)
        : scheduler<Optimizer>(optimizer, "cosine_annealing_lr"), options_(options) {
        if (options.t_max == 0) throw std::invalid_argument("cosine_annealing_lr: t_max has to be positive");
    }
    void step() {
        std::size_t const t = this->advance(), period = options_.t_max;
        double const least = options_.eta_min;
        auto const wave = [&](std::size_t at) {
            return 1 + std::cos(std::numbers::pi * static_cast<double>(at) / static_cast<double>(period));
        };
        // At the least rate there is nothing to multiply.
        if (t > period && (t - 1 - period) % (2 * period) == 0)
            this->set(this->rate() +
                      (this->base() - least) * (1 - std::cos(std::numbers::pi / static_cast<double>(period))) / 2);
        else this->set(wave(t) / wave(t - 1) * (this->rate() - least) + least);
    }

private:
    cosine_annealing_lr_options options_;
};

/// The rate goes from the first, η, down to eta_min along a cosine and starts again, after t_0 steps, then t_0·t_mult
/// and so on. Follows torch.optim.lr_scheduler.CosineAnnealingWarmRestarts; std::invalid_argument without a t_0.
template <class Optimizer>
class cosine_annealing_warm_restarts : public scheduler<Optimizer> {
public:
    explicit cosine_annealing_warm_restarts(Optimizer& optimizer, cosine_annealing_warm_restarts_options options)
        : scheduler<Optimizer>(optimizer, "cosine_annealing_warm_restarts"),
          options_(options),
          period_(static_cast<double>(options.t_0)) {
        if (options.t_0 == 0) throw std::invalid_argument("cosine_annealing_warm_restarts: t_0 has to be positive");
        if (options.t_mult == 0)
            throw std::invalid_argument("cosine_annealing_warm_restarts: t_mult has to be positive");
    }
    void step() {
        this->advance();
        now_ += 1;
        restart();
    }
    /// The rate at a time that may lie within an epoch, as `step(epoch + batch / batches)`.
    void step(double epoch) {
        if (!(epoch >= 0)) throw std::invalid_argument("cosine_annealing_warm_restarts: epochs are not negative");
        now_ = epoch;
        period_ = static_cast<double>(options_.t_0);
        restart();
    }

    /// See scheduler.
    optim::state_dict state_dict() const {
        auto s = scheduler<Optimizer>::state_dict();
        s.set("T_cur", now_);
        s.set("T_i", period_);
        return s;
    }
    void load_state_dict(optim::state_dict const& s) {
        double const now = s.number<double>("T_cur"), period = s.number<double>("T_i");
        scheduler<Optimizer>::load_state_dict(s);
        now_ = now;
        period_ = period;
    }

private:
    void restart() {
        while (now_ >= period_) {
            now_ -= period_;
            period_ *= static_cast<double>(options_.t_mult);
        }
        this->set(options_.eta_min +
                  (this->base() - options_.eta_min) * (1 + std::cos(std::numbers::pi * now_ / period_)) / 2);
    }

    cosine_annealing_warm_restarts_options options_;
    double now_ = 0, period_;
};

}  // namespace tenon::inline TENON_TARGET::optim
