// The learning rate that a function says.
#pragma once

#include <utility>

#include <tenon/optim/scheduler.hpp>

namespace tenon::inline TENON_TARGET::optim {

/// Sets the rate to f(t) times the first, for the number of steps t = 0, 1, …; f(0) counts when the scheduler is made.
/// Follows torch.optim.lr_scheduler.LambdaLR.
template <class Optimizer, class F>
class lambda_lr : public scheduler<Optimizer> {
public:
    lambda_lr(Optimizer& optimizer, F f) : scheduler<Optimizer>(optimizer, "lambda_lr"), f_(std::move(f)) { set_at(0); }
    void step() { set_at(this->advance()); }

private:
    void set_at(std::size_t t) { this->set(this->base() * static_cast<double>(f_(t))); }

    F f_;
};

}  // namespace tenon::inline TENON_TARGET::optim
