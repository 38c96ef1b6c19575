// Weights of a loss that one block of threads runs.
#pragma once

#include <memory>

#include <tenon/eval/cuda/block/leaf.hpp>
#include <tenon/eval/cuda/loss_weight.hpp>

namespace tenon::inline TENON_TARGET::eval {

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

}  // namespace tenon::inline TENON_TARGET::eval
