// Assignments to views: results are written where a view's elements lie.
#pragma once

#include <array>
#include <cstddef>
#include <type_traits>

#include <tenon/eval/cpu/executor.hpp>
#include <tenon/expr/pad.hpp>
#include <tenon/expr/reshape.hpp>
#include <tenon/expr/writable.hpp>

namespace tenon::inline TENON_TARGET {

namespace op {
/// The second operand, in the first one's shape.
struct assigned : arithmetic {
    static constexpr char const* name = "assignment to a view";
    using no_slope = void;
    template <class V>
    TENON_LANE static V value(V, V v) {
        return v;
    }
};
}  // namespace op

namespace eval {

/// Elements that are overwritten after they are read: nothing else reads them.
template <class Node, bool Grad>
struct tape<overwritten_node<Node>, Grad> : tape<Node, Grad> {
    explicit constexpr tape(overwritten_node<Node> const& n) : tape<Node, Grad>(n.view) {}
    static constexpr bool overlaps(void const*, void const*, bool) { return false; }
};

/// Whether a view lies in the memory of what it is a view of, so that it can be written to.
template <template <class, bool> class Tape, class Node>
inline constexpr bool lies_in_memory = false;
template <template <class, bool> class Tape, class Tensor>
inline constexpr bool lies_in_memory<Tape, tensor_ref<Tensor>> = true;
template <template <class, bool> class Tape, class View, class A>
inline constexpr bool lies_in_memory<Tape, view_node<View, A>> = lies_in_memory<Tape, A>;
template <template <class, bool> class Tape, class To, class A>
inline constexpr bool lies_in_memory<Tape, reshape_node<To, A>> = [] {
    if constexpr (lies_in_memory<Tape, A>) return Tape<A, false>::is_contiguous;
    else return false;
}();

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
        constexpr std::size_t inner = inner_extent<Shape>, size = static_size<Shape>;
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
                for_each_pack<lanes_for<Tape>, inner>(row_length(shape), put);
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

/// Runs a computation of a view's shape into the view's elements.
template <class View, class Node>
constexpr void write_through(View const& view, Node const& n) {
    using T = value_t<View>;
    using shape = shape_t<View>;
    using view_tape = tape<View, false>;
    constexpr std::size_t rank = shape::rank();
    view_tape to(view);
    to.forward();  // lets a reshaped operand say where it lies
    constexpr bool unit = rank == 0 || view_tape::static_strides[rank == 0 ? 0 : rank - 1] == 1;
    // The view is one of a tensor that is not const.
    strided_memory<T, shape, unit> const memory{const_cast<T*>(to.data()), to.strides(), view.shape()};
    auto const [begin, end] = strided_range(memory.first, memory.shape, memory.strides);
    if (begin == end) return;
    tape<Node, false> t(n);
    if constexpr (view_tape::is_contiguous && writes_to<tape<Node, false>, T>)
        if (!t.reads(begin, end)) {
            t.write_to(begin);
            t.forward();
            return;
        }
    forward_by_rows(t);
    if (t.overlaps(begin, end, false)) {
        tensor_of_t<T, shape> second(uninitialized, view.shape());
        evaluate_region(t, second.data(), view.shape());
        memory.copy(second.data());
    } else if constexpr (view_tape::is_contiguous) evaluate_region(t, begin, view.shape());
    else memory.write(t);
}
}  // namespace eval

namespace detail {
/// Whether a shape can be broadcast to a view's without changing that.
template <class View, class From>
inline constexpr bool assignable_to_view = [] {
    if constexpr (!broadcast_pair<View, From>::fits || From::rank() > View::rank()) return false;
    else {
        for (std::size_t i = 0; i != From::rank(); ++i)
            if (std::size_t const f = From::static_extents[From::rank() - 1 - i];
                View::static_extents[View::rank() - 1 - i] == 1 && f != 1 && !is_dynamic(f))
                return false;
        return true;
    }
}();
/// Whether numbers of type U can be put into elements of type T: not fractions into integers.
template <class T, class U>
inline constexpr bool number_may_become =
    std::is_same_v<T, U> || !std::is_arithmetic_v<T> || std::is_floating_point_v<T> || std::is_integral_v<U>;
}  // namespace detail

namespace detail {
/// Whether a view can be written to where it lives.
template <class Device, class Node>
struct writes_views : std::bool_constant<eval::lies_in_memory<eval::tape, Node>> {};

template <class View, class Node>
constexpr void write_through(View const& view, Node const& n) {
    if constexpr (std::is_same_v<device_of_t<View>, cpu>) eval::write_through(view, n);
    else executor<device_of_t<View>>::assign_view(view, n);
}
}  // namespace detail

template <class Node, class X>
constexpr void assign_through(Node const& view, X&& x) {
    using plain = std::remove_cvref_t<X>;
    using T = value_t<Node>;
    using shape = shape_t<Node>;
    using device = device_of_t<Node>;
    if constexpr (!detail::writes_views<device, Node>::value) (void)view_is_read_only<Node>{};
    else if constexpr (number<plain>) {
        if constexpr (!detail::number_may_become<T, plain>) (void)cannot_assign_elements<T, plain>{};
        else detail::write_through(view, filled_node<T, shape>(view.shape(), static_cast<T>(x)));
    } else if constexpr (!detail::runs_on<device, plain>) (void)devices_differ<device, device_of_t<plain>>{};
    else if constexpr (!detail::assignable_to_view<shape, shape_t<X>>) (void)cannot_assign<shape, shape_t<X>>{};
    else if constexpr (!std::is_same_v<promote_t<T, value_t<X>>, T>) (void)cannot_assign_elements<T, value_t<X>>{};
    else if constexpr (shape::is_static && std::is_same_v<shape, shape_t<X>>)
        detail::write_through(view, as_node(std::forward<X>(x)));
    else {
        auto const n =
            make_map(op::assigned{}, filled_node<value_t<X>, shape>(view.shape(), value_t<X>(0)), std::forward<X>(x));
        if (!(n.shape() == view.shape()))
            throw_shapes(op::assigned::name, to_string(view.shape()), to_string(n.shape()));
        detail::write_through(view, n);
    }
}

}  // namespace tenon::inline TENON_TARGET
