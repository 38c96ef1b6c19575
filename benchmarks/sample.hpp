// What sides are compared by: elements of a result in a file.
#pragma once

#include <cstddef>
#include <fstream>
#include <span>
#include <string>

namespace work {

/// At most 65536 elements of a result, evenly chosen, for the comparison.
inline void write_sample(std::span<float const> all, std::string const& path) {
    std::size_t const step = (all.size() + 65535) / 65536;
    std::ofstream file(path, std::ios::binary);
    for (std::size_t i = 0; i < all.size(); i += step)
        file.write(reinterpret_cast<char const*>(&all[i]), sizeof(float));
}

}  // namespace work
