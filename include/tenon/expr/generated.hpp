// Nodes whose elements are computed from their positions wherever they are read, without memory.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>

#include <tenon/base/generator.hpp>
#include <tenon/core/node.hpp>

namespace tenon::inline TENON_TARGET {

/// A node with a rule for its elements: `rule(blocks)` gives an object, trivially copyable and the same for every executor, whose
/// `fill(row, column, to)` writes N neighbours in a row to an array of N. Rows count all positions along the axes before the last.
///
/// Where a rule draws random numbers, the node has `generator* gen`, and `random_blocks()` says how many blocks of its numbers one
/// evaluation takes; `blocks.begin()` then has the `key` and the number of the `next` block. Other rules ignore `blocks`.
template <class Node>
concept generated = Node::is_generated && requires(Node const& n) {
    { n.random_blocks() } -> std::convertible_to<std::uint64_t>;
};

/// The blocks of a rule that draws nothing.
struct no_blocks {};

}  // namespace tenon::inline TENON_TARGET
