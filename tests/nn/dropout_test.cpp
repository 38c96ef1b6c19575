#include <cmath>
#include <stdexcept>
#include <utility>

#include <tenon/tenon.hpp>

#include "../catch.hpp"

namespace tn = tenon;
namespace nn = tenon::nn;

namespace {
template <class F>
bool refuses(F f) {
    try {
        f();
    } catch (std::invalid_argument const&) { return true; }
    return false;
}
struct net {
    nn::linear<6, 9> fc;
    nn::dropout drop{0.5};
    auto operator()(auto const& x) const { return drop(fc(x)); }
};
}  // namespace

TEST_CASE("dropout keeps the mean and drops with its probability") {
    auto const x = tn::ones<float, 200, 333>();
    for (double const p : {0.1, 0.5, 0.9}) {
        tn::tensor y = tn::dropout(x, p);
        float const scale = static_cast<float>(1 / (1 - p));
        CHECK(tn::all(y == 0.f || y == scale).item());
        double const dropped = tn::mean(tn::cast<double>(y == 0.f)).item();
        CHECK(std::abs(dropped - p) < 5 * std::sqrt(p * (1 - p) / 66600));
    }
    CHECK(tn::all(tn::dropout(x, 0.0) == 1.f).item());
    CHECK(tn::all(tn::dropout(x, 1.0) == 0.f).item());
    CHECK(tn::all(tn::dropout(x, 0.7, false) == 1.f).item());
    CHECK(refuses([&] { (void)tn::dropout(x, 1.1); }));
    CHECK(refuses([&] { (void)tn::dropout(x, -0.1, false); }));
    CHECK(refuses([] { nn::dropout d{std::nan("")}; }));
}

TEST_CASE("each evaluation of dropout draws anew, and the seed decides") {
    auto const x = tn::ones<double, 5, 13>();
    tn::manual_seed(3);
    auto const e = tn::dropout(x, 0.5);
    tn::tensor first = e, second = e;
    CHECK(tn::any(first != second).item());
    tn::manual_seed(3);
    tn::tensor again = e;
    CHECK(tn::all(first == again).item());
    // A generator of one's own leaves the default one alone.
    auto const before = tn::default_generator().counter();
    tn::generator gen(7), same(7);
    tn::tensor a = tn::dropout(x, 0.5, true, gen), b = tn::dropout(x, 0.5, true, same);
    CHECK(tn::all(a == b).item());
    CHECK(tn::default_generator().counter() == before);
}

TEST_CASE("a mask does not depend on where and how it is read") {
    auto const x = tn::ones<double, 4, 3, 13>();
    auto const read = [&](auto f) {
        tn::manual_seed(1);
        return tn::tensor(f(tn::dropout(x, 0.4)));
    };
    auto const plain = read([](auto const& d) { return d; });
    CHECK(tn::all(plain == tn::permute<2, 0, 1>(read([](auto const& d) { return tn::permute<1, 2, 0>(d); }))).item());
    CHECK(tn::all(tn::slice<2, 3>(plain) == read([](auto const& d) { return tn::slice<2, 3>(d); })).item());
    CHECK(tn::all((plain != 0.) == read([](auto const& d) { return tn::cast<float>(d) != 0.f; })).item());
    tn::variable v(x);
    tn::manual_seed(1);
    double const total = tn::backward(tn::sum(tn::dropout(v, 0.4)));
    CHECK(std::abs(total - tn::sum(plain).item()) < 1e-9);
    CHECK(tn::all(v.grad() == plain).item());
}

TEST_CASE("a dropout layer trains at first, and passes on in evaluation mode") {
    net model;
    CHECK(model.drop.training);
    CHECK(nn::summary(model.drop) == "dropout(p=0.5)");
    auto const x = tn::randn<float, 8, 6>();
    CHECK(tn::any(model(x) == 0.f).item());
    nn::eval(model);
    CHECK(tn::all(model(x) == model.fc(x)).item());
    nn::train(model);
    CHECK(tn::any(model(x) == 0.f).item());
    static_assert(nn::parameter_count<net> == 63);
    auto pipeline = nn::linear<6, 9>{} | nn::dropout{0.5} | nn::linear<9, 2>{};
    nn::eval(pipeline);
    CHECK(tn::all(pipeline(x) == pipeline(x)).item());
}

