// What the machine can do at most: multiply-adds in registers, and bytes to and from memory. The plots draw these as roofs.
#include <memory>

#include "hand.hpp"
#include "work.hpp"

namespace {

/// A million multiply-adds of packs, ten sums at a time.
struct arithmetic {
    hand::pack sums[10] = {};
    float factor = 0.999f;
    void run() {
        hand::pack s[10];
        for (std::size_t q = 0; q != 10; ++q) s[q] = sums[q];
        hand::pack const f = hand::pack{} + factor, one = hand::pack{} + 1.f;
        for (int i = 0; i != 100000; ++i)
            for (std::size_t q = 0; q != 10; ++q) s[q] = s[q] * f + one;
        for (std::size_t q = 0; q != 10; ++q) sums[q] = s[q];
    }
    auto result() {
        run();
        return std::span(&factor, 1);
    }
};

/// 64 MiB copied past the caches: 128 MiB moved.
struct bandwidth {
    struct alignas(64) block {
        float elements[1 << 24];
    };
    std::unique_ptr<block> from = std::make_unique<block>(), to = std::make_unique<block>();
    void run() {
        for (std::size_t i = 0; i != std::size(from->elements); i += hand::width)
            hand::stream(to->elements + i, hand::load(from->elements + i));
    }
    auto result() {
        run();
        return std::span(to->elements, 1);
    }
};

}  // namespace

int main(int count, char** arguments) {
    work::add<arithmetic>("machine/arithmetic", "by hand");
    work::add<bandwidth>("machine/bandwidth", "by hand");
    return work::main(count, arguments);
}
