// Operands that are broadcast into a region: their rows, and the sums of the gradients that several rows of the region send to one.
#pragma once

#include <algorithm>
#include <cstddef>
#include <type_traits>
#include <utility>

#include <tenon/core/workspace.hpp>
#include <tenon/eval/cpu/wide_sum.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// The outer position in an operand that is broadcast into a region: aligned at the last axis, 0 where the operand has 1.
template <class Operand, std::size_t R>
TENON_INLINE constexpr auto aligned_position(position<R> const& p) {
    outer_position<Operand> o{};
    constexpr std::size_t r = outer_rank<Operand>;
    for (std::size_t a = 0; a != r; ++a) o.at[a] = Operand::static_extents[a] == 1 ? 0 : p.at[R - r + a];
    return o;
}

/// Whether one element of the operand serves a whole row of the region.
template <class Operand, class Region>
inline constexpr bool serves_row = inner_extent<Operand> == 1 && inner_extent<Region> != 1;

/// A row of an operand whose one element serves every position: loaded once, its gradient summed in registers.
/// @tparam Wide the region's number of lanes
/// @tparam Long whether the sum gets more terms than a part of one may have
template <class Row, std::size_t Wide, bool Long>
struct repeated_row {
    using single = decltype(std::declval<Row const&>().template load<1>(0));
    using V = decltype(std::declval<single>().value);
    Row inner;
    single regs;
    std::conditional_t<Long, wide_sum<typename element_of_lane<V>::type>, V> narrow;
    decltype(math::splat<Wide>(std::declval<V>())) wide;

    TENON_INLINE constexpr explicit repeated_row(Row r) : inner(r), regs(inner.template load<1>(0)) {
        // Rows are copied, which a constant expression allows when every member has a value.
        if (__builtin_is_constant_evaluated()) {
            if constexpr (!Long) narrow = V{};
            wide = decltype(wide){};
        }
        if constexpr (!Long) narrow = V(0);
        if constexpr (Wide > 1) { TENON_AT_RUN_TIME wide = decltype(wide)(0); }
    }
    template <std::size_t N>
    TENON_INLINE constexpr auto load(std::size_t) const {
        return registers<decltype(math::splat<N>(regs.value))>{math::splat<N>(regs.value)};
    }
    template <std::size_t N, class R, class G>
    TENON_INLINE constexpr void adjoint(std::size_t j, R const&, G const& g) {
        if constexpr (N == Wide && N > 1) {
            wide = wide + g;
            if constexpr (Long)
                if ((j / N + 1) % terms_in_part == 0) take();
        } else add(math::total(g));
    }
    TENON_INLINE constexpr void close() {
        if constexpr (Wide > 1) { TENON_AT_RUN_TIME take(); }
        if constexpr (Long) inner.template adjoint<1>(0, regs, narrow.value());
        else inner.template adjoint<1>(0, regs, narrow);
        inner.close();
    }
    TENON_INLINE constexpr void advance(repeated_row const& first, repeated_row const& second, std::size_t n)
        requires is_strided_row<Row>
    {
        inner.advance(first.inner, second.inner, n);
        *this = repeated_row(inner);
    }

private:
    TENON_INLINE constexpr void add(V const& v) {
        if constexpr (Long) narrow.add(v);
        else narrow = narrow + v;
    }
    TENON_INLINE constexpr void take() {
        add(math::total(wide));
        wide = decltype(wide)(0);
    }
};
/// The same without a gradient.
template <class Row>
struct constant_row {
    Row inner;
    decltype(inner.template load<1>(0).value) value = inner.template load<1>(0).value;
    template <std::size_t N>
    TENON_INLINE constexpr auto load(std::size_t) const {
        return registers<decltype(math::splat<N>(value))>{math::splat<N>(value)};
    }
    template <std::size_t N, class R, class G>
    TENON_INLINE constexpr void adjoint(std::size_t, R const&, G const&) const {}
    TENON_INLINE constexpr void close() const {}
    TENON_INLINE constexpr void advance(constant_row const& first, constant_row const& second, std::size_t n)
        requires is_strided_row<Row>
    {
        inner.advance(first.inner, second.inner, n);
        value = inner.template load<1>(0).value;
    }
};
/// A row of one element that is repeated along at most Length positions, or `dyn`.
template <std::size_t Wide, std::size_t Length, bool Differentiable, class Row>
TENON_INLINE constexpr auto repeated(Row const& r) {
    if constexpr (!Differentiable) return constant_row<Row>{r};
    else {
        constexpr bool is_long = is_dynamic(Length) || Length > terms_in_part * Wide;
        return repeated_row<Row, Wide, is_long>(r);
    }
}

