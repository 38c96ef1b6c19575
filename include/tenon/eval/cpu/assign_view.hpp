// Assignments to views on the processor: rows are written by strides.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>
#include <vector>

#include <tenon/eval/common/assign_view.hpp>
#include <tenon/eval/cpu/array.hpp>
#include <tenon/eval/cpu/executor.hpp>
#include <tenon/expr/subscript.hpp>
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

namespace detail {

/// The processor writes to the elements that are named, and leaves the others alone. Places and values are computed before the first
/// element is written.
template <>
struct picked_writer<cpu> {
    template <class Node, class V, class... P>
    static void write(Node const& view, V&& value, P const&... p) {
        using T = value_t<Node>;
        using U = typename source_value<V>::type;
        using axes = picked_axes<shape_t<Node>::rank(), P...>;
        constexpr std::size_t rank = shape_t<Node>::rank(), first = axes::first, span = axes::span;
        if constexpr (!executor<cpu>::writes_view<Node>) (void)view_is_read_only<Node>{};
        else if constexpr (number<std::remove_cvref_t<V>> ? !number_may_become<T, U>
                                                          : !std::is_same_v<promote_t<T, U>, T>)
            (void)cannot_assign_elements<T, U>{};
        else {
            tensor const at = joined_positions(view.shape(), p...);
            using index = shape_t<decltype(at)>;
            using flat = shape_from<rank + 1 - span,
                                    flatten_extents<ordered_shape<axes, shape_t<Node>>, first, first + span - 1>>;
            auto const s = ordered<axes>(view.shape());
            flat const joined(flatten_target<ordered_shape<axes, shape_t<Node>>, first, first + span - 1>::joined(s));
            auto const node = source_of<T>(fitted_to_picked<axes>(joined, at.shape(), std::forward<V>(value), p...));
            using source = shape_t<decltype(node)>;
            using places = part_places<first>;
            if constexpr (!places::template fits<flat, index, source>)
                (void)cannot_assign<typename places::template parts<flat, index>::type, source>{};
            else {
                if (!places{}.fits_now(joined, at.shape(), node.shape()))
                    throw_shapes("assignment to elements", to_string(view.shape()), to_string(node.shape()));
                auto plan = places{}.plan(joined, at.shape(), node.shape());
                eval::tape<Node, false> to(view);
                to.forward();
                auto const strides = to.strides();
                // The plan is for packed elements; the view's lie under its own strides.
                for (std::size_t a = 0; a + 1 < plan.axes.size(); ++a)
                    if (a < first) plan.axes[a].target = strides[axes::order[a]];
                    else if (a >= first + index::rank())
                        plan.axes[a].target = strides[axes::order[a - index::rank() + span]];
                std::vector<std::int64_t> distances(at.begin(), at.end());
                bool packed = true;
                for (std::size_t a = first; a + 1 != first + span; ++a)
                    packed = packed && strides[axes::order[a]] ==
                                           strides[axes::order[a + 1]] * static_cast<std::ptrdiff_t>(s[a + 1]);
                for (auto& d : distances) {
                    auto left = static_cast<std::size_t>(d);
                    if (packed) d *= strides[axes::order[first + span - 1]];
                    else {
                        d = 0;
                        for (std::size_t a = first + span; a-- != first; left /= s[a])
                            d += static_cast<std::int64_t>(left % s[a]) * strides[axes::order[a]];
                    }
                }
                auto* const begin = const_cast<T*>(to.data());
                auto const [low, high] = eval::strided_range(begin, view.shape(), strides);
                eval::array_operand<std::remove_const_t<decltype(node)>, false> from(node);
                from.values.forward();
                walk const w{plan.axes.data(), plan.axes.size() - 1, 0, distances.data(), 0};
                if (decltype(from.values)::in_place && from.inner.overlaps(low, high, false))
                    write_over(begin,
                               std::vector<T>(from.values.data(), from.values.data() + node.shape().size()).data(), w);
                else write_over(begin, from.values.data(), w);
            }
        }
    }

private:
    template <class Axes, class S>
    struct ordered_extents {
        static constexpr auto value = [] {
            std::array<std::size_t, S::rank() + 1> e{};
            for (std::size_t a = 0; a != S::rank(); ++a) e[a] = S::static_extents[Axes::order[a]];
            return e;
        }();
    };
    template <class Axes, class S>
    using ordered_shape = shape_from<S::rank(), ordered_extents<Axes, S>>;
    template <class Axes, class S>
    static std::array<std::size_t, S::rank()> ordered(S const& s) {
        std::array<std::size_t, S::rank()> e{};
        for (std::size_t a = 0; a != S::rank(); ++a) e[a] = s[Axes::order[a]];
        return e;
    }
    template <class T>
    static void write_over(T* to, T const* from, walk const& w) {
        run_walk(w, [&](std::ptrdiff_t t, std::ptrdiff_t s) { to[t] = from[s]; });
    }
};

}  // namespace detail
}  // namespace tenon::inline TENON_TARGET
