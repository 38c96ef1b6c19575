// Where results are written: through the caches, or past them where they are too large to stay there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <tenon/core/shape.hpp>
#include <tenon/scalar/dual.hpp>
#include <tenon/scalar/math.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// Results of so many bytes are written past the caches: a line is then not read before it is overwritten. On Zen 3 with 512
/// KiB of L2 cache, adding two vectors and reading the sum again takes, without this, 1.2 times as long from 4 to 64 MiB.
inline constexpr std::size_t streamed_bytes = std::size_t{1} << 22;

/// Row-major memory of T that is written once, in packs at multiples of their own number of elements from the start of a row.
/// @tparam Size number of elements, or `dyn`
template <class T, std::size_t Size>
class destination {
public:
    /// Nothing is streamed.
    constexpr destination() = default;
    /// @param size elements that are written in all
    /// @param row elements between the starts of rows
    constexpr destination(T const* p, std::size_t size, std::size_t row) {
        if constexpr (may_stream) {
            TENON_AT_RUN_TIME
            streams_ = fits(size, row) && reinterpret_cast<std::uintptr_t>(p) % TENON_VECTOR_BYTES == 0;
        }
    }
    /// Whether so many elements in such rows are streamed, from memory that is aligned.
    static constexpr bool fits(std::size_t size, std::size_t row) {
        return may_stream && size * sizeof(T) >= streamed_bytes && row * sizeof(T) % TENON_VECTOR_BYTES == 0;
    }
    template <class V>
    TENON_INLINE constexpr void store(T* p, V const& v) const {
        if constexpr (may_stream && element::is_pack<V>)
            if constexpr (sizeof(v.raw) == TENON_VECTOR_BYTES && sizeof(T) * V::lanes == TENON_VECTOR_BYTES)
                if (streams_) return math::machine::stream(p, v.raw);
        element::store_lanes(p, v);
    }
    constexpr bool streams() const { return streams_; }
    /// Called after the last store.
    constexpr void close() const {
        if constexpr (may_stream)
            if (streams_) math::machine::stream_fence();
    }

private:
    static constexpr bool may_stream =
        std::is_floating_point_v<T> && (is_dynamic(Size) || Size * sizeof(T) >= streamed_bytes);
    bool streams_ = false;
};

/// The destination of a static number of elements, or `dyn`: one type for all that are too few to be streamed, so that they share
/// their loops.
template <class T, std::size_t Size>
using destination_of = destination<T, is_dynamic(Size) || Size * sizeof(T) >= streamed_bytes ? dyn : 1>;

}  // namespace tenon::inline TENON_TARGET::eval
