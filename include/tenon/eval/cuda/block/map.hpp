// Elementwise regions, run by one block of threads: the readers of eval/cuda/map.hpp on leaves of its own.
#pragma once

#include <tenon/eval/cuda/block/leaf.hpp>
#include <tenon/eval/cuda/map.hpp>

namespace tenon::inline TENON_TARGET::eval {

template <class Op, class... A>
inline constexpr bool runs_in_block<map_node<Op, A...>> = true;

/// An operand with fewer elements than the region.
template <class Child, class Region, class Operand>
struct spread_reader : reader_base<typename Child::value_type> {
    static constexpr bool differentiable = Child::differentiable;
    Child child;

    TENON_HOST_DEVICE explicit spread_reader(Child c) : child(c) {}
    template <std::size_t N, class Index>
    TENON_INLINE __device__ auto load(Index i) const {
        return child.template load<N>(operand_index<Region, Operand>(Region{}, i));
    }
    template <std::size_t N, class Index, class R, class V>
    TENON_INLINE __device__ void adjoint(Index i, R const& r, lanes<V, N> const& g) {
        child.template adjoint<N>(operand_index<Region, Operand>(Region{}, i), r, g);
    }
};

template <class Node, bool Grad, class Indices = std::make_index_sequence<operand_count<Node>>>
struct block_map_tape;
template <class Op, class... A, bool Grad, std::size_t... I>
struct block_map_tape<map_node<Op, A...>, Grad, std::index_sequence<I...>> {
    using node = map_node<Op, A...>;
    using value_type = typename node::value_type;
    using shape_type = typename node::shape_type;
    static constexpr bool is_addressable = false;
    static constexpr bool propagates = Grad && propagates_gradient<node>;
    static constexpr std::size_t leaves = (block_tape<A, propagates>::leaves + ... + 0);
    static constexpr std::size_t bytes = (block_tape<A, propagates>::bytes + ... + 0);
    static constexpr bool computes = (block_tape<A, propagates>::computes || ...);

    block_map_tape(node const& n, kept_for_launch& kept)
        : operands{{block_tape<A, propagates>(tenon::get<I>(n.operands()), kept)}...}, operation(n.operation) {}
    void take(node const& n) { (tenon::get<I>(operands).take(tenon::get<I>(n.operands())), ...); }
    void prepare(node const& n) { (tenon::get<I>(operands).prepare(tenon::get<I>(n.operands())), ...); }
    template <class Place>
    __device__ void forward(Place at) const {
        (tenon::get<I>(operands).forward(place<I>(at)), ...);
    }
    template <std::size_t Leaf, class Place, class Lane>
    TENON_INLINE __device__ auto reader(Place at, Lane* sum) const {
        return make_reader(operand_types<typename node::types::template operand<I>...>{},
                           operand_reader<I, Leaf>(at, sum)...);
    }
    template <std::size_t K, class Place>
    TENON_INLINE __device__ auto leaf(Place at) const {
        constexpr std::size_t i = operand_with(K), before = leaves_before(i);
        return tenon::get<i>(operands).template leaf<K - before>(place<i>(at));
    }
    template <class Place>
    __device__ void finish(Place at) const {
        (tenon::get<I>(operands).finish(place<I>(at)), ...);
    }

    tuple<block_tape<A, propagates>...> operands;
    Op operation;

private:
    static constexpr std::size_t leaves_before(std::size_t operand) {
        return sum_before(operand, {block_tape<A, propagates>::leaves...});
    }
    /// The operand that has a leaf.
    static constexpr std::size_t operand_with(std::size_t leaf) {
        std::size_t i = 0;
        while (leaves_before(i + 1) <= leaf) ++i;
        return i;
    }
    static constexpr std::size_t bytes_before(std::size_t operand) {
        return sum_before(operand, {block_tape<A, propagates>::bytes...});
    }
    template <std::size_t J, class Place>
    TENON_INLINE __device__ static Place place(Place at) {
        constexpr std::size_t before = bytes_before(J);
        return at.after(before);
    }
    template <std::size_t J, std::size_t Leaf, class Place, class Lane>
    TENON_INLINE __device__ auto operand_reader(Place at, Lane* sum) const {
        using child = block_tape<nth<J, A...>, propagates>;
        using operand = shape_t<nth<J, A...>>;
        constexpr std::size_t before = leaves_before(J);
        constexpr std::size_t own = Leaf >= before && Leaf < before + child::leaves ? Leaf - before : no_leaf;
        auto const r = tenon::get<J>(operands).template reader<own>(place<J>(at), sum);
        using reader = std::remove_const_t<decltype(r)>;
        if constexpr (same_elements<shape_type, operand> || is_number<reader>) return r;
        else return spread_reader<reader, shape_type, operand>(r);
    }
    template <class... T, class... Reader>
    TENON_INLINE __device__ auto make_reader(operand_types<T...>, Reader... r) const {
        return map_reader<value_type, Op, operand_types<T...>, tuple<Reader...>>(operation, r...);
    }
};

template <class Op, class... A, bool Grad>
struct block_tape<map_node<Op, A...>, Grad> : block_map_tape<map_node<Op, A...>, Grad> {
    using block_map_tape<map_node<Op, A...>, Grad>::block_map_tape;
};

}  // namespace tenon::inline TENON_TARGET::eval
