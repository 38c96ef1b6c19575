// Normalisation within samples on the processor: each stretch of elements is standardised while it is in the cache, on the way
// forward and on the way back.
#pragma once

#include <tenon/eval/cpu/row_operation.hpp>
#include <tenon/expr/normalize.hpp>
#include <tenon/op/sqrt.hpp>
#include <tenon/scalar/exact_mean.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// Lanes of a row operation in memory: dual numbers go one at a time.
template <class T>
inline constexpr std::size_t row_lanes = element::is_dual<T> ? 1 : TENON_VECTOR_BYTES / sizeof(T);

/// a b + c
template <class V>
TENON_INLINE constexpr V scale_and_shift(V const& a, V const& b, V const& c) {
    if constexpr (element::is_pack<V>) return math::fma(a, b, c);
    else return a * b + c;
}

/// Standardises n elements; returns what they were multiplied with, 1/√(var + eps).
/// @tparam Wide how many elements a register of the row that is read holds
/// @param x room for n elements, which may be where the result belongs
/// @param put called as put(N, j, v) with each pack of the result
template <bool Centered, std::size_t Wide, std::size_t Length, class Row, class T, class Put>
TENON_INLINE constexpr lane_t<T, 1> standardize_row(Row const& row, T* x, std::size_t n, double eps, Put&& put) {
    constexpr std::size_t lanes = row_lanes<T>;
    using V = lane_t<T, 1>;
    V const count(static_cast<T>(static_cast<double>(n)));
    reread_row<Row, T> const from{row, x};
    auto const square = [](auto const& v) TENON_LAMBDA_INLINE { return v * v; };
    auto const inverse_root = [eps](V v)
                                  TENON_LAMBDA_INLINE { return apply_op(op::rsqrt{}, v + V(static_cast<T>(eps))); };
    if constexpr (Centered) {
        V const one = from.template first<1>(0);
        V const distance = join_row<op::sum, T, Wide, Length>(
                               n, [&](auto N, std::size_t j)
                                      TENON_LAMBDA_INLINE { return from.template first<N>(j) - math::splat<N>(one); }) /
                           count;
        exact_mean<V> const mean(one, distance);
        auto const centered = [&](auto N, std::size_t j) TENON_LAMBDA_INLINE {
            return from.template again<N>(j) - math::splat<N>(mean.rounded);
        };
        V const squares = join_row<op::sum, T, lanes, Length>(
            n, [&](auto N, std::size_t j) TENON_LAMBDA_INLINE { return square(centered(N, j)); });
        V const scale = inverse_root(mean.variance(squares / count)), shift = -(mean.rest * scale);
        for_each_pack<lanes, Length>(n, [&](auto N, std::size_t j) TENON_LAMBDA_INLINE {
            put(N, j, scale_and_shift(centered(N, j), math::splat<N>(scale), math::splat<N>(shift)));
        });
        return scale;
    } else {
        V const squares = join_row<op::sum, T, Wide, Length>(
            n, [&](auto N, std::size_t j) TENON_LAMBDA_INLINE { return square(from.template first<N>(j)); });
        V const scale = inverse_root(squares / count);
        for_each_pack<lanes, Length>(n, [&](auto N, std::size_t j) TENON_LAMBDA_INLINE {
            put(N, j, from.template again<N>(j) * math::splat<N>(scale));
        });
        return scale;
    }
}

/// Turns the gradient g of standardised elements y into that of the elements: scale · (g − mean g − y · mean(g y)).
template <bool Centered, class T, std::size_t Length>
constexpr void standardize_row_back(T* g, T const* y, std::size_t n, lane_t<T, 1> scale) {
    constexpr std::size_t lanes = row_lanes<T>;
    using V = lane_t<T, 1>;
    V const count(static_cast<T>(static_cast<double>(n)));
    auto const load = [g](auto N, std::size_t j) TENON_LAMBDA_INLINE { return element::load_lanes<N>(g + j); };
    V mean(T(0));
    if constexpr (Centered) mean = join_row<op::sum, T, lanes, Length>(n, load) / count;
    V const slope =
        join_row<op::sum, T, lanes, Length>(
            n, [&](auto N, std::size_t j) TENON_LAMBDA_INLINE { return load(N, j) * element::load_lanes<N>(y + j); }) /
        count;
    for_each_pack<lanes, Length>(n, [&](auto N, std::size_t j) TENON_LAMBDA_INLINE {
        auto const through = load(N, j) - math::splat<N>(mean) - element::load_lanes<N>(y + j) * math::splat<N>(slope);
        element::store_lanes(g + j, through * math::splat<N>(scale));
    });
}

