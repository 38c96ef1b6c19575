// The numbers that everything is measured on, the same on every side; peers/worker.py makes them too.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace work {

/// The i-th number of a sequence: uniform in [-1, 1), the same in every language (splitmix64's mixing of the two).
constexpr float number(std::uint64_t sequence, std::uint64_t i) {
    std::uint64_t z = (sequence << 32) + i + 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    z ^= z >> 31;
    return static_cast<float>(z >> 40) * 0x1p-23f - 1;
}

inline void fill(std::span<float> to, std::uint64_t sequence, float scale = 1) {
    for (std::size_t i = 0; i != to.size(); ++i) to[i] = scale * number(sequence, i);
}

inline std::vector<float> numbers(std::size_t n, std::uint64_t sequence, float scale = 1) {
    std::vector<float> v(n);
    fill(v, sequence, scale);
    return v;
}

/// A tensor of any library that has `data()` and `size()`, filled.
template <class Tensor>
Tensor filled(Tensor t, std::uint64_t sequence, float scale = 1) {
    fill({t.data(), static_cast<std::size_t>(t.size())}, sequence, scale);
    return t;
}

/// The i-th of a sequence of classes 0 … count-1.
inline std::int64_t label(std::uint64_t sequence, std::uint64_t i, std::int64_t count) {
    return std::min(count - 1, static_cast<std::int64_t>((number(sequence, i) + 1) / 2 * static_cast<float>(count)));
}

}  // namespace work
