// A named node: evaluated once however often it is used, with a gradient of its own.
#pragma once

#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

#include <tenon/core/leaf.hpp>
#include <tenon/core/workspace.hpp>
#include <tenon/op/elementwise.hpp>

namespace tenon::inline TENON_TARGET {

namespace eval {
/// What an evaluation keeps for a named node.
template <class Node>
struct let_state;
}  // namespace eval

/// A handle to a computation that its copies share. The computation, its value and its gradient live in a block of the
/// workspace for as long as a handle exists. Handles of one node belong to one thread.
template <class Node>
class let_node : public expression_base<let_node<Node>, value_t<Node>, shape_t<Node>> {
public:
    using device = device_of_nodes<Node>;
    explicit constexpr let_node(Node n) {
        if (__builtin_is_constant_evaluated())
            block_ = std::construct_at(std::allocator<block>{}.allocate(1), std::move(n));
        else block_ = ::new (detail::workspace_memory::allocate(sizeof(block))) block(std::move(n));
    }
    constexpr let_node(let_node const& other) : block_(other.block_) { ++block_->handles; }
    constexpr let_node(let_node&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
    constexpr let_node& operator=(let_node other) noexcept {
        std::swap(block_, other.block_);
        return *this;
    }
    constexpr ~let_node() {
        if (block_ && --block_->handles == 0) release(block_);
    }

    constexpr auto shape() const { return block_->node.shape(); }
    /// The value that the last evaluation found.
    constexpr auto value() const { return block_->state.value(block_->node); }
    /// The gradient that the last `backward` found for this node.
    constexpr auto grad() const { return block_->state.grad(block_->node); }

    constexpr Node const& node() const { return block_->node; }
    static constexpr char const *name = "let", *kind = "copy";
    static constexpr read_as read[1] = {read_as::memory};
    constexpr auto operands() const { return references(node()); }
    constexpr eval::let_state<Node>& state() const { return block_->state; }

private:
    struct block {
        explicit constexpr block(Node n) : node(std::move(n)) {}
        Node node;
        eval::let_state<Node> state{};
        std::size_t handles = 1;
    };
    /// A function of its own: a computation is moved from node to node while it is written down, and each of those ends here.
    [[gnu::noinline]] static constexpr void release(block* b) {
        std::destroy_at(b);
        if (__builtin_is_constant_evaluated()) std::allocator<block>{}.deallocate(b, 1);
        else detail::workspace_memory::deallocate(b, sizeof(block));
    }
    block* block_;
};

/// Names a computation: `auto h = let(relu(fc1(x)))` is evaluated once and may be used any number of times. A leaf is its own
/// name already.
template <expression A>
constexpr auto let(A&& a) {
    using node = node_t<A>;
    if constexpr (requires { typename node::leaf_tag; }) return as_node(std::forward<A>(a));
    else return let_node<node>(as_node(std::forward<A>(a)));
}

namespace detail {
/// Whether a computation is read from memory, or is elementwise on what is: as cheap to repeat as to keep.
template <class Node>
inline constexpr bool repeatable = requires { typename Node::scalar_tag; } || requires { typename Node::variable_tag; };
template <class Tensor>
inline constexpr bool repeatable<tensor_ref<Tensor>> = true;
template <class Node>
inline constexpr bool repeatable<let_node<Node>> = true;
template <class Op, class... A>
inline constexpr bool repeatable<map_node<Op, A...>> = (repeatable<A> && ...);

/// Something that is used several times: a name for it, unless it is repeatable.
template <class A>
constexpr auto reused(A&& x) {
    using node = node_t<A>;
    if constexpr (repeatable<node>) return as_node(std::forward<A>(x));
    else return let_node<node>(as_node(std::forward<A>(x)));
}
}  // namespace detail

}  // namespace tenon::inline TENON_TARGET
