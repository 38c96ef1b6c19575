// The further losses, with and without weights.
#include "device.hpp"

using namespace device_test;

TEST_CASE("losses with weights", "[kernels]") {
    tn::generator gen{71};
    auto const x = tn::randn<float, 9, 5>(gen);
    on_both const y(tn::rand<float, 9, 5>(gen));
    auto const each = tn::rand<float, 9, 5>(gen);
    auto const columns = tn::rand<float, 5>(gen);
    CHECK(gradients_agree([&](auto const& a) { return tn::mse_loss(a, y.where(a)); }, x));
    CHECK(gradients_agree([&](auto const& a) { return tn::l1_loss<tn::reduction::sum>(a, y.where(a)); }, x));
    CHECK(gradients_agree([&](auto const& a) { return tn::smooth_l1_loss(a, y.where(a)); }, x));
    CHECK(gradients_agree([&](auto const& a) { return tn::huber_loss(a, y.where(a), {.delta = 0.5f}); }, x));
    CHECK(gradients_agree([&](auto const& a) { return tn::kl_div(tn::log_softmax<1>(a), y.where(a)); }, x));
    auto const bce = [&](auto const&... options) {
        return gradients_agree(
            [&](auto const& a) { return tn::binary_cross_entropy(tn::sigmoid(a), y.where(a), options...); }, x);
    };
    CHECK(bce());
    CHECK(gradients_agree(
        [&](auto const& a) { return tn::binary_cross_entropy(tn::sigmoid(a), y.where(a), {.weight = each}); }, x));
    CHECK(gradients_agree(
        [&](auto const& a) { return tn::binary_cross_entropy_with_logits(a, y.where(a), {.weight = columns}); }, x));
    CHECK(gradients_agree(
        [&](auto const& a) { return tn::binary_cross_entropy_with_logits(a, y.where(a), {.pos_weight = columns}); },
        x));
}

TEST_CASE("the negative log-likelihood of classes", "[kernels]") {
    tn::generator gen{72};
    auto const x = tn::randn<float, 9, 5>(gen);
    auto classes = tn::randint<std::int64_t, 9>(0, 5, gen);
    classes(3) = -100;
    on_both const y(classes);
    auto const w = tn::rand<float, 5>(gen);
    CHECK(gradients_agree([&](auto const& a) { return tn::nll_loss(tn::log_softmax<1>(a), y.where(a)); }, x));
    CHECK(gradients_agree([&](auto const& a) { return tn::nll_loss(tn::log_softmax<1>(a), y.where(a), {.weight = w}); },
                          x));
    CHECK(gradients_agree(
        [&](auto const& a) {
            return tn::sum(tn::square(tn::nll_loss<tn::reduction::none>(a, y.where(a), {.weight = w})));
        },
        x));
}
