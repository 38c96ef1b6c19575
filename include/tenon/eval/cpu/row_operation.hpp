// What softmax and normalisation have in common: results that are made along rows, in memory or when a row is read.
#pragma once

#include <tenon/eval/cpu/reduce.hpp>

namespace tenon::inline TENON_TARGET::eval {

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

/// The base of a tape whose node works on the rows of its operand. `Self` has `compute_row(k, outer, room, to, out)`, which computes
/// row number k, at position `outer`, through `out` into `to`; `room` is as large as a row, and may be the same memory.
/// @tparam RowByRow whether each row of the result depends on its own row of the operand alone
template <class Self, class A, bool Grad, bool RowByRow>
struct row_operation : in_memory<Self, value_t<A>, shape_t<A>, tape<A, Grad>::differentiable> {
    using T = value_t<A>;
    using Shape = shape_t<A>;
    using operand = tape<A, Grad>;
    static constexpr bool differentiable = operand::differentiable;
    /// Whether rows may be computed when they are read.
    static constexpr bool on_demand = RowByRow && !differentiable && pays_by_rows<T, Shape>;
    template <class Region>
    static constexpr bool is_flat = !on_demand && std::is_same_v<Region, Shape>;

    template <class Node>
    explicit constexpr row_operation(Node const& n) : operand_(n.operand) {}
    row_operation(row_operation const&) = delete;
    constexpr auto shape() const { return operand_.shape(); }
    TENON_INLINE constexpr T const* data() const { return values_.data(); }
    TENON_INLINE constexpr T* gradient() { return gradients_.data(); }
    constexpr bool overlaps(void const* begin, void const* end, bool aligned) const {
        return on_demand && operand_.overlaps(begin, end, aligned);
    }

    /// The result may be computed where it is wanted: every element is read before its place is written.
    constexpr void write_to(T* p) { values_.borrow(p, shape().size()); }
    constexpr bool reads(void const* begin, void const* end) const { return operand_.overlaps(begin, end, true); }

    constexpr void forward_by_rows()
        requires on_demand
    {
        eval::forward_by_rows(operand_);
        values_.reserve(row_length(shape()));
        by_rows_ = true;
    }
    constexpr bool computes_rows() const { return by_rows_; }
    template <std::size_t R>
    TENON_INLINE constexpr auto row(position<R> const& outer) {
        if constexpr (on_demand)
            if (by_rows_) {
                self().compute_row(row_number(shape(), outer), outer, values_.data(), values_.data(),
                                   destination<T, 0>());
                return memory_row<T, 1, false>{values_.data(), {}, {}};
            }
        return row_in_memory(self(), outer);
    }
    template <class Node>
    static constexpr std::size_t kept_by_rows(Node const& n)
        requires on_demand
    {
        return row_length(n.shape());
    }

protected:
    /// The whole result. Row by row, so that each stays in the L1 cache from its operand to its result.
    constexpr void forward_rows() {
        if constexpr (differentiable) operand_.forward();
        else eval::forward_by_rows(operand_);
        auto const s = shape();
        std::size_t const length = row_length(s);
        if (length == 0) return;
        destination<T, static_size<Shape>> const out(values_.data(), s.size(), length);
        std::size_t const worth = eval::computes_rows(operand_) ? 1 : s.size() / elements_for_thread;
        for_each_part_of_rows(s, worth, [&](std::size_t first, auto const& each) TENON_LAMBDA_INLINE {
            // A result that passes the caches by is written once.
            buffer<T, dyn> room;
            if (out.streams()) room.reserve(length);
            std::size_t k = first;
            each([&](auto const& outer) TENON_LAMBDA_INLINE {
                T* const to = values_.data() + k * length;
                self().compute_row(k++, outer, out.streams() ? room.data() : to, to, out);
            });
            out.close();
        });
    }
    /// Says of `forward_rows` what it asks the workspace for.
    template <class Plan>
    static void describe_room(Shape const& s, Plan& p) {
        if (RowByRow && !p.by_rows() && destination<T, static_size<Shape>>::fits(s.size(), row_length(s)))
            p.template scratch<buffer<T, dyn>>(row_length(s));
    }
    constexpr void zero_gradients() {
        if constexpr (differentiable) {
            std::size_t const n = shape().size();
            gradients_.reserve(n);
            for (std::size_t i = 0; i != n; ++i) gradients_.data()[i] = T(0);
        }
    }

    operand operand_;
    bool by_rows_ = false;
    buffer<T, static_size<Shape>> values_;
    buffer<T, differentiable ? static_size<Shape> : 0> gradients_;

private:
    constexpr Self& self() { return static_cast<Self&>(*this); }
};

}  // namespace tenon::inline TENON_TARGET::eval
