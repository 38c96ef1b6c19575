// Stochastic gradient descent.
#pragma once

#include <tenon/optim/optimizer.hpp>

namespace tenon::inline TENON_TARGET::optim {

/// torch.optim.SGD's options.
struct sgd_options {
    float lr = 1e-3f;
    float momentum = 0;
    float dampening = 0;
    float weight_decay = 0;
    bool nesterov = false;
    bool maximize = false;
};

/// g ← ∇ + weight_decay·θ;  b ← momentum·b + (1 − dampening)·g (b ← g at the first step);  θ ← θ − lr·(nesterov ?
/// g + momentum·b : b). Follows torch.optim.SGD. The model has to outlive the optimiser.
template <class Model>
class sgd : public optimizer<Model, sgd_options, 1> {
public:
    explicit sgd(Model& model, sgd_options options = {}) : optimizer<Model, sgd_options, 1>(model, options) {}

    /// One step along the gradients that backward has accumulated.
    void step() {
        bool const first = this->begin_step() == 1;
        this->update_each(1, [&](auto& p, auto* const* buffers) TENON_LAMBDA_INLINE { update(p, buffers[0], first); });
    }

private:
    template <class Variable, class T>
    void update(Variable& v, T* b, bool first) {
        auto const& o = this->settings();
        T* const x = v.value().data();
        T const* const g = v.gradient_data();
        T const lr = static_cast<T>(o.maximize ? -o.lr : o.lr), momentum = static_cast<T>(o.momentum);
        T const keep = static_cast<T>(first ? 1 : 1 - o.dampening);
        T const decay = static_cast<T>(o.maximize ? -o.weight_decay : o.weight_decay);
        bool const nesterov = o.nesterov;
        bool const moves = o.momentum != 0;
        for_each_element(v, [&](auto N, std::size_t i) TENON_LAMBDA_INLINE {
            using V = element::lane_t<T, N>;
            V const value = V::load(x + i);
            V const gradient = math::fma(V(decay), value, V::load(g + i));
            V direction = gradient;
            if (moves) {
                V const velocity = math::fma(V(momentum), V::load(b + i), V(keep) * gradient);
                velocity.store(b + i);
                direction = nesterov ? math::fma(V(momentum), velocity, gradient) : velocity;
            }
            math::fma(V(-lr), direction, value).store(x + i);
        });
    }
};

}  // namespace tenon::inline TENON_TARGET::optim
