#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <type_traits>

#include <tenon/tenon.hpp>

#include "../catch.hpp"

namespace tn = tenon;
namespace nn = tenon::nn;
using tn::reduction;

namespace {

auto const& data() {
    static auto const file = tn::io::load_safetensors(TENON_TESTS_DIR "/function/data/losses.safetensors");
    return file;
}

void check_close(std::string const& what, auto const& found, auto const& expected) {
    for (std::size_t i = 0; i != expected.size(); ++i) {
        INFO(what << ' ' << i << ": " << found.data()[i] << ", PyTorch " << expected.data()[i]);
        CHECK(std::abs(found.data()[i] - expected.data()[i]) <= 1e-12 * (1 + std::abs(expected.data()[i])));
    }
}

/// Compares a loss of PyTorch's inputs with PyTorch's values and with its gradients of the sum.
/// @param loss a function of a reduction's constant and the operands
template <class X, class T, class Loss>
void check_loss(std::string const& name, X const& x_value, T const& t, Loss loss) {
    tn::variable x(x_value);
    auto const of = [&](auto r) { return loss(r, x, t); };
    tn::tensor none = of(std::integral_constant<reduction, reduction::none>{});
    auto const expected = [&]<std::size_t... E>(tn::tensor<double, E...> const&) {
        return data().get<double, E...>(name + ".none");
    }(none);
    check_close(name + ".none", none, expected);
    check_close(name + ".mean", of(std::integral_constant<reduction, reduction::mean>{}).eval(),
                data().get<double>(name + ".mean"));
    tn::tensor sum = tn::backward(of(std::integral_constant<reduction, reduction::sum>{}));
    check_close(name + ".sum", sum, data().get<double>(name + ".sum"));
    auto const gradient = [&]<std::size_t... E>(tn::tensor<double, E...> const&) {
        return data().get<double, E...>(name + ".x");
    }(x_value);
    check_close(name + ".x", x.grad(), gradient);
    if constexpr (requires { t.grad(); }) {
        check_close(name + ".t", t.grad(), [&]<std::size_t... E>(tn::tensor<double, E...> const&) {
            return data().get<double, E...>(name + ".t");
        }(t.value()));
    }
}

}  // namespace

TEST_CASE("losses of a regression are PyTorch's, also at their kinks") {
    auto const x = data().get<double, 2, 5>("x");
    auto const t = data().get<double, 2, 5>("t");
    auto const check = [&](std::string const& name, auto loss) { check_loss(name, x, tn::variable(t), loss); };
    check("l1", [](auto r, auto const& a, auto const& b) { return tn::l1_loss<r()>(a, b); });
    check("mse", [](auto r, auto const& a, auto const& b) { return tn::mse_loss<r()>(a, b); });
    check("smooth_l1", [](auto r, auto const& a, auto const& b) { return tn::smooth_l1_loss<r()>(a, b); });
    check("smooth_l1_half",
          [](auto r, auto const& a, auto const& b) { return tn::smooth_l1_loss<r()>(a, b, {.beta = 0.5f}); });
    check("smooth_l1_0",
          [](auto r, auto const& a, auto const& b) { return tn::smooth_l1_loss<r()>(a, b, {.beta = 0}); });
    check("huber", [](auto r, auto const& a, auto const& b) { return tn::huber_loss<r()>(a, b); });
    check("huber_half",
          [](auto r, auto const& a, auto const& b) { return tn::huber_loss<r()>(a, b, {.delta = 0.5f}); });
    CHECK_THROWS_AS(tn::huber_loss(x, t, {.delta = 0}), std::invalid_argument);
    CHECK_THROWS_AS(tn::smooth_l1_loss(x, t, {.beta = -1}), std::invalid_argument);
}

