// All parameters of a model in one launch: an optimiser's step.
#pragma once

#include <array>

#include <tenon/core/tuple.hpp>
#include <tenon/kernels/parameters.hpp>

namespace tenon::inline TENON_TARGET::kernels {

/// Moves one element of a parameter, and what the optimiser keeps for it.
template <class T, std::size_t Count, class Move>
__device__ inline void move_element(parameter_memory<Count> const& p, std::size_t i, Move const& move) {
    using V = element::lane_t<T, 1>;
    T* const at = static_cast<T*>(p.value) + i;
    V value = element::load_lanes<1>(at);
    std::array<V, Count> state;
    unroll<Count>([&](auto s) { state[s] = element::load_lanes<1>(static_cast<T const*>(p.state[s]) + i); });
    move(value, element::load_lanes<1>(static_cast<T const*>(p.gradient) + i), state);
    unroll<Count>([&](auto s) { element::store_lanes(static_cast<T*>(p.state[s]) + i, state[s]); });
    element::store_lanes(at, value);
}

/// One step by a rule (see optim::parameter_state::step). The counters are in memory, where a captured step finds what the
/// one before it left; the last block counts on.
/// @param skip null, or a flag in memory that says whether to leave everything as it is
template <class T, std::size_t Count, class Rule, class Counters>
__global__ void __launch_bounds__(block_size)
    optimizer_step(__grid_constant__ const parameter_list<Count> list, __grid_constant__ const Rule rule,
                   Counters* counters, bool const* skip, bool counts, unsigned* ticket) {
    if (skip && *skip) return;
    Counters next = *counters;
    rule.count(next);
    auto const move = rule.template at<element::computed_t<T>>(next);
    for_each_listed(list, [&](parameter_memory<Count> const& p, std::size_t i) { move_element<T>(p, i, move); });
    if (counts && last_block(ticket) && threadIdx.x == 0) *counters = next;
}

}  // namespace tenon::inline TENON_TARGET::kernels
