// What optimisers keep for every parameter of a model, and the loop that moves parameters by a rule.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <tenon/base/parallel.hpp>
#include <tenon/core/workspace.hpp>
#include <tenon/eval/cpu/region.hpp>
#include <tenon/nn/module.hpp>

namespace tenon::inline TENON_TARGET::optim {

/// βᵗ for t = 1, 2, …: a product from step to step unless β changes.
struct running_power {
    double base = 0, value = 1;
    TENON_HOST_DEVICE void advance(double step, double to) {
        value = to == base ? value * to : std::pow(to, step);
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
class parameter_sizes {
public:
    template <class Model>
    void note(Model& model) {
        nn::visit_parameters(model, [&](auto& v) { sizes_.push_back(v.size()); });
        digest_ = digest(model);
    }
    /// @throws shape_error where a parameter has another number of elements than was noted; it names the parameter
    template <class Model>
    void refuse_others(Model& model) const {
        if (digest(model) != digest_) [[unlikely]]
            refuse(model);
    }

private:
    /// A constant where all sizes are.
    template <class Model>
    static std::size_t digest(Model& model) {
        std::size_t all = 14695981039346656037U;
        nn::visit_parameters(model, [&](auto& v) TENON_LAMBDA_INLINE { all = (all ^ v.size()) * 1099511628211U; });
        return all;
    }
    template <class Model>
    [[noreturn, gnu::noinline, gnu::cold]] void refuse(Model& model) const {
        std::size_t i = 0;
        nn::for_each_parameter(model, [&](std::string_view name, auto& v) {
            if (i == sizes_.size() || sizes_[i] != v.size())
                throw_size(name, to_string(v.shape()), i == sizes_.size() ? 0 : sizes_[i]);
            ++i;
        });
        throw shape_error("step: the model has " + std::to_string(i) + " parameters now, and had " +
                          std::to_string(sizes_.size()) + " when the optimiser's buffers were made");
    }
    [[noreturn]] static void throw_size(std::string_view name, std::string const& now, std::size_t before) {
        throw shape_error("step: parameter '" + std::string(name) + "' is " + now + " now, and had " +
                          std::to_string(before) +
                          " elements when the optimiser's buffers were made: make another optimiser");
    }

    std::vector<std::size_t> sizes_;
    std::size_t digest_ = 0;
};

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

template <class Model>
class parameter_state<Model, cpu> {
public:
    /// One step of every parameter; none where `skip` is given and true, and then nothing is counted either.
    template <class Rule>
    void step(Model& model, Rule const& rule, tensor<bool> const* skip = nullptr) {
        if (skip && (*skip)()) return;
        if (made_) sizes_.refuse_others(model);
        else make(model, rule.used());
        rule.count(counters_);
        if constexpr (host_pass) dispatch<Rule::fewest>(model, rule);
    }

    /// Bytes of a buffer of n elements.
    template <class T>
    static constexpr std::size_t padded(std::size_t n) {
        return (n * sizeof(T) + alignment - 1) / alignment * alignment;
    }
    /// @throws shape_error as a step does
    kept_state save(Model& model) const {
        if (!made_) return {};
        sizes_.refuse_others(model);
        auto const* const p = reinterpret_cast<unsigned char const*>(memory_.get());
        return {true, used_, counters_, {p, p + total(model, used_)}};
    }
    void load(Model& model, kept_state const& state) {
        made_ = false;
        counters_ = state.counters;
        if (!state.made) return;
        make(model, state.used);
        std::copy(state.buffers.begin(), state.buffers.end(), reinterpret_cast<unsigned char*>(memory_.get()));
    }

private:
    template <std::size_t Used, class Rule>
    void dispatch(Model& model, Rule const& rule) {
        if constexpr (Used < Rule::most)
            if (used_ > Used) return dispatch<Used + 1>(model, rule);
        auto* p = reinterpret_cast<unsigned char*>(memory_.get());
        // Almost all parameters are floats: the divisions and roots of a step are then taken once.
        auto const move_float = rule.template at<float>(counters_);
        nn::visit_parameters(model, [&](auto& v) TENON_LAMBDA_INLINE {
            using T = value_t<decltype(v)>;
            std::size_t const bytes = padded<T>(v.size());
            std::array<T*, Used> buffers;
            unroll<Used>([&](auto k) { buffers[k] = reinterpret_cast<T*>(p + k * bytes); });
            p += Used * bytes;
            if constexpr (std::is_same_v<T, float>) update(v, buffers, move_float);
            else update(v, buffers, rule.template at<element::computed_t<T>>(counters_));
        });
    }
    template <class Variable, class T, std::size_t Used, class Move>
    static void update(Variable& parameter, std::array<T*, Used> const& buffers, Move const& move) {
        constexpr std::size_t lanes = TENON_VECTOR_BYTES / eval::lane_bytes<T>,
                              extent = static_size<typename Variable::shape_type>;
        T* const x = parameter.value().data();
        T const* const g = parameter.gradient_data();
        auto const element = [&](auto N, std::size_t i) TENON_LAMBDA_INLINE {
            using V = element::lane_t<T, N>;
            V value = element::load_lanes<N>(x + i);
            std::array<V, Used> state;
            unroll<Used>([&](auto k) TENON_LAMBDA_INLINE { state[k] = element::load_lanes<N>(buffers[k] + i); });
            move(value, element::load_lanes<N>(g + i), state);
            unroll<Used>([&](auto k) TENON_LAMBDA_INLINE { element::store_lanes(buffers[k] + i, state[k]); });
            element::store_lanes(x + i, value);
        };
        // As with products, threads are for what takes 0.4 ms each (Adam on Zen 3).
        constexpr std::size_t shared = std::size_t{1} << 20;
        if constexpr (!is_dynamic(extent) && extent < shared)
            eval::for_each_pack<lanes, extent>(parameter.size(), element);
        else
            for_each_part(parameter.size(), lanes, parameter.size() / shared, [&](std::size_t first, std::size_t last) {
                eval::for_each_pack<lanes, dyn>(last - first, [&](auto N, std::size_t i)
                                                                  TENON_LAMBDA_INLINE { element(N, first + i); });
            });
    }
    static std::size_t total(Model& model, std::size_t used) {
        std::size_t bytes = 0;
        nn::visit_parameters(model, [&](auto& p) { bytes += used * padded<value_t<decltype(p)>>(p.size()); });
        return bytes;
    }
    void make(Model& model, std::size_t used) {
        memory_ = std::make_unique<line[]>(total(model, used) / sizeof(line));
        sizes_ = {};
        sizes_.note(model);
        used_ = used;
        made_ = true;
    }

    struct alignas(alignment) line {
        unsigned char bytes[alignment] = {};
    };
    std::unique_ptr<line[]> memory_;
    parameter_sizes sizes_;
    std::size_t used_ = 0;
    bool made_ = false;
    step_counters counters_;
};

/// Sets every gradient of a model to zero.
template <class Model>
void zero_grad(Model& model) {
    nn::visit_parameters(model, [](auto& v) { v.zero_grad(); });
}

}  // namespace tenon::inline TENON_TARGET::optim
