// What runs computations, and the shape that a tensor gets from one.
#pragma once

#include <cstddef>
#include <string>
#include <type_traits>

#include <tenon/core/expression.hpp>
#include <tenon/core/shape.hpp>
#include <tenon/scalar/promote.hpp>

namespace tenon::inline TENON_TARGET {

/// How a device runs computations; each device specialises it, and nothing else asks which device a computation is for. Its static
/// members take nodes, as `as_node` makes them:
///
/// - `evaluate_into(tensor, node, then)` runs a computation into a tensor of the right shape that the computation does not read, and
///   then `then()`, whose result it returns: what has a name in both computations keeps its value until then;
/// - `assign_to(tensor, node)` runs it into a tensor that it may read, through a second one where an element would be overwritten
///   before it is read for the last time;
/// - `writes_view<Node>` says whether a view lies in the memory of what it is a view of, and `assign_view(view, node)` runs a
///   computation into the elements that such a view shows;
/// - `value(node)` is the value of a computation with one element;
/// - `reaches_variable<Node>` says whether a variable in the computation gets a gradient from it, and `backward(node)` then adds
///   ∂node/∂v to the gradient of every variable v, and returns the value as a tensor without axes;
/// - `plan(node)` and `plan_backward(node)` say what assigning the computation would run, and what `backward` would.
template <class Device>
struct executor;
/// What follows a computation that is run alone.
struct nothing_more {
    constexpr void operator()() const {}
};

/// A tensor of the shape on the left cannot hold the computation on the right.
template <class To, class From>
struct cannot_assign;
/// Elements of the type on the right would lose something as the type on the left: use cast.
template <class To, class From>
struct cannot_assign_elements;
/// backward() needs a computation with one element: only a scalar has a gradient without a seed.
template <class Shape>
struct backward_needs_a_scalar;
/// backward() needs a real number: tn::real(z) or tn::abs(z) of a complex one.
template <class Value>
struct backward_needs_a_real_number;
/// backward() needs a computation on whose value a variable has an influence that has a slope: there is no variable
/// in it, or only behind comparisons, integers or detach.
/// @tparam Value the element type of the computation's value
template <class Value>
struct backward_finds_no_variable;

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
                throw_shapes("assignment", text_of({"[", to::static_extents[a], "] (axis ", a, ")"}), to_string(s));
        return to(s.extents());
    }
}

}  // namespace tenon::inline TENON_TARGET
