// What learning rate schedulers have in common.
#pragma once

#include <cstddef>

#include <tenon/core/target.hpp>

namespace tenon::inline TENON_TARGET::optim {

/// Base of a scheduler: an object that sets an optimiser's learning rate, `step()` by `step()`, usually once an epoch
/// and after the optimiser's own step. Schedulers multiply the rate they find, so that several may work on one
/// optimiser, as PyTorch's; the optimiser has to outlive them.
template <class Optimizer>
class scheduler {
public:
    /// The rate that was set last.
    float last_lr() const { return static_cast<float>(rate_); }
    /// How many steps there were.
    std::size_t last_epoch() const { return epoch_; }

protected:
    explicit scheduler(Optimizer& o) : optimizer_(&o), base_(static_cast<double>(o.lr())), rate_(base_) {}

    /// Counts a step and returns its number, from 1 on.
    std::size_t advance() { return ++epoch_; }
    /// The rate now. It is kept in double, so that a product of many factors loses nothing, unless someone else changed
    /// it.
    double rate() {
        if (auto const found = optimizer_->lr(); found != static_cast<decltype(found)>(rate_))
            rate_ = static_cast<double>(found);
        return rate_;
    }
    void set(double rate) {
        rate_ = rate;
        optimizer_->lr() = static_cast<float>(rate);
    }
    /// The rate that the optimiser had when the scheduler was made.
    double base() const { return base_; }
    Optimizer& optimizer() { return *optimizer_; }

private:
    Optimizer* optimizer_;
    double base_, rate_;
    std::size_t epoch_ = 0;
};

}  // namespace tenon::inline TENON_TARGET::optim