TEST_CASE("losses of yes-or-no questions are PyTorch's, also at 0 and 1") {
    auto const p = data().get<double, 2, 5>("p"), q = data().get<double, 2, 5>("q"),
               logits = data().get<double, 2, 5>("logits");
    auto const w = data().get<double, 5>("w");
    auto const positive = data().get<double, 2, 1>("positive");
    check_loss("bce", p, q, [](auto r, auto const& a, auto const& b) { return tn::binary_cross_entropy<r()>(a, b); });
    check_loss("bce_weight", p, q, [&](auto r, auto const& a, auto const& b) {
        return tn::binary_cross_entropy<r()>(a, b, {.weight = w});
    });
    check_loss("bce_logits", logits, tn::variable(q),
               [](auto r, auto const& a, auto const& b) { return tn::binary_cross_entropy_with_logits<r()>(a, b); });
    check_loss("bce_logits_weight", logits, tn::variable(q), [&](auto r, auto const& a, auto const& b) {
        return tn::binary_cross_entropy_with_logits<r()>(a, b, {.weight = w, .pos_weight = positive});
    });
    CHECK(std::isnan(tn::binary_cross_entropy(tn::tensor({1.5}), tn::tensor({1.0})).item()));
}

TEST_CASE("losses of distributions are PyTorch's") {
    auto const z = data().get<double, 3, 4>("z"), d = data().get<double, 3, 4>("d");
    tn::tensor const log_z = tn::log_softmax<1>(z), log_2z = tn::log_softmax<1>(z * 2.0);
    auto const cw = data().get<double, 4>("cw");
    check_loss("kl", log_z, d, [](auto r, auto const& a, auto const& b) { return tn::kl_div<r()>(a, b); });
    check_loss("kl_log", log_z, tn::variable(log_2z),
               [](auto r, auto const& a, auto const& b) { return tn::kl_div<r()>(a, b, {.log_target = true}); });
    check_close("kl.batchmean", tn::kl_div<reduction::batchmean>(log_z, d).eval(), data().get<double>("kl.batchmean"));
    check_loss("ce_distribution", z, tn::variable(d),
               [](auto r, auto const& a, auto const& b) { return tn::cross_entropy<r()>(a, b); });
    check_loss("ce_distribution_options", z, tn::variable(d), [&](auto r, auto const& a, auto const& b) {
        return tn::cross_entropy<r()>(a, b, {.weight = cw, .label_smoothing = 0.1});
    });
}

TEST_CASE("losses of class indices are PyTorch's") {
    auto const cw = data().get<double, 4>("cw");
    auto const check = [&](std::string const& name, auto const& x, auto const& t) {
        check_loss("nll" + name, x, t, [](auto r, auto const& a, auto const& b) { return tn::nll_loss<r()>(a, b); });
        check_loss("nll_options" + name, x, t, [&](auto r, auto const& a, auto const& b) {
            return tn::nll_loss<r()>(a, b, {.weight = cw, .ignore_index = 3});
        });
        check_loss("ce_options" + name, x, t, [&](auto r, auto const& a, auto const& b) {
            return tn::cross_entropy<r()>(a, b, {.weight = cw, .ignore_index = 3, .label_smoothing = 0.1});
        });
    };
    check("", data().get<double, 3, 4>("z"), data().get<std::int64_t, 3>("k"));
    check("_places", data().get<double, 2, 4, 3>("y"), data().get<std::int64_t, 2, 3>("places"));
    tn::tensor const x({-1.f, -2.f});
    CHECK(tn::nll_loss(x, tn::tensor(1)).item() == 2.f);
    CHECK(std::isnan(tn::nll_loss(x, tn::tensor(1), {.ignore_index = 1}).item()));
    CHECK_THROWS_AS(tn::nll_loss(x, tn::tensor(2)).item(), tn::index_error);
    CHECK_THROWS_AS(tn::nll_loss(x, tn::tensor(-1)).item(), tn::index_error);
}

TEST_CASE("gradients of losses agree with differences") {
    tn::generator gen{4};
    tn::variable x(tn::randn<double, 4, 5>(gen)), t(tn::randn<double, 4, 5>(gen));
    auto const k = tn::tensor<std::int64_t, 4>({4, 0, 2, 2});
    auto const w = tn::rand<double, 5>(gen);
    CHECK(tn::gradcheck(tn::binary_cross_entropy(tn::sigmoid(x), tn::sigmoid(t), {.weight = w})));
    CHECK(tn::gradcheck(tn::binary_cross_entropy_with_logits(x, tn::sigmoid(t), {.pos_weight = 3})));
    CHECK(tn::gradcheck(tn::kl_div(tn::log_softmax<1>(x), tn::softmax<1>(t))));
    CHECK(tn::gradcheck(tn::nll_loss(tn::log_softmax<1>(x), k, {.weight = w})));
    CHECK(tn::gradcheck(tn::cross_entropy(x, tn::softmax<1>(t), {.weight = w, .label_smoothing = 0.2})));
    CHECK(tn::gradcheck(tn::smooth_l1_loss(x, t, {.beta = 0.5}) + tn::huber_loss(x, t, {.delta = 0.5})));
}

