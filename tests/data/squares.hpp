// A dataset whose samples say which they are, and may be broken.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

#include <tenon/core/creation.hpp>

namespace tenon_test {

/// Sample i has i in each element, with the label i².
/// @tparam Width elements of a sample
template <std::size_t Width>
struct squares {
    std::size_t count = 10;
    std::size_t broken = static_cast<std::size_t>(-1);
    std::size_t size() const { return count; }
    auto operator[](std::size_t i) const {
        if (i == broken) throw std::runtime_error("sample " + std::to_string(i));
        return std::pair{tenon::full<float, Width>(static_cast<float>(i)), static_cast<std::int64_t>(i * i)};
    }
};

}  // namespace tenon_test
