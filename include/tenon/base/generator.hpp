// Where random numbers come from: a seed and a count of what was given out.
#pragma once

#include <cstdint>
#include <type_traits>
#include <utility>

#include <tenon/base/target.hpp>

// Not in the inline namespace of the instruction set: files of one program that were built with different flags share one
// default generator and can hand generators to each other. Everything is inlined, so that the linker finds no function of
// which it could take the version for another processor.
namespace tenon {

/// A source of random numbers: the key of `philox4x32` and a counter of the blocks that were given out. Copies go on
/// alike. Threads may draw from one generator; which of them gets which numbers is then open.
class generator {
public:
    TENON_INLINE explicit constexpr generator(std::uint64_t seed) : key_(seed) {}

    TENON_INLINE constexpr std::uint64_t seed() const { return key_; }
    /// Number of blocks that were given out.
    TENON_INLINE constexpr std::uint64_t counter() const { return counter_; }
    /// Takes blocks for the caller's use. @return the number of the first one
    TENON_INLINE constexpr std::uint64_t advance(std::uint64_t blocks) {
        if (__builtin_is_constant_evaluated()) return std::exchange(counter_, counter_ + blocks);
        return __atomic_fetch_add(&counter_, blocks, __ATOMIC_RELAXED);
    }

private:
    std::uint64_t key_;
    std::uint64_t counter_ = 0;
};

/// What a program has once, whatever flags its files are built with.
namespace program {
[[gnu::visibility("default")]] inline constinit generator default_generator{0};
}  // namespace program

/// The generator that is used where none is given; one for the whole program, seeded with 0.
TENON_INLINE generator& default_generator() { return program::default_generator; }
/// Starts the default generator anew.
TENON_INLINE void manual_seed(std::uint64_t seed) { default_generator() = generator{seed}; }

}  // namespace tenon
