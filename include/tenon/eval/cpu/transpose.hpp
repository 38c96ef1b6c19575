// Copies a matrix with its axes swapped, a square of registers at a time.
#pragma once

#include <cstddef>

#include <tenon/eval/cpu/tape.hpp>
#include <tenon/scalar/shuffle.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// Calls `store(j, to + j·to_pitch + i, v)` so that v holds lanes from(i, j), from(i + 1, j), … of a matrix whose row i starts
/// at from + i·from_pitch; v has a register's lanes, or one at the edges.
template <class T, class Store>
TENON_INLINE void transpose_to(std::size_t rows, std::size_t columns, T const* from, std::size_t from_pitch, T* to, std::size_t to_pitch,
                               Store store) {
    constexpr std::size_t lanes = TENON_VECTOR_BYTES / sizeof(T);
    std::size_t const whole_rows = rows / lanes * lanes, whole_columns = columns / lanes * lanes;
    for (std::size_t i = 0; i < whole_rows; i += lanes)
        for (std::size_t j = 0; j < whole_columns; j += lanes) {
            lane_t<T, lanes> square[lanes];
            for (std::size_t k = 0; k < lanes; ++k) square[k] = element::load_lanes<lanes>(from + (i + k) * from_pitch + j);
            math::transpose(square);
            for (std::size_t k = 0; k < lanes; ++k) store(j + k, to + (j + k) * to_pitch + i, square[k]);
        }
    auto const single = [&](std::size_t i, std::size_t j) TENON_LAMBDA_INLINE {
        store(j, to + j * to_pitch + i, element::load_lanes<1>(from + i * from_pitch + j));
    };
    for (std::size_t j = 0; j < columns; ++j)
        for (std::size_t i = j < whole_columns ? whole_rows : 0; i < rows; ++i) single(i, j);
}

}  // namespace tenon::inline TENON_TARGET::eval
