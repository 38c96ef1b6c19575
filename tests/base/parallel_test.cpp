// Loops on several threads: every piece is run once, wherever, and nothing waits for a thread that does not come.
#include <algorithm>
#include <cstddef>
#include <cstring>
#include <stdexcept>
#include <thread>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include <tenon/tenon.hpp>

#include "../catch.hpp"

namespace tn = tenon;

#if defined(__SANITIZE_THREAD__)
#define TENON_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define TENON_TSAN 1
#endif
#endif

namespace {
/// As many threads as are asked for, until it goes.
struct with_threads {
    std::size_t before = tn::num_threads();
    explicit with_threads(std::size_t n) { tn::set_num_threads(n); }
    ~with_threads() { tn::set_num_threads(before); }
};
/// How often each number of [0, n) was met in a loop that is cut at multiples of `unit`, and whether the cuts were there.
std::vector<int> met(std::size_t n, std::size_t unit, std::size_t worth, bool* cuts = nullptr) {
    std::vector<int> times(n);
    std::vector<char> wrong(n + 1);
    tn::for_each_part(n, unit, worth, [&](std::size_t first, std::size_t last) {
        wrong[first] = first % unit != 0 || (last % unit != 0 && last != n);
        for (std::size_t i = first; i != last; ++i) ++times[i];
    });
    if (cuts)
        for (char w : wrong) *cuts = *cuts && w == 0;
    return times;
}
}  // namespace

TEST_CASE("every piece of a loop is run once, for any number of threads", "[threads]") {
    for (std::size_t threads : {1u, 2u, 3u, 8u}) {
        with_threads const some(threads);
        CHECK(tn::num_threads() == (TENON_THREADS ? threads : 1));
        for (std::size_t n : {0u, 1u, 5u, 64u, 1000u})
            for (std::size_t unit : {1u, 7u, 64u})
                for (std::size_t worth : {0u, 1u, 2u, 9u, 5000u}) {
                    CAPTURE(threads, n, unit, worth);
                    bool cuts = true;
                    CHECK(met(n, unit, worth, &cuts) == std::vector<int>(n, 1));
                    CHECK(cuts);
                }
    }
    CHECK_THROWS_AS(tn::set_num_threads(0), std::invalid_argument);
}

TEST_CASE("a loop inside a piece is the piece's own", "[threads]") {
    with_threads const some(4);
    std::vector<int> inner(64 * 10);
    std::vector<std::size_t> threads(64);
    tn::for_each_part(64, 1, 64, [&](std::size_t first, std::size_t last) {
        for (std::size_t i = first; i != last; ++i) {
            if (last - first != 64) threads[i] = tn::thread_count();
            tn::for_each_part(10, 1, 10, [&](std::size_t a, std::size_t b) {
                for (std::size_t j = a; j != b; ++j) ++inner[i * 10 + j];
            });
        }
    });
    CHECK(inner == std::vector<int>(64 * 10, 1));
    for (std::size_t t : threads) CHECK(t <= 1);
}

TEST_CASE("what a piece throws is thrown by the loop, which can be run again", "[threads]") {
    with_threads const some(4);
    for (int k = 0; k != 3; ++k) {
        CHECK_THROWS_WITH(tn::for_each_part(100, 1, 100,
                                            [](std::size_t first, std::size_t last) {
                                                if (first <= 42 && 42 < last) throw std::runtime_error("piece 42");
                                            }),
                          "piece 42");
        CHECK(met(100, 1, 100) == std::vector<int>(100, 1));
    }
}

TEST_CASE("several threads may begin loops at once", "[threads]") {
    with_threads const some(3);
    std::vector<int> wrong(4);
    {
        std::vector<std::thread> all;
        for (std::size_t t = 0; t != wrong.size(); ++t)
            all.emplace_back([&, t] {
                for (int k = 0; k != 200; ++k) wrong[t] += met(500, 1, 20) != std::vector<int>(500, 1);
            });
        for (std::thread& t : all) t.join();
    }
    CHECK(wrong == std::vector<int>(4));
}

#if !defined(TENON_TSAN)  // takes minutes there
namespace {
/// Whether two tensors have the same bits.
template <class Tensor>
bool same(Tensor const& a, Tensor const& b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof *a.data()) == 0;
}
/// What large loops of all kinds compute, with so many threads.
struct results {
    tn::tensor<float, 1024, 2048> sums, rows;
    tn::tensor<float, 128, 512> product;
    tn::tensor<float, 512, 512> weight;

    explicit results(std::size_t threads) {
        with_threads const some(threads);
        tn::manual_seed(7);
        auto const x = tn::randn<float, 1024, 2048>();
        auto const y = tn::randn<float, 2048, 1024>();
        sums = x + tn::transpose(y) * 2.f;
        rows = tn::softmax<1>(x);
        auto model = tn::nn::linear<512, 512>{};
        tn::optim::adam optimizer(model, {.lr = 0.01f});
        auto const in = tn::randn<float, 128, 512>();
        tn::backward(tn::mean(tn::square(model(in))));
        optimizer.step();
        product = model(in);
        weight = model.weight.value();
    }
};
}  // namespace

TEST_CASE("results are the same to the last bit for any number of threads", "[threads]") {
    results const one(1);
    results const some(3);
    CHECK(same(one.sums, some.sums));
    CHECK(same(one.rows, some.rows));
    CHECK(same(one.product, some.product));
    CHECK(same(one.weight, some.weight));
}

TEST_CASE("the child of a fork has threads of its own", "[threads]") {
    with_threads const some(4);
    CHECK(met(1000, 1, 100) == std::vector<int>(1000, 1));
    ::pid_t const child = ::fork();
    if (child == 0) ::_exit(met(1000, 1, 100) == std::vector<int>(1000, 1) ? 0 : 1);
    int status = -1;
    ::waitpid(child, &status, 0);
    CHECK(status == 0);
    CHECK(met(1000, 1, 100) == std::vector<int>(1000, 1));
}
#endif