/// How many rows of a region one row of an operand serves, or `dyn`.
template <class Operand, class Region>
inline constexpr std::size_t rows_served = [] {
    constexpr std::size_t rank = outer_rank<Region>, own = outer_rank<Operand>;
    std::size_t n = 1;
    for (std::size_t a = 0; a < rank; ++a)
        if (std::size_t const e = Region::static_extents[a];
            e != 1 && (a + own < rank || Operand::static_extents[a + own - rank] == 1))
            n = is_dynamic(n) || is_dynamic(e) ? dyn : n * e;
    return n;
}();

/// Sums of gradients that rows of a region send to the fewer rows of an operand.
template <class T>
struct served_sums {
    T* sums = nullptr;
    wide_totals<T> totals;
    std::size_t size = 1;
    std::size_t length = 1;       ///< elements that a row has at most, where it is joined of several
    std::size_t joined_rows = 1;  ///< rows of the region that a joined one stands for
    bool many = false;            ///< whether an element gets more terms than a part of its sum may have

    /// Ends a row of the region. @param first the operand's first element that it serves @param number which of the rows that
    /// this is served by
    TENON_INLINE constexpr void close_row(std::size_t first, std::size_t number) const {
        if (many && (number + joined_rows) / terms_in_part != number / terms_in_part)
            totals.take(sums + first, first, std::min(length, size - first));
    }
};
template <class T, class Row>
struct served_row {
    Row inner;
    served_sums<T> const* all;
    std::size_t first, number;
    template <std::size_t N>
    TENON_INLINE constexpr auto load(std::size_t j) const {
        return inner.template load<N>(j);
    }
    template <std::size_t N, class R, class G>
    TENON_INLINE constexpr void adjoint(std::size_t j, R const&, G const& g) const {
        T* const p = all->sums + first + j;
        element::store_lanes(p, element::load_lanes<N>(p) + g);
    }
    TENON_INLINE constexpr void close() const { all->close_row(first, number); }
    TENON_INLINE constexpr void advance(served_row const& one, served_row const& next, std::size_t n)
        requires is_strided_row<Row>
    {
        inner.advance(one.inner, next.inner, n);
        first += (next.first - one.first) * n;
        number += (next.number - one.number) * n;
    }
};
/// The gradient of an operand whose rows serve many rows of a region: summed apart, and sent to the operand when all rows have sent
/// theirs.
template <class Tape, class Region>
class served_gradient {
    using operand = typename Tape::shape_type;
    using T = element::computed_t<typename Tape::value_type>;
    static constexpr std::size_t size = static_size<operand>, rank = outer_rank<Region>, own = outer_rank<operand>,
                                 joined = joined_axes_of<Tape, Region>;

public:
    /// Whether there are more rows than an element of the gradient may have terms. One of 16 bits may not have two.
    static constexpr bool is_needed = [] {
        constexpr std::size_t most = element::narrow<typename Tape::value_type> ? 1 : terms_in_part;
        return Tape::differentiable &&
               (is_dynamic(rows_served<operand, Region>) || rows_served<operand, Region> > most);
    }();

