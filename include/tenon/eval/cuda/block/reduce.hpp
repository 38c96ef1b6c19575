// Sums by one block of threads, and with them means and the losses that end in one.
#pragma once

#include <tenon/eval/cuda/block/leaf.hpp>
#include <tenon/eval/cuda/reduce.hpp>

namespace tenon::inline TENON_TARGET::eval {

template <bool Keep, class A, std::size_t... Axes>
inline constexpr bool runs_in_block<reduce_node<op::sum, Keep, A, Axes...>> = true;

template <bool Keep, class A, std::size_t... Axes, bool Grad>
struct block_tape<reduce_node<op::sum, Keep, A, Axes...>, Grad>
    : result_of_region<block_tape<reduce_node<op::sum, Keep, A, Axes...>, Grad>, reduce_node<op::sum, Keep, A, Axes...>,
                       block_tape<A, Grad && propagates_gradient<reduce_node<op::sum, Keep, A, Axes...>>>> {
    using node = reduce_node<op::sum, Keep, A, Axes...>;
    using T = typename node::value_type;
    using lane = lane_t<T, 1>;
    using operand_tape = block_tape<A, Grad && propagates_gradient<node>>;
    using base = result_of_region<block_tape, node, operand_tape>;
    using result_of_region<block_tape, node, operand_tape>::result_of_region;
    using base::operand;
    using map_type = reduction_map<tenon::detail::reduced_extents<false, shape_t<A>, Axes...>, shape_t<A>>;
    static constexpr std::size_t count = static_size<shape_t<A>> / base::size;
    static constexpr std::size_t bytes = base::result_bytes + operand_tape::bytes;

    template <class Place>
    __device__ void forward(Place at) const {
        auto const below = at.after(base::result_bytes);
        operand.forward(below);
        if constexpr (operand_tape::computes) __syncthreads();
        auto const reader = operand.template reader<no_leaf>(below, static_cast<lane*>(nullptr));
        map_type const element = map();
        T* const to = base::values(at);
        kernels::join_in_block<base::size, count>(
            kernels::join_sum{}, lane(0),
            [&](std::uint32_t o, std::uint32_t r) TENON_LAMBDA_INLINE {
                return lane(math::convert<T>(reader.template load<1>(element(o, r)).value.at[0]));
            },
            [&](std::uint32_t o, lane v) TENON_LAMBDA_INLINE { element::store_lanes(to + o, v); });
    }
    template <class Place>
    __device__ void finish(Place at) const {
        if constexpr (base::leaves != 0) {
            auto const below = at.after(base::result_bytes);
            __syncthreads();
            send_in_block(operand, below,
                          reduction_seed<op::sum, T, map_type>{map(), base::values(at), base::gradient_memory(at),
                                                               nullptr, nullptr});
            operand.finish(below);
        }
    }

private:
    TENON_INLINE __device__ static map_type map() { return {{}, base::size, count}; }
};

}  // namespace tenon::inline TENON_TARGET::eval
