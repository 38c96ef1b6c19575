// Leaves of what one block of threads runs: tensors, variables and numbers, what is computed from positions, weights of losses,
// and handles of named nodes.
#pragma once

#include <memory>

#include <tenon/eval/cuda/block/tape.hpp>
#include <tenon/eval/cuda/generated.hpp>
#include <tenon/eval/cuda/leaf.hpp>
#include <tenon/expr/let.hpp>

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

// ---- weights of a loss

/// Where a loss's weights are on the device. What is brought there for it is kept.
/// @param weights a loss_weight or its node
/// @param s the extents that its strides belong to
template <class T, class Weights, class Shape>
T const* weights_for_launch(Weights const& weights, Shape const& s, kept_for_launch& kept) {
    auto const found = std::make_shared<weights_on_device<T>>();
    found->find(weights, s);
    kept.push_back(found);
    return found->data();
}

template <class Weight, class Shape>
inline constexpr bool runs_in_block<weight_node<Weight, Shape>> = true;

template <class Weight, class Shape, bool Grad>
struct block_tape<weight_node<Weight, Shape>, Grad> : block_input {
    using node = weight_node<Weight, Shape>;
    using value_type = value_t<node>;
    using shape_type = Shape;
    static constexpr bool is_addressable = false;
    static constexpr std::size_t leaves = 0;

    block_tape(node const& n, kept_for_launch& kept)
        : weights{{}, weights_for_launch<value_type>(n, n.shape(), kept), nullptr, {}, n.shape(), {}} {
        auto const s = n.strides();
        for (std::size_t a = 0; a != Shape::rank(); ++a) weights.strides[a] = s[a];
    }
    template <std::size_t, class Place, class Lane>
    TENON_INLINE __device__ auto reader(Place, Lane*) const {
        return weights;
    }
    strided_reader<value_type, gradient_store::none, Shape> weights;
};

// ---- named nodes: stored once, in front of what reads them

template <class Node>
inline constexpr bool runs_in_block<let_node<Node>> = true;
template <class Node, class Known>
struct lets_of_node<let_node<Node>, Known> {
    using type = decltype(detail::with_let<let_node<Node>>(typename lets_of_node<Node, Known>::type{}));
};

/// A named node's memory. All consumers add to its gradient.
template <class Let>
struct named_in_block;
template <class Node>
struct named_in_block<let_node<Node>> {
    using type = stored_in_block<block_tape<Node, true>, true>;
};
template <class Let>
using named_in_block_t = typename named_in_block<Let>::type;

/// A handle of a named node reads the node's memory; block_program runs the node.
template <class Node, bool Grad>
struct block_tape<let_node<Node>, Grad> : in_block_memory<block_tape<let_node<Node>, Grad>, value_t<Node>,
                                                          shape_t<Node>, Grad && block_tape<Node, true>::leaves != 0> {
    using named = named_in_block_t<let_node<Node>>;
    static constexpr bool computes = true;
    static constexpr std::size_t bytes = 0;

    block_tape(let_node<Node> const&, kept_for_launch&) {}
    void take(let_node<Node> const&) {}
    void prepare(let_node<Node> const&) {}
    template <class Place>
    TENON_INLINE __device__ auto* values(Place at) const {
        return at.template named<let_node<Node>>().template elements<value_t<Node>>();
    }
    template <class Place>
    TENON_INLINE __device__ leaf_gradient<block_tape> gradient(Place at) const {
        return {at.template named<let_node<Node>>().template elements<value_t<Node>>(named::value_bytes), true};
    }
    template <class Place>
    TENON_INLINE __device__ void forward(Place) const {}
    template <class Place>
    TENON_INLINE __device__ void finish(Place) const {}
};

}  // namespace tenon::inline TENON_TARGET::eval
