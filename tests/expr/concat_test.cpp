#include <string>
#include <type_traits>

#include <tenon/tenon.hpp>

#include "../catch.hpp"

namespace tn = tenon;

TEST_CASE("concat joins along any axis") {
    auto const a = tn::arange<float, 24>().reshape<2, 3, 4>().eval();
    auto const b = tn::arange<float, 40>().reshape<2, 5, 4>().eval();
    tn::tensor y = tn::concat<1>(a, b * 2.f, a + 1.f);
    static_assert(std::is_same_v<decltype(y), tn::tensor<float, 2, 11, 4>>);
    for (std::size_t i = 0; i < 2; ++i)
        for (std::size_t j = 0; j < 11; ++j)
            for (std::size_t k = 0; k < 4; ++k)
                CHECK(y(i, j, k) == (j < 3 ? a(i, j, k) : j < 8 ? 2 * b(i, j - 3, k) : a(i, j - 8, k) + 1));
    tn::tensor first = tn::concat<0>(a, tn::transpose<1, 2>(tn::zeros<float, 1, 4, 3>()), a);
    static_assert(std::is_same_v<decltype(first), tn::tensor<float, 5, 3, 4>>);
    CHECK(first(2, 1, 1) == 0.f);
    CHECK(first(4, 2, 3) == 23.f);
    tn::tensor last = tn::concat<-1>(a, a - 1.f) * 2.f;
    static_assert(std::is_same_v<decltype(last), tn::tensor<float, 2, 3, 8>>);
    CHECK(last(1, 2, 3) == 46.f);
    CHECK(last(1, 2, 7) == 44.f);
    CHECK(last(0, 1, 4) == 6.f);
}

TEST_CASE("concat promotes element types, and joins bools") {
    tn::tensor y = tn::concat<0>(tn::tensor({1, 2}), tn::tensor({0.5, 1.5}));
    static_assert(std::is_same_v<decltype(y), tn::tensor<double, 4>>);
    CHECK(y(1) == 2.0);
    CHECK(y(2) == 0.5);
    auto const x = tn::arange<float, 70>().eval();
    tn::tensor m = tn::concat<0>(x > 3.f, x < 3.f);
    static_assert(std::is_same_v<decltype(m), tn::tensor<bool, 140>>);
    CHECK(tn::sum(m.cast<int>()).item() == 69);
}

TEST_CASE("stack makes a new axis") {
    auto const a = tn::arange<float, 6>().reshape<2, 3>().eval();
    tn::tensor y = tn::stack<1>(a, a + 10.f);
    static_assert(std::is_same_v<decltype(y), tn::tensor<float, 2, 2, 3>>);
    tn::tensor z = tn::stack<-1>(a, a + 10.f);
    static_assert(std::is_same_v<decltype(z), tn::tensor<float, 2, 3, 2>>);
    for (std::size_t i = 0; i < 2; ++i)
        for (std::size_t j = 0; j < 3; ++j)
            for (std::size_t k = 0; k < 2; ++k) {
                CHECK(y(i, k, j) == a(i, j) + 10.f * static_cast<float>(k));
                CHECK(z(i, j, k) == a(i, j) + 10.f * static_cast<float>(k));
            }
    tn::tensor numbers = tn::stack<0>(tn::sum(a), tn::max(a));
    static_assert(std::is_same_v<decltype(numbers), tn::tensor<float, 2>>);
    CHECK(numbers(0) == 15.f);
    CHECK(numbers(1) == 5.f);
}

