// Views on the processor: strides where the operand lies in memory, a map of positions where it is computed.
#pragma once

#include <tenon/eval/common/view.hpp>
#include <tenon/eval/cpu/map.hpp>
#include <tenon/expr/reshape.hpp>
#include <tenon/expr/view.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// A view of something in memory: the same memory under other strides.
template <class View, class A, bool Grad>
    requires(tape<A, Grad>::is_addressable)
struct tape<view_node<View, A>, Grad> : view_tape<view_node<View, A>, tape<A, Grad>> {
    using base = view_tape<view_node<View, A>, tape<A, Grad>>;
    using base::base;
    using base::differentiable;
    using typename base::node;
    using typename base::operand;
    using typename base::shape_type;
    using typename base::value_type;
    static constexpr bool is_addressable = true;
    static constexpr bool has_strided_rows = true;
    static constexpr std::size_t widest = lane_bytes<value_type>;
    static constexpr auto static_strides = node::template static_strides<run_time_stride>(operand::static_strides);
    static constexpr bool is_contiguous = [] {
        bool same = operand::is_contiguous;
        for (std::size_t a = 0; same && a != shape_type::rank(); ++a)
            same = static_strides[a] != run_time_stride && static_strides[a] == row_major<shape_type>[a];
        return same;
    }();
    template <class Region>
    static constexpr bool is_flat = is_contiguous && std::is_same_v<Region, shape_type>;

    constexpr auto strides() const { return this->node_->strides(this->operand_.strides()); }
    TENON_INLINE constexpr auto* data() const { return from_start(this->operand_.data()); }
    TENON_INLINE constexpr auto* gradient() { return from_start(this->operand_.gradient()); }
    template <std::size_t R>
    TENON_INLINE constexpr auto row(position<R> const& outer) {
        return row_in_memory(*this, outer);
    }
    /// A view that shows every element once, such as a transpose, is written wholly when its operand is.
    constexpr bool overwrite_gradient() {
        if constexpr (node::rearranges) return this->operand_.overwrite_gradient();
        else return false;
    }

private:
    template <class T>
    TENON_INLINE constexpr T* from_start(T* p) const {
        if constexpr (node::has_start) p += this->node_->offset(this->operand_.strides());
        return p;
    }
};

/// A row that starts inside another.
template <class Row>
struct offset_row {
    Row inner;
    std::size_t first;
    template <std::size_t N>
    TENON_INLINE constexpr auto load(std::size_t j) const {
        return inner.template load<N>(first + j);
    }
    template <std::size_t N, class R, class G>
    TENON_INLINE constexpr void adjoint(std::size_t j, R const& r, G const& g) {
        inner.template adjoint<N>(first + j, r, g);
    }
    TENON_INLINE constexpr void close() { inner.close(); }
};

/// A view of a computation: positions are mapped. Lanes stay lanes where the last axis stays the last; where it moves along
/// another axis, the region that the view is part of goes element by element.
template <class View, class A, bool Grad>
    requires(!tape<A, Grad>::is_addressable)
struct tape<view_node<View, A>, Grad> : view_tape<view_node<View, A>, tape<A, Grad>> {
    using base = view_tape<view_node<View, A>, tape<A, Grad>>;
    using base::base;
    using base::differentiable;
    using typename base::node;
    using typename base::operand;
    using typename base::shape_type;
    static constexpr std::size_t rank = shape_type::rank(), operand_rank = shape_t<A>::rank();
    static constexpr bool is_addressable = false;
    template <class>
    static constexpr bool is_flat = false;

    /// How many operand axes move along the view's last axis, and whether that is the last one at its own pace.
    static constexpr std::size_t moved_by_last = [] {
        std::size_t n = 0;
        for (std::size_t a = 0; a != operand_rank; ++a) n += rank != 0 && node::source[a] == rank - 1;
        return n;
    }();
    static constexpr bool last_is_last = moved_by_last == 1 && operand_rank != 0 &&
                                         node::source[operand_rank == 0 ? 0 : operand_rank - 1] == rank - 1 &&
                                         node::step[operand_rank == 0 ? 0 : operand_rank - 1] == 1;
    static constexpr std::size_t widest = moved_by_last == 0 || last_is_last ? operand::widest : TENON_VECTOR_BYTES;

    struct mapped {
        outer_position<shape_t<A>> outer;
        std::size_t last;
    };
    /// The operand's position for a position of the view.
    template <std::size_t R>
    TENON_INLINE constexpr mapped map(position<R> const& outer, std::size_t j) const {
        auto const start = this->node_->start();
        auto const step = this->node_->steps();
        mapped m{};
        for (std::size_t a = 0; a != operand_rank; ++a) {
            std::size_t const o = node::source[a];
            auto const p = o == fixed_axis ? 0 : static_cast<std::ptrdiff_t>(o + 1 == rank ? j : outer.at[o]);
            auto const at = static_cast<std::size_t>(start[a] + step[a] * p);
            if (a + 1 == operand_rank) m.last = at;
            else m.outer.at[a] = at;
        }
        return m;
    }

