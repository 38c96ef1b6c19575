// argmax on the processor: one pass over the operand's elements.
#pragma once

#include <tenon/eval/cpu/reduce.hpp>
#include <tenon/expr/argmax.hpp>

namespace tenon::inline TENON_TARGET::eval {

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
        std::size_t const n = shape_.size();
        indices_.reserve(n);
        buffer<T, static_size<Shape>> best;
        best.reserve(n);
        for (std::size_t i = 0; i != n; ++i) {
            indices_.data()[i] = -1;
            best.data()[i] = T();
        }
        if (__builtin_is_constant_evaluated() || !along_rows) search_elements(best.data());
        else search_rows(best.data());
    }
    static constexpr bool asks_for_rows = true;
    template <class Plan>
    static void describe_memory(node const& n, Plan& p) {
        p.template scratch<buffer<T, static_size<Shape>>>(n.shape().size());
        if constexpr (along_rows)
            p.template scratch<buffer<T, inner_extent<shape_t<A>>>>(row_length(n.operand.shape()));
    }

private:
    static constexpr bool along_rows = !element::is_dual<T> && std::is_arithmetic_v<T> && !std::is_same_v<T, bool> &&
                                       (Axis == rank || Axis + 1 == rank);

    /// Each row goes to the L1 cache; its extremum is found with lanes, and then the place of it.
    constexpr void search_rows(T* best) {
        if constexpr (along_rows) {
            using Op = std::conditional_t<Least, op::min, op::max>;
            constexpr std::size_t lanes = TENON_VECTOR_BYTES / sizeof(T), extent = inner_extent<shape_t<A>>;
            auto const s = operand_.shape();
            std::size_t const length = row_length(s);
            buffer<T, extent> row;
            row.reserve(length);
            T* const x = row.data();
            std::size_t o = 0, first = 0;
            for_each_row(s, [&](auto const& outer) {
                auto r = operand_.row(outer);
                for_each_pack_of<tape<A, false>>(length, [&](auto N, std::size_t j) TENON_LAMBDA_INLINE {
                    element::store_lanes(x + j, math::convert<T>(r.template load<N>(j).value));
                });
                T const y = element::element_of<T>(join_row<Op, T, lanes, extent>(
                    length, [x](auto N, std::size_t j) TENON_LAMBDA_INLINE { return element::load_lanes<N>(x + j); }));
                if (indices_.data()[o] < 0 || (best[o] == best[o] && (beats(y, best[o]) || y != y))) {
                    best[o] = y;
                    std::size_t i = 0;
                    auto const is_it = [y](auto v) TENON_LAMBDA_INLINE {
                        return (v == decltype(v)(y)) | ((v != v) & (decltype(v)(y) != decltype(v)(y)));
                    };
                    while (i + lanes <= length && !math::hany(is_it(element::load_lanes<lanes>(x + i)))) i += lanes;
                    while (i < length && !math::hany(is_it(element::load_lanes<1>(x + i)))) ++i;
                    indices_.data()[o] = static_cast<std::int64_t>(first + i);
                }
                if constexpr (Axis == rank) first += length;
                else ++o;
            });
        }
    }
    constexpr void search_elements(T* best) {
        auto const s = operand_.shape();
        axis_extents const e = around_axis<Axis>(s);
        std::size_t k = 0;
        for_each_row(s, [&](auto const& outer) {
            auto r = operand_.row(outer);
            for (std::size_t j = 0; j != row_length(s); ++j, ++k) {
                // The k-th element in row-major order belongs to result o and has position i along the axis.
                std::size_t const o = k / (e.after * e.along) * e.after + k % e.after, i = k / e.after % e.along;
                T const x = element::element_of<T>(convert_lane<T>(r.template load<1>(j).value));
                T& y = best[o];
                if (indices_.data()[o] < 0 || (y == y && (beats(x, y) || x != x))) {
                    y = x;
                    indices_.data()[o] = static_cast<std::int64_t>(i);
                }
            }
        });
    }
    static constexpr bool beats(T const& x, T const& y) {
        if constexpr (Least) return static_cast<bool>(x < y);
        else return static_cast<bool>(x > y);
    }
    [[no_unique_address]] Shape shape_;
    tape<A, false> operand_;
    buffer<std::int64_t, static_size<Shape>> indices_;
};

}  // namespace tenon::inline TENON_TARGET::eval
