// How a plan is made: a walk through a computation as its tapes make it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <type_traits>
#include <utility>

#include <tenon/core/node.hpp>
#include <tenon/eval/common/execution_plan.hpp>
#include <tenon/eval/common/plan_ledger.hpp>
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
/// A template, so that the compiler passes over it where no plan is asked for.
/// @tparam Rules how tapes are run: `processor_rules` (eval/cpu/plan.hpp), or a device's type with the same members
template <class Kernel, class Rules>
class basic_planner : plan_ledger<Kernel, Rules::copies_what_it_passes_on> {
    using ledger = plan_ledger<Kernel, Rules::copies_what_it_passes_on>;
    using ledger::add, ledger::add_gradient, ledger::ended_backward, ledger::ended_forward, ledger::extents,
        ledger::find, ledger::frame_, ledger::kernels_, ledger::none, ledger::read, ledger::wrote;
    using typename ledger::frame, typename ledger::identity, typename ledger::source, typename ledger::value;

public:
    using ledger::all;

    /// How an operand is read from memory.
    struct operand_facts {
        std::size_t distinct = all;  ///< the most elements of it that are needed
        std::size_t number =
            0;  ///< operands of one number get their gradient from one kernel; 0: one of its own, from 1 on
        bool applies_slope =
            false;           ///< whether the kernel that finds the gradient applies a slope that the operand keeps
        bool added = false;  ///< whether it is added to the rest: neither needs the other for its gradient
    };

