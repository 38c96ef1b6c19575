// What optimisers have in common.
#pragma once

#include <type_traits>

#include <tenon/optim/parameter_state.hpp>
#include <tenon/scalar/math.hpp>

namespace tenon::inline TENON_TARGET::optim {

/// An optimiser moves a model's parameters, and cannot where the model is const.
template <class Model>
struct cannot_optimise_a_const_model;  // give the optimiser the model itself, not a const reference to it

/// Nothing in the model has a gradient: it has tensors where it needs variables, or no layer that learns.
template <class Model>
struct model_has_no_parameters;  // parameters are tn::variable, and layers such as nn::linear have some

namespace detail {
/// Whether an optimiser can move a model.
template <class Model>
inline constexpr bool optimisable =
    !std::is_const_v<Model> && nn::detail::reachable<Model> && nn::detail::structure_t<Model>::parameters;

/// Compile errors that say why an optimiser cannot move a model.
template <class Model>
struct optimisable_model {};
template <class Model>
struct optimisable_model<Model const> : cannot_optimise_a_const_model<Model const> {};
template <class Model>
    requires(!std::is_const_v<Model> && !nn::detail::reachable<Model>)
struct optimisable_model<Model> : nn::detail::refused<Model, typename nn::detail::structure_t<Model>::fault> {};
template <class Model>
    requires(!std::is_const_v<Model> && nn::detail::reachable<Model> && !nn::detail::structure_t<Model>::parameters)
struct optimisable_model<Model> : model_has_no_parameters<Model> {};
}  // namespace detail

/// Base of an optimiser: its model, its options, and what it keeps for each parameter. It refers to the model, so it
/// can be neither copied nor moved, and neither can a struct of a model and its optimiser: the copy's optimiser would
/// move the parameters of the first. A function can still return a new one.
/// @tparam Options a struct with a member `lr`
/// @tparam Rule what one step is, made from the options; see parameter_state
template <class Model, class Options, class Rule>
class optimizer {
public:
    optimizer(optimizer const&) = delete;
    optimizer& operator=(optimizer const&) = delete;

    /// Where the model lives.
    using device = nn::model_device_t<Model>;

    /// The learning rate, to read or to set.
    float& lr() { return options_.lr; }
    Options& options() { return options_; }
    /// The model whose parameters move.
    Model& model() { return *model_; }
    /// Sets every gradient of the model to zero.
    void zero_grad() { optim::zero_grad(*model_); }
    /// One step along the gradients that backward has accumulated. What depends on the buffers that an option asks for
    /// is decided at the first step.
    void step() {
        if constexpr (detail::optimisable<Model>) state_.step(*model_, Rule(options_));
    }
    /// The same unless `skip` is true: then parameters, buffers and the count of steps stay as they are. On a device
    /// the host does not wait to know.
    void step_unless(typename device::template tensor<bool> const& skip) {
        if constexpr (detail::optimisable<Model>) state_.step(*model_, Rule(options_), &skip);
    }
    /// Calls f(rule, state) with what a step is made of, for what makes one in another way than `step`.
    template <class F>
    void step_with(F const& f) {
        f(Rule(options_), state_);
    }

protected:
    optimizer(Model& model, Options const& options) : model_(&model), options_(options) {
        static_cast<void>(detail::optimisable_model<Model>{});
    }

private:
    Model* model_;
    Options options_;
    parameter_state<Model, device> state_;
};

namespace detail {
template <class Model, class Options, class Rule>
std::true_type is_optimizer(optimizer<Model, Options, Rule> const*);
std::false_type is_optimizer(void const*);
}  // namespace detail

/// An optimiser of any rule: a class that has `optimizer` as its base.
template <class O>
concept some_optimizer = decltype(detail::is_optimizer(static_cast<O*>(nullptr)))::value;

namespace detail {
/// What most rules begin with: the gradient's sign, since with `maximize` an optimiser climbs, and weight decay, which
/// joins the gradient.
template <class T>
struct gradient_rule {
    T sign, decay;
    template <class V>
    TENON_LANE V operator()(V value, V g) const {
        return math::fma(V(decay), value, V(sign) * g);
    }
};
/// A running mean: m ← m + fresh (x − m).
template <class V>
TENON_LANE void move_mean(V& mean, V x, V fresh) {
    mean = math::fma(fresh, x - mean, mean);
}
/// A running mean of squares: v ← keep v + fresh x².
template <class V>
TENON_LANE void move_square(V& square, V x, V keep, V fresh) {
    square = math::fma(fresh * x, x, keep * square);
}
}  // namespace detail

}  // namespace tenon::inline TENON_TARGET::optim
