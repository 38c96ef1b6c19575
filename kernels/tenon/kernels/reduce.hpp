// Reductions: the operand's region is read in registers and joined by warps and blocks.
#pragma once

#include <tenon/kernels/team.hpp>

namespace tenon::inline TENON_TARGET::kernels {

/// Joins lanes by an operator.
template <class Op>
struct join_by {
    template <class V>
    __device__ V operator()(V a, V b) const {
        return Op::combine(a, b);
    }
};

/// One team for each result: for axes of which the last is joined.
/// @param element which element of the region is the r-th of result o
template <unsigned Team, class Op, class T, class Index, class Region, class Element>
__global__ void __launch_bounds__(block_size)
    reduce_rows(__grid_constant__ const Region region, __grid_constant__ const Element element, T* to, Index results,
                Index count) {
    using V = element::lane_t<T, 1>;
    __shared__ V scratch[block_size / warp_size];
    Index const teams = thread_count<Index>() / Team;
    for (Index o = thread_number<Index>() / Team; o < results; o += teams) {
        V all(Op::template identity<T>());
        for (Index r = threadIdx.x % Team; r < count; r += Team)
            all = Op::combine(all, math::convert<T>(region.template load<1>(element(o, r)).value.at[0]));
        all = join_team<Team>(join_by<Op>{}, all, scratch);
        if (threadIdx.x % Team == 0) element::store_lanes(to + o, all);
    }
}

/// 32 neighbouring results for each block of 32 by 8 threads: for axes of which the last is kept, so that neighbouring threads
/// read neighbouring elements.
template <class Op, class T, class Index, class Region, class Element>
__global__ void __launch_bounds__(block_size)
    reduce_columns(__grid_constant__ const Region region, __grid_constant__ const Element element, T* to, Index results,
                   Index count) {
    using V = element::lane_t<T, 1>;
    constexpr unsigned rows = block_size / warp_size;
    __shared__ V scratch[rows][warp_size];
    unsigned const column = threadIdx.x % warp_size, row = threadIdx.x / warp_size;
    for (Index first = static_cast<Index>(blockIdx.x) * warp_size; first < results;
         first += static_cast<Index>(gridDim.x) * warp_size) {
        Index const o = first + column;
        V all(Op::template identity<T>());
        if (o < results)
            for (Index r = row; r < count; r += rows)
                all = Op::combine(all, math::convert<T>(region.template load<1>(element(o, r)).value.at[0]));
        scratch[row][column] = all;
        __syncthreads();
        if (row == 0 && o < results) {
            for (unsigned k = 1; k != rows; ++k) all = Op::combine(all, scratch[k][column]);
            element::store_lanes(to + o, all);
        }
        __syncthreads();
    }
}

/// A single result by all blocks: each joins its share, the last one to finish joins the shares.
template <class Op, class T, class Index, class Region>
__global__ void __launch_bounds__(block_size)
    reduce_all(__grid_constant__ const Region region, T* to, T* shares, unsigned* ticket, Index count) {
    using V = element::lane_t<T, 1>;
    __shared__ V scratch[block_size / warp_size];
    V all(Op::template identity<T>());
    for (Index i = thread_number<Index>(); i < count; i += thread_count<Index>())
        all = Op::combine(all, math::convert<T>(region.template load<1>(i).value.at[0]));
    all = join_team<block_size>(join_by<Op>{}, all, scratch);
    if (threadIdx.x == 0) element::store_lanes(shares + blockIdx.x, all);
    if (!last_block(ticket)) return;
    all = V(Op::template identity<T>());
    for (unsigned b = threadIdx.x; b < gridDim.x; b += block_size)
        all = Op::combine(all, element::load_lanes<1>(shares + b));
    all = join_team<block_size>(join_by<Op>{}, all, scratch);
    if (threadIdx.x == 0) element::store_lanes(to, all);
}

/// Where the greatest element of each result's elements is: the first of equals, the first NaN where there is one.
template <unsigned Team, bool Least, class Index, class Region, class Element>
__global__ void __launch_bounds__(block_size)
    arg_extreme(__grid_constant__ const Region region, __grid_constant__ const Element element, std::int64_t* to,
                Index results, Index count) {
    using read = std::remove_cvref_t<decltype(region.template load<1>(Index{}).value.at[0])>;
    using number = std::conditional_t<element::is_mask<read>, element::pack<std::int8_t, 1>, read>;
    using value = element::pack<typename number::value_type, 1>;
    using at = element::pack<std::int64_t, 1>;
    struct candidate {
        value v;
        std::int64_t place;
    };
    __shared__ value values[block_size];
    __shared__ std::int64_t places[block_size];
    auto const better = [](candidate a, candidate b) {
        if (b.place < 0) return false;
        if (a.place < 0) return true;
        bool const a_nan = static_cast<bool>(math::isnan(a.v)), b_nan = static_cast<bool>(math::isnan(b.v));
        if (a_nan || b_nan) return a_nan && b_nan ? b.place < a.place : b_nan;
        bool const greater = static_cast<bool>(Least ? b.v < a.v : b.v > a.v);
        return greater || (static_cast<bool>(a.v == b.v) && b.place < a.place);
    };
    unsigned const lane = threadIdx.x % Team, first = threadIdx.x - lane;
    Index const teams = thread_count<Index>() / Team;
    // Every thread of a block takes part in the barriers, also where its team has no result left.
    for (Index base = static_cast<Index>(blockIdx.x) * (block_size / Team); base < results; base += teams) {
        Index const o = base + threadIdx.x / Team;
        candidate best{value(0), -1};
        if (o < results)
            for (Index r = lane; r < count; r += Team) {
                candidate const c{
                    math::convert<typename value::value_type>(region.template load<1>(element(o, r)).value.at[0]),
                    static_cast<std::int64_t>(r)};
                if (better(best, c)) best = c;
            }
        values[threadIdx.x] = best.v;
        places[threadIdx.x] = best.place;
        for (unsigned half = Team / 2; half != 0; half /= 2) {
            __syncthreads();
            if (lane < half) {
                candidate const c{values[first + lane + half], places[first + lane + half]};
                if (better(best, c)) best = c;
                values[threadIdx.x] = best.v;
                places[threadIdx.x] = best.place;
            }
        }
        if (lane == 0 && o < results) element::store_lanes(to + o, at(best.place));
        __syncthreads();
    }
}

}  // namespace tenon::inline TENON_TARGET::kernels
