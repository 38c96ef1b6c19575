// Fused steps of each loss, node and optimiser that one block runs, among other steps.
#include "fused.hpp"

using namespace device_test;

namespace {

template <class Device>
struct layer {
    nn::linear<3, 2, Device> fc;
    auto operator()(auto const& x) const { return fc(x); }
};
/// Two parameters and little that is computed from them.
template <class Device>
struct sums {
    typename Device::template variable<float, 2, 3> each;
    typename Device::template variable<float, 3> row;
};
/// Words, normalised in both ways, and what comes before each of them.
template <class Device>
struct words {
    nn::embedding<7, 6, Device> table;
    nn::basic_layer_norm<tn::shape<6>, Device> norm;
    nn::basic_rms_norm<tn::shape<12>, Device> all;
    auto operator()(auto const& x) const {
        auto const seen = tn::cumsum<1>(norm(table(x)));  // [4, 2, 6]
        return all(tn::reshape<4, 12>(seen));
    }
};
}  // namespace

TEST_CASE("fused steps of further losses and nodes", "[kernels]") {
    tn::generator gen{83};
    auto const x = tn::randn<float, 6, 3>(gen);
    auto const classes = tn::randint<std::int64_t, 6>(0, 2, gen);
    on_both const weights(tn::rand<float, 2>(gen));
    CHECK(steps_agree<layer>(
        adamax,
        [&](auto const& model, auto const& a, auto const& t) {
            return tn::cross_entropy<tn::reduction::sum>(model(a), t,
                                                         {.weight = weights.where(a), .label_smoothing = 0.1}) *
                   0.1f;
        },
        x, classes));
    CHECK(steps_agree<layer>(
        adamax,
        [&](auto const& model, auto const& a, auto const& t) {
            return tn::mean(tn::square(tn::cross_entropy<tn::reduction::none>(model(a), t, {.weight = weights.host})));
        },
        x, classes));
    CHECK(steps_agree<layer>(
        adamax, [](auto const& model, auto const& a, auto const& t) { return tn::mean(tn::softmax<1>(model(a)) * t); },
        x, tn::randn<float, 6, 2>(gen)));
    // The bias has no effect here: Adam would make steps of the noise in its gradient.
    CHECK(steps_agree<layer>([](auto& m) { return tn::optim::sgd(m, {.lr = 0.1f}); },
                             [](auto const& model, auto const& a, auto const& t) {
                                 return tn::kl_div<tn::reduction::batchmean>(tn::log_softmax<0>(model(a)), t);
                             },
                             x, tn::rand<float, 6, 2>(gen)));
    CHECK(steps_agree<layer>(
        adamax,
        [](auto const& model, auto const& a, auto const& t) {
            return tn::huber_loss(tn::squeeze<-1>(tn::sum<1>(model(a), tn::keepdim)), t);
        },
        x, tn::randn<float, 6>(gen)));
    CHECK(steps_agree<layer>(
        adamax,
        [&](auto const& model, auto const& a, auto const& t) {
            return tn::binary_cross_entropy_with_logits(model(a), t, {.weight = 0.5f, .pos_weight = weights.where(a)});
        },
        x, tn::rand<float, 6, 2>(gen)));
    // A vector is a matrix of one row.
    CHECK(steps_agree<layer>(adamax, cross_entropy, tn::randn<float, 3>(gen), tn::randint<std::int64_t>(0, 2, gen)));
    // An operand of a product that is computed, transposed or reshaped; a matrix times its own transpose.
    CHECK(steps_agree<layer>(
        adamax,
        [](auto const& model, auto const& a, auto const& t) {
            auto const h = tn::let(tn::tanh(model(a)));
            return tn::mean(tn::abs(tn::matmul(h, tn::transpose(h)) - t)) +
                   tn::sum(tn::matmul(tn::transpose(tn::exp(model.fc.weight)), tn::reshape<2, 3>(model.fc.weight))) *
                       0.01f;
        },
        x, tn::randn<float, 6, 6>(gen)));
    // What is computed from positions: a triangle, and numbers of a generator that each step takes further.
    tn::generator host{7}, device{7};
    CHECK(steps_agree<layer>(
        adamax,
        [&](auto const& model, auto const& a, auto const& t) {
            auto& from = std::is_same_v<tn::device_of_t<decltype(a)>, tn::cpu> ? host : device;
            return tn::mean(tn::square(tn::dropout(tn::tril(model(a), 1) - t, 0.4, true, from)));
        },
        x, tn::randn<float, 6, 2>(gen)));
    CHECK(host.counter() == device.counter());
}

TEST_CASE("fused steps of embeddings, normalisation and scans", "[kernels]") {
    tn::generator gen{86};
    auto const x = tn::randint<std::int64_t, 4, 2>(0, 6, gen);  // some rows several times, the last one never
    auto const sgd = [](auto& m) { return tn::optim::sgd(m, {.lr = 0.1f}); };
    CHECK(steps_agree<words>(
        sgd, [](auto const& model, auto const& a, auto const& t) { return tn::mse_loss(model(a), t); }, x,
        tn::randn<float, 4, 12>(gen)));
    // Scans by a thread and by the block, and gather.
    CHECK(steps_agree<layer>(
        sgd,
        [](auto const& model, auto const& a, auto const& t) {
            auto const y = tn::reshape<12>(model(a));
            return tn::mean(tn::logcumsumexp<0>(tn::let(tn::gather<0>(y, t))) + tn::cummax<0>(y).values +
                            tn::cumprod<1>(tn::reshape<1, 12>(tn::sigmoid(y))));
        },
        tn::randn<float, 6, 3>(gen), tn::randint<std::int64_t, 12>(0, 11, gen)));
}

