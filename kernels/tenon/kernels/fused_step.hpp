// A training step of a small network in one launch of one block: values, gradients and the optimiser's step.
#pragma once

#include <new>
#include <type_traits>

#include <tenon/kernels/block.hpp>
#include <tenon/kernels/optimizer.hpp>

namespace tenon::inline TENON_TARGET::kernels {

/// Runs a program, which leaves the gradients of the listed parameters in their memory, and moves these by a rule as
/// optimizer_step does. One block.
/// @tparam Program a trivially copyable object with `run(memory)` and the number of `bytes` that this takes
template <class T, std::size_t Count, class Program, class Rule, class Counters>
__global__ void __launch_bounds__(block_size)
    fused_step(__grid_constant__ const Program program, __grid_constant__ const parameter_list<Count> list,
               __grid_constant__ const Rule rule, Counters* counters) {
    using number = element::computed_t<T>;
    using step = std::remove_cvref_t<decltype(rule.template at<number>(*counters))>;
    static_assert(std::is_trivially_copyable_v<Program> && std::is_trivially_copyable_v<step> &&
                  alignof(step) <= alignof(block_line));
    constexpr std::size_t lines = Program::bytes / sizeof(block_line) + 1,
                          step_lines = sizeof(step) / sizeof(block_line) + 1;
    __shared__ block_line memory[lines], step_memory[step_lines];
    // One thread finds out what the step is, in double precision, while those of other warps begin.
    if (threadIdx.x == block_size - 1) {
        Counters next = *counters;
        rule.count(next);
        ::new (static_cast<void*>(step_memory)) step(rule.template at<number>(next));
        *counters = next;
    }
    program.run(memory[0].bytes);
    __syncthreads();
    step const move = *reinterpret_cast<step const*>(step_memory);
    unsigned k = 0;
    std::size_t first = 0;  // of parameter k, among the elements of all
    for (std::size_t i = threadIdx.x;; i += block_size) {
        for (; k != list.size && i - first >= list.at[k].n; ++k) first += list.at[k].n;
        if (k == list.size) break;
        move_elements<T, 1>(list.at[k], i - first, move);
    }
}

}  // namespace tenon::inline TENON_TARGET::kernels
