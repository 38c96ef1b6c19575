// Optimisers of models on the device: all parameters in one launch, the count of steps beside them.
#pragma once

#include <vector>

#include <tenon/cuda/parameters.hpp>
#include <tenon/eval/cuda/tensor.hpp>
#include <tenon/kernels/optimizer.hpp>
#include <tenon/optim/parameter_state.hpp>

namespace tenon::inline TENON_TARGET::optim {

template <class Model>
class parameter_state<Model, cuda::device> {
public:
    /// One step of every parameter: one launch for each 64 parameters of an element type. All of them read the same counters,
    /// and the last one counts on. Where `skip` is given and true, the launches leave everything as it is.
    template <class Rule>
    void step(Model& model, Rule const& rule, cuda::tensor<bool> const* skip = nullptr) {
        step_by(model, rule, own_launch{skip ? skip->device_data() : nullptr});
    }
    /// The same, launched by the caller: `launch.template operator()<T>(list, rule, counters, last)` has to do what the kernel
    /// kernels::optimizer_step does.
    template <class Rule, class Launch>
    void step_by(Model& model, Rule const& rule, Launch const& launch) {
        if (counters_.size() != 0) refuse_others(model);
        else make(model, rule.used());
        start<Rule::fewest>(model, rule, launch);
    }

    static constexpr std::size_t buffer_alignment = cuda::detail::buffer_alignment;

    /// The host waits. @throws shape_error as a step does
    kept_state save(Model& model) const {
        if (counters_.size() == 0) return {};
        nn::detail::parameter_list<> list;
        list.gather(model);
        sizes_.refuse_others(model, list.all());
        kept_state state{
            true, used_, {}, std::vector<unsigned char>(buffer_bytes(list.all(), used_, buffer_alignment))};
        cuda::download(counters_.data(), &state.counters, 1);
        cuda::download(memory_.data(), state.buffers.data(), state.buffers.size());
        return state;
    }
    /// Steps that were captured go on with what was loaded where the buffers are as many as before.
    void load(Model& model, kept_state const& state) {
        if (!state.made) {
            memory_ = {};
            counters_ = {};
            return;
        }
        make(model, state.used);
        cuda::upload(&state.counters, counters_.data(), 1);
        cuda::upload(state.buffers.data(), memory_.data(), state.buffers.size());
    }

private:
    void refuse_others(Model& model) {
        list_.gather(model);
        sizes_.refuse_others(model, list_.all());
    }
    struct own_launch {
        bool const* skip;
        template <class T, std::size_t Used, class Rule>
        void operator()(kernels::parameter_list<Used> const& list, Rule const& rule, step_counters* counters,
                        bool last) const {
            cuda::launch("optimizer_step", &kernels::optimizer_step<T, Used, Rule, step_counters>, dim3(list.blocks()),
                         kernels::block_size, list, rule, counters, skip, last, cuda::context::local().ticket());
        }
    };
    template <class Rule, class Launch>
    struct rule_on_list {
        Rule rule;
        step_counters* counters;
        Launch launch;
        template <class T, std::size_t Used>
        void start(kernels::parameter_list<Used> const& list, bool last) const {
            launch.template operator()<T>(list, rule, counters, last);
        }
    };
    template <std::size_t Used, class Rule, class Launch>
    void start(Model& model, Rule const& rule, Launch const& launch) {
        if constexpr (Used < Rule::most)
            if (used_ > Used) return start<Used + 1>(model, rule, launch);
        cuda::detail::for_each_list<Used>(model, memory_.data(),
                                          rule_on_list<Rule, Launch>{rule, counters_.data(), launch});
    }
    void make(Model& model, std::size_t used) {
        cuda::context::local().refuse_capture("an optimiser's first step, which makes its buffers");
        list_.gather(model);
        memory_.reserve(buffer_bytes(list_.all(), used, buffer_alignment));
        memory_.clear();
        sizes_.note(list_.all());
        used_ = used;
        counters_.reserve(1);
        step_counters const start{};
        cuda::upload(&start, counters_.data(), 1);
    }

    nn::detail::parameter_list<> list_;
    parameter_sizes<> sizes_;
    std::size_t used_ = 0;
    cuda::buffer<unsigned char> memory_;
    cuda::buffer<step_counters> counters_;
};

}  // namespace tenon::inline TENON_TARGET::optim