TEST_CASE("fused steps of each optimiser", "[kernels]") {
    tn::generator gen{84};
    auto const x = tn::randn<float, 2, 3>(gen);
    auto const agree = [&](auto const& make) {
        return steps_agree<sums>(
            make, [](auto const& model, auto const& a) { return tn::mean(tn::square(model.each + model.row - a)); }, x);
    };
    CHECK(agree([](auto& m) { return tn::optim::adadelta(m); }));
    CHECK(agree([](auto& m) { return tn::optim::adagrad(m, {.lr = 1e-2f}); }));
    CHECK(agree([](auto& m) { return tn::optim::adam(m, {.lr = 1e-2f, .amsgrad = true}); }));
    CHECK(agree([](auto& m) { return tn::optim::adamax(m); }));
    CHECK(agree([](auto& m) { return tn::optim::adamw(m, {.lr = 1e-2f}); }));
    CHECK(agree([](auto& m) { return tn::optim::nadam(m); }));
    CHECK(agree([](auto& m) { return tn::optim::radam(m); }));
    CHECK(agree([](auto& m) { return tn::optim::rmsprop(m, {.momentum = 0.5f, .centered = true}); }));
    CHECK(agree([](auto& m) { return tn::optim::sgd(m, {.lr = 0.1f, .momentum = 0.9f}); }));
    CHECK(agree([](auto& m) { return tn::optim::sgd(m, {.lr = 0.1f}); }));
}

TEST_CASE("fused steps and other steps follow each other", "[kernels]") {
    tn::generator gen{85};
    layer<tn::cpu> host;
    layer<tn::cuda::device> device;
    tn::copy(host, device);
    tn::optim::adam a(host, {.lr = 1e-2f});
    tn::optim::adam b(device, {.lr = 1e-2f});
    auto const x = tn::randn<float, 4, 3>(gen);
    auto const y = tn::randint<std::int64_t, 4>(0, 2, gen);
    auto dx = tn::to<tn::cuda::device>(x);
    auto const dy = tn::to<tn::cuda::device>(y);
    auto fused = tn::cuda::fuse(b, [&] { return tn::cross_entropy(device(dx), dy); });
    auto const other = [&] {
        b.zero_grad();
        tn::backward(tn::cross_entropy(device(dx), dy));
        b.step();
    };
    auto const expected = [&](auto const& input) {
        a.zero_grad();
        float const loss = tn::backward(tn::cross_entropy(host(input), y)).item();
        a.step();
        return loss;
    };
    other();
    fused();
    other();
    fused();
    fused();
    for (int i = 0; i != 5; ++i) expected(x);
    CHECK(close(numbers(device), numbers(host)));

    // Options of the optimiser, and new elements of a tensor, count at the next call.
    a.lr() = b.lr() = 3e-3f;
    tn::tensor const next = x * 0.5f;
    dx = tn::to<tn::cuda::device>(next);
    fused();
    CHECK(std::abs(fused.loss().item() - expected(next)) <= 1e-5f);
    CHECK(close(numbers(device), numbers(host)));

    // Part of a captured step, and between its replays.
    auto recorded = tn::cuda::capture([&] {
        fused();
        other();
        fused();
    });
    recorded();
    fused();
    recorded();
    for (int i = 0; i != 6; ++i) expected(next);
    float const last = expected(next);
    CHECK(std::abs(fused.loss().item() - last) <= 1e-5f);
    CHECK(close(numbers(device), numbers(host)));
}

TEST_CASE("fused steps in double precision, and two named nodes of one type", "[kernels]") {
    tn::generator gen{87};
    tn::variable<double, 4, 3> host(tn::randn<double, 4, 3>(gen));
    tn::cuda::variable<double, 4, 3> device(host.value());
    on_both const x(tn::randn<double, 5, 4>(gen));
    auto const loss = [&](auto const& v) { return tn::mean(tn::square(tn::tanh(tn::matmul(x.where(v), v)) - 0.5)); };
    tn::optim::sgd a(host, {.lr = 0.1f});
    tn::optim::sgd b(device, {.lr = 0.1f});
    auto fused = tn::cuda::fuse(b, [&] { return loss(device); });
    for (int i = 0; i != 3; ++i) {
        a.zero_grad();
        tn::backward(loss(host));
        a.step();
        fused();
    }
    CHECK(close(numbers(device), numbers(host)));
    auto twins = tn::cuda::fuse(b, [&] {
        auto const one = tn::let(tn::exp(device)), other = tn::let(tn::exp(device));
        return tn::sum(one * other + one);
    });
    CHECK_THROWS_AS(twins(), std::invalid_argument);
}
