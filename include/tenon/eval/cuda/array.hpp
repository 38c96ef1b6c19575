// Computations on whole arrays on the device: by the rule's form for it, or else by the rule itself on the host's copies.
#pragma once

#include <array>
#include <cstddef>
#include <type_traits>
#include <utility>

#include <tenon/core/workspace.hpp>
#include <tenon/eval/cuda/result.hpp>
#include <tenon/eval/cuda/view.hpp>
#include <tenon/expr/array.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// How the device runs a rule of an `array_node` in its own memory: a specialisation has
/// - `exists`, which is true;
/// - `launches(rule, shape₁, …)`, for plans: launches and calls of libraries; where backward takes others, `gradient_launches`;
/// - `forward(rule, y, a₁, …)` and, where the rule has it, `backward(rule, y, g, a₁, …, ga₁, …)`, with `array_of` device memory in
///   place of the host's, in the order of the thread's stream. The operands' gradients are zeros before.
///
/// Without one the rule runs on the host: its operands are copied there, and what it computes is copied back.
template <class Rule>
struct device_form {
    static constexpr bool exists = false;
};

/// An operand's tape, its values in row-major memory of the device, and where the rule runs on the host, the copies there.
template <class Node, bool Grad, bool OnHost>
struct array_operand_on_device {
    using inner_tape = device_tape<Node, Grad>;
    using T = value_t<Node>;
    static constexpr bool differentiable = inner_tape::differentiable;

    explicit array_operand_on_device(Node const& n) : inner_(n), values_(inner_) {}
    array_operand_on_device(array_operand_on_device const&) = delete;

    void forward() {
        inner_.forward();
        values_.forward();
        if constexpr (OnHost) {
            std::size_t const n = inner_.shape().size();
            copy_.reserve(n);
            cuda::download(values_.data(), copy_.data(), n);
        }
    }
    bool overlaps(void const* begin, void const* end, bool aligned) { return inner_.overlaps(begin, end, aligned); }
    auto array() const {
        array_of<T const, shape_t<Node>> a{nullptr, inner_.shape()};
        if constexpr (OnHost) a.data = copy_.data();
        else a.data = values_.data();
        return a;
    }
    /// Zeros for the gradient; null where none is wanted.
    auto gradient() {
        array_of<T, shape_t<Node>> g{nullptr, inner_.shape()};
        if constexpr (differentiable) {
            std::size_t const n = inner_.shape().size();
            if constexpr (OnHost) {
                gradient_copy_.reserve_zeros(n);
                g.data = gradient_copy_.data();
            } else g.data = zeroed(n);
        }
        return g;
    }
    /// Sends on what is in that memory now.
    void finish() {
        if constexpr (differentiable) {
            std::size_t const n = inner_.shape().size();
            if constexpr (OnHost) {
                if constexpr (in_place) gradients_.reserve(n);
                cuda::upload(gradient_copy_.data(), in_place ? gradients_.data() : values_.gradient(), n);
            }
            // A copy's gradient goes on by the copy's own launch.
            if constexpr (in_place) backward_on_device(inner_, memory_seed<T>{gradients_.data()});
            if constexpr (in_place) inner_.finish();
            else values_.finish();
        }
    }
    template <class Plan>
    static void describe(Node const& n, Plan& p) {
        p.template takes<dense>(n);
    }
    /// The launches that sending its gradient on takes, besides the copy's own.
    static constexpr std::size_t gradient_launches = differentiable && dense_on_device<inner_tape, true>::in_place;

private:
    using dense = dense_on_device<inner_tape, true>;
    static constexpr bool in_place = dense::in_place;

    T* zeroed(std::size_t n) {
        if constexpr (in_place) {
            gradients_.fill_with_zeros(n);
            return gradients_.data();
        } else return values_.zeroed_gradient();
    }

    inner_tape inner_;
    dense values_;
    cuda::buffer_where<T, differentiable && in_place> gradients_;
    [[no_unique_address]] buffer<T, OnHost ? dyn : 0> copy_;
    [[no_unique_address]] buffer<T, OnHost && differentiable ? dyn : 0> gradient_copy_;
};

