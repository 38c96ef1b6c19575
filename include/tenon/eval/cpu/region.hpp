// Loops over the rows of a region: its values go to memory, or a gradient goes down into it.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <type_traits>
#include <utility>

#include <tenon/base/parallel.hpp>
#include <tenon/eval/cpu/destination.hpp>
#include <tenon/eval/cpu/tape.hpp>
#include <tenon/eval/cpu/transpose.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// Calls `f(outer)` for every position along all axes but the last.
template <std::size_t A = 0, class Shape, std::size_t R, class F>
TENON_INLINE constexpr void for_each_outer(Shape const& s, position<R>& p, F&& f) {
    if constexpr (A == R) f(std::as_const(p));
    else
        for (p.at[A] = 0; p.at[A] != s[A]; ++p.at[A]) for_each_outer<A + 1>(s, p, f);
}
template <class Shape, class F>
TENON_INLINE constexpr void for_each_row(Shape const& s, F&& f) {
    outer_position<Shape> p{};
    for_each_outer(s, p, f);
}

/// Calls `f.template operator()<N>(j)` along a row, N elements at a time and the rest in halves: a row of 10 with 8 lanes
/// goes 8 + 2. Where the length is not static the rest goes one by one, which keeps the code small.
template <std::size_t N, std::size_t Length, class F>
TENON_INLINE constexpr void for_each_pack(std::size_t length, F&& f) {
    if (std::is_constant_evaluated()) {
        for (std::size_t j = 0; j != length; ++j) f(std::integral_constant<std::size_t, 1>{}, j);
        return;
    }
    if constexpr (is_dynamic(Length)) {
        std::size_t j = 0;
        if constexpr (N > 1)
            for (std::size_t const whole = length / N * N; j < whole; j += N)
                f(std::integral_constant<std::size_t, N>{}, j);
        for (; j < length; ++j) f(std::integral_constant<std::size_t, 1>{}, j);
    } else {
        if constexpr (Length >= N)
            for (std::size_t j = 0; j != Length / N * N; j += N) f(std::integral_constant<std::size_t, N>{}, j);
        if constexpr (Length % N != 0)
            for_each_pack<N / 2, Length % N>(Length % N, [&](auto n, std::size_t j)
                                                             TENON_LAMBDA_INLINE { f(n, Length / N * N + j); });
    }
}

/// Whether a region is nothing but the transposes of matrices in memory, to be copied as they are.
template <class Tape, class T, class Shape>
inline constexpr bool is_transposed_copy = [] {
    if constexpr (addressable<Tape> && std::is_same_v<typename Tape::value_type, T> && std::is_floating_point_v<T> &&
                  Shape::rank() >= 2)
        return Tape::static_strides[Shape::rank() - 2] == 1 && Tape::static_strides[Shape::rank() - 1] > 1 &&
               (is_dynamic(static_size<Shape>) || static_size<Shape> >= 256);
    else return false;
}();
/// Copies such a region, matrix by matrix.
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
        transpose_to<false>(columns, rows, t.data() + from, static_cast<std::size_t>(strides[rank - 1]), to, columns,
                            [](std::size_t, T* p, auto const& v) TENON_LAMBDA_INLINE { element::store_lanes(p, v); });
        to += rows * columns;
    }
}

/// Cuts the rows of a shape into parts for threads and calls `part(row, each)` for each, where `row` rows come before the part
/// and each(f) calls f(outer) for its own.
template <class Shape, class Part>
TENON_INLINE constexpr void for_each_part_of_rows(Shape const& s, std::size_t worth, Part&& part) {
    if constexpr (Shape::rank() <= 1) part(std::size_t{0}, [&](auto&& f) TENON_LAMBDA_INLINE { for_each_row(s, f); });
    else
        for_each_part(s[0], 1, worth, [&](std::size_t first, std::size_t last) TENON_LAMBDA_INLINE {
            outer_position<Shape> outer{};
            outer.at[0] = first;
            part(row_number(s, outer), [&](auto&& f) TENON_LAMBDA_INLINE {
                for (; outer.at[0] < last; ++outer.at[0]) for_each_outer<1>(s, outer, f);
            });
        });
}

/// Elements of a region that are worth a thread, from 0.2 ms for a sum to 1 ms for erfinv on Zen 3.
inline constexpr std::size_t elements_for_thread = std::size_t{1} << 19;