TEST_CASE("weights may be tensors, computations and numbers, of any type") {
    tn::tensor const x({{0.5f, 0.25f}, {0.75f, 0.5f}}), t({{1.f, 0.f}, {0.f, 1.f}});
    float const once = tn::binary_cross_entropy(x, t).item();
    CHECK(tn::binary_cross_entropy(x, t, {.weight = 2}).item() == 2 * once);
    CHECK(tn::binary_cross_entropy(x, t, {.weight = tn::tensor({2.0, 2.0})}).item() == 2 * once);
    CHECK(tn::binary_cross_entropy(x, t, {.weight = t + 1.f - t}).item() == once);
    auto const kept = tn::binary_cross_entropy(x, t, {.weight = tn::full<float, 2, 1>(3.f)});
    CHECK(kept.item() == Approx(3 * once));
    tn::tensor<float, tn::dyn> short_weight(3);
    tn::tensor<float, tn::dyn, 2> rows(2);
    CHECK_THROWS_AS(tn::binary_cross_entropy(x, t, {.weight = short_weight}), tn::shape_error);
    CHECK_THROWS_AS(tn::mse_loss(rows, tn::zeros<float, 3, 2>()), tn::shape_error);
    CHECK_THROWS_AS(tn::nll_loss(rows, tn::zeros<int, 3>()), tn::shape_error);
    CHECK(tn::l1_loss(rows, tn::ones<float, 2, 2>()).item() == 1.f);
}

TEST_CASE("a batch whose size is known at run time has the losses of a static one") {
    tn::generator gen{6};
    auto const x = tn::randn<double, 7, 5>(gen);
    auto const k = tn::randint<std::int64_t, 7>(0, 5, gen);
    tn::tensor<double, tn::dyn, 5> const rows(x);
    tn::tensor<double, tn::dyn, tn::dyn> const both(x);
    tn::tensor<std::int64_t, tn::dyn> const classes(k);
    CHECK(tn::cross_entropy(rows, classes).item() == Approx(tn::cross_entropy(x, k).item()));
    CHECK(tn::allclose(tn::cross_entropy<tn::reduction::none>(both, classes, {.ignore_index = 2}),
                       tn::cross_entropy<tn::reduction::none>(x, k, {.ignore_index = 2})));
    tn::variable v(rows);
    tn::variable w(x);
    tn::backward(tn::cross_entropy(v, classes, {.label_smoothing = 0.1}));
    tn::backward(tn::cross_entropy(w, k, {.label_smoothing = 0.1}));
    CHECK(tn::allclose(v.grad(), w.grad()));
    CHECK(std::isnan(tn::cross_entropy(tn::zeros<double, tn::dyn, 5>(0), tn::zeros<int, tn::dyn>(0)).item()));
}

TEST_CASE("losses of small tensors are constants") {
    constexpr tn::tensor<double, 2> x({-1.0, -2.0});
    static_assert(tn::nll_loss(x, tn::tensor<int>(1)).item() == 2.0);
    static_assert(tn::cross_entropy(x, tn::tensor<int>(0), {.weight = tn::tensor<double, 2>({2.0, 1.0})}).item() > 0.0);
    static_assert(tn::huber_loss(x, x).item() == 0.0);
}

