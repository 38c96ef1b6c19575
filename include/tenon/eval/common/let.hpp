// Named nodes: the first consumer evaluates, the last one to send its gradient passes it on.
#pragma once

#include <cstddef>
#include <utility>

#include <tenon/expr/let.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// An evaluation of a named node in progress. It begins with the first consumer's tape and ends with the last one's, which
/// make and destroy the node's tape: what a program never asks for, such as an evaluation with gradients, isn't compiled.
template <class Tape>
struct shared_evaluation {
    union room {
        Tape tape;
        constexpr room() {}
        constexpr ~room() {}
    };
    room inner;
    std::size_t consumers = 0, finished = 0;
    bool evaluated = false;

    /// The node's tape, as long as there is a consumer.
    constexpr Tape& tape() { return inner.tape; }
    /// Whether the consumer that asks is the first to need the value.
    constexpr bool is_first() { return !std::exchange(evaluated, true); }
    /// Whether the consumer that asks, having sent its gradient, is the last to do so.
    constexpr bool is_last() { return ++finished == consumers; }
};
/// Those with gradients and those without.
template <template <class, bool> class Tape, class Node>
struct shared_evaluations {
    shared_evaluation<Tape<Node, true>> with_gradient;
    shared_evaluation<Tape<Node, false>> without_gradient;
    template <bool Grad>
    constexpr auto& get() {
        if constexpr (Grad) return with_gradient;
        else return without_gradient;
    }
};

/// What the executors' tapes of a handle share: each is a consumer. `let_state<Node>` derives from shared_evaluations.
template <template <class, bool> class Tape, class Node, bool Grad>
class let_consumer {
public:
    let_consumer(let_consumer const&) = delete;
    constexpr auto shape() const { return handle_->shape(); }
    template <class Plan>
    static void describe(let_node<Node> const& n, Plan& p) {
        p.template stores<Tape<Node, Grad>>(n.node(), &n.state());
    }

protected:
    explicit constexpr let_consumer(let_node<Node> const& n) : handle_(&n) {
        auto& e = evaluation();
        if (e.consumers == 0) {
            std::construct_at(&e.inner.tape, n.node());
            e.evaluated = false;
            e.finished = 0;
        }
        ++e.consumers;
    }
    constexpr ~let_consumer() {
        auto& e = evaluation();
        if (--e.consumers == 0) std::destroy_at(&e.inner.tape);
    }
    constexpr auto& state() const { return handle_->state(); }
    constexpr auto& evaluation() const { return state().template get<Grad>(); }

private:
    let_node<Node> const* handle_;
};

}  // namespace tenon::inline TENON_TARGET::eval
