// Reductions: the operand's region is read in registers and joined by warps and blocks.
#pragma once

#include <tenon/expr/reduce.hpp>
#include <tenon/kernels/vectors.hpp>

namespace tenon::inline TENON_TARGET::kernels {

/// Whether a thread may have more terms of a sum of floats than its error allows.
template <class Op, class T, std::size_t Count, std::size_t Threads>
inline constexpr bool widens =
    std::is_same_v<Op, op::sum> && std::is_same_v<T, float> && (is_dynamic(Count) || Count > 128 * Threads);

/// Elements [first, last) of result o, joined by a team: each thread takes W neighbours at a time, and joins what they
/// have come to at the end. Every thread of the team gets the result.
/// @tparam W 1, or what divides `first` and the index of each result's first element
/// @param index_of which element of the region is the r-th of result o
template <unsigned Team, std::size_t W, class Op, class T, class Index, class Region, class IndexOf, class V>
__device__ inline V join_row(Region const& region, IndexOf const& index_of, Index o, Index first, Index last,
                             V* scratch) {
    auto const join = [](V& all, auto x) TENON_LAMBDA_INLINE { all = Op::combine(all, math::convert<T>(x)); };
    V all[W];
    for (V& a : all) a = V(Op::template identity<T>());
    constexpr Index step = Team * W;
    thread_total<widens<Op, T, IndexOf::known_count, Team * W>> total;
    auto const join_lanes = [&]() TENON_LAMBDA_INLINE {
        for (std::size_t j = 1; j < W; ++j) all[0] = Op::combine(all[0], all[j]);
    };
    Index r = static_cast<Index>(first + threadIdx.x % Team * W);
    for (; r + static_cast<Index>(W) <= last; r += step) {
        auto const x = region.template load<W>(index_of(o, r)).value;
        for (std::size_t j = 0; j != W; ++j) join(all[j], x.at[j]);
        if constexpr (total.widens)
            if (total.ends_part()) {
                join_lanes();
                total.add(all[0]);
                for (V& a : all) a = V(Op::template identity<T>());
            }
    }
    if constexpr (is_dynamic(IndexOf::known_count) || IndexOf::known_count % W != 0)
        for (std::size_t j = 0; j != W - 1; ++j)
            if (r + static_cast<Index>(j) < last)
                join(all[j], region.template load<1>(index_of(o, static_cast<Index>(r + j))).value.at[0]);
    join_lanes();
    return join_team<Team>(join_by<Op>{}, total.with(all[0]), scratch);
}

/// Rows of threads in a block that joins columns.
inline constexpr unsigned column_rows = block_size / warp_size;

/// Elements [first, last) of 32 neighbouring results, joined by a block of 8 rows of 32 threads, so that neighbouring threads
/// read neighbouring elements. The threads of the first row get the results.
template <class Op, class T, class Index, class Region, class IndexOf, class V>
__device__ inline V join_columns(Region const& region, IndexOf const& index_of, Index o, Index results, Index first,
                                 Index last, V (&scratch)[column_rows][warp_size]) {
    unsigned const column = threadIdx.x % warp_size, row = threadIdx.x / warp_size;
    V all(Op::template identity<T>());
    thread_total<widens<Op, T, IndexOf::known_count, column_rows>> total;
    if (o < results)
        for (Index r = first + row; r < last; r += column_rows) {
            all = Op::combine(all, math::convert<T>(region.template load<1>(index_of(o, r)).value.at[0]));
            if constexpr (total.widens)
                if (total.ends_part()) {
                    total.add(all);
                    all = V(T(0));
                }
        }
    all = total.with(all);
    scratch[row][column] = all;
    __syncthreads();
    if (row == 0)
        for (unsigned k = 1; k != column_rows; ++k) all = Op::combine(all, scratch[k][column]);
    __syncthreads();
    return all;
}

/// One team for each result: for axes of which the last is joined.
template <unsigned Team, std::size_t W, class Op, class T, class Index, class Region, class IndexOf>
__global__ void __launch_bounds__(block_size)
    reduce_rows(__grid_constant__ const Region region, __grid_constant__ const IndexOf index_of, T* to, Index results,
                Index count) {
    __shared__ element::lane_t<T, 1> scratch[block_size / warp_size];
    Index const teams = thread_count<Index>() / Team;
    for (Index o = thread_number<Index>() / Team; o < results; o += teams) {
        auto const all = join_row<Team, W, Op, T>(region, index_of, o, Index(0), count, scratch);
        if (threadIdx.x % Team == 0) element::store_lanes(to + o, all);
    }
}

/// A block for 32 results: for axes of which the last is kept.
template <class Op, class T, class Index, class Region, class IndexOf>
__global__ void __launch_bounds__(block_size)
    reduce_columns(__grid_constant__ const Region region, __grid_constant__ const IndexOf index_of, T* to,
                   Index results, Index count) {
    __shared__ element::lane_t<T, 1> scratch[column_rows][warp_size];
    for (Index first = static_cast<Index>(blockIdx.x) * warp_size; first < results;
         first += static_cast<Index>(gridDim.x) * warp_size) {
        Index const o = first + threadIdx.x % warp_size;
        auto const all = join_columns<Op, T>(region, index_of, o, results, Index(0), count, scratch);
        if (threadIdx.x < warp_size && o < results) element::store_lanes(to + o, all);
    }
}

/// Few results of many elements each: `parts` blocks share those of a result, or of 32 neighbouring ones, and the last block
/// of all joins the shares.
/// @param shares room for `parts` of every result
template <bool Columns, std::size_t W, class Op, class T, class Index, class Region, class IndexOf>
__global__ void __launch_bounds__(block_size)
    reduce_shared(__grid_constant__ const Region region, __grid_constant__ const IndexOf index_of, T* to,
                  element::computed_t<T>* shares, unsigned* ticket, Index results, Index count, unsigned parts) {
    using V = element::lane_t<T, 1>;
    unsigned const lane = threadIdx.x % warp_size;
    part_of_row<Index> const part(count, parts, W);
    auto* const own = shares + static_cast<std::size_t>(part.number) * results;
    if constexpr (Columns) {
        __shared__ V scratch[column_rows][warp_size];
        Index const o = part.group * warp_size + lane;
        V const all = join_columns<Op, T>(region, index_of, o, results, part.first, part.last, scratch);
        if (threadIdx.x < warp_size && o < results) element::store_lanes(own + o, all);
    } else {
        __shared__ V scratch[block_size / warp_size];
        V const all = join_row<block_size, W, Op, T>(region, index_of, part.group, part.first, part.last, scratch);
        if (threadIdx.x == 0) element::store_lanes(own + part.group, all);
    }
    if (!last_block(ticket)) return;
    for (Index o = threadIdx.x / warp_size; o < results; o += block_size / warp_size) {
        V all(Op::template identity<T>());
        for (unsigned p = lane; p < parts; p += warp_size)
            all = Op::combine(all, element::load_lanes<1>(shares + static_cast<std::size_t>(p) * results + o));
        all = join_warp(join_by<Op>{}, all);
        if (lane == 0) element::store_lanes(to + o, all);
    }
}

}  // namespace tenon::inline TENON_TARGET::kernels
