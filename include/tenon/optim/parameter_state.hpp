// What optimisers keep for every parameter of a model, and the loop that moves parameters by a rule.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include <tenon/base/parallel.hpp>
#include <tenon/core/packs.hpp>
#include <tenon/core/workspace.hpp>
#include <tenon/nn/state.hpp>

namespace tenon::inline TENON_TARGET::optim {

/// βᵗ for t = 1, 2, …: a product from step to step unless β changes. It becomes 0 before it is denormal (0.9ᵗ after 7000 steps),
/// where a product takes as long as the step of a small layer.
struct running_power {
    double base = 0, value = 1;
    TENON_HOST_DEVICE void advance(double step, double to) {
        value = to == base ? value * to : std::pow(to, step);
        if (value < 1e-300) value = 0;
        base = to;
    }
};

/// What optimisers count from step to step.
struct step_counters {
    double step = 0;               ///< the number of the step, from 1 on
    running_power power1, power2;  ///< β₁ᵗ and β₂ᵗ
    double product = 1;            ///< a product of one factor for each step
};

/// How many elements each parameter of a model had when buffers were made for it. A run-time extent, or the number of layers
/// in a container, may change afterwards; buffers and parameters would then not lie side by side.
TENON_ON_USE
class parameter_sizes {
public:
    void note(std::span<untyped_tensor const> parameters) {
        sizes_.resize(parameters.size());
        for (std::size_t i = 0; i != parameters.size(); ++i) sizes_[i] = parameters[i].size;
    }
    /// @throws shape_error where a parameter has another number of elements than was noted; it names the parameter
    template <class Model>
    void refuse_others(Model& model, std::span<untyped_tensor const> parameters) const {
        bool equal = parameters.size() == sizes_.size();
        for (std::size_t i = 0; equal && i != sizes_.size(); ++i) equal = parameters[i].size == sizes_[i];
        if (!equal) [[unlikely]]
            refuse_by_name(model);
    }

private:
    template <class Model>
    [[noreturn, gnu::noinline, gnu::cold]] void refuse_by_name(Model& model) const {
        refuse(nn::detail::named_state<false>(model));
    }
    [[noreturn, gnu::noinline, gnu::cold]] void refuse(std::vector<nn::detail::named_tensor> const& parameters) const {
        for (std::size_t i = 0; i != parameters.size(); ++i) {
            std::size_t const before = i < sizes_.size() ? sizes_[i] : 0;
            auto const& [name, now] = parameters[i];
            if (i < sizes_.size() && now.size == before) continue;
            auto const extents = now.extents();
            throw shape_error(
                text_of({"step: parameter '", name, "' is ",
                         tenon::detail::extents_as_text(extents.data(), extents.size()), " now, and had ", before,
                         " elements when the optimiser's buffers were made: make another optimiser"}));
        }
        throw shape_error(text_of({"step: the model has ", parameters.size(), " parameters now, and had ",
                                   sizes_.size(), " when the optimiser's buffers were made"}));
    }

