// Computations on whole arrays on the processor.
#pragma once

#include <cstddef>
#include <utility>

#include <tenon/eval/cpu/view.hpp>
#include <tenon/expr/array.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// An operand's tape and its values in row-major memory.
template <class Node, bool Grad>
struct array_operand {
    tape<Node, Grad> inner;
    dense<tape<Node, Grad>, true> values;
    explicit constexpr array_operand(Node const& n) : inner(n), values(inner) {}
    array_operand(array_operand const&) = delete;

    auto array() const { return array_of<value_t<Node> const, shape_t<Node>>{values.data(), inner.shape()}; }
    /// The gradient, which is added to; null where none is wanted.
    auto gradient() {
        array_of<value_t<Node>, shape_t<Node>> g{nullptr, inner.shape()};
        if constexpr (tape<Node, Grad>::differentiable) g.data = values.gradient();
        return g;
    }
};

template <class Rule, class... A, bool Grad>
struct tape<array_node<Rule, A...>, Grad>
    : in_memory<tape<array_node<Rule, A...>, Grad>, typename Rule::value_type, typename Rule::shape_type,
                (tape<A, Grad && differentiates<array_node<Rule, A...>, A>>::differentiable || ...)> {
    using node = array_node<Rule, A...>;
    using T = typename Rule::value_type;
    using Shape = typename Rule::shape_type;
    static constexpr bool differentiable = tape::in_memory::differentiable;

    explicit constexpr tape(node const& n) : node_(&n), operands_(n.operands()) {}
    tape(tape const&) = delete;
    constexpr auto shape() const { return node_->shape(); }
    TENON_INLINE constexpr T const* data() const { return values_.data(); }
    TENON_INLINE constexpr T* gradient() { return gradients_.data(); }
    constexpr bool overlaps(void const*, void const*, bool) const { return false; }

    void forward() {
        each([](auto& o) { o.values.forward(); });
        std::size_t const n = shape().size();
        values_.reserve(n);
        if (n != 0)
            with_operands(
                [&](auto&... o) { node_->rule.forward(array_of<T, Shape>{values_.data(), shape()}, o.array()...); });
        if constexpr (differentiable) gradients_.reserve_zeros(n);
    }
    void finish() {
        if constexpr (differentiable) {
            if (shape().size() != 0)
                with_operands([&](auto&... o) {
                    node_->rule.backward(array_of<T const, Shape>{values_.data(), shape()},
                                         array_of<T const, Shape>{gradients_.data(), shape()}, o.array()...,
                                         o.gradient()...);
                });
            each([](auto& o) { o.values.finish(); });
        }
    }

private:
    template <class I>
    struct operands;
    template <std::size_t I, class B>
    struct operand_at : array_operand<B, Grad && differentiates<node, B>> {
        using array_operand<B, Grad && differentiates<node, B>>::array_operand;
    };
    template <std::size_t... I>
    struct operands<std::index_sequence<I...>> : operand_at<I, A>... {
        explicit constexpr operands(tuple<A...> const& a) : operand_at<I, A>(get<I>(a))... {}
    };
    using operands_type = operands<std::index_sequence_for<A...>>;

    template <class F>
    void with_operands(F const& f) {
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            f(static_cast<operand_at<I, A>&>(operands_)...);
        }(std::index_sequence_for<A...>{});
    }
    template <class F>
    void each(F const& f) {
        with_operands([&](auto&... o) { (f(o), ...); });
    }

    node const* node_;
    operands_type operands_;
    buffer<T, static_size<Shape>> values_;
    buffer<T, differentiable ? static_size<Shape> : 0> gradients_;
};

template <class Shape, class A, bool Grad>
struct tape<part_node<Shape, A>, Grad> : packed_view<part_node<Shape, A>, A, Grad> {
    using packed_view<part_node<Shape, A>, A, Grad>::packed_view;
};

}  // namespace tenon::inline TENON_TARGET::eval
