// Row operations by one block of threads: one tape for every rule.
#pragma once

#include <tenon/eval/cuda/block/leaf.hpp>
#include <tenon/eval/cuda/rows.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// The vectors of an array of static extents, of elements T, and the team that takes one.
template <class Vectors, class T, class Shape>
struct vectors_in_block {
    static constexpr vector_division known = Vectors::template divide<Shape::rank()>(Shape::static_extents);
    static constexpr std::uint32_t length = known.length, count = known.count, step = known.step;
    static constexpr unsigned team = length <= kernels::longest_of_thread<T> ? 1
                                     : length <= 8 * kernels::warp_size      ? kernels::warp_size
                                                                             : kernels::block_size;
    /// The team of a scan: not a warp, and a thread where there are enough vectors to be busy with.
    static constexpr unsigned scanning_team = team == 1 || count >= kernels::block_size / 8 ? 1 : kernels::block_size;
    using all = kernels::vectors<std::uint32_t, length, step == 1>;
    TENON_INLINE __device__ static all elements() { return {length, step}; }
};

template <class Rule, class Vectors, class A>
inline constexpr bool runs_in_block<row_node<Rule, Vectors, A>> = true;

/// Reads an operand, and puts its gradient into memory.
template <class Reader, class T>
struct gradient_in_place {
    Reader operand;
    T* g;
    template <std::size_t N, class Index>
    TENON_INLINE __device__ auto load(Index i) const {
        return operand.template load<N>(i);
    }
    template <std::size_t N, class Index, class R, class V>
    TENON_INLINE __device__ void adjoint(Index i, R const&, lanes<V, N> const& v) const {
        store_elements<true>(g + i, v);
    }
    TENON_INLINE __device__ static lanes<lane_t<T, 1>, 1> lanes_of(lane_t<T, 1> v) { return {{v}}; }
};

template <class Rule, class Vectors, class A, bool Grad>
struct block_tape<row_node<Rule, Vectors, A>, Grad>
    : result_of_region<block_tape<row_node<Rule, Vectors, A>, Grad>, row_node<Rule, Vectors, A>,
                       block_tape<A, Grad && differentiates<row_node<Rule, Vectors, A>, A>>> {
    using node = row_node<Rule, Vectors, A>;
    using T = value_t<A>;
    using lane = lane_t<T, 1>;
    using operand_tape = block_tape<A, Grad && differentiates<node, A>>;
    using base = result_of_region<block_tape, node, operand_tape>;
    using base::operand;
    using vectors = vectors_in_block<Vectors, T, shape_t<A>>;
    static constexpr unsigned team = Rule::scans ? vectors::scanning_team : vectors::team;
    static constexpr bool keeps = base::leaves != 0 && Rule::keeps_number;
    static constexpr std::size_t own_bytes = base::result_bytes + (keeps ? block_bytes<T>(vectors::count) : 0);
    static constexpr std::size_t bytes = own_bytes + operand_tape::bytes;

    block_tape(node const& n, kept_for_launch& k) : base(n, k), rule(n.rule) {}

    template <class Place>
    __device__ void forward(Place at) const {
        __shared__ lane scratch[kernels::block_size / kernels::warp_size];
        auto const below = at.after(own_bytes);
        operand.forward(below);
        if constexpr (operand_tape::computes) __syncthreads();
        kernels::forward_vectors<team, 1>(rule, operand_reader(below), base::values(at), kept(at), vectors::elements(),
                                          vectors::count, scratch);
    }
    /// The operand's gradient takes the place of the results' and goes down from there.
    template <class Place>
    __device__ void finish(Place at) const {
        if constexpr (base::leaves != 0) {
            __shared__ lane scratch[kernels::block_size / kernels::warp_size];
            auto const below = at.after(own_bytes);
            T* const g = base::gradient_memory(at);
            auto const r = operand_reader(below);
            gradient_in_place<std::remove_const_t<decltype(r)>, T> in_place{r, g};
            __syncthreads();
            kernels::backward_vectors<team, 1>(rule, in_place, static_cast<T const*>(base::values(at)),
                                               static_cast<T const*>(g), static_cast<T const*>(kept(at)),
                                               vectors::elements(), vectors::count, scratch);
            __syncthreads();
            send_in_block(operand, below, memory_seed<T>{g});
            operand.finish(below);
        }
    }
    Rule rule;

private:
    template <class Place>
    TENON_INLINE __device__ auto operand_reader(Place below) const {
        return operand.template reader<no_leaf>(below, static_cast<lane*>(nullptr));
    }
    template <class Place>
    TENON_INLINE __device__ static T* kept(Place at) {
        return keeps ? at.template elements<T>(base::result_bytes) : nullptr;
    }
};

}  // namespace tenon::inline TENON_TARGET::eval
