// Adamax: Adam with the infinity norm.
#pragma once

#include <utility>

#include <tenon/optim/optimizer.hpp>

namespace tenon::inline TENON_TARGET::optim {

/// torch.optim.Adamax's options.
struct adamax_options {
    float lr = 2e-3f;
    std::pair<double, double> betas = {0.9, 0.999};
    float eps = 1e-8f;
    float weight_decay = 0;
    bool maximize = false;
};

/// m ← β₁m + (1 − β₁)g;  u ← max(β₂u, |g| + ε);  θ ← θ − lr/(1 − β₁ᵗ) · m/u. Kingma and Ba (2015); follows
/// torch.optim.Adamax. The model has to outlive the optimiser.
template <class Model>
class adamax : public optimizer<Model, adamax_options, 2> {
public:
    explicit adamax(Model& model, adamax_options options = {}) : optimizer<Model, adamax_options, 2>(model, options) {}

    /// One step along the gradients that backward has accumulated.
    void step() {
        auto const& o = this->settings();
        double const rate = static_cast<double>(o.lr) / (1 - power1_.at(this->begin_step(), o.betas.first));
        this->update_each(2, [&](auto& p, auto* const* buffers)
                                 TENON_LAMBDA_INLINE { update(p, buffers[0], buffers[1], rate); });
    }

private:
    template <class Variable, class T>
    void update(Variable& parameter, T* m, T* u, double rate) {
        auto const& o = this->settings();
        double const beta1 = o.betas.first, beta2 = o.betas.second;
        T* const x = parameter.value().data();
        T const* const g = parameter.gradient_data();
        T const new1 = static_cast<T>(1 - beta1), old2 = static_cast<T>(beta2);
        T const r = static_cast<T>(rate), eps = static_cast<T>(o.eps), decay = static_cast<T>(o.weight_decay),
                sign = static_cast<T>(this->sign());
        for_each_element(parameter, [&](auto N, std::size_t i) TENON_LAMBDA_INLINE {
            using V = element::lane_t<T, N>;
            V const value = V::load(x + i), old = V::load(m + i);
            V const gradient = math::fma(V(decay), value, V(sign) * V::load(g + i));
            V const mean = math::fma(V(new1), gradient - old, old);
            V const norm = math::maximum(V(old2) * V::load(u + i), math::abs(gradient) + V(eps));
            mean.store(m + i);
            norm.store(u + i);
            (value - V(r) * mean / norm).store(x + i);
        });
    }

    running_power power1_;
};

}  // namespace tenon::inline TENON_TARGET::optim
