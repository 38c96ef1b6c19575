// Adadelta.
#pragma once

#include <tenon/optim/optimizer.hpp>

namespace tenon::inline TENON_TARGET::optim {

/// torch.optim.Adadelta's options.
struct adadelta_options {
    float lr = 1;
    double rho = 0.9;
    float eps = 1e-6f;
    float weight_decay = 0;
    bool maximize = false;
};

/// v ← ρv + (1 − ρ)g²;  d = √(u + ε) / √(v + ε) · g;  u ← ρu + (1 − ρ)d²;  θ ← θ − lr·d. Zeiler (2012); follows
/// torch.optim.Adadelta. The model has to outlive the optimiser.
template <class Model>
class adadelta : public optimizer<Model, adadelta_options, 2> {
public:
    explicit adadelta(Model& model, adadelta_options options = {})
        : optimizer<Model, adadelta_options, 2>(model, options) {}

    /// One step along the gradients that backward has accumulated.
    void step() {
        this->update_each(2, [this](auto& p, auto* const* buffers)
                                 TENON_LAMBDA_INLINE { update(p, buffers[0], buffers[1]); });
    }

private:
    template <class Variable, class T>
    void update(Variable& parameter, T* v, T* u) {
        auto const& o = this->settings();
        T* const x = parameter.value().data();
        T const* const g = parameter.gradient_data();
        T const keep = static_cast<T>(o.rho), fresh = static_cast<T>(1 - o.rho), lr = static_cast<T>(o.lr);
        T const eps = static_cast<T>(o.eps), decay = static_cast<T>(o.weight_decay),
                sign = static_cast<T>(this->sign());
        for_each_element(parameter, [&](auto N, std::size_t i) TENON_LAMBDA_INLINE {
            using V = element::lane_t<T, N>;
            V const value = V::load(x + i), old = V::load(u + i);
            V const gradient = math::fma(V(decay), value, V(sign) * V::load(g + i));
            V const square = math::fma(V(fresh) * gradient, gradient, V(keep) * V::load(v + i));
            V const delta = math::sqrt(old + V(eps)) / math::sqrt(square + V(eps)) * gradient;
            square.store(v + i);
            math::fma(V(fresh) * delta, delta, V(keep) * old).store(u + i);
            (value - V(lr) * delta).store(x + i);
        });
    }
};

}  // namespace tenon::inline TENON_TARGET::optim
