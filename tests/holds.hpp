// Comparing computations with numbers that are known. What compares is no template: a test has many computations.
#pragma once

#include <cmath>
#include <cstddef>
#include <initializer_list>
#include <vector>

#include <tenon/core/tensor.hpp>

/// Whether numbers differ by at most an error, relative to those above 1; NaN is equal to NaN.
inline bool numbers_agree(std::vector<double> const& found, std::initializer_list<double> expected, double error) {
    if (found.size() != expected.size()) return false;
    for (std::size_t i = 0; i != found.size(); ++i) {
        double const a = found[i], b = expected.begin()[i];
        if (a == b || (std::isnan(a) && std::isnan(b))) continue;
        if (!(std::abs(a - b) <= error * std::fmax(1, std::abs(b)))) return false;
    }
    return true;
}
/// Whether these are a computation's elements in row-major order.
template <class E>
bool holds(E const& e, std::initializer_list<double> expected, double error = 0) {
    auto const t = e.eval();
    std::vector<double> found;
    for (auto const v : t.flat()) found.push_back(static_cast<double>(v));
    return numbers_agree(found, expected, error);
}
