#include <cmath>

#include <tenon/tenon.hpp>

#include "../catch.hpp"

namespace tn = tenon;

TEST_CASE("grad of several arguments is a tuple") {
    auto f = [](auto const& x, auto const& y) { return tn::sum(x * x * y); };
    auto [gx, gy] = tn::grad(f)(tn::tensor({1.0, 2.0}), tn::tensor({3.0, 4.0}));
    CHECK(gx(1) == 16.0);
    CHECK(gy(1) == 4.0);
}

TEST_CASE("forward mode passes through products, softmax and named nodes") {
    tn::generator gen{11};
    auto const w = tn::randn<double, 3, 3>(gen);
    auto const x = tn::randn<double, 2, 3>(gen);
    auto const v = tn::randn<double, 2, 3>(gen);
    auto f = [&](auto const& t) {
        auto h = tn::let(tn::tanh(tn::matmul(t, w)));
        return tn::sum(tn::softmax<1>(h) * h);
    };
    auto const [y, dy] = tn::jvp(f, x, v);
    tn::tensor const g = tn::grad(f)(x);
    CHECK(std::abs(dy.item() - tn::sum(g * v).item()) < 1e-13);
    CHECK(std::abs(y.item() - tn::sum(f(x)).item()) < 1e-13);

    tn::tensor const hv = tn::hvp(f, x, v);
    double const h = 1e-5;
    tn::tensor const up = tn::grad(f)(tn::tensor(x + v * h)), down = tn::grad(f)(tn::tensor(x - v * h));
    for (std::size_t i = 0; i != hv.size(); ++i)
        CHECK(std::abs(hv.data()[i] - (up.data()[i] - down.data()[i]) / (2 * h)) < 1e-8);
}

TEST_CASE("derivatives of plain functions, also of derivatives") {
    auto f = [](auto x) { return sin(x) * x; };
    CHECK(std::abs(tn::derivative(f, 0.5) - (std::cos(0.5) * 0.5 + std::sin(0.5))) < 1e-15);
    auto twice = [&](auto x) { return tn::derivative(f, x); };
    CHECK(std::abs(tn::derivative(twice, 0.5) - (2 * std::cos(0.5) - std::sin(0.5) * 0.5)) < 1e-15);
    constexpr auto cube = [](auto v) { return v * v * v; };
    static_assert(tn::derivative([cube](auto x) { return tn::derivative(cube, x); }, 2.0) == 12.0);
    // d/dx x ∂(x y + y²)/∂y at y = x is 6x; what does not depend on y has no derivative in its direction.
    CHECK(tn::derivative([](auto x) { return x * tn::derivative([x](auto y) { return x * y + y * y; }, x); }, 2.0) ==
          12.0);
    CHECK(tn::derivative([](auto x) { return tn::derivative([x](auto) { return x * x; }, x); }, 2.0) == 0.0);
}

TEST_CASE("slopes from values that are kept in memory") {
    tn::variable x(tn::tensor<double, 5, 13>(tn::rand<double, 5, 13>() + 0.2));
    tn::variable w(tn::tensor<double, 13, 3>(tn::rand<double, 13, 3>() - 0.5));
    auto const check = [&](auto const& f) {
        CHECK(tn::gradcheck(tn::sum(tn::square(tn::matmul(f(x), w)))));
        CHECK(tn::gradcheck(tn::sum(tn::square(tn::matmul(f(tn::matmul(x, w)), tn::transpose(w))))));
        auto const named = tn::let(f(x * 0.7));
        CHECK(tn::gradcheck(tn::sum(named * named) + tn::sum(tn::matmul(named, w))));
    };
    check([](auto const& v) { return tn::exp(v); });
    check([](auto const& v) { return tn::tanh(v); });
    check([](auto const& v) { return tn::sigmoid(v); });
    check([](auto const& v) { return tn::gelu(v); });
    check([](auto const& v) { return tn::softplus(v); });
    check([](auto const& v) { return tn::sqrt(v * v + 1.0); });
    check([](auto const& v) { return 1.0 / (v * v + 1.0); });
    check([](auto const& v) { return tn::map([](auto u) { return u / (1.0 + exp(-u)); }, v); });
}

TEST_CASE("gradcheck finds a wrong slope and leaves values and gradients alone") {
    tn::variable x(tn::tensor({0.5, 1.5}));
    x.grad()(0) = 7.0;
    CHECK(tn::gradcheck(tn::sum(tn::exp(x) * x)));
    CHECK(x.grad()(0) == 7.0);
    CHECK(x.value()(1) == 1.5);
    CHECK(!tn::gradcheck(tn::sum(x * tn::detach(x))));
}

TEST_CASE("second derivatives of products among whose factors are zeros") {
    tn::tensor const one({1.0, 1.0, 1.0});
    auto const product = [](auto const& x) { return tn::prod(x); };
    CHECK(tn::allclose(tn::hvp(product, tn::tensor({0.0, 3.0, 2.0}), one), tn::tensor({5.0, 2.0, 3.0})));
    CHECK(tn::allclose(tn::hvp(product, tn::tensor({0.0, 0.0, 2.0}), one), tn::tensor({2.0, 2.0, 0.0})));
    CHECK(tn::allclose(tn::hvp(product, tn::tensor({0.0, 0.0, 0.0}), one), tn::tensor({0.0, 0.0, 0.0})));
    tn::tensor const x({{0.0, 3.0}, {2.0, 0.0}, {5.0, 0.0}}), v({{1.0, 1.0}, {1.0, 1.0}, {1.0, 2.0}});
    auto const rows = [](auto const& a) { return tn::sum(tn::square(tn::prod<0>(a)) + tn::prod<0>(a)); };
    CHECK(tn::allclose(tn::hvp(rows, x, v), tn::tensor({{207.0, 0.0}, {5.0, 6.0}, {2.0, 3.0}})));
}

TEST_CASE("forward mode shares among equal extremes as the gradient does") {
    tn::tensor const x({1.0, 2.0, 2.0, -1.0, -1.0, 0.0}), v({1.0, 0.5, -1.0, 2.0, -0.5, 0.25});
    auto const check = [&](auto const& f, double slope) {
        CHECK(tn::jvp(f, x, v).second.item() == Approx(slope));
        CHECK(tn::sum(tn::grad(f)(x) * v).item() == Approx(slope));
    };
    check([](auto const& a) { return tn::square(tn::max(a)); }, -1.0);
    check([](auto const& a) { return tn::square(tn::min(a)); }, -1.5);
    check([](auto const& a) { return tn::sum(tn::square(tn::max<1>(tn::reshape<2, 3>(a), tn::keepdim))); }, -1.0);
    auto const h = tn::hvp([](auto const& a) { return tn::square(tn::max(a)); }, x, v);
    CHECK(tn::allclose(h, tn::tensor({0.0, -0.25, -0.25, 0.0, 0.0, 0.0})));
}
