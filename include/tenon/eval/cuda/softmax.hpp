// softmax on the device: one launch forward, one back that goes on into the operand's region.
#pragma once

#include <tenon/eval/cuda/reduce.hpp>
#include <tenon/expr/softmax.hpp>
#include <tenon/kernels/softmax.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// The vectors along an axis of a shape, and their number.
template <std::size_t Axis, class Shape>
struct axis_vectors {
    using index = index_of<Shape>;
    kernels::vectors<index> element;
    index count;
    explicit axis_vectors(Shape const& s) {
        std::size_t before = 1, after = 1;
        for (std::size_t a = 0; a != Axis; ++a) before *= s[a];
        for (std::size_t a = Axis + 1; a < Shape::rank(); ++a) after *= s[a];
        element = {static_cast<index>(s[Axis]), static_cast<index>(after)};
        count = static_cast<index>(s[Axis] == 0 ? 0 : before * after);
    }
    /// Calls f(team size) with the team that suits a vector's length, as an integral constant.
    template <class F>
    void with_team(F const& f) const {
        if (element.length > 8 * kernels::warp_size) f(std::integral_constant<unsigned, kernels::block_size>{});
        else f(std::integral_constant<unsigned, kernels::warp_size>{});
    }
    dim3 blocks(unsigned team) const { return blocks_for(static_cast<std::size_t>(count) * team); }
};

template <bool Log, std::size_t Axis, class A, bool Grad>
struct device_tape<softmax_node<Log, Axis, A>, Grad>
    : result_on_device<device_tape<softmax_node<Log, Axis, A>, Grad>, value_t<A>, shape_t<A>,
                       device_tape<A, Grad>::differentiable> {
    using T = value_t<A>;
    using Shape = shape_t<A>;
    using operand = device_tape<A, Grad>;
    using index = index_of<Shape>;
    static constexpr bool differentiable = operand::differentiable;

    explicit device_tape(softmax_node<Log, Axis, A> const& n) : operand_(n.operand) {}
    auto shape() const { return operand_.shape(); }
    bool reads(void const* begin, void const* end) { return operand_.overlaps(begin, end, false); }

    void forward() {
        operand_.forward();
        this->make_room();
        axis_vectors<Axis, Shape> const v(shape());
        if (v.count == 0) return;
        auto const r = operand_.template reader<1, pass::values>(nullptr);
        v.with_team([&](auto team) {
            cuda::launch("softmax", &kernels::softmax<team, Log, T, index, std::remove_const_t<decltype(r)>>,
                         v.blocks(team), kernels::block_size, r, this->device_data(), v.element, v.count);
        });
    }
    void finish() {
        if constexpr (differentiable) {
            gradient_list list;
            operand_.template prepare<pass::exact>(list);
            axis_vectors<Axis, Shape> const v(shape());
            if (v.count != 0) {
                auto const r = operand_.template reader<1, pass::exact>(&list);
                v.with_team([&](auto team) {
                    cuda::launch("softmax_backward",
                                 &kernels::softmax_backward<team, Log, T, index, std::remove_const_t<decltype(r)>>,
                                 v.blocks(team), kernels::block_size, r, this->device_data(), this->device_gradient(),
                                 v.element, v.count);
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
    operand operand_;
};

}  // namespace tenon::inline TENON_TARGET::eval
