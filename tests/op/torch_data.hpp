// What PyTorch computed: tests/op/data/{float,double}.txt, written by make.py there.
#pragma once

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <tenon/tenon.hpp>

#include "../catch.hpp"

namespace torch_data {

/// A name and its numbers for each line.
template <class T>
inline std::map<std::string, std::vector<T>> const& all() {
    static auto const table = [] {
        std::map<std::string, std::vector<T>> read;
        std::string const path = TENON_TESTS_DIR "/op/data/" + std::string(sizeof(T) == 4 ? "float.txt" : "double.txt");
        std::ifstream file(path);
        if (!file) throw std::runtime_error(path + " cannot be read");
        for (std::string line; std::getline(file, line);) {
            std::istringstream words(line);
            std::string name, word;
            words >> name;
            while (words >> word) read[name].push_back(static_cast<T>(std::strtod(word.c_str(), nullptr)));
        }
        return read;
    }();
    return table;
}

/// Whether a computed number is the expected one, within a few units of the last place of numbers that went into it.
template <class T>
bool close(T found, T expected) {
    if (std::isnan(expected) || std::isnan(found)) return std::isnan(expected) && std::isnan(found);
    if (std::isinf(expected) || std::isinf(found)) return found == expected;
    constexpr T unit = std::numeric_limits<T>::epsilon();
    return std::abs(found - expected) <= 16 * unit * std::abs(expected) + 8 * unit;
}

/// Compares a line of the table with f(i) for its ith number, and lists what differs.
template <class T, class F>
void check(std::string const& name, F f) {
    auto const& table = all<T>();
    auto const line = table.find(name);
    if (line == table.end()) FAIL("no data for " << name);
    auto const& expected = line->second;
    bool const unary = expected.size() == table.at("x").size();
    std::ostringstream wrong;
    for (std::size_t i = 0; i != expected.size(); ++i) {
        T const found = f(i);
        if (close(found, expected[i])) continue;
        wrong << name << " of " << (sizeof(T) == 4 ? "float " : "double ")
              << (unary ? table.at("x") : table.at("a"))[i];
        if (!unary) wrong << ", " << table.at("b")[i] << ", " << table.at("c")[i];
        wrong << ": " << found << ", PyTorch " << expected[i] << '\n';
    }
    CHECK(wrong.str() == "");
}

}  // namespace torch_data
