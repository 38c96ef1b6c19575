// Which computations one block of threads can run, from their types: nodes that have a block_tape, static extents, and
// the named nodes among them.
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

#include <tenon/base/tuple.hpp>
#include <tenon/core/expression.hpp>
#include <tenon/core/node.hpp>

namespace tenon::inline TENON_TARGET {

/// A node that one block of threads does not run, in a loss that cuda::fuse was given.
template <class Node>
struct one_block_cannot_run;
/// An extent in a loss that cuda::fuse was given is not known when the program is compiled, or is 0.
template <class Shape>
struct one_block_needs_static_extents;
/// A loss that cuda::fuse was given takes more memory than a block has.
template <std::size_t Bytes, std::size_t Most>
struct one_block_has_not_enough_memory;

}  // namespace tenon::inline TENON_TARGET

namespace tenon::inline TENON_TARGET::eval {

/// Whether a node has a block_tape.
template <class Node>
inline constexpr bool runs_in_block = false;

/// Why one block cannot run a node: the type of a compile error, or void where it can.
template <class Node>
struct misfit {
    using type = one_block_cannot_run<Node>;
};
template <class List>
struct first_misfit {
    using type = void;
};
template <class A, class... Rest>
struct first_misfit<node_list<A, Rest...>>
    : std::conditional_t<std::is_void_v<typename misfit<A>::type>, first_misfit<node_list<Rest...>>, misfit<A>> {};

template <class Shape>
inline constexpr bool fits_one_block = [] {
    if constexpr (!Shape::is_static) return false;
    else return static_size<Shape> != 0 && static_size<Shape> < (std::size_t{1} << 31);
}();
template <class Node>
    requires runs_in_block<Node>
struct misfit<Node> {
    using of_operands = typename first_misfit<operand_list<Node>>::type;
    using type = std::conditional_t<
        !std::is_void_v<of_operands>, of_operands,
        std::conditional_t<fits_one_block<shape_t<Node>>, void, one_block_needs_static_extents<shape_t<Node>>>>;
};

/// Named nodes by type, each after those that it is computed from.
template <class... Let>
struct let_list {
    template <class Wanted>
    static constexpr bool has = (std::is_same_v<Let, Wanted> || ...);
    template <class Wanted>
    static constexpr std::size_t number() {
        bool const found[] = {std::is_same_v<Let, Wanted>..., true};
        std::size_t i = 0;
        while (!found[i]) ++i;
        return i;
    }
};

namespace detail {
template <class Let, class... Known>
auto with_let(let_list<Known...>) {
    if constexpr (let_list<Known...>::template has<Let>) return let_list<Known...>{};
    else return let_list<Known..., Let>{};
}
}  // namespace detail

/// Adds the named nodes of a computation to a list of them.
template <class Node, class Known>
struct lets_of_node;
template <class List, class Known>
struct lets_of_nodes {
    using type = Known;
};
template <class A, class... Rest, class Known>
struct lets_of_nodes<node_list<A, Rest...>, Known>
    : lets_of_nodes<node_list<Rest...>, typename lets_of_node<A, Known>::type> {};
template <class Node, class Known>
struct lets_of_node : lets_of_nodes<operand_list<Node>, Known> {};

}  // namespace tenon::inline TENON_TARGET::eval
