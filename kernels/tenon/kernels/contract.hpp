// Products of matrices that are read through index maps, so that none has to be in memory: what convolutions and their
// gradients are. Tiles of both factors meet in shared memory.
#pragma once

#include <utility>

#include <tenon/kernels/team.hpp>

namespace tenon::inline TENON_TARGET::kernels {

/// What a block computes at a time.
/// @tparam Rows, Columns elements of the product
/// @tparam Depth how much of what is summed over is in shared memory at once
/// @tparam ThreadRows, ThreadColumns sums that a thread has in registers
template <unsigned Rows, unsigned Columns, unsigned Depth, unsigned ThreadRows, unsigned ThreadColumns>
struct product_tile {
    static constexpr unsigned rows = Rows, columns = Columns, depth = Depth, thread_rows = ThreadRows,
                              thread_columns = ThreadColumns;
    static constexpr unsigned row_threads = Rows / ThreadRows, column_threads = Columns / ThreadColumns;
    /// Threads with the same elements of the product, each of which sums over a part of the depth.
    static constexpr unsigned slices = block_size / (row_threads * column_threads);
    static_assert(row_threads * ThreadRows == Rows && column_threads * ThreadColumns == Columns);
    static_assert(row_threads * column_threads * slices == block_size && Depth % slices == 0);
};

/// The extents of `count` products of equal size. Each is summed in `parts` of the depth, `part` long but for the last.
/// @tparam Row, Depth number types of what can be long: 64 bits cost registers and time
template <class Row, class Depth>
struct product_extents {
    Row rows;
    unsigned columns;
    Depth depth, part;
    unsigned parts, count;
};

/// A tile of one factor on its way to shared memory: fetched into registers while the tile before it is multiplied.
/// @tparam Extent rows of a left factor's tile, columns of a right one's
template <unsigned Extent, unsigned Depth, class T, class Outer, class Inner, class Factor>
class staged_tile {
    static constexpr unsigned elements = Extent * Depth, held = (elements + block_size - 1) / block_size;
    static constexpr bool along_extent = Factor::outer_adjacent, along_depth = !along_extent;
    /// Whether a thread's elements have one position along the extent, or along the depth.
    static constexpr bool one_outer = along_extent && block_size % Extent == 0,
                          one_inner = along_depth && block_size % Depth == 0;

public:
    /// Distance of neighbours along the depth. Where a warp writes along the depth, a margin spreads it over the banks.
    static constexpr unsigned pitch = Extent + (along_depth && Extent != 1 ? 16 / sizeof(T) : 0);

    __device__ staged_tile(Factor const& factor, Outer first, Outer extent)
        : factor_(factor), first_(first), extent_(extent), outer_(factor.outer(first + outer_of(threadIdx.x))) {}
    /// Reads the tile from `inner` on; what is beyond the extent or `end` counts as 0.
    __device__ void fetch(Inner inner, Inner end) {
        auto const one = factor_.inner(inner + inner_of(threadIdx.x));
        for (unsigned q = 0; q < held; ++q) {
            unsigned const e = threadIdx.x + q * block_size;
            Outer const i = first_ + outer_of(e);
            Inner const k = inner + inner_of(e);
            values_[q] = T(0);
            if ((elements % block_size == 0 || e < elements) && i < extent_ && k < end) {
                if constexpr (one_outer) values_[q] = factor_.load(outer_, factor_.inner(k));
                else if constexpr (one_inner) values_[q] = factor_.load(factor_.outer(i), one);
                else values_[q] = factor_.load(factor_.outer(i), factor_.inner(k));
            }
        }
    }
    __device__ void store(T* to) const {
        for (unsigned q = 0; q < held; ++q) {
            unsigned const e = threadIdx.x + q * block_size;
            if (elements % block_size == 0 || e < elements) to[inner_of(e) * pitch + outer_of(e)] = values_[q];
        }
    }

private:
    static __device__ unsigned outer_of(unsigned e) { return along_extent ? e % Extent : e / Depth; }
    static __device__ unsigned inner_of(unsigned e) { return along_extent ? e / Extent : e % Depth; }

