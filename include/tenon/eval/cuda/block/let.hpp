// Named nodes that one block of threads runs: stored once, in front of what reads them.
#pragma once

#include <tenon/eval/cuda/block/tape.hpp>
#include <tenon/expr/let.hpp>

namespace tenon::inline TENON_TARGET::eval {

template <class Node>
inline constexpr bool runs_in_block<let_node<Node>> = true;
template <class Node, class Known>
struct lets_of_node<let_node<Node>, Known> {
    using type = decltype(detail::with_let<let_node<Node>>(typename lets_of_node<Node, Known>::type{}));
};

/// A named node's memory. All consumers add to its gradient.
template <class Let>
struct named_in_block;
template <class Node>
struct named_in_block<let_node<Node>> {
    using type = stored_in_block<block_tape<Node, true>, true>;
};
template <class Let>
using named_in_block_t = typename named_in_block<Let>::type;

/// A handle of a named node reads the node's memory; block_program runs the node.
template <class Node, bool Grad>
struct block_tape<let_node<Node>, Grad> : in_block_memory<block_tape<let_node<Node>, Grad>, value_t<Node>,
                                                          shape_t<Node>, Grad && block_tape<Node, true>::leaves != 0> {
    using named = named_in_block_t<let_node<Node>>;
    static constexpr bool computes = true;
    static constexpr std::size_t bytes = 0;

    block_tape(let_node<Node> const&, kept_for_launch&) {}
    void take(let_node<Node> const&) {}
    void prepare(let_node<Node> const&) {}
    template <class Place>
    TENON_INLINE __device__ auto* values(Place at) const {
        return at.template named<let_node<Node>>().template elements<value_t<Node>>();
    }
    template <class Place>
    TENON_INLINE __device__ leaf_gradient<block_tape> gradient(Place at) const {
        return {at.template named<let_node<Node>>().template elements<value_t<Node>>(named::value_bytes), true};
    }
    template <class Place>
    TENON_INLINE __device__ void forward(Place) const {}
    template <class Place>
    TENON_INLINE __device__ void finish(Place) const {}
};

}  // namespace tenon::inline TENON_TARGET::eval
