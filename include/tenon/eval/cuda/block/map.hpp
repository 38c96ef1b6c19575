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

template <class Op, class... A, bool Grad>
struct block_tape<map_node<Op, A...>, Grad> {
    using node = map_node<Op, A...>;
    using value_type = typename node::value_type;
    using shape_type = typename node::shape_type;
    static constexpr bool is_addressable = false;
    static constexpr bool propagates = Grad && propagates_gradient<node>;
    static constexpr std::size_t leaves = (block_tape<A, propagates>::leaves + ... + 0);
    static constexpr std::size_t bytes = (block_tape<A, propagates>::bytes + ... + 0);
    static constexpr bool computes = (block_tape<A, propagates>::computes || ...);

    block_tape(node const& n, kept_for_launch& kept) : block_tape(n, kept, std::index_sequence_for<A...>{}) {}
    void take(node const& n) {
        unroll<sizeof...(A)>([&](auto i) { tenon::get<i>(operands).take(tenon::get<i>(n.operands())); });
    }
    void prepare(node const& n) {
        unroll<sizeof...(A)>([&](auto i) { tenon::get<i>(operands).prepare(tenon::get<i>(n.operands())); });
    }
    template <class Place>
    __device__ void forward(Place at) const {
        unroll<sizeof...(A)>([&](auto i) TENON_LAMBDA_INLINE { tenon::get<i>(operands).forward(place<i>(at)); });
    }
    template <std::size_t Leaf, class Place, class Lane>
    TENON_INLINE __device__ auto reader(Place at, Lane* sum) const {
        return [&]<std::size_t... I>(std::index_sequence<I...>) TENON_LAMBDA_INLINE {
            return make_reader(operand_types<typename node::types::template operand<I>...>{},
                               operand_reader<I, Leaf>(at, sum)...);
        }(std::index_sequence_for<A...>{});
    }
    template <std::size_t K, class Place>
    TENON_INLINE __device__ auto leaf(Place at) const {
        constexpr std::size_t i = operand_with(K), before = leaves_before(i);
        return tenon::get<i>(operands).template leaf<K - before>(place<i>(at));
    }
    template <class Place>
    __device__ void finish(Place at) const {
        unroll<sizeof...(A)>([&](auto i) TENON_LAMBDA_INLINE { tenon::get<i>(operands).finish(place<i>(at)); });
    }

    tuple<block_tape<A, propagates>...> operands;
    Op operation;

private:
    template <std::size_t... I>
    block_tape(node const& n, kept_for_launch& kept, std::index_sequence<I...>)
        : operands{{block_tape<A, propagates>(tenon::get<I>(n.operands()), kept)}...}, operation(n.operation) {}

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
    template <std::size_t I, class Place>
    TENON_INLINE __device__ static Place place(Place at) {
        constexpr std::size_t before = bytes_before(I);
        return at.after(before);
    }
    template <std::size_t I, std::size_t Leaf, class Place, class Lane>
    TENON_INLINE __device__ auto operand_reader(Place at, Lane* sum) const {
        using child = block_tape<nth<I, A...>, propagates>;
        using operand = shape_t<nth<I, A...>>;
        constexpr std::size_t before = leaves_before(I);
        constexpr std::size_t own = Leaf >= before && Leaf < before + child::leaves ? Leaf - before : no_leaf;
        auto const r = tenon::get<I>(operands).template reader<own>(place<I>(at), sum);
        using reader = std::remove_const_t<decltype(r)>;
        if constexpr (same_elements<shape_type, operand> || is_number<reader>) return r;
        else return spread_reader<reader, shape_type, operand>(r);
    }
    template <class... T, class... Reader>
    TENON_INLINE __device__ auto make_reader(operand_types<T...>, Reader... r) const {
        return map_reader<value_type, Op, operand_types<T...>, Reader...>(operation, r...);
    }
};

}  // namespace tenon::inline TENON_TARGET::eval