template <class Rule, class... A, bool Grad>
struct device_tape<array_node<Rule, A...>, Grad>
    : result_on_device<device_tape<array_node<Rule, A...>, Grad>, typename Rule::value_type, typename Rule::shape_type,
                       (device_tape<A, Grad && differentiates<array_node<Rule, A...>, A>>::differentiable || ...)> {
    using node = array_node<Rule, A...>;
    using T = typename Rule::value_type;
    using Shape = typename Rule::shape_type;
    using form = device_form<Rule>;
    static constexpr bool differentiable = device_tape::result_on_device::differentiable;
    static constexpr bool on_host = !form::exists;

    explicit device_tape(node const& n) : node_(&n), operands_(n.operands()) {}
    device_tape(device_tape const&) = delete;
    auto shape() const { return node_->shape(); }
    /// On the host the operands have been copied before the first element is written.
    bool aliases(void const* begin, void const* end) { return !on_host && operands_.overlaps(begin, end, false); }

    void forward() {
        if constexpr (on_host) cuda::context::local().refuse_capture(Rule::name);
        operands_.forward();
        this->make_room();
        std::size_t const n = shape().size();
        if (n == 0) return;
        if constexpr (on_host) {
            values_.reserve(n);
            with_operands(
                [&](auto&... o) { node_->rule.forward(array_of<T, Shape>{values_.data(), shape()}, o.array()...); });
            cuda::upload(values_.data(), this->device_data(), n);
        } else
            with_operands([&](auto&... o) {
                form::forward(node_->rule, array_of<T, Shape>{this->device_data(), shape()}, o.array()...);
            });
    }
    void finish() {
        if constexpr (differentiable) {
            std::size_t const n = shape().size();
            with_operands([&](auto&... o) {
                [&](auto const&... gradients) {
                    if (n == 0) return;
                    if constexpr (on_host) {
                        buffer<T, dyn> g;
                        g.reserve(n);
                        cuda::download(this->device_gradient(), g.data(), n);
                        node_->rule.backward(array_of<T const, Shape>{values_.data(), shape()},
                                             array_of<T const, Shape>{g.data(), shape()}, o.array()..., gradients...);
                    } else
                        form::backward(node_->rule, array_of<T const, Shape>{this->device_data(), shape()},
                                       array_of<T const, Shape>{this->device_gradient(), shape()}, o.array()...,
                                       gradients...);
                }(o.gradient()...);
            });
            operands_.finish();
        }
    }
    template <class Plan>
    static void describe(node const& n, Plan& p) {
        auto facts = p.facts_of(n);
        facts.on_host = on_host;
        auto const [forward, back] = launches(n, std::index_sequence_for<A...>{});
        facts.launches = forward;
        facts.gradient_launches = {back + (operand<A>::gradient_launches + ...)};
        p.template kernel<device_tape>(n, facts, [&] { describe_operands(n, p, std::index_sequence_for<A...>{}); });
    }

private:
    template <class B>
    using operand = array_operand_on_device<B, Grad && differentiates<node, B>, on_host>;

    template <std::size_t... I>
    static std::array<std::size_t, 2> launches(node const& n, std::index_sequence<I...>) {
        if constexpr (on_host) return {0, 0};
        else {
            std::size_t const forward = form::launches(n.rule, tenon::get<I>(n.operands()).shape()...);
            if constexpr (requires { form::gradient_launches(n.rule, tenon::get<I>(n.operands()).shape()...); })
                return {forward, form::gradient_launches(n.rule, tenon::get<I>(n.operands()).shape()...)};
            else return {forward, forward};
        }
    }
    template <class Plan, std::size_t... I>
    static void describe_operands(node const& n, Plan& p, std::index_sequence<I...>) {
        (operand<A>::describe(tenon::get<I>(n.operands()), p), ...);
    }
    template <class F>
    void with_operands(F const& f) {
        [&]<std::size_t... I>(std::index_sequence<I...>) { f(get<I>(operands_)...); }(std::index_sequence_for<A...>{});
    }

    node const* node_;
    tapes<operand<A>...> operands_;
    [[no_unique_address]] buffer<T, on_host ? dyn : 0> values_;
};

template <class Shape, class A, bool Grad>
struct device_tape<part_node<Shape, A>, Grad> : reshaped_tape<part_node<Shape, A>, device_tape<A, Grad>, Grad> {
    using reshaped_tape<part_node<Shape, A>, device_tape<A, Grad>, Grad>::reshaped_tape;
};

}  // namespace tenon::inline TENON_TARGET::eval
