// Adadelta.
#pragma once

#include <tenon/optim/optimizer.hpp>

namespace tenon::inline TENON_TARGET::optim {

/// torch.optim.Adadelta's options.
struct adadelta_options {
    double lr = 1;
    double rho = 0.9;
    double eps = 1e-6;
    double weight_decay = 0;
    bool maximize = false;
};

struct adadelta_rule {
    static constexpr std::size_t fewest = 2, most = 2;
    static constexpr char const* names[] = {"square_avg", "acc_delta"};
    double rho, lr, eps, decay, sign;
    explicit adadelta_rule(adadelta_options const& o)
        : rho(o.rho), lr(o.lr), eps(o.eps), decay(o.weight_decay), sign(o.maximize ? -1. : 1.) {}

    static constexpr std::size_t used() { return 2; }
    TENON_HOST_DEVICE void count(step_counters& c) const { c.step += 1; }

    template <class T>
    struct step {
        detail::gradient_rule<T> gradient;
        T keep, fresh, lr, eps;
        template <class V, std::size_t N>
        TENON_LANE void operator()(V& value, V g, std::array<V, N>& state) const {
            V const joined = gradient(value, g);
            detail::move_square(state[0], joined, V(keep), V(fresh));
            V const delta = math::sqrt(state[1] + V(eps)) / math::sqrt(state[0] + V(eps)) * joined;
            detail::move_square(state[1], delta, V(keep), V(fresh));
            value = value - V(lr) * delta;
        }
    };
    template <class T>
    TENON_HOST_DEVICE step<T> at(step_counters const&) const {
        return {{T(sign), T(decay)}, T(rho), T(1 - rho), T(lr), T(eps)};
    }
};

/// v ← ρv + (1 − ρ)g²;  d = √(u + ε) / √(v + ε) · g;  u ← ρu + (1 − ρ)d²;  θ ← θ − lr·d. Zeiler (2012); follows
/// torch.optim.Adadelta. The model has to outlive the optimiser.
template <class Model>
class adadelta : public optimizer<Model, adadelta_options, adadelta_rule> {
public:
    explicit adadelta(Model& model, adadelta_options options = {})
        : optimizer<Model, adadelta_options, adadelta_rule>(model, options) {}
};

}  // namespace tenon::inline TENON_TARGET::optim
