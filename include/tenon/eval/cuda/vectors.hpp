// Vectors of a region, and the teams of threads that take one each.
#pragma once

#include <algorithm>

#include <tenon/eval/cuda/dense.hpp>
#include <tenon/kernels/vectors.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// Elements of a region that a thread takes at a time, of type T, where as many neighbours are worked on together.
template <class Tape, class T, std::size_t Neighbours>
inline constexpr std::size_t width_within = [] {
    std::size_t w = is_dynamic(Neighbours) ? 1 : std::min(width_of<Tape>, 16 / sizeof(T));
    while (Neighbours % w != 0) w /= 2;
    return w;
}();

/// Vectors that are enough to take one thread each.
inline constexpr std::size_t vectors_for_threads = 1024;

/// Calls f(team size, blocks) with the team that suits vectors of a length, as an integral constant: a thread for the
/// shortest; for neighbouring elements a warp where its registers hold a vector, else a block; for vectors with a step, whose
/// neighbours are other vectors' elements, a thread where the vectors are many.
/// @tparam W elements that a thread takes at a time
/// @tparam Length the length, or dyn
template <std::size_t W, class T, std::size_t Length, bool Neighbours, class F>
void with_team(std::size_t length, std::size_t count, F const& f) {
    auto const use = [&](auto team) { f(team, blocks_for(count * team)); };
    constexpr std::integral_constant<unsigned, 1> thread;
    constexpr std::integral_constant<unsigned, kernels::warp_size> warp;
    constexpr std::integral_constant<unsigned, kernels::block_size> block;
    constexpr std::size_t longest = kernels::longest_kept<kernels::warp_size, W, T>;
    if constexpr (!is_dynamic(Length) && Length <= kernels::longest_of_thread<T>) use(thread);
    else if constexpr (!Neighbours) {
        if (count >= vectors_for_threads) use(thread);
        else use(block);
    } else if constexpr (is_dynamic(Length)) {
        if (length <= longest) use(warp);
        else use(block);
    } else if constexpr (Length <= longest) use(warp);
    else use(block);
}

/// The vectors along an axis of a shape.
template <std::size_t Axis, class Shape>
using axis_vectors = kernels::vectors<index_of<Shape>, Shape::static_extents[Axis], Axis + 1 == Shape::rank()>;
template <std::size_t Axis, class Shape>
auto vectors_along(Shape const& s) {
    using index = index_of<Shape>;
    return axis_vectors<Axis, Shape>{static_cast<index>(s[Axis]), static_cast<index>(around_axis<Axis>(s).after)};
}

/// Elements of a region that a thread takes at a time of such vectors.
template <class Tape, class T, class Vectors>
inline constexpr std::size_t width_along = Vectors::neighbours ? width_within<Tape, T, Vectors::known_length> : 1;

/// The same for vectors along an axis.
template <std::size_t W, class T, class Vectors, class F>
void with_team(Vectors const& v, std::size_t count, F const& f) {
    with_team<W, T, Vectors::known_length, Vectors::neighbours>(v.length(), count, f);
}

}  // namespace tenon::inline TENON_TARGET::eval