    constexpr void start(Tape const& t, Region const& region) {
        all_.size = t.shape().size();
        all_.length = length_of_last<std::min(joined, operand::rank())>(t.shape());
        sums_.reserve_zeros(all_.size);
        all_.sums = sums_.data();
        std::size_t rows = 1;
        for (std::size_t a = rank; a-- > 0;)
            if (a + own < rank || operand::static_extents[a + own - rank] == 1) {
                steps_[a] = rows;
                rows *= region[a];
                if (a + joined > rank) all_.joined_rows = rows;
            }
        all_.many = rows > terms_in_part;
        if (all_.many) totals_.start(all_.size);
        all_.totals = totals_;
    }
    template <std::size_t R, class Row>
    TENON_INLINE constexpr auto row(Tape const& t, position<R> const& outer, Row const& inner) {
        std::size_t number = 0;
        for (std::size_t a = 0; a != rank; ++a) number += outer.at[a] * steps_[a];
        return served_row<T, Row>{
            inner, &all_, row_number(t.shape(), aligned_position<operand>(outer)) * row_length(t.shape()), number};
    }
    constexpr void finish(Tape& t) {
        if (all_.many) totals_.finish(sums_.data(), all_.size);
        backward_from_memory(t, std::as_const(sums_).data());
    }
    template <class Plan>
    static void describe(std::size_t elements, Plan& p) {
        p.template holds<buffer<T, size>>(elements);
        if constexpr (is_dynamic(rows_served<operand, Region>) || rows_served<operand, Region> > terms_in_part)
            p.template holds<typename wide_sums<T, size>::buffer_type>(elements);
    }

private:
    buffer<T, size> sums_;
    wide_sums<T, size> totals_;
    served_sums<T> all_;
    std::size_t steps_[rank + 1] = {};  ///< 0 along the axes that the operand has itself
};
struct not_summed {};
template <class Tape, class Region>
using gradient_of_served =
    std::conditional_t<served_gradient<Tape, Region>::is_needed, served_gradient<Tape, Region>, not_summed>;

/// The row of an operand inside a region.
template <class Region, std::size_t Wide, class Tape, std::size_t R, class Sums>
TENON_INLINE constexpr auto operand_row(Tape& t, position<R> const& outer, [[maybe_unused]] Sums& sums) {
    using operand = typename Tape::shape_type;
    using alignment = row_alignment<operand, Region>;
    constexpr std::size_t length = static_length_of_last<alignment::axes, Region>;
    if constexpr (!std::is_same_v<Sums, not_summed>) {
        auto const r = sums.row(t, outer, t.row(aligned_position<operand>(outer)));
        if constexpr (alignment::repeated) return repeated<Wide, length, Tape::differentiable>(r);
        else return r;
    } else if constexpr (alignment::repeated)
        return repeated<Wide, length, Tape::differentiable>(t.row(aligned_position<operand>(outer)));
    else if constexpr (has_same_rows<operand, Region>) return t.row(outer);
    else return t.row(aligned_position<operand>(outer));
}

/// An operand of a region: its tape, and the sums of its gradient where it needs them.
/// @tparam I its number
template <std::size_t I, class Tape, class Region>
struct region_operand {
    using tape_type = Tape;
    using shape_type = typename Tape::shape_type;
    static constexpr bool sums_gradient = served_gradient<Tape, Region>::is_needed;

    template <class Node>
    explicit constexpr region_operand(Node const& n) : tape(n) {}
    constexpr void forward([[maybe_unused]] Region const& region) {
        tape.forward();
        if constexpr (sums_gradient) sums.start(tape, region);
    }
    constexpr void finish() {
        if constexpr (sums_gradient) sums.finish(tape);
        if constexpr (Tape::differentiable) tape.finish();
    }

    Tape tape;
    [[no_unique_address]] gradient_of_served<Tape, Region> sums;
};

}  // namespace tenon::inline TENON_TARGET::eval
