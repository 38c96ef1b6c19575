// The frame of the C++ programs: what is measured, on which numbers, and how often.
//
// A work is a class with `run()`, which does it once, and `result()`, which does it from its start and gives the numbers that all
// sides are compared by. Names are those of work.json; peers/worker.py is this file's twin for Python.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <functional>
#include <memory>
#include <regex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <benchmark/benchmark.h>

namespace work {

/// The i-th number of a sequence: uniform in [-1, 1), the same in every language (splitmix64's mixing of the two).
inline float number(std::uint64_t sequence, std::uint64_t i) {
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

namespace detail {
struct side {
    std::string name;
    std::function<std::vector<float>()> result;
};
inline std::vector<side>& sides() {
    static std::vector<side> all;
    return all;
}
/// The work that was measured last. Google Benchmark calls a measurement several times to find the number of iterations;
/// the work is made once, and freed before the next one is made.
inline std::shared_ptr<void>& current() {
    static std::shared_ptr<void> work;
    return work;
}
inline std::string& current_name() {
    static std::string name;
    return name;
}
}  // namespace detail

/// Registers one side of a work. The compiler has to believe that every run reads all of the work's memory as new and that
/// somebody reads all it leaves.
template <class Work>
void add(std::string const& work, std::string const& side) {
    std::string const name = work + ":" + side;
    detail::sides().push_back({name, [] {
                                   auto const w = std::make_unique<Work>();
                                   auto const& r = w->result();
                                   return std::vector<float>(r.begin(), r.end());
                               }});
    benchmark::RegisterBenchmark(name.c_str(), [name](benchmark::State& state) {
        if (detail::current_name() != name) {
            detail::current().reset();
            auto fresh = std::make_shared<Work>();
            fresh->run();
            detail::current() = fresh;
            detail::current_name() = name;
        }
        auto* const w = static_cast<Work*>(detail::current().get());
        auto* escaped = w;
        benchmark::DoNotOptimize(escaped);
        for (auto _ : state) {
            w->run();
            benchmark::ClobberMemory();
        }
    })->MeasureProcessCPUTime()->UseRealTime();
}

/// At most 65536 elements of a result, evenly chosen, for the comparison.
inline void write_sample(std::vector<float> const& all, std::string const& path) {
    std::size_t const step = (all.size() + 65535) / 65536;
    std::ofstream file(path, std::ios::binary);
    for (std::size_t i = 0; i < all.size(); i += step) file.write(reinterpret_cast<char const*>(&all[i]), sizeof(float));
}

/// Measures as Google Benchmark's flags say, or with `--check=<folder> <regex>` writes the results of the works that match.
inline int main(int count, char** arguments) {
    constexpr std::string_view check = "--check=";
    if (count == 3 && std::string_view(arguments[1]).starts_with(check)) {
        std::string const folder(arguments[1] + check.size());
        std::regex const wanted(arguments[2]);
        for (auto const& side : detail::sides()) {
            if (!std::regex_search(side.name, wanted)) continue;
            std::string file = side.name + ".f32";
            std::ranges::replace(file, '/', '_');
            write_sample(side.result(), folder + "/" + file);
        }
        return 0;
    }
    benchmark::Initialize(&count, arguments);
    if (benchmark::ReportUnrecognizedArguments(count, arguments)) return 1;
    benchmark::RunSpecifiedBenchmarks();
    detail::current().reset();
    return 0;
}

}  // namespace work
