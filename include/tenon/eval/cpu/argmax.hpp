// argmax on the processor: one pass over the operand's elements.
#pragma once

#include <algorithm>

#include <tenon/eval/cpu/reduce.hpp>
#include <tenon/expr/argmax.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// Where the extremum of some elements is, the first that is NaN before all others.
template <bool Least, class T>
class extreme_place {
public:
    T value = T();
    std::int64_t index = -1;

    /// Whether an element comes before those that were seen.
    constexpr bool beaten_by(T const& x) const {
        if (index < 0) return true;
        return value == value && ((Least ? x < value : x > value) || x != x);
    }
    /// Goes along n neighbours in memory, of which the first has the number `first`. The extremum is found with lanes, and then
    /// its place.
    /// @tparam Length n, or `dyn`
    template <std::size_t Length>
    TENON_INLINE void search(T const* x, std::size_t n, std::size_t first) {
        using Op = std::conditional_t<Least, op::min, op::max>;
        constexpr std::size_t lanes = TENON_VECTOR_BYTES / sizeof(T);
        auto const y = element::element_of<T>(join_row<Op, T, lanes, Length>(
            n, [x](auto N, std::size_t j) TENON_LAMBDA_INLINE { return element::load_lanes<N>(x + j); }));
        if (!beaten_by(y)) return;
        auto const is_it = [y](auto v) TENON_LAMBDA_INLINE {
            return math::any_of((v == decltype(v)(y)) | ((v != v) & (decltype(v)(y) != decltype(v)(y))));
        };
        std::size_t i = 0;
        while (i + lanes <= n && !is_it(element::load_lanes<lanes>(x + i))) i += lanes;
        while (i < n && !is_it(element::load_lanes<1>(x + i))) ++i;
        value = y;
        index = static_cast<std::int64_t>(first + i);
    }
};

/// The places in rows that lie one after another in memory, one function for operands of all types.
template <bool Least, std::size_t Length, class T>
[[gnu::noinline]] void extreme_places(T const* x, std::size_t rows, std::size_t length, std::int64_t* to) {
    for (std::size_t r = 0; r != rows; ++r, x += length) {
        extreme_place<Least, T> own;
        own.template search<Length>(x, length, 0);
        to[r] = own.index;
    }
}
/// The same for a place among all elements, of which n more are there.
template <std::size_t Length, bool Least, class T>
[[gnu::noinline]] void move_extreme_place(extreme_place<Least, T>& place, T const* x, std::size_t n,
                                          std::size_t first) {
    place.template search<Length>(x, n, first);
}

template <bool Least, std::size_t Axis, bool Keep, class A, bool Grad>
struct tape<argmax_node<Least, Axis, Keep, A>, Grad>
    : in_memory<tape<argmax_node<Least, Axis, Keep, A>, Grad>, std::int64_t,
                typename argmax_node<Least, Axis, Keep, A>::shape_type, false> {
    using node = argmax_node<Least, Axis, Keep, A>;
    using Shape = typename node::shape_type;
    using T = value_t<A>;
    static constexpr std::size_t rank = shape_t<A>::rank();

    explicit constexpr tape(node const& n) : shape_(n.shape()), operand_(n.operand) {}
    constexpr auto shape() const { return shape_; }
    TENON_INLINE constexpr std::int64_t const* data() const { return indices_.data(); }
    constexpr bool overlaps(void const*, void const*, bool) const { return false; }
    constexpr void forward() {
        eval::forward_by_rows(operand_);
        indices_.reserve(shape_.size());
        if constexpr (along_rows) { TENON_AT_RUN_TIME return search_rows(); }
        search_elements();
    }
    static constexpr bool asks_for_rows = true;
    template <class Plan>
    static void describe_memory(node const& n, Plan& p) {
        if constexpr (along_rows) p.template scratch<row_buffer>(together * row_length(n.operand.shape()));
        else p.template scratch<buffer<place, static_size<Shape>>>(n.shape().size());
    }

private:
    static constexpr bool along_rows = !element::is_dual<T> && std::is_arithmetic_v<T> && !std::is_same_v<T, bool> &&
                                       (Axis == rank || Axis + 1 == rank);

    using place = extreme_place<Least, T>;
    static constexpr std::size_t extent = inner_extent<shape_t<A>>, size = static_size<shape_t<A>>,
                                 lanes = lanes_for<tape<A, false>>;
    /// So many rows go to the L1 cache and are searched there.
    static constexpr std::size_t together =
        is_dynamic(extent) ? 1 : std::max<std::size_t>(1, 1024 / sizeof(T) / std::max<std::size_t>(1, extent));
    static constexpr std::size_t row_extent = is_long_row<lanes, extent> ? dyn : extent,
                                 block_extent = size <= together * extent ? size : dyn;
    using row_buffer = buffer<T, is_dynamic(extent) ? dyn : together * extent>;

    void search_rows() {
        auto const s = operand_.shape();
        std::size_t const length = row_length(s);
        row_buffer rows;
        rows.reserve(together * length);
        std::int64_t* to = indices_.data();
        std::size_t held = 0, first = 0;
        place all;
        auto const search = [&] {
            if constexpr (Axis == rank) move_extreme_place<block_extent>(all, rows.data(), held * length, first);
            else {
                extreme_places<Least, row_extent>(rows.data(), held, length, to);
                to += held;
            }
            first += held * length;
            held = 0;
        };
        for_each_row(s, [&](auto const& outer) TENON_LAMBDA_INLINE {
            store_row<lanes, extent>(operand_.row(outer), destination<T, 0>(), rows.data() + held * length, 0, length);
            if (++held == together) search();
        });
        if (held != 0) search();
        if constexpr (Axis == rank) *to = all.index;
    }
    constexpr void search_elements() {
        std::size_t const n = shape_.size();
        buffer<place, static_size<Shape>> best;
        best.reserve(n);
        for (std::size_t i = 0; i != n; ++i) best.data()[i] = place();
        auto const s = operand_.shape();
        axis_extents const e = around_axis<Axis>(s);
        std::size_t k = 0;
        for_each_row(s, [&](auto const& outer) {
            auto r = operand_.row(outer);
            for (std::size_t j = 0; j != row_length(s); ++j, ++k) {
                // The k-th element in row-major order belongs to result o and has position i along the axis.
                std::size_t const o = k / (e.after * e.along) * e.after + k % e.after, i = k / e.after % e.along;
                T const x = element::element_of<T>(convert_lane<T>(r.template load<1>(j).value));
                if (place& y = best.data()[o]; y.beaten_by(x)) {
                    y.value = x;
                    y.index = static_cast<std::int64_t>(i);
                }
            }
        });
        for (std::size_t i = 0; i != n; ++i) indices_.data()[i] = best.data()[i].index;
    }
    [[no_unique_address]] Shape shape_;
    tape<A, false> operand_;
    buffer<std::int64_t, static_size<Shape>> indices_;
};

}  // namespace tenon::inline TENON_TARGET::eval
