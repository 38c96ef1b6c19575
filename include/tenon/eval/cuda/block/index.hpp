// Elements chosen by run-time positions, by one block of threads: an embedding, gather.
#pragma once

#include <tenon/eval/cuda/block/view.hpp>
#include <tenon/eval/cuda/index.hpp>
#include <tenon/expr/row.hpp>

namespace tenon::inline TENON_TARGET::eval {

template <std::size_t Axis, class A, class I>
inline constexpr bool runs_in_block<index_select_node<Axis, A, I>> = true;
template <std::size_t Axis, class A, class I>
inline constexpr bool runs_in_block<gather_node<Axis, A, I>> = true;

template <std::size_t Axis, class Shape>
inline constexpr std::size_t elements_after = along<Axis>::template divide<Shape::rank()>(Shape::static_extents).step;

/// What index_select and gather share.
/// @tparam Places where the result's elements lie in the operand
/// @tparam Named how many positions along the axis are named for each of the operand's other positions
/// @tparam After how many of the result's elements belong to one of these
template <class Self, class Node, class A, class I, bool Grad, std::size_t Axis, class Places, std::size_t Named,
          std::size_t After>
struct chosen_in_block : block_result<Self, value_t<A>, shape_t<Node>, leaf_in_block<A, Grad>::leaves != 0> {
    using T = value_t<A>;
    using lane = lane_t<T, 1>;
    using operand_leaf = leaf_in_block<A, Grad>;
    using indices_leaf = packed_in_block<I, false>;
    using base = block_result<Self, T, shape_t<Node>, operand_leaf::leaves != 0>;
    static constexpr std::size_t bytes = base::result_bytes + operand_leaf::bytes + indices_leaf::bytes;

    chosen_in_block(Node const& n, kept_for_launch& kept) : operand(n.operand, kept), indices(n.indices, kept) {}
    void prepare(Node const& n) {
        operand.take(n.operand);
        operand.prepare(n.operand);
    }
    template <class Place>
    __device__ void forward(Place at) const {
        operand.forward(operand_place(at));
        indices.forward(indices_place(at));
        if constexpr (operand_leaf::computes || indices_leaf::computes) __syncthreads();
        chosen_reader<T, false, Places> const reader(operand.values(operand_place(at)), nullptr, places(at));
        T* const to = base::values(at);
        kernels::for_each_in_block<base::size>([&](std::uint32_t i) TENON_LAMBDA_INLINE {
            reader.template store<1>(to, i, reader.template load<1>(i).value);
        });
    }
    /// A thread for all elements of the operand that differ in their position along the axis alone: it adds to them in the order
    /// in which they are named.
    template <class Place>
    __device__ void finish(Place at) const {
        if constexpr (base::leaves != 0) {
            T const* const g = base::gradient_memory(at);
            auto to = operand.gradient(operand_place(at));
            __syncthreads();
            if (!to.adds) {
                kernels::for_each_in_block<static_size<shape_t<A>>>([&](std::uint32_t i)
                                                                        TENON_LAMBDA_INLINE { to.put(i, lane(0)); });
                __syncthreads();
                to.adds = true;
            }
            Places const place = places(at);
            constexpr std::uint32_t after = After, turn = Named * After;
            kernels::for_each_in_block<base::size / Named>([&](std::uint32_t column) TENON_LAMBDA_INLINE {
                std::uint32_t const first = column / after * turn + column % after;
                for (std::uint32_t p = 0; p < Named; ++p) {
                    std::uint32_t const i = first + p * after;
                    chosen_place const chosen = place(i);
                    if (chosen.exists) to.put_at(to.p + chosen.offset, lane::load(g + i));
                }
            });
            operand.finish(operand_place(at));
        }
    }

    operand_leaf operand;
    indices_leaf indices;

private:
    template <class Place>
    TENON_INLINE __device__ static Place operand_place(Place at) {
        return at.after(base::result_bytes);
    }
    template <class Place>
    TENON_INLINE __device__ static Place indices_place(Place at) {
        return at.after(base::result_bytes + operand_leaf::bytes);
    }
    template <class Place>
    TENON_INLINE __device__ Places places(Place at) const {
        Places all{};
        all.indices = indices.values(indices_place(at));
        all.extent = static_cast<std::ptrdiff_t>(shape_t<A>::static_extents[Axis]);
        for (std::size_t a = 0; a < shape_t<A>::rank(); ++a) all.strides[a] = operand_leaf::strides[a];
        return all;
    }
};

template <std::size_t Axis, class A, class I, bool Grad>
struct block_tape<index_select_node<Axis, A, I>, Grad>
    : chosen_in_block<block_tape<index_select_node<Axis, A, I>, Grad>, index_select_node<Axis, A, I>, A, I, Grad, Axis,
                      index_select_places<Axis, shape_t<A>::rank(), shape_t<I>::rank(),
                                          shape_t<index_select_node<Axis, A, I>>, value_t<I>>,
                      static_size<shape_t<I>>, elements_after<Axis, shape_t<A>>> {
    using block_tape::chosen_in_block::chosen_in_block;
};
template <std::size_t Axis, class A, class I, bool Grad>
struct block_tape<gather_node<Axis, A, I>, Grad>
    : chosen_in_block<block_tape<gather_node<Axis, A, I>, Grad>, gather_node<Axis, A, I>, A, I, Grad, Axis,
                      gather_places<Axis, shape_t<I>, value_t<I>>, shape_t<I>::static_extents[Axis],
                      elements_after<Axis, shape_t<I>>> {
    using block_tape::chosen_in_block::chosen_in_block;
};

}  // namespace tenon::inline TENON_TARGET::eval