    /// The operand is read element by element in the loop of this node: what is computed for it is fused.
    /// @param repeated how many elements of the loop one element of the operand serves
    /// @param distinct the most elements of the operand that are needed
    /// @param by_rows whether it is asked to compute its rows when they are read
    template <class Tape, class Node>
    void streams(Node const& n, std::size_t repeated = 1, std::size_t distinct = all, bool by_rows = false) {
        if (phase_ == phase::finish) {
            if constexpr (Tape::differentiable) describe<Tape>(n);
            return;
        }
        auto const elements = frame_.elements, limit = frame_.distinct;
        frame_.elements = (elements + repeated - 1) / std::max<std::size_t>(repeated, 1);
        frame_.distinct = std::min(limit, distinct);
        bool const outer = std::exchange(by_rows_, by_rows && forwards_by_rows<Tape>);
        describe<Tape>(n);
        by_rows_ = outer;
        frame_.elements = elements;
        frame_.distinct = limit;
    }
    /// What a node says of the kernel that computes it.
    template <class Node>
    static kernel_facts facts_of(Node const& n) {
        return {.kind = Node::kind,
                .name = Node::name,
                .operations = tenon::operations(n),
                .gradient_operations = tenon::gradient_operations(n)};
    }
    /// Whether the node that is being described computes its rows when they are read.
    bool by_rows() const { return by_rows_; }
    /// The operand is read from memory: its own, or a copy that a kernel of its own makes.
    /// @tparam Dense dense<Tape>, or what a device has for it
    template <class Dense, class Node>
    void takes(Node const& n, operand_facts const& facts = {}) {
        using tape = typename Dense::tape_type;
        bool const inside = std::exchange(frame_.in_operand, true);
        if (!inside) {
            frame_.operand = facts.number != 0 ? facts.number : frame_.operands + 1;
            frame_.operands = std::max(frame_.operands, frame_.operand);
            frame_.added = facts.added;
        }
        if constexpr (Dense::in_place) streams<tape>(n, 1, facts.distinct);
        else if constexpr (requires { requires Dense::before_slope; }) {
            if (phase_ == phase::finish && !facts.applies_slope) applies_slope<tape>(n);
            streams<tape>(n, 1, facts.distinct);
        } else {
            auto const limit = std::exchange(frame_.distinct, std::min(frame_.distinct, facts.distinct));
            stores<tape>(n, &n);
            frame_.distinct = limit;
        }
        frame_.in_operand = inside;
        if (!inside) frame_.added = false;
    }
    /// The node's operator runs in the loop that reads the node.
    /// @param slopes how many operands get a gradient
    void fuses(char const* name, std::size_t slopes = 0, char const* kind = "elementwise") {
        if (phase_ == phase::finish) return;
        frame_.kind = frame_.operators.empty() || frame_.kind == kind ? kind : "elementwise";
        frame_.operators.emplace_back(name);
        frame_.operations += frame_.elements;
        frame_.gradient_operations += (1 + 2 * slopes) * frame_.elements;
    }
    /// A loop of its own, whose result stays in memory; `body` names the operands. What is shared has one address. Where rows
    /// are computed when they are read, the loop is its consumer's, and `Tape::kept_by_rows(node)` elements are in memory, or `all`.
    template <class Tape, class Node, class Body>
    void kernel(Node const& n, kernel_facts const& facts, Body const& body, void const* address = nullptr) {
        using T = typename Tape::value_type;
        constexpr std::size_t size = static_size<typename Tape::shape_type>;
        using elements_type = typename Rules::template buffer<T, size>;
        if constexpr (requires { Tape::kept_by_rows(n); })
            if (by_rows_ && Tape::kept_by_rows(n) != all) {
                auto const elements = std::exchange(frame_.elements, n.shape().size());
                body();
                frame_.elements = elements;
                frame_.kind = frame_.operators.empty() ? facts.kind : "elementwise";
                frame_.operators.emplace_back(facts.name);
                frame_.operations += facts.operations;
                return holds<elements_type>(Tape::kept_by_rows(n));
            }
        identity const id{address ? address : &n, &tag<Tape>};
        if (phase_ == phase::finish) {
            if constexpr (Tape::differentiable) {
                value& v = *find(id);
                if (++v.finished != v.consumers) return;
                auto const self = v;
                frame const outer = std::exchange(frame_, frame(self.elements));
                phase_ = phase::backward;
                body();
                ended_backward(facts, self);
                phase_ = phase::finish;
                body();
                frame_ = outer;
            }
            return;
        }
        if (value* const known = find(id)) {
            if (phase_ == phase::forward) ++known->consumers;
        } else {
            std::size_t const elements = n.shape().size();
            bool const elsewhere =
                std::exchange(writes_to_destination_, facts.passes_on && !Rules::copies_what_it_passes_on);
            bool const given_gradient = std::exchange(gradient_is_given_, false);
            frame const outer = std::exchange(frame_, frame(elements));
            body();
            if (!elsewhere) holds<elements_type>(elements);
            if (Tape::differentiable && !given_gradient) holds<elements_type>(elements);
            ended_forward(facts, {id, extents(n.shape()), elements, sizeof(T)});
            frame_ = outer;
        }
        value const& v = *find(id);
        read({id, "kernel", v.shape, v.elements, sizeof(T), v.kernel, Tape::differentiable});
    }
    /// The region of the node is put into memory.
    template <class Tape, class Node>
    void stores(Node const& n, void const* address) {
        kernel<stored<Tape>>(
            n, {.passes_on = Rules::template passes_on<Tape>}, [&] { streams<Tape>(n, 1, all, !Tape::differentiable); },
            address);
    }
    /// A tensor or variable.
    template <class Tape, class Node>
    void leaf(Node const& n, char const* what, void const* address) {
        if (phase_ != phase::finish)
            read({{address, nullptr},
                  what,
                  extents(n.shape()),
                  n.shape().size(),
                  sizeof(typename Tape::value_type),
                  none,
                  Tape::differentiable});
    }
    /// A buffer besides that of the result, held until evaluation ends.
    template <class Buffer>
    void holds(std::size_t elements) {
        add(frame_.held, ledger::template bytes_of<Buffer>(elements));
    }
    /// A buffer that is given back when the kernel ends.
    template <class Buffer>
    void scratch(std::size_t elements) {
        add(frame_.scratch, ledger::template bytes_of<Buffer>(elements));
    }
    /// The same on the way back.
    /// @param operand the operand whose gradient needs it
    template <class Buffer>
    void gradient_scratch(std::size_t elements, std::size_t operand = 0) {
        if (frame_.gradient_scratch.size() <= operand) frame_.gradient_scratch.resize(operand + 1);
        add(frame_.gradient_scratch[operand], ledger::template bytes_of<Buffer>(elements));
    }

