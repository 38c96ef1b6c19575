// All parameters of a model in one launch: an optimiser's step.
#pragma once

#include <array>

#include <tenon/base/tuple.hpp>
#include <tenon/kernels/lanes.hpp>
#include <tenon/kernels/parameters.hpp>

namespace tenon::inline TENON_TARGET::kernels {

/// Moves N neighbouring elements of a parameter, and what the optimiser keeps for them.
template <class T, std::size_t N, std::size_t Count, class Move>
__device__ inline void move_elements(parameter_memory<Count> const& p, std::size_t i, Move const& move) {
    auto const read = [i](void const* from) { return eval::load_elements<N, true>(static_cast<T const*>(from) + i); };
    auto const write = [i](void* to, auto const& v) { eval::store_elements<true>(static_cast<T*>(to) + i, v); };
    using pack = eval::lanes<element::lane_t<T, 1>, N>;
    pack value = read(p.value);
    pack const gradient = read(p.gradient);
    std::array<pack, Count> state;
    unroll<Count>([&](auto s) { state[s] = read(p.state[s]); });
    for (std::size_t k = 0; k != N; ++k) {
        std::array<typename pack::lane, Count> one;
        unroll<Count>([&](auto s) { one[s] = state[s].at[k]; });
        move(value.at[k], gradient.at[k], one);
        unroll<Count>([&](auto s) { state[s].at[k] = one[s]; });
    }
    unroll<Count>([&](auto s) { write(p.state[s], state[s]); });
    write(p.value, value);
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
    for_each_listed<16 / sizeof(T)>(
        list, [&](parameter_memory<Count> const& p, std::size_t i, auto n) { move_elements<T, n>(p, i, move); });
    if (counts && last_block(ticket) && threadIdx.x == 0) *counters = next;
}

}  // namespace tenon::inline TENON_TARGET::kernels
