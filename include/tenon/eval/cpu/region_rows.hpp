// The rows of a region: their positions, their lengths, and how many axes of an operand go as one of them.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <type_traits>
#include <utility>

#include <tenon/base/parallel.hpp>
#include <tenon/eval/cpu/tape.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// Calls `f(outer)` for every position along the first Axes axes that is from `first` to `last` along the first one; along the
/// others it is 0. The body stands once: axes between the first and the last of them are counted together.
template <std::size_t Axes, class Shape, class F>
TENON_INLINE constexpr void for_each_position(Shape const& s, std::size_t first, std::size_t last, F const& f) {
    outer_position<Shape> p{};
    if constexpr (Axes == 0) f(std::as_const(p));
    else if constexpr (Axes == 1)
        for (p.at[0] = first; p.at[0] < last; ++p.at[0]) f(std::as_const(p));
    else {
        std::size_t between = 1;
        for (std::size_t a = 1; a + 1 < Axes; ++a) between *= s[a];
        for (p.at[0] = first; p.at[0] < last; ++p.at[0])
            for (std::size_t k = 0; k != between; ++k) {
                std::size_t left = k;
                for (std::size_t a = Axes - 2; a > 1; --a) {
                    p.at[a] = left % s[a];
                    left /= s[a];
                }
                if constexpr (Axes > 2) p.at[1] = left;
                for (p.at[Axes - 1] = 0; p.at[Axes - 1] != s[Axes - 1]; ++p.at[Axes - 1]) f(std::as_const(p));
            }
    }
}
/// Calls `f(outer)` for every position along all axes but the last.
template <class Shape, class F>
TENON_INLINE constexpr void for_each_row(Shape const& s, F const& f) {
    if constexpr (Shape::rank() <= 1) f(outer_position<Shape>{});
    else for_each_position<outer_rank<Shape>>(s, 0, s[0], f);
}

/// How many elements the last axes of a shape have together.
template <std::size_t Axes, class Shape>
TENON_INLINE constexpr std::size_t length_of_last(Shape const& s) {
    std::size_t n = 1;
    for (std::size_t a = Shape::rank() - Axes; a != Shape::rank(); ++a) n *= s[a];
    return n;
}
/// The same where it is static, else `dyn`.
template <std::size_t Axes, class Shape>
inline constexpr std::size_t static_length_of_last = [] {
    std::size_t n = 1;
    for (std::size_t a = Shape::rank() - Axes; a != Shape::rank(); ++a)
        n = is_dynamic(n) || is_dynamic(Shape::static_extents[a]) ? dyn : n * Shape::static_extents[a];
    return n;
}();

/// Elements of a region in a piece for a thread: from 50 µs for a sum to 250 µs for erfinv on Zen 3. Two of them take 0.8 of one thread's
/// time on two where the other has slept, and 0.55 where it has just been at work.
inline constexpr std::size_t elements_for_thread = std::size_t{1} << 17;

/// Cuts the rows of a shape into parts for threads and calls `part(row, each)` for each, where `row` rows come before the part
/// and each(f) calls f(outer) for its own.
template <class Shape, class Part>
TENON_INLINE constexpr void for_each_part_of_rows(Shape const& s, std::size_t worth, Part const& part) {
    if constexpr (Shape::rank() <= 1) part(std::size_t{0}, [&](auto&& f) TENON_LAMBDA_INLINE { for_each_row(s, f); });
    else
        for_each_part(s[0], 1, worth, [&](std::size_t first, std::size_t last) {
            outer_position<Shape> begin{};
            begin.at[0] = first;
            part(row_number(s, begin),
                 [&](auto&& f) TENON_LAMBDA_INLINE { for_each_position<outer_rank<Shape>>(s, first, last, f); });
        });
}

/// How many of the last axes go as one row wherever the tape is read: all of them where its values lie one after another.
template <class Tape>
inline constexpr std::size_t own_joined_axes = [] {
    if constexpr (requires { Tape::joined_axes; }) return Tape::joined_axes;
    else if constexpr (Tape::template is_flat<typename Tape::shape_type>) return Tape::shape_type::rank();
    else return std::size_t{Tape::shape_type::rank() != 0};
}();
/// How the last axes of an operand and of the region that it is broadcast into belong together.
/// @tparam Operand the operand's shape
template <class Operand, class Region>
struct row_alignment {
    static constexpr auto joined = [] {
        std::array<std::size_t, 2> axes_and_repeated{};
        auto& [axes, repeated] = axes_and_repeated;
        bool decided = false;
        for (; axes != Region::rank(); ++axes) {
            bool const exists = axes < Operand::rank();
            bool const one = !exists || Operand::static_extents[exists ? Operand::rank() - 1 - axes : 0] == 1;
            if (one && Region::static_extents[Region::rank() - 1 - axes] == 1) continue;
            if (!decided) repeated = one;
            else if ((repeated == 1) != one) break;
            decided = true;
        }
        return axes_and_repeated;
    }();
    /// Along how many of the region's last axes the operand has one element for all, or an element for each.
    static constexpr std::size_t axes = joined[0];
    /// Whether it has one for all.
    static constexpr bool repeated = joined[1] == 1;
};
/// How many of a region's last axes go as one row of an operand.
template <class Tape, class Region>
inline constexpr std::size_t joined_axes_of = [] {
    using alignment = row_alignment<typename Tape::shape_type, Region>;
    if (alignment::repeated || own_joined_axes<Tape> == Tape::shape_type::rank()) return alignment::axes;
    return std::min(alignment::axes, own_joined_axes<Tape>);
}();

}  // namespace tenon::inline TENON_TARGET::eval