    /// The plan of `tensor = node`.
    template <class Node>
    execution_plan forward(Node const& n) {
        using tape = typename Rules::template tape<Node, false>;
        writes_to_destination_ = eval::writes_to<tape, value_t<Node>>;
        walk<tape>(n, !writes_to_destination_, !writes_to_destination_);
        return execution_plan(std::move(kernels_), Rules::on_device);
    }
    /// The plan of `backward(node)`.
    template <class Node>
    execution_plan backward(Node const& n) {
        using tape = typename Rules::template tape<Node, true>;
        constexpr bool is_root = Rules::template is_root<tape>;
        if constexpr (!tape::differentiable && Rules::root_finds_value) return forward(n);
        if constexpr (is_root && Rules::root_finds_value) writes_to_destination_ = gradient_is_given_ = true;
        walk<tape>(n, !is_root && !Rules::root_finds_value, false);
        phase_ = phase::backward;
        frame_ = frame(1);
        streams<tape>(n);
        if constexpr (tape::differentiable) {
            value const root{{}, extents(n.shape()), 1, sizeof(typename tape::value_type)};
            if (!is_root) ended_backward({}, root);
            if (!is_root && Rules::root_finds_value) wrote(kernels_.back(), root);
            phase_ = phase::finish;
            streams<tape>(n);
        }
        return execution_plan(std::move(kernels_), Rules::on_device);
    }

private:
    bool by_rows_ = false;
    bool writes_to_destination_ = false;  ///< whether the kernel described next puts its result where it is wanted
    bool gradient_is_given_ = false;      ///< whether that kernel finds its gradient in memory
    enum class phase { forward, backward, finish };

    template <class>
    static constexpr char tag = 0;
    /// A region in memory: what `dense`, `let` and assignments keep.
    template <class Tape>
    struct stored {
        using value_type = typename Tape::value_type;
        using shape_type = typename Tape::shape_type;
        static constexpr bool differentiable = Tape::differentiable;
    };
    template <class Tape, class Node>
    void walk(Node const& n, bool has_a_loop, bool by_rows) {
        frame_ = frame(n.shape().size());
        streams<Tape>(n, 1, all, by_rows);
        if (has_a_loop)
            ended_forward({.passes_on = Rules::template passes_on<Tape>},
                          {{}, extents(n.shape()), n.shape().size(), sizeof(typename Tape::value_type)});
    }
    template <class Tape, class Node>
    void describe(Node const& n) {
        if constexpr (requires(basic_planner& p) { Tape::describe(n, p); }) Tape::describe(n, *this);
        else describe_node<Tape>(n);
    }
    /// Memory of its own is the result of a kernel, anything else is part of its consumer's loop.
    template <class Tape, class Node>
    void describe_node(Node const& n) {
        if constexpr (Tape::is_addressable) kernel<Tape>(n, facts_of(n), [&] { describe_operands<Tape>(n); });
        else {
            describe_operands<Tape>(n);
            fuses(Node::name, slopes<Tape>(operand_list<Node>{}));
        }
    }
    template <class Tape, class Node>
    void describe_operands(Node const& n) {
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            (describe_operand<Tape, read_of<Node, I>, Node>(tenon::get<I>(n.operands())), ...);
        }(std::make_index_sequence<operand_count<Node>>{});
        if constexpr (requires { Tape::describe_memory(n, *this); }) Tape::describe_memory(n, *this);
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

    /// The kernel that turns the gradient of a result into that of what the function was applied to, in place.
    template <class Tape, class Node>
    void applies_slope(Node const& n) {
        frame const outer = std::exchange(frame_, frame(n.shape().size()));
        phase_ = phase::backward;
        streams<Tape>(n);
        phase_ = phase::finish;
        source const s = frame_.sources[0];
        add_gradient({.kind = "elementwise", .name = "slope"},
                     {.id = s.id,
                      .shape = s.shape,
                      .elements = s.elements,
                      .element_bytes = s.element_bytes,
                      .kernel = s.kernel,
                      .passed_on = true},
                     all, {});
        frame_ = outer;
    }

    phase phase_ = phase::forward;
};

}  // namespace tenon::inline TENON_TARGET::eval
