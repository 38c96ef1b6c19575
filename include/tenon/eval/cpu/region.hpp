// Loops over the rows of a region: its values go to memory, or a gradient goes down into it.
#pragma once

#include <array>
#include <cstddef>
#include <type_traits>
#include <utility>

#include <tenon/base/parallel.hpp>
#include <tenon/core/packs.hpp>
#include <tenon/eval/cpu/transposed_region.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// `for_each_pack` along a row of a tape. A function of the tape's type, since nvcc takes no variable for a constant that a lambda is
/// the first to name.
template <class Tape, class F>
TENON_INLINE constexpr void for_each_pack_of(std::size_t length, F const& f) {
    for_each_pack<lanes_for<Tape>, inner_extent<typename Tape::shape_type>>(length, f);
}

/// Whether a loop along so many elements is a function of its own, which regions of all shapes share: where a call costs little
/// beside it, and where the length is not known: around a loop whose rest the compiler makes vectors of, nothing stays in
/// registers. Others are inlined.
template <std::size_t N, std::size_t Length>
inline constexpr bool is_long_row = is_dynamic(Length) || Length >= 64 * N;

template <class Packs, class T, class Row, class Out>
[[gnu::noinline]] void store_long_row(Row const& r, Out const& out, T* to, std::size_t j, std::size_t last) {
    // Copies can stay in registers: nothing that is written to memory changes them.
    Row const row = r;
    Out const destination = out;
    store_packs<Packs>(row, destination, to, j, last);
}
/// Writes a row of Length elements, or `dyn`, from j to `last` to memory, with at most N at a time.
/// @tparam Long whether by a function of its own
template <std::size_t N, std::size_t Length, bool Long = is_long_row<N, Length>, class T, class Row, class Out>
TENON_INLINE constexpr void store_row(Row const& r, Out const& out, T* to, std::size_t j, std::size_t last) {
    if (__builtin_is_constant_evaluated()) store_packs<one_by_one>(r, out, to, j, last);
    else if constexpr (Long) store_long_row<packs_of_long_row<N, Length>>(r, out, to, j, last);
    else store_packs<packs_along<N, Length>>(r, out, to, j, last);
}

/// Writes such rows one after another to memory.
template <class Packs, class T, class Row, std::size_t Axes, class Out>
[[gnu::noinline]] void store_strided_rows(strided_rows<Row, Axes> const& rows, Out const& out, T* to,
                                          std::size_t length) {
    Out const destination = out;
    for_each_strided_row(rows, [&](Row const& row) TENON_LAMBDA_INLINE {
        store_packs<Packs>(row, destination, to, 0, length);
        to += length;
    });
}

/// Writes the rows of a region from `first` to `last` along the first axis. @param to where the region's first element goes
template <class Tape, class T, class Shape, class Out>
constexpr void store_rows(Tape& t, T* to, Shape const& s, Out const& out, std::size_t first, std::size_t last) {
    constexpr std::size_t joined = own_joined_axes<Tape>, axis = Shape::rank() - joined - 1, n = lanes_for<Tape>,
                          inner = static_length_of_last<joined, Shape>;
    if constexpr (goes_in_blocks<Tape, Shape>) { TENON_AT_RUN_TIME return store_blocks(t, to, s, out, first, last); }
    std::size_t const length = length_of_last<joined>(s);
    outer_position<Shape> begin{};
    begin.at[0] = first;
    T* p = to + row_number(s, begin) * row_length(s);
    if constexpr (shares_loop<Tape, decltype(t.row(begin)), inner>) {
        TENON_AT_RUN_TIME {
            if (first != last && s.size() != 0)
                store_strided_rows<packs_of_shared<n, inner>>(rows_between<axis + 1>(t, s, first, last), out, p,
                                                              length);
            return out.close();
        }
    }
    for_each_position<axis + 1>(s, first, last, [&](auto const& outer) TENON_LAMBDA_INLINE {
        store_row<n, inner>(t.row(outer), out, p, 0, length);
        p += length;
    });
    out.close();
}

/// Evaluates a region into row-major memory: one loop, no temporaries; large ones on several threads.
/// @param s the destination's shape: equal to the region's, and maybe static where that is not
template <class Tape, class T, std::size_t... E>
constexpr void evaluate_region(Tape& t, T* to, tenon::shape<E...> const& s) {
    using shape = tenon::shape<E...>;
    constexpr std::size_t n = lanes_for<Tape>, size = static_size<shape>;
    if constexpr (is_transposed_copy<Tape, T, shape>) { TENON_AT_RUN_TIME return copy_transposed(t, to, s); }
    constexpr std::size_t joined = own_joined_axes<Tape>, inner = static_length_of_last<joined, shape>;
    constexpr bool in_parts = is_dynamic(size) || size >= 2 * elements_for_thread;
    std::size_t const worth = in_parts && !computes_rows(t) ? s.size() / elements_for_thread : 1;
    std::size_t const length = length_of_last<joined>(s);
    destination_of<T, size> const out(to, s.size(), joined == shape::rank() ? n : length);
    if constexpr (joined == shape::rank()) {
        auto const r = t.row(outer_position<shape>{});
        if constexpr (!in_parts) {
            store_row<n, inner, (inner >= few_packs * n)>(r, out, to, 0, length);
            out.close();
        } else
            for_each_part(length, 16 * n, worth, [&](std::size_t first, std::size_t last) {
                store_row<n, dyn, true>(r, out, to, first, last);
                out.close();
            });
    } else if constexpr (!in_parts) store_rows(t, to, s, out, 0, s[0]);
    else
        for_each_part(s[0], 1, worth,
                      [&](std::size_t first, std::size_t last) { store_rows(t, to, s, out, first, last); });
}