    nn::detail::plain_values<std::size_t> sizes_;
};

/// Bytes of optimisers' buffers, `used` for each parameter: each begins at a multiple of an alignment.
TENON_ON_USE
[[gnu::cold]] std::size_t buffer_bytes(std::span<untyped_tensor const> parameters, std::size_t used,
                                       std::size_t alignment) {
    std::size_t bytes = 0;
    for (untyped_tensor const& p : parameters) bytes += used * ((p.bytes() + alignment - 1) / alignment * alignment);
    return bytes;
}

/// A copy on the host of what an optimiser keeps: nothing before its first step.
struct kept_state {
    bool made = false;
    std::size_t used = 0;
    step_counters counters;
    std::vector<unsigned char> buffers;
};

/// Buffers of zeros for each parameter of a model, in one block of memory that the first step makes, and the counters. They
/// live where the model does. @throws shape_error from a step where a parameter has another number of elements than at the
/// first, before anything has changed
///
/// A rule says what one step is, in plain numbers that can travel to a device: `Rule::fewest` and `Rule::most` bound the
/// buffers of a parameter and `used()` is their number; `count(counters)` counts on; `at<T>(counters)` gives a function of
/// (value, gradient, std::array of the buffers' values) on lanes of T, which changes value and buffers.
template <class Model, class Device = cpu>
class parameter_state;

/// Sets every gradient of a model to zero. Each parameter's own function does it: through a list of them, 10-5-2's gradients
/// take 16 ns instead of 4 (Sapphire Rapids).
template <class Model>
void zero_grad(Model& model) {
    nn::visit_parameters(model, [](auto& v) { v.zero_grad(); });
}

namespace detail {
/// Bytes of one buffer of a parameter.
inline std::size_t padded_bytes(untyped_tensor const& p) { return (p.bytes() + alignment - 1) / alignment * alignment; }

/// How many real numbers an element is: both parts of a complex one move as others do, as in PyTorch.
template <class T>
inline constexpr std::size_t numbers_in = sizeof(T) / sizeof(element::real_t<T>);

/// Moves numbers [first, last) of those of some parameters that are of the type T. All of a small model in one call, so that
/// what the rule needs is brought into registers once.
/// @param state where the buffers of all of them lie, one after another
template <std::size_t Used, class T, class Rule>
[[gnu::noinline]] unsigned char* move_elements(Rule const& rule, step_counters const& counters,
                                               std::span<untyped_tensor const> parameters, unsigned char* state,
                                               std::size_t first = 0, std::size_t last = dyn) {
    using part = element::real_t<T>;
    auto const move = rule.template at<element::computed_t<part>>(counters);
    constexpr std::size_t lanes = TENON_VECTOR_BYTES / eval::lane_bytes<part>;
    for (untyped_tensor const& p : parameters) {
        std::size_t const stride = padded_bytes(p);
        if (p.type->element == element_type_of<T>()) {
            std::size_t const n = std::min(numbers_in<T> * p.size, last);
            auto* const x = static_cast<part*>(p.value);
            auto const* const g = static_cast<part const*>(p.written_gradient());
            auto const move_lanes = [&](auto N, std::size_t i) TENON_LAMBDA_INLINE {
                using V = element::lane_t<part, N>;
                std::array<V, Used> kept;
                V value = element::load_lanes<N>(x + i);
                for (std::size_t k = 0; k != Used; ++k)
                    kept[k] = element::load_lanes<N>(reinterpret_cast<part*>(state + k * stride) + i);
                move(value, element::load_lanes<N>(g + i), kept);
                for (std::size_t k = 0; k != Used; ++k)
                    element::store_lanes(reinterpret_cast<part*>(state + k * stride) + i, kept[k]);
                element::store_lanes(x + i, value);
            };
            std::size_t i = first;
            for (; n - i >= lanes; i += lanes) move_lanes(std::integral_constant<std::size_t, lanes>{}, i);
            // The rest in halves: a bias of 7 with 4 lanes goes 4 + 2 + 1.
            unroll<std::bit_width(lanes) - 1>([&](auto k) TENON_LAMBDA_INLINE {
                constexpr std::size_t half = lanes >> (k + 1);
                if (((n - i) & half) == 0) return;
                move_lanes(std::integral_constant<std::size_t, half>{}, i);
                i += half;
            });
        }
        state += Used * stride;
    }
    return state;
}

/// Moves those of some parameters that are of the type T, large ones on several threads.
template <std::size_t Used, class T, class Rule>
void move_parameters(Rule const& rule, step_counters const& counters, std::span<untyped_tensor const> parameters,
                     unsigned char* state) {
    // Pieces of 50 µs (Adam on Sapphire Rapids).
    constexpr std::size_t shared = std::size_t{1} << 16, lanes = TENON_VECTOR_BYTES / eval::lane_bytes<T>;
    while (!parameters.empty()) {
        std::size_t small = 0;
        while (small != parameters.size() && parameters[small].size < 2 * shared) ++small;
        state = move_elements<Used, T>(rule, counters, parameters.first(small), state);
        parameters = parameters.subspan(small);
        if (parameters.empty()) break;
        auto const large = parameters.first(1);
        large[0].written_gradient();  // before several threads ask for it
        std::size_t const n = numbers_in<T> * large[0].size;
        for_each_part(n, lanes, n / shared, [&](std::size_t first, std::size_t last) {
            move_elements<Used, T>(rule, counters, large, state, first, last);
        });
        state += Used * padded_bytes(large[0]);
        parameters = parameters.subspan(1);
    }
}

/// What the processor keeps for any model.
class host_state {
public:
    host_state() = default;
    host_state(host_state&&) = default;
    host_state& operator=(host_state&&) = default;

