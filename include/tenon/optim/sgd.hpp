// Stochastic gradient descent.
#pragma once

#include <tenon/optim/parameter_state.hpp>

namespace tenon::inline TENON_TARGET::optim {

/// torch.optim.SGD's options.
struct sgd_options {
    float lr = 1e-3f;
    float momentum = 0;
    float dampening = 0;
    float weight_decay = 0;
    bool nesterov = false;
    bool maximize = false;
};

/// The rule for one element.
template <class T>
struct sgd_step {
    T lr, momentum, keep, decay;
    bool moves, nesterov;

    template <class V>
    TENON_LANE void operator()(V& value, V g, V (&state)[1]) const {
        V const gradient = math::fma(V(decay), value, g);
        V direction = gradient;
        if (moves) {
            V const velocity = math::fma(V(momentum), state[0], V(keep) * gradient);
            state[0] = velocity;
            direction = nesterov ? math::fma(V(momentum), velocity, gradient) : velocity;
        }
        value = math::fma(V(-lr), direction, value);
    }
};

struct sgd_counters {
    bool started = false, first = false;
};

/// What a step is made of, in plain numbers.
struct sgd_rule {
    float lr, momentum, dampening, decay;
    bool nesterov;

    TENON_HOST_DEVICE bool keeps_state() const { return momentum != 0; }
    TENON_HOST_DEVICE sgd_counters next(sgd_counters c) const { return {true, !c.started}; }
    template <class T>
    TENON_HOST_DEVICE sgd_step<T> at(sgd_counters c) const {
        return {static_cast<T>(lr),    static_cast<T>(momentum), static_cast<T>(c.first ? 1 : 1 - dampening),
                static_cast<T>(decay), keeps_state(),            nesterov};
    }
};

/// g ← ∇ + weight_decay·θ;  b ← momentum·b + (1 − dampening)·g (b ← g at the first step);  θ ← θ − lr·(nesterov ?
/// g + momentum·b : b). Follows torch.optim.SGD. The model has to outlive the optimiser.
template <class Model>
class sgd {
public:
    explicit sgd(Model& model, sgd_options options = {}) : model_(&model), options_(options), state_(model) {}

    /// The learning rate, to read or to set.
    float& lr() { return options_.lr; }
    sgd_options& options() { return options_; }
    void zero_grad() { optim::zero_grad(*model_); }
    /// One step along the gradients that backward has accumulated.
    void step() {
        sgd_options const& o = options_;
        float const sign = o.maximize ? -1.f : 1.f;
        state_.step(*model_, sgd_rule{sign * o.lr, o.momentum, o.dampening, sign * o.weight_decay, o.nesterov});
    }

private:
    Model* model_;
    sgd_options options_;
    parameter_state<Model, 1, sgd_counters> state_;
};

}  // namespace tenon::inline TENON_TARGET::optim
