// Named nodes on the device: the first consumer evaluates, the last one to send its gradient passes it on.
#pragma once

#include <optional>

#include <tenon/eval/cuda/leaf.hpp>
#include <tenon/eval/cuda/result.hpp>
#include <tenon/eval/cuda/tensor.hpp>
#include <tenon/expr/let.hpp>

namespace tenon::inline TENON_TARGET::eval {

template <class Node>
    requires(!std::is_same_v<device_of_t<Node>, cpu>)
struct let_state<Node> {
    using T = value_t<Node>;
    template <bool Grad>
    struct pass_state {
        std::optional<device_tape<Node, Grad>> inner;
        std::size_t consumers = 0;
        std::size_t finished = 0;
        bool evaluated = false;
    };
    pass_state<true> with_gradient;
    pass_state<false> without_gradient;
    cuda::buffer<T> values, gradients;

    template <bool Grad>
    auto& get() {
        if constexpr (Grad) return with_gradient;
        else return without_gradient;
    }
    auto value(Node const& n) const { return copy(n, values); }
    auto grad(Node const& n) const { return copy(n, gradients); }

private:
    static auto copy(Node const& n, cuda::buffer<T> const& from) {
        cuda::tensor_of_t<T, shape_t<Node>> t(n.shape());
        if (from.size() == t.size()) cuda::copy_elements(from.data(), t.device_data(), t.size());
        return t;
    }
};

template <class Node, bool Grad>
struct device_tape<let_node<Node>, Grad>
    : in_device_memory<device_tape<let_node<Node>, Grad>, value_t<Node>, shape_t<Node>,
                       device_tape<Node, Grad>::differentiable, true> {
    using T = value_t<Node>;
    static constexpr bool differentiable = device_tape<Node, Grad>::differentiable;

    explicit device_tape(let_node<Node> const& n) : handle_(&n) {
        auto& p = state();
        if (p.consumers++ == 0) {
            p.inner.emplace(n.node());
            p.evaluated = false;
            p.finished = 0;
        }
    }
    device_tape(device_tape const&) = delete;
    ~device_tape() {
        auto& p = state();
        if (--p.consumers == 0) p.inner.reset();
    }
    auto shape() const { return handle_->shape(); }
    T const* device_data() const { return handle_->state().values.data(); }
    T* device_gradient() const { return handle_->state().gradients.data(); }
    bool overlaps(void const*, void const*, bool) const { return false; }

    void forward() {
        auto& p = state();
        if (std::exchange(p.evaluated, true)) return;
        auto& s = handle_->state();
        s.values.reserve(shape().size());
        run_into(*p.inner, s.values.data());
        if constexpr (differentiable) {
            s.gradients.reserve(shape().size());
            s.gradients.clear();
        }
    }
    void finish() {
        if constexpr (differentiable) {
            auto& p = state();
            if (++p.finished != p.consumers) return;
            backward_on_device(*p.inner, memory_seed<T>{handle_->state().gradients.data()});
            p.inner->finish();
        }
    }
    template <class Plan>
    static void describe(let_node<Node> const& n, Plan& p) {
        p.template stores<device_tape<Node, Grad>>(n.node(), &n.state());
    }

private:
    auto& state() const { return handle_->state().template get<Grad>(); }
    let_node<Node> const* handle_;
};

}  // namespace tenon::inline TENON_TARGET::eval
