// Running sums on the device: one launch forward, one back that goes on into the operand's region.
#pragma once

#include <tenon/eval/cuda/row_operation.hpp>
#include <tenon/expr/cumsum.hpp>
#include <tenon/kernels/cumsum.hpp>

namespace tenon::inline TENON_TARGET::eval {

template <std::size_t Axis, class A, bool Grad>
struct device_tape<cumsum_node<Axis, A>, Grad>
    : row_operation_on_device<device_tape<cumsum_node<Axis, A>, Grad>, A, Grad> {
    using node = cumsum_node<Axis, A>;
    using base = row_operation_on_device<device_tape, A, Grad>;
    using typename base::operand;
    using typename base::T;
    using vectors = axis_vectors<Axis, shape_t<A>>;
    using index = typename vectors::index;
    static constexpr std::size_t width = 1;

    explicit device_tape(node const& n) : base(n.operand) {}
    vectors all_vectors() const { return vectors_along<Axis>(this->shape()); }

    template <class Reader>
    void launch_forward(Reader const& r, vectors const& v, index count) {
        with_thread_or_block(count, [&](auto team) {
            cuda::launch("cumsum", &kernels::cumsum<team, T, vectors, Reader>, blocks_for(std::size_t{count} * team),
                         kernels::block_size, r, this->device_data(), v, count);
        });
    }
    template <class Reader>
    void launch_backward(Reader const& r, vectors const& v, index count) {
        with_thread_or_block(count, [&](auto team) {
            cuda::launch("cumsum_backward", &kernels::cumsum_backward<team, T, vectors, Reader>,
                         blocks_for(std::size_t{count} * team), kernels::block_size, r, this->device_gradient(), v,
                         count);
        });
    }

private:
    /// Calls f(team size) with a thread for each of short vectors, or of many with a step, else a block.
    template <class F>
    static void with_thread_or_block(std::size_t count, F const& f) {
        constexpr std::size_t known = vectors::known_length;
        if constexpr (!is_dynamic(known) && known <= kernels::longest_of_thread<T>)
            f(std::integral_constant<unsigned, 1>{});
        else if (!vectors::neighbours && count >= vectors_for_threads) f(std::integral_constant<unsigned, 1>{});
        else f(std::integral_constant<unsigned, kernels::block_size>{});
    }
};

}  // namespace tenon::inline TENON_TARGET::eval
