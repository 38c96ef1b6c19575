// What a thread of the device computes with: a few elements of each operand, every one a lane of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <tenon/base/tuple.hpp>
#include <tenon/core/shape.hpp>
#include <tenon/scalar/dual.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// N single lanes. Packs of the compiler's vectors exist on the host alone.
template <class V, std::size_t N>
struct lanes {
    using lane = V;
    V at[N];
};

/// Registers of a reader that keeps nothing but values for backward.
template <class V, std::size_t N>
struct lane_registers {
    lanes<V, N> value;
};

/// N elements as they lie in memory, moved in one access where they fill a power of two of bytes.
template <class T, std::size_t N>
struct alignas(N * sizeof(T) <= 16 ? N * sizeof(T) : alignof(T)) chunk {
    T at[N];
};

/// Reads N elements.
/// @tparam Aligned whether they are known to be aligned to their common size
template <std::size_t N, bool Aligned, class T>
TENON_INLINE TENON_HOST_DEVICE lanes<element::lane_t<T, 1>, N> load_elements(T const* p) {
    lanes<element::lane_t<T, 1>, N> v;
    if constexpr (Aligned && N > 1) {
        auto const c = *reinterpret_cast<chunk<T, N> const*>(p);
        for (std::size_t k = 0; k < N; ++k) v.at[k] = element::load_lanes<1>(c.at + k);
    } else
        for (std::size_t k = 0; k < N; ++k) v.at[k] = element::load_lanes<1>(p + k);
    return v;
}
template <bool Aligned, class T, class V, std::size_t N>
TENON_INLINE TENON_HOST_DEVICE void store_elements(T* p, lanes<V, N> const& v) {
    if constexpr (Aligned && N > 1) {
        chunk<T, N> c;
        for (std::size_t k = 0; k < N; ++k) element::store_lanes(c.at + k, math::convert<T>(v.at[k]));
        *reinterpret_cast<chunk<T, N>*>(p) = c;
    } else
        for (std::size_t k = 0; k < N; ++k) element::store_lanes(p + k, math::convert<T>(v.at[k]));
}

/// The number type of positions in a region: 32 bits where that is known to be enough, since divisions cost.
template <class Shape>
using index_of = std::conditional_t<!is_dynamic(static_size<Shape>) && (static_size<Shape> < (std::size_t{1} << 31)),
                                    std::uint32_t, std::uint64_t>;

/// Extent of an axis, static where the shape's is.
template <std::size_t Axis, class Index, class Shape>
TENON_INLINE TENON_HOST_DEVICE constexpr Index extent_of(Shape const& s) {
    constexpr std::size_t e = Shape::static_extents[Axis];
    if constexpr (!is_dynamic(e)) return static_cast<Index>(e);
    else {
        constexpr std::size_t k = [] {
            std::size_t n = 0;
            for (std::size_t a = 0; a != Axis; ++a) n += is_dynamic(Shape::static_extents[a]);
            return n;
        }();
        return static_cast<Index>(s.run_time.at[k]);
    }
}

/// Splits a row-major index into positions, from the last axis to the first.
/// @param f is called as f(axis, position, extent) with the axis as an integral constant
template <std::size_t Axes, class Index, class Shape, class F>
TENON_INLINE TENON_HOST_DEVICE constexpr void split_index(Shape const& s, Index i, F&& f) {
    if constexpr (Axes != 0) {
        Index const e = extent_of<Axes - 1, Index>(s);
        f(std::integral_constant<std::size_t, Axes - 1>{}, Axes == 1 ? i : i % e, e);
        split_index<Axes - 1>(s, i / e, f);
    }
}

}  // namespace tenon::inline TENON_TARGET::eval
