// The learning rate that goes down when nothing gets better.
#pragma once

#include <algorithm>
#include <cstddef>
#include <stdexcept>

#include <tenon/optim/scheduler.hpp>
#include <tenon/scalar/rounded.hpp>

namespace tenon::inline TENON_TARGET::optim {

/// What is better: a lower or a higher metric.
enum class plateau_mode { min, max };
/// Whether a threshold is a part of the best metric or a number on its own.
enum class threshold_mode { rel, abs };

/// torch.optim.lr_scheduler.ReduceLROnPlateau's options.
struct reduce_lr_on_plateau_options {
    plateau_mode mode = plateau_mode::min;
    double factor = 0.1;
    std::size_t patience = 10;  ///< how many steps without a better metric are borne
    double threshold = 1e-4;    ///< by how much a better metric has to be better
    optim::threshold_mode threshold_mode = optim::threshold_mode::rel;
    std::size_t cooldown = 0;  ///< how many steps after a reduction are not counted
    double min_lr = 0;
    double eps = 1e-8;  ///< a smaller reduction is not worth it
};

/// Multiplies the rate by a factor when `step(metric)` has seen no better metric for more than `patience` steps.
/// Follows torch.optim.lr_scheduler.ReduceLROnPlateau; std::invalid_argument for a factor of 1 or more.
template <class Optimizer>
class reduce_lr_on_plateau : public scheduler<Optimizer> {
public:
    explicit reduce_lr_on_plateau(Optimizer& optimizer, reduce_lr_on_plateau_options options = {})
        : scheduler<Optimizer>(optimizer, "reduce_lr_on_plateau"),
          options_(options),
          best_(options.mode == plateau_mode::min ? math::infinity<double> : math::minus_infinity<double>) {
        if (!(options.factor < 1)) throw std::invalid_argument("reduce_lr_on_plateau: factor has to be less than 1");
    }
    void step(double metric) {
        this->advance();
        if (is_better(metric)) {
            best_ = metric;
            bad_ = 0;
        } else ++bad_;
        if (cooling_ > 0) {
            --cooling_;
            bad_ = 0;
        }
        if (bad_ <= options_.patience) return;
        double const now = this->rate(), next = std::max(now * options_.factor, options_.min_lr);
        if (now - next > options_.eps) this->set(next);
        cooling_ = options_.cooldown;
        bad_ = 0;
    }

    /// See scheduler.
    optim::state_dict state_dict() const {
        auto s = scheduler<Optimizer>::state_dict();
        s.set("best", best_);
        s.set("num_bad_epochs", bad_);
        s.set("cooldown_counter", cooling_);
        return s;
    }
    void load_state_dict(optim::state_dict const& s) {
        double const best = s.number<double>("best");
        auto const bad = s.number<std::size_t>("num_bad_epochs"), cooling = s.number<std::size_t>("cooldown_counter");
        scheduler<Optimizer>::load_state_dict(s);
        best_ = best;
        bad_ = bad;
        cooling_ = cooling;
    }

private:
    bool is_better(double metric) const {
        bool const lower = options_.mode == plateau_mode::min;
        double const by = lower ? -options_.threshold : options_.threshold;
        double const limit = options_.threshold_mode == threshold_mode::rel ? best_ * (1 + by) : best_ + by;
        return lower ? metric < limit : metric > limit;
    }

    reduce_lr_on_plateau_options options_;
    double best_;
    std::size_t bad_ = 0, cooling_ = 0;
};

}  // namespace tenon::inline TENON_TARGET::optim
