// Adam, and Adam with decoupled weight decay.
#pragma once

#include <cmath>
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

/// m ← β₁m + (1 − β₁)g;  v ← β₂v + (1 − β₂)g²;  θ ← θ − lr/(1 − β₁ᵗ) · m / (√(v/(1 − β₂ᵗ)) + ε). Kingma and Ba (2015).
/// With `amsgrad` the greatest v so far takes v's place (Reddi, Kale and Kumar, 2018); that is decided at the first
/// step.
/// @tparam Decoupled weight decay shrinks θ directly (Loshchilov and Hutter, 2019) instead of joining the gradient
template <class Model, class Options, bool Decoupled>
class adam_family : public optimizer<Model, Options, 3> {
public:
    explicit adam_family(Model& model, Options options = {}) : optimizer<Model, Options, 3>(model, options) {}

    /// One step along the gradients that backward has accumulated.
    void step() {
        auto const& o = this->settings();
        double const t = this->begin_step();
        double const rate = static_cast<double>(o.lr) / (1 - power1_.at(t, o.betas.first));
        double const root = 1 / std::sqrt(1 - power2_.at(t, o.betas.second));
        this->update_each(o.amsgrad ? 3 : 2, [&](auto& p, auto* const* buffers) TENON_LAMBDA_INLINE {
            update(p, buffers[0], buffers[1], buffers[2], rate, root);
        });
    }

private:
    template <class Variable, class T>
    void update(Variable& parameter, T* m, T* v, T* greatest, double rate, double root) {
        auto const& o = this->settings();
        double const beta1 = o.betas.first, beta2 = o.betas.second;
        T* const x = parameter.value().data();
        T const* const g = parameter.gradient_data();
        T const new1 = static_cast<T>(1 - beta1), new2 = static_cast<T>(1 - beta2), old2 = static_cast<T>(beta2);
        T const r = static_cast<T>(rate), q = static_cast<T>(root);
        T const eps = static_cast<T>(o.eps), sign = static_cast<T>(this->sign());
        T const decay = static_cast<T>(Decoupled ? 0 : o.weight_decay);
        T const shrink = static_cast<T>(Decoupled ? 1 - o.lr * o.weight_decay : 1);
        for_each_element(parameter, [&](auto N, std::size_t i) TENON_LAMBDA_INLINE {
            using V = element::lane_t<T, N>;
            V const value = V::load(x + i);
            V const gradient = math::fma(V(decay), value, V(sign) * V::load(g + i));
            V const old = V::load(m + i);
            V const mean = math::fma(V(new1), gradient - old, old);
            V square = math::fma(V(new2) * gradient, gradient, V(old2) * V::load(v + i));
            mean.store(m + i);
            square.store(v + i);
            if (greatest) {
                square = math::maximum(V::load(greatest + i), square);
                square.store(greatest + i);
            }
            V const denominator = math::fma(math::sqrt(square), V(q), V(eps));
            (V(shrink) * value - V(r) * mean / denominator).store(x + i);
        });
    }

    running_power power1_, power2_;
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
