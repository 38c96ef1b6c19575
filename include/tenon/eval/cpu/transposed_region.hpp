// Regions that read transposes of matrices: copies, and results that are written block by block.
#pragma once

#include <algorithm>
#include <cstddef>
#include <type_traits>

#include <tenon/eval/cpu/destination.hpp>
#include <tenon/eval/cpu/strided_rows.hpp>
#include <tenon/eval/cpu/transpose.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// Whether a region is nothing but the transposes of matrices in memory, to be copied as they are.
template <class Tape, class T, class Shape>
inline constexpr bool is_transposed_copy = [] {
    if constexpr (addressable<Tape> && std::is_same_v<typename Tape::value_type, T> && std::is_floating_point_v<T> &&
                  Shape::rank() >= 2)
        return Tape::static_strides[Shape::rank() - 2] == 1 && Tape::static_strides[Shape::rank() - 1] > 1 &&
               (is_dynamic(static_size<Shape>) || static_size<Shape> >= 256);
    else return false;
}();
/// Copies such a region, matrix by matrix, large ones on several threads.
template <class Tape, class T, class Shape>
void copy_transposed(Tape const& t, T* to, Shape const& s) {
    constexpr std::size_t rank = Shape::rank();
    auto const strides = t.strides();
    std::size_t const rows = s[rank - 2], columns = s[rank - 1];
    std::size_t matrices = 1;
    for (std::size_t a = 0; a + 2 < rank; ++a) matrices *= s[a];
    for (std::size_t m = 0; m < matrices; ++m) {
        std::ptrdiff_t from = 0;
        std::size_t left = m;
        for (std::size_t a = rank - 2; a-- > 0;) {
            from += static_cast<std::ptrdiff_t>(left % s[a]) * strides[a];
            left /= s[a];
        }
        // What is static is asked for inside, where it is a constant.
        for_each_part(rows, 64, rows * columns / elements_for_thread, [&](std::size_t first, std::size_t last) {
            transpose_to<false>(
                s[rank - 1], last - first, t.data() + from + first, static_cast<std::size_t>(t.strides()[rank - 1]),
                to + first * s[rank - 1], s[rank - 1],
                [](std::size_t, T* p, auto const& v) TENON_LAMBDA_INLINE { element::store_lanes(p, v); });
        });
        to += rows * columns;
    }
}

/// Writes a row's elements from j to `last` to memory.
template <class Packs, class T, class Row, class Out>
TENON_INLINE constexpr void store_packs(Row const& r, Out const& out, T* to, std::size_t j, std::size_t last) {
    for (std::size_t const end = Packs::end(j, last); j < end; j += Packs::lanes)
        out.store(to + j, math::convert<T>(r.template load<Packs::lanes>(j).value));
    if constexpr (Packs::rest != 0) store_packs<typename Packs::tail>(r, out, to, j, last);
}

/// Whether a region is written in blocks: where it reads transposes that are not in the L1 cache anyway.
template <class Tape, class Shape>
inline constexpr bool goes_in_blocks =
    reads_columns<Tape> && has_strided_rows<Tape> && Shape::rank() >= 2 && own_joined_axes<Tape> == 1 &&
    (is_dynamic(static_size<Shape>) || static_size<Shape> >= std::size_t{1} << 17);
/// Elements j to `last` of some rows at equal distances, which are `length` apart where they go.
template <class Packs, class T, class Row, class Out>
[[gnu::noinline]] void store_block(Row const& first, Row const& next, std::size_t rows, Out const& out, T* to,
                                   std::size_t length, std::size_t j, std::size_t last) {
    Row row = first;
    Out const destination = out;
    for (std::size_t i = 0; i != rows; ++i) {
        store_packs<Packs>(row, destination, to + i * length, j, last);
        row.advance(first, next, 1);
    }
}
/// Writes such rows from `first` to `last` along the first axis, 32×32 elements at a time, so that a cache line of a transpose is used
/// up before it leaves the caches: x + yᵀ of 2048×2048 floats takes 6.4 ms on Sapphire Rapids, and 25 ms row by row.
template <class Tape, class T, class Shape, class Out>
void store_blocks(Tape& t, T* to, Shape const& s, Out const& out, std::size_t first, std::size_t last) {
    constexpr std::size_t axis = Shape::rank() - 2, side = 32;
    std::size_t const length = s[axis + 1], columns = s.size() >= std::size_t{1} << 17 ? side : length;
    auto const store_matrix = [&](auto at, std::size_t begin, std::size_t end) {
        for (std::size_t i = begin; i < end; i += side) {
            at.at[axis] = i;
            auto const row = t.row(at);
            T* const p = to + row_number(s, at) * length;
            at.at[axis] += i + 1 < end;
            auto const next = t.row(at);
            for (std::size_t j = 0; j < length; j += columns)
                store_block<packs_along<lanes_for<Tape>, dyn>>(row, next, std::min(side, end - i), out, p, length, j,
                                                               std::min(length, j + columns));
        }
    };
    if constexpr (axis == 0) store_matrix(outer_position<Shape>{}, first, last);
    else for_each_position<axis>(s, first, last, [&](auto const& at) { store_matrix(at, 0, s[axis]); });
    out.close();
}

}  // namespace tenon::inline TENON_TARGET::eval
