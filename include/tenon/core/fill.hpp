// How tensors get all their elements at once: by position, or drawn from a generator.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include <tenon/base/generator.hpp>
#include <tenon/base/philox.hpp>
#include <tenon/core/tensor.hpp>

namespace tenon::inline TENON_TARGET {

namespace detail {
/// Calls `f(block, first, count)` for the blocks that n elements need, `PerBlock` elements each.
template <std::size_t PerBlock, class F>
void for_each_block(generator& gen, std::size_t n, F f) {
    std::uint64_t const blocks = n / PerBlock + (n % PerBlock != 0);
    std::uint64_t const start = gen.advance(blocks), key = gen.seed();
    for (std::uint64_t b = 0; b != blocks; ++b) {
        std::size_t const first = b * PerBlock;
        f(random_block(key, start + b), first, std::min(PerBlock, n - first));
    }
}
/// Fills memory with numbers of a kind: once for an element type, whatever the tensors' shapes.
template <class T, class Numbers>
void fill_random(T* out, std::size_t n, Numbers const& numbers, generator& gen) {
    for_each_block<Numbers::per_block>(gen, n, [&](random_block const& block, std::size_t first, std::size_t count) {
        numbers(block, out + first, count);
    });
}
}  // namespace detail

/// How a device fills a tensor at once, beside the tensor's own `fill(value)`; each device specialises it:
///
/// - `by_position(x, numbers)`: element i becomes numbers[i];
/// - `draw(x, numbers, gen)`: a kind of random numbers (core/random.hpp), on every device the same from the same generator.
template <class Device>
struct creation;
template <>
struct creation<cpu> {
    template <class X, class Numbers>
    static constexpr void by_position(X& x, Numbers const& numbers) {
        auto* const p = x.data();
        for (std::size_t i = 0, n = x.size(); i != n; ++i) p[i] = numbers[i];
    }
    template <class X, class Numbers>
    static void draw(X& x, Numbers const& numbers, generator& gen) {
        detail::fill_random(x.data(), x.size(), numbers, gen);
    }
};

}  // namespace tenon::inline TENON_TARGET
