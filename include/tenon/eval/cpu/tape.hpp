// How the processor runs a computation: a tape, which is a type made from the computation's type.
#pragma once

#include <array>
#include <cstddef>
#include <type_traits>
#include <utility>

#include <tenon/core/parallel.hpp>
#include <tenon/core/shape.hpp>
#include <tenon/core/tuple.hpp>
#include <tenon/core/workspace.hpp>
#include <tenon/eval/cpu/destination.hpp>
#include <tenon/eval/cpu/transpose.hpp>
#include <tenon/scalar/dual.hpp>

namespace tenon::inline TENON_TARGET::eval {

using element::lane_t;

/// The state of one evaluation of a node. Lives on the stack while a computation runs and nests as the nodes do.
///
/// - `forward()` evaluates, below this node, every value that has to exist in memory, and keeps it.
/// - `row(outer)` fixes all axes but the last. A row's `load<N>(j)` gives the registers of N elements from j on: `.value`,
///   and whatever the way back needs; `adjoint<N>(j, registers, g)` takes the gradient of those elements and sends it down,
///   slope by slope; `close()` ends the row.
/// - `finish()`, called by every consumer when it has sent its gradients, passes them on to the node's operands.
/// - `describe(node, plan)`, static, says the same to a plan (eval/plan.hpp): in which way each operand is read, and either
///   `plan.fuses(name)` for what happens in the consumer's loop or `plan.kernel<tape>(node, facts, body)` for a loop with
///   values in memory. Without it a plan works from the names of the node's members.
///
/// @tparam Grad whether gradients are wanted: without it a variable is like any tensor and no gradient has memory
template <class Node, bool Grad>
struct tape;

/// Positions along all axes but the last.
template <std::size_t R>
struct position {
    std::size_t at[R == 0 ? 1 : R] = {};
};
template <class Shape>
inline constexpr std::size_t outer_rank = Shape::rank() == 0 ? 0 : Shape::rank() - 1;
template <class Shape>
using outer_position = position<outer_rank<Shape>>;

/// Registers of a node that keeps nothing for the way back.
template <class V>
struct registers {
    V value;
};

/// The widest element that takes part in a tape's loops, in bytes; duals go one at a time.
template <class T>
inline constexpr std::size_t lane_bytes = element::is_dual<T>       ? TENON_VECTOR_BYTES
                                          : std::is_same_v<T, bool> ? 1
                                                                    : sizeof(T);
template <class Tape>
inline constexpr std::size_t lanes_for = TENON_VECTOR_BYTES / Tape::widest;

/// A single lane as an element type has it in memory: a mask of any width becomes one of bytes.
template <class T, class V>
TENON_INLINE constexpr lane_t<T, 1> convert_lane(V const& v) {
    if constexpr (element::is_mask<V>) return v.template to<1>();
    else return v;
}

// ---- strides

/// A stride that is known only at run time.
inline constexpr std::ptrdiff_t run_time_stride = PTRDIFF_MIN;

/// Row-major strides of a shape type.
template <class Shape>
inline constexpr auto row_major = [] {
    std::array<std::ptrdiff_t, Shape::rank() + 1> s{};
    std::ptrdiff_t next = 1;
    for (std::size_t a = Shape::rank(); a-- > 0;) {
        s[a] = next;
        next = next == run_time_stride || is_dynamic(Shape::static_extents[a])
                   ? run_time_stride
                   : next * static_cast<std::ptrdiff_t>(Shape::static_extents[a]);
    }
    return s;
}();
template <class Shape>
constexpr auto row_major_strides(Shape const& s) {
    std::array<std::ptrdiff_t, Shape::rank() + 1> r{};
    std::ptrdiff_t next = 1;
    for (std::size_t a = Shape::rank(); a-- > 0;) {
        r[a] = next;
        next *= static_cast<std::ptrdiff_t>(s[a]);
    }
    return r;
}

/// A tape whose values lie in memory: it has `data()`, `strides()`, `static_strides` and, with gradients, `gradient()`.
template <class Tape>
concept addressable = Tape::is_addressable;

/// A tape that can compute its values in memory that it is given, of elements T in row-major order.
template <class Tape, class T>
concept writes_to = std::is_same_v<typename Tape::value_type, T> && requires(Tape& t, T* p) {
    t.write_to(p);
    t.reads(p, p);
};

/// A tape whose rows need not exist before they are read: after `forward_by_rows()` instead of `forward()`, `row` computes the
/// row that it is asked for, into memory that the next one overwrites.
template <class Tape>
concept forwards_by_rows = requires(Tape& t) { t.forward_by_rows(); };

/// `forward()` for a consumer that reads every row once.
template <class Tape>
constexpr void forward_by_rows(Tape& t) {
    if constexpr (forwards_by_rows<Tape>) t.forward_by_rows();
    else t.forward();
}

/// Whether it pays to compute rows when they are read: not for results that stay in the L1 cache.
template <class T, class Shape>
inline constexpr bool pays_by_rows =
    Shape::rank() != 0 && (is_dynamic(static_size<Shape>) || static_size<Shape> * sizeof(T) > 16384);

/// Whether the operand has a row for each row of the region, of the same length or one element.
template <class Operand, class Region>
inline constexpr bool has_same_rows = [] {
    if (Operand::rank() != Region::rank() || Operand::rank() == 0) return false;
    for (std::size_t a = 0; a + 1 < Operand::rank(); ++a)
        if (Operand::static_extents[a] != Region::static_extents[a]) return false;
    return true;
}();

/// How many rows come before one.
template <class Shape, std::size_t R>
TENON_INLINE constexpr std::size_t row_number(Shape const& s, position<R> const& outer) {
    std::size_t n = 0;
    for (std::size_t a = 0; a != outer_rank<Shape>; ++a) n = n * s[a] + outer.at[a];
    return n;
}

/// A row of values in memory, and of the gradient that belongs to it.
/// @tparam Step distance of neighbours; 0 where one value serves all
template <class T, std::ptrdiff_t Step, bool Differentiable>
struct memory_row {
    T const* values;
    [[no_unique_address]] std::conditional_t<Differentiable, T*, tuple<>> gradients;
    [[no_unique_address]] std::conditional_t<Step == run_time_stride, std::ptrdiff_t,
                                             std::integral_constant<std::ptrdiff_t, Step>> step;

