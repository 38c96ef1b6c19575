// Adam, and Adam with decoupled weight decay.
#pragma once

#include <array>
#include <cstddef>
#include <utility>

#include <tenon/optim/optimizer.hpp>

namespace tenon::inline TENON_TARGET::optim {

/// torch.optim.Adam's options.
struct adam_options {
    float lr = 1e-3f;
    std::pair<double, double> betas = {0.9, 0.999};
    float eps = 1e-8f;
    float weight_decay = 0;
    bool amsgrad = false;
    bool maximize = false;
};
/// torch.optim.AdamW's options.
struct adamw_options {
    float lr = 1e-3f;
    std::pair<double, double> betas = {0.9, 0.999};
    float eps = 1e-8f;
    float weight_decay = 1e-2f;
    bool amsgrad = false;
    bool maximize = false;
};

/// Adam's rule for one element, with what is the same for all of them. A third buffer holds the greatest v.
template <class T>
struct adam_step {
    T new1, new2, old2, eps, rate, root, sign, decay, shrink;

    template <class V, std::size_t Used>
    TENON_LANE void operator()(V& value, V g, std::array<V, Used>& state) const {
        V const gradient = math::fma(V(decay), value, V(sign) * g);
        V const old = state[0];
        V const mean = math::fma(V(new1), gradient - old, old);
        V square = math::fma(V(new2) * gradient, gradient, V(old2) * state[1]);
        state[0] = mean;
        state[1] = square;
        if constexpr (Used == 3) state[2] = square = math::maximum(state[2], square);
        V const denominator = math::fma(math::sqrt(square), V(root), V(eps));
        value = V(shrink) * value - V(rate) * mean / denominator;
    }
};

/// The number of steps, and β₁ and β₂ to its power.
struct adam_counters {
    double steps = 0;
    running_power power1, power2;
};

/// What a step of Adam is made of, in plain numbers.
struct adam_rule {
    static constexpr std::size_t least = 2;
    double lr, beta1, beta2;
    float eps, decay, shrink, sign;

    TENON_HOST_DEVICE adam_counters next(adam_counters c) const {
        c.steps += 1;
        c.power1.at(c.steps, beta1);
        c.power2.at(c.steps, beta2);
        return c;
    }
    template <class T>
    TENON_HOST_DEVICE adam_step<T> at(adam_counters const& c) const {
        double const rate = lr / (1 - c.power1.last()), root = 1 / math::machine::sqrt_single(1 - c.power2.last());
        return {static_cast<T>(1 - beta1), static_cast<T>(1 - beta2), static_cast<T>(beta2),
                static_cast<T>(eps),       static_cast<T>(rate),      static_cast<T>(root),
                static_cast<T>(sign),      static_cast<T>(decay),     static_cast<T>(shrink)};
    }
};

/// m ← β₁m + (1 − β₁)g;  v ← β₂v + (1 − β₂)g²;  θ ← θ − lr/(1 − β₁ᵗ) · m / (√(v/(1 − β₂ᵗ)) + ε). Kingma and Ba (2015).
/// With `amsgrad` the greatest v so far takes v's place (Reddi, Kale and Kumar, 2018); that is decided at the first
/// step.
/// @tparam Decoupled weight decay shrinks θ directly (Loshchilov and Hutter, 2019) instead of joining the gradient
template <class Model, class Options, bool Decoupled>
class adam_family : public optimizer<Model, Options, 3, adam_counters> {
public:
    explicit adam_family(Model& model, Options options = {})
        : optimizer<Model, Options, 3, adam_counters>(model, options) {}

    /// One step along the gradients that backward has accumulated.
    void step() {
        auto const& o = this->settings();
        this->step_by(o.amsgrad ? 3 : 2,
                      adam_rule{o.lr, o.betas.first, o.betas.second, o.eps, Decoupled ? 0 : o.weight_decay,
                                Decoupled ? 1 - o.lr * o.weight_decay : 1, static_cast<float>(this->sign())});
    }
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
    explicit adamw(Model& model, adamw_options options = {})
        : adam_family<Model, adamw_options, true>(model, options) {}
};

}  // namespace tenon::inline TENON_TARGET::optim
