// What the executors' tapes have in common: strides of memory, lanes, and how several of them are kept.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include <tenon/base/tuple.hpp>
#include <tenon/core/packs.hpp>
#include <tenon/core/shape.hpp>
#include <tenon/scalar/dual.hpp>

namespace tenon::inline TENON_TARGET::eval {

using element::lane_t;

/// A single lane as an element type has it in memory: a mask of any width becomes one of bytes.
template <class T, class V>
TENON_INLINE constexpr lane_t<T, 1> convert_lane(V const& v) {
    if constexpr (element::is_mask<V>) return v.template to<1>();
    else return v;
}

// ---- strides

/// A stride that is known only at run time.
inline constexpr std::ptrdiff_t run_time_stride = PTRDIFF_MIN;

/// Row-major strides of a shape type.
template <class Shape>
inline constexpr auto row_major = [] {
    std::array<std::ptrdiff_t, Shape::rank() + 1> s{};
    std::ptrdiff_t next = 1;
    for (std::size_t a = Shape::rank(); a-- > 0;) {
        s[a] = next;
        next = next == run_time_stride || is_dynamic(Shape::static_extents[a])
                   ? run_time_stride
                   : next * static_cast<std::ptrdiff_t>(Shape::static_extents[a]);
    }
    return s;
}();
template <class Shape>
constexpr std::array<std::ptrdiff_t, Shape::rank() + 1> row_major_strides([[maybe_unused]] Shape const& s) {
    if constexpr (Shape::is_static) return row_major<Shape>;
    else {
        std::array<std::ptrdiff_t, Shape::rank() + 1> r{};
        std::ptrdiff_t next = 1;
        for (std::size_t a = Shape::rank(); a-- > 0;) {
            r[a] = next;
            next *= static_cast<std::ptrdiff_t>(s[a]);
        }
        return r;
    }
}

/// The gradient of a value with respect to itself, which backward begins with.
struct seed_of_one {
    /// @param like the value's registers, or a device's lanes
    template <std::size_t N, class Index, class R>
    TENON_INLINE TENON_HOST_DEVICE constexpr auto load(Index, R const& like) const {
        if constexpr (requires { like.value; }) return std::remove_cvref_t<decltype(like.value)>(1);
        else {
            R ones = like;
            for (auto& one : ones.at) one = std::remove_cvref_t<decltype(one)>(1);
            return ones;
        }
    }
};

/// A tape that can compute its values in memory that it is given, of elements T in row-major order.
template <class Tape, class T>
concept writes_to = std::is_same_v<typename Tape::value_type, T> && requires(Tape& t, T* p) {
    t.write_to(p);
    t.aliases(p, p);
};

/// A tape whose rows need not exist before they are read: after `forward_by_rows()` instead of `forward()`, `row` computes the
/// row that it is asked for, into memory that the next one overwrites, if `computes_rows()`.
template <class Tape>
concept forwards_by_rows = requires(Tape& t) { t.forward_by_rows(); };

/// Tapes of several nodes, made in place: a tape that holds buffers is never moved.
template <std::size_t I, class Tape>
struct tape_slot {
    Tape value;
    template <class Nodes>
    explicit constexpr tape_slot(Nodes const& n) : value(tenon::get<I>(n)) {}
};
template <class Indices, class... Tape>
struct tapes_of;
template <std::size_t... I, class... Tape>
struct tapes_of<std::index_sequence<I...>, Tape...> : tape_slot<I, Tape>... {
    template <class Nodes>
    explicit constexpr tapes_of(Nodes const& n) : tape_slot<I, Tape>(n)... {}
    constexpr void forward() { (tape_slot<I, Tape>::value.forward(), ...); }
    constexpr void finish() { (finish_one(tape_slot<I, Tape>::value), ...); }
    constexpr bool overlaps(void const* begin, void const* end, bool aligned) {
        return (tape_slot<I, Tape>::value.overlaps(begin, end, aligned) || ...);
    }

private:
    template <class T>
    static constexpr void finish_one(T& tape) {
        if constexpr (T::differentiable) tape.finish();
    }
};
template <class... Tape>
using tapes = tapes_of<std::index_sequence_for<Tape...>, Tape...>;
template <std::size_t I, class Tape>
TENON_INLINE constexpr Tape& get(tape_slot<I, Tape>& s) {
    return s.value;
}
template <std::size_t I, class Tape>
TENON_INLINE constexpr Tape const& get(tape_slot<I, Tape> const& s) {
    return s.value;
}

}  // namespace tenon::inline TENON_TARGET::eval