/// Evaluates a region into row-major memory: one loop, no temporaries; large ones on several threads.
/// @param s the destination's shape: equal to the region's, and maybe static where that is not
template <class Tape, class T, std::size_t... E>
constexpr void evaluate_region(Tape& t, T* to, tenon::shape<E...> const& s) {
    using shape = tenon::shape<E...>;
    constexpr std::size_t n = lanes_for<Tape>, size = static_size<shape>;
    if constexpr (is_transposed_copy<Tape, T, shape>)
        if (!std::is_constant_evaluated()) return copy_transposed(t, to, s);
    constexpr bool flat = Tape::template is_flat<typename Tape::shape_type> || shape::rank() <= 1;
    destination<T, size> const out(to, s.size(), flat ? n : row_length(s));
    auto const put = [&out](auto& r, T* p) TENON_LAMBDA_INLINE {
        return [&out, &r, p](auto N, std::size_t j)
                   TENON_LAMBDA_INLINE { out.store(p + j, math::convert<T>(r.template load<N>(j).value)); };
    };
    constexpr bool in_parts = is_dynamic(size) || size >= 2 * elements_for_thread;
    std::size_t const worth = in_parts && !computes_rows(t) ? s.size() / elements_for_thread : 1;
    if constexpr (flat) {
        for_each_part(s.size(), 16 * n, worth, [&](std::size_t first, std::size_t last) TENON_LAMBDA_INLINE {
            auto r = [&t]() TENON_LAMBDA_INLINE {
                if constexpr (shape::rank() > 1) return t.flat_row();
                else return t.row(outer_position<shape>{});
            }();
            auto const store = put(r, to);
            for_each_pack<n, in_parts ? dyn : size>(last - first, [&](auto N, std::size_t j)
                                                                      TENON_LAMBDA_INLINE { store(N, first + j); });
            out.close();
        });
    } else {
        constexpr std::size_t inner =
            inner_extent<shape>;  // nvcc takes it for no constant where a lambda names it first
        for_each_part_of_rows(s, worth, [&](std::size_t row, auto const& each) TENON_LAMBDA_INLINE {
            T* p = to + row * row_length(s);
            each([&](auto const& outer) TENON_LAMBDA_INLINE {
                auto r = t.row(outer);
                for_each_pack<n, inner>(row_length(s), put(r, p));
                p += row_length(s);
            });
            out.close();
        });
    }
}

/// Registers of a row for the way back. Where the values are still in memory, as `seed.known<N>(j)`, and cost more to compute than
/// to read, which the row says by having `load_known`, they are read.
template <std::size_t N, class Row, class SeedRow>
TENON_INLINE constexpr auto load_again(Row const& r, SeedRow const& seed, std::size_t j) {
    if constexpr (requires { r.template load_known<N>(j, seed.template known<N>(j)); })
        return r.template load_known<N>(j, seed.template known<N>(j));
    else return r.template load<N>(j);
}

/// Sends a gradient down a region: one loop whose outputs are the gradients of all the region's leaves.
/// @param seed a function of the outer position that gives a row with `load<N>(j, registers)`
template <class Tape, class Seed>
constexpr void backward_region(Tape& t, Seed&& seed) {
    using shape = typename Tape::shape_type;
    constexpr std::size_t n = lanes_for<Tape>, inner = inner_extent<shape>;
    auto const s = t.shape();
    for_each_row(s, [&](auto const& outer) TENON_LAMBDA_INLINE {
        auto r = t.row(outer);
        auto g = seed(outer);
        for_each_pack<n, inner>(row_length(s), [&](auto N, std::size_t j) TENON_LAMBDA_INLINE {
            auto const regs = load_again<N>(r, g, j);
            r.template adjoint<N>(j, regs, g.template load<N>(j, regs));
        });
        r.close();
    });
}
/// A row of a gradient in row-major memory.
template <class T>
struct gradient_row {
    T const* p;
    template <std::size_t N, class R>
    TENON_INLINE constexpr auto load(std::size_t j, R const&) const {
        return element::load_lanes<N>(p + j);
    }
};
/// The same beside the region's values.
template <class T>
struct kept_row : gradient_row<T> {
    T const* values;
    template <std::size_t N>
    TENON_INLINE constexpr auto known(std::size_t j) const {
        return element::load_lanes<N>(values + j);
    }
};
/// Sends a gradient in row-major memory down a region.
template <class Tape, class T>
constexpr void backward_from_memory(Tape& t, T const* gradient) {
    auto const length = row_length(t.shape());
    backward_region(t, [length, p = gradient](auto const&) mutable {
        gradient_row<T> const r{p};
        p += length;
        return r;
    });
}
/// The same for a region whose values are in row-major memory too.
template <class Tape, class T>
constexpr void backward_from_memory(Tape& t, T const* gradient, T const* values) {
    auto const length = row_length(t.shape());
    backward_region(t, [length, p = gradient, y = values](auto const&) mutable {
        kept_row<T> const r{{p}, y};
        p += length;
        y += length;
        return r;
    });
}

/// The value at one position: all axes' positions in an array.
template <class Tape, std::size_t R>
TENON_INLINE constexpr auto value_at(Tape& t, std::array<std::size_t, R> const& at) {
    outer_position<typename Tape::shape_type> outer{};
    for (std::size_t a = 0; a + 1 < Tape::shape_type::rank(); ++a) outer.at[a] = at[a];
    return t.row(outer).template load<1>(
        Tape::shape_type::rank() == 0 ? 0 : at[Tape::shape_type::rank() - 1 + (Tape::shape_type::rank() == 0)]);
}

}  // namespace tenon::inline TENON_TARGET::eval
