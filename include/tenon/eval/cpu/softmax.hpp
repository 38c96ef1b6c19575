// softmax on the processor: the operand's region is read once into the result, which is then worked on in the cache.
#pragma once

#include <tenon/eval/cpu/reduce.hpp>
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
}  // namespace detail

/// Softmax of a vector of n elements, in place. Returns log Σ exp.
/// @tparam Lanes along which the elements lie; with `stride` > 1 lanes are neighbouring vectors instead
template <bool Log, class T, std::size_t Lanes, std::size_t Length>
TENON_INLINE constexpr void softmax_row(T* x, std::size_t n) {
    auto const load = [x](auto N, std::size_t j) TENON_LAMBDA_INLINE { return element::load_lanes<N>(x + j); };
    auto const top = join_row<op::max, T, Lanes, Length>(n, load);
    if constexpr (Log) {
        auto const total = join_row<op::sum, T, Lanes, Length>(n, [&](auto N, std::size_t j) TENON_LAMBDA_INLINE {
            return detail::lane_exp(load(N, j) - math::splat<N>(top));
        });
        auto const shift = top + detail::lane_log(total);
        for_each_pack<Lanes, Length>(n, [&](auto N, std::size_t j) TENON_LAMBDA_INLINE {
            element::store_lanes(x + j, load(N, j) - math::splat<N>(shift));
        });
    } else {
        for_each_pack<Lanes, Length>(n, [&](auto N, std::size_t j) TENON_LAMBDA_INLINE {
            element::store_lanes(x + j, detail::lane_exp(load(N, j) - math::splat<N>(top)));
        });
        auto const total = join_row<op::sum, T, Lanes, Length>(n, load);
        auto const scale = lane_t<T, 1>(T(1)) / total;
        for_each_pack<Lanes, Length>(n, [&](auto N, std::size_t j) TENON_LAMBDA_INLINE {
            element::store_lanes(x + j, load(N, j) * math::splat<N>(scale));
        });
    }
}

template <bool Log, std::size_t Axis, class A, bool Grad>
struct tape<softmax_node<Log, Axis, A>, Grad>
    : in_memory<tape<softmax_node<Log, Axis, A>, Grad>, value_t<A>, shape_t<A>, tape<A, Grad>::differentiable> {
    using node = softmax_node<Log, Axis, A>;
    using T = value_t<A>;
    using Shape = shape_t<A>;
    using operand = tape<A, Grad>;
    static constexpr bool differentiable = operand::differentiable;
    static constexpr bool last = Axis + 1 == Shape::rank();
    static constexpr std::size_t lanes = element::is_dual<T> ? 1 : TENON_VECTOR_BYTES / sizeof(T);
    static constexpr std::size_t axis_extent = Shape::static_extents[Axis];

    explicit constexpr tape(node const& n) : operand_(n.operand) {}
    constexpr auto shape() const { return operand_.shape(); }
    TENON_INLINE constexpr T const* data() const { return values_.data(); }
    TENON_INLINE constexpr T* gradient() { return gradients_.data(); }
    constexpr bool overlaps(void const*, void const*, bool) const { return false; }

    /// The result may be computed where it is wanted: every element is read before its place is written.
    constexpr void write_to(T* p) { values_.borrow(p, shape().size()); }
    constexpr bool reads(void const* begin, void const* end) const { return operand_.overlaps(begin, end, true); }

    constexpr void forward() {
        operand_.forward();
        auto const s = shape();
        std::size_t const n = s.size();
        values_.reserve(n);
        if constexpr (last) {
            // Row by row, so that each stays in the L1 cache from its operand to its result.
            T* to = values_.data();
            for_each_row(s, [&](auto const& outer) TENON_LAMBDA_INLINE {
                auto r = operand_.row(outer);
                for_each_pack<lanes_for<operand>, axis_extent>(
                    row_length(s), [&](auto N, std::size_t j) TENON_LAMBDA_INLINE {
                        element::store_lanes(to + j, math::convert<T>(r.template load<N>(j).value));
                    });
                if (row_length(s) != 0) softmax_row<Log, T, lanes, axis_extent>(to, row_length(s));
                to += row_length(s);
            });
        } else {
            evaluate_region(operand_, values_.data(), s);
            each_vector([&](std::size_t o, std::size_t step, std::size_t length) {
                gathered(values_.data() + o, step, length,
                         [&](T* v) { softmax_row<Log, T, lanes, axis_extent>(v, length); });
            });
        }
        if constexpr (differentiable) {
            gradients_.reserve(n);
            for (std::size_t i = 0; i != n; ++i) gradients_.data()[i] = T(0);
        }
    }
    /// softmax: y (g − Σ g y); log-softmax: g − exp(y) Σ g.
    constexpr void finish() {
        if constexpr (differentiable) {
            each_vector([&](std::size_t o, std::size_t step, std::size_t length) {
                T* const g = gradients_.data() + o;
                T const* const y = values_.data() + o;
                using V = lane_t<T, 1>;
                V total(T(0));
                for (std::size_t i = 0; i != length; ++i) {
                    V const gi = element::load_lanes<1>(g + i * step);
                    if constexpr (Log) total = total + gi;
                    else total = total + gi * element::load_lanes<1>(y + i * step);
                }
                for (std::size_t i = 0; i != length; ++i) {
                    V const gi = element::load_lanes<1>(g + i * step), yi = element::load_lanes<1>(y + i * step);
                    if constexpr (Log) element::store_lanes(g + i * step, gi - detail::lane_exp(yi) * total);
                    else element::store_lanes(g + i * step, yi * (gi - total));
                }
            });
            backward_from_memory(operand_, std::as_const(gradients_).data());
            operand_.finish();
        }
    }
    /// A maximum, a difference, an exponential, a sum and a scale for each element.
    template <class Plan>
    static void describe(node const& n, Plan& p) {
        std::size_t const elements = n.shape().size();
        auto const operands = [&] {
            p.template streams<operand>(n.operand);
            if constexpr (!last) p.template scratch<buffer<T, axis_extent>>(n.shape()[Axis]);
        };
        p.template kernel<tape>(n,
                                {.kind = "softmax",
                                 .name = Log ? "log_softmax" : "softmax",
                                 .operations = 5 * elements,
                                 .gradient_operations = 4 * elements},
                                operands);
    }

private:
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

    operand operand_;
    buffer<T, static_size<Shape>> values_;
    buffer<T, differentiable ? static_size<Shape> : 0> gradients_;
};

}  // namespace tenon::inline TENON_TARGET::eval
