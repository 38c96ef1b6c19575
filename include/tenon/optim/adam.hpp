// Adam, and Adam with decoupled weight decay.
#pragma once

#include <utility>

#include <tenon/optim/parameter_state.hpp>
#include <tenon/scalar/math_basic.hpp>

namespace tenon::inline TENON_TARGET::optim {

/// torch.optim.Adam's options.
struct adam_options {
    float lr = 1e-3f;
    std::pair<float, float> betas = {0.9f, 0.999f};
    float eps = 1e-8f;
    float weight_decay = 0;
    bool maximize = false;
};
/// torch.optim.AdamW's options.
struct adamw_options {
    float lr = 1e-3f;
    std::pair<float, float> betas = {0.9f, 0.999f};
    float eps = 1e-8f;
    float weight_decay = 1e-2f;
    bool maximize = false;
};

/// Adam's rule for one element, with what is the same for all of them.
template <class T>
struct adam_step {
    T b1, b2, eps, rate, root, sign, decay, shrink;

    template <class V>
    TENON_LANE void operator()(V& value, V g, V (&state)[2]) const {
        V const gradient = math::fma(V(decay), value, V(sign) * g);
        V const old = state[0];
        V const mean = math::fma(V(1 - b1), gradient - old, old);
        V const square = math::fma(V(1 - b2) * gradient, gradient, V(b2) * state[1]);
        state[0] = mean;
        state[1] = square;
        V const denominator = math::fma(math::sqrt(square), V(root), V(eps));
        value = V(shrink) * value - V(rate) * mean / denominator;
    }
};

/// β₁ᵗ and β₂ᵗ after t steps.
struct adam_counters {
    double power1 = 1, power2 = 1;
};

/// What a step of Adam is made of, in plain numbers.
struct adam_rule {
    float lr, b1, b2, eps, decay, shrink, sign;

    static constexpr bool keeps_state() { return true; }
    TENON_HOST_DEVICE adam_counters next(adam_counters c) const {
        return {c.power1 * static_cast<double>(b1), c.power2 * static_cast<double>(b2)};
    }
    template <class T>
    TENON_HOST_DEVICE adam_step<T> at(adam_counters c) const {
        double const rate = static_cast<double>(lr) / (1 - c.power1), root = 1 / math::machine::sqrt_single(1 - c.power2);
        return {static_cast<T>(b1),   static_cast<T>(b2),   static_cast<T>(eps),   static_cast<T>(rate),
                static_cast<T>(root), static_cast<T>(sign), static_cast<T>(decay), static_cast<T>(shrink)};
    }
};

/// m ← β₁m + (1 − β₁)g;  v ← β₂v + (1 − β₂)g²;  θ ← θ − lr/(1 − β₁ᵗ) · m / (√(v/(1 − β₂ᵗ)) + ε). Kingma and Ba (2015).
/// @tparam Decoupled weight decay shrinks θ directly (Loshchilov and Hutter, 2019) instead of joining the gradient
template <class Model, class Options, bool Decoupled>
class adam_family {
public:
    explicit adam_family(Model& model, Options options = {}) : model_(&model), options_(options), state_(model) {}

    /// The learning rate, to read or to set.
    float& lr() { return options_.lr; }
    Options& options() { return options_; }
    void zero_grad() { optim::zero_grad(*model_); }
    /// One step along the gradients that backward has accumulated.
    void step() {
        Options const& o = options_;
        state_.step(*model_, adam_rule{o.lr, o.betas.first, o.betas.second, o.eps, Decoupled ? 0 : o.weight_decay,
                                       Decoupled ? 1 - o.lr * o.weight_decay : 1, o.maximize ? -1.f : 1.f});
    }

private:
    Model* model_;
    Options options_;
    parameter_state<Model, 2, adam_counters> state_;
};

/// Adam; weight decay joins the gradient. Follows torch.optim.Adam. The model has to outlive the optimiser.
template <class Model>
class adam : public adam_family<Model, adam_options, false> {
public:
    explicit adam(Model& model, adam_options options = {}) : adam_family<Model, adam_options, false>(model, options) {}
};

/// Adam with decoupled weight decay. Follows torch.optim.AdamW. The model has to outlive the optimiser.
template <class Model>
class adamw : public adam_family<Model, adamw_options, true> {
public:
    explicit adamw(Model& model, adamw_options options = {}) : adam_family<Model, adamw_options, true>(model, options) {}
};

}  // namespace tenon::inline TENON_TARGET::optim
