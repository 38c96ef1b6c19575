// Where random numbers come from: a seed and a count of what was given out.
#pragma once

#include <cstdint>
#include <type_traits>
#include <utility>

#include <tenon/core/target.hpp>

namespace tenon::inline TENON_TARGET {

/// A source of random numbers: the key of `philox4x32` and a counter of the blocks that were given out. Copies go on
/// alike. Threads may draw from one generator; which of them gets which numbers is then open.
class generator {
public:
    explicit constexpr generator(std::uint64_t seed) : key_(seed) {}

    constexpr std::uint64_t seed() const { return key_; }
    /// Number of blocks that were given out.
    constexpr std::uint64_t counter() const { return counter_; }
    /// Takes blocks for the caller's use. @return the number of the first one
    constexpr std::uint64_t advance(std::uint64_t blocks) {
        if (std::is_constant_evaluated()) return std::exchange(counter_, counter_ + blocks);
        return __atomic_fetch_add(&counter_, blocks, __ATOMIC_RELAXED);
    }

private:
    std::uint64_t key_;
    std::uint64_t counter_ = 0;
};

/// The generator that is used where none is given; one for the whole program, seeded with 0.
inline generator& default_generator() {
    static generator g{0};
    return g;
}
/// Starts the default generator anew.
inline void manual_seed(std::uint64_t seed) { default_generator() = generator{seed}; }

}  // namespace tenon::inline TENON_TARGET
