// How the processor runs a computation: a tape, which is a type made from the computation's type.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <type_traits>
#include <utility>

#include <tenon/base/tuple.hpp>
#include <tenon/core/shape.hpp>
#include <tenon/eval/common/tape.hpp>
#include <tenon/scalar/dual.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// The state of one evaluation of a node: `is_tape` below is its contract. Lives on the stack while a computation runs and nests
/// as the nodes do.
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

/// Registers of a node that keeps nothing for backward.
template <class V>
struct registers {
    V value;
};

template <class Tape>
inline constexpr std::size_t lanes_for = TENON_VECTOR_BYTES / Tape::widest;

/// A tape whose values lie in memory:
/// - `data()` is the first element, `strides()` the distances of neighbours, `static_strides` those that are constants, else
///   `run_time_stride`, and `is_contiguous` says whether all are row-major;
/// - with gradients, `gradient()` is the first element's gradient, under the same strides, and `overwrite_gradient()`, asked by
///   who is about to write all of it, says whether it counts as zero and need not be added to.
template <class Tape>
concept addressable = Tape::is_addressable;

/// A row of a region, which a tape's `row(outer)` gives:
/// - `load<N>(j)` gives the registers of N elements from j on: `.value`, and whatever backward needs;
/// - `adjoint<N>(j, registers, g)` takes the gradient of those elements and sends it down, slope by slope;
/// - `close()` ends the row.
/// A row may have
/// - `load_known<N>(j, value)`: the registers where the value is in memory already;
/// - `advance(first, second, n)`, where the tape `has_strided_rows`: goes to the row that is n times as far behind this one as
///   `second` is behind `first`.
template <class Row>
concept is_row = requires(Row& r, std::size_t j) {
    r.template load<1>(j).value;
    r.template adjoint<1>(j, r.template load<1>(j), r.template load<1>(j).value);
    r.close();
};

/// A row that can go on to the next one.
template <class Row>
concept is_strided_row = requires(Row& r, Row const& other) { r.advance(other, other, std::size_t{1}); };

/// What a tape has besides where its values lie in memory (`addressable`): where they and their gradient are.
template <class Tape>
concept has_memory = requires(Tape& t) {
    { *t.data() } -> std::convertible_to<typename Tape::value_type>;
    t.strides()[0];
    Tape::static_strides[0];
    requires Tape::is_contiguous || !Tape::is_contiguous;
} && (!Tape::differentiable || requires(Tape& t) {
                         t.gradient();
                         { t.overwrite_gradient() } -> std::same_as<bool>;
                     });

/// What every tape on the processor has:
/// - `shape()`, `value_type`, `shape_type`; `differentiable`: whether a gradient reaches a variable through it; `widest`: the bytes
///   of the widest element in its loops;
/// - `forward()` evaluates, below this node, every value that has to exist in memory, and keeps it;
/// - `row(outer)` fixes all axes but the last;
/// - `is_flat<Region>`: whether a row of a region of that shape goes on into the next one, so that the first is all of it;
/// - `overlaps(begin, end, aligned)`, after `forward()`: whether writing [begin, end) would change elements that are still to be
///   read; `aligned`: not counting an element that is read for its own place;
/// - `finish()`, called by every consumer when it has sent its gradients, passes them on to the node's operands.
///
/// A tape may have:
/// - `has_strided_rows`: whether its rows lie at equal distances along each axis;
/// - `joined_axes`: along how many of its last axes a row goes on into the next, where that is not all or one;
/// - `write_to(p)`, before `forward()`: its values go to memory that it is given, and `aliases(begin, end)`: whether it reads there
///   (`writes_to`);
/// - `forward_by_rows()` in the place of `forward()`, `computes_rows()`, and `kept_by_rows(node)`, the elements that are then in
///   memory (`forwards_by_rows`); `asks_for_rows`: it reads each row of its operand once;
/// - `describe_memory(node, plan)` or `describe(node, plan)`, static: what a plan cannot know from the node
///   (eval/common/planner.hpp).
template <class Tape>
concept is_tape =
    requires(Tape& t, Tape const& c, outer_position<typename Tape::shape_type> const& outer, void const* p) {
        typename Tape::value_type;
        { c.shape() } -> std::convertible_to<typename Tape::shape_type>;
        requires Tape::differentiable || !Tape::differentiable;
        requires Tape::widest != 0;
        requires Tape::template is_flat<void> || !Tape::template is_flat<void>;
        t.forward();
        { t.row(outer) } -> is_row;
        { c.overlaps(p, p, true) } -> std::same_as<bool>;
        t.finish();
    } && (!Tape::is_addressable || has_memory<Tape>);

