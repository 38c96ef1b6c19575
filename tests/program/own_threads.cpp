// A program that lends Tenon its own threads: every piece is run once, on them, and loops inside of pieces are the pieces' own.
#include <cstddef>
#include <cstdio>
#include <thread>
#include <vector>

namespace {
int loops = 0;

template <class F>
void on_own_threads(std::size_t n, F const& f) {
    constexpr std::size_t count = 3;
    ++loops;
    std::vector<std::thread> all;
    for (std::size_t t = 0; t != count; ++t)
        all.emplace_back([n, t, &f] {
            for (std::size_t i = t; i < n; i += count) f(i);
        });
    for (std::thread& t : all) t.join();
}
}  // namespace

#define TENON_PARALLEL_FOR(n, f) on_own_threads(n, f)
#include <tenon/base/parallel.hpp>

int main() {
    tenon::set_num_threads(2);
    std::vector<int> times(1000);
    tenon::for_each_part(times.size(), 8, 10, [&](std::size_t first, std::size_t last) {
        tenon::for_each_part(last - first, 1, 2, [&](std::size_t begin, std::size_t end) {
            for (std::size_t i = begin; i != end; ++i) ++times[first + i];
        });
    });
    bool right = loops == 1;
    for (int t : times) right = right && t == 1;
    tenon::set_num_threads(1);
    tenon::for_each_part(times.size(), 8, 10, [&](std::size_t first, std::size_t last) {
        right = right && first == 0 && last == times.size();
    });
    if (!right || loops != 1) std::puts("a loop was not run as it should");
    return right && loops == 1 ? 0 : 1;
}