/// Kept: the standardised elements and each stretch's scale.
template <bool Centered, std::size_t Outer, std::size_t Groups, class A, bool Grad>
struct tape<standardize_node<Centered, Outer, Groups, A>, Grad>
    : row_operation<tape<standardize_node<Centered, Outer, Groups, A>, Grad>, A, Grad,
                    Outer + 1 == shape_t<A>::rank() && Groups == 1> {
    using node = standardize_node<Centered, Outer, Groups, A>;
    /// Whether a stretch is a row.
    static constexpr bool row_by_row = Outer + 1 == shape_t<A>::rank() && Groups == 1;
    using base = row_operation<tape, A, Grad, row_by_row>;
    using base::differentiable;
    using base::shape;
    using typename base::operand;
    using typename base::Shape;
    using typename base::T;

    static constexpr auto known = node::divided(Shape::static_extents);

    explicit constexpr tape(node const& n) : base(n), eps_(n.eps), length_(node::divided(n.shape().extents()).length) {}

    constexpr void forward() {
        values_.reserve(shape().size());
        scales_.reserve(node::divided(shape().extents()).count);
        if constexpr (row_by_row) this->forward_rows();
        else forward_stretches();
        this->zero_gradients();
    }
    template <std::size_t R>
    TENON_INLINE constexpr void compute_row(std::size_t k, position<R> const& outer, T* room, T* to, auto const& out) {
        auto const scale = standardize_row<Centered, lanes_for<operand>, inner_extent<Shape>>(
            operand_.row(outer), room, row_length(shape()), eps_,
            [&](auto, std::size_t j, auto const& y) TENON_LAMBDA_INLINE { out.store(to + j, y); });
        if (!this->by_rows_) element::store_lanes(scales_.data() + k, scale);
    }
    constexpr void finish() {
        if constexpr (differentiable) {
            std::size_t const row = row_length(shape());
            std::size_t sent = 0, done = 0;
            T const* scale = scales_.data();
            backward_region(operand_, [&](auto const&) TENON_LAMBDA_INLINE {
                T const* const g = gradients_.data() + sent;
                sent += row;
                for (; done < sent; done += length_)
                    standardize_row_back<Centered, T, known.length>(gradients_.data() + done, values_.data() + done,
                                                                    length_, element::load_lanes<1>(scale++));
                return gradient_row<T>{g};
            });
            operand_.finish();
        }
    }

    static constexpr bool asks_for_rows = row_by_row && !differentiable;
    template <class Plan>
    static void describe_memory(node const& n, Plan& p) {
        if (!p.by_rows()) p.template holds<buffer<T, known.count>>(node::divided(n.shape().extents()).count);
        base::describe_room(n.shape(), p);
    }

private:
    using base::gradients_;
    using base::operand_;
    using base::values_;

    /// Stretches of several rows, or of a part of one: each as soon as its elements are there.
    constexpr void forward_stretches() {
        operand_.forward();
        auto const s = shape();
        std::size_t const n = s.size();
        std::size_t filled = 0, done = 0;
        T* scale = scales_.data();
        for_each_row(s, [&](auto const& outer) TENON_LAMBDA_INLINE {
            auto r = operand_.row(outer);
            T* const to = values_.data() + filled;
            for_each_pack<lanes_for<operand>, inner_extent<Shape>>(
                row_length(s), [&](auto N, std::size_t j) TENON_LAMBDA_INLINE {
                    element::store_lanes(to + j, math::convert<T>(r.template load<N>(j).value));
                });
            filled += row_length(s);
            for (; done + length_ <= filled && done < n; done += length_) {
                T* const x = values_.data() + done;
                element::store_lanes(scale++, standardize_row<Centered, row_lanes<T>, known.length>(
                                                  memory_row<T, 1, false>{x, {}, {}}, x, length_, eps_,
                                                  [x](auto, std::size_t j, auto const& y)
                                                      TENON_LAMBDA_INLINE { element::store_lanes(x + j, y); }));
            }
        });
    }

    double eps_;
    std::size_t length_;
    buffer<T, known.count> scales_;
};

}  // namespace tenon::inline TENON_TARGET::eval