    /// The model's parameters. @throws shape_error where they are not those of the first step
    template <class Model>
    std::span<untyped_tensor const> parameters(Model& model) {
        if constexpr (nn::detail::structure_t<Model>::fixed) {
            if (list_.empty()) [[unlikely]]
                list_.gather(model);
            else list_.look_again();
        } else {
            list_.gather(model);
            if (made_) sizes_.refuse_others(model, list_.all());
        }
        return list_.all();
    }
    TENON_ON_USE
    [[gnu::noinline, gnu::cold]] void make(std::span<untyped_tensor const> parameters, std::size_t used) {
        memory_ = tensor<unsigned char, dyn>(buffer_bytes(parameters, used, alignment));
        sizes_.note(parameters);
        used_ = used;
        made_ = true;
    }
    template <element_set Set, class Rule>
    void step(std::span<untyped_tensor const> parameters, Rule const& rule) {
        if (!made_) make(parameters, rule.used());
        rule.count(counters_);
        dispatch<Set, Rule::fewest>(parameters, rule);
    }
    /// @throws shape_error where the parameters are not those of the first step
    template <class Model>
    kept_state save(Model& model) const {
        if (!made_) return {};
        nn::detail::parameter_list<> list;
        list.gather(model);
        sizes_.refuse_others(model, list.all());
        return {true, used_, counters_, {memory_.begin(), memory_.end()}};
    }
    template <class Model>
    void load(Model& model, kept_state const& state) {
        made_ = false;
        counters_ = state.counters;
        if (!state.made) return;
        make(parameters(model), state.used);
        std::copy(state.buffers.begin(), state.buffers.end(), memory_.data());
    }

private:
    template <element_set Set, std::size_t Used, class Rule>
    void dispatch(std::span<untyped_tensor const> parameters, Rule const& rule) {
        if constexpr (Used < Rule::most)
            if (used_ > Used) return dispatch<Set, Used + 1>(parameters, rule);
        for_each_element_type<Set>([&]<class T>(std::type_identity<T>) {
            move_parameters<Used, T>(rule, counters_, parameters, memory_.data());
        });
    }
    nn::detail::parameter_list<> list_;
    tensor<unsigned char, dyn> memory_;
    std::size_t used_ = 0;
    parameter_sizes<> sizes_;
    bool made_ = false;
    step_counters counters_;
};
}  // namespace detail

template <class Model>
class parameter_state<Model, cpu> {
public:
    /// Each buffer begins at a multiple of it.
    static constexpr std::size_t buffer_alignment = alignment;

    /// One step of every parameter; none where `skip` is given and true, and then nothing is counted either.
    template <class Rule>
    void step(Model& model, Rule const& rule, tensor<bool> const* skip = nullptr) {
        if (skip && (*skip)()) return;
        if constexpr (host_code)
            state_.template step<nn::detail::structure_t<Model>::elements>(state_.parameters(model), rule);
    }
    /// @throws shape_error as a step does
    kept_state save(Model& model) const { return state_.save(model); }
    void load(Model& model, kept_state const& state) { state_.load(model, state); }

private:
    detail::host_state state_;
};

}  // namespace tenon::inline TENON_TARGET::optim
