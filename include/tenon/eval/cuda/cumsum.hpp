// Running sums on the device: one launch forward, one back that goes on into the operand's region.
#pragma once

#include <tenon/eval/cuda/result.hpp>
#include <tenon/eval/cuda/vectors.hpp>
#include <tenon/expr/cumsum.hpp>
#include <tenon/kernels/cumsum.hpp>

namespace tenon::inline TENON_TARGET::eval {

template <std::size_t Axis, class A, bool Grad>
struct device_tape<cumsum_node<Axis, A>, Grad> : result_on_device<device_tape<cumsum_node<Axis, A>, Grad>, value_t<A>,
                                                                  shape_t<A>, device_tape<A, Grad>::differentiable> {
    using node = cumsum_node<Axis, A>;
    using T = value_t<A>;
    using Shape = shape_t<A>;
    using operand = device_tape<A, Grad>;
    using vectors = axis_vectors<Axis, Shape>;
    using index = typename vectors::index;
    static constexpr bool differentiable = operand::differentiable;

    explicit device_tape(node const& n) : operand_(n.operand) {}
    auto shape() const { return operand_.shape(); }
    bool reads(void const* begin, void const* end) { return operand_.overlaps(begin, end, false); }

    void forward() {
        operand_.forward();
        this->make_room();
        if (shape().size() == 0) return;
        auto const r = operand_.template reader<1, pass::values>(nullptr);
        with_vectors([&](auto team, dim3 blocks, vectors const& v, index count) {
            cuda::launch("cumsum", &kernels::cumsum<team, T, vectors, std::remove_const_t<decltype(r)>>, blocks,
                         kernels::block_size, r, this->device_data(), v, count);
        });
    }
    void finish() {
        if constexpr (differentiable) {
            gradient_list list;
            operand_.template prepare<pass::exact>(list);
            if (shape().size() != 0) {
                auto const r = operand_.template reader<1, pass::exact>(&list);
                with_vectors([&](auto team, dim3 blocks, vectors const& v, index count) {
                    cuda::launch("cumsum_backward",
                                 &kernels::cumsum_backward<team, T, vectors, std::remove_const_t<decltype(r)>>, blocks,
                                 kernels::block_size, r, this->device_gradient(), v, count);
                });
            }
            operand_.finish();
        }
    }
    template <class Plan>
    static void describe(node const& n, Plan& p) {
        std::size_t const elements = n.shape().size();
        p.template kernel<device_tape>(
            n, {.kind = "reduction", .name = "cumsum", .operations = elements, .gradient_operations = elements},
            [&] { p.template streams<operand>(n.operand); });
    }

private:
    /// A thread for each of many vectors with a step or of short ones, else a block.
    template <class F>
    void with_vectors(F const& f) const {
        auto const v = vectors_along<Axis>(shape());
        std::size_t const count = shape().size() / shape()[Axis];
        auto const use = [&](auto team) { f(team, blocks_for(count * team), v, static_cast<index>(count)); };
        constexpr std::size_t known = vectors::known_length;
        if constexpr (!is_dynamic(known) && known <= kernels::longest_of_thread<T>)
            use(std::integral_constant<unsigned, 1>{});
        else if (!vectors::neighbours && count >= vectors_for_threads) use(std::integral_constant<unsigned, 1>{});
        else use(std::integral_constant<unsigned, kernels::block_size>{});
    }

    operand operand_;
};

}  // namespace tenon::inline TENON_TARGET::eval
