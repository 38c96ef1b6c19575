// Elementwise nodes on the device: by a call of the library, by a convolution's launch, or as a part of a region.
#pragma once

#include <type_traits>

#include <tenon/eval/cuda/conv.hpp>
#include <tenon/eval/cuda/linear.hpp>
#include <tenon/eval/cuda/map.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// The one place that chooses, so that a node has the same tape wherever a program includes what.
template <class Node, bool Grad>
using tape_of_map =
    std::conditional_t<linear_node<Node>, linear_tape<Node, Grad>,
                       std::conditional_t<is_applied_to_conv<Node, Grad>, conv_tape<Node, Grad>, map_tape<Node, Grad>>>;

template <class Op, class... A, bool Grad>
struct device_tape<map_node<Op, A...>, Grad> : tape_of_map<map_node<Op, A...>, Grad> {
    using tape_of_map<map_node<Op, A...>, Grad>::tape_of_map;
};

}  // namespace tenon::inline TENON_TARGET::eval
