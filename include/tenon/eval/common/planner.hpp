// How a plan is made: a walk through a computation as its tapes make it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <type_traits>
#include <utility>

#include <tenon/core/node.hpp>
#include <tenon/eval/common/execution_plan.hpp>
#include <tenon/eval/common/plan_walk.hpp>
#include <tenon/eval/common/tape.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// What a tape was made for.
template <class Tape>
struct made_for;
template <template <class, bool> class Way, class Node, bool Grad>
struct made_for<Way<Node, Grad>> {
    using node = Node;
    static constexpr bool gradients = Grad;
};
/// Whether a tape asks its operand for rows one by one: it says so by `asks_for_rows`.
template <class Tape>
inline constexpr bool asks_for_rows = requires { requires Tape::asks_for_rows; };

/// Walks through a computation as its tapes do, and writes down what they would run. Operands, how they are read, names and
/// costs come from the node (core/node.hpp). A tape has a static `describe_memory(node, planner)` where it keeps more than values
/// and gradient, and where it differs from what the node says, a static `describe(node, planner)` in the place of all this: it
/// calls, in the order of its `forward()`, `streams` and `takes` for its operands, and then `fuses`, or `kernel` around them.
/// Both are called up to three times for a node (for forward, for the kernel of backward, for what comes before that in
/// backward), so they say the same each time.
/// What does not depend on types is plan_walk's. A template, so that the compiler passes over it where no plan is asked for.
/// @tparam Rules how tapes are run: `processor_rules` (eval/cpu/plan.hpp), or a device's type with the same members
template <class Kernel, class Rules>
class basic_planner : plan_walk<Kernel, Rules::merged_copy_runs> {
    using base = plan_walk<Kernel, Rules::merged_copy_runs>;
    using base::extents, base::kernels_;

public:
    using base::all, base::by_rows, base::fuses;
    using typename base::operand_facts;

    /// The operand is read element by element in the loop of this node: what is computed for it is fused.
    /// @param repeated how many elements of the loop one element of the operand serves
    /// @param distinct the most elements of the operand that are needed
    /// @param asks whether it is asked to compute its rows when they are read
    template <class Tape, class Node>
    void streams(Node const& n, std::size_t repeated = 1, std::size_t distinct = all, bool asks = false) {
        if (!Tape::differentiable && this->finishes()) return;
        auto const outer = this->begin_streaming(repeated, distinct, asks && forwards_by_rows<Tape>);
        if constexpr (requires(basic_planner& p) { Tape::describe(n, p); }) Tape::describe(n, *this);
        else if constexpr (Tape::is_addressable) kernel<Tape>(n, facts_of(n), [&] { describe_operands<Tape>(n); });
        else {
            describe_operands<Tape>(n);
            fuses(Node::name, slopes<Tape>(operand_list<Node>{}));
        }
        this->end_streaming(outer);
    }
    /// What a node says of the kernel that computes it.
    template <class Node>
    static kernel_facts facts_of(Node const& n) {
        return {.kind = Node::kind,
                .name = Node::name,
                .operations = tenon::operations(n),
                .gradient_operations = tenon::gradient_operations(n)};
    }
    /// The operand is read from memory: its own, or a copy that a kernel of its own makes.
    /// @tparam Dense dense<Tape>, or what a device has for it
    template <class Dense, class Node>
    void takes(Node const& n, operand_facts const& facts = {}) {
        using tape = typename Dense::tape_type;
        auto const outer = this->begin_operand(facts);
        if constexpr (Dense::in_place) streams<tape>(n, 1, facts.distinct);
        else if constexpr (requires { requires Dense::before_slope; }) {
            if (!facts.applies_slope) this->apply_slope(extents(n.shape()), [&] { streams<tape>(n); });
            streams<tape>(n, 1, facts.distinct);
        } else {
            this->limit(facts.distinct);
            stores<tape>(n, &n);
        }
        this->end_operand(outer);
    }
    /// A loop of its own, whose result stays in memory; `body` names the operands. What is shared has one address. Where rows
    /// are computed when they are read, the loop is its consumer's, and `Tape::kept_by_rows(node)` elements are in memory, or `all`.
    template <class Tape, class Node, class Body>
    void kernel(Node const& n, kernel_facts const& facts, Body const& body, void const* address = nullptr) {
        std::size_t kept = all;
        if constexpr (requires { Tape::kept_by_rows(n); })
            if (by_rows()) kept = Tape::kept_by_rows(n);
        this->add_kernel(result<Tape>(n, address ? address : &n, &tag<Tape>), kept, facts, body);
    }
    /// The region of the node is put into memory.
    template <class Tape, class Node>
    void stores(Node const& n, void const* address) {
        this->add_kernel(result<Tape>(n, address, &tag<stored<Tape>>), all,
                         {.merges_copy = Rules::template merges_copy<Tape>},
                         [&] { streams<Tape>(n, 1, all, !Tape::differentiable); });
    }
    /// A tensor or variable.
    template <class Tape, class Node>
    void leaf(Node const& n, char const* what, void const* address) {
        this->read_leaf(what, result<Tape>(n, address, nullptr));
    }
    /// A buffer besides that of the result, held until evaluation ends.
    template <class Buffer>
    void holds(std::size_t elements) {
        this->hold(bytes_of<Buffer>(elements));
    }
    /// A buffer that is given back when the kernel ends.
    template <class Buffer>
    void scratch(std::size_t elements) {
        this->borrow(bytes_of<Buffer>(elements));
    }
    /// The same in backward.
    /// @param operand the operand whose gradient needs it
    template <class Buffer>
    void gradient_scratch(std::size_t elements, std::size_t operand = 0) {
        this->borrow_for_gradient(bytes_of<Buffer>(elements), operand);
    }

