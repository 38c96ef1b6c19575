// What the whole program asks the system for: operator new and malloc alike.
#pragma once

#include <atomic>
#include <cstddef>

namespace tenon_test {

/// The number of blocks, and their bytes, since the program began.
inline std::atomic<std::size_t> allocations = 0, allocated_bytes = 0;

/// Whether this build can count.
bool counts_allocations();

}  // namespace tenon_test
