// Stochastic gradient descent.
#pragma once

#include <array>
#include <cstddef>

#include <tenon/optim/optimizer.hpp>

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

/// The rule for one element; without momentum the buffer is not used.
template <class T>
struct sgd_step {
    T lr, momentum, keep, decay;
    bool nesterov;

    template <class V, std::size_t Used>
    TENON_LANE void operator()(V& value, V g, std::array<V, Used>& state) const {
        V const gradient = math::fma(V(decay), value, g);
        V direction = gradient;
        if constexpr (Used == 1) {
            V const velocity = math::fma(V(momentum), state[0], V(keep) * gradient);
            state[0] = velocity;
            direction = nesterov ? math::fma(V(momentum), velocity, gradient) : velocity;
        }
        value = math::fma(V(-lr), direction, value);
    }
};

/// Whether a step was made, and whether this one is the first.
struct sgd_counters {
    bool started = false, first = false;
};

/// What a step is made of, in plain numbers.
struct sgd_rule {
    static constexpr std::size_t least = 0;
    float lr, momentum, dampening, decay;
    bool nesterov;

    TENON_HOST_DEVICE sgd_counters next(sgd_counters c) const { return {true, !c.started}; }
    template <class T>
    TENON_HOST_DEVICE sgd_step<T> at(sgd_counters c) const {
        return {static_cast<T>(lr), static_cast<T>(momentum), static_cast<T>(c.first ? 1 : 1 - dampening),
                static_cast<T>(decay), nesterov};
    }
};

/// g ← ∇ + weight_decay·θ;  b ← momentum·b + (1 − dampening)·g (b ← g at the first step);  θ ← θ − lr·(nesterov ?
/// g + momentum·b : b). Whether there is a b is decided at the first step. Follows torch.optim.SGD. The model has to outlive
/// the optimiser.
template <class Model>
class sgd : public optimizer<Model, sgd_options, 1, sgd_counters> {
public:
    explicit sgd(Model& model, sgd_options options = {})
        : optimizer<Model, sgd_options, 1, sgd_counters>(model, options) {}

    /// One step along the gradients that backward has accumulated.
    void step() {
        auto const& o = this->settings();
        auto const sign = static_cast<float>(this->sign());
        this->step_by(o.momentum == 0 ? 0 : 1,
                      sgd_rule{sign * o.lr, o.momentum, o.dampening, sign * o.weight_decay, o.nesterov});
    }
};

}  // namespace tenon::inline TENON_TARGET::optim
