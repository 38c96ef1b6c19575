// Plans of what the device runs: the processor's walk, with the device's tapes and rules.
#pragma once

#include <cstddef>

#include <tenon/eval/common/planner.hpp>
#include <tenon/eval/cuda/executor.hpp>

namespace tenon::inline TENON_TARGET {
namespace eval {

/// How the device runs tapes, as plans have to know it.
///
/// A plan is made for gradients that are zero and for what cuBLASLt has algorithms for: adding to a bias's gradient, or an
/// epilogue that the library refuses, takes launches more.
struct device_rules {
    template <class Node, bool Grad>
    using tape = device_tape<Node, Grad>;
    template <class T, std::size_t>
    using buffer = cuda::buffer<T>;
    /// A named result is written where it is named; its gradient is then sent on by a launch.
    template <class Tape>
    static constexpr bool merges_copy = writes_to<Tape, typename Tape::value_type>;
    static constexpr bool merged_copy_runs = false;
    template <class Tape>
    static constexpr bool is_root = requires(Tape& t, typename Tape::value_type* p) { t.root(p); };
    static constexpr bool root_finds_value = true;
    static constexpr bool on_device = true;
    template <class Tape, bool Packed>
    using in_memory = dense_on_device<Tape, Packed>;
};

}  // namespace eval

template <class Node>
execution_plan executor<cuda::device>::plan(Node const& node) {
    return eval::basic_planner<planned_kernel, eval::device_rules>{}.forward(node);
}
template <class Node>
execution_plan executor<cuda::device>::plan_backward(Node const& node) {
    return eval::basic_planner<planned_kernel, eval::device_rules>{}.backward(node);
}

}  // namespace tenon::inline TENON_TARGET