TEST_CASE("dropout of channels keeps them whole, alpha_dropout mean and variance") {
    tn::generator gen(8);
    auto const x = tn::ones<float, 40, 30, 6>();
    for (double const p : {0.2, 0.7}) {
        tn::tensor const y = tn::dropout1d(x, p, true, gen);
        CHECK(tn::all(y == tn::slice<2, 0, 1>(y)).item());
        double const dropped = tn::mean(tn::cast<double>(y == 0.f)).item();
        CHECK(std::abs(dropped - p) < 5 * std::sqrt(p * (1 - p) / 1200));
        auto const z = tn::randn<float, 200, 300>(gen);
        tn::tensor const a = tn::alpha_dropout(z, p, true, gen);
        CHECK(std::abs(tn::mean(a).item()) < 0.03f);
        CHECK(std::abs(tn::var(a).item() - 1) < 0.05f);
    }
    // One decision for a channel: (C, L) has those of its first axis, (N, C, D, H, W) of two.
    CHECK(tn::dropout1d(tn::ones<float, 3, 4>()).shape()[1] == 4);
    tn::tensor const cube = tn::dropout3d(tn::ones<float, 4, 5, 2, 2, 2>(), 0.5, true, gen);
    for (std::size_t i = 0; i != 20; ++i) CHECK(cube.data()[8 * i] == cube.data()[8 * i + 7]);
    tn::tensor const planes = tn::feature_alpha_dropout(tn::zeros<float, 4, 5, 3>(), 0.5, true, gen);
    for (std::size_t i = 0; i != 20; ++i) CHECK(planes.data()[3 * i] == planes.data()[3 * i + 2]);
    CHECK(tn::all(tn::alpha_dropout(x, 1.0) == 0.f).item());
    CHECK(tn::all(tn::alpha_dropout(x, 0.4, false) == 1.f).item());
    CHECK(refuses([&] { (void)tn::dropout2d(x, 2); }));

    nn::dropout2d layer(0.25);
    CHECK(layer.description() == "dropout2d(p=0.25)");
    nn::eval(layer);
    CHECK(tn::all(layer(x) == 1.f).item());
}

TEST_CASE("rrelu draws slopes, and their gradient is the slope") {
    tn::generator gen(9);
    tn::variable v(tn::tensor({-2.f, 3.f, -1.f, 0.f}));
    tn::backward(tn::sum(tn::rrelu(v, 0.1, 0.3, true, gen)));
    CHECK(v.grad()(1) == 1.f);
    for (std::size_t const i : {0u, 2u, 3u}) CHECK((v.grad()(i) >= 0.1f && v.grad()(i) < 0.3f));
    CHECK(v.grad()(0) != v.grad()(2));
    tn::tensor const y = tn::rrelu(v, 0.1, 0.3);
    CHECK(y(0) == -0.4f);
    // What draws by itself is drawn once, not for its sign and its value.
    tn::tensor const z = tn::rrelu(tn::dropout(tn::ones<float, 200>(), 0.5, true, gen), 0.1, 0.3);
    CHECK(tn::all(z == 0.f || z == 2.f).item());
    nn::rrelu layer;
    nn::eval(layer);
    CHECK(tn::all(layer(v.value()) == tn::leaky_relu(v.value(), 11. / 48)).item());
}

TEST_CASE("gumbel_softmax draws by the probabilities") {
    tn::generator gen(10);
    tn::tensor<double, 3> const logits({0., 1., 2.});
    auto const all = tn::broadcast_to<20000, 3>(logits);
    tn::tensor const hard = tn::gumbel_softmax<1>(all, 0.5, true, gen);
    CHECK(tn::all(tn::sum<1>(hard) == 1.).item());
    CHECK(tn::all(tn::abs(tn::mean<0>(hard) - tn::softmax<0>(logits)) < 0.02).item());
    tn::variable v(logits);
    auto const weights = tn::tensor({1., -2., 5.});
    tn::generator first(4), second(4);
    tn::backward(tn::sum(tn::gumbel_softmax(v, 0.7, true, first) * weights));
    auto const straight = tn::tensor(v.grad());
    v.zero_grad();
    tn::backward(tn::sum(tn::gumbel_softmax(v, 0.7, false, second) * weights));
    CHECK(tn::allclose(straight, v.grad()));
}
