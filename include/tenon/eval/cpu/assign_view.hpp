// Assignments to views on the processor: rows are written by strides.
#pragma once

#include <array>
#include <cstddef>
#include <type_traits>

#include <tenon/eval/common/assign_view.hpp>
#include <tenon/eval/cpu/executor.hpp>
#include <tenon/expr/writable.hpp>

namespace tenon::inline TENON_TARGET {

namespace eval {

/// Elements that are overwritten after they are read: nothing else reads them.
template <class Node, bool Grad>
struct tape<overwritten_node<Node>, Grad> : tape<Node, Grad> {
    explicit constexpr tape(overwritten_node<Node> const& n) : tape<Node, Grad>(n.view) {}
    static constexpr bool overlaps(void const*, void const*, bool) { return false; }
};

/// Memory under strides.
/// @tparam Unit whether neighbours along the last axis are neighbours in memory
template <class T, class Shape, bool Unit>
struct strided_memory {
    T* first;
    std::array<std::ptrdiff_t, Shape::rank() + 1> strides;
    Shape shape;

    /// Where a row begins.
    template <std::size_t R>
    TENON_INLINE constexpr T* row(position<R> const& outer) const {
        std::ptrdiff_t o = 0;
        for (std::size_t a = 0; a + 1 < Shape::rank(); ++a) o += static_cast<std::ptrdiff_t>(outer.at[a]) * strides[a];
        return first + o;
    }
    /// The distance of j elements of a row.
    TENON_INLINE constexpr std::ptrdiff_t steps(std::size_t j) const {
        return static_cast<std::ptrdiff_t>(j) * (Unit ? 1 : strides[outer_rank<Shape>]);
    }
    template <class Tape>
    constexpr void write(Tape& t) const {
        constexpr std::size_t inner = inner_extent<Shape>, size = static_size<Shape>, n = lanes_for<Tape>;
        constexpr bool in_parts = is_dynamic(size) || size >= 2 * elements_for_thread;
        std::size_t const worth = in_parts && !computes_rows(t) ? shape.size() / elements_for_thread : 1;
        for_each_part_of_rows(shape, worth, [&](std::size_t, auto const& each) TENON_LAMBDA_INLINE {
            each([&](auto const& outer) TENON_LAMBDA_INLINE {
                auto r = t.row(outer);
                T* const p = row(outer);
                auto const put = [&](auto N, std::size_t j) TENON_LAMBDA_INLINE {
                    auto const v = math::convert<T>(r.template load<N>(j).value);
                    if constexpr (Unit || N == 1) element::store_lanes(p + steps(j), v);
                    else {
                        T all[N];
                        element::store_lanes(all, v);
                        for (std::size_t l = 0; l != N; ++l) p[steps(j + l)] = all[l];
                    }
                };
                for_each_pack<n, inner>(row_length(shape), put);
            });
        });
    }
    /// The same from row-major memory.
    constexpr void copy(T const* from) const {
        for_each_row(shape, [&](auto const& outer) {
            T* p = row(outer);
            for (std::size_t j = 0; j != row_length(shape); ++j) p[steps(j)] = *from++;
        });
    }
};

}  // namespace eval

template <class View, class Node>
constexpr void executor<cpu>::assign_view(View const& view, Node const& n) {
    using T = value_t<View>;
    using shape = shape_t<View>;
    using view_tape = eval::tape<View, false>;
    constexpr std::size_t rank = shape::rank();
    view_tape to(view);
    to.forward();  // lets a reshaped operand say where it lies
    constexpr bool unit = rank == 0 || view_tape::static_strides[rank == 0 ? 0 : rank - 1] == 1;
    // The view is one of a tensor that is not const.
    eval::strided_memory<T, shape, unit> const memory{const_cast<T*>(to.data()), to.strides(), view.shape()};
    auto const [begin, end] = eval::strided_range(memory.first, memory.shape, memory.strides);
    if (begin == end) return;
    eval::tape<Node, false> t(n);
    if constexpr (view_tape::is_contiguous && eval::writes_to<decltype(t), T>)
        if (!t.aliases(begin, end)) {
            t.write_to(begin);
            t.forward();
            return;
        }
    eval::forward_by_rows(t);
    if (t.overlaps(begin, end, false)) {
        tensor_of_t<T, shape> second(uninitialized, view.shape());
        eval::evaluate_region(t, second.data(), view.shape());
        memory.copy(second.data());
    } else if constexpr (view_tape::is_contiguous) eval::evaluate_region(t, begin, view.shape());
    else memory.write(t);
}

}  // namespace tenon::inline TENON_TARGET