    /// The distance of j elements.
    TENON_INLINE constexpr std::ptrdiff_t steps(std::size_t j) const {
        return static_cast<std::ptrdiff_t>(j * static_cast<std::size_t>(static_cast<std::ptrdiff_t>(step)));
    }

    template <std::size_t N>
    TENON_INLINE constexpr registers<lane_t<T, N>> load(std::size_t j) const {
        if constexpr (Step == 1) return {element::load_lanes<N>(values + j)};
        else if constexpr (Step == 0) return {math::splat<N>(element::load_lanes<1>(values))};
        else if constexpr (N == 1) return {element::load_lanes<1>(values + steps(j))};
        else {
            T gathered[N];
            for (std::size_t l = 0; l != N; ++l) gathered[l] = values[steps(j + l)];
            return {element::load_lanes<N>(gathered)};
        }
    }
    template <std::size_t N, class V>
    TENON_INLINE constexpr void adjoint(std::size_t j, registers<lane_t<T, N>> const&, V const& g) const {
        if constexpr (Differentiable) {
            if constexpr (Step == 1) element::store_lanes(gradients + j, element::load_lanes<N>(gradients + j) + g);
            else if constexpr (Step == 0)
                element::store_lanes(gradients, element::load_lanes<1>(gradients) + math::total(g));
            else if constexpr (N == 1) {
                T* const p = gradients + steps(j);
                element::store_lanes(p, element::load_lanes<1>(p) + g);
            } else
                for (std::size_t l = 0; l != N; ++l) gradients[steps(j + l)] += g[l];
        }
    }
    TENON_INLINE constexpr void close() const {}
};

/// A row that is read twice: what is computed, or spread over memory, is left in x by the first reading.
template <class Row, class T>
struct reread_row {
    Row const& row;
    T* x;
    template <std::size_t N>
    TENON_INLINE constexpr auto first(std::size_t j) const {
        auto const v = math::convert<T>(row.template load<N>(j).value);
        element::store_lanes(x + j, v);
        return v;
    }
    template <std::size_t N>
    TENON_INLINE constexpr auto again(std::size_t j) const {
        return element::load_lanes<N>(x + j);
    }
};
template <class T, bool Differentiable>
struct reread_row<memory_row<T, 1, Differentiable>, T> {
    memory_row<T, 1, Differentiable> const& row;
    T* x;
    template <std::size_t N>
    TENON_INLINE constexpr auto first(std::size_t j) const {
        return element::load_lanes<N>(row.values + j);
    }
    template <std::size_t N>
    TENON_INLINE constexpr auto again(std::size_t j) const {
        return element::load_lanes<N>(row.values + j);
    }
};

/// The row that an addressable tape has at a position.
template <class Tape, std::size_t R>
TENON_INLINE constexpr auto row_in_memory(Tape& t, position<R> const& outer) {
    using T = typename Tape::value_type;
    constexpr std::size_t rank = Tape::shape_type::rank();
    constexpr std::ptrdiff_t step = rank == 0 ? 0 : Tape::static_strides[rank == 0 ? 0 : rank - 1];
    auto const strides = t.strides();
    std::ptrdiff_t o = 0;
    for (std::size_t a = 0; a + 1 < rank; ++a)
        o += static_cast<std::ptrdiff_t>(outer.at[a]) *
             (Tape::static_strides[a] == run_time_stride ? strides[a] : Tape::static_strides[a]);
    memory_row<T, step, Tape::differentiable> r{t.data() + o, {}, {}};
    if constexpr (step == run_time_stride) r.step = strides[rank - 1];
    if constexpr (Tape::differentiable) r.gradients = t.gradient() + o;
    return r;
}

// ---- loops

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
template <class Shape>
TENON_INLINE constexpr std::size_t row_length(Shape const& s) {
    if constexpr (Shape::rank() == 0) return 1;
    else return s[Shape::rank() - 1];
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
    // Rows that are computed when they are read have their memory in common.
    constexpr bool in_parts = !forwards_by_rows<Tape> && (is_dynamic(size) || size >= 2 * elements_for_thread);
    std::size_t const worth = in_parts ? s.size() / elements_for_thread : 1;
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
    } else
        for_each_part_of_rows(s, worth, [&](std::size_t row, auto const& each) TENON_LAMBDA_INLINE {
            T* p = to + row * row_length(s);
            each([&](auto const& outer) TENON_LAMBDA_INLINE {
                auto r = t.row(outer);
                for_each_pack<n, inner_extent<shape>>(row_length(s), put(r, p));
                p += row_length(s);
            });
            out.close();
        });
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

/// Dense row-major access to any tape: its own memory where it has that, otherwise a copy that `forward` makes, and the
/// gradient of that copy.
/// @tparam Packed whether only contiguous memory will do
template <class Tape, bool Packed = false>
class dense {
public:
    using tape_type = Tape;
    using T = typename Tape::value_type;
    using shape_type = typename Tape::shape_type;
    static constexpr bool in_place = [] {
        if constexpr (addressable<Tape>) return !Packed || Tape::is_contiguous;
        else return false;
    }();
    static constexpr auto static_strides = [] {
        if constexpr (in_place) return Tape::static_strides;
        else return row_major<shape_type>;
    }();

