#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include <tenon/tenon.hpp>

#include "../catch.hpp"

namespace tn = tenon;

TEST_CASE("a user's function is an operator, with slopes") {
    tn::variable v(tn::tensor({-2.0, 0.5, 3.0, 1.0, 0.0}));
    auto const swish = tn::map([](auto x) { return x / (1.f + exp(-x)); }, v);
    tn::tensor const y = swish;
    static_assert(std::is_same_v<tn::value_t<decltype(swish)>, double>);
    tn::backward(tn::sum(swish));
    for (std::size_t i = 0; i != v.size(); ++i) {
        double const x = v.value()(i), s = 1 / (1 + std::exp(-x));
        CHECK(std::abs(y(i) - x * s) < 1e-14);
        CHECK(std::abs(v.grad()(i) - s * (1 + x * (1 - s))) < 1e-14);
    }
}

TEST_CASE("a user's function may choose, take several operands and give bools") {
    tn::variable a(tn::tensor({-2.f, 1.f, 3.f}));
    tn::variable b(tn::tensor({4.f, 5.f, 6.f}));
    auto const chosen = tn::map([](auto x, auto y) { return where(x > 0, x * y, 0.5f * y); }, a, b);
    tn::tensor const y = chosen;
    CHECK(y(0) == 2.f);
    CHECK(y(2) == 18.f);
    tn::backward(tn::sum(chosen));
    CHECK(a.grad()(0) == 0.f);
    CHECK(a.grad()(1) == 5.f);
    CHECK(b.grad()(0) == 0.5f);
    CHECK(b.grad()(2) == 3.f);
    tn::tensor const positive = tn::map([](auto x) { return x > 0; }, a);
    static_assert(std::is_same_v<tn::value_t<decltype(positive)>, bool>);
    CHECK(!positive(0));
    CHECK(positive(1));
    tn::tensor const one = tn::map([](auto) { return 1; }, a);
    static_assert(std::is_same_v<tn::value_t<decltype(one)>, float>);
    CHECK(one(2) == 1.f);
    float const factor = 3;
    tn::tensor const powers = tn::map([factor](auto x) { return pow<2>(x) + factor * abs(x) + maximum(x, 2.f); }, a);
    CHECK(powers(0) == 12.f);
}

TEST_CASE("what was not chosen gets no gradient, not even NaN") {
    tn::variable x(tn::tensor({0.f, 4.f}));
    tn::backward(tn::sum(tn::where(x > 0.f, tn::sqrt(x), 0.f)));
    CHECK(x.grad()(1) == 0.25f);
    // The chain rule beyond the choice is 0 times infinity, as in PyTorch.
    CHECK(std::isnan(x.grad()(0)));
    tn::variable a(tn::tensor({1.f, 2.f}));
    tn::variable b(tn::tensor({3.f, 4.f}));
    tn::backward(tn::sum(tn::where(a > 0, a, b) * std::numeric_limits<float>::infinity()));
    CHECK(std::isinf(a.grad()(0)));
    CHECK(b.grad()(0) == 0.f);
}

