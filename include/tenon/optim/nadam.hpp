// NAdam: Adam with Nesterov's momentum.
#pragma once

#include <cmath>
#include <utility>

#include <tenon/optim/optimizer.hpp>

namespace tenon::inline TENON_TARGET::optim {

/// torch.optim.NAdam's options.
struct nadam_options {
    float lr = 2e-3f;
    std::pair<double, double> betas = {0.9, 0.999};
    float eps = 1e-8f;
    float weight_decay = 0;
    double momentum_decay = 4e-3;
    bool decoupled_weight_decay = false;
    bool maximize = false;
};

/// μ_t = β₁(1 − ½ 0.96^(t·momentum_decay));  m ← β₁m + (1 − β₁)g;  v ← β₂v + (1 − β₂)g²;
/// θ ← θ − lr (μ_{t+1} m / (1 − Π_{i≤t+1} μ_i) + (1 − μ_t) g / (1 − Π_{i≤t} μ_i)) / (√(v/(1 − β₂ᵗ)) + ε). Dozat (2016);
/// follows torch.optim.NAdam. The model has to outlive the optimiser.
template <class Model>
class nadam : public optimizer<Model, nadam_options, 2> {
public:
    explicit nadam(Model& model, nadam_options options = {}) : optimizer<Model, nadam_options, 2>(model, options) {}

    /// One step along the gradients that backward has accumulated.
    void step() {
        auto const& o = this->settings();
        double const t = this->begin_step(), lr = static_cast<double>(o.lr);
        double const now = momentum(t), next = momentum(t + 1);
        product_ *= now;
        rates const r{lr * (1 - now) / (1 - product_), lr * next / (1 - product_ * next),
                      1 / std::sqrt(1 - power2_.at(t, o.betas.second))};
        this->update_each(2, [&](auto& p, auto* const* buffers)
                                 TENON_LAMBDA_INLINE { update(p, buffers[0], buffers[1], r); });
    }

private:
    struct rates {
        double gradient, mean, root;
    };
    double momentum(double step) {
        return this->settings().betas.first * (1 - 0.5 * std::pow(0.96, step * this->settings().momentum_decay));
    }

    template <class Variable, class T>
    void update(Variable& parameter, T* m, T* v, rates const& r) {
        auto const& o = this->settings();
        double const beta1 = o.betas.first, beta2 = o.betas.second;
        T* const x = parameter.value().data();
        T const* const g = parameter.gradient_data();
        T const new1 = static_cast<T>(1 - beta1), new2 = static_cast<T>(1 - beta2), old2 = static_cast<T>(beta2);
        T const gradient_rate = static_cast<T>(r.gradient), mean_rate = static_cast<T>(r.mean);
        T const root = static_cast<T>(r.root);
        T const eps = static_cast<T>(o.eps), sign = static_cast<T>(this->sign());
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
            V const denominator = math::fma(math::sqrt(square), V(root), V(eps));
            (V(shrink) * value - (V(gradient_rate) * gradient + V(mean_rate) * mean) / denominator).store(x + i);
        });
    }

    running_power power2_;
    double product_ = 1;
};

}  // namespace tenon::inline TENON_TARGET::optim
