#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include <tenon/tenon.hpp>

#include "../catch.hpp"

namespace tn = tenon;

namespace {
constexpr double inf = std::numeric_limits<double>::infinity(), not_a_number = std::numeric_limits<double>::quiet_NaN();
}  // namespace

TEST_CASE("var and std") {
    tn::tensor const x({{1.0, 2.0, 4.0, 5.0}, {0.0, 0.0, 0.0, 8.0}});
    tn::tensor v = tn::var<1>(x);
    static_assert(std::is_same_v<decltype(v), tn::tensor<double, 2>>);
    CHECK(v(0) == Approx(10.0 / 3));
    CHECK(v(1) == Approx(16.0));
    CHECK(tn::std<1>(x, {.correction = 0}).eval()(1) == Approx(std::sqrt(12.0)));
    CHECK(tn::var<0>(x, tn::keepdim).eval()(0, 3) == Approx(4.5));
    CHECK(tn::var<0>(x, tn::keepdim, {.correction = 0}).eval()(0, 3) == Approx(2.25));
    CHECK(tn::std<0>(x, {.correction = 0}, tn::keepdim).eval()(0, 3) == Approx(1.5));
    CHECK(tn::var(x * 2.0).item() == Approx(4 * 60.0 / 7));
    CHECK(tn::std<0, 1>(x, tn::keepdim).eval()(0, 0) == Approx(std::sqrt(60.0 / 7)));
    CHECK(std::isnan(tn::var(tn::tensor({3.0})).item()));
    CHECK(tn::var(tn::tensor({1.0, 2.0}), {.correction = 3}).item() == inf);
    tn::tensor<float, tn::dyn, 2> d(3);
    d = tn::tensor({{1.f, 2.f}, {2.f, 4.f}, {3.f, 6.f}});
    CHECK(tn::var<0>(d).eval()(1) == Approx(4.f));
}

TEST_CASE("logsumexp and norm") {
    tn::tensor const x(
        {{1.0, 2.0, 3.0}, {1000.0, 1000.0, -inf}, {-inf, -inf, -inf}, {inf, -inf, 1.0}, {not_a_number, 1.0, 2.0}});
    tn::tensor y = tn::logsumexp<1>(x);
    static_assert(std::is_same_v<decltype(y), tn::tensor<double, 5>>);
    CHECK(y(0) == Approx(3.4076059644443806));
    CHECK(y(1) == Approx(1000 + std::log(2.0)));
    CHECK(y(2) == -inf);
    CHECK(y(3) == inf);
    CHECK(std::isnan(y(4)));
    CHECK(tn::logsumexp<1>(x, tn::keepdim).eval()(1, 0) == y(1));
    CHECK(tn::logsumexp(x.select<0>(0) + 1.0).item() == Approx(4.4076059644443806));
    tn::tensor<float, tn::dyn, 3> const none(0);
    tn::tensor const columns = tn::logsumexp<0>(none);
    for (std::size_t i = 0; i != 3; ++i) CHECK(columns(i) == -inf);
    CHECK(tn::logsumexp<1>(none).eval().size() == 0);
    CHECK(tn::logsumexp(none).item() == -inf);
    CHECK(tn::logsumexp<0>(none, tn::keepdim).eval()(0, 2) == -inf);
    CHECK(tn::logsumexp<-1>(tn::zeros<double, 2, 0>()).eval()(1) == -inf);
    CHECK_THROWS_AS(tn::max<0>(none), tn::shape_error);
    tn::variable v(none);
    tn::backward(tn::sum(tn::exp(tn::logsumexp<0>(v))));
    CHECK(v.grad().size() == 0);
    tn::tensor const n({{3.f, 4.f}, {0.f, 0.f}});
    CHECK(tn::norm(n).item() == 5.f);
    CHECK(tn::norm<0>(n).eval()(1) == 4.f);
    CHECK(tn::norm<1>(n, tn::keepdim).eval()(0, 0) == 5.f);
}

