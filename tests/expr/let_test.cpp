#include <cmath>

#include <tenon/tenon.hpp>

#include "../catch.hpp"

namespace tn = tenon;

TEST_CASE("a named node is shared by its copies and has a gradient") {
    tn::variable x(tn::tensor({1.0, 2.0, 3.0}));
    auto h = tn::let(x * x);
    auto y = tn::sum(h * h + tn::let(h + 1.0) * h);
    CHECK(tn::backward(y).item() == 2 * (1 + 16 + 81) + (1 + 4 + 9));
    for (std::size_t i = 0; i != 3; ++i) {
        double const v = x.value()(i), hv = v * v;
        CHECK(h.value()(i) == hv);
        CHECK(h.grad()(i) == 4 * hv + 1);
        CHECK(x.grad()(i) == (4 * hv + 1) * 2 * v);
    }
    x.zero_grad();
    tn::backward(y);
    CHECK(x.grad()(0) == 10.0);
}

TEST_CASE("named products, reductions and nested names are checked against differences") {
    tn::generator gen{5};
    tn::variable w(tn::randn<double, 3, 3>(gen));
    auto const x = tn::randn<double, 4, 3>(gen);
    auto h = tn::let(tn::tanh(tn::matmul(x, w)));
    auto g = tn::let(tn::matmul(h, w) + h);
    auto m = tn::let(tn::mean<0>(g, tn::keepdim));
    CHECK(tn::gradcheck(tn::sum(tn::square(g - m)) + tn::sum(h * m)));
}

TEST_CASE("a detached use of a named node sends nothing and holds nothing up") {
    tn::variable x(tn::tensor({2.0, 3.0}));
    auto h = tn::let(x * 3.0);
    tn::backward(tn::sum(h * tn::detach(h)));
    CHECK(x.grad()(0) == 18.0);
    CHECK(x.grad()(1) == 27.0);
}
