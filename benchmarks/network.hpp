// What the sides of training and inference share: sizes, pictures, labels, and the weights that every network starts from.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "numbers.hpp"

namespace network {

/// Steps whose losses are compared.
inline constexpr std::size_t compared_steps = 10;

inline constexpr float learning_rate = 1e-3f;

/// Labels change from step to step, over and over: on one set a network would soon have nothing left to learn, and
/// gradients too small to be normal numbers take longer.
inline constexpr std::size_t label_sets = 16;

/// Sequences of random numbers; peers/network.py has the same.
inline constexpr std::uint64_t inputs_sequence = 0, labels_sequence = 1, parameters_sequence = 10;

/// A classifier of fully connected layers with relu between them: Sizes are In, hidden…, Out.
template <std::size_t Batch, std::size_t... Sizes>
struct shape {
    static constexpr std::size_t batch = Batch, layers = sizeof...(Sizes) - 1;
    static constexpr std::array<std::size_t, sizeof...(Sizes)> sizes{Sizes...};
    static constexpr std::size_t in = sizes[0], out = sizes[layers];
    /// What one sample looks like to a library for pictures.
    static constexpr long rows = static_cast<long>(in);

    /// The `at`-th label of a set.
    static std::int64_t label(std::size_t set, std::size_t at) {
        return work::label(labels_sequence, set * Batch + at, static_cast<std::int64_t>(out));
    }
};

/// LeNet-5 on pictures of 28 by 28; sizes are the fan-ins of its layers.
template <std::size_t Batch>
struct lenet {
    static constexpr std::size_t batch = Batch, layers = 5, in = 784, out = 10;
    static constexpr long rows = 28;
    static constexpr std::array<std::size_t, layers> sizes{25, 150, 400, 120, 84};

    static std::int64_t label(std::size_t set, std::size_t at) { return shape<Batch, in, out>::label(set, at); }
};

/// Labels for libraries that take a pointer to them.
template <class Shape, class T>
std::vector<T> labels_of() {
    std::vector<T> all;
    for (std::size_t s = 0; s != label_sets; ++s)
        for (std::size_t i = 0; i != Shape::batch; ++i) all.push_back(static_cast<T>(Shape::label(s, i)));
    return all;
}

/// A parameter's start: weights are [out, in] and even, biases odd; both within ±1/sqrt(fan in), PyTorch's default.
inline void fill_parameter(std::span<float> to, std::size_t which, std::size_t fan_in) {
    work::fill(to, parameters_sequence + which, 1 / std::sqrt(static_cast<float>(fan_in)));
}

/// The losses of the first steps, for the comparison of sides.
template <class Trainer>
std::vector<float> losses(Trainer& t) {
    std::vector<float> all;
    for (std::size_t i = 0; i != compared_steps; ++i) {
        t.run();
        all.push_back(t.loss);
    }
    return all;
}

}  // namespace network
