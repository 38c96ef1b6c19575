// Named nodes on the processor: the first consumer evaluates, the last one to send its gradient passes it on.
#pragma once

#include <optional>

#include <tenon/core/tensor.hpp>
#include <tenon/eval/cpu/leaf.hpp>
#include <tenon/expr/let.hpp>

namespace tenon::inline TENON_TARGET::eval {

template <class Node>
struct let_state {
    using T = value_t<Node>;
    using Shape = shape_t<Node>;
    /// An evaluation in progress, with or without gradients. It ends with its last consumer.
    template <bool Grad>
    struct pass {
        std::optional<tape<Node, Grad>> inner;
        std::size_t consumers = 0;
        std::size_t finished = 0;
        bool evaluated = false;
        std::size_t missing_rows = 0;  ///< those that are computed when they are read
    };
    pass<true> with_gradient;
    pass<false> without_gradient;
    buffer<T, static_size<Shape>> values, gradients;
    bool has_values = false, has_gradients = false;

    template <bool Grad>
    constexpr auto& get() {
        if constexpr (Grad) return with_gradient;
        else return without_gradient;
    }
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
    : in_memory<tape<let_node<Node>, Grad>, value_t<Node>, shape_t<Node>, tape<Node, Grad>::differentiable> {
    using T = value_t<Node>;
    using inner = tape<Node, Grad>;
    static constexpr bool differentiable = inner::differentiable;
    /// Whether rows may be computed when they are read.
    static constexpr bool on_demand = !differentiable && forwards_by_rows<inner>;
    template <class Region>
    static constexpr bool is_flat = !on_demand && std::is_same_v<Region, shape_t<Node>>;

    explicit constexpr tape(let_node<Node> const& n) : handle_(&n) {
        auto& p = pass();
        if (p.consumers++ == 0) {
            p.inner.emplace(n.node());
            p.evaluated = false;
            p.missing_rows = 0;
            p.finished = 0;
        }
    }
    tape(tape const&) = delete;
    constexpr ~tape() {
        auto& p = pass();
        if (--p.consumers == 0) p.inner.reset();
    }
    constexpr auto shape() const { return handle_->shape(); }
    TENON_INLINE constexpr T const* data() const { return handle_->state().values.data(); }
    TENON_INLINE constexpr T* gradient() const { return handle_->state().gradients.data(); }
    constexpr bool overlaps(void const* begin, void const* end, bool aligned) const {
        return on_demand && pass().inner->overlaps(begin, end, aligned);
    }

    constexpr void forward() {
        auto& p = pass();
        if (std::exchange(p.evaluated, true) && p.missing_rows == 0) return;
        auto& s = handle_->state();
        p.missing_rows = 0;
        if constexpr (differentiable) p.inner->forward();
        else eval::forward_by_rows(*p.inner);
        std::size_t const n = shape().size();
        s.values.reserve(n);
        evaluate_region(*p.inner, s.values.data(), shape());
        s.has_values = true;
        if constexpr (differentiable) {
            s.gradients.reserve(n);
            for (std::size_t i = 0; i != n; ++i) s.gradients.data()[i] = T(0);
            s.has_gradients = true;
        }
    }
    /// Rows are kept, so that each is computed once. Who calls forward() before all are there completes them.
    constexpr void forward_by_rows()
        requires on_demand
    {
        auto& p = pass();
        if (std::exchange(p.evaluated, true)) return;
        p.inner->forward_by_rows();
        auto& s = handle_->state();
        s.values.reserve(shape().size());
        s.has_values = true;
        p.missing_rows = row_length(shape()) == 0 ? 0 : shape().size() / row_length(shape());
    }
    constexpr bool computes_rows() const { return pass().missing_rows != 0; }
    template <std::size_t R>
    TENON_INLINE constexpr auto row(position<R> const& outer) {
        if constexpr (on_demand) {
            auto& p = pass();
            if (p.missing_rows != 0) {
                auto const s = shape();
                std::size_t const length = row_length(s), rows = s.size() / length, k = row_number(s, outer);
                if (k == rows - p.missing_rows) {
                    T* const to = handle_->state().values.data() + k * length;
                    auto r = p.inner->row(outer);
                    for_each_pack<lanes_for<inner>, inner_extent<shape_t<Node>>>(
                        length, [&](auto N, std::size_t j) TENON_LAMBDA_INLINE {
                            element::store_lanes(to + j, math::convert<T>(r.template load<N>(j).value));
                        });
                    --p.missing_rows;
                }
            }
        }
        return row_in_memory(*this, outer);
    }
    constexpr void finish() {
        if constexpr (differentiable) {
            auto& p = pass();
            if (++p.finished != p.consumers) return;
            auto const& s = std::as_const(handle_->state());
            backward_from_memory(*p.inner, s.gradients.data(), s.values.data());
            p.inner->finish();
        }
    }
    template <class Plan>
    static void describe(let_node<Node> const& n, Plan& p) {
        p.template stores<inner>(n.node(), &n.state());
    }

private:
    constexpr auto& pass() const { return handle_->state().template get<Grad>(); }
    let_node<Node> const* handle_;
};

}  // namespace tenon::inline TENON_TARGET::eval
