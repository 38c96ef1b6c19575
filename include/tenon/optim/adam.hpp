// Adam, and Adam with decoupled weight decay.
#pragma once

#include <utility>

#include <tenon/optim/optimizer.hpp>

namespace tenon::inline TENON_TARGET::optim {

/// torch.optim.Adam's options.
struct adam_options {
    double lr = 1e-3;
    std::pair<double, double> betas = {0.9, 0.999};
    double eps = 1e-8;
    double weight_decay = 0;
    bool amsgrad = false;
    bool maximize = false;
};
/// torch.optim.AdamW's options.
struct adamw_options {
    double lr = 1e-3;
    std::pair<double, double> betas = {0.9, 0.999};
    double eps = 1e-8;
    double weight_decay = 1e-2;
    bool amsgrad = false;
    bool maximize = false;
};

struct adam_rule {
    static constexpr std::size_t fewest = 2, most = 3;
    static constexpr char const* names[] = {"exp_avg", "exp_avg_sq", "max_exp_avg_sq"};
    double lr, beta1, beta2, eps, decay, shrink, sign;
    bool amsgrad;
    explicit adam_rule(adam_options const& o)
        : lr(o.lr),
          beta1(o.betas.first),
          beta2(o.betas.second),
          eps(o.eps),
          decay(o.weight_decay),
          shrink(1),
          sign(o.maximize ? -1. : 1.),
          amsgrad(o.amsgrad) {}
    explicit adam_rule(adamw_options const& o)
        : lr(o.lr),
          beta1(o.betas.first),
          beta2(o.betas.second),
          eps(o.eps),
          decay(0),
          shrink(1 - o.lr * o.weight_decay),
          sign(o.maximize ? -1. : 1.),
          amsgrad(o.amsgrad) {}

    std::size_t used() const { return amsgrad ? 3 : 2; }
    TENON_HOST_DEVICE void count(step_counters& c) const {
        c.step += 1;
        c.power1.advance(c.step, beta1);
        c.power2.advance(c.step, beta2);
    }

    template <class T>
    struct step {
        detail::gradient_rule<T> gradient;
        T fresh1, keep2, fresh2, rate, correction2, eps, shrink;
        template <class V, std::size_t N>
        TENON_LANE void operator()(V& value, V g, std::array<V, N>& state) const {
            V const joined = gradient(value, g);
            detail::move_mean(state[0], joined, V(fresh1));
            detail::move_square(state[1], joined, V(keep2), V(fresh2));
            V square = state[1];
            if constexpr (N == 3) square = state[2] = math::maximum(state[2], square);
            value = V(shrink) * value - V(rate) * state[0] / math::fma(math::sqrt(square), V(correction2), V(eps));
        }
    };
    template <class T>
    TENON_HOST_DEVICE step<T> at(step_counters const& c) const {
        return {{T(sign), T(decay)},
                T(1 - beta1),
                T(beta2),
                T(1 - beta2),
                T(lr / (1 - c.power1.value)),
                T(1 / std::sqrt(1 - c.power2.value)),
                T(eps),
                T(shrink)};
    }
};

/// Adam; weight decay joins the gradient.
/// m ← β₁m + (1 − β₁)g;  v ← β₂v + (1 − β₂)g²;  θ ← θ − lr/(1 − β₁ᵗ) · m / (√(v/(1 − β₂ᵗ)) + ε). Kingma and Ba (2015);
/// with `amsgrad` the greatest v so far takes v's place (Reddi, Kale and Kumar, 2018). Follows torch.optim.Adam. The model
/// has to outlive the optimiser.
template <class Model>
class adam : public optimizer<Model, adam_options, adam_rule> {
public:
    explicit adam(Model& model, adam_options options = {})
        : optimizer<Model, adam_options, adam_rule>(model, options) {}
};

/// Adam whose weight decay shrinks θ directly instead of joining the gradient (Loshchilov and Hutter, 2019). Follows
/// torch.optim.AdamW. The model has to outlive the optimiser.
template <class Model>
class adamw : public optimizer<Model, adamw_options, adam_rule> {
public:
    explicit adamw(Model& model, adamw_options options = {})
        : optimizer<Model, adamw_options, adam_rule>(model, options) {}
};

}  // namespace tenon::inline TENON_TARGET::optim
