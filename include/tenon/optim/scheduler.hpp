// What learning rate schedulers have in common.
#pragma once

#include <cstddef>
#include <string_view>

#include <tenon/base/target.hpp>
#include <tenon/optim/state_dict.hpp>

namespace tenon::inline TENON_TARGET::optim {

/// Base of a scheduler: an object that sets an optimiser's learning rate, `step()` by `step()`, usually once an epoch
/// and after the optimiser's own step. Schedulers multiply the rate they find, so that several may work on one
/// optimiser, as PyTorch's; the optimiser has to outlive them.
template <class Optimizer>
class scheduler {
public:
    /// The rate that was set last.
    double last_lr() const { return rate_; }
    /// How many steps there were.
    std::size_t last_epoch() const { return epoch_; }

    /// What another scheduler with the same options needs to go on from here, beside the optimiser's own state, which
    /// holds the rate.
    optim::state_dict state_dict() const {
        optim::state_dict s;
        s.set("kind", kind_);
        s.set("base_lr", base_);
        s.set("last_lr", rate_);
        s.set("last_epoch", epoch_);
        return s;
    }
    /// Goes on where another scheduler was; load the optimiser's state too.
    /// @throws io_error where the state is one of another kind of scheduler; this one is then as it was
    void load_state_dict(optim::state_dict const& s) {
        s.check_kind(kind_);
        double const base = s.number<double>("base_lr"), rate = s.number<double>("last_lr");
        epoch_ = s.number<std::size_t>("last_epoch");
        base_ = base;
        rate_ = rate;
    }

protected:
    /// @param kind the scheduler's name in a state_dict
    explicit scheduler(Optimizer& o, std::string_view kind = "scheduler")
        : optimizer_(&o), base_(o.lr()), rate_(base_), kind_(kind) {}

    /// Counts a step and returns its number, from 1 on.
    std::size_t advance() { return ++epoch_; }
    /// The optimiser's rate now, whoever set it.
    double rate() const { return optimizer_->lr(); }
    void set(double rate) { optimizer_->lr() = rate_ = rate; }
    /// The rate that the optimiser had when the scheduler was made.
    double base() const { return base_; }
    Optimizer& optimizer() { return *optimizer_; }

private:
    Optimizer* optimizer_;
    double base_, rate_;
    std::size_t epoch_ = 0;
    std::string_view kind_;
};

}  // namespace tenon::inline TENON_TARGET::optim
