// How a plan's walk goes on at nodes, whatever their types.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include <tenon/eval/common/plan_ledger.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// A function that names a kernel's operands, called through a pointer: what calls it is compiled once for all nodes.
class operand_names {
public:
    template <class F>
    operand_names(F const& f) : f_(&f), call_([](void const* p) { (*static_cast<F const*>(p))(); }) {}
    void operator()() const { call_(f_); }

private:
    void const* f_;
    void (*call_)(void const*);
};

/// All of basic_planner (eval/common/planner.hpp) that does not depend on nodes' types, so that a program has it once.
/// @tparam MergedCopyRuns as for plan_ledger
template <class Kernel, bool MergedCopyRuns>
class plan_walk : protected plan_ledger<Kernel, MergedCopyRuns> {
    using ledger = plan_ledger<Kernel, MergedCopyRuns>;
    using ledger::add, ledger::add_gradient, ledger::ended_backward, ledger::find, ledger::none, ledger::read,
        ledger::size_of, ledger::wrote;
    using typename ledger::frame, typename ledger::source, typename ledger::value;

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

    /// Whether the node that is being described computes its rows when they are read.
    bool by_rows() const { return by_rows_; }
    /// The node's operator runs in the loop that reads the node.
    /// @param slopes how many operands get a gradient
    void fuses(char const* name, std::size_t slopes = 0, char const* kind = "elementwise") {
        if (finishes()) return;
        frame_.kind = frame_.operators.empty() || frame_.kind == kind ? kind : "elementwise";
        frame_.operators.emplace_back(name);
        frame_.operations += frame_.elements;
        frame_.gradient_operations += (1 + 2 * slopes) * frame_.elements;
    }

protected:
    using ledger::ended_forward, ledger::extents, ledger::kernels_;
    using typename ledger::result;

    bool finishes() const { return phase_ == phase::finish; }
    void begin_frame(std::vector<std::size_t> const& shape) { frame_ = frame(size_of(shape)); }
    void begin_backward() {
        phase_ = phase::backward;
        frame_ = frame(1);
    }
    void begin_sending() { phase_ = phase::finish; }

    /// What a node that is read element by element is asked for.
    struct stream {
        std::size_t elements, distinct;
        bool by_rows;
    };
    stream begin_streaming(std::size_t repeated, std::size_t distinct, bool asks) {
        stream const outer{frame_.elements, frame_.distinct, by_rows_};
        if (!finishes()) {
            frame_.elements = (frame_.elements + repeated - 1) / std::max<std::size_t>(repeated, 1);
            frame_.distinct = std::min(frame_.distinct, distinct);
            by_rows_ = asks;
        }
        return outer;
    }
    void end_streaming(stream const& outer) {
        if (finishes()) return;
        frame_.elements = outer.elements;
        frame_.distinct = outer.distinct;
        by_rows_ = outer.by_rows;
    }

    /// Where an operand that is read from memory was named.
    struct place {
        bool in_operand;
        std::size_t distinct;
    };
    place begin_operand(operand_facts const& facts) {
        place const outer{std::exchange(frame_.in_operand, true), frame_.distinct};
        if (!outer.in_operand) {
            frame_.operand = facts.number != 0 ? facts.number : frame_.operands + 1;
            frame_.operands = std::max(frame_.operands, frame_.operand);
            frame_.added = facts.added;
        }
        return outer;
    }
    void limit(std::size_t distinct) { frame_.distinct = std::min(frame_.distinct, distinct); }
    void end_operand(place const& outer) {
        frame_.in_operand = outer.in_operand;
        frame_.distinct = outer.distinct;
        if (!outer.in_operand) frame_.added = false;
    }

    void read_leaf(char const* what, result const& r) {
        if (!finishes()) read({r.id, what, r.shape, r.elements(), r.element_bytes, none, r.differentiable});
    }
    void hold(std::size_t bytes) { add(frame_.held, bytes); }
    void borrow(std::size_t bytes) { add(frame_.scratch, bytes); }
    void borrow_for_gradient(std::size_t bytes, std::size_t operand) {
        if (frame_.gradient_scratch.size() <= operand) frame_.gradient_scratch.resize(operand + 1);
        add(frame_.gradient_scratch[operand], bytes);
    }

    /// The kernel that makes a result, or its gradients.
    /// @param kept how many elements are in memory where rows are computed when they are read, or `all`
    void add_kernel(result const& r, std::size_t kept, kernel_facts const& facts, operand_names const& names) {
        if (kept != all) {
            auto const elements = std::exchange(frame_.elements, r.elements());
            names();
            frame_.elements = elements;
            frame_.kind = frame_.operators.empty() ? facts.kind : "elementwise";
            frame_.operators.emplace_back(facts.name);
            frame_.operations += facts.operations;
            return hold(r.is_inline ? 0 : kept * r.element_bytes);
        }
        if (finishes()) {
            if (!r.differentiable) return;
            value& v = *find(r.id);
            if (++v.finished != v.consumers) return;
            auto const self = v;
            frame const outer = std::exchange(frame_, frame(self.elements));
            phase_ = phase::backward;
            names();
            ended_backward(facts, self);
            phase_ = phase::finish;
            names();
            frame_ = outer;
            return;
        }
        if (value* const known = find(r.id)) {
            if (phase_ == phase::forward) ++known->consumers;
        } else {
            bool const elsewhere = std::exchange(writes_to_destination_, facts.merges_copy && !MergedCopyRuns);
            bool const given_gradient = std::exchange(gradient_is_given_, false);
            frame const outer = std::exchange(frame_, frame(r.elements()));
            names();
            if (!elsewhere) hold(r.buffer_bytes());
            if (r.differentiable && !given_gradient) hold(r.buffer_bytes());
            ended_forward(facts, r);
            frame_ = outer;
        }
        value const& v = *find(r.id);
        read({r.id, "kernel", v.shape, v.elements, v.element_bytes, v.kernel, r.differentiable});
    }
    /// The kernel that turns the gradient of a result into that of what the function was applied to, in place.
    void apply_slope(std::vector<std::size_t> const& shape, operand_names const& names) {
        if (!finishes()) return;
        frame const outer = std::exchange(frame_, frame(size_of(shape)));
        phase_ = phase::backward;
        names();
        phase_ = phase::finish;
        source const s = frame_.sources[0];
        add_gradient({.kind = "elementwise", .name = "slope"},
                     {.id = s.id,
                      .shape = s.shape,
                      .elements = s.elements,
                      .element_bytes = s.element_bytes,
                      .kernel = s.kernel,
                      .merged_copy = true},
                     all, {});
        frame_ = outer;
    }
    /// The kernel that backward begins with.
    /// @param finds_value whether it writes the value too
    void ended_root(result const& r, bool finds_value) {
        value const root{{}, r.shape, 1, r.element_bytes};
        ended_backward({}, root);
        if (finds_value) wrote(kernels_.back(), root);
    }

    bool writes_to_destination_ = false;  ///< whether the kernel described next puts its result where it is wanted
    bool gradient_is_given_ = false;      ///< whether that kernel finds its gradient in memory

private:
    enum class phase { forward, backward, finish };

    using ledger::frame_;
    phase phase_ = phase::forward;
    bool by_rows_ = false;
};

}  // namespace tenon::inline TENON_TARGET::eval
