// Normalisation of stretches of neighbouring elements: one team for each, whose threads keep what they read in
// registers.
#pragma once

#include <tenon/kernels/vectors.hpp>
#include <tenon/op/sqrt.hpp>
#include <tenon/scalar/exact_mean.hpp>

namespace tenon::inline TENON_TARGET::kernels {

/// Writes (x − mean) / √(var + eps) of each stretch of a region, or x / √(mean of x² + eps). What does not fit in
/// registers is read again from where the result belongs.
/// @param scales what each stretch was multiplied with, or null where nobody asks
template <unsigned Team, std::size_t W, bool Centered, class T, class Vectors, class Region>
__global__ void __launch_bounds__(block_size) standardize(__grid_constant__ const Region region, T* to, T* scales,
                                                          T eps, Vectors element, typename Vectors::index count) {
    using V = element::pack<T, 1>;
    using Index = typename Vectors::index;
    __shared__ V scratch[block_size / warp_size];
    Index const teams = thread_count<Index>() / Team;
    V const n(static_cast<T>(element.length()));
    for (Index o = thread_number<Index>() / Team; o < count; o += teams) {
        team_vector<Team, W, T, Vectors> x(element, o, to);
        V total(0), one(0);
        if constexpr (Centered) one = math::convert<T>(region.template load<1>(element(o, 0)).value.at[0]);
        x.read(region, [&](V v, Index) TENON_LAMBDA_INLINE { total = total + (Centered ? v - one : v * v); });
        V square = join_team<Team>(join_sum{}, total, scratch) / n;
        eval::exact_mean<V> mean;
        if constexpr (Centered) {
            mean = eval::exact_mean<V>(one, square);
            total = V(0);
            x.visit([&](V v, Index) TENON_LAMBDA_INLINE { total = total + (v - mean.rounded) * (v - mean.rounded); });
            square = mean.variance(join_team<Team>(join_sum{}, total, scratch) / n);
        }
        V const scale = apply_op(op::rsqrt{}, square + V(eps)), shift = -(mean.rest * scale);
        x.write([&](V v, Index)
                    TENON_LAMBDA_INLINE { return Centered ? (v - mean.rounded) * scale + shift : v * scale; });
        if (scales && threadIdx.x % Team == 0) scale.store(scales + o);
    }
}

/// Sends the gradient g of standardised elements y on into the operand's region: scale · (g − mean g − y · mean(g y)),
/// without centring no mean of g. What does not fit in registers is read from memory twice.
template <unsigned Team, std::size_t W, bool Centered, class T, class Vectors, class Region>
__global__ void __launch_bounds__(block_size)
    standardize_backward(Region region, T const* y, T const* g, T const* scales, Vectors element,
                         typename Vectors::index count) {
    using V = element::pack<T, 1>;
    using Index = typename Vectors::index;
    __shared__ V scratch[block_size / warp_size];
    Index const teams = thread_count<Index>() / Team;
    V const n(static_cast<T>(element.length()));
    for (Index o = thread_number<Index>() / Team; o < count; o += teams) {
        team_gradient<Team, W, T, Vectors> x(element, o, y, g);
        V mean(0), slope(0);
        x.read([&](V v, V u) TENON_LAMBDA_INLINE {
            if constexpr (Centered) mean = mean + u;
            slope = slope + u * v;
        });
        if constexpr (Centered) mean = join_team<Team>(join_sum{}, mean, scratch) / n;
        slope = join_team<Team>(join_sum{}, slope, scratch) / n;
        V const scale = V::load(scales + o);
        x.send(region, [&](V v, V u) TENON_LAMBDA_INLINE { return (u - mean - v * slope) * scale; });
    }
    region.close();
}

}  // namespace tenon::inline TENON_TARGET::kernels
