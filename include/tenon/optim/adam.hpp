// Adam, and Adam with decoupled weight decay.
#pragma once

#include <cmath>
#include <utility>

#include <tenon/optim/parameter_state.hpp>

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
        power1_ *= static_cast<double>(options_.betas.first);
        power2_ *= static_cast<double>(options_.betas.second);
        double const rate = static_cast<double>(options_.lr) / (1 - power1_);
        double const root = 1 / std::sqrt(1 - power2_);
        state_.for_each(*model_, [&](auto& p, auto* const* buffers) TENON_LAMBDA_INLINE { update(p, buffers[0], buffers[1], rate, root); });
    }

private:
    template <class Variable, class T>
    void update(Variable& parameter, T* m, T* v, double rate, double root) {
        T* const x = parameter.value().data();
        T const* const g = parameter.gradient_data();
        T const b1 = static_cast<T>(options_.betas.first), b2 = static_cast<T>(options_.betas.second), eps = static_cast<T>(options_.eps);
        T const r = static_cast<T>(rate), q = static_cast<T>(root), sign = static_cast<T>(options_.maximize ? -1 : 1);
        T const decay = static_cast<T>(Decoupled ? 0 : options_.weight_decay);
        T const shrink = static_cast<T>(Decoupled ? 1 - options_.lr * options_.weight_decay : 1);
        for_each_element(parameter, [&](auto N, std::size_t i) TENON_LAMBDA_INLINE {
            using V = element::lane_t<T, N>;
            V const value = V::load(x + i);
            V const gradient = math::fma(V(decay), value, V(sign) * V::load(g + i));
            V const old = V::load(m + i);
            V const mean = math::fma(V(1 - b1), gradient - old, old);
            V const square = math::fma(V(1 - b2) * gradient, gradient, V(b2) * V::load(v + i));
            mean.store(m + i);
            square.store(v + i);
            V const denominator = math::fma(math::sqrt(square), V(q), V(eps));
            (V(shrink) * value - V(r) * mean / denominator).store(x + i);
        });
    }

    Model* model_;
    Options options_;
    parameter_state<Model, 2> state_;
    double power1_ = 1, power2_ = 1;
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
