// A training loop asks the system for memory in its first step alone.
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include <tenon/tenon.hpp>

#include "../catch.hpp"
#include "allocations.hpp"

namespace tn = tenon;
namespace nn = tenon::nn;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TENON_SANITIZER_ALLOCATES 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define TENON_SANITIZER_ALLOCATES 1
#endif
#endif

namespace {
void count(std::size_t bytes) {
    tenon_test::allocations.fetch_add(1, std::memory_order_relaxed);
    tenon_test::allocated_bytes.fetch_add(bytes, std::memory_order_relaxed);
}
}  // namespace

#if defined(TENON_SANITIZER_ALLOCATES)
// A sanitizer has an allocator of its own, which tells of every block.
extern "C" int __sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(void const volatile*, std::size_t),
                                                         void (*on_free)(void const volatile*));
namespace {
void on_malloc(void const volatile*, std::size_t bytes) { count(bytes); }
void on_free(void const volatile*) {}
bool const installed = __sanitizer_install_malloc_and_free_hooks(on_malloc, on_free) != 0;
}  // namespace
bool tenon_test::counts_allocations() { return installed; }
#elif defined(__GLIBC__)
// glibc lets a program replace malloc, and has its own under another name; operator new calls what is found here.
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
void __libc_free(void*);

void* malloc(std::size_t bytes) {
    count(bytes);
    return __libc_malloc(bytes);
}
void* calloc(std::size_t n, std::size_t bytes) {
    count(n * bytes);
    return __libc_calloc(n, bytes);
}
void* realloc(void* p, std::size_t bytes) {
    count(bytes);
    return __libc_realloc(p, bytes);
}
void* memalign(std::size_t alignment, std::size_t bytes) {
    count(bytes);
    return __libc_memalign(alignment, bytes);
}
void* aligned_alloc(std::size_t alignment, std::size_t bytes) { return memalign(alignment, bytes); }
int posix_memalign(void** to, std::size_t alignment, std::size_t bytes) {
    *to = memalign(alignment, bytes);
    return *to ? 0 : ENOMEM;
}
void free(void* p) { __libc_free(p); }
}
bool tenon_test::counts_allocations() { return true; }
#else
bool tenon_test::counts_allocations() { return false; }
#endif

namespace {

/// Trains two epochs and returns what was allocated after the first step.
template <class Loss>
std::size_t allocated_while_training(auto& model, auto const& dataset, auto const& batch, Loss const& loss_of) {
    tn::optim::adam optimizer(model, {.lr = 0.01f});
    tn::data::loader batches(dataset, batch);
    std::size_t before = 0, steps = 0;
    float last = 0;
    for (int epoch = 0; epoch != 2; ++epoch)
        for (auto const& [x, y] : batches) {
            optimizer.zero_grad();
            last = tn::backward(loss_of(model(x), y));
            optimizer.step();
            if (++steps == 1) before = tenon_test::allocations;
        }
    std::size_t const found = tenon_test::allocations - before;
    CHECK(steps == 6);
    CHECK(last == last);
    return found;
}

}  // namespace

TEST_CASE("every kind of allocation is counted") {
    if (!tenon_test::counts_allocations()) SKIP("needs glibc or a sanitizer");
    std::size_t const before = tenon_test::allocations, bytes = tenon_test::allocated_bytes;
    // Through volatile pointers, so that no compiler leaves out a block that nobody uses.
    void* volatile a = std::malloc(100);
    void* volatile b = std::calloc(2, 100);
    void* volatile c = ::operator new(100);
    void* volatile d = ::operator new(128, std::align_val_t{64});
    CHECK(tenon_test::allocations - before == 4);
    CHECK(tenon_test::allocated_bytes - bytes >= 100 + 200 + 100 + 128);
    std::free(a);
    std::free(b);
    ::operator delete(c);
    ::operator delete(d, std::align_val_t{64});
}

TEST_CASE("training a classifier allocates nothing after its first step") {
    if (!tenon_test::counts_allocations()) SKIP("needs glibc or a sanitizer");
    tn::manual_seed(0);
    auto model = nn::linear<784, 128>{} | nn::relu{} | nn::linear<128, 10>{};
    tn::tensor const x = tn::randn<float, 96, 784>();
    tn::tensor const y = tn::randint<std::int64_t, 96>(0, 10);
    CHECK(allocated_while_training(
              model, tn::data::tensor_dataset(x, y), tn::data::batch<32>(),
              [](auto const& logits, auto const& target) { return tn::cross_entropy(logits, target); }) == 0);
}

TEST_CASE("so does training with named nodes and batches whose number of rows only run time knows") {
    if (!tenon_test::counts_allocations()) SKIP("needs glibc or a sanitizer");
    tn::manual_seed(0);
    auto model = nn::linear<10, 5>{} | nn::relu{} | nn::linear<5, 2>{};
    tn::tensor const x = tn::randn<float, 30, 10>();
    tn::tensor const y = tn::randn<float, 30, 2>();
    CHECK(allocated_while_training(model, tn::data::tensor_dataset(x, y), tn::data::batch(10),
                                   [](auto const& out, auto const& target) {
                                       auto h = tn::let(tn::tanh(out));
                                       return tn::mean(tn::square(h - target)) + tn::mean(h * h);
                                   }) == 0);
}
