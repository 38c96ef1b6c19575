// Launches that evaluate a region, or send a gradient down one.
#pragma once

#include <cstddef>
#include <type_traits>

#include <tenon/eval/cuda/reader.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// Elements that a thread takes at a time: as many as fill 16 bytes of the region's widest element.
template <class Tape>
inline constexpr std::size_t width_of = Tape::widest >= 16 ? 1 : 16 / Tape::widest;

/// Blocks for a number of threads' work: enough to fill the device a few times, the rest is done in turns.
[[gnu::noinline]] inline dim3 blocks_for(std::size_t threads) {
    std::size_t const blocks = (threads + kernels::block_size - 1) / kernels::block_size;
    std::size_t const most = std::size_t{cuda::context::local().multiprocessors()} * 8;
    return dim3(static_cast<unsigned>(blocks < 1 ? 1 : blocks < most ? blocks : most));
}

/// Evaluates a region into row-major memory: one launch.
template <class Tape, class T>
void evaluate_on_device(Tape& t, T* to) {
    constexpr std::size_t w = width_of<Tape> < 16 / sizeof(T) ? width_of<Tape> : 16 / sizeof(T);
    using index = index_of<typename Tape::shape_type>;
    std::size_t const n = t.shape().size();
    if (n == 0) return;
    auto const reader = t.template reader<w, pass::forward>(nullptr);
    cuda::launch("evaluate", &kernels::evaluate<w, index, std::remove_const_t<decltype(reader)>, T>,
                 blocks_for((n + w - 1) / w), kernels::block_size, reader, to, static_cast<index>(n));
}

/// Sends a gradient down a region: one launch whose outputs are the gradients of all the region's leaves.
/// @param seed a trivially copyable object that gives the gradient by `load<N>(i, values)`
template <class Tape, class Seed>
void backward_on_device(Tape& t, Seed const& seed) {
    constexpr std::size_t w = width_of<Tape>;
    using index = index_of<typename Tape::shape_type>;
    std::size_t const n = t.shape().size();
    gradient_list list;
    t.template prepare<pass::backward>(list);
    if (n == 0) return;
    auto const reader = t.template reader<w, pass::backward>(&list);
    cuda::launch("backward", &kernels::backward<w, index, std::remove_const_t<decltype(reader)>, Seed>,
                 blocks_for((n + w - 1) / w), kernels::block_size, reader, seed, static_cast<index>(n));
}

/// A gradient in row-major memory.
template <class T>
struct memory_seed {
    T const* p;
    template <std::size_t N, class Index, class V>
    TENON_INLINE __device__ auto load(Index i, lanes<V, N> const&) const {
        return load_elements<N, true>(p + i);
    }
};

}  // namespace tenon::inline TENON_TARGET::eval