/// Registers of a row for backward. Where the values are still in memory, as `seed.known<N>(j)`, and cost more to compute than
/// to read, which the row says by having `load_known`, they are read.
template <std::size_t N, class Row, class SeedRow>
TENON_INLINE constexpr auto load_again(Row const& r, SeedRow const& seed, std::size_t j) {
    if constexpr (requires { r.template load_known<N>(j, seed.template known<N>(j)); })
        return r.template load_known<N>(j, seed.template known<N>(j));
    else return r.template load<N>(j);
}

/// Sends a row's gradients down, from element j to `last`.
template <class Packs, class Row, class SeedRow>
TENON_INLINE constexpr void send_packs(Row& r, SeedRow const& g, std::size_t j, std::size_t last) {
    for (std::size_t const end = Packs::end(j, last); j < end; j += Packs::lanes) {
        auto const regs = load_again<Packs::lanes>(r, g, j);
        r.template adjoint<Packs::lanes>(j, regs, g.template load<Packs::lanes>(j, regs));
    }
    if constexpr (Packs::rest != 0) send_packs<typename Packs::tail>(r, g, j, last);
}
template <class Packs, class Row, class SeedRow>
[[gnu::noinline]] void send_long_row(Row const& r, SeedRow const& g, std::size_t length) {
    Row row = r;
    SeedRow const seed = g;
    send_packs<Packs>(row, seed, 0, length);
    row.close();
}
/// Sends the gradients of a row of Length elements, or `dyn`, down, with at most N at a time.
template <std::size_t N, std::size_t Length, class Row, class SeedRow>
TENON_INLINE constexpr void send_row(Row r, SeedRow const& g, std::size_t length) {
    if (__builtin_is_constant_evaluated()) send_packs<one_by_one>(r, g, 0, length);
    else if constexpr (is_long_row<N, Length>) return send_long_row<packs_of_long_row<N, Length>>(r, g, length);
    else send_packs<packs_along<N, Length>>(r, g, 0, length);
    r.close();
}

/// Sends a gradient down a region: one loop whose outputs are the gradients of all the region's leaves.
/// @tparam Joined how many of the last axes go as one row
/// @param seed a function of the outer position that gives a row with `load<N>(j, registers)`
template <std::size_t Joined, class Tape, class Seed>
constexpr void backward_rows(Tape& t, Seed&& seed) {
    using shape = typename Tape::shape_type;
    // nvcc takes none of these for a constant where a lambda names it first.
    constexpr std::size_t axes = shape::rank() - Joined, n = lanes_for<Tape>,
                          inner = static_length_of_last<Joined, shape>;
    auto const s = t.shape();
    std::size_t const length = length_of_last<Joined>(s);
    for_each_position<axes>(s, 0, axes == 0 ? 1 : s[0], [&](auto const& outer) TENON_LAMBDA_INLINE {
        send_row<n, inner>(t.row(outer), seed(outer), length);
    });
}
template <class Tape, class Seed>
constexpr void backward_region(Tape& t, Seed&& seed) {
    backward_rows<Tape::shape_type::rank() == 0 ? 0 : 1>(t, seed);
}
/// A row of a gradient in row-major memory.
template <class T>
struct gradient_row {
    T const* p;
    template <std::size_t N, class R>
    TENON_INLINE constexpr auto load(std::size_t j, R const&) const {
        return element::load_lanes<N>(p + j);
    }
    TENON_INLINE constexpr gradient_row behind(std::size_t n) const { return {p + n}; }
};
/// The same beside the region's values.
template <class T>
struct kept_row : gradient_row<T> {
    T const* values;
    template <std::size_t N>
    TENON_INLINE constexpr auto known(std::size_t j) const {
        return element::load_lanes<N>(values + j);
    }
    TENON_INLINE constexpr kept_row behind(std::size_t n) const { return {{this->p + n}, values + n}; }
};
/// Sends the gradients of such rows down, which are one after another in memory.
template <class Packs, class Row, std::size_t Axes, class SeedRow>
[[gnu::noinline]] void send_strided_rows(strided_rows<Row, Axes> const& rows, SeedRow const& g, std::size_t length) {
    SeedRow seed = g;
    for_each_strided_row(rows, [&](Row& row) TENON_LAMBDA_INLINE {
        send_packs<Packs>(row, seed, 0, length);
        row.close();
        seed = seed.behind(length);
    });
}
/// Sends a gradient in row-major memory down a region. @param g the gradient's first row
template <class Tape, class SeedRow>
constexpr void backward_from_rows(Tape& t, SeedRow g) {
    using shape = typename Tape::shape_type;
    constexpr std::size_t joined = own_joined_axes<Tape>, n = lanes_for<Tape>,
                          inner = static_length_of_last<joined, shape>;
    auto const s = t.shape();
    std::size_t const length = length_of_last<joined>(s);
    if constexpr (joined != shape::rank()) {
        if constexpr (shares_loop<Tape, decltype(t.row(outer_position<shape>{})), inner>) {
            TENON_AT_RUN_TIME {
                if (s.size() != 0)
                    send_strided_rows<packs_of_shared<n, inner>>(rows_between<shape::rank() - joined>(t, s, 0, s[0]), g,
                                                                 length);
                return;
            }
        }
    }
    backward_rows<joined>(t, [&](auto const&) TENON_LAMBDA_INLINE {
        auto const row = g;
        g = g.behind(length);
        return row;
    });
}
template <class Tape, class T>
constexpr void backward_from_memory(Tape& t, T const* gradient) {
    backward_from_rows(t, gradient_row<T>{gradient});
}
/// The same for a region whose values are in row-major memory too.
template <class Tape, class T>
constexpr void backward_from_memory(Tape& t, T const* gradient, T const* values) {
    backward_from_rows(t, kept_row<T>{{gradient}, values});
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
