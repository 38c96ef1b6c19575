// What optimisers have in common.
#pragma once

#include <cstddef>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <tenon/optim/parameter_state.hpp>
#include <tenon/optim/state_dict.hpp>
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

namespace detail {
/// Calls f(name, parameter, elements) for each buffer of each parameter in a copy of an optimiser's state.
template <class F>
void for_each_buffer(std::vector<nn::detail::named_tensor> const& parameters, kept_state& kept,
                     char const* const* names, std::size_t alignment, F const& f) {
    unsigned char* at = kept.buffers.data();
    for (auto const& [name, p] : parameters)
        for (std::size_t k = 0; k != kept.used; ++k, at += buffer_bytes({&p, 1}, 1, alignment))
            f("state." + name + (name.empty() ? "" : ".") + names[k], p, at);
}
}  // namespace detail

namespace detail {
TENON_ON_USE
[[gnu::noinline, gnu::cold]] void check_options(double lr, double eps, double decay, double momentum, double beta1,
                                                double beta2) {
    auto const check = [](bool fits, char const* what) {
        if (!fits) throw std::invalid_argument(text_of({"optimiser: ", what}));
    };
    check(lr >= 0, "lr may not be negative");
    check(eps >= 0, "eps may not be negative");
    check(decay >= 0, "weight_decay may not be negative");
    check(momentum >= 0, "momentum may not be negative");
    check(beta1 >= 0 && beta1 < 1 && beta2 >= 0 && beta2 < 1, "betas have to be in [0, 1)");
}
/// @throws std::invalid_argument for what torch.optim refuses too
template <class Options>
Options const& checked_options(Options const& o) {
    double eps = 0, decay = 0, momentum = 0, beta1 = 0, beta2 = 0;
    if constexpr (requires { o.eps; }) eps = o.eps;
    if constexpr (requires { o.weight_decay; }) decay = o.weight_decay;
    if constexpr (requires { o.momentum; }) momentum = o.momentum;
    if constexpr (requires { o.betas; }) beta1 = o.betas.first, beta2 = o.betas.second;
    check_options(o.lr, eps, decay, momentum, beta1, beta2);
    return o;
}
}  // namespace detail

/// Base of an optimiser: its model, its options, and what it keeps for each parameter. It refers to the model, so it
/// can be neither copied nor moved, and neither can a struct of a model and its optimiser: the copy's optimiser would
/// move the parameters of the first. A function can still return a new one.
/// Its constructor @throws std::invalid_argument for a negative rate, eps, decay or momentum, and betas outside [0, 1).
/// @tparam Options a struct with a member `lr`; numbers among options are doubles, as PyTorch's are
/// @tparam Rule what one step is, made from the options; see parameter_state
template <class Model, class Options, class Rule>
class optimizer {
public:
    optimizer(optimizer const&) = delete;
    optimizer& operator=(optimizer const&) = delete;

    /// Where the model lives.
    using device = nn::model_device_t<Model>;

