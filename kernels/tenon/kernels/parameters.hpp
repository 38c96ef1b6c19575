// All parameters of a model in one launch: a list of where they lie.
#pragma once

#include <cstddef>

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

    /// Blocks of a launch for the list; one at least, which then finds nothing to do.
    unsigned blocks() const { return first_block[size] == 0 ? 1 : first_block[size]; }
};

/// Calls f(parameter, element, count) for the elements that a block works on, with a constant count: W neighbours at a time,
/// which are aligned as their memory's first ones, then single ones.
template <std::size_t W = 1, std::size_t Count, class F>
__device__ inline void for_each_listed(parameter_list<Count> const& list, F const& f) {
    unsigned k = 0;
    while (k + 1 < list.size && list.first_block[k + 1] <= blockIdx.x) ++k;
    auto const& p = list.at[k];
    std::size_t const first = (blockIdx.x - list.first_block[k]) * chunk,
                      last = p.n - first < chunk ? p.n : first + chunk;
    std::size_t i = first + threadIdx.x * W;
    for (; i + W <= last; i += block_size * W) f(p, i, std::integral_constant<std::size_t, W>{});
    if constexpr (W != 1)
        for (; i < last; ++i) f(p, i, std::integral_constant<std::size_t, 1>{});
}

}  // namespace tenon::inline TENON_TARGET::kernels
