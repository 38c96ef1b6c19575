// Where the greatest or least element of each result's elements is.
#pragma once

#include <cstdint>

#include <tenon/kernels/vectors.hpp>

namespace tenon::inline TENON_TARGET::kernels {

/// An element and its place among a result's; below 0 where there is none yet.
template <class V>
struct candidate {
    V value;
    element::pack<std::int64_t, 1> place;
};

template <class V>
__device__ inline candidate<V> shuffle_xor(candidate<V> c, unsigned mask) {
    return {shuffle_xor(c.value, mask), shuffle_xor(c.place, mask)};
}

/// The greater of two candidates, or the lesser: the first of equals, and a NaN before all numbers.
template <bool Least>
struct join_candidates {
    template <class V>
    __device__ candidate<V> operator()(candidate<V> a, candidate<V> b) const {
        if (b.place.raw < 0) return a;
        if (a.place.raw < 0) return b;
        bool const a_nan = static_cast<bool>(math::isnan(a.value)), b_nan = static_cast<bool>(math::isnan(b.value));
        bool const equal = a_nan == b_nan && (a_nan || static_cast<bool>(a.value == b.value));
        bool const first = static_cast<bool>(Least ? a.value < b.value : a.value > b.value);
        return (equal ? a.place.raw < b.place.raw : a_nan != b_nan ? a_nan : first) ? a : b;
    }
};

/// The best of elements [first, last) of result o, by a team; every thread of it gets it.
/// @param element which element of the region is the r-th of result o
template <unsigned Team, bool Least, class Index, class Region, class Element, class V>
__device__ inline candidate<V> best_of_row(Region const& region, Element const& element, Index o, Index first,
                                           Index last, candidate<V>* scratch) {
    join_candidates<Least> const join;
    candidate<V> best{V(0), -1};
    for (Index r = first + threadIdx.x % Team; r < last; r += Team)
        best = join(best, {math::convert<typename V::value_type>(region.template load<1>(element(o, r)).value.at[0]),
                           static_cast<std::int64_t>(r)});
    return join_team<Team>(join, best, scratch);
}

/// One team for each result.
/// @tparam T what elements are compared as
template <unsigned Team, bool Least, class T, class Index, class Region, class Element>
__global__ void __launch_bounds__(block_size)
    arg_extreme(__grid_constant__ const Region region, __grid_constant__ const Element element, std::int64_t* to,
                Index results, Index count) {
    __shared__ candidate<element::pack<T, 1>> scratch[block_size / warp_size];
    Index const teams = thread_count<Index>() / Team;
    for (Index o = thread_number<Index>() / Team; o < results; o += teams) {
        auto const best = best_of_row<Team, Least>(region, element, o, Index(0), count, scratch);
        if (threadIdx.x % Team == 0) best.place.store(to + o);
    }
}

/// Few results of many elements each: `parts` blocks share a result's, and the last block of all joins what they found.
/// @param shares room for `parts` of every result
template <bool Least, class T, class Index, class Region, class Element>
__global__ void __launch_bounds__(block_size)
    arg_extreme_shared(__grid_constant__ const Region region, __grid_constant__ const Element element, std::int64_t* to,
                       candidate<element::pack<T, 1>>* shares, unsigned* ticket, Index results, Index count,
                       unsigned parts) {
    using V = element::pack<T, 1>;
    __shared__ candidate<V> scratch[block_size / warp_size];
    part_of_row<Index> const part(count, parts, 1);
    auto const found = best_of_row<block_size, Least>(region, element, part.group, part.first, part.last, scratch);
    if (threadIdx.x == 0) shares[blockIdx.x] = found;
    if (!last_block(ticket)) return;
    for (Index o = threadIdx.x / warp_size; o < results; o += block_size / warp_size) {
        candidate<V> best{V(0), -1};
        for (unsigned p = threadIdx.x % warp_size; p < parts; p += warp_size)
            best = join_candidates<Least>{}(best, shares[o * parts + p]);
        best = join_warp(join_candidates<Least>{}, best);
        if (threadIdx.x % warp_size == 0) best.place.store(to + o);
    }
}

}  // namespace tenon::inline TENON_TARGET::kernels
