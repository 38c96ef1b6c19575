// Normalisation within samples on the device: one launch forward, one back that goes on into the operand's region.
#pragma once

#include <tenon/eval/cuda/result.hpp>
#include <tenon/eval/cuda/vectors.hpp>
#include <tenon/expr/normalize.hpp>
#include <tenon/kernels/normalize.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// Kept: the standardised elements and each stretch's scale.
template <bool Centered, std::size_t Outer, std::size_t Groups, class A, bool Grad>
struct device_tape<standardize_node<Centered, Outer, Groups, A>, Grad>
    : result_on_device<device_tape<standardize_node<Centered, Outer, Groups, A>, Grad>, value_t<A>, shape_t<A>,
                       device_tape<A, Grad>::differentiable> {
    using node = standardize_node<Centered, Outer, Groups, A>;
    using T = value_t<A>;
    using Shape = shape_t<A>;
    using operand = device_tape<A, Grad>;
    using index = index_of<Shape>;
    static constexpr bool differentiable = operand::differentiable;
    static constexpr auto known = node::divided(Shape::static_extents);
    static constexpr std::size_t width = width_within<operand, T, known.length>;
    using vectors = kernels::vectors<index, known.length, true>;

    explicit device_tape(node const& n) : operand_(n.operand), eps_(static_cast<T>(n.eps)) {}
    auto shape() const { return operand_.shape(); }
    bool reads(void const* begin, void const* end) { return operand_.overlaps(begin, end, false); }

    void forward() {
        operand_.forward();
        this->make_room();
        if (shape().size() == 0) return;
        auto const [length, count] = node::divided(shape().extents());
        if constexpr (differentiable) scales_.reserve(count);
        auto const r = operand_.template reader<width, pass::values>(nullptr);
        vectors const v{static_cast<index>(length), 1};
        with_team<width, T>(v, count, [&](auto team, dim3 blocks) {
            cuda::launch("standardize",
                         &kernels::standardize<team, width, Centered, T, vectors, std::remove_const_t<decltype(r)>>,
                         blocks, kernels::block_size, r, this->device_data(), scales_.data(), eps_, v,
                         static_cast<index>(count));
        });
    }
    void finish() {
        if constexpr (differentiable) {
            gradient_list list;
            operand_.template prepare<pass::exact>(list);
            if (shape().size() != 0) {
                auto const [length, count] = node::divided(shape().extents());
                auto const r = operand_.template reader<width, pass::exact>(&list);
                vectors const v{static_cast<index>(length), 1};
                with_team<width, T>(v, count, [&](auto team, dim3 blocks) {
                    cuda::launch("standardize_backward",
                                 &kernels::standardize_backward<team, width, Centered, T, vectors,
                                                                std::remove_const_t<decltype(r)>>,
                                 blocks, kernels::block_size, r, this->device_data(), this->device_gradient(),
                                 scales_.data(), v, static_cast<index>(count));
                });
            }
            operand_.finish();
        }
    }

    /// A sum, a difference, a square, its sum, and a difference with a scale for each element.
    template <class Plan>
    static void describe(node const& n, Plan& p) {
        std::size_t const elements = n.shape().size();
        p.template kernel<device_tape>(n,
                                       {.kind = "normalization",
                                        .name = Centered ? "standardize" : "rms",
                                        .operations = 6 * elements,
                                        .gradient_operations = 8 * elements},
                                       [&] {
                                           p.template streams<operand>(n.operand);
                                           if constexpr (differentiable)
                                               p.template holds<decltype(scales_)>(
                                                   node::divided(n.shape().extents()).count);
                                       });
    }

private:
    operand operand_;
    T eps_;
    cuda::buffer<T> scales_;
};

}  // namespace tenon::inline TENON_TARGET::eval
