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
