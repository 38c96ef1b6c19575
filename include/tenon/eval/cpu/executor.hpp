// How the processor runs a computation: a tape is made for it, on the stack, and runs its loops.
#pragma once

#include <array>
#include <cstddef>
#include <type_traits>
#include <utility>

#include <tenon/core/evaluate.hpp>
#include <tenon/core/tensor.hpp>
#include <tenon/eval/common/view.hpp>
#include <tenon/eval/cpu/argmax.hpp>
#include <tenon/eval/cpu/array.hpp>
#include <tenon/eval/cpu/attention.hpp>
#include <tenon/eval/cpu/batch_norm.hpp>
#include <tenon/eval/cpu/concat.hpp>
#include <tenon/eval/cpu/conv.hpp>
#include <tenon/eval/cpu/cross_entropy.hpp>
#include <tenon/eval/cpu/generated.hpp>
#include <tenon/eval/cpu/index.hpp>
#include <tenon/eval/cpu/let.hpp>
#include <tenon/eval/cpu/matmul.hpp>
#include <tenon/eval/cpu/pool.hpp>
#include <tenon/eval/cpu/rows.hpp>

namespace tenon::inline TENON_TARGET {

class execution_plan;

namespace eval {
/// The shape that loops are made from: the computation's, or the destination's where that alone is static.
template <class Node, class Tensor>
constexpr auto loop_shape(Node const& n, Tensor const& to) {
    if constexpr (shape_t<Tensor>::is_static) return to.shape();
    else return n.shape();
}

/// The value of a tape with one element, after `forward()`.
template <class Tape>
constexpr auto single_value(Tape& t) {
    using T = typename Tape::value_type;
    auto const v = value_at(t, std::array<std::size_t, Tape::shape_type::rank()>{}).value;
    return element::element_of<T>(math::convert<T>(v));
}
}  // namespace eval

/// Runs computations on the processor.
template <>
struct executor<cpu> {
    template <class Tensor, class Node, class Then = nothing_more>
    static constexpr auto evaluate_into(Tensor& to, Node const& n, Then const& then = {}) {
        if constexpr (host_code) {
            auto const& node = detail::node_of(n);
            eval::tape<std::remove_cvref_t<decltype(node)>, false> t(node);
            if constexpr (eval::writes_to<decltype(t), value_t<Tensor>>) {
                t.write_to(to.data());
                t.forward();
            } else {
                eval::forward_by_rows(t);
                eval::evaluate_region(t, to.data(), eval::loop_shape(node, to));
            }
            return then();
        } else return then();
    }

    template <class Tensor, class Node>
    static constexpr void assign_to(Tensor& to, Node const& n) {
        auto const s = assignable_shape<Tensor>(n);
        if (!(s == to.shape())) {
            to = Tensor(static_cast<expression_base<Node, value_t<Node>, shape_t<Node>> const&>(n));
            return;
        }
        if constexpr (host_code) {
            auto const& node = detail::node_of(n);
            eval::tape<std::remove_cvref_t<decltype(node)>, false> t(node);
            if constexpr (eval::writes_to<decltype(t), value_t<Tensor>>)
                if (!t.aliases(to.data(), to.data() + to.size())) {
                    t.write_to(to.data());
                    t.forward();
                    return;
                }
            eval::forward_by_rows(t);
            if (t.overlaps(to.data(), to.data() + to.size(), true)) {
                Tensor second(uninitialized, s);
                eval::evaluate_region(t, second.data(), eval::loop_shape(node, second));
                to = std::move(second);
            } else eval::evaluate_region(t, to.data(), eval::loop_shape(node, to));
        }
    }

    template <class Node>
    static constexpr bool writes_view = eval::lies_in_memory<eval::tape, Node>;
    /// Defined in eval/cpu/assign_view.hpp.
    template <class View, class Node>
    static constexpr void assign_view(View const& view, Node const& n);

    template <class Node>
    static constexpr value_t<Node> value(Node const& node) {
        if constexpr (!host_code) return {};
        else {
            eval::tape<Node, false> t(node);
            t.forward();
            return eval::single_value(t);
        }
    }

    template <class Node>
    static constexpr bool reaches_variable = [] {
        if constexpr (host_code) return eval::tape<Node, true>::differentiable;
        else return true;
    }();
    /// One walk forward and one back, both made from the computation's type: no virtual call and no list of operations in memory.
    template <class Node>
    static constexpr tensor<value_t<Node>> backward(Node const& node) {
        if constexpr (!host_code) return {};
        else {
            eval::tape<Node, true> t(node);
            t.forward();
            auto const value = eval::single_value(t);
            eval::backward_region(t, [](auto const&) { return eval::seed_of_one{}; });
            t.finish();
            return tensor<value_t<Node>>(value);
        }
    }

    /// Defined in eval/cpu/plan.hpp.
    template <class Node>
    static execution_plan plan(Node const& node);
    template <class Node>
    static execution_plan plan_backward(Node const& node);
};

}  // namespace tenon::inline TENON_TARGET
