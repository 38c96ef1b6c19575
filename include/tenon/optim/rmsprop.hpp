// RMSprop.
#pragma once

#include <tenon/optim/optimizer.hpp>

namespace tenon::inline TENON_TARGET::optim {

/// torch.optim.RMSprop's options.
struct rmsprop_options {
    double lr = 1e-2;
    double alpha = 0.99;
    double eps = 1e-8;
    double weight_decay = 0;
    double momentum = 0;
    bool centered = false;
    bool maximize = false;
};

struct rmsprop_rule {
    static constexpr std::size_t fewest = 1, most = 3;
    static constexpr char const* names[] = {"square_avg", "momentum_buffer", "grad_avg"};
    double alpha, lr, eps, decay, momentum, sign;
    bool centered;
    explicit rmsprop_rule(rmsprop_options const& o)
        : alpha(o.alpha),
          lr(o.lr),
          eps(o.eps),
          decay(o.weight_decay),
          momentum(o.momentum),
          sign(o.maximize ? -1. : 1.),
          centered(o.centered) {}

    std::size_t used() const { return centered ? 3 : momentum > 0 ? 2 : 1; }
    TENON_HOST_DEVICE void count(step_counters& c) const { c.step += 1; }

    template <class T>
    struct step {
        detail::gradient_rule<T> gradient;
        T keep, fresh, lr, eps, momentum;
        bool centered;
        template <class V, std::size_t N>
        TENON_LANE void operator()(V& value, V g, std::array<V, N>& state) const {
            V const joined = gradient(value, g);
            detail::move_square(state[0], joined, V(keep), V(fresh));
            V square = state[0];
            if constexpr (N == 3)
                if (centered) {
                    detail::move_mean(state[2], joined, V(fresh));
                    square = square - state[2] * state[2];
                }
            V direction = joined / (math::sqrt(square) + V(eps));
            if constexpr (N >= 2)
                if (momentum > 0)
                    direction = state[1] = detail::unless_faded(math::fma(V(momentum), state[1], direction), direction);
            value = value - V(lr) * direction;
        }
    };
    template <class T>
    TENON_HOST_DEVICE step<T> at(step_counters const&) const {
        return {{T(sign), T(decay)}, T(alpha), T(1 - alpha), T(lr), T(eps), T(momentum), centered};
    }
};

/// v ← αv + (1 − α)g²;  a = √v + ε, or with `centered`, where m ← αm + (1 − α)g, a = √(v − m²) + ε;  b ← momentum·b +
/// g/a; θ ← θ − lr·b. Hinton (2012); follows torch.optim.RMSprop. Whether there are b and m is decided at the first
/// step. The model has to outlive the optimiser.
template <class Model>
class rmsprop : public optimizer<Model, rmsprop_options, rmsprop_rule> {
public:
    explicit rmsprop(Model& model, rmsprop_options options = {})
        : optimizer<Model, rmsprop_options, rmsprop_rule>(model, options) {}
};

}  // namespace tenon::inline TENON_TARGET::optim
