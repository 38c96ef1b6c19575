#include <cmath>
#include <limits>

#include <tenon/tenon.hpp>

#include "../catch.hpp"

namespace tn = tenon;
namespace nn = tenon::nn;

namespace {

struct pair_of_variables {
    tn::variable<float, 2> a;
    tn::variable<double, 2> b;
    void set(float first, float second, double third, double fourth) {
        a.grad() = tn::tensor({first, second});
        b.grad() = tn::tensor({third, fourth});
    }
};

}  // namespace

TEST_CASE("clip_grad_norm scales all gradients together and returns the norm before") {
    pair_of_variables m;
    m.set(1, -2, 4, 2);
    float const norm = nn::clip_grad_norm(m, 2.5f);
    CHECK(norm == 5.f);
    CHECK(m.a.grad()(1) == Approx(-1.0));
    CHECK(m.b.grad()(0) == Approx(4 * 2.5 / (5 + 1e-6)).epsilon(1e-14));
    CHECK(nn::clip_grad_norm(m, 2.5) == Approx(2.5));
    double const kept = m.b.grad()(0);
    CHECK(nn::clip_grad_norm(m, 10) == Approx(2.5f));
    CHECK(m.b.grad()(0) == kept);
}

TEST_CASE("clip_grad_norm of other norms, and of gradients that are not finite") {
    pair_of_variables m;
    m.set(1, -2, 4, 2);
    CHECK(nn::clip_grad_norm(m, 100.0, 1) == 9.0);
    CHECK(nn::clip_grad_norm(m, 100.0, 3) == Approx(std::cbrt(1 + 8 + 64 + 8.0)));
    CHECK(nn::clip_grad_norm(m, 2.0, std::numeric_limits<double>::infinity()) == 4.0);
    CHECK(m.a.grad()(1) == Approx(-1.0));
    CHECK_THROWS_AS(nn::clip_grad_norm(m, 1.0, 0), std::invalid_argument);
    m.set(1, std::numeric_limits<float>::infinity(), 1, 1);
    CHECK(std::isinf(nn::clip_grad_norm(m, 1.0)));
    CHECK(m.b.grad()(0) == 0.0);
    CHECK(std::isnan(m.a.grad()(1)));
    CHECK(std::isnan(nn::clip_grad_norm(m, 1.0)));
    CHECK(std::isnan(m.b.grad()(0)));
}

TEST_CASE("clip_grad_value limits every gradient") {
    tn::variable v(tn::zeros<float, 4>());
    v.grad() = tn::tensor({-3.f, 0.25f, 7.f, std::numeric_limits<float>::quiet_NaN()});
    nn::clip_grad_value(v, 0.5f);
    CHECK(v.grad()(0) == -0.5f);
    CHECK(v.grad()(1) == 0.25f);
    CHECK(v.grad()(2) == 0.5f);
    CHECK(std::isnan(v.grad()(3)));
    auto pipeline = nn::linear<3, 2>{} | nn::relu{} | nn::linear<2, 1>{};
    nn::visit_parameters(pipeline, [](auto& p) { p.grad().fill(2.f); });
    CHECK(nn::clip_grad_norm(pipeline, 1.f) == Approx(2 * std::sqrt(11.f)));
}
