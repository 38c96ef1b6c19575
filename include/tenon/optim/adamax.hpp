// Adamax: Adam with the infinity norm.
#pragma once

#include <utility>

#include <tenon/optim/optimizer.hpp>

namespace tenon::inline TENON_TARGET::optim {

/// torch.optim.Adamax's options.
struct adamax_options {
    double lr = 2e-3;
    std::pair<double, double> betas = {0.9, 0.999};
    double eps = 1e-8;
    double weight_decay = 0;
    bool maximize = false;
};

struct adamax_rule {
    static constexpr std::size_t fewest = 2, most = 2;
    static constexpr char const* names[] = {"exp_avg", "exp_inf"};
    double lr, beta1, beta2, eps, decay, sign;
    explicit adamax_rule(adamax_options const& o)
        : lr(o.lr),
          beta1(o.betas.first),
          beta2(o.betas.second),
          eps(o.eps),
          decay(o.weight_decay),
          sign(o.maximize ? -1. : 1.) {}

    static constexpr std::size_t used() { return 2; }
    TENON_HOST_DEVICE void count(step_counters& c) const {
        c.step += 1;
        c.power1.advance(c.step, beta1);
    }

    template <class T>
    struct step {
        detail::gradient_rule<T> gradient;
        T fresh1, keep2, rate, eps;
        template <class V, std::size_t N>
        TENON_LANE void operator()(V& value, V g, std::array<V, N>& state) const {
            V const joined = gradient(value, g);
            detail::move_mean(state[0], joined, V(fresh1));
            state[1] = math::maximum(V(keep2) * state[1], math::abs(joined) + V(eps));
            value = value - V(rate) * state[0] / state[1];
        }
    };
    template <class T>
    TENON_HOST_DEVICE step<T> at(step_counters const& c) const {
        return {{T(sign), T(decay)}, T(1 - beta1), T(beta2), T(lr / (1 - c.power1.value)), T(eps)};
    }
};

/// m ← β₁m + (1 − β₁)g;  u ← max(β₂u, |g| + ε);  θ ← θ − lr/(1 − β₁ᵗ) · m/u. Kingma and Ba (2015); follows
/// torch.optim.Adamax. The model has to outlive the optimiser.
template <class Model>
class adamax : public optimizer<Model, adamax_options, adamax_rule> {
public:
    explicit adamax(Model& model, adamax_options options = {})
        : optimizer<Model, adamax_options, adamax_rule>(model, options) {}
};

}  // namespace tenon::inline TENON_TARGET::optim
