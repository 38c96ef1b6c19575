// NAdam: Adam with Nesterov's momentum.
#pragma once

#include <utility>

#include <tenon/optim/optimizer.hpp>

namespace tenon::inline TENON_TARGET::optim {

/// torch.optim.NAdam's options.
struct nadam_options {
    double lr = 2e-3;
    std::pair<double, double> betas = {0.9, 0.999};
    double eps = 1e-8;
    double weight_decay = 0;
    double momentum_decay = 4e-3;
    bool decoupled_weight_decay = false;
    bool maximize = false;
};

struct nadam_rule {
    static constexpr std::size_t fewest = 2, most = 2;
    static constexpr char const* names[] = {"exp_avg", "exp_avg_sq"};
    double lr, beta1, beta2, momentum_decay, eps, decay, shrink, sign;
    explicit nadam_rule(nadam_options const& o)
        : lr(o.lr),
          beta1(o.betas.first),
          beta2(o.betas.second),
          momentum_decay(o.momentum_decay),
          eps(o.eps),
          decay(o.decoupled_weight_decay ? 0 : o.weight_decay),
          shrink(o.decoupled_weight_decay ? 1 - o.lr * o.weight_decay : 1),
          sign(o.maximize ? -1. : 1.) {}

    static constexpr std::size_t used() { return 2; }
    TENON_HOST_DEVICE void count(step_counters& c) const {
        c.step += 1;
        c.power2.advance(c.step, beta2);
        c.product *= momentum(c.step);
        if (c.product < 1e-300) c.product = 0;  // before it is denormal, as in running_power
    }

    template <class T>
    struct step {
        detail::gradient_rule<T> gradient;
        T fresh1, keep2, fresh2, gradient_rate, mean_rate, correction2, eps, shrink;
        template <class V, std::size_t N>
        TENON_LANE void operator()(V& value, V g, std::array<V, N>& state) const {
            V const joined = gradient(value, g);
            detail::move_mean(state[0], joined, V(fresh1));
            detail::move_square(state[1], joined, V(keep2), V(fresh2));
            V const denominator = math::fma(math::sqrt(state[1]), V(correction2), V(eps));
            value = V(shrink) * value - (V(gradient_rate) * joined + V(mean_rate) * state[0]) / denominator;
        }
    };
    template <class T>
    TENON_HOST_DEVICE step<T> at(step_counters const& c) const {
        double const now = momentum(c.step), next = momentum(c.step + 1);
        return {{T(sign), T(decay)},
                T(1 - beta1),
                T(beta2),
                T(1 - beta2),
                T(lr * (1 - now) / (1 - c.product)),
                T(lr * next / (1 - c.product * next)),
                T(1 / std::sqrt(1 - c.power2.value)),
                T(eps),
                T(shrink)};
    }

private:
    TENON_HOST_DEVICE double momentum(double t) const { return beta1 * (1 - 0.5 * std::pow(0.96, t * momentum_decay)); }
};

/// μ_t = β₁(1 − ½ 0.96^(t·momentum_decay));  m ← β₁m + (1 − β₁)g;  v ← β₂v + (1 − β₂)g²;
/// θ ← θ − lr (μ_{t+1} m / (1 − Π_{i≤t+1} μ_i) + (1 − μ_t) g / (1 − Π_{i≤t} μ_i)) / (√(v/(1 − β₂ᵗ)) + ε). Dozat (2016);
/// follows torch.optim.NAdam. The model has to outlive the optimiser.
template <class Model>
class nadam : public optimizer<Model, nadam_options, nadam_rule> {
public:
    explicit nadam(Model& model, nadam_options options = {})
        : optimizer<Model, nadam_options, nadam_rule>(model, options) {}
};

}  // namespace tenon::inline TENON_TARGET::optim