TEST_CASE("concat of run-time extents") {
    tn::tensor<float, tn::dyn, 3> a(2), b(0);
    a.fill(1.f);
    tn::tensor y = tn::concat<0>(a, b, tn::zeros<float, 4, 3>());
    static_assert(std::is_same_v<decltype(y), tn::tensor<float, tn::dyn, 3>>);
    CHECK(y.extent(0) == 6);
    CHECK(y(1, 2) == 1.f);
    CHECK(y(2, 0) == 0.f);
    tn::tensor z = tn::concat<1>(a, tn::ones<float, 2, 2>() * 3.f);
    static_assert(std::is_same_v<decltype(z), tn::tensor<float, 2, 5>>);
    CHECK(z(1, 4) == 3.f);
    std::string text;
    try {
        (void)tn::concat<1>(a, b);
    } catch (tn::shape_error const& e) { text = e.what(); }
    CHECK(text == "concat: shapes [2, 3] and [0, 3] do not fit");
    try {
        (void)tn::stack<0>(a, b);
    } catch (tn::shape_error const& e) { text = e.what(); }
    CHECK(text == "stack: shapes [2, 3] and [0, 3] do not fit");
}

TEST_CASE("gradients of concat and stack") {
    tn::generator gen{3};
    tn::variable a(tn::randn<double, 3, 4>(gen));
    tn::variable b(tn::randn<double, 2, 4>(gen));
    tn::variable c(tn::randn<double, 3, 5>(gen));
    auto const w = tn::randn<double, 8, 9>(gen);
    CHECK(tn::gradcheck(
        tn::sum(tn::concat<0>(tn::concat<1>(a * a, c), tn::concat<1>(tn::tanh(b), tn::zeros<double, 2, 5>()),
                              tn::concat<1>(a, tn::exp(c))) *
                w)));
    CHECK(tn::gradcheck(tn::sum(tn::square(tn::stack<1>(a, tn::sin(a), a * 2.0)))));
    tn::variable f(tn::ones<float, 2>());
    tn::backward(tn::sum(tn::concat<0>(f, tn::tensor({1.0})) * tn::tensor({2.0, 3.0, 4.0})));
    CHECK(f.grad()(1) == 3.f);
}

namespace {
constexpr double constant() {
    tn::tensor a({{1.0, 2.0}, {3.0, 4.0}});
    return tn::sum(tn::concat<1>(a, a * 2.0) * tn::concat<1>(a, a)).item();
}
}  // namespace

TEST_CASE("concat in constant expressions, and read back into an operand") {
    static_assert(constant() == 90.0);
    tn::tensor a({1.f, 2.f, 3.f, 4.f});
    a = tn::concat<0>(tn::slice<0, 2>(a), tn::slice<0, 0, 2>(a));
    CHECK(a(0) == 3.f);
    CHECK(a(3) == 2.f);
}

TEST_CASE("pad puts a margin along an axis") {
    auto const a = tn::arange<float, 6>().reshape<2, 3>().eval();
    tn::tensor y = tn::pad<1, 2, 1>(a + 1.f, -1.f);
    static_assert(std::is_same_v<decltype(y), tn::tensor<float, 2, 6>>);
    for (std::size_t i = 0; i < 2; ++i)
        for (std::size_t j = 0; j < 6; ++j) CHECK(y(i, j) == (j < 2 || j == 5 ? -1.f : a(i, j - 2) + 1.f));
    tn::tensor z = tn::pad<0, 0, 2>(tn::pad<-1, 1, 0>(a));
    static_assert(std::is_same_v<decltype(z), tn::tensor<float, 4, 4>>);
    CHECK(z(1, 3) == 5.f);
    CHECK(z(3, 3) == 0.f);
    CHECK(z(0, 0) == 0.f);
    tn::tensor<float, tn::dyn, 2> r(3);
    r.fill(7.f);
    tn::tensor p = tn::pad<0, 1, 1>(r);
    CHECK(p.extent(0) == 5);
    CHECK(tn::sum(p).item() == 42.f);
    tn::generator gen{3};
    tn::variable x(tn::randn<double, 3, 4>(gen));
    CHECK(tn::gradcheck(tn::sum(tn::exp(tn::pad<0, 1, 2>(x * x, 0.5)))));
    static_assert(tn::sum(tn::pad<0, 2, 2>(tn::tensor<float, 3>({1.f, 2.f, 3.f}), 4.f)).item() == 22.f);
}
