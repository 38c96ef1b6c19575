// How the processor runs a computation: a tape, which is a type made from the computation's type.
#pragma once

#include <array>
#include <cstddef>
#include <type_traits>
#include <utility>

#include <tenon/base/tuple.hpp>
#include <tenon/core/shape.hpp>
#include <tenon/eval/common/tape.hpp>
#include <tenon/scalar/dual.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// The state of one evaluation of a node. Lives on the stack while a computation runs and nests as the nodes do.
///
/// - `forward()` evaluates, below this node, every value that has to exist in memory, and keeps it.
/// - `row(outer)` fixes all axes but the last. A row's `load<N>(j)` gives the registers of N elements from j on: `.value`,
///   and whatever the way back needs; `adjoint<N>(j, registers, g)` takes the gradient of those elements and sends it down,
///   slope by slope; `close()` ends the row.
/// - `finish()`, called by every consumer when it has sent its gradients, passes them on to the node's operands.
/// - `describe(node, plan)`, static, says the same to a plan (eval/common/planner.hpp): in which way each operand is read, and either
///   `plan.fuses(name)` for what happens in the consumer's loop or `plan.kernel<tape>(node, facts, body)` for a loop with
///   values in memory. Without it a plan works from the names of the node's members.
///
/// @tparam Grad whether gradients are wanted: without it a variable is like any tensor and no gradient has memory
template <class Node, bool Grad>
struct tape;

/// Positions along all axes but the last.
template <std::size_t R>
struct position {
    std::size_t at[R == 0 ? 1 : R] = {};
};
template <class Shape>
inline constexpr std::size_t outer_rank = Shape::rank() == 0 ? 0 : Shape::rank() - 1;
template <class Shape>
using outer_position = position<outer_rank<Shape>>;

/// Registers of a node that keeps nothing for the way back.
template <class V>
struct registers {
    V value;
};

template <class Tape>
inline constexpr std::size_t lanes_for = TENON_VECTOR_BYTES / Tape::widest;

/// A tape whose values lie in memory: it has `data()`, `strides()`, `static_strides` and, with gradients, `gradient()`.
template <class Tape>
concept addressable = Tape::is_addressable;

/// Whether rows are computed when they are read, in this evaluation: no two of them at once.
template <class Tape>
constexpr bool computes_rows(Tape const& t) {
    if constexpr (forwards_by_rows<Tape>) return t.computes_rows();
    else return false;
}

/// `forward()` for a consumer that reads every row once.
template <class Tape>
constexpr void forward_by_rows(Tape& t) {
    if constexpr (forwards_by_rows<Tape>) t.forward_by_rows();
    else t.forward();
}

/// Whether it pays to compute rows when they are read: not for results that stay in the L1 cache.
template <class T, class Shape>
inline constexpr bool pays_by_rows =
    Shape::rank() != 0 && (is_dynamic(static_size<Shape>) || static_size<Shape> * sizeof(T) > 16384);

/// Whether the operand has a row for each row of the region, of the same length or one element.
template <class Operand, class Region>
inline constexpr bool has_same_rows = [] {
    if (Operand::rank() != Region::rank() || Operand::rank() == 0) return false;
    for (std::size_t a = 0; a + 1 < Operand::rank(); ++a)
        if (Operand::static_extents[a] != Region::static_extents[a]) return false;
    return true;
}();

/// How many rows come before one.
template <class Shape, std::size_t R>
TENON_INLINE constexpr std::size_t row_number(Shape const& s, position<R> const& outer) {
    std::size_t n = 0;
    for (std::size_t a = 0; a != outer_rank<Shape>; ++a) n = n * s[a] + outer.at[a];
    return n;
}

/// A row of values in memory, and of the gradient that belongs to it.
/// @tparam Step distance of neighbours; 0 where one value serves all
template <class T, std::ptrdiff_t Step, bool Differentiable>
struct memory_row {
    T const* values;
    [[no_unique_address]] std::conditional_t<Differentiable, T*, tuple<>> gradients;
    [[no_unique_address]] std::conditional_t<Step == run_time_stride, std::ptrdiff_t,
                                             std::integral_constant<std::ptrdiff_t, Step>> step;

    /// The distance of j elements.
    TENON_INLINE constexpr std::ptrdiff_t steps(std::size_t j) const {
        return static_cast<std::ptrdiff_t>(j * static_cast<std::size_t>(static_cast<std::ptrdiff_t>(step)));
    }

    template <std::size_t N>
    TENON_INLINE constexpr registers<lane_t<T, N>> load(std::size_t j) const {
        if constexpr (Step == 1) return {element::load_lanes<N>(values + j)};
        else if constexpr (Step == 0) return {math::splat<N>(element::load_lanes<1>(values))};
        else if constexpr (N == 1) return {element::load_lanes<1>(values + steps(j))};
        else {
            T gathered[N];
            for (std::size_t l = 0; l != N; ++l) gathered[l] = values[steps(j + l)];
            return {element::load_lanes<N>(gathered)};
        }
    }
    template <std::size_t N, class V>
    TENON_INLINE constexpr void adjoint(std::size_t j, registers<lane_t<T, N>> const&, V const& g) const {
        if constexpr (Differentiable) {
            if constexpr (Step == 1) element::store_lanes(gradients + j, element::load_lanes<N>(gradients + j) + g);
            else if constexpr (Step == 0)
                element::store_lanes(gradients, element::load_lanes<1>(gradients) + math::total(g));
            else if constexpr (N == 1) {
                T* const p = gradients + steps(j);
                element::store_lanes(p, element::load_lanes<1>(p) + g);
            } else
                for (std::size_t l = 0; l != N; ++l) gradients[steps(j + l)] += g[l];
        }
    }
    TENON_INLINE constexpr void close() const {}
};

/// The row that an addressable tape has at a position.
template <class Tape, std::size_t R>
TENON_INLINE constexpr auto row_in_memory(Tape& t, position<R> const& outer) {
    using T = typename Tape::value_type;
    constexpr std::size_t rank = Tape::shape_type::rank();
    constexpr std::ptrdiff_t step = rank == 0 ? 0 : Tape::static_strides[rank == 0 ? 0 : rank - 1];
    auto const strides = t.strides();
    std::ptrdiff_t o = 0;
    for (std::size_t a = 0; a + 1 < rank; ++a)
        o += static_cast<std::ptrdiff_t>(outer.at[a]) *
             (Tape::static_strides[a] == run_time_stride ? strides[a] : Tape::static_strides[a]);
    memory_row<T, step, Tape::differentiable> r{t.data() + o, {}, {}};
    if constexpr (step == run_time_stride) r.step = strides[rank - 1];
    if constexpr (Tape::differentiable) r.gradients = t.gradient() + o;
    return r;
}

}  // namespace tenon::inline TENON_TARGET::eval
