// Stochastic gradient descent.
#pragma once

#include <tenon/optim/optimizer.hpp>

namespace tenon::inline TENON_TARGET::optim {

/// torch.optim.SGD's options.
struct sgd_options {
    double lr = 1e-3;
    double momentum = 0;
    double dampening = 0;
    double weight_decay = 0;
    bool nesterov = false;
    bool maximize = false;
};

struct sgd_rule {
    static constexpr std::size_t fewest = 0, most = 1;
    static constexpr char const* names[] = {"momentum_buffer"};
    double lr, momentum, dampening, decay, sign;
    bool nesterov;
    explicit sgd_rule(sgd_options const& o)
        : lr(o.lr),
          momentum(o.momentum),
          dampening(o.dampening),
          decay(o.weight_decay),
          sign(o.maximize ? -1. : 1.),
          nesterov(o.nesterov) {}

    std::size_t used() const { return momentum != 0 ? 1 : 0; }
    TENON_HOST_DEVICE void count(step_counters& c) const { c.step += 1; }

    template <class T>
    struct step {
        detail::gradient_rule<T> gradient;
        T lr, momentum, keep;
        bool nesterov;
        template <class V, std::size_t N>
        TENON_LANE void operator()(V& value, V g, std::array<V, N>& state) const {
            V direction = gradient(value, g);
            if constexpr (N == 1) {
                state[0] = detail::unless_faded(math::fma(V(momentum), state[0], V(keep) * direction), direction);
                direction = nesterov ? math::fma(V(momentum), state[0], direction) : state[0];
            }
            value = math::fma(V(-lr), direction, value);
        }
    };
    template <class T>
    TENON_HOST_DEVICE step<T> at(step_counters const& c) const {
        return {{T(sign), T(decay)}, T(lr), T(momentum), T(c.step == 1 ? 1 : 1 - dampening), nesterov};
    }
};

/// g ← ∇ + weight_decay·θ;  b ← momentum·b + (1 − dampening)·g (b ← g at the first step);  θ ← θ − lr·(nesterov ?
/// g + momentum·b : b). Follows torch.optim.SGD. The model has to outlive the optimiser.
template <class Model>
class sgd : public optimizer<Model, sgd_options, sgd_rule> {
public:
    explicit sgd(Model& model, sgd_options options = {}) : optimizer<Model, sgd_options, sgd_rule>(model, options) {}
};

}  // namespace tenon::inline TENON_TARGET::optim
