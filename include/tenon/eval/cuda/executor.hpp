// How the device runs a computation: a tape is made for it, as on the processor, and launches its kernels.
#pragma once

#include <string>
#include <type_traits>
#include <utility>

#include <tenon/core/evaluate.hpp>
#include <tenon/eval/common/view.hpp>
#include <tenon/eval/cuda/argmax.hpp>
#include <tenon/eval/cuda/array.hpp>
#include <tenon/eval/cuda/batch_norm.hpp>
#include <tenon/eval/cuda/concat.hpp>
#include <tenon/eval/cuda/cross_entropy.hpp>
#include <tenon/eval/cuda/elementwise.hpp>
#include <tenon/eval/cuda/generated.hpp>
#include <tenon/eval/cuda/index.hpp>
#include <tenon/eval/cuda/let.hpp>
#include <tenon/eval/cuda/matmul.hpp>
#include <tenon/eval/cuda/pool.hpp>
#include <tenon/eval/cuda/reduce.hpp>
#include <tenon/eval/cuda/rows.hpp>
#include <tenon/eval/cuda/tensor.hpp>

namespace tenon::inline TENON_TARGET {

class execution_plan;

/// Runs computations on the device.
template <>
struct executor<cuda::device> {
    template <class Tensor, class Node, class Then = nothing_more>
    static auto evaluate_into(Tensor& to, Node const& n, Then const& then = {}) {
        auto const node = as_node(n);
        eval::device_tape<std::remove_const_t<decltype(node)>, false> t(node);
        eval::run_into(t, to.device_data());
        return then();
    }

    template <class Tensor, class Node>
    static void assign_to(Tensor& to, Node const& n) {
        auto const s = assignable_shape<Tensor>(n);
        auto const node = as_node(n);
        eval::device_tape<std::remove_const_t<decltype(node)>, false> t(node);
        if constexpr (eval::writes_to<decltype(t), value_t<Tensor>>)
            if (s == to.shape() && !t.aliases(to.device_data(), to.device_data() + to.size())) {
                t.write_to(to.device_data());
                t.forward();
                return;
            }
        t.forward();
        if (!(s == to.shape()) || t.overlaps(to.device_data(), to.device_data() + to.size(), true)) {
            Tensor second(uninitialized, s);
            eval::evaluate_on_device(t, second.device_data());
            to = std::move(second);
        } else eval::evaluate_on_device(t, to.device_data());
    }

    template <class Node>
    static constexpr bool writes_view = eval::lies_in_memory<eval::device_tape, Node>;
    /// Defined in eval/cuda/assign_view.hpp.
    template <class View, class Node>
    static void assign_view(View const& view, Node const& n);

    /// The value comes to the host.
    template <class Node>
    static value_t<Node> value(Node const& node) {
        using T = value_t<Node>;
        auto& here = cuda::context::local();
        here.refuse_capture("item");
        eval::device_tape<Node, false> t(node);
        t.forward();
        cuda::buffer<T> one;
        T const* from = nullptr;
        if constexpr (eval::device_tape<Node, false>::is_addressable) from = t.device_data();
        else {
            one.reserve(1);
            eval::evaluate_on_device(t, one.data());
            from = one.data();
        }
        T* const to = static_cast<T*>(here.landing());
        cuda::check(cudaMemcpyAsync(to, from, sizeof(T), cudaMemcpyDeviceToHost, here.stream()), "cudaMemcpyAsync",
                    [] { return std::string("one element to the host"); });
        here.synchronize();
        return *to;
    }

    template <class Node>
    static constexpr bool reaches_variable = eval::device_tape<Node, true>::differentiable;
    /// The value stays on the device until it is asked for.
    template <class Node>
    static cuda::tensor<value_t<Node>> backward(Node const& node) {
        using T = value_t<Node>;
        cuda::tensor<T> value(uninitialized);
        eval::device_tape<Node, true> t(node);
        if constexpr (requires { t.root(value.device_data()); }) {
            t.root(value.device_data());
            t.forward();
            t.finish();
        } else {
            t.forward();
            eval::gradient_list list;
            t.template prepare<eval::pass::backward>(list);
            auto const r = t.template reader<1, eval::pass::backward>(&list);
            cuda::launch("backward_from_root", &kernels::backward_from_root<std::remove_const_t<decltype(r)>, T>,
                         dim3(1), dim3(kernels::warp_size), r, value.device_data());
            t.finish();
        }
        return value;
    }

    /// Defined in eval/cuda/plan.hpp.
    template <class Node>
    static execution_plan plan(Node const& node);
    template <class Node>
    static execution_plan plan_backward(Node const& node);
};

}  // namespace tenon::inline TENON_TARGET
