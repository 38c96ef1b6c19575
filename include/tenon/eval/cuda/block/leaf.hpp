// Leaves of what one block of threads runs: tensors, variables and numbers.
#pragma once

#include <tenon/eval/cuda/block/tape.hpp>
#include <tenon/eval/cuda/generated.hpp>
#include <tenon/eval/cuda/leaf.hpp>

namespace tenon::inline TENON_TARGET::eval {

template <class Tensor>
inline constexpr bool runs_in_block<tensor_ref<Tensor>> = true;
template <class Tensor>
inline constexpr bool runs_in_block<owned<Tensor>> = true;
template <class Variable>
inline constexpr bool runs_in_block<variable_ref<Variable>> = true;
template <class T>
inline constexpr bool runs_in_block<scalar<T>> = true;
template <class T, class Shape>
inline constexpr bool runs_in_block<filled_node<T, Shape>> = true;

/// What tapes share that have no operands and write nothing to the block's memory.
struct block_input {
    static constexpr bool computes = false;
    static constexpr std::size_t bytes = 0;
    template <class Node>
    void take(Node const&) {}
    template <class Node>
    void prepare(Node const&) {}
    template <class Place>
    TENON_INLINE __device__ void forward(Place) const {}
    template <class Place>
    TENON_INLINE __device__ void finish(Place) const {}
};

template <class Self, class Node>
struct tensor_in_block : in_block_memory<Self, value_t<Node>, shape_t<Node>, false>, block_input {
    tensor_in_block(Node const& n, kept_for_launch&) : data(n.get().device_data()) {}
    template <class Place>
    TENON_INLINE __device__ auto const* values(Place) const {
        return data;
    }
    value_t<Node> const* data;
};

template <class Tensor, bool Grad>
struct block_tape<tensor_ref<Tensor>, Grad>
    : tensor_in_block<block_tape<tensor_ref<Tensor>, Grad>, tensor_ref<Tensor>> {
    using tensor_in_block<block_tape, tensor_ref<Tensor>>::tensor_in_block;
};
template <class Tensor, bool Grad>
struct block_tape<owned<Tensor>, Grad> : tensor_in_block<block_tape<owned<Tensor>, Grad>, owned<Tensor>> {
    using tensor_in_block<block_tape, owned<Tensor>>::tensor_in_block;
};
template <class Variable>
struct block_tape<variable_ref<Variable>, false>
    : tensor_in_block<block_tape<variable_ref<Variable>, false>, variable_ref<Variable>> {
    using tensor_in_block<block_tape, variable_ref<Variable>>::tensor_in_block;
};

/// A variable's values, and its gradient where the variable has it.
template <class Variable>
struct block_tape<variable_ref<Variable>, true>
    : in_block_memory<block_tape<variable_ref<Variable>, true>, value_t<Variable>, shape_t<Variable>, true>,
      block_input {
    using T = value_t<Variable>;
    block_tape(variable_ref<Variable> const& n, kept_for_launch&) : data(n.get().device_data()) {}
    void take(variable_ref<Variable> const& n) {
        adds = !n.variable().overwrite_gradient();
        gradients = n.variable().device_gradient();
    }
    template <class Place>
    TENON_INLINE __device__ T const* values(Place) const {
        return data;
    }
    template <class Place>
    TENON_INLINE __device__ leaf_gradient<block_tape> gradient(Place) const {
        return {gradients, adds};
    }
    T const* data;
    T* gradients = nullptr;
    bool adds = false;
};

template <class Node>
struct number_in_block : block_input {
    using value_type = value_t<Node>;
    using shape_type = shape_t<Node>;
    static constexpr bool is_addressable = false;
    static constexpr std::size_t leaves = 0;

    number_in_block(Node const& n, kept_for_launch&) : value(n.value()) {}
    template <std::size_t, class Place, class Lane>
    TENON_INLINE __device__ auto reader(Place, Lane*) const {
        return number_reader<value_type>(value);
    }
    value_type value;
};
template <class T, bool Grad>
struct block_tape<scalar<T>, Grad> : number_in_block<scalar<T>> {
    using number_in_block<scalar<T>>::number_in_block;
};
template <class T, class Shape, bool Grad>
struct block_tape<filled_node<T, Shape>, Grad> : number_in_block<filled_node<T, Shape>> {
    using number_in_block<filled_node<T, Shape>>::number_in_block;
};

/// What is computed from positions.
template <generated Node>
inline constexpr bool runs_in_block<Node> = true;
template <generated Node, bool Grad>
struct block_tape<Node, Grad> : block_input {
    using value_type = value_t<Node>;
    using shape_type = shape_t<Node>;
    static constexpr bool is_addressable = false;
    static constexpr std::size_t leaves = 0;

    block_tape(Node const& n, kept_for_launch&) : values(n.rule(random_blocks_of(n)), n.shape()) {}
    template <std::size_t, class Place, class Lane>
    TENON_INLINE __device__ auto reader(Place, Lane*) const {
        return values;
    }
    generated_reader_of<Node> values;
};

}  // namespace tenon::inline TENON_TARGET::eval
