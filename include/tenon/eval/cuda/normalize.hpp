// Normalisation within samples on the device: one launch forward, one back that goes on into the operand's region.
#pragma once

#include <tenon/eval/cuda/row_operation.hpp>
#include <tenon/expr/normalize.hpp>
#include <tenon/kernels/normalize.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// Kept: the standardised elements and each stretch's scale.
template <bool Centered, std::size_t Outer, std::size_t Groups, class A, bool Grad>
struct device_tape<standardize_node<Centered, Outer, Groups, A>, Grad>
    : row_operation_on_device<device_tape<standardize_node<Centered, Outer, Groups, A>, Grad>, A, Grad> {
    using node = standardize_node<Centered, Outer, Groups, A>;
    using base = row_operation_on_device<device_tape, A, Grad>;
    using base::differentiable;
    using typename base::operand;
    using typename base::Shape;
    using typename base::T;
    using index = index_of<Shape>;
    static constexpr auto known = node::divided(Shape::static_extents);
    static constexpr std::size_t width = width_within<operand, T, known.length>;
    using vectors = kernels::vectors<index, known.length, true>;

    explicit device_tape(node const& n) : base(n.operand), eps_(static_cast<T>(n.eps)) {}
    vectors all_vectors() const { return {static_cast<index>(node::divided(this->shape().extents()).length), 1}; }

    template <class Reader>
    void launch_forward(Reader const& r, vectors const& v, index count) {
        if constexpr (differentiable) scales_.reserve(count);
        with_team<width, T>(v, count, [&](auto team, dim3 blocks) {
            cuda::launch("standardize", &kernels::standardize<team, width, Centered, T, vectors, Reader>, blocks,
                         kernels::block_size, r, this->device_data(), scales_.data(), eps_, v, count);
        });
    }
    template <class Reader>
    void launch_backward(Reader const& r, vectors const& v, index count) {
        with_team<width, T>(v, count, [&](auto team, dim3 blocks) {
            cuda::launch(
                "standardize_backward", &kernels::standardize_backward<team, width, Centered, T, vectors, Reader>,
                blocks, kernels::block_size, r, this->device_data(), this->device_gradient(), scales_.data(), v, count);
        });
    }

    template <class Plan>
    static void describe_memory(node const& n, Plan& p) {
        if constexpr (differentiable) p.template holds<decltype(scales_)>(node::divided(n.shape().extents()).count);
    }

private:
    T eps_;
    cuda::buffer<T> scales_;
};

}  // namespace tenon::inline TENON_TARGET::eval
