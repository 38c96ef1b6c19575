// What optimisers keep for every parameter of a model.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>

#include <tenon/core/workspace.hpp>
#include <tenon/eval/cpu/tape.hpp>
#include <tenon/nn/module.hpp>

namespace tenon::inline TENON_TARGET::optim {

/// What an optimiser counts beside its buffers: nothing.
struct no_counters {};

/// Buffers of zeros, up to Count for each parameter of a model, in one block of memory, and what the optimiser counts from
/// step to step. They live where the model does.
template <class Model, std::size_t Count, class Counters = no_counters, class Device = nn::model_device_t<Model>>
class parameter_state;

/// Runs `f(N, i)` over a parameter's elements, N at a time.
template <class Variable, class F>
TENON_INLINE void for_each_element(Variable const& v, F&& f) {
    using T = typename Variable::value_type;
    eval::for_each_pack<TENON_VECTOR_BYTES / sizeof(T), static_size<typename Variable::shape_type>>(v.size(), f);
}

template <class Model, std::size_t Count, class Counters>
class parameter_state<Model, Count, Counters, cpu> {
public:
    /// @param used how many buffers each parameter has
    explicit parameter_state(Model& model, std::size_t used = Count) : used_(used) {
        std::size_t bytes = 0;
        nn::visit_parameters(model, [&](auto& p) { bytes += used_ * padded<value_t<decltype(p)>>(p.size()); });
        memory_ = std::make_unique<line[]>(bytes / sizeof(line));
    }
    /// Calls `f(parameter, buffers)` for every parameter; buffers[i] points to the i-th buffer's elements, or is
    /// null where that is not used.
    template <class F>
    void for_each(Model& model, F&& f) {
        auto* p = reinterpret_cast<unsigned char*>(memory_.get());
        nn::visit_parameters(model, [&](auto& v) TENON_LAMBDA_INLINE {
            using T = value_t<decltype(v)>;
            std::size_t const step = padded<T>(v.size());
            T* buffers[Count == 0 ? 1 : Count];
            for (std::size_t i = 0; i != Count; ++i)
                buffers[i] = i < used_ ? reinterpret_cast<T*>(p + i * step) : nullptr;
            p += used_ * step;
            f(v, buffers);
        });
    }

    /// One step of every parameter by a rule of the optimiser's.
    /// @param rule `rule.next(counters)` counts on, and `rule.at<T>(counters)` is a function of (value, gradient, array of
    ///        buffers) on lanes of T that changes value and buffers; there are at least `Rule::least` buffers
    template <class Rule>
    void step(Model& model, Rule const& rule) {
        counters_ = rule.next(counters_);
        for_each(model, [&](auto& p, auto* const* buffers) TENON_LAMBDA_INLINE { update<Rule::least>(p, buffers, rule); });
    }

private:
    template <std::size_t Used, class Variable, class T, class Rule>
    void update(Variable& parameter, T* const* buffers, Rule const& rule) {
        if constexpr (Used < Count)
            if (Used != used_) return update<Used + 1>(parameter, buffers, rule);
        T* const x = parameter.value().data();
        T const* const g = parameter.gradient_data();
        auto const move = rule.template at<T>(counters_);
        std::array<T*, Used> kept;
        std::copy_n(buffers, Used, kept.begin());
        for_each_element(parameter, [&](auto N, std::size_t i) TENON_LAMBDA_INLINE {
            using V = element::lane_t<T, N>;
            V value = V::load(x + i);
            std::array<V, Used> state;
            unroll<Used>([&](auto k) TENON_LAMBDA_INLINE { state[k] = V::load(kept[k] + i); });
            move(value, V::load(g + i), state);
            unroll<Used>([&](auto k) TENON_LAMBDA_INLINE { state[k].store(kept[k] + i); });
            value.store(x + i);
        });
    }

    struct alignas(alignment) line {
        unsigned char bytes[alignment] = {};
    };
    template <class T>
    static constexpr std::size_t padded(std::size_t n) {
        return (n * sizeof(T) + alignment - 1) / alignment * alignment;
    }
    std::size_t used_;
    std::unique_ptr<line[]> memory_;
    [[no_unique_address]] Counters counters_{};
};

/// How a device other than the processor works on all parameters of a model at once.
template <class Device>
struct model_executor;

/// Sets every gradient of a model to zero.
template <class Model>
void zero_grad(Model& model) {
    using device = nn::model_device_t<Model>;
    if constexpr (std::is_same_v<device, cpu>) nn::visit_parameters(model, [](auto& v) { v.zero_grad(); });
    else model_executor<device>::zero_grad(model);
}

}  // namespace tenon::inline TENON_TARGET::optim
