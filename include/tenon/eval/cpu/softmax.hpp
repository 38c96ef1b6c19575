// softmax on the processor: the operand's region is read once into the result, which is then worked on in the cache.
#pragma once

#include <tenon/eval/cpu/row_operation.hpp>
#include <tenon/expr/softmax.hpp>
#include <tenon/scalar/math.hpp>

namespace tenon::inline TENON_TARGET::eval {

namespace detail {
/// exp and log on lanes, dual numbers included.
template <class V>
TENON_LANE V lane_exp(V x) {
    if constexpr (element::is_dual<V>) {
        V y(lane_exp(x.value));
        for (std::size_t k = 0; k != V::directions; ++k) y.tangent[k] = y.value * x.tangent[k];
        return y;
    } else return math::exp(x);
}
template <class V>
TENON_LANE V lane_log(V x) {
    if constexpr (element::is_dual<V>) {
        V y(lane_log(x.value));
        for (std::size_t k = 0; k != V::directions; ++k) y.tangent[k] = x.tangent[k] / x.value;
        return y;
    } else return math::log(x);
}

/// The greatest element in one instruction a pack: NaN is lost, but comes back in the sum of exponentials.
struct greatest_number : op::max {
    template <class V>
    TENON_LANE static V combine(V a, V b) {
        if constexpr (element::is_pack<V>) return math::detail::extreme<true>(a, b);
        else return op::max::combine(a, b);
    }
};
}  // namespace detail

/// Softmax of n elements.
/// @tparam Lanes how many elements of the result a register holds
/// @tparam Wide the same for the row that is read
/// @param x room for n elements, which may be where the result belongs
/// @param put called as put(N, j, v) with each pack of the result
template <softmax_kind Kind, std::size_t Lanes, std::size_t Wide, std::size_t Length, class Row, class T, class Put>
TENON_INLINE constexpr void softmax_row(Row const& row, T* x, std::size_t n, Put&& put) {
    reread_row<Row, T> const from{row, x};
    using V = lane_t<T, 1>;
    V top = join_row<detail::greatest_number, T, Wide, Length>(
        n, [&](auto N, std::size_t j) TENON_LAMBDA_INLINE { return from.template first<N>(j); });
    // Above nothing but −∞ all exponentials are 0, and so is what is made of them.
    bool const nothing = Kind == softmax_kind::masked && (top == V(op::max::identity<T>()))[0];
    if (nothing) top = V(T(0));
    auto const power = [&](auto N, std::size_t j) TENON_LAMBDA_INLINE {
        return detail::lane_exp(from.template again<N>(j) - math::splat<N>(top));
    };
    if constexpr (Kind == softmax_kind::logarithm) {
        auto const total = join_row<op::sum, T, Lanes, Length>(n, power);
        auto const shift = top + detail::lane_log(total);
        for_each_pack<Lanes, Length>(n, [&](auto N, std::size_t j) TENON_LAMBDA_INLINE {
            put(N, j, from.template again<N>(j) - math::splat<N>(shift));
        });
    } else {
        auto const total = join_row<op::sum, T, Lanes, Length>(n, [&](auto N, std::size_t j) TENON_LAMBDA_INLINE {
            auto const y = power(N, j);
            element::store_lanes(x + j, y);
            return y;
        });
        V const scale = nothing ? V(T(0)) : V(T(1)) / total;
        for_each_pack<Lanes, Length>(n, [&](auto N, std::size_t j) TENON_LAMBDA_INLINE {
            put(N, j, element::load_lanes<N>(x + j) * math::splat<N>(scale));
        });
    }
}

template <softmax_kind Kind, std::size_t Axis, class A, bool Grad>
struct tape<softmax_node<Kind, Axis, A>, Grad>
    : row_operation<tape<softmax_node<Kind, Axis, A>, Grad>, A, Grad, Axis + 1 == shape_t<A>::rank()> {
    using node = softmax_node<Kind, Axis, A>;
    static constexpr bool is_log = Kind == softmax_kind::logarithm;
    using base = row_operation<tape, A, Grad, Axis + 1 == shape_t<A>::rank()>;
    using base::differentiable;
    using base::shape;
    using typename base::operand;
    using typename base::Shape;
    using typename base::T;
    static constexpr bool last = Axis + 1 == Shape::rank();
    static constexpr std::size_t lanes = element::is_dual<T> ? 1 : TENON_VECTOR_BYTES / sizeof(T);
    static constexpr std::size_t axis_extent = Shape::static_extents[Axis];

    explicit constexpr tape(node const& n) : base(n) {}

    constexpr void forward() {
        values_.reserve(shape().size());
        if constexpr (last) this->forward_rows();
        else {
            operand_.forward();
            evaluate_region(operand_, values_.data(), shape());
            each_vector([&](std::size_t o, std::size_t step, std::size_t length) {
                gathered(values_.data() + o, step, length, [&](T* v) TENON_LAMBDA_INLINE {
                    softmax_row<Kind, lanes, lanes, axis_extent>(
                        memory_row<T, 1, false>{v, {}, {}}, v, length,
                        [v](auto, std::size_t j, auto const& y)
                            TENON_LAMBDA_INLINE { element::store_lanes(v + j, y); });
                });
            });
        }
        this->zero_gradients();
    }
    template <std::size_t R>
    TENON_INLINE constexpr void compute_row(std::size_t, position<R> const& outer, T* room, T* to, auto const& out) {
        softmax_row<Kind, lanes, lanes_for<operand>, axis_extent>(operand_.row(outer), room, row_length(shape()),
                                                                  [&](auto, std::size_t j, auto const& y)
                                                                      TENON_LAMBDA_INLINE { out.store(to + j, y); });
    }
    /// softmax: y (g − Σ g y); log-softmax: g − exp(y) Σ g.
    constexpr void finish() {
        if constexpr (differentiable) {
            each_vector([&](std::size_t o, std::size_t step, std::size_t length) {
                T* const g = gradients_.data() + o;
                T const* const y = values_.data() + o;
                using V = lane_t<T, 1>;
                V const total =
                    join_row<op::sum, T, 1, axis_extent>(length, [&](auto, std::size_t i) TENON_LAMBDA_INLINE {
                        V const gi = element::load_lanes<1>(g + i * step);
                        if constexpr (is_log) return gi;
                        else return gi * element::load_lanes<1>(y + i * step);
                    });
                for (std::size_t i = 0; i != length; ++i) {
                    V const gi = element::load_lanes<1>(g + i * step), yi = element::load_lanes<1>(y + i * step);
                    if constexpr (is_log) element::store_lanes(g + i * step, gi - detail::lane_exp(yi) * total);
                    else element::store_lanes(g + i * step, yi * (gi - total));
                }
            });
            backward_from_memory(operand_, std::as_const(gradients_).data());
            operand_.finish();
        }
    }
    static constexpr bool asks_for_rows = last && !differentiable;
    template <class Plan>
    static void describe_memory(node const& n, Plan& p) {
        if constexpr (!last) p.template scratch<buffer<T, axis_extent>>(n.shape()[Axis]);
        base::describe_room(n.shape(), p);
    }

private:
    using base::gradients_;
    using base::operand_;
    using base::values_;

    /// Calls f(offset, step, length) for every vector along the axis.
    template <class F>
    constexpr void each_vector(F&& f) const {
        auto const s = shape();
        std::size_t before = 1, after = 1;
        for (std::size_t a = 0; a != Axis; ++a) before *= s[a];
        for (std::size_t a = Axis + 1; a != Shape::rank(); ++a) after *= s[a];
        std::size_t const length = s[Axis];
        if (length == 0) return;
        for (std::size_t b = 0; b != before; ++b)
            for (std::size_t c = 0; c != after; ++c) f(b * length * after + c, after, length);
    }
    /// Works on a vector of distant elements in a contiguous copy.
    template <class F>
    static constexpr void gathered(T* p, std::size_t step, std::size_t length, F&& f) {
        buffer<T, axis_extent> copy;
        copy.reserve(length);
        for (std::size_t i = 0; i != length; ++i) copy.data()[i] = p[i * step];
        f(copy.data());
        for (std::size_t i = 0; i != length; ++i) p[i * step] = copy.data()[i];
    }
};

}  // namespace tenon::inline TENON_TARGET::eval
