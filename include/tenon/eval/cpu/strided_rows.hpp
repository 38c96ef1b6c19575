// Rows that lie at equal distances: loops over them know neither tapes nor shapes, and are compiled once for all regions.
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

#include <tenon/core/packs.hpp>
#include <tenon/eval/cpu/region_rows.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// How many packs the only row of a region has at least that is written by a shared function: one call for all costs nothing.
inline constexpr std::size_t few_packs = 8;

/// Whether a loop over rows is a function that regions share whose rows are made alike: where they lie at equal distances and
/// have more than a few elements, in a number that is known. Of open lengths each row is a call: around a loop whose rest the
/// compiler makes vectors of, nothing stays in registers (64×40 floats take 1.4 times as long).
/// @tparam Row of the region
template <class Tape, class Row, std::size_t Length>
inline constexpr bool shares_loop =
    has_strided_rows<Tape> && is_strided_row<Row> && !is_dynamic(Length) && Length >= 16;
/// How such a loop goes along a row: as rows of all lengths do that have the same rest, or as those of this length where it is
/// short (64×32 floats take 1.5 times as long with a length that the compiler doesn't know).
template <std::size_t N, std::size_t Length>
using packs_of_shared =
    std::conditional_t<(Length >= few_packs * N), packs_of_long_row<N, Length>, packs_along<N, Length>>;
/// Rows of a region that lie at equal distances along Axes axes.
template <class Row, std::size_t Axes>
struct strided_rows {
    Row rows[Axes + 1];  ///< the first of all, and for each axis the one behind it
    std::size_t extents[Axes];
};
/// The row at number `first` along the first axis, or the one behind it along another axis. A function, since all loops over a
/// tape's rows need several.
template <class Tape>
[[gnu::noinline]] auto row_behind(Tape& t, std::size_t first, std::size_t axis, bool is_next) {
    outer_position<typename Tape::shape_type> at{};
    at.at[0] = first;
    at.at[axis] += is_next;
    return t.row(at);
}
template <class Tape, std::size_t... A>
auto rows_along(std::index_sequence<A...>, Tape& t, std::size_t first, std::size_t const* extents) {
    return strided_rows<decltype(row_behind(t, first, 0, false)), sizeof...(A)>{
        {row_behind(t, first, 0, false), row_behind(t, first, A, extents[A] > 1)...}, {extents[A]...}};
}
/// Those from `first` to `last` along the first of Axes axes. There is one at least.
template <std::size_t Axes, class Tape, class Shape>
auto rows_between(Tape& t, Shape const& s, std::size_t first, std::size_t last) {
    std::size_t extents[Axes] = {last - first};
    for (std::size_t a = 1; a < Axes; ++a) extents[a] = s[a];
    return rows_along(std::make_index_sequence<Axes>{}, t, first, extents);
}
/// Calls f(row) for each of these rows.
template <class Row, std::size_t Axes, class F>
TENON_INLINE void for_each_strided_row(strided_rows<Row, Axes> const& all, F const& f) {
    Row const first = all.rows[0], next = all.rows[Axes];
    std::size_t const count = all.extents[Axes - 1];
    std::size_t groups = 1;
    for (std::size_t a = 0; a + 1 < Axes; ++a) groups *= all.extents[a];
    for (std::size_t g = 0; g != groups; ++g) {
        Row row = first;
        std::size_t left = g;
        for (std::size_t a = Axes - 1; a-- > 0; left /= all.extents[a])
            row.advance(first, all.rows[a + 1], left % all.extents[a]);
        for (std::size_t i = 1;; ++i) {
            f(row);
            if (i == count) break;
            row.advance(first, next, 1);
        }
    }
}

}  // namespace tenon::inline TENON_TARGET::eval
