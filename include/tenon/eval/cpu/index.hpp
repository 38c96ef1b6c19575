// Elements chosen by run-time positions on the processor: the operand lies in memory and is read at offsets.
#pragma once

#include <tenon/eval/cpu/view.hpp>
#include <tenon/expr/index.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// Offsets along an axis for indices, which are checked.
template <class I>
class index_offsets {
public:
    using value_type = std::ptrdiff_t;
    using shape_type = shape_t<I>;
    static constexpr bool differentiable = false;

    explicit constexpr index_offsets(I const& n) : indices_(n) {}
    constexpr auto shape() const { return indices_.shape(); }
    TENON_INLINE constexpr std::ptrdiff_t const* data() const { return offsets_.data(); }
    constexpr void forward(char const* what, std::size_t axis, std::size_t extent, std::ptrdiff_t stride) {
        using V = value_t<I>;
        indices_.forward();
        auto const s = shape();
        offsets_.reserve(s.size());
        std::ptrdiff_t* to = offsets_.data();
        for_each_row(s, [&](auto const& outer) {
            auto r = indices_.row(outer);
            for (std::size_t j = 0; j < row_length(s); ++j) {
                V const v = element::element_of<V>(math::convert<V>(r.template load<1>(j).value));
                if (v < V(0) || static_cast<std::size_t>(v) >= extent)
                    tenon::detail::throw_index(what, v, axis, extent);
                *to++ = static_cast<std::ptrdiff_t>(v) * stride;
            }
        });
    }

    template <class Plan>
    static void describe(I const& n, Plan& p) {
        p.template kernel<index_offsets>(n, {.kind = "gather", .name = "offsets", .operations = n.shape().size()},
                                         [&] { p.template streams<tape<I, false>>(n); });
    }

private:
    tape<I, false> indices_;
    buffer<std::ptrdiff_t, static_size<shape_t<I>>> offsets_;
};

/// Elements at offsets that follow no rule.
template <class T, bool Differentiable>
struct offsets_row {
    T const* values;
    [[no_unique_address]] std::conditional_t<Differentiable, T*, tuple<>> gradients;
    std::ptrdiff_t const* offsets;
    std::ptrdiff_t step;  ///< what is added to the offsets from element to element

    TENON_INLINE constexpr std::ptrdiff_t at(std::size_t j) const {
        return offsets[j] + static_cast<std::ptrdiff_t>(j) * step;
    }
    template <std::size_t N>
    TENON_INLINE constexpr registers<lane_t<T, N>> load(std::size_t j) const {
        if constexpr (N == 1) return {element::load_lanes<1>(values + at(j))};
        else {
            T gathered[N];
            for (std::size_t l = 0; l < N; ++l) gathered[l] = values[at(j + l)];
            return {element::load_lanes<N>(gathered)};
        }
    }
    template <std::size_t N, class R, class V>
    TENON_INLINE constexpr void adjoint(std::size_t j, R const&, V const& g) const {
        if constexpr (Differentiable) {
            if constexpr (N == 1) {
                T* const p = gradients + at(j);
                element::store_lanes(p, element::load_lanes<1>(p) + g);
            } else
                for (std::size_t l = 0; l < N; ++l) gradients[at(j + l)] += g[l];
        }
    }
    TENON_INLINE constexpr void close() const {}
};

/// What tapes that read an operand at offsets share.
template <class Node, class A, class I, std::size_t Axis, bool Grad>
struct indexed {
    using operand = tape<A, Grad>;
    using value_type = value_t<A>;
    using shape_type = shape_t<Node>;
    static constexpr bool is_addressable = false;
    static constexpr bool differentiable = operand::differentiable;
    static constexpr std::size_t widest = lane_bytes<value_type>;
    static constexpr std::size_t operand_rank = shape_t<A>::rank();
    template <class>
    static constexpr bool is_flat = false;