    Factor factor_;
    Outer first_, extent_;
    decltype(std::declval<Factor const&>().outer(Outer())) outer_;
    T values_[held];
};

/// Writes products of a left and a right factor. Which element of a tensor an element of a factor is, and where an
/// element of the product goes, is what the factors and the result know:
///
/// - `factor.of_product(q)` is the factor of product q. `factor.outer(i)` says where row i of a left factor or column i
///   of a right one lies, `factor.inner(k)` where position k of the depth does; `load(outer, inner)` reads the element,
///   or gives 0 where there is none. `outer_adjacent` says whether neighbours along the rows or columns are neighbours
///   in memory; otherwise those along the depth are.
/// - `result.of_product(q)`, `result.row(i)`, `result.column(j)`, and `store(row, column, part, sum)`.
///
/// The order of a sum depends on the extents alone.
template <class Tile, class T, class Row, class Depth, class Left, class Right, class Result>
__global__ void __launch_bounds__(block_size)
    contract(__grid_constant__ const Left lefts, __grid_constant__ const Right rights,
             __grid_constant__ const Result results, __grid_constant__ const product_extents<Row, Depth> extents) {
    using left_tile = staged_tile<Tile::rows, Tile::depth, T, Row, Depth, Left>;
    using right_tile = staged_tile<Tile::columns, Tile::depth, T, unsigned, Depth, Right>;
    constexpr unsigned thread_rows = Tile::thread_rows, thread_columns = Tile::thread_columns, slices = Tile::slices;
    constexpr unsigned for_left = Tile::depth * left_tile::pitch,
                       for_tiles = for_left + Tile::depth * right_tile::pitch;
    constexpr unsigned for_slices = slices == 1 ? 0 : slices * Tile::rows * Tile::columns;
    alignas(16) __shared__ T memory[for_tiles < for_slices ? for_slices : for_tiles];

    // A thread's rows and columns, in runs that are loaded at once.
    constexpr unsigned most = 16 / sizeof(T), row_run = thread_rows < most ? thread_rows : most,
                       column_run = thread_columns < most ? thread_columns : most;
    unsigned const slice = threadIdx.x / (Tile::row_threads * Tile::column_threads);
    unsigned const my_row = threadIdx.x % Tile::row_threads * row_run,
                   my_column = threadIdx.x / Tile::row_threads % Tile::column_threads * column_run;
    auto const row_of = [&](unsigned r) { return my_row + r / row_run * (Tile::row_threads * row_run) + r % row_run; };
    auto const column_of = [&](unsigned c) {
        return my_column + c / column_run * (Tile::column_threads * column_run) + c % column_run;
    };

    using number = std::common_type_t<Row, Depth>;
    unsigned const column_tiles = (extents.columns + Tile::columns - 1) / Tile::columns;
    Row const row_tiles = (extents.rows + Tile::rows - 1) / Tile::rows;
    number const tiles = static_cast<number>(row_tiles) * column_tiles * extents.parts * extents.count;
    // Blocks that run at the same time have the same rows, which are then in the cache for all but the first.
    for (number tile = blockIdx.x; tile < tiles; tile += gridDim.x) {
        unsigned const first_column = static_cast<unsigned>(tile % column_tiles) * Tile::columns;
        Row const first_row = static_cast<Row>(tile / column_tiles % row_tiles) * Tile::rows;
        auto const rest = static_cast<unsigned>(tile / column_tiles / row_tiles);
        unsigned const part = rest % extents.parts, product = rest / extents.parts;
        Depth const begin = part * extents.part,
                    end = extents.depth - begin < extents.part ? extents.depth : begin + extents.part;
        left_tile left(lefts.of_product(product), first_row, extents.rows);
        right_tile right(rights.of_product(product), first_column, extents.columns);

        T sums[thread_rows][thread_columns] = {};
        if (begin < end) {
            left.fetch(begin, end);
            right.fetch(begin, end);
        }
        for (Depth k = begin; k < end; k += Tile::depth) {
            __syncthreads();  // the tiles before these may still be read
            left.store(memory);
            right.store(memory + for_left);
            __syncthreads();
            if (end - k > Tile::depth) {
                left.fetch(k + Tile::depth, end);
                right.fetch(k + Tile::depth, end);
            }
            for (unsigned d = 0; d < Tile::depth; d += slices) {
                T const* const a = memory + (d + slice) * left_tile::pitch;
                T const* const b = memory + for_left + (d + slice) * right_tile::pitch;
                T x[thread_rows], y[thread_columns];
                for (unsigned r = 0; r < thread_rows; ++r) x[r] = a[row_of(r)];
                for (unsigned c = 0; c < thread_columns; ++c) y[c] = b[column_of(c)];
                for (unsigned r = 0; r < thread_rows; ++r)
                    for (unsigned c = 0; c < thread_columns; ++c) sums[r][c] = static_cast<T>(sums[r][c] + x[r] * y[c]);
            }
        }

        auto const result = results.of_product(product);
        if constexpr (slices == 1) {
            // What becomes of a sum may be so much that these loops are not unrolled, and then their array lies in
            // memory: a copy, so that sums are in registers while they are added to.
            T found[thread_rows][thread_columns];
            for (unsigned r = 0; r < thread_rows; ++r)
                for (unsigned c = 0; c < thread_columns; ++c) found[r][c] = sums[r][c];
            for (unsigned c = 0; c < thread_columns; ++c) {
                unsigned const j = first_column + column_of(c);
                if (j >= extents.columns) continue;
                auto const column = result.column(j);
                for (unsigned r = 0; r < thread_rows; ++r)
                    if (Row const i = first_row + row_of(r); i < extents.rows)
                        result.store(result.row(i), column, part, found[r][c]);
            }
        } else {
            constexpr unsigned elements = Tile::rows * Tile::columns;
            __syncthreads();
            for (unsigned r = 0; r < thread_rows; ++r)
                for (unsigned c = 0; c < thread_columns; ++c)
                    memory[slice * elements + column_of(c) * Tile::rows + row_of(r)] = sums[r][c];
            __syncthreads();
            for (unsigned e = threadIdx.x; e < elements; e += block_size) {
                Row const i = first_row + e % Tile::rows;
                unsigned const j = first_column + e / Tile::rows;
                if (i >= extents.rows || j >= extents.columns) continue;
                T sum = memory[e];
                for (unsigned s = 1; s < slices; ++s) sum = static_cast<T>(sum + memory[s * elements + e]);
                result.store(result.row(i), result.column(j), part, sum);
            }
        }
    }
}

}  // namespace tenon::inline TENON_TARGET::kernels
