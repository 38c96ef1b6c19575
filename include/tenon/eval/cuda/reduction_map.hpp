// Which elements a reduction joins, and how many blocks of the device do it.
#pragma once

#include <algorithm>

#include <tenon/eval/cuda/vectors.hpp>
#include <tenon/kernels/reduce.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// Which elements of an operand belong to which result.
/// @tparam Reduced has `reduces(axis)`
template <class Reduced, class Shape>
struct reduction_map {
    using index = index_of<Shape>;
    static constexpr std::size_t rank = Shape::rank();
    /// Whether the joined axes are the last ones, or the first ones.
    static constexpr bool last_axes = [] {
        for (std::size_t a = 0; a + 1 < rank; ++a)
            if (Reduced::reduces(a) && !Reduced::reduces(a + 1)) return false;
        return true;
    }();
    static constexpr bool first_axes = [] {
        for (std::size_t a = 0; a + 1 < rank; ++a)
            if (!Reduced::reduces(a) && Reduced::reduces(a + 1)) return false;
        return true;
    }();
    /// Whether a block joins neighbouring results, of which neighbouring threads read neighbouring elements.
    static constexpr bool columns = first_axes && !last_axes;
    /// Elements of each result, or dyn.
    static constexpr std::size_t known_count = [] {
        std::size_t n = 1;
        for (std::size_t a = 0; a != rank; ++a) {
            if (!Reduced::reduces(a)) continue;
            if (is_dynamic(Shape::static_extents[a])) return dyn;
            n *= Shape::static_extents[a];
        }
        return n;
    }();
    /// Elements of a region that a thread takes at a time. Where there is one result its elements start where memory does,
    /// and a last part of them may be less.
    template <class Tape, class T>
    static constexpr std::size_t width = [] {
        for (std::size_t a = 0; a != rank; ++a)
            if (!Reduced::reduces(a)) return last_axes ? width_within<Tape, T, known_count> : 1;
        return width_within<Tape, T, 0>;
    }();

    Shape shape;
    index results, count;

    /// The index of the r-th element of result o.
    TENON_INLINE __device__ index operator()(index o, index r) const {
        if constexpr (last_axes) return o * count + r;
        else if constexpr (first_axes) return r * results + o;
        else {
            index at = 0, stride = 1;
            walk<rank>([&](auto axis, index extent) TENON_LAMBDA_INLINE {
                index& from = Reduced::reduces(axis) ? r : o;
                at += from % extent * stride;
                from /= extent;
                stride *= extent;
            });
            return at;
        }
    }
    /// The result that an element belongs to.
    TENON_INLINE __device__ index result(index i) const {
        if constexpr (last_axes && first_axes) return Reduced::reduces(0) ? 0 : i;
        else if constexpr (last_axes) return i / count;
        else if constexpr (first_axes) return i % results;
        else {
            index o = 0, stride = 1;
            split_index<rank>(shape, i, [&](auto axis, index position, index extent) TENON_LAMBDA_INLINE {
                if constexpr (!Reduced::reduces(axis)) {
                    o += position * stride;
                    stride *= extent;
                }
            });
            return o;
        }
    }

private:
    template <std::size_t Axes, class F>
    TENON_INLINE __device__ void walk(F const& f) const {
        if constexpr (Axes != 0) {
            f(std::integral_constant<std::size_t, Axes - 1>{}, extent_of<Axes - 1, index>(shape));
            walk<Axes - 1>(f);
        }
    }
};

/// Elements of a result of which a block joins a part of its own at least, four for each thread.
/// @tparam Columns whether it joins 32 neighbouring results
template <bool Columns>
inline constexpr std::size_t smallest_part = 4 * (Columns ? kernels::column_rows : kernels::block_size);
/// Whether a result can have enough elements for several blocks.
template <class Map, bool Columns = Map::columns>
inline constexpr bool may_share = is_dynamic(Map::known_count) || Map::known_count >= 4 * smallest_part<Columns>;

/// The blocks that share the elements of a result, or of 32 neighbouring ones; 1 where the results occupy the device.
template <bool Columns>
unsigned blocks_sharing(std::size_t results, std::size_t count) {
    if (results == 0 || count < 4 * smallest_part<Columns>) return 1;
    std::size_t const multiprocessors = cuda::context::local().multiprocessors(),
                      groups = Columns ? (results + kernels::warp_size - 1) / kernels::warp_size : results;
    if (groups > 2 * multiprocessors) return 1;
    return static_cast<unsigned>(std::min(8 * multiprocessors / groups, count / smallest_part<Columns>));
}
/// The values that these blocks leave for the last of them.
template <bool Columns>
std::size_t shares_of_blocks(std::size_t results, std::size_t count) {
    std::size_t const parts = blocks_sharing<Columns>(results, count);
    return parts == 1 ? 0 : parts * results;
}

}  // namespace tenon::inline TENON_TARGET::eval
