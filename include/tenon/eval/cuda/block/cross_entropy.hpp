// Cross-entropy by one block of threads: the rows leave the gradient behind, ready to be scaled.
#pragma once

#include <tenon/eval/cuda/block/leaf.hpp>
#include <tenon/eval/cuda/block/rows.hpp>
#include <tenon/eval/cuda/cross_entropy.hpp>

namespace tenon::inline TENON_TARGET::eval {

template <reduction R, class Logits, class Targets>
inline constexpr bool runs_in_block<cross_entropy_node<R, Logits, Targets>> = true;

template <reduction R, class Logits, class Targets, bool Grad>
struct block_tape<cross_entropy_node<R, Logits, Targets>, Grad>
    : block_result<block_tape<cross_entropy_node<R, Logits, Targets>, Grad>, value_t<Logits>,
                   typename cross_entropy_node<R, Logits, Targets>::shape_type, block_tape<Logits, Grad>::leaves != 0> {
    using node = cross_entropy_node<R, Logits, Targets>;
    using T = value_t<Logits>;
    using lane = lane_t<T, 1>;
    using logits_tape = block_tape<Logits, Grad>;
    using targets_tape = block_tape<Targets, false>;
    using base = block_result<block_tape, T, typename node::shape_type, logits_tape::leaves != 0>;
    using vectors = vectors_in_block<along<tenon::detail::class_axis<shape_t<Logits>>>, T, shape_t<Logits>>;
    static constexpr bool joins = R != reduction::none;
    // What the rows leave, after values and gradient.
    static constexpr std::size_t z_at = base::result_bytes,
                                 weights_at = z_at + block_bytes<T>(static_size<shape_t<Logits>>),
                                 losses_at = weights_at + block_bytes<T>(vectors::count),
                                 scale_at = losses_at + (joins ? block_bytes<T>(vectors::count) : 0),
                                 own_bytes = scale_at + (joins ? block_bytes<T>(1) : 0);
    static constexpr std::size_t bytes = own_bytes + logits_tape::bytes + targets_tape::bytes;

    block_tape(node const& n, kept_for_launch& kept) : logits(n.logits, kept), targets(n.targets, kept) {
        auto const& o = n.options;
        options = {weights_for_launch<T>(o.weight, tenon::shape<dyn>(vectors::length), kept), o.weight.strides()[0],
                   o.ignore_index, static_cast<T>(static_cast<float>(o.label_smoothing))};
    }
    void prepare(node const& n) {
        logits.take(n.logits);
        logits.prepare(n.logits);
    }
    template <class Place>
    __device__ void forward(Place at) const {
        __shared__ lane scratch[kernels::block_size / kernels::warp_size];
        logits.forward(logits_place(at));
        targets.forward(targets_place(at));
        if constexpr (logits_tape::computes || targets_tape::computes) __syncthreads();
        T* const losses = joins ? at.template elements<T>(losses_at) : base::values(at);
        T* const weights = at.template elements<T>(weights_at);
        auto const none = static_cast<lane*>(nullptr);
        kernels::cross_entropy_rows<vectors::team, 1>(logits.template reader<no_leaf>(logits_place(at), none),
                                                      targets.template reader<no_leaf>(targets_place(at), none),
                                                      options, vectors::elements(), vectors::count,
                                                      at.template elements<T>(z_at), losses, weights, scratch);
        if constexpr (joins) {
            __syncthreads();
            kernels::join_losses<R == reduction::mean>(vectors::count, losses, weights, base::values(at),
                                                       at.template elements<T>(scale_at), scratch);
        }
    }
    template <class Place>
    __device__ void finish(Place at) const {
        if constexpr (base::leaves != 0) {
            __syncthreads();
            send_in_block(logits, logits_place(at),
                          cross_entropy_seed<T, typename vectors::all>{
                              at.template elements<T>(z_at), base::gradient_memory(at),
                              joins ? at.template elements<T>(scale_at) : nullptr, vectors::elements()});
            logits.finish(logits_place(at));
        }
    }

    logits_tape logits;
    targets_tape targets;
    kernels::cross_entropy_options<T> options;

private:
    template <class Place>
    TENON_INLINE __device__ static Place logits_place(Place at) {
        return at.after(own_bytes);
    }
    template <class Place>
    TENON_INLINE __device__ static Place targets_place(Place at) {
        return at.after(own_bytes + logits_tape::bytes);
    }
};

}  // namespace tenon::inline TENON_TARGET::eval
