// Optimisers of models on the device: all parameters in one launch, the count of steps beside them.
#pragma once

#include <tenon/cuda/tensor.hpp>
#include <tenon/kernels/optimizer.hpp>
#include <tenon/optim/parameter_state.hpp>

namespace tenon::inline TENON_TARGET::optim {

namespace detail {
template <class T>
constexpr std::size_t padded_bytes(std::size_t n) {
    return (n * sizeof(T) + 15) / 16 * 16;
}

template <class T, std::size_t Count, class F>
void start_list(F const& f, kernels::parameter_list<Count> const& list, bool last) {
    f.template start<T>(list, last);
}

/// Calls `f.template start<T>(list, last)` for a model's parameters, as many at a time as one launch takes: 64 of one
/// element type T.
/// @param state where the optimiser's buffers lie, parameter by parameter
template <std::size_t Count, class Model, class F>
void for_each_list(Model& model, unsigned char* state, F const& f) {
    using list_type = kernels::parameter_list<Count>;
    list_type list{};
    void (*start)(F const&, list_type const&, bool) = nullptr;
    nn::visit_parameters(model, [&](auto& v) {
        using T = value_t<decltype(v)>;
        void (*const own)(F const&, list_type const&, bool) = &start_list<T, Count, F>;
        if (list.size != 0 && (start != own || list.size == kernels::most_parameters)) {
            start(f, list, false);
            list.size = 0;
        }
        start = own;
        std::size_t const n = v.size();
        auto& p = list.at[list.size++];
        p = {v.value().device_data(), v.device_gradient(), {}, n};
        if constexpr (Count != 0) {
            for (std::size_t i = 0; i != Count; ++i) p.state[i] = state + i * padded_bytes<T>(n);
            state += Count * padded_bytes<T>(n);
        }
        list.first_block[list.size] =
            list.first_block[list.size - 1] + static_cast<unsigned>((n + kernels::chunk - 1) / kernels::chunk);
    });
    if (list.size != 0) start(f, list, true);
}
}  // namespace detail

template <class Model>
class parameter_state<Model, cuda::device> {
public:
    /// One step of every parameter: one launch for each 64 parameters of an element type. All of them read the same counters,
    /// and the last one counts on.
    template <class Rule>
    void step(Model& model, Rule const& rule) {
        if (counters_.size() == 0) make(model, rule.used());
        start<Rule::fewest>(model, rule);
    }

private:
    template <std::size_t Used, class Rule>
    struct rule_on_list {
        Rule rule;
        step_counters* counters;
        template <class T>
        void start(kernels::parameter_list<Used> const& list, bool last) const {
            cuda::launch("optimizer_step", &kernels::optimizer_step<T, Used, Rule, step_counters>,
                         dim3(list.first_block[list.size]), kernels::block_size, list, rule, counters, last,
                         cuda::context::local().ticket());
        }
    };
    template <std::size_t Used, class Rule>
    void start(Model& model, Rule const& rule) {
        if constexpr (Used < Rule::most)
            if (used_ > Used) return start<Used + 1>(model, rule);
        detail::for_each_list<Used>(model, memory_.data(), rule_on_list<Used, Rule>{rule, counters_.data()});
    }
    void make(Model& model, std::size_t used) {
        cuda::context::local().refuse_capture("an optimiser's first step, which makes its buffers");
        std::size_t bytes = 0;
        nn::visit_parameters(model,
                             [&](auto& p) { bytes += used * detail::padded_bytes<value_t<decltype(p)>>(p.size()); });
        memory_.reserve(bytes);
        memory_.clear();
        used_ = used;
        counters_.reserve(1);
        step_counters const start{};
        cuda::upload(&start, counters_.data(), 1);
    }

    std::size_t used_ = 0;
    cuda::buffer<unsigned char> memory_;
    cuda::buffer<step_counters> counters_;
};

}  // namespace tenon::inline TENON_TARGET::optim
