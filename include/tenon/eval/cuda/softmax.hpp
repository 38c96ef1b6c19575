// softmax on the device: one launch forward, one back that goes on into the operand's region.
#pragma once

#include <tenon/eval/cuda/result.hpp>
#include <tenon/eval/cuda/vectors.hpp>
#include <tenon/expr/softmax.hpp>
#include <tenon/kernels/softmax.hpp>

namespace tenon::inline TENON_TARGET::eval {

template <bool Log, std::size_t Axis, class A, bool Grad>
struct device_tape<softmax_node<Log, Axis, A>, Grad>
    : result_on_device<device_tape<softmax_node<Log, Axis, A>, Grad>, value_t<A>, shape_t<A>,
                       device_tape<A, Grad>::differentiable> {
    using T = value_t<A>;
    using Shape = shape_t<A>;
    using operand = device_tape<A, Grad>;
    using vectors = axis_vectors<Axis, Shape>;
    using index = typename vectors::index;
    static constexpr std::size_t width = width_along<operand, T, vectors>;
    static constexpr bool differentiable = operand::differentiable;

    explicit device_tape(softmax_node<Log, Axis, A> const& n) : operand_(n.operand) {}
    auto shape() const { return operand_.shape(); }
    bool reads(void const* begin, void const* end) { return operand_.overlaps(begin, end, false); }

    void forward() {
        operand_.forward();
        this->make_room();
        if (shape().size() == 0) return;
        auto const r = operand_.template reader<width, pass::values>(nullptr);
        with_vectors([&](auto team, dim3 blocks, vectors const& v, index count) {
            cuda::launch("softmax", &kernels::softmax<team, width, Log, T, vectors, std::remove_const_t<decltype(r)>>,
                         blocks, kernels::block_size, r, this->device_data(), v, count);
        });
    }
    void finish() {
        if constexpr (differentiable) {
            gradient_list list;
            operand_.template prepare<pass::exact>(list);
            if (shape().size() != 0) {
                auto const r = operand_.template reader<width, pass::exact>(&list);
                with_vectors([&](auto team, dim3 blocks, vectors const& v, index count) {
                    cuda::launch(
                        "softmax_backward",
                        &kernels::softmax_backward<team, width, Log, T, vectors, std::remove_const_t<decltype(r)>>,
                        blocks, kernels::block_size, r, this->device_data(), this->device_gradient(), v, count);
                });
            }
            operand_.finish();
        }
    }
    /// A maximum, a difference, an exponential, a sum and a scale for each element.
    template <class Plan>
    static void describe(softmax_node<Log, Axis, A> const& n, Plan& p) {
        std::size_t const elements = n.shape().size();
        p.template kernel<device_tape>(n,
                                       {.kind = "softmax",
                                        .name = Log ? "log_softmax" : "softmax",
                                        .operations = 5 * elements,
                                        .gradient_operations = 4 * elements},
                                       [&] { p.template streams<operand>(n.operand); });
    }

private:
    template <class F>
    void with_vectors(F const& f) const {
        auto const v = vectors_along<Axis>(shape());
        std::size_t const count = shape().size() / shape()[Axis];
        with_team<width, T>(v, count, [&](auto team, dim3 blocks) { f(team, blocks, v, static_cast<index>(count)); });
    }

    operand operand_;
};

}  // namespace tenon::inline TENON_TARGET::eval