TEST_CASE("gradients of statistics") {
    tn::generator gen{3};
    tn::variable x(tn::randn<double, 3, 5>(gen));
    tn::variable w(tn::randn<double, 5, 4>(gen));
    CHECK(tn::gradcheck(tn::sum(tn::square(tn::var<1>(x)))));
    CHECK(tn::gradcheck(tn::sum(tn::exp(tn::std<0>(tn::matmul(x, w), {.correction = 0})))));
    CHECK(tn::gradcheck(tn::std(tn::exp(x))));
    CHECK(tn::gradcheck(tn::sum(tn::square(tn::logsumexp<1>(x)))));
    CHECK(tn::gradcheck(tn::logsumexp(tn::matmul(x, w) * 2.0)));
    CHECK(tn::gradcheck(tn::sum(tn::exp(tn::norm<1>(tn::matmul(x, w))))));
    tn::variable equal(tn::ones<double, 3>()), zero(tn::zeros<double, 3>());
    tn::variable far(tn::tensor({-inf, 1.0}));
    tn::backward(tn::std(equal) + tn::norm(zero));
    CHECK(equal.grad()(0) == 0.0);
    CHECK(zero.grad()(0) == 0.0);
    tn::backward(tn::logsumexp(far));
    CHECK(far.grad()(0) == 0.0);
    CHECK(far.grad()(1) == 1.0);
}

TEST_CASE("statistics of dual numbers") {
    tn::generator gen{3};
    auto const x = tn::randn<double, 6>(gen);
    auto const f = [](auto const& v) { return tn::var(v) + tn::logsumexp(v) + tn::norm(v) + tn::std(v); };
    auto const product = tn::jvp(f, x, tn::ones<double, 6>());
    double const above = f(x + 1e-6).item(), below = f(x - 1e-6).item();
    CHECK(product.second.item() == Approx((above - below) / 2e-6).epsilon(1e-6));
}

TEST_CASE("statistics in constant expressions") {
    static_assert(tn::var(tn::tensor<double, 3>({1.0, 2.0, 3.0})).item() == 1.0);
    static_assert(tn::norm(tn::tensor<double, 2>({3.0, 4.0})).item() == 5.0);
    static_assert(tn::logsumexp(tn::tensor<double, 1>({3.0})).item() == 3.0);
}

TEST_CASE("the library's function std hides nothing of the standard library") {
    using namespace tenon;
    std::vector<int> v{1};
    CHECK(v.size() == 1);
}

TEST_CASE("allclose, isclose and array_equal") {
    tn::tensor const a({1.0, inf, -inf, not_a_number, 0.0}), b({1.0 + 1e-6, inf, inf, not_a_number, 1e-9});
    tn::tensor c = tn::isclose(a, b);
    static_assert(std::is_same_v<decltype(c), tn::tensor<bool, 5>>);
    CHECK((c(0) && c(1) && !c(2) && !c(3) && c(4)));
    CHECK(tn::isclose(a, b, {.equal_nan = true}).eval()(3));
    CHECK_FALSE(tn::isclose(a, b, {.rtol = 1e-7}).eval()(0));
    CHECK_FALSE(tn::isclose(tn::tensor({1.0}), inf).eval()(0));
    CHECK(tn::isclose(1.0, 1.0 + 1e-9));
    CHECK_FALSE(tn::allclose(a, b));
    auto const x = tn::arange<float, 12>().reshape<3, 4>().eval();
    CHECK(tn::allclose(x * 3.f / 3.f, x, {.rtol = 1e-5f, .atol = 1e-8f, .equal_nan = false}));
    CHECK(tn::allclose(x * 0.f + 2.f, 2));
    CHECK(tn::allclose(tn::tensor({1, 2}), tn::tensor({1, 2})));
    CHECK(tn::array_equal(x, x));
    CHECK_FALSE(tn::array_equal(x, x + 1.f));
    CHECK_FALSE(tn::array_equal(x, x.flatten()));
    CHECK_FALSE(tn::array_equal(tn::zeros<float, 3, 1>(), tn::zeros<float, 3, 4>()));
    tn::tensor<float, tn::dyn> r(2), s(3);
    r.fill(0.f), s.fill(0.f);
    CHECK_FALSE(tn::array_equal(r, s));
    static_assert(tn::allclose(tn::tensor<float, 2>({1.f, 2.f}), tn::tensor<float, 2>({1.f, 2.f})));
}

