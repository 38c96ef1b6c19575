// RAdam: Adam whose adaptive rate is rectified while it has seen few gradients.
#pragma once

#include <cmath>
#include <utility>

#include <tenon/optim/optimizer.hpp>

namespace tenon::inline TENON_TARGET::optim {

/// torch.optim.RAdam's options.
struct radam_options {
    float lr = 1e-3f;
    std::pair<double, double> betas = {0.9, 0.999};
    float eps = 1e-8f;
    float weight_decay = 0;
    bool decoupled_weight_decay = false;
    bool maximize = false;
};

/// m and v as Adam's;  ρ∞ = 2/(1 − β₂) − 1;  ρ = ρ∞ − 2t β₂ᵗ/(1 − β₂ᵗ). Where ρ > 5, θ ← θ − lr m/(1 − β₁ᵗ) · √(1 −
/// β₂ᵗ)/(√v + ε) · √((ρ − 4)(ρ − 2)ρ∞ / ((ρ∞ − 4)(ρ∞ − 2)ρ)), else θ ← θ − lr m/(1 − β₁ᵗ). Liu et al. (2020); follows
/// torch.optim.RAdam. The model has to outlive the optimiser.
template <class Model>
class radam : public optimizer<Model, radam_options, 2> {
public:
    explicit radam(Model& model, radam_options options = {}) : optimizer<Model, radam_options, 2>(model, options) {}

    /// One step along the gradients that backward has accumulated.
    void step() {
        double const beta1 = this->settings().betas.first, beta2 = this->settings().betas.second;
        double const t = this->begin_step(), power = power2_.at(t, beta2), limit = 2 / (1 - beta2) - 1;
        double const length = limit - 2 * t * power / (1 - power);
        bool const adapts = length > 5;
        double rate = static_cast<double>(this->settings().lr) / (1 - power1_.at(t, beta1));
        if (adapts)
            rate *= std::sqrt((1 - power) * (length - 4) * (length - 2) * limit / ((limit - 4) * (limit - 2) * length));
        this->update_each(2, [&](auto& p, auto* const* buffers)
                                 TENON_LAMBDA_INLINE { update(p, buffers[0], buffers[1], rate, adapts); });
    }

private:
    template <class Variable, class T>
    void update(Variable& parameter, T* m, T* v, double rate, bool adapts) {
        auto const& o = this->settings();
        double const beta1 = o.betas.first, beta2 = o.betas.second;
        T* const x = parameter.value().data();
        T const* const g = parameter.gradient_data();
        T const new1 = static_cast<T>(1 - beta1), new2 = static_cast<T>(1 - beta2), old2 = static_cast<T>(beta2);
        T const r = static_cast<T>(rate), eps = static_cast<T>(o.eps), sign = static_cast<T>(this->sign());
        T const decay = static_cast<T>(o.decoupled_weight_decay ? 0 : o.weight_decay);
        T const shrink = static_cast<T>(o.decoupled_weight_decay ? 1 - o.lr * o.weight_decay : 1);
        for_each_element(parameter, [&](auto N, std::size_t i) TENON_LAMBDA_INLINE {
            using V = element::lane_t<T, N>;
            V const value = V::load(x + i), old = V::load(m + i);
            V const gradient = math::fma(V(decay), value, V(sign) * V::load(g + i));
            V const mean = math::fma(V(new1), gradient - old, old);
            V const square = math::fma(V(new2) * gradient, gradient, V(old2) * V::load(v + i));
            mean.store(m + i);
            square.store(v + i);
            V direction = V(r) * mean;
            if (adapts) direction = direction / (math::sqrt(square) + V(eps));
            (V(shrink) * value - direction).store(x + i);
        });
    }

    running_power power1_, power2_;
};

}  // namespace tenon::inline TENON_TARGET::optim
