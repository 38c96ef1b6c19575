// All parameters of a model in one launch: an optimiser's step.
#pragma once

#include <array>

#include <tenon/core/tuple.hpp>
#include <tenon/kernels/team.hpp>

namespace tenon::inline TENON_TARGET::kernels {

/// Parameters that one launch takes: their list travels with the launch, which holds four kilobytes.
inline constexpr unsigned most_parameters = 64;
/// Elements of one parameter that a block works on.
inline constexpr std::size_t chunk = 16 * block_size;

/// A parameter's memory, of any element type.
template <std::size_t Count>
struct parameter_memory {
    void* value;
    void* gradient;
    void* state[Count == 0 ? 1 : Count];
    std::size_t n;
};
/// Several parameters, and the number of the first block that works on each.
template <std::size_t Count>
struct parameter_list {
    parameter_memory<Count> at[most_parameters];
    unsigned first_block[most_parameters + 1];
    unsigned size;
};

/// Calls f(parameter, element) for the elements that a block works on.
template <std::size_t Count, class F>
__device__ inline void for_each_listed(parameter_list<Count> const& list, F const& f) {
    unsigned k = 0;
    while (k + 1 < list.size && list.first_block[k + 1] <= blockIdx.x) ++k;
    auto const& p = list.at[k];
    std::size_t const first = (blockIdx.x - list.first_block[k]) * chunk;
    for (std::size_t i = first + threadIdx.x; i < p.n && i < first + chunk; i += block_size) f(p, i);
}

/// One step by a rule (see optim::parameter_state::step). The counters are in memory, where a captured step finds what the
/// one before it left; the last block counts on.
template <class T, std::size_t Count, class Rule, class Counters>
__global__ void __launch_bounds__(block_size)
    optimizer_step(__grid_constant__ const parameter_list<Count> list, __grid_constant__ const Rule rule,
                   Counters* counters, bool counts, unsigned* ticket) {
    Counters next = *counters;
    rule.count(next);
    auto const move = rule.template at<T>(next);
    for_each_listed(list, [&](parameter_memory<Count> const& p, std::size_t i) {
        using V = element::pack<T, 1>;
        T* const at = static_cast<T*>(p.value) + i;
        V value = V::load(at);
        std::array<V, Count> state;
        unroll<Count>([&](auto s) { state[s] = V::load(static_cast<T const*>(p.state[s]) + i); });
        move(value, V::load(static_cast<T const*>(p.gradient) + i), state);
        unroll<Count>([&](auto s) { state[s].store(static_cast<T*>(p.state[s]) + i); });
        value.store(at);
    });
    if (counts && last_block(ticket) && threadIdx.x == 0) *counters = next;
}

}  // namespace tenon::inline TENON_TARGET::kernels