    /// The plan of `tensor = node`.
    template <class Node>
    execution_plan forward(Node const& n) {
        using tape = typename Rules::template tape<Node, false>;
        this->writes_to_destination_ = eval::writes_to<tape, value_t<Node>>;
        walk<tape>(n, !this->writes_to_destination_, !this->writes_to_destination_);
        return execution_plan(std::move(kernels_), Rules::on_device);
    }
    /// The plan of `backward(node)`.
    template <class Node>
    execution_plan backward(Node const& n) {
        using tape = typename Rules::template tape<Node, true>;
        constexpr bool is_root = Rules::template is_root<tape>;
        if constexpr (!tape::differentiable && Rules::root_finds_value) return forward(n);
        if constexpr (is_root && Rules::root_finds_value)
            this->writes_to_destination_ = this->gradient_is_given_ = true;
        walk<tape>(n, !is_root && !Rules::root_finds_value, false);
        this->begin_backward();
        streams<tape>(n);
        if constexpr (tape::differentiable) {
            if constexpr (!is_root) this->ended_root(result<tape>(n, nullptr, nullptr), Rules::root_finds_value);
            this->begin_sending();
            streams<tape>(n);
        }
        return execution_plan(std::move(kernels_), Rules::on_device);
    }

private:
    template <class>
    static constexpr char tag = 0;
    /// The identity of a region in memory: what `dense`, `let` and assignments keep.
    template <class Tape>
    struct stored;
    template <class Buffer>
    static std::size_t bytes_of(std::size_t elements) {
        using T = std::remove_pointer_t<decltype(std::declval<Buffer&>().data())>;
        return Buffer::is_inline ? 0 : elements * sizeof(T);
    }
    /// A node's values in memory.
    template <class Tape, class Node>
    static auto result(Node const& n, void const* address, void const* type) {
        using T = typename Tape::value_type;
        using buffer = typename Rules::template buffer<T, static_size<typename Tape::shape_type>>;
        return typename base::result{
            {address, type}, extents(n.shape()), sizeof(T), buffer::is_inline, Tape::differentiable};
    }
    template <class Tape, class Node>
    void walk(Node const& n, bool has_a_loop, bool asks) {
        this->begin_frame(extents(n.shape()));
        streams<Tape>(n, 1, all, asks);
        if (has_a_loop)
            this->ended_forward({.merges_copy = Rules::template merges_copy<Tape>}, result<Tape>(n, nullptr, nullptr));
    }
    template <class Tape, class Node>
    void describe_operands(Node const& n) {
        describe_operands<Tape>(n, std::make_index_sequence<operand_count<Node>>{});
        if constexpr (requires { Tape::describe_memory(n, *this); }) Tape::describe_memory(n, *this);
    }
    template <class Tape, class Node, std::size_t... I>
    void describe_operands(Node const& n, std::index_sequence<I...>) {
        (describe_operand<Tape, read_of<Node, I>, Node>(tenon::get<I>(n.operands())), ...);
    }
    template <class Tape, read_as Read, class Node, class A>
    void describe_operand(A const& a) {
        using operand = operand_tape<Tape, Node, A>;
        if constexpr (Read == read_as::streamed) streams<operand>(a, 1, all, asks_for_rows<Tape>);
        else takes<typename Rules::template in_memory<operand, Read == read_as::packed>>(a);
    }
    template <class Tape, class Node, class A>
    using operand_tape = typename Rules::template tape<A, made_for<Tape>::gradients && differentiates<Node, A>>;
    /// How many operands a tape sends gradients to.
    template <class Tape, class... A>
    static constexpr std::size_t slopes(node_list<A...>) {
        return (std::size_t{operand_tape<Tape, typename made_for<Tape>::node, A>::differentiable} + ... + 0);
    }
};

}  // namespace tenon::inline TENON_TARGET::eval
