#include <cmath>
#include <cstdint>
#include <string>
#include <type_traits>

#include <tenon/tenon.hpp>

#include "../catch.hpp"

namespace tn = tenon;

namespace {

template <std::size_t Rows, std::size_t Columns>
void check_shape() {
    tn::tensor<float, Rows, Columns> a;
    tn::tensor<float, Columns> b;
    tn::tensor<float, tn::dyn, Columns> c(Rows);
    for (std::size_t i = 0; i != Rows * Columns; ++i) {
        a.data()[i] = static_cast<float>(i) * 0.25f;
        c.data()[i] = 2.f - static_cast<float>(i);
    }
    for (std::size_t j = 0; j != Columns; ++j) b.data()[j] = static_cast<float>(j) + 1.f;
    tn::tensor<float, Rows, Columns> flat = a * c + a / 2.f - c;
    tn::tensor rows = a * b - 3.f;
    static_assert(std::is_same_v<decltype(rows), tn::tensor<float, Rows, Columns>>);
    for (std::size_t i = 0; i != Rows; ++i)
        for (std::size_t j = 0; j != Columns; ++j) {
            CHECK(flat(i, j) == a(i, j) * c(i, j) + a(i, j) / 2.f - c(i, j));
            CHECK(rows(i, j) == a(i, j) * b(j) - 3.f);
        }
}

}  // namespace

TEST_CASE("a region gives what a loop over scalars gives, for any shape") {
    check_shape<1, 1>();
    check_shape<0, 3>();
    check_shape<3, 0>();
    check_shape<1, 7>();
    check_shape<5, 1>();
    check_shape<4, 10>();
    check_shape<3, 17>();
    check_shape<9, 64>();
    check_shape<33, 31>();
}

TEST_CASE("small tensors compute in constant expressions") {
    constexpr tn::tensor u({1.f, 2.f, 3.f});
    constexpr tn::tensor v = u * u + 1.f;
    static_assert(v(0) == 2.f && v(2) == 10.f);
    CHECK(v(1) == 5.f);
}

TEST_CASE("temporaries are owned, so an expression can be stored") {
    auto const lazy = tn::tensor({1.f, 2.f}) + tn::tensor({10.f, 20.f}) * 2.f;
    static_assert(tn::expression<decltype(lazy)>);
    CHECK(lazy.eval()(1) == 42.f);
}

TEST_CASE("the destination may be an operand") {
    tn::tensor y({{1.f, 2.f}, {3.f, 4.f}});
    tn::tensor row({10.f, 20.f});
    y = y * y - y;
    y += row;
    CHECK(y(0, 0) == 10.f);
    CHECK(y(1, 1) == 32.f);
}

TEST_CASE("run-time extents that differ are refused with both shapes, and nothing changes") {
    tn::tensor<float, tn::dyn, 3> a(5), b(4);
    a.fill(1.f);
    std::string text;
    try {
        a = a + b;
    } catch (tn::shape_error const& e) { text = e.what(); }
    CHECK(text.find("[5, 3]") != std::string::npos);
    CHECK(text.find("[4, 3]") != std::string::npos);
    CHECK(a.extent(0) == 5);
    CHECK(a(4, 2) == 1.f);
    CHECK_THROWS_AS(a.item(), tn::shape_error);
    CHECK_THROWS_AS((a + a).item(), tn::shape_error);
    CHECK(tn::ones<float, tn::dyn, 1>(1).item() == 1.f);
}

TEST_CASE("element types are promoted as PyTorch does") {
    tn::tensor<std::int32_t, 2> i({1, 2});
    tn::tensor<float, 2> f({1.f, 2.f});
    tn::tensor<double, 2> d({1.0, 2.0});
    static_assert(std::is_same_v<tn::value_t<decltype(i + i)>, std::int32_t>);
    static_assert(std::is_same_v<tn::value_t<decltype(i + f)>, float>);
    static_assert(std::is_same_v<tn::value_t<decltype(f + d)>, double>);
    static_assert(std::is_same_v<tn::value_t<decltype(f * 2.0)>, float>);
    static_assert(std::is_same_v<tn::value_t<decltype(i * 2.5)>, float>);
    static_assert(std::is_same_v<tn::value_t<decltype(i / i)>, float>);
    CHECK((i / i * 3).eval()(1) == 3.f);
    CHECK((f + d).eval()(1) == 4.0);
    CHECK((i * 2.5).eval()(0) == 2.5f);
    tn::tensor<bool, 2> b({true, false});
    static_assert(std::is_same_v<tn::value_t<decltype(b + 1)>, std::int64_t>);
    static_assert(std::is_same_v<tn::value_t<decltype(b * 2.5)>, float>);
    static_assert(std::is_same_v<tn::value_t<decltype(tn::square(b))>, std::int64_t>);
    static_assert(std::is_same_v<tn::value_t<decltype(tn::pow<3>(b))>, std::int64_t>);
    static_assert(std::is_same_v<tn::value_t<decltype(tn::sign(b))>, bool>);
    CHECK(tn::square(b).eval()(0) == 1);
}

TEST_CASE("bounds of integers are integers, as PyTorch has it") {
    tn::tensor<std::int8_t, 4> x({-3, 0, 1, 5});
    tn::tensor<std::uint8_t, 4> u({0, 1, 3, 5});
    static_assert(std::is_same_v<tn::value_t<decltype(tn::hardtanh(x))>, std::int8_t>);
    static_assert(std::is_same_v<tn::value_t<decltype(tn::threshold(u, 1, 7))>, std::uint8_t>);
    CHECK(tn::array_equal(tn::hardtanh(x), tn::tensor<std::int8_t, 4>({-1, 0, 1, 1})));
    CHECK(tn::array_equal(tn::hardtanh(x, -2.5, 2.5), tn::tensor<std::int8_t, 4>({-2, 0, 1, 2})));
    CHECK(tn::array_equal(tn::hardtanh(u), tn::tensor<std::uint8_t, 4>({0, 1, 1, 1})));
    CHECK(tn::array_equal(tn::threshold(x, 1, 7), tn::tensor<std::int8_t, 4>({7, 7, 7, 5})));
    CHECK(tn::array_equal(tn::threshold(u, .5, 1.5), tn::tensor<std::uint8_t, 4>({1, 1, 3, 5})));
}

TEST_CASE("exp runs inside a region and for single numbers") {
    tn::tensor x({-1.f, 0.f, 2.f, 3.f, -4.f, 5.f, 6.f, 7.f, 8.f});
    tn::tensor y = tn::exp(-x) * 2.f;
    for (std::size_t i = 0; i != x.size(); ++i) {
        double const expected = 2 * std::exp(-static_cast<double>(x(i)));
        CHECK(std::abs(y(i) - expected) <= 1e-6 * expected);
    }
    CHECK(std::abs(tn::exp(1.f) - 2.7182817f) < 1e-6f);
}
