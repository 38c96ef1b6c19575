// softmax by one block of threads.
#pragma once

#include <tenon/eval/cuda/block/leaf.hpp>
#include <tenon/eval/cuda/softmax.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// The vectors along an axis of static extents, of elements T, and the team that takes one.
template <std::size_t Axis, class T, class Shape>
struct vectors_in_block {
    static constexpr std::uint32_t length = Shape::static_extents[Axis], count = static_size<Shape> / length;
    static constexpr std::uint32_t step = [] {
        std::uint32_t n = 1;
        for (std::size_t a = Axis + 1; a < Shape::rank(); ++a)
            n *= static_cast<std::uint32_t>(Shape::static_extents[a]);
        return n;
    }();
    static constexpr unsigned team = length <= kernels::longest_of_thread<T> ? 1
                                     : length <= 8 * kernels::warp_size      ? kernels::warp_size
                                                                             : kernels::block_size;
    using all = kernels::vectors<std::uint32_t, length, step == 1>;
    TENON_INLINE __device__ static all elements() { return {length, step}; }
};

template <softmax_kind Kind, std::size_t Axis, class A>
inline constexpr bool runs_in_block<softmax_node<Kind, Axis, A>> = true;

/// The gradient that softmax leaves its operand.
template <softmax_kind Kind, class T, class Vectors>
struct softmax_seed {
    T const* y;
    T const* g;
    T const* totals;
    template <std::size_t N, class V>
    TENON_INLINE __device__ auto load(std::uint32_t i, lanes<V, N> const&) const {
        using lane = lane_t<T, 1>;
        static_assert(N == 1);
        return lanes<lane, 1>{{kernels::softmax_gradient<Kind>(lane::load(y + i), lane::load(g + i),
                                                               lane::load(totals + Vectors::elements().vector_of(i)))}};
    }
};

template <softmax_kind Kind, std::size_t Axis, class A, bool Grad>
struct block_tape<softmax_node<Kind, Axis, A>, Grad>
    : result_of_region<block_tape<softmax_node<Kind, Axis, A>, Grad>, softmax_node<Kind, Axis, A>,
                       block_tape<A, Grad>> {
    using node = softmax_node<Kind, Axis, A>;
    using T = value_t<A>;
    using lane = lane_t<T, 1>;
    using operand_tape = block_tape<A, Grad>;
    using base = result_of_region<block_tape, node, operand_tape>;
    using result_of_region<block_tape, node, operand_tape>::result_of_region;
    using base::operand;
    using vectors = vectors_in_block<Axis, T, shape_t<A>>;
    static constexpr std::size_t own_bytes =
        base::result_bytes + (base::leaves != 0 ? block_bytes<T>(vectors::count) : 0);
    static constexpr std::size_t bytes = own_bytes + operand_tape::bytes;

    template <class Place>
    __device__ void forward(Place at) const {
        __shared__ lane scratch[kernels::block_size / kernels::warp_size];
        auto const below = at.after(own_bytes);
        operand.forward(below);
        if constexpr (operand_tape::computes) __syncthreads();
        kernels::softmax_vectors<vectors::team, 1, Kind>(
            operand.template reader<no_leaf>(below, static_cast<lane*>(nullptr)), base::values(at), vectors::elements(),
            vectors::count, scratch);
    }
    template <class Place>
    __device__ void finish(Place at) const {
        if constexpr (base::leaves != 0) {
            auto const below = at.after(own_bytes);
            T const *const y = base::values(at), *const g = base::gradient_memory(at);
            T* const totals = at.template elements<T>(base::result_bytes);
            auto const element = vectors::elements();
            __syncthreads();
            kernels::join_in_block<vectors::count, vectors::length>(
                kernels::join_sum{}, lane(0),
                [&](std::uint32_t o, std::uint32_t r) TENON_LAMBDA_INLINE {
                    auto const i = element(o, r);
                    return kernels::softmax_term<Kind>(lane::load(y + i), lane::load(g + i));
                },
                [&](std::uint32_t o, lane v) TENON_LAMBDA_INLINE { v.store(totals + o); });
            __syncthreads();
            send_in_block(operand, below, softmax_seed<Kind, T, vectors>{y, g, totals});
            operand.finish(below);
        }
    }
};

}  // namespace tenon::inline TENON_TARGET::eval
