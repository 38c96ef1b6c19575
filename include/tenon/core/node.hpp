// What a node says of itself: its operands, how each is read, whether gradients pass, its name and its cost. Executors, plans
// and checks take these facts from here.
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

#include <tenon/base/tuple.hpp>
#include <tenon/core/expression_concept.hpp>

namespace tenon::inline TENON_TARGET {

/// How a node reads an operand.
enum class read_as {
    streamed,  ///< element by element in the node's own loop: what computes the operand is fused into it
    memory,    ///< from memory, under any strides: a computed operand is stored first
    packed,    ///< from row-major memory
    indices    ///< integers, checked, that say where another operand is read
};

/// A computation's node. It has
/// - `operands()`: the nodes that it is computed from, as a tuple (of references, or the one that it keeps them in);
/// - `name`: the operator's name in plans, and `kind`: what the kernels are called that compute such nodes.
///
/// and, where they are not as usual,
/// - `read`: an array with a read_as for each operand (its length stands there: clang takes no other); else all are streamed;
/// - `has_slope`, false where no gradient passes;
/// - `operations()`: what computing all its elements takes; else one for each. A multiplication with an addition counts two;
/// - `gradient_operations()`: the same for the gradients of its operands; else as many.
template <class Node>
concept describes_itself = expression<Node> && requires(Node const& n) {
    typename Node::device;
    n.shape();
    n.operands();
    { Node::name } -> std::convertible_to<char const*>;
    { Node::kind } -> std::convertible_to<char const*>;
};

/// References to operands, for a node's `operands()`.
template <class... A>
constexpr auto references(A const&... a) {
    return tuple<A const&...>{{a}...};
}

/// Types of nodes.
template <class... A>
struct node_list {
    static constexpr std::size_t size = sizeof...(A);
};

namespace detail {
template <class T>
struct nodes_of_tuple;
template <std::size_t... I, class... A>
struct nodes_of_tuple<tuple_of<std::index_sequence<I...>, A...>> {
    using type = node_list<std::remove_cvref_t<A>...>;
    template <std::size_t K>
    using nth = std::remove_cvref_t<tenon::nth<K, A...>>;
    template <class F>
    static constexpr void visit(tuple<A...> const& operands, F& f) {
        (f(tenon::get<I>(operands)), ...);
    }
};
template <class Node>
using operands_as = nodes_of_tuple<std::remove_cvref_t<decltype(std::declval<Node const&>().operands())>>;
}  // namespace detail

/// The types of a node's operands.
template <class Node>
using operand_list = typename detail::operands_as<Node>::type;
template <class Node>
inline constexpr std::size_t operand_count = operand_list<Node>::size;
template <class Node, std::size_t I>
using operand_t = typename detail::operands_as<Node>::template nth<I>;

/// Calls f for each operand.
template <class Node, class F>
constexpr void for_each_operand(Node const& n, F&& f) {
    detail::operands_as<Node>::visit(n.operands(), f);
}

/// How a node reads operand number I.
template <class Node, std::size_t I>
inline constexpr read_as read_of = read_as::streamed;
template <class Node, std::size_t I>
    requires requires { Node::read[I]; }
inline constexpr read_as read_of<Node, I> = Node::read[I];

/// Whether gradients pass through a node: not through integers, nor where the operator has no slope.
template <class Node>
inline constexpr bool propagates_gradient = [] {
    if constexpr (requires { Node::has_slope; }) return Node::has_slope && !std::is_integral_v<value_t<Node>>;
    else return !std::is_integral_v<value_t<Node>>;
}();
/// Whether its gradient is sent to an operand: conditions, indices and other integers have none.
template <class Node, class Operand>
inline constexpr bool differentiates = propagates_gradient<Node> && !std::is_integral_v<value_t<Operand>>;

/// Operations that all elements of a node take, without those of its operands.
template <class Node>
constexpr std::size_t operations(Node const& n) {
    if constexpr (requires { n.operations(); }) return n.operations();
    else return n.shape().size();
}
/// The same for the gradients of its operands.
template <class Node>
constexpr std::size_t gradient_operations(Node const& n) {
    if constexpr (!propagates_gradient<Node>) return 0;
    else if constexpr (requires { n.gradient_operations(); }) return n.gradient_operations();
    else return tenon::operations(n);
}

}  // namespace tenon::inline TENON_TARGET
