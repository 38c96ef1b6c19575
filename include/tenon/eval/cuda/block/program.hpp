// A loss that one block of threads runs forward and back.
#pragma once

#include <stdexcept>
#include <utility>

#include <tenon/eval/cuda/block/cross_entropy.hpp>
#include <tenon/eval/cuda/block/index.hpp>
#include <tenon/eval/cuda/block/map.hpp>
#include <tenon/eval/cuda/block/matmul.hpp>
#include <tenon/eval/cuda/block/reduce.hpp>
#include <tenon/eval/cuda/block/rows.hpp>
#include <tenon/eval/cuda/block/view.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// Finds a computation's named nodes, by their types.
/// @param at a tuple of pointers to handles, null at first
/// @throws std::invalid_argument where two named nodes have one type, which would be one node
template <class List, class Handles, class Node>
void find_lets(List const& list, Handles& at, Node const& n);
template <class... Let, class Handles, class Inner>
void find_lets(let_list<Let...> const& list, Handles& at, let_node<Inner> const& n) {
    auto const*& known = get<let_list<Let...>::template number<let_node<Inner>>()>(at);
    if (known && &known->state() != &n.state())
        throw std::invalid_argument("fuse: two named nodes (tn::let) of one type in a loss");
    if (std::exchange(known, &n)) return;
    find_lets(list, at, n.node());
}
template <class List, class Handles, class Node>
void find_lets(List const& list, Handles& at, Node const& n) {
    for_each_operand(n, [&](auto const& a) { find_lets(list, at, a); });
}

/// A loss, and where its value goes: a trivially copyable object that travels with the launch.
template <class Node, class List>
class program_with_lets;
template <class Node, class... Let>
class program_with_lets<Node, let_list<Let...>> {
public:
    using value_type = value_t<Node>;

    /// Asks the variables for their gradients' memory.
    /// @param value one element on the device
    program_with_lets(Node const& n, value_type* value, kept_for_launch& kept)
        : program_with_lets(n, handles(n), value, kept) {}

    /// Where a named node's memory begins.
    template <class Wanted>
    static constexpr std::size_t offset() {
        return bytes_before(let_list<Let...>::template number<Wanted>());
    }
    static constexpr std::size_t bytes = (named_in_block_t<Let>::bytes + ... + block_tape<Node, true>::bytes);

    /// Forward and back, by all threads of the block; no barrier follows the last gradients.
    __device__ void run(unsigned char* memory) const {
        block_place<program_with_lets> const all{memory, memory};
        unroll<count>([&](auto k) TENON_LAMBDA_INLINE { get<k>(named_).forward(place<k>(all)); });
        auto const at = place<count>(all);
        root_.forward(at);
        __syncthreads();
        if (threadIdx.x == 0) {
            auto const reader = root_.template reader<no_leaf>(at, static_cast<lane_t<value_type, 1>*>(nullptr));
            reader.template store<1>(value_, 0U, reader.template load<1>(0U).value);
        }
        send_in_block(root_, at, seed_of_one{});
        root_.finish(at);
        unroll<count>([&](auto k)
                          TENON_LAMBDA_INLINE { get<count - 1 - k>(named_).finish(place<count - 1 - k>(all)); });
    }

private:
    static constexpr std::size_t count = sizeof...(Let);
    using handles_type = tuple<Let const*...>;

    static handles_type handles(Node const& n) {
        handles_type all{};
        find_lets(let_list<Let...>{}, all, n);
        return all;
    }
    program_with_lets(Node const& n, handles_type const& lets, value_type* value, kept_for_launch& kept)
        : program_with_lets(n, lets, value, kept, std::index_sequence_for<Let...>{}) {
        root_.take(n);
        root_.prepare(n);
        unroll<count>([&](auto k) { get<count - 1 - k>(named_).prepare(get<count - 1 - k>(lets)->node()); });
    }
    template <std::size_t... I>
    program_with_lets(Node const& n, handles_type const& lets, value_type* value, kept_for_launch& kept,
                      std::index_sequence<I...>)
        : named_{{named_in_block_t<Let>(get<I>(lets)->node(), kept)}...}, root_(n, kept), value_(value) {}

    static constexpr std::size_t bytes_before(std::size_t k) {
        return sum_before(k, {named_in_block_t<Let>::bytes..., 0});
    }
    template <std::size_t K, class Place>
    TENON_INLINE __device__ static Place place(Place all) {
        constexpr std::size_t before = bytes_before(K);
        return all.after(before);
    }

    tuple<named_in_block_t<Let>...> named_;
    block_tape<Node, true> root_;
    value_type* value_;
};

template <class Node>
using block_program = program_with_lets<Node, typename lets_of_node<Node, let_list<>>::type>;

}  // namespace tenon::inline TENON_TARGET::eval
