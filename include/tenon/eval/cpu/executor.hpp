// Where computations meet memory: assignment, and the value of a single element.
#pragma once

#include <tenon/core/tensor.hpp>
#include <tenon/eval/cpu/argmax.hpp>
#include <tenon/eval/cpu/batch_norm.hpp>
#include <tenon/eval/cpu/concat.hpp>
#include <tenon/eval/cpu/conv.hpp>
#include <tenon/eval/cpu/cross_entropy.hpp>
#include <tenon/eval/cpu/cumsum.hpp>
#include <tenon/eval/cpu/dropout.hpp>
#include <tenon/eval/cpu/index.hpp>
#include <tenon/eval/cpu/let.hpp>
#include <tenon/eval/cpu/loss_weight.hpp>
#include <tenon/eval/cpu/matmul.hpp>
#include <tenon/eval/cpu/normalize.hpp>
#include <tenon/eval/cpu/pad.hpp>
#include <tenon/eval/cpu/pool.hpp>
#include <tenon/eval/cpu/triangle.hpp>
#include <tenon/scalar/promote.hpp>

namespace tenon::inline TENON_TARGET {

/// backward() needs a computation on whose value a variable has an influence that has a slope: there is no variable
/// in it, or only behind comparisons, integers or detach.
/// @tparam Value the element type of the computation's value
template <class Value>
struct backward_finds_no_variable;

/// A tensor of the shape on the left cannot hold the computation on the right.
template <class To, class From>
struct cannot_assign;

namespace detail {
template <class To, class From>
constexpr bool shapes_may_match() {
    if constexpr (To::rank() != From::rank()) return false;
    else {
        for (std::size_t a = 0; a != To::rank(); ++a) {
            std::size_t const t = To::static_extents[a], f = From::static_extents[a];
            if (!is_dynamic(t) && !is_dynamic(f) && t != f) return false;
        }
        return true;
    }
}
}  // namespace detail

/// How a device other than the processor runs a computation: `value(node)` and `backward(node)`, and the plans of an assignment
/// and of `backward`: `plan(node)` and `plan_backward(node)`.
template <class Device>
struct executor;

namespace detail {
/// Whether a computation may run where a tensor lives: everything that only has numbers may.
template <class Device, class Node>
inline constexpr bool runs_on =
    std::is_same_v<typename Node::device, Device> || std::is_same_v<typename Node::device, anywhere>;
}  // namespace detail

/// The shape that a tensor of type Tensor gets from a computation; a compile error or shape_error where it cannot.
template <class Tensor, class Node>
constexpr shape_t<Tensor> assignable_shape(Node const& n) {
    using to = shape_t<Tensor>;
    using from = shape_t<Node>;
    if constexpr (!detail::runs_on<typename Tensor::device, Node>)
        return devices_differ<typename Tensor::device, device_of_t<Node>>{};
    else if constexpr (!detail::shapes_may_match<to, from>()) return cannot_assign<to, from>{};
    else if constexpr (!std::is_same_v<promote_t<value_t<Tensor>, value_t<Node>>, value_t<Tensor>>)
        return cannot_assign_elements<value_t<Tensor>, value_t<Node>>{};
    else if constexpr (std::is_same_v<to, from>) return n.shape();
    else {
        auto const s = n.shape();
        for (std::size_t a = 0; a != to::rank(); ++a)
            if (!is_dynamic(to::static_extents[a]) && to::static_extents[a] != s[a])
                throw_shapes("assignment",
                             "[" + std::to_string(to::static_extents[a]) + "] (axis " + std::to_string(a) + ")",
                             to_string(s));
        return to(s.extents());
    }
}

namespace detail {
/// The shape that loops are made from: the computation's, or the destination's where that alone is static.
template <class Node, class Tensor>
constexpr auto loop_shape(Node const& n, Tensor const& to) {
    if constexpr (shape_t<Tensor>::is_static) return to.shape();
    else return n.shape();
}
}  // namespace detail

/// Runs a computation into a tensor of the right shape that the computation does not read.
template <class Tensor, class Node>
constexpr void evaluate_into(Tensor& to, Node const& n) {
    if constexpr (host_pass) {
        auto const& node = detail::node_of(n);
        eval::tape<std::remove_cvref_t<decltype(node)>, false> t(node);
        if constexpr (eval::writes_to<decltype(t), value_t<Tensor>>) {
            t.write_to(to.data());
            t.forward();
        } else {
            eval::forward_by_rows(t);
            eval::evaluate_region(t, to.data(), detail::loop_shape(node, to));
        }
    }
}

/// Runs a computation into a tensor that it may read: through a second buffer where an element would be overwritten
/// before it is read for the last time.
template <class Tensor, class Node>
constexpr void assign_to(Tensor& to, Node const& n) {
    auto const s = assignable_shape<Tensor>(n);
    if (!(s == to.shape())) {
        to = Tensor(static_cast<expression_base<Node, value_t<Node>, shape_t<Node>> const&>(n));
        return;
    }
    if constexpr (host_pass) {
        auto const& node = detail::node_of(n);
        eval::tape<std::remove_cvref_t<decltype(node)>, false> t(node);
        if constexpr (eval::writes_to<decltype(t), value_t<Tensor>>)
            if (!t.reads(to.data(), to.data() + to.size())) {
                t.write_to(to.data());
                t.forward();
                return;
            }
        eval::forward_by_rows(t);
        if (t.overlaps(to.data(), to.data() + to.size(), true)) {
            Tensor second(uninitialized, s);
            eval::evaluate_region(t, second.data(), detail::loop_shape(node, second));
            to = std::move(second);
        } else eval::evaluate_region(t, to.data(), detail::loop_shape(node, to));
    }
}

/// The value of something that has one element.
template <expression A>
constexpr auto evaluate(A const& a) {
    using T = value_t<A>;
    auto const& node = detail::node_of(a);
    if constexpr (!std::is_same_v<device_of_t<A>, cpu>) return executor<device_of_t<A>>::value(node);
    else if constexpr (!host_pass) return T{};
    else {
        eval::tape<std::remove_cvref_t<decltype(node)>, false> t(node);
        t.forward();
        return element::element_of<T>(math::convert<T>(eval::value_at(t, std::array<std::size_t, A::rank()>{}).value));
    }
}

}  // namespace tenon::inline TENON_TARGET
