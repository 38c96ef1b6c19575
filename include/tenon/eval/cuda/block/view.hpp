// Views that one block of threads reads: every element of the operand once, in another order or under another shape.
#pragma once

#include <tenon/eval/cuda/block/map.hpp>
#include <tenon/eval/cuda/view.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// Whether a view rearranges its operand and runs along no axis backwards.
template <class Node>
inline constexpr bool reorders = [] {
    bool forwards = Node::rearranges;
    for (std::ptrdiff_t const step : Node::step) forwards = forwards && step == 1;
    return forwards;
}();

template <class View, class A>
    requires reorders<view_node<View, A>>
inline constexpr bool runs_in_block<view_node<View, A>> = true;
template <class To, class A>
inline constexpr bool runs_in_block<reshape_node<To, A>> = true;

/// A node in memory in row-major order: as it is where it is such a leaf, else stored.
template <class Node, bool Grad>
using packed_in_block = std::conditional_t<is_packed<leaf_in_block<Node, Grad>>, leaf_in_block<Node, Grad>,
                                           stored_in_block<block_tape<Node, Grad>, false>>;

/// What lies in another leaf's memory.
template <class Self, class Node, class Operand>
struct alias_in_block : in_block_memory<Self, value_t<Node>, shape_t<Node>, Operand::leaves != 0> {
    static constexpr bool computes = Operand::computes;
    static constexpr std::size_t bytes = Operand::bytes;

    alias_in_block(Node const& n, kept_for_launch& kept) : operand(n.operand, kept) {}
    void take(Node const& n) { operand.take(n.operand); }
    void prepare(Node const& n) { operand.prepare(n.operand); }
    template <class Place>
    TENON_INLINE __device__ auto const* values(Place at) const {
        return operand.values(at);
    }
    template <class Place>
    TENON_INLINE __device__ leaf_gradient<Self> gradient(Place at) const {
        auto const g = operand.gradient(at);
        return {g.p, g.adds};
    }
    template <class Place>
    __device__ void forward(Place at) const {
        operand.forward(at);
    }
    template <class Place>
    __device__ void finish(Place at) const {
        operand.finish(at);
    }
    Operand operand;
};

template <class View, class A, bool Grad>
struct block_tape<view_node<View, A>, Grad>
    : alias_in_block<block_tape<view_node<View, A>, Grad>, view_node<View, A>, leaf_in_block<A, Grad>> {
    using node = view_node<View, A>;
    static constexpr auto strides = node::static_strides(leaf_in_block<A, Grad>::strides);
    using alias_in_block<block_tape, node, leaf_in_block<A, Grad>>::alias_in_block;
};

template <class To, class A, bool Grad>
struct block_tape<reshape_node<To, A>, Grad>
    : alias_in_block<block_tape<reshape_node<To, A>, Grad>, reshape_node<To, A>, packed_in_block<A, Grad>> {
    using alias_in_block<block_tape, reshape_node<To, A>, packed_in_block<A, Grad>>::alias_in_block;
};

}  // namespace tenon::inline TENON_TARGET::eval
