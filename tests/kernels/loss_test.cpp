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

TEST_CASE("loss layers that keep their weights on the device", "[kernels]") {
    using device = tn::cuda::device;
    namespace nn = tn::nn;
    tn::generator gen{74};
    auto const x = tn::randn<float, 9, 5>(gen);
    auto const y = tn::rand<float, 9, 5>(gen);
    auto const k = tn::randint<std::int64_t, 9>(0, 5, gen);
    auto const each = tn::rand<float, 9, 5>(gen);
    auto const columns = tn::rand<float, 5>(gen);
    auto const y_there = tn::to<device>(y);
    auto const k_there = tn::to<device>(k);
    // From the processor's memory or the device's, from computations and numbers, for a loss of either type.
    auto const here = std::tuple(nn::cross_entropy_loss{.weight = columns},
                                 nn::basic_cross_entropy_loss<tn::reduction::sum>{.weight = columns},
                                 nn::nll_loss{.weight = 2.f * columns}, nn::binary_cross_entropy_loss{.weight = each},
                                 nn::binary_cross_entropy_with_logits_loss{.weight = 0.25});
    auto const there =
        std::tuple(nn::basic_cross_entropy_loss<tn::reduction::mean, device>{.weight = columns},
                   nn::basic_cross_entropy_loss<tn::reduction::sum, device>{.weight = tn::to<device>(columns)},
                   nn::basic_nll_loss<tn::reduction::mean, device>{.weight = 2.f * tn::to<device>(columns)},
                   nn::basic_binary_cross_entropy_loss<tn::reduction::mean, device>{.weight = each},
                   nn::basic_binary_cross_entropy_with_logits_loss<tn::reduction::mean, device>{.weight = 0.25});
    auto const total = [](auto const& losses, auto const& a, auto const& b, auto const& classes) {
        return std::get<0>(losses)(a, classes) + std::get<1>(losses)(a, classes) +
               std::get<2>(losses)(tn::log_softmax<1>(a), classes) + std::get<3>(losses)(tn::sigmoid(a), b) +
               std::get<4>(losses)(a, b);
    };
    auto v = host_variable(x);
    auto d = device_variable(x);
    tn::cuda::tensor<float> loss;
    for (int i = 0; i != 2; ++i) {
        CHECK(tn::backward(total(there, d, y_there, k_there)).item() ==
              Approx(tn::backward(total(here, v, y, k)).item()));
        CHECK(same(tn::to<tn::cpu>(d.grad()), v.grad()));
    }
    auto const doubles = tn::cast<double>(x).eval();
    CHECK(std::get<0>(there)(tn::to<device>(doubles), k_there).item() ==
          Approx(tn::cross_entropy(doubles, k, {.weight = tn::cast<double>(columns)}).item()));
    auto const copied = std::get<0>(there);
    CHECK(copied(d, k_there).item() == Approx(std::get<0>(here)(v, k).item()));
    CHECK_THROWS_AS((nn::basic_nll_loss<tn::reduction::mean, device>{.weight = tn::ones<float, 4>()}(
                        tn::log_softmax<1>(d), k_there)),
                    tn::shape_error);

    // Nothing is brought, so that a step with them can be recorded before it has run.
    auto const copies = calls::copies;
    loss = tn::backward(std::get<0>(there)(d, k_there));
    auto const with_weights = calls::copies - copies;
    nn::basic_cross_entropy_loss<tn::reduction::mean, device> const plain;
    loss = tn::backward(plain(d, k_there));
    CHECK(calls::copies - copies == 2 * with_weights);
    auto v2 = host_variable(x);
    auto d2 = device_variable(x);
    auto const step = tn::cuda::capture([&] { loss = tn::backward(total(there, d2, y_there, k_there)); });
    for (int i = 0; i != 2; ++i) {
        step();
        CHECK(loss.item() == Approx(tn::backward(total(here, v2, y, k)).item()));
        CHECK(same(tn::to<tn::cpu>(d2.grad()), v2.grad()));
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
