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

TEST_CASE("weights that live on the device, and weights in captured steps", "[kernels]") {
    tn::generator gen{73};
    auto const x = tn::randn<float, 9, 5>(gen);
    on_both const y(tn::rand<float, 9, 5>(gen));
    on_both const classes(tn::randint<std::int64_t, 9>(0, 5, gen));
    on_both const each(tn::rand<float, 9, 5>(gen));
    on_both const columns(tn::rand<float, 5>(gen));
    on_both const all(tn::full<float, 1>(0.5f));
    auto const bce = [&](auto const& a) {
        return tn::binary_cross_entropy_with_logits(a, y.where(a),
                                                    {.weight = each.where(a), .pos_weight = columns.where(a)});
    };
    auto const nll = [&](auto const& a) {
        return tn::nll_loss(tn::log_softmax<1>(a), classes.where(a), {.weight = columns.where(a)});
    };
    auto const entropy = [&](auto const& a) {
        return tn::cross_entropy(a, classes.where(a), {.weight = columns.where(a), .label_smoothing = 0.1}) +
               tn::cross_entropy<tn::reduction::sum>(a, classes.where(a), {.weight = all.where(a)});
    };
    CHECK(gradients_agree(bce, x));
    CHECK(gradients_agree(nll, x));
    CHECK(gradients_agree(entropy, x));
    CHECK(gradients_agree(
        [&](auto const& a) { return tn::nn::cross_entropy_loss{.weight = columns.where(a)}(a, classes.where(a)); }, x));

    // The host's weights, which the recording brings: other memory of the step does not overwrite them.
    auto const of_host = [&](auto const& a) {
        return tn::cross_entropy(tn::softmax<1>(a), classes.where(a), {.weight = columns.host}) +
               tn::binary_cross_entropy_with_logits(a, y.where(a), {.weight = 0.25f, .pos_weight = each.host * 2.f}) +
               bce(a);
    };
    auto v = host_variable(x);
    auto d = device_variable(x);
    tn::cuda::tensor<float> loss;
    auto const step = tn::cuda::capture([&] { loss = tn::backward(of_host(d)); });
    for (int i = 0; i != 3; ++i) {
        step();
        CHECK(loss.item() == Approx(tn::backward(of_host(v)).item()));
        CHECK(same(tn::to<tn::cpu>(d.grad()), v.grad()));
    }
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
