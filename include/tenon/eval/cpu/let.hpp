// Named nodes on the processor: values and gradients in the node's block; rows may be computed when the first consumer reads them.
#pragma once

#include <tenon/core/tensor.hpp>
#include <tenon/eval/common/let.hpp>
#include <tenon/eval/cpu/leaf.hpp>

namespace tenon::inline TENON_TARGET::eval {

template <class Node>
    requires std::is_same_v<device_of_t<Node>, cpu>
struct let_state<Node> : shared_evaluations<tape, Node> {
    using T = value_t<Node>;
    using Shape = shape_t<Node>;
    buffer<T, static_size<Shape>> values, gradients;
    bool has_values = false, has_gradients = false;
    std::size_t missing_rows = 0;  ///< those that are computed when they are read

    constexpr tensor_of_t<T, Shape> value(Node const& n) const { return copy(n, values, has_values); }
    constexpr tensor_of_t<T, Shape> grad(Node const& n) const { return copy(n, gradients, has_gradients); }

private:
    static constexpr tensor_of_t<T, Shape> copy(Node const& n, buffer<T, static_size<Shape>> const& from, bool filled) {
        tensor_of_t<T, Shape> t(n.shape());
        if (filled)
            for (std::size_t i = 0; i != t.size(); ++i) t.data()[i] = from.data()[i];
        return t;
    }
};

template <class Node, bool Grad>
struct tape<let_node<Node>, Grad>
    : in_memory<tape<let_node<Node>, Grad>, value_t<Node>, shape_t<Node>, tape<Node, Grad>::differentiable>,
      let_consumer<tape, Node, Grad> {
    using T = value_t<Node>;
    using inner = tape<Node, Grad>;
    using consumer = let_consumer<tenon::eval::tape, Node, Grad>;
    using consumer::describe;
    using consumer::shape;
    static constexpr bool differentiable = inner::differentiable;
    /// Whether rows may be computed when they are read.
    static constexpr bool on_demand = !differentiable && forwards_by_rows<inner>;
    template <class Region>
    static constexpr bool is_flat = !on_demand && std::is_same_v<Region, shape_t<Node>>;

    explicit constexpr tape(let_node<Node> const& n) : consumer(n) {
        if (on_demand && evaluation().consumers == 1) state().missing_rows = 0;
    }
    TENON_INLINE constexpr T const* data() const { return state().values.data(); }
    TENON_INLINE constexpr T* gradient() const { return state().gradients.data(); }
    constexpr bool overlaps(void const* begin, void const* end, bool aligned) const {
        return on_demand && evaluation().tape().overlaps(begin, end, aligned);
    }

    constexpr void forward() {
        auto& s = state();
        auto& e = evaluation();
        if (!e.is_first() && !(on_demand && s.missing_rows != 0)) return;
        s.missing_rows = 0;
        if constexpr (differentiable) e.tape().forward();
        else eval::forward_by_rows(e.tape());
        std::size_t const n = shape().size();
        s.values.reserve(n);
        evaluate_region(e.tape(), s.values.data(), shape());
        s.has_values = true;
        if constexpr (differentiable) {
            s.gradients.reserve_zeros(n);
            s.has_gradients = true;
        }
    }
    /// Rows are kept, so that each is computed once. Who calls forward() before all are there completes them.
    constexpr void forward_by_rows()
        requires on_demand
    {
        auto& e = evaluation();
        if (!e.is_first()) return;
        e.tape().forward_by_rows();
        auto& s = state();
        s.values.reserve(shape().size());
        s.has_values = true;
        s.missing_rows = row_length(shape()) == 0 ? 0 : shape().size() / row_length(shape());
    }
    constexpr bool computes_rows() const { return state().missing_rows != 0; }
    template <std::size_t R>
    TENON_INLINE constexpr auto row(position<R> const& outer) {
        if constexpr (on_demand)
            if (auto& missing = state().missing_rows; missing != 0) {
                auto const s = shape();
                std::size_t const length = row_length(s), rows = s.size() / length, k = row_number(s, outer);
                if (k == rows - missing) {
                    T* const to = state().values.data() + k * length;
                    auto r = evaluation().tape().row(outer);
                    for_each_pack_of<inner>(length, [&](auto N, std::size_t j) TENON_LAMBDA_INLINE {
                        element::store_lanes(to + j, math::convert<T>(r.template load<N>(j).value));
                    });
                    --missing;
                }
            }
        return row_in_memory(*this, outer);
    }
    constexpr void finish() {
        if constexpr (differentiable) {
            auto& e = evaluation();
            if (!e.is_last()) return;
            auto const& s = std::as_const(state());
            backward_from_memory(e.tape(), s.gradients.data(), s.values.data());
            e.tape().finish();
        }
    }

private:
    using consumer::evaluation;
    using consumer::state;
};

}  // namespace tenon::inline TENON_TARGET::eval
