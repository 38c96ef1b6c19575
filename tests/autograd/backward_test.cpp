#include <cmath>

#include <tenon/tenon.hpp>

#include "../catch.hpp"

namespace tn = tenon;

TEST_CASE("gradients of scalars follow the chain rule and accumulate") {
    tn::variable a{3.f};
    tn::variable b{-2.f};
    auto y = a * a * b + tn::exp(a) / b;
    float const value = tn::backward(y);
    float const e = std::exp(3.f);
    CHECK(std::abs(value - (-18.f - e / 2.f)) < 1e-4f);
    CHECK(std::abs(a.grad().item() - (-12.f - e / 2.f)) < 1e-4f);
    CHECK(std::abs(b.grad().item() - (9.f - e / 4.f)) < 1e-4f);
    float const once = b.grad().item();
    tn::backward(y);
    CHECK(std::abs(b.grad().item() - 2 * once) < 1e-4f);
    b.zero_grad();
    CHECK(b.grad().item() == 0.f);
}

TEST_CASE("the walk back works in constant expressions") {
    constexpr auto slope = [] {
        tn::variable a{2.0};
        tn::backward(a * a * a - a);
        return a.grad()();
    }();
    static_assert(slope == 11.0);
    CHECK(slope == 11.0);
}
