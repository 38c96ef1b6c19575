// Normalisation within samples on the processor: each stretch of elements is standardised while it is in the cache, on the way
// forward and on the way back.
#pragma once

#include <tenon/eval/cpu/reduce.hpp>
#include <tenon/expr/normalize.hpp>
#include <tenon/op/sqrt.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// Lanes of a row operation in memory: dual numbers go one at a time.
template <class T>
inline constexpr std::size_t row_lanes = element::is_dual<T> ? 1 : TENON_VECTOR_BYTES / sizeof(T);

/// Standardises n elements in place; returns what they were multiplied with, 1/√(var + eps).
template <bool Centered, class T, std::size_t Length>
constexpr lane_t<T, 1> standardize_row(T* x, std::size_t n, double eps) {
    constexpr std::size_t lanes = row_lanes<T>;
    using V = lane_t<T, 1>;
    V const count(static_cast<T>(static_cast<double>(n)));
    auto const load = [x](auto N, std::size_t j) TENON_LAMBDA_INLINE { return element::load_lanes<N>(x + j); };
    V mean(T(0));
    if constexpr (Centered) mean = join_row<op::sum, T, lanes, Length>(n, load) / count;
    V const squares = join_row<op::sum, T, lanes, Length>(n, [&](auto N, std::size_t j) TENON_LAMBDA_INLINE {
        auto const d = load(N, j) - math::splat<N>(mean);
        return d * d;
    });
    V const scale = apply_op(op::rsqrt{}, squares / count + V(static_cast<T>(eps)));
    for_each_pack<lanes, Length>(n, [&](auto N, std::size_t j) TENON_LAMBDA_INLINE {
        element::store_lanes(x + j, (load(N, j) - math::splat<N>(mean)) * math::splat<N>(scale));
    });
    return scale;
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
    : in_memory<tape<standardize_node<Centered, Outer, Groups, A>, Grad>, value_t<A>, shape_t<A>,
                tape<A, Grad>::differentiable> {
    using node = standardize_node<Centered, Outer, Groups, A>;
    using T = value_t<A>;
    using Shape = shape_t<A>;
    using operand = tape<A, Grad>;
    static constexpr bool differentiable = operand::differentiable;

    /// Elements of one stretch, and how many stretches there are; `dyn` where that is not static.
    struct division {
        std::size_t length, count;
    };
    template <class Extents>
    static constexpr division divided(Extents const& e) {
        division d{1, Groups};
        for (std::size_t a = 0; a < Outer; ++a)
            d.count = is_dynamic(d.count) || is_dynamic(e[a]) ? dyn : d.count * e[a];
        for (std::size_t a = Outer; a < Shape::rank(); ++a)
            d.length = is_dynamic(d.length) || is_dynamic(e[a]) ? dyn : d.length * e[a];
        if (!is_dynamic(d.length)) d.length /= Groups;
        return d;
    }
    static constexpr division known = divided(Shape::static_extents);

    explicit constexpr tape(node const& n)
        : operand_(n.operand), eps_(n.eps), length_(divided(n.shape().extents()).length) {}
    tape(tape const&) = delete;
    constexpr auto shape() const { return operand_.shape(); }
    TENON_INLINE constexpr T const* data() const { return values_.data(); }
    TENON_INLINE constexpr T* gradient() { return gradients_.data(); }
    constexpr bool overlaps(void const*, void const*, bool) const { return false; }

    constexpr void forward() {
        operand_.forward();
        auto const s = shape();
        std::size_t const n = s.size();
        values_.reserve(n);
        scales_.reserve(divided(s.extents()).count);
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
            for (; done + length_ <= filled && done < n; done += length_)
                element::store_lanes(scale++,
                                     standardize_row<Centered, T, known.length>(values_.data() + done, length_, eps_));
        });
        if constexpr (differentiable) {
            gradients_.reserve(n);
            for (std::size_t i = 0; i < n; ++i) gradients_.data()[i] = T(0);
        }
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

private:
    operand operand_;
    double eps_;
    std::size_t length_;
    buffer<T, static_size<Shape>> values_;
    buffer<T, known.count> scales_;
    buffer<T, differentiable ? static_size<Shape> : 0> gradients_;
};

}  // namespace tenon::inline TENON_TARGET::eval