    /// The learning rate, to read or to set.
    double& lr() { return options_.lr; }
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
    /// All that another optimiser of this kind needs to go on from here with the same parameters, bit for bit: options,
    /// counts and buffers, which PyTorch's names are given; of a model on a device the host waits.
    optim::state_dict state_dict() const {
        optim::state_dict s;
        s.set("kind", kind());
        detail::for_each_option(options_, [&](std::string const& name, auto n) { s.set(name, n); });
        kept_state kept = state_.save(*model_);
        if (!kept.made) return s;
        s.set("state.buffers", kept.used);
        for_each_counter(kept.counters, [&](char const* name, double n) { s.set(name, n); });
        detail::for_each_buffer(nn::detail::named_state<false>(*model_), kept, Rule::names, buffer_alignment,
                                [&](std::string const& name, untyped_tensor const& p, unsigned char const* elements) {
                                    s.set_elements(name, p.type->element, elements, p.bytes(), p.extents());
                                });
        return s;
    }
    /// Goes on where another optimiser was; parameters are not touched.
    /// @throws io_error where the state is one of another kind of optimiser, or names or element types are others than
    /// this model's, shape_error where shapes are; this optimiser is then as it was
    void load_state_dict(optim::state_dict const& s) {
        s.check_kind(kind());
        Options options = options_;
        std::size_t taken = 1;
        detail::for_each_option(options, [&](std::string const& name, auto& n) {
            n = s.number<std::remove_reference_t<decltype(n)>>(name);
            ++taken;
        });
        kept_state kept;
        if (s.contains("state.buffers")) {
            kept.made = true;
            kept.used = s.number<std::size_t>("state.buffers");
            if (kept.used < Rule::fewest || kept.used > Rule::most) s.fail("'state.buffers' is out of range");
            ++taken;
            for_each_counter(kept.counters, [&](char const* name, double& n) {
                n = s.number<double>(name);
                ++taken;
            });
            auto const parameters = nn::detail::named_state<false>(*model_);
            std::size_t bytes = 0;
            for (auto const& p : parameters) bytes += buffer_bytes({&p.tensor, 1}, kept.used, buffer_alignment);
            kept.buffers.resize(bytes);
            detail::for_each_buffer(parameters, kept, Rule::names, buffer_alignment,
                                    [&](std::string const& name, untyped_tensor const& p, unsigned char* elements) {
                                        s.copy_elements(name, p.type->element, elements, p.bytes(), p.extents());
                                        ++taken;
                                    });
        }
        if (taken != s.entries().size()) s.fail("has entries that this optimiser has not");
        options_ = options;
        state_.load(*model_, kept);
    }
    /// Calls f(rule, state) with what a step is made of, for what makes one in another way than `step`.
    template <class F>
    void step_with(F const& f) {
        f(Rule(options_), state_);
    }

protected:
    optimizer(Model& model, Options const& options) : model_(&model), options_(detail::checked_options(options)) {
        static_cast<void>(detail::optimisable_model<Model>{});
    }

private:
    /// The class's name, which is that of its options.
    static constexpr std::string_view kind() {
        std::string_view name = reflect::type_name<Options>();
        if (name.ends_with("_options")) name.remove_suffix(std::string_view("_options").size());
        return name;
    }
    template <class F>
    static void for_each_counter(step_counters& c, F const& f) {
        f("state.step", c.step);
        f("state.beta1", c.power1.base), f("state.beta1_power", c.power1.value);
        f("state.beta2", c.power2.base), f("state.beta2_power", c.power2.value);
        f("state.mu_product", c.product);
    }
    static constexpr std::size_t buffer_alignment = parameter_state<Model, device>::buffer_alignment;

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
/// Below this, a mean that only fades is worth nothing beside what it is divided by, and its products would soon be denormal.
template <class T>
inline constexpr T faded = std::numeric_limits<T>::min() * T(1 << 24);

/// A running mean of x, or 0 where x is zero and the mean has faded away. A unit of relu that no longer answers, or a row of an
/// embedding that no batch has, would leave denormals for good: 0.9 m rounds to m for the last of them. Processors take a
/// hundred times as long for these: an Adam step of 10-5-2 780 ns instead of 240.
template <class V>
TENON_LANE V unless_faded(V mean, V x) {
    return math::select(x == V(0) && math::abs(mean) < V(faded<typename V::value_type>), V(0), mean);
}
/// A running mean: m ← m + fresh (x − m).
template <class V>
TENON_LANE void move_mean(V& mean, V x, V fresh) {
    mean = detail::unless_faded(math::fma(fresh, x - mean, mean), x);
}
/// A running mean of squares: v ← keep v + fresh x². Where x is zero, v stays as it is before it would become denormal: as small
/// beside ε as 0, and still a divisor where ε is 0.
template <class V>
TENON_LANE void move_square(V& square, V x, V keep, V fresh) {
    square = math::select(x == V(0) && square < V(faded<typename V::value_type>), square,
                          math::fma(fresh * x, x, keep * square));
}
}  // namespace detail

}  // namespace tenon::inline TENON_TARGET::optim
