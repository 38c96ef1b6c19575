// Views of memory: which there are, and the memory that strides reach.
#pragma once

#include <array>
#include <cstddef>

#include <tenon/core/leaf.hpp>
#include <tenon/expr/memory.hpp>
#include <tenon/expr/reshape.hpp>
#include <tenon/expr/view.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// Whether a view lies in the memory of what it is a view of, so that it can be written to.
template <template <class, bool> class Tape, class Node>
inline constexpr bool lies_in_memory = false;
template <template <class, bool> class Tape, class Tensor>
inline constexpr bool lies_in_memory<Tape, tensor_ref<Tensor>> = true;
template <template <class, bool> class Tape, class T, class Shape, class Strides, class Device, class Owner>
inline constexpr bool lies_in_memory<Tape, memory_node<T, Shape, Strides, Device, Owner>> = true;
template <template <class, bool> class Tape, class View, class A>
inline constexpr bool lies_in_memory<Tape, view_node<View, A>> = lies_in_memory<Tape, A>;
template <template <class, bool> class Tape, class To, class A>
inline constexpr bool lies_in_memory<Tape, reshape_node<To, A>> = [] {
    if constexpr (lies_in_memory<Tape, A>) return Tape<A, false>::is_contiguous;
    else return false;
}();

/// What the executors' tapes of a view share: everything but its elements is the operand's.
template <class Node, class Operand>
class view_tape {
public:
    using node = Node;
    using operand = Operand;
    using value_type = value_t<Node>;
    using shape_type = shape_t<Node>;
    static constexpr bool differentiable = Operand::differentiable;

    explicit constexpr view_tape(Node const& n) : node_(&n), operand_(n.operand) {}
    constexpr auto shape() const { return node_->shape(); }
    constexpr bool overlaps(void const* begin, void const* end, bool) const {
        return operand_.overlaps(begin, end, false);
    }
    constexpr bool overlaps(void const* begin, void const* end, bool) { return operand_.overlaps(begin, end, false); }
    constexpr void forward() { operand_.forward(); }
    constexpr void finish() { operand_.finish(); }
    template <class Plan>
    static void describe(Node const& n, Plan& p) {
        p.template streams<Operand>(n.operand, 1, n.shape().size());
    }

protected:
    Node const* node_;
    Operand operand_;
};

/// The first element of strided memory, and what comes behind the last one.
template <class T, class Shape, class Strides>
constexpr std::array<T*, 2> strided_range(T* first, Shape const& s, Strides const& strides) {
    T *begin = first, *end = first + 1;
    for (std::size_t a = 0; a != Shape::rank(); ++a) {
        if (s[a] == 0) return {first, first};
        std::ptrdiff_t const length = static_cast<std::ptrdiff_t>(s[a] - 1) * strides[a];
        (length < 0 ? begin : end) += length;
    }
    return {begin, end};
}

}  // namespace tenon::inline TENON_TARGET::eval