TEST_CASE("integers stay integers where the result is one") {
    tn::tensor<std::int32_t, 4> const i({-7, 7, 0, 2});
    auto const gives = []<class T>(auto const& e, T first, T second) {
        static_assert(std::is_same_v<tn::value_t<decltype(e)>, T>);
        tn::tensor const y = e;
        return y(0) == first && y(1) == second;
    };
    CHECK(gives(tn::abs(i), 7, 7));
    CHECK(gives(tn::sign(i), -1, 1));
    CHECK(gives(tn::square(i), 49, 49));
    CHECK(gives(tn::pow<3>(i), -343, 343));
    CHECK(gives(tn::pow(i, 3), -343, 343));
    CHECK(gives(tn::pow(i, -1), 0, 0));
    CHECK(gives(tn::clamp(i, -2, 5), -2, 5));
    CHECK(gives(tn::minimum(i, 1), -7, 1));
    CHECK(gives(tn::relu(i), 0, 7));
    CHECK(gives(tn::floor(i), -7, 7));
    CHECK(gives(i % 4, 1, 3));
    CHECK(gives(tn::fmod(i, 4), -3, 3));
    CHECK(gives(tn::where(i > 0, i, 1), 1, 7));
    CHECK(gives(tn::clamp(i, -1.5, 1.5), -1.5f, 1.5f));
    CHECK(gives(tn::clamp(i, std::int64_t{-1} << 40, 5U), -7, 5));
    CHECK(gives(tn::clamp(tn::cast<std::uint8_t>(i), -1, 300), std::uint8_t{249}, std::uint8_t{7}));
    CHECK(gives(tn::exp(i * 0), 1.f, 1.f));
    CHECK(gives(i & 3, 1, 3));
    CHECK(gives(i | 8, -7, 15));
    CHECK(gives(i ^ 1, -8, 6));
    CHECK(gives(~i, 6, -8));
    CHECK(gives(!i, false, false));
    CHECK(gives((i > 0) & (i < 100), false, true));
    CHECK(gives(~(i > 0), true, false));
    CHECK(gives((i > 0) == (i < 0), false, false));
    CHECK(gives((i > 0) < (i < 0), true, false));
    CHECK(gives(tn::maximum(i > 0, i < 0), true, true));
}

TEST_CASE("casts cut toward zero, and gradients pass between floating point types") {
    tn::tensor const x({-2.7f, 0.f, 3.9f});
    tn::tensor const i = x.cast<std::int64_t>();
    static_assert(std::is_same_v<tn::value_t<decltype(i)>, std::int64_t>);
    CHECK(i(0) == -2);
    CHECK(i(2) == 3);
    tn::tensor const b = tn::cast<bool>(x);
    CHECK(b(0));
    CHECK(!b(1));
    CHECK(tn::cast<double>(b).eval()(2) == 1.0);
    tn::variable v(x);
    tn::backward(tn::sum(tn::square(tn::cast<double>(v))));
    CHECK(v.grad()(2) == 7.8f);
}

TEST_CASE("no gradient passes a detached value or a step") {
    tn::variable v(tn::tensor({1.5f, -2.f}));
    tn::backward(tn::sum(v * tn::detach(v) + tn::floor(v)));
    CHECK(v.grad()(0) == 1.5f);
    CHECK(v.grad()(1) == -2.f);
}

TEST_CASE("numbers alone, in constant expressions too") {
    static_assert(tn::relu(-1.f) == 0.f && tn::maximum(2, 3) == 3 && tn::sqrt(4.0) == 2.0);
    static_assert(tn::pow<3>(2.0) == 8.0 && tn::clamp(5, 0, 3) == 3 && tn::where(true, 1, 2) == 1);
    static_assert(tn::leaky_relu(-2.0, 0.5) == -1.0);
    static_assert(std::is_same_v<decltype(tn::sin(1)), float>);
    CHECK(tn::remainder(-1.f, 0.75f) == 0.5f);
    CHECK(tn::isnan(std::nan("")));
    static_assert(tn::isfinite(true) && !tn::isnan(3) && !tn::isinf(false));
    CHECK(tn::all(tn::isfinite(tn::tensor({true, false}))));
    CHECK(!tn::any(tn::isnan(tn::tensor({1, 2})) || tn::isinf(tn::tensor({true, false}))));
    CHECK(std::abs(tn::softplus(0.0, {.beta = 2}) - std::log(2.0) / 2) < 1e-15);
    constexpr double slope = [] {
        tn::variable x{0.5};
        tn::backward(tn::sigmoid(x) * tn::where(x > 0.0, tn::pow<2>(x), x));
        return x.grad()();
    }();
    double const s = 1 / (1 + std::exp(-0.5));
    CHECK(std::abs(slope - (s * (1 - s) * 0.25 + s)) < 1e-15);
}