    explicit constexpr indexed(Node const& n) : node_(&n), operand_(n.operand), dense_(operand_), offsets_(n.indices) {}
    indexed(indexed const&) = delete;
    constexpr shape_type shape() const { return node_->shape(); }
    constexpr bool overlaps(void const* begin, void const* end, bool) const {
        return decltype(dense_)::in_place && operand_.overlaps(begin, end, false);
    }
    constexpr void forward_for(char const* what) {
        dense_.forward();
        offsets_.forward(what, Axis, operand_.shape()[Axis], dense_.strides()[Axis]);
    }
    constexpr void finish() { dense_.finish(); }
    template <class Plan>
    static void describe(Node const& n, Plan& p) {
        p.template takes<dense<operand>>(n.operand, {.distinct = n.shape().size()});
        p.template streams<index_offsets<I>>(n.indices);
        p.fuses("gather", differentiable, "gather");
    }

protected:
    /// A row of elements at offsets from a place in the operand.
    TENON_INLINE constexpr auto row_at(std::ptrdiff_t place, std::ptrdiff_t const* offsets, std::ptrdiff_t step) {
        offsets_row<value_type, differentiable> r{dense_.data() + place, {}, offsets, step};
        if constexpr (differentiable) r.gradients = dense_.gradient() + place;
        return r;
    }
    Node const* node_;
    operand operand_;
    dense<operand> dense_;
    index_offsets<I> offsets_;
};

template <std::size_t Axis, class A, class I, bool Grad>
struct tape<index_select_node<Axis, A, I>, Grad> : indexed<index_select_node<Axis, A, I>, A, I, Axis, Grad> {
    using node = index_select_node<Axis, A, I>;
    using base = indexed<node, A, I, Axis, Grad>;
    static constexpr std::size_t rank = shape_t<node>::rank(), index_rank = shape_t<I>::rank();
    static constexpr bool along_last = Axis + 1 == base::operand_rank;

    using base::base;
    constexpr void forward() { this->forward_for("index_select"); }
    template <std::size_t R>
    TENON_INLINE constexpr auto row(position<R> const& outer) {
        auto const strides = this->dense_.strides();
        auto const n = this->offsets_.shape();
        std::ptrdiff_t place = 0;
        std::size_t index = 0;
        for (std::size_t a = 0; a < Axis; ++a) place += static_cast<std::ptrdiff_t>(outer.at[a]) * strides[a];
        for (std::size_t a = 0; a < index_rank; ++a)
            index = index * n[a] + (Axis + a + 1 < rank ? outer.at[Axis + a] : 0);
        if constexpr (along_last) return this->row_at(place, this->offsets_.data() + index, 0);
        else {
            for (std::size_t a = Axis + index_rank; a + 1 < rank; ++a)
                place += static_cast<std::ptrdiff_t>(outer.at[a]) * strides[a + 1 - index_rank];
            place += this->offsets_.data()[index];
            constexpr std::size_t last = base::operand_rank - 1;
            constexpr std::ptrdiff_t step = decltype(this->dense_)::static_strides[last];
            memory_row<value_t<A>, step, base::differentiable> r{this->dense_.data() + place, {}, {}};
            if constexpr (step == run_time_stride) r.step = strides[last];
            if constexpr (base::differentiable) r.gradients = this->dense_.gradient() + place;
            return r;
        }
    }
};

template <std::size_t Axis, class A, class I, bool Grad>
struct tape<gather_node<Axis, A, I>, Grad> : indexed<gather_node<Axis, A, I>, A, I, Axis, Grad> {
    using node = gather_node<Axis, A, I>;
    using base = indexed<node, A, I, Axis, Grad>;
    static constexpr std::size_t rank = shape_t<node>::rank();

    using base::base;
    constexpr void forward() { this->forward_for("gather"); }
    template <std::size_t R>
    TENON_INLINE constexpr auto row(position<R> const& outer) {
        auto const strides = this->dense_.strides();
        auto const n = this->offsets_.shape();
        std::ptrdiff_t place = 0;
        std::size_t index = 0;
        for (std::size_t a = 0; a < rank; ++a) {
            std::size_t const at = a + 1 < rank ? outer.at[a] : 0;
            index = index * n[a] + at;
            if (a != Axis) place += static_cast<std::ptrdiff_t>(at) * strides[a];
        }
        return this->row_at(place, this->offsets_.data() + index, Axis + 1 == rank ? 0 : strides[rank - 1]);
    }
};

}  // namespace tenon::inline TENON_TARGET::eval
