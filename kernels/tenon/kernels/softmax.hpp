// softmax and log-softmax along an axis: one team for each vector.
#pragma once

#include <tenon/expr/softmax.hpp>
#include <tenon/kernels/vectors.hpp>

namespace tenon::inline TENON_TARGET::kernels {

template <softmax_kind Kind>
inline constexpr bool is_logarithm = Kind == softmax_kind::logarithm;

/// Writes softmax of a region. The grid's teams share the vectors.
/// @param scratch room for one value of each warp of a block
template <unsigned Team, std::size_t W, softmax_kind Kind, class T, class Vectors, class Region>
__device__ inline void softmax_vectors(Region const& region, T* to, Vectors element, typename Vectors::index count,
                                       element::pack<T, 1>* scratch) {
    using V = element::pack<T, 1>;
    using Index = typename Vectors::index;
    Index const teams = thread_count<Index>() / Team;
    for (Index o = thread_number<Index>() / Team; o < count; o += teams) {
        team_vector<Team, W, T, Vectors> x(element, o, to);
        V top(math::minus_infinity<T>);
        x.read(region, [&](V v, Index) TENON_LAMBDA_INLINE { top = math::maximum(top, v); });
        top = join_team<Team>(join_max{}, top, scratch);
        bool const nothing = Kind == softmax_kind::masked && top[0] == math::minus_infinity<T>;
        if (nothing) top = V(0);
        V total(0);
        auto const add = [&](V v, Index) TENON_LAMBDA_INLINE {
            V const e = math::exp(v - top);
            total = total + e;
            return e;
        };
        if constexpr (is_logarithm<Kind>) x.visit(add);
        else x.change(add);
        total = join_team<Team>(join_sum{}, total, scratch);
        V const shift = is_logarithm<Kind> ? top + math::log(total) : nothing ? V(0) : V(1) / total;
        x.write([&](V v, Index) TENON_LAMBDA_INLINE { return is_logarithm<Kind> ? v - shift : v * shift; });
    }
}

/// The same in one launch.
template <unsigned Team, std::size_t W, softmax_kind Kind, class T, class Vectors, class Region>
__global__ void __launch_bounds__(block_size)
    softmax(__grid_constant__ const Region region, T* to, Vectors element, typename Vectors::index count) {
    __shared__ element::pack<T, 1> scratch[block_size / warp_size];
    softmax_vectors<Team, W, Kind>(region, to, element, count, scratch);
}

/// What a result of gradient g adds to the sum of its vector.
template <softmax_kind Kind, class V>
__device__ inline V softmax_term(V y, V g) {
    return is_logarithm<Kind> ? g : g * y;
}
/// The gradient of an operand. softmax: y (g − Σ g y); log-softmax: g − exp(y) Σ g.
/// @param total the sum of its vector's terms
template <softmax_kind Kind, class V>
__device__ inline V softmax_gradient(V y, V g, V total) {
    return is_logarithm<Kind> ? g - math::exp(y) * total : y * (g - total);
}

/// Sends softmax's gradient on into the operand's region. What does not fit in registers is read from memory twice.
template <unsigned Team, std::size_t W, softmax_kind Kind, class T, class Vectors, class Region>
__global__ void __launch_bounds__(block_size)
    softmax_backward(Region region, T const* y, T const* g, Vectors element, typename Vectors::index count) {
    using V = element::pack<T, 1>;
    using Index = typename Vectors::index;
    __shared__ V scratch[block_size / warp_size];
    Index const teams = thread_count<Index>() / Team;
    for (Index o = thread_number<Index>() / Team; o < count; o += teams) {
        team_gradient<Team, W, T, Vectors> x(element, o, y, g);
        V total(0);
        x.read([&](V v, V u) TENON_LAMBDA_INLINE { total = total + softmax_term<Kind>(v, u); });
        total = join_team<Team>(join_sum{}, total, scratch);
        x.send(region, [&](V v, V u) TENON_LAMBDA_INLINE { return softmax_gradient<Kind>(v, u, total); });
    }
    region.close();
}

}  // namespace tenon::inline TENON_TARGET::kernels
