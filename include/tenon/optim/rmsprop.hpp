// RMSprop.
#pragma once

#include <tenon/optim/optimizer.hpp>

namespace tenon::inline TENON_TARGET::optim {

/// torch.optim.RMSprop's options.
struct rmsprop_options {
    float lr = 1e-2f;
    double alpha = 0.99;
    float eps = 1e-8f;
    float weight_decay = 0;
    float momentum = 0;
    bool centered = false;
    bool maximize = false;
};

/// v ← αv + (1 − α)g²;  a = √v + ε, or with `centered`, where m ← αm + (1 − α)g, a = √(v − m²) + ε;  b ← momentum·b +
/// g/a; θ ← θ − lr·b. Hinton (2012); follows torch.optim.RMSprop. Whether there are b and m is decided at the first
/// step. The model has to outlive the optimiser.
template <class Model>
class rmsprop : public optimizer<Model, rmsprop_options, 3> {
public:
    explicit rmsprop(Model& model, rmsprop_options options = {})
        : optimizer<Model, rmsprop_options, 3>(model, options) {}

    /// One step along the gradients that backward has accumulated.
    void step() {
        auto const& o = this->settings();
        this->update_each(o.centered       ? 3
                          : o.momentum > 0 ? 2
                                           : 1,
                          [this](auto& p, auto* const* buffers)
                              TENON_LAMBDA_INLINE { update(p, buffers[0], buffers[1], buffers[2]); });
    }

private:
    template <class Variable, class T>
    void update(Variable& parameter, T* v, T* b, T* m) {
        auto const& o = this->settings();
        T* const x = parameter.value().data();
        T const* const g = parameter.gradient_data();
        T const keep = static_cast<T>(o.alpha), fresh = static_cast<T>(1 - o.alpha),
                momentum = static_cast<T>(o.momentum);
        T const lr = static_cast<T>(o.lr), eps = static_cast<T>(o.eps), decay = static_cast<T>(o.weight_decay),
                sign = static_cast<T>(this->sign());
        bool const centered = m && o.centered, moves = b && o.momentum > 0;
        for_each_element(parameter, [&](auto N, std::size_t i) TENON_LAMBDA_INLINE {
            using V = element::lane_t<T, N>;
            V const value = V::load(x + i);
            V const gradient = math::fma(V(decay), value, V(sign) * V::load(g + i));
            V square = math::fma(V(fresh) * gradient, gradient, V(keep) * V::load(v + i));
            square.store(v + i);
            if (centered) {
                V const old = V::load(m + i);
                V const mean = math::fma(V(fresh), gradient - old, old);
                mean.store(m + i);
                square = square - mean * mean;
            }
            V direction = gradient / (math::sqrt(square) + V(eps));
            if (moves) {
                direction = math::fma(V(momentum), V::load(b + i), direction);
                direction.store(b + i);
            }
            (value - V(lr) * direction).store(x + i);
        });
    }
};

}  // namespace tenon::inline TENON_TARGET::optim