TEST_CASE("the variance of what lies far from 0") {
    tn::tensor<float, 3, 4096> x;
    for (float const far : {1234.1f, 1e6f + .5f, -3.3e7f}) {
        x.fill(far);
        CHECK(tn::var(x).item() == 0.f);
        CHECK(tn::norm(tn::std<1>(x)).item() == 0.f);
        CHECK(tn::norm(tn::var<0>(x, tn::keepdim)).item() == 0.f);
    }
    for (std::size_t i = 0; i != x.size(); ++i) x.data()[i] = 1e6f + static_cast<float>(i * 7919 % 17) / 16;
    tn::tensor<double, 3, 4096> const exact = tn::cast<double>(x);
    CHECK(tn::var<1>(x).eval()(2) == Approx(tn::var<1>(exact).eval()(2)).epsilon(1e-6));
    // The gradient goes through the mean, not through the element that differences are taken from.
    tn::variable v(tn::tensor({3.0, 5.0, 4.0, 9.0}));
    tn::backward(tn::var(v));
    CHECK(v.grad()(0) == Approx(2 * (3 - 5.25) / 3));
    CHECK(tn::hvp([](auto const& a) { return tn::var(a); }, v.value(), tn::tensor({1.0, 0.0, 0.0, 0.0})).eval()(1) ==
          Approx(-2.0 / 12));
}

TEST_CASE("functions under PyTorch's names: amax, amin, cat, ravel, equal, linear, embedding") {
    tn::tensor const x({{1.f, 2.f}, {4.f, 3.f}});
    CHECK(tn::equal(tn::amax<1>(x), tn::tensor({2.f, 4.f})));
    CHECK(tn::equal(tn::amin<0>(x, tn::keepdim), tn::tensor({{1.f, 2.f}})));
    CHECK(tn::amin(x).eval().item() == 1.f);
    CHECK(tn::equal(tn::cat<0>(x, x), tn::concat<0>(x, x)));
    CHECK(tn::equal(tn::ravel(tn::transpose(x)), tn::tensor({1.f, 4.f, 2.f, 3.f})));
    CHECK_FALSE(tn::equal(x, tn::ravel(x)));

    tn::variable w(tn::tensor({{1.f, 0.f}, {1.f, 1.f}, {0.f, 2.f}}));
    tn::variable b(tn::tensor({1.f, 2.f, 3.f}));
    CHECK(tn::equal(tn::linear(x, w, b), tn::tensor({{2.f, 5.f, 7.f}, {5.f, 9.f, 9.f}})));
    CHECK(tn::equal(tn::linear(x, tn::tensor({1.f, -1.f})), tn::tensor({-1.f, 1.f})));
    tn::backward(tn::sum(tn::linear(x, w, b)));
    CHECK(tn::equal(w.grad(), tn::tensor({{5.f, 5.f}, {5.f, 5.f}, {5.f, 5.f}})));
    CHECK(tn::equal(b.grad(), tn::tensor({2.f, 2.f, 2.f})));

    tn::variable table(x);
    CHECK(tn::equal(tn::embedding(tn::tensor({1, 0, 1}), table), tn::tensor({{4.f, 3.f}, {1.f, 2.f}, {4.f, 3.f}})));
    CHECK(tn::equal(tn::embedding(tn::tensor<std::int64_t>(1), table), tn::tensor({4.f, 3.f})));
    tn::backward(tn::sum(tn::embedding(tn::tensor({1, 1}), table)));
    CHECK(tn::equal(table.grad(), tn::tensor({{0.f, 0.f}, {2.f, 2.f}})));
}