    explicit constexpr dense(Tape& t) : tape_(&t) {}
    constexpr void forward() {
        if constexpr (!in_place) {
            values_.reserve(tape_->shape().size());
            evaluate_region(*tape_, values_.data(), tape_->shape());
            if constexpr (Tape::differentiable) {
                gradients_.reserve(tape_->shape().size());
                zeros_to_write_ = true;
            }
        }
    }
    constexpr T const* data() const {
        if constexpr (in_place) return tape_->data();
        else return values_.data();
    }
    constexpr T* gradient() {
        if constexpr (in_place) return tape_->gradient();
        else {
            if (overwrite_gradient())
                for (std::size_t i = 0, n = tape_->shape().size(); i < n; ++i) gradients_.data()[i] = T(0);
            return gradients_.data();
        }
    }
    /// Asked by who is about to write the whole gradient: whether it is zero and has not been written yet.
    constexpr bool overwrite_gradient() {
        if constexpr (in_place) return tape_->overwrite_gradient();
        else return std::exchange(zeros_to_write_, false);
    }
    constexpr auto strides() const {
        if constexpr (in_place) return tape_->strides();
        else return row_major_strides(tape_->shape());
    }
    /// Sends the gradient of the copy on into the region below.
    constexpr void finish() {
        if constexpr (Tape::differentiable) {
            if constexpr (!in_place)
                backward_from_memory(*tape_, static_cast<T const*>(gradient()), std::as_const(values_).data());
            tape_->finish();
        }
    }

private:
    Tape* tape_;
    buffer<T, in_place ? 0 : static_size<shape_type>> values_;
    buffer<T, in_place || !Tape::differentiable ? 0 : static_size<shape_type>> gradients_;
    bool zeros_to_write_ = false;
};

}  // namespace tenon::inline TENON_TARGET::eval
