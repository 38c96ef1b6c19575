// Adagrad.
#pragma once

#include <tenon/optim/optimizer.hpp>

namespace tenon::inline TENON_TARGET::optim {

/// torch.optim.Adagrad's options.
struct adagrad_options {
    double lr = 1e-2;
    double lr_decay = 0;
    double weight_decay = 0;
    double initial_accumulator_value = 0;
    double eps = 1e-10;
    bool maximize = false;
};

struct adagrad_rule {
    static constexpr std::size_t fewest = 1, most = 1;
    static constexpr char const* names[] = {"sum"};
    double lr, lr_decay, decay, start, eps, sign;
    explicit adagrad_rule(adagrad_options const& o)
        : lr(o.lr),
          lr_decay(o.lr_decay),
          decay(o.weight_decay),
          start(o.initial_accumulator_value),
          eps(o.eps),
          sign(o.maximize ? -1. : 1.) {}

    static constexpr std::size_t used() { return 1; }
    TENON_HOST_DEVICE void count(step_counters& c) const { c.step += 1; }

    template <class T>
    struct step {
        detail::gradient_rule<T> gradient;
        T rate, start, eps;
        template <class V, std::size_t N>
        TENON_LANE void operator()(V& value, V g, std::array<V, N>& state) const {
            V const joined = gradient(value, g);
            state[0] = math::fma(joined, joined, state[0] + V(start));
            value = value - V(rate) * joined / (math::sqrt(state[0]) + V(eps));
        }
    };
    template <class T>
    TENON_HOST_DEVICE step<T> at(step_counters const& c) const {
        return {{T(sign), T(decay)}, T(lr / (1 + (c.step - 1) * lr_decay)), T(c.step == 1 ? start : 0), T(eps)};
    }
};

/// s ← s + g²;  θ ← θ − lr / (1 + (t − 1) lr_decay) · g / (√s + ε). Duchi, Hazan and Singer (2011); follows
/// torch.optim.Adagrad. The model has to outlive the optimiser.
template <class Model>
class adagrad : public optimizer<Model, adagrad_options, adagrad_rule> {
public:
    explicit adagrad(Model& model, adagrad_options options = {})
        : optimizer<Model, adagrad_options, adagrad_rule>(model, options) {}
};

}  // namespace tenon::inline TENON_TARGET::optim