    /// Element by element: a row of the operand for each.
    template <std::size_t R>
    struct gathered_row {
        tape* self;
        position<R> outer;
        template <std::size_t N>
        TENON_INLINE constexpr auto load(std::size_t j) const {
            static_assert(N == 1);
            auto const m = self->map(outer, j);
            return self->operand_.row(m.outer).template load<1>(m.last);
        }
        template <std::size_t N, class Regs, class G>
        TENON_INLINE constexpr void adjoint(std::size_t j, Regs const& r, G const& g) {
            auto const m = self->map(outer, j);
            auto row = self->operand_.row(m.outer);
            row.template adjoint<1>(m.last, r, g);
            row.close();
        }
        TENON_INLINE constexpr void close() {}
    };

    template <std::size_t R>
    TENON_INLINE constexpr auto row(position<R> const& outer) {
        if constexpr (moved_by_last == 0 || last_is_last) {
            auto const m = map(outer, 0);
            auto inner = this->operand_.row(m.outer);
            offset_row<decltype(inner)> r{inner, m.last};
            if constexpr (moved_by_last == 0 && rank != 0)
                return repeated<TENON_VECTOR_BYTES / widest, inner_extent<shape_type>, differentiable>(r);
            else return r;
        } else return gathered_row<R>{this, outer};
    }
};

/// Whether an element of an operand that is broadcast gets more gradients than a sum in its own type may have terms.
template <class Shape, class A>
inline constexpr bool broadcasts_widely = [] {
    using operand = tape<A, true>;
    if constexpr (!operand::differentiable) return false;
    else
        return served_gradient<operand, Shape>::is_needed ||
               (serves_row<shape_t<A>, Shape> &&
                (is_dynamic(inner_extent<Shape>) || inner_extent<Shape> > terms_in_part * lanes_for<operand>));
}();

/// An operand that is broadcast far and wants a gradient: read like an operand of an elementwise operator.
template <std::size_t... E, class A>
    requires(broadcasts_widely<shape_t<view_node<tenon::detail::broadcast_view<E...>, A>>, A>)
struct tape<view_node<tenon::detail::broadcast_view<E...>, A>, true>
    : view_tape<view_node<tenon::detail::broadcast_view<E...>, A>, tape<A, true>> {
    using base = view_tape<view_node<tenon::detail::broadcast_view<E...>, A>, tape<A, true>>;
    using base::base;
    using typename base::node;
    using typename base::operand;
    using typename base::shape_type;
    using sums = served_gradient<operand, shape_type>;
    static constexpr bool is_addressable = false;
    static constexpr std::size_t widest = operand::widest;
    template <class>
    static constexpr bool is_flat = false;

    template <std::size_t R>
    TENON_INLINE constexpr auto row(position<R> const& outer) {
        return operand_row<shape_type, TENON_VECTOR_BYTES / widest>(this->operand_, outer, sums_);
    }
    constexpr void forward() {
        base::forward();
        if constexpr (sums::is_needed) sums_.start(this->operand_, this->shape());
    }
    constexpr void finish() {
        if constexpr (sums::is_needed) sums_.finish(this->operand_);
        base::finish();
    }
    template <class Plan>
    static void describe(node const& n, Plan& p) {
        base::describe(n, p);
        if constexpr (sums::is_needed) sums::describe(n.operand.shape().size(), p);
    }

private:
    [[no_unique_address]] gradient_of_served<operand, shape_type> sums_;
};

/// Values that are an operand's in packed memory: its own where that is contiguous, otherwise a copy. They are all of it, or, where
/// the node has an `offset`, those from there on.
template <class Node, class A, bool Grad>
struct packed_view : in_memory<tape<Node, Grad>, value_t<A>, shape_t<Node>, tape<A, Grad>::differentiable> {
    using operand = tape<A, Grad>;

    explicit constexpr packed_view(Node const& n) : shape_(n.shape()), operand_(n.operand), dense_(operand_) {
        if constexpr (!is_whole) offset_ = n.offset;
    }
    packed_view(packed_view const&) = delete;
    constexpr auto shape() const { return shape_; }
    TENON_INLINE constexpr auto const* data() const { return dense_.data() + offset(); }
    TENON_INLINE constexpr auto* gradient() { return dense_.gradient() + offset(); }
    constexpr bool overwrite_gradient() {
        if constexpr (is_whole) return dense_.overwrite_gradient();
        else return false;
    }
    constexpr bool overlaps(void const* begin, void const* end, bool) const {
        return decltype(dense_)::in_place && operand_.overlaps(begin, end, false);
    }
    constexpr void forward() { dense_.forward(); }
    constexpr void finish() { dense_.finish(); }
    template <class Plan>
    static void describe(Node const& n, Plan& p) {
        p.template takes<dense<operand, true>>(n.operand);
    }

private:
    static constexpr bool is_whole = !requires(Node const& n) { n.offset; };
    constexpr std::size_t offset() const {
        if constexpr (is_whole) return 0;
        else return offset_;
    }
    [[no_unique_address]] shape_t<Node> shape_;
    operand operand_;
    dense<operand, true> dense_;
    [[no_unique_address]] std::conditional_t<is_whole, tuple<>, std::size_t> offset_{};
};
template <class To, class A, bool Grad>
struct tape<reshape_node<To, A>, Grad> : packed_view<reshape_node<To, A>, A, Grad> {
    using packed_view<reshape_node<To, A>, A, Grad>::packed_view;
};

}  // namespace tenon::inline TENON_TARGET::eval