/// Whether a tape's rows lie at equal distances along each axis.
template <class Tape>
inline constexpr bool has_strided_rows = [] {
    if constexpr (requires { Tape::has_strided_rows; }) return Tape::has_strided_rows && !forwards_by_rows<Tape>;
    else return false;
}();

/// Whether neighbours in memory that the tape reads are elements of neighbouring rows, and not of one: as in a matrix's transpose.
template <class Tape>
inline constexpr bool reads_columns = [] {
    constexpr std::size_t rank = Tape::shape_type::rank();
    if constexpr (requires { Tape::reads_columns; }) return Tape::reads_columns;
    else if constexpr (addressable<Tape> && rank >= 2)
        return Tape::shape_type::static_extents[rank - 1] != 1 && Tape::static_strides[rank - 2] == 1 &&
               Tape::static_strides[rank - 1] != 1 && Tape::static_strides[rank - 1] != 0;
    else return false;
}();

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
    bool same = Operand::rank() == Region::rank() && Operand::rank() != 0;
    for (std::size_t a = 0; same && a + 1 < Operand::rank(); ++a)
        same = Operand::static_extents[a] == Region::static_extents[a];
    return same;
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
    TENON_INLINE constexpr void advance(memory_row const& first, memory_row const& second, std::size_t n) {
        std::ptrdiff_t const by = (second.values - first.values) * static_cast<std::ptrdiff_t>(n);
        values += by;
        if constexpr (Differentiable) gradients += by;
    }
};

/// How far a position is from the first element in memory.
template <std::size_t R>
TENON_INLINE constexpr std::ptrdiff_t offset_of(position<R> const& outer, std::ptrdiff_t const* strides) {
    std::ptrdiff_t o = 0;
    for (std::size_t a = 0; a != R; ++a) o += static_cast<std::ptrdiff_t>(outer.at[a]) * strides[a];
    return o;
}
/// The row that an addressable tape has at a position.
template <class Tape, std::size_t R>
TENON_INLINE constexpr auto row_in_memory(Tape& t, position<R> const& outer) {
    constexpr std::size_t rank = Tape::shape_type::rank();
    constexpr std::ptrdiff_t step = rank == 0 ? 0 : Tape::static_strides[rank == 0 ? 0 : rank - 1];
    constexpr bool has_static_strides = [] {
        for (std::size_t a = 0; a != rank; ++a)
            if (Tape::static_strides[a] == run_time_stride) return false;
        return true;
    }();
    memory_row<typename Tape::value_type, step, Tape::differentiable> r{t.data(), {}, {}};
    if constexpr (Tape::differentiable) r.gradients = t.gradient();
    if constexpr (rank > 1 || step == run_time_stride) {
        std::ptrdiff_t o = 0;
        if constexpr (has_static_strides) o = offset_of(outer, Tape::static_strides.data());
        else {
            auto const strides = t.strides();
            o = offset_of(outer, strides.data());
            if constexpr (step == run_time_stride) r.step = strides[rank - 1];
        }
        r.values += o;
        if constexpr (Tape::differentiable) r.gradients += o;
    }
    return r;
}

}  // namespace tenon::inline TENON_TARGET::eval
