// softmax and log-softmax along an axis: one team for each vector.
#pragma once

#include <tenon/kernels/team.hpp>
#include <tenon/scalar/math.hpp>

namespace tenon::inline TENON_TARGET::kernels {

struct join_max {
    template <class V>
    __device__ V operator()(V a, V b) const {
        return math::maximum(a, b);
    }
};
struct join_sum {
    template <class V>
    __device__ V operator()(V a, V b) const {
        return a + b;
    }
};

/// The vectors along an axis of a row-major array: element r of vector o.
template <class Index>
struct vectors {
    Index length, step;
    __device__ Index operator()(Index o, Index r) const { return o / step * (length * step) + o % step + r * step; }
};

/// Writes softmax (or its logarithm) of a region; each thread reads again only what it wrote itself. The grid's teams
/// share the vectors.
/// @param scratch room for one value of each warp of a block
template <unsigned Team, bool Log, class T, class Index, class Region>
__device__ inline void softmax_vectors(Region const& region, T* to, vectors<Index> element, Index count,
                                       element::pack<T, 1>* scratch) {
    using V = element::pack<T, 1>;
    Index const teams = thread_count<Index>() / Team;
    unsigned const lane = threadIdx.x % Team;
    for (Index o = thread_number<Index>() / Team; o < count; o += teams) {
        V top(-std::numeric_limits<T>::infinity());
        for (Index r = lane; r < element.length; r += Team) {
            Index const i = element(o, r);
            V const x = math::convert<T>(region.template load<1>(i).value.at[0]);
            x.store(to + i);
            top = math::maximum(top, x);
        }
        top = join_team<Team>(join_max{}, top, scratch);
        V total(0);
        for (Index r = lane; r < element.length; r += Team) {
            Index const i = element(o, r);
            V const e = math::exp(V::load(to + i) - top);
            if constexpr (!Log) e.store(to + i);
            total = total + e;
        }
        total = join_team<Team>(join_sum{}, total, scratch);
        V const shift = Log ? top + math::log(total) : V(1) / total;
        for (Index r = lane; r < element.length; r += Team) {
            Index const i = element(o, r);
            (Log ? V::load(to + i) - shift : V::load(to + i) * shift).store(to + i);
        }
    }
}

/// The same in one launch.
template <unsigned Team, bool Log, class T, class Index, class Region>
__global__ void __launch_bounds__(block_size)
    softmax(__grid_constant__ const Region region, T* to, vectors<Index> element, Index count) {
    __shared__ element::pack<T, 1> scratch[block_size / warp_size];
    softmax_vectors<Team, Log>(region, to, element, count, scratch);
}

/// What a result of gradient g adds to the sum of its vector.
template <bool Log, class V>
__device__ inline V softmax_term(V y, V g) {
    return Log ? g : g * y;
}
/// The gradient of an operand. softmax: y (g − Σ g y); log-softmax: g − exp(y) Σ g.
/// @param total the sum of its vector's terms
template <bool Log, class V>
__device__ inline V softmax_gradient(V y, V g, V total) {
    return Log ? g - math::exp(y) * total : y * (g - total);
}

/// Sends softmax's gradient on into the operand's region.
template <unsigned Team, bool Log, class T, class Index, class Region>
__global__ void __launch_bounds__(block_size)
    softmax_backward(Region region, T const* y, T const* g, vectors<Index> element, Index count) {
    using V = element::pack<T, 1>;
    __shared__ V scratch[block_size / warp_size];
    Index const teams = thread_count<Index>() / Team;
    unsigned const lane = threadIdx.x % Team;
    for (Index o = thread_number<Index>() / Team; o < count; o += teams) {
        V total(0);
        for (Index r = lane; r < element.length; r += Team) {
            Index const i = element(o, r);
            total = total + softmax_term<Log>(V::load(y + i), V::load(g + i));
        }
        total = join_team<Team>(join_sum{}, total, scratch);
        for (Index r = lane; r < element.length; r += Team) {
            Index const i = element(o, r);
            auto const registers = region.template load<1>(i);
            region.template adjoint<1>(i, registers,
                                       region.lanes_of(softmax_gradient<Log>(V::load(y + i), V::load(g + i), total)));
        }
    }
    region.close();
}

}  // namespace tenon::inline TENON_TARGET::kernels
