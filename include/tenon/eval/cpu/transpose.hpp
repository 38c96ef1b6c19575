// Copies a matrix with its axes swapped, a square of registers at a time.
#pragma once

#include <algorithm>
#include <cstddef>

#include <tenon/scalar/dual.hpp>
#include <tenon/scalar/shuffle.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// Calls `store(j, to + j·to_pitch + i, v)` so that v holds lanes from(i, j), from(i + 1, j), … of a matrix whose row i starts
/// at from + i·from_pitch; v has a register's lanes, or one at the edges.
/// @tparam Padded whether a whole register may be read where a row has less left
template <bool Padded, class T, class Store>
TENON_INLINE void transpose_to(std::size_t rows, std::size_t columns, T const* from, std::size_t from_pitch, T* to,
                               std::size_t to_pitch, Store store) {
    constexpr std::size_t lanes = TENON_VECTOR_BYTES / sizeof(T);
    std::size_t const whole_rows = rows / lanes * lanes, whole_columns = Padded ? columns : columns / lanes * lanes;
    auto const turn = [&](std::size_t i, std::size_t j) TENON_LAMBDA_INLINE {
        element::lane_t<T, lanes> square[lanes];
        TENON_UNROLL for (std::size_t k = 0; k < lanes; ++k) square[k] =
            element::load_lanes<lanes>(from + (i + k) * from_pitch + j);
        math::transpose(square);
        TENON_UNROLL for (std::size_t k = 0; k < lanes; ++k) if (!Padded || j + k < columns)
            store(j + k, to + (j + k) * to_pitch + i, square[k]);
    };
    // A cache line of each side at a time: rows that are a power of two apart evict each other's lines, so each has to be
    // used up at once (a copy of 4096×1024 floats took 54 ms element by element).
    constexpr std::size_t line = std::max<std::size_t>(lanes, 64 / sizeof(T));
    for (std::size_t j0 = 0; j0 < whole_columns; j0 += line)
        for (std::size_t i0 = 0; i0 < whole_rows; i0 += line)
            for (std::size_t j = j0; j < std::min(whole_columns, j0 + line); j += lanes)
                for (std::size_t i = i0; i < std::min(whole_rows, i0 + line); i += lanes) turn(i, j);
    for (std::size_t j = 0; j < columns; ++j)
        for (std::size_t i = j < whole_columns ? whole_rows : 0; i < rows; ++i)
            store(j, to + j * to_pitch + i, element::load_lanes<1>(from + i * from_pitch + j));
}

/// to[j·rows + i] = from[i·from_pitch + j] for no more rows than a register has lanes. Writes some zeros behind the end.
template <class T>
TENON_INLINE void interleave_few(std::size_t rows, std::size_t columns, T const* from, std::size_t from_pitch, T* to) {
    constexpr std::size_t lanes = TENON_VECTOR_BYTES / sizeof(T);
    using V = element::lane_t<T, lanes>;
    std::size_t const whole = columns / lanes * lanes;
    for (std::size_t j = 0; j < whole; j += lanes) {
        V square[lanes];
        TENON_UNROLL for (std::size_t k = 0; k < lanes; ++k) square[k] =
            k < rows ? element::load_lanes<lanes>(from + k * from_pitch + j) : V(T(0));
        math::transpose(square);
        // Each pixel overwrites the zeros that its predecessor left.
        TENON_UNROLL for (std::size_t k = 0; k < lanes; ++k) element::store_lanes(to + (j + k) * rows, square[k]);
    }
    for (std::size_t j = whole; j < columns; ++j)
        for (std::size_t i = 0; i < rows; ++i) to[j * rows + i] = from[i * from_pitch + j];
}

}  // namespace tenon::inline TENON_TARGET::eval
