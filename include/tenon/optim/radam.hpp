// RAdam: Adam whose adaptive rate is rectified while it has seen few gradients.
#pragma once

#include <utility>

#include <tenon/optim/optimizer.hpp>

namespace tenon::inline TENON_TARGET::optim {

/// torch.optim.RAdam's options.
struct radam_options {
    double lr = 1e-3;
    std::pair<double, double> betas = {0.9, 0.999};
    double eps = 1e-8;
    double weight_decay = 0;
    bool decoupled_weight_decay = false;
    bool maximize = false;
};

struct radam_rule {
    static constexpr std::size_t fewest = 2, most = 2;
    static constexpr char const* names[] = {"exp_avg", "exp_avg_sq"};
    double lr, beta1, beta2, eps, decay, shrink, sign;
    explicit radam_rule(radam_options const& o)
        : lr(o.lr),
          beta1(o.betas.first),
          beta2(o.betas.second),
          eps(o.eps),
          decay(o.decoupled_weight_decay ? 0 : o.weight_decay),
          shrink(o.decoupled_weight_decay ? 1 - o.lr * o.weight_decay : 1),
          sign(o.maximize ? -1. : 1.) {}

    static constexpr std::size_t used() { return 2; }
    TENON_HOST_DEVICE void count(step_counters& c) const {
        c.step += 1;
        c.power1.advance(c.step, beta1);
        c.power2.advance(c.step, beta2);
    }

    template <class T>
    struct step {
        detail::gradient_rule<T> gradient;
        T fresh1, keep2, fresh2, rate, eps, shrink;
        bool adapts;
        template <class V, std::size_t N>
        TENON_LANE void operator()(V& value, V g, std::array<V, N>& state) const {
            V const joined = gradient(value, g);
            detail::move_mean(state[0], joined, V(fresh1));
            detail::move_square(state[1], joined, V(keep2), V(fresh2));
            V direction = V(rate) * state[0];
            if (adapts) direction = direction / (math::sqrt(state[1]) + V(eps));
            value = V(shrink) * value - direction;
        }
    };
    template <class T>
    TENON_HOST_DEVICE step<T> at(step_counters const& c) const {
        double const power = c.power2.value, limit = 2 / (1 - beta2) - 1,
                     length = limit - 2 * c.step * power / (1 - power);
        bool const adapts = length > 5;
        double rate = lr / (1 - c.power1.value);
        if (adapts)
            rate *= std::sqrt((1 - power) * (length - 4) * (length - 2) * limit / ((limit - 4) * (limit - 2) * length));
        return {{T(sign), T(decay)}, T(1 - beta1), T(beta2), T(1 - beta2), T(rate), T(eps), T(shrink), adapts};
    }
};

/// m and v as Adam's;  ρ∞ = 2/(1 − β₂) − 1;  ρ = ρ∞ − 2t β₂ᵗ/(1 − β₂ᵗ). Where ρ > 5, θ ← θ − lr m/(1 − β₁ᵗ) · √(1 −
/// β₂ᵗ)/(√v + ε) · √((ρ − 4)(ρ − 2)ρ∞ / ((ρ∞ − 4)(ρ∞ − 2)ρ)), else θ ← θ − lr m/(1 − β₁ᵗ). Liu et al. (2020); follows
/// torch.optim.RAdam. The model has to outlive the optimiser.
template <class Model>
class radam : public optimizer<Model, radam_options, radam_rule> {
public:
    explicit radam(Model& model, radam_options options = {})
        : optimizer<Model, radam_options, radam_rule>(model, options) {}
};

}  // namespace tenon::inline TENON_TARGET::optim
