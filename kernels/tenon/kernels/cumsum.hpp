// Running sums along an axis: a thread or a block for each vector.
#pragma once

#include <tenon/kernels/vectors.hpp>

namespace tenon::inline TENON_TARGET::kernels {

/// The sum of what threads of a block up to this one hold (Hillis and Steele, 1986). The whole block has to call it.
/// @param room one value for each thread; the last one is the sum of all afterwards, until the next barrier
template <class V>
__device__ inline V sum_up_to_thread(V v, V* room) {
    unsigned const t = threadIdx.x;
    __syncthreads();
    room[t] = v;
    for (unsigned distance = 1; distance != block_size; distance *= 2) {
        __syncthreads();
        V const other = t >= distance ? room[t - distance] : V(0);
        __syncthreads();
        v = v + other;
        room[t] = v;
    }
    __syncthreads();
    return v;
}

/// Calls put(r, sum) with the sum of term(0), …, term(r) for every r below a length, by a team.
/// @param room one value for each thread of a block
template <unsigned Team, class Index, class V, class Term, class Put>
__device__ inline void running_sums(Index length, V* room, Term const& term, Put const& put) {
    V sum(0);
    if constexpr (Team == 1) {
        for (Index r = 0; r < length; ++r) put(r, sum = sum + term(r));
    } else {
        for (Index first = 0; first < length; first += Team) {
            Index const r = first + threadIdx.x;
            V const own = sum_up_to_thread(r < length ? term(r) : V(0), room);
            if (r < length) put(r, sum + own);
            sum = sum + room[Team - 1];
        }
    }
}

/// Running sums of a region's vectors.
template <unsigned Team, class T, class Vectors, class Region>
__global__ void __launch_bounds__(block_size)
    cumsum(__grid_constant__ const Region region, T* to, Vectors element, typename Vectors::index count) {
    using V = element::pack<T, 1>;
    using Index = typename Vectors::index;
    __shared__ V room[Team];
    Index const teams = thread_count<Index>() / Team;
    for (Index o = thread_number<Index>() / Team; o < count; o += teams)
        running_sums<Team>(
            element.length(), room,
            [&](Index r) { return V(math::convert<T>(region.template load<1>(element(o, r)).value.at[0])); },
            [&](Index r, V sum) { sum.store(to + element(o, r)); });
}

/// Sends the gradient of running sums on into the operand's region: an element's is the sum of those from its place on.
template <unsigned Team, class T, class Vectors, class Region>
__global__ void __launch_bounds__(block_size)
    cumsum_backward(Region region, T const* g, Vectors element, typename Vectors::index count) {
    using V = element::pack<T, 1>;
    using Index = typename Vectors::index;
    __shared__ V room[Team];
    Index const teams = thread_count<Index>() / Team;
    for (Index o = thread_number<Index>() / Team; o < count; o += teams) {
        auto const place = [&](Index r) { return element(o, element.length() - 1 - r); };
        running_sums<Team>(
            element.length(), room, [&](Index r) { return V::load(g + place(r)); },
            [&](Index r, V sum) {
                auto const registers = region.template load<1>(place(r));
                region.template adjoint<1>(place(r), registers, region.lanes_of(sum));
            });
    }
    region.close();
}

}  // namespace tenon::inline TENON_TARGET::kernels
