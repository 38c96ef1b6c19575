// softmax on the device: one launch forward, one back that goes on into the operand's region.
#pragma once

#include <tenon/eval/cuda/row_operation.hpp>
#include <tenon/expr/softmax.hpp>
#include <tenon/kernels/softmax.hpp>

namespace tenon::inline TENON_TARGET::eval {

template <softmax_kind Kind, std::size_t Axis, class A, bool Grad>
struct device_tape<softmax_node<Kind, Axis, A>, Grad>
    : row_operation_on_device<device_tape<softmax_node<Kind, Axis, A>, Grad>, A, Grad> {
    using base = row_operation_on_device<device_tape, A, Grad>;
    using typename base::operand;
    using typename base::T;
    using vectors = axis_vectors<Axis, shape_t<A>>;
    using index = typename vectors::index;
    static constexpr std::size_t width = width_along<operand, T, vectors>;

    explicit device_tape(softmax_node<Kind, Axis, A> const& n) : base(n.operand) {}
    vectors all_vectors() const { return vectors_along<Axis>(this->shape()); }

    template <class Reader>
    void launch_forward(Reader const& r, vectors const& v, index count) {
        with_team<width, T>(v, count, [&](auto team, dim3 blocks) {
            cuda::launch("softmax", &kernels::softmax<team, width, Kind, T, vectors, Reader>, blocks,
                         kernels::block_size, r, this->device_data(), v, count);
        });
    }
    template <class Reader>
    void launch_backward(Reader const& r, vectors const& v, index count) {
        with_team<width, T>(v, count, [&](auto team, dim3 blocks) {
            cuda::launch("softmax_backward", &kernels::softmax_backward<team, width, Kind, T, vectors, Reader>, blocks,
                         kernels::block_size, r, this->device_data(), this->device_gradient(), v, count);
        });
    }
};

}  // namespace tenon::inline TENON_TARGET::eval
