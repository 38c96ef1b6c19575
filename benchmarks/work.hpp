// The frame of the C++ programs: what is measured, on which numbers, and how often.
//
// A work is a class with `run()`, which does it once, and `result()`, which does it from its start and gives the numbers that all
// sides are compared by. Names are those of work.json; peers/worker.py is this file's twin for Python.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

#include <benchmark/benchmark.h>

#include "numbers.hpp"
#include "sample.hpp"

namespace work {

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
    benchmark::RegisterBenchmark(name.c_str(),
                                 [name](benchmark::State& state) {
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
                                 })
        ->MeasureProcessCPUTime()
        ->UseRealTime();
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