TEST_CASE("layers keep the options of a loss") {
    tn::tensor const x({{1.0, 2.0, 3.0}, {0.0, -1.0, 1.0}}), t({{0.2, 0.5, 0.3}, {1.0, 0.0, 0.0}});
    tn::tensor const w({1.0, 2.0, 4.0});
    tn::tensor<std::int64_t, 2> const k({2, 0});
    nn::cross_entropy_loss plain;
    CHECK(plain(x, k).item() == tn::cross_entropy(x, k).item());
    nn::cross_entropy_loss const smooth{.label_smoothing = 0.1f};
    CHECK(smooth(x, t).item() == tn::cross_entropy(x, t, {.label_smoothing = 0.1f}).item());
    nn::cross_entropy_loss const all{.weight = w, .ignore_index = 0, .label_smoothing = 0.1f};
    CHECK(all(x, k).item() ==
          tn::cross_entropy(x, k, {.weight = w, .ignore_index = 0, .label_smoothing = 0.1f}).item());
    CHECK(nn::nll_loss{.weight = w}(x, k).item() == tn::nll_loss(x, k, {.weight = w}).item());
    CHECK(nn::basic_nll_loss<reduction::sum>{}(x, k).item() == -3.0);
    CHECK(nn::mse_loss{}(x, t).item() == tn::mse_loss(x, t).item());
    CHECK(nn::basic_mse_loss<reduction::none>{}(x, t).eval()(1, 1) == 1.0);
    CHECK(nn::l1_loss{}(x, t).item() == tn::l1_loss(x, t).item());
    CHECK(nn::smooth_l1_loss{.beta = 2}(x, t).item() == tn::smooth_l1_loss(x, t, {.beta = 2}).item());
    CHECK(nn::huber_loss{.delta = 0.5f}(x, t).item() == tn::huber_loss(x, t, {.delta = 0.5}).item());
    CHECK(nn::binary_cross_entropy_loss{.weight = w}(t, t).item() ==
          tn::binary_cross_entropy(t, t, {.weight = w}).item());
    CHECK(nn::binary_cross_entropy_with_logits_loss{.pos_weight = 2}(x, t).item() ==
          tn::binary_cross_entropy_with_logits(x, t, {.pos_weight = 2}).item());
    CHECK(nn::basic_kl_div_loss<reduction::batchmean>{.log_target = true}(x, t).item() ==
          Approx(3 * nn::kl_div_loss{.log_target = true}(x, t).item()));
    CHECK_THROWS_AS((nn::cross_entropy_loss{.weight = tn::tensor({1.0, 2.0})}(x, k)), tn::shape_error);
    struct task {
        nn::linear<3, 2> fc;
        nn::binary_cross_entropy_with_logits_loss criterion;
    } model;
    CHECK(nn::summary(model) == "task(\n  (fc): linear(in_features=3, out_features=2, bias=true)\n  (criterion): "
                                "binary_cross_entropy_with_logits_loss()\n)");
    static_assert(nn::parameter_count<task> == 8);
}

TEST_CASE("rows that count nothing leave no NaN behind") {
    tn::variable<double, 3, 4> x(tn::randn<double, 3, 4>());
    tn::tensor<std::int64_t, 3> t;
    t.fill(-100);
    auto const ignored = [&](auto const& loss) {
        x.zero_grad();
        CHECK(std::isnan(tn::backward(loss(x)).item()));
        CHECK(tn::sum(tn::abs(x.grad())).item() == 0);
    };
    ignored([&](auto const& a) { return tn::cross_entropy(a, t); });
    ignored([&](auto const& a) { return tn::cross_entropy(a, t, {.label_smoothing = 0.1}); });
    ignored([&](auto const& a) { return tn::nll_loss(tn::log_softmax<1>(a), t); });
    // As in PyTorch, a row that counts with a weight of 0 has a gradient of 0/0.
    t(1) = 2;
    tn::tensor const weight({1.0, 1.0, 0.0, 1.0});
    x.zero_grad();
    tn::backward(tn::cross_entropy(x, t, {.weight = weight}));
    CHECK(std::isnan(x.grad()(1, 2)));
    CHECK(tn::sum(tn::abs(x.grad().select<0>(0))).item() == 0);
    CHECK(tn::sum(tn::abs(x.grad().select<0>(2))).item() == 0);
    x.zero_grad();
    CHECK(tn::backward(tn::cross_entropy<tn::reduction::sum>(x, t, {.weight = weight})).item() == 0);
    CHECK(tn::sum(tn::abs(x.grad())).item() == 0);
}
