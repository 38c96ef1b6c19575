// Adagrad.
#pragma once

#include <tenon/optim/optimizer.hpp>

namespace tenon::inline TENON_TARGET::optim {

/// torch.optim.Adagrad's options.
struct adagrad_options {
    float lr = 1e-2f;
    float lr_decay = 0;
    float weight_decay = 0;
    float initial_accumulator_value = 0;
    float eps = 1e-10f;
    bool maximize = false;
};

/// s ← s + g²;  θ ← θ − lr / (1 + (t − 1) lr_decay) · g / (√s + ε). Duchi, Hazan and Singer (2011); follows
/// torch.optim.Adagrad. The model has to outlive the optimiser.
template <class Model>
class adagrad : public optimizer<Model, adagrad_options, 1> {
public:
    explicit adagrad(Model& model, adagrad_options options = {})
        : optimizer<Model, adagrad_options, 1>(model, options) {}

    /// One step along the gradients that backward has accumulated.
    void step() {
        double const t = this->begin_step();
        this->update_each(1, [&](auto& p, auto* const* buffers) TENON_LAMBDA_INLINE { update(p, buffers[0], t); });
    }

private:
    template <class Variable, class T>
    void update(Variable& parameter, T* s, double t) {
        auto const& o = this->settings();
        T* const x = parameter.value().data();
        T const* const g = parameter.gradient_data();
        T const rate = static_cast<T>(static_cast<double>(o.lr) / (1 + (t - 1) * static_cast<double>(o.lr_decay)));
        T const eps = static_cast<T>(o.eps), decay = static_cast<T>(o.weight_decay),
                sign = static_cast<T>(this->sign());
        T const start = t > 1 ? T(0) : static_cast<T>(o.initial_accumulator_value);
        for_each_element(parameter, [&](auto N, std::size_t i) TENON_LAMBDA_INLINE {
            using V = element::lane_t<T, N>;
            V const value = V::load(x + i);
            V const gradient = math::fma(V(decay), value, V(sign) * V::load(g + i));
            V const sum = math::fma(gradient, gradient, V::load(s + i) + V(start));
            sum.store(s + i);
            (value - V(rate) * gradient / (math::sqrt(sum) + V(eps))).store(x + i);
        });
    }
};

}  // namespace tenon::inline TENON_TARGET::optim
