// Named nodes on the device: values and gradients in the node's block.
#pragma once

#include <tenon/eval/common/let.hpp>
#include <tenon/eval/cuda/leaf.hpp>
#include <tenon/eval/cuda/result.hpp>
#include <tenon/eval/cuda/tensor.hpp>

namespace tenon::inline TENON_TARGET::eval {

template <class Node>
    requires std::is_same_v<device_of_t<Node>, cuda::device>
struct let_state<Node> : shared_evaluations<device_tape, Node> {
    using T = value_t<Node>;
    cuda::buffer<T> values, gradients;

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
                       device_tape<Node, Grad>::differentiable, true>,
      let_consumer<device_tape, Node, Grad> {
    using T = value_t<Node>;
    using consumer = let_consumer<tenon::eval::device_tape, Node, Grad>;
    using consumer::describe;
    using consumer::shape;
    static constexpr bool differentiable = device_tape<Node, Grad>::differentiable;

    explicit device_tape(let_node<Node> const& n) : consumer(n) {}
    T const* device_data() const { return state().values.data(); }
    T* device_gradient() const { return state().gradients.data(); }
    bool overlaps(void const*, void const*, bool) const { return false; }

    void forward() {
        if (!evaluation().is_first()) return;
        auto& s = state();
        s.values.reserve(shape().size());
        run_into(evaluation().tape(), s.values.data());
        if constexpr (differentiable) {
            s.gradients.reserve(shape().size());
            s.gradients.clear();
        }
    }
    void finish() {
        if constexpr (differentiable) {
            if (!evaluation().is_last()) return;
            backward_on_device(evaluation().tape(), memory_seed<T>{state().gradients.data()});
            evaluation().tape().finish();
        }
    }

private:
    using consumer::evaluation;
    using consumer::state;
};

}  // namespace tenon::inline TENON_TARGET::eval
