// Networks of many layers learn, and allocate nothing once they have taken a step.
#include <cstddef>
#include <cstdint>

#include <tenon/tenon.hpp>

#include "../allocations.hpp"
#include "../catch.hpp"

namespace tn = tenon;
namespace nn = tenon::nn;

namespace {

/// Which of three classes a sequence of eight symbols belongs to.
struct transformer {
    nn::embedding<20, 16> table;
    nn::layer_norm<16> norm;
    nn::multihead_attention<16, 2> attention;
    nn::dropout drop{0.1};
    nn::linear<16, 3> head;
    auto operator()(auto const& x) const {
        auto const h = tn::let(table(x));
        return head(tn::mean<1>(h + drop(attention(norm(h), {.is_causal = true}))));
    }
};
/// The same by reading the symbols one after another.
struct recurrent {
    nn::embedding<20, 16> table;
    nn::lstm_cell<16, 24> cell;
    nn::batch_norm1d<24> norm;
    nn::linear<24, 3> head;
    auto operator()(auto const& x) const {
        auto const first = cell(table(tn::select<1>(x, 0)));
        auto const [h, c] = cell(table(tn::select<1>(x, 1)), first);
        return head(norm(h));
    }
};

template <class Model>
void check_training() {
    tn::manual_seed(5);
    Model model;
    auto const x = tn::randint<std::int64_t, 32, 8>(0, 20);
    auto const t = tn::randint<std::int64_t, 32>(0, 3);
    tn::optim::adam optimizer(model, {.lr = 0.02f});
    float first = 0, last = 0;
    [[maybe_unused]] std::size_t before = 0;
    for (int i = 0; i < 60; ++i) {
        optimizer.zero_grad();
        last = tn::backward(tn::cross_entropy(model(x), t));
        optimizer.step();
        if (i == 0) first = last;
#if TENON_COUNTS_ALLOCATIONS
        if (i == 0) before = allocations;
#endif
    }
#if TENON_COUNTS_ALLOCATIONS
    CHECK(allocations - before == 0);
#endif
    CHECK(last < first / 4);
}

}  // namespace

TEST_CASE("attention, embeddings and dropout train without allocating") { check_training<transformer>(); }
TEST_CASE("recurrent cells and batch normalisation train without allocating") { check_training<recurrent>(); }
