// Plans of what the processor runs.
#pragma once

#include <cstddef>

#include <tenon/eval/common/plan.hpp>
#include <tenon/eval/common/planner.hpp>
#include <tenon/eval/cpu/executor.hpp>

namespace tenon::inline TENON_TARGET {
namespace eval {

/// How the processor runs tapes, as far as plans tell it from devices.
struct processor_rules {
    template <class Node, bool Grad>
    using tape = eval::tape<Node, Grad>;
    /// A tape's temporary elements.
    template <class T, std::size_t Size>
    using buffer = tenon::buffer<T, Size>;
    /// Whether what reads a region from memory and finds a kernel's result there has no kernel of its own.
    template <class Tape>
    static constexpr bool merges_copy = [] {
        if constexpr (Tape::is_addressable) return Tape::is_contiguous;
        else return false;
    }();
    /// Whether that kernel then copies the result, and the gradient back; otherwise it writes where the result is wanted, and
    /// the gradient has a kernel of its own.
    static constexpr bool merged_copy_runs = true;
    /// Whether backward begins with the kernel that follows this tape's, and not with one of its own.
    template <class Tape>
    static constexpr bool is_root = Tape::is_addressable;
    /// Whether a kernel of its own, that backward begins with, finds the value too.
    static constexpr bool root_finds_value = false;
    static constexpr bool on_device = false;
    /// An operand that is read from memory.
    template <class Tape, bool Packed>
    using in_memory = dense<Tape, Packed>;
};

using planner = basic_planner<planned_kernel, processor_rules>;

}  // namespace eval

template <class Node>
execution_plan executor<cpu>::plan(Node const& node) {
    return eval::planner{}.forward(node);
}
template <class Node>
execution_plan executor<cpu>::plan_backward(Node const& node) {
    return eval::planner{}.backward(node);
}

}  // namespace tenon::inline TENON_TARGET
