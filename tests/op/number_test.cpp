#include <cstdint>
#include <limits>
#include <type_traits>

#include "unary.hpp"

using torch_data::all;

UNARY(sinc, tn::sinc(x))
UNARY(deg2rad, tn::deg2rad(x))
UNARY(rad2deg, tn::rad2deg(x))
UNARY(nan_to_num, tn::nan_to_num(x))
UNARY(nan_to_num_1, tn::nan_to_num(x, {.nan = 1, .posinf = 2, .neginf = -3}))
UNARY(logit_02, tn::logit(x, 0.2))
UNARY(round_1, tn::round(x, 1))
UNARY(round_m1, tn::round(x, {.decimals = -1}))
UNARY(clamp_min_1, tn::clamp_min(x, 1))
UNARY(clamp_max_1, tn::clamp_max(x, 1.))
UNARY(frexp, tn::frexp(x).mantissa)

namespace {

/// Values and slopes of an operator of two single numbers.
template <class T>
void check_two(std::string const& name, auto const& f) {
    using lane = tn::element::pack<T, 1>;
    using dual = tn::element::dual<lane, 2>;
    auto const &a = all<T>().at("a"), &b = all<T>().at("b");
    torch_data::check<T>(name, [&](std::size_t i) { return static_cast<T>(f(lane(a[i]), lane(b[i]))[0]); });
    for (std::size_t k = 0; k != 2; ++k)
        torch_data::check<T>(name + "'" + std::to_string(k), [&](std::size_t i) {
            dual v[] = {lane(a[i]), lane(b[i])};
            for (std::size_t j = 0; j != 2; ++j) v[j].tangent[j] = lane(1);
            return f(v[0], v[1]).tangent[k][0];
        });
}
/// A class of x for whole registers.
void check_class(std::string const& name, auto const& f) {
    auto const& x = all<float>().at("x");
    tn::tensor<float, tn::dyn> t(x.size());
    for (std::size_t i = 0; i != x.size(); ++i) t(i) = x[i];
    tn::tensor const y = f(t);
    torch_data::check<float>(name, [&](std::size_t i) { return static_cast<float>(y(i)); });
}

template <class T>
bool gives(auto const& e, T first, T second) {
    static_assert(std::is_same_v<tn::value_t<decltype(e)>, T>);
    tn::tensor const y = e;
    return y(0) == first && y(1) == second;
}

}  // namespace

#define BINARY(name)                                                                                                   \
    TEST_CASE("PyTorch: " #name) {                                                                                     \
        auto const f = [](auto const& a, auto const& b) { return tn::name(a, b); };                                    \
        check_two<float>(#name, f);                                                                                    \
        check_two<double>(#name, f);                                                                                   \
    }
BINARY(copysign)
BINARY(fmin)
BINARY(fmax)
BINARY(logaddexp2)
BINARY(clamp_min)
BINARY(clamp_max)
BINARY(nextafter)
BINARY(heaviside)

TEST_CASE("PyTorch: logit") {
    torch_data::check("logit", [](auto const& x) { return tn::logit(x); });
}
TEST_CASE("PyTorch: div with its roundings") {
    check_two<double>("div", [](auto const& a, auto const& b) { return tn::div(a, b); });
    check_two<float>("div_floor", [](auto const& a, auto const& b) { return tn::floor_divide(a, b); });
    check_two<double>("div_floor",
                      [](auto const& a, auto const& b) { return tn::div<tn::rounding_mode::floor>(a, b); });
    check_two<double>("div_trunc",
                      [](auto const& a, auto const& b) { return tn::divide<tn::rounding_mode::trunc>(a, b); });
}

TEST_CASE("PyTorch: classes and exponents") {
    check_class("isposinf", [](auto& x) { return tn::isposinf(x); });
    check_class("isneginf", [](auto& x) { return tn::isneginf(x); });
    check_class("signbit", [](auto& x) { return tn::signbit(x); });
    check_class("exponent", [](auto& x) { return tn::frexp(x).exponent; });
    auto const& x = all<double>().at("x");
    auto const& mantissa = all<double>().at("frexp");
    for (std::size_t i = 0; i != x.size(); ++i) {
        auto const [m, e] = tn::frexp(x[i]);
        if (std::isfinite(x[i])) CHECK(std::ldexp(mantissa[i], e) == x[i]);
        else CHECK(e == 0);
    }
}

TEST_CASE("what frexp gives of a temporary outlives it") {
    auto const parts = tn::frexp(tn::full<double, tn::dyn>(100, 12.));
    tn::tensor const mantissa = parts.mantissa;
    tn::tensor const exponent = parts.exponent;
    CHECK(mantissa(99) == 0.75);
    CHECK(exponent(99) == 4);
}

TEST_CASE("integers: shifts, divisors, quotients") {
    tn::tensor<std::int32_t, 2> const i({-7, 12});
    tn::tensor<std::int8_t, 2> const small({-128, 96});
    tn::tensor<std::uint8_t, 2> const bytes({200, 3});
    CHECK(gives(i << 2, -28, 48));
    CHECK(gives(i << 32, 0, 0));
    CHECK(gives(i << -1, 0, 0));
    CHECK(gives(i >> 1, -4, 6));
    CHECK(gives(i >> 40, -1, 0));
    CHECK(gives(i >> -1, -1, 0));
    CHECK(gives(bytes >> 8, std::uint8_t{0}, std::uint8_t{0}));
    CHECK(gives(bytes << 1, std::uint8_t{144}, std::uint8_t{6}));
    CHECK(gives(tn::bitwise_right_shift(small, tn::tensor<std::int8_t, 2>({1, 5})), std::int8_t{-64}, std::int8_t{3}));
    CHECK(gives(tn::bitwise_and(i, 12), 8, 12));
    CHECK(gives(tn::bitwise_or(i, 8), -7, 12));
    CHECK(gives(tn::bitwise_xor(i, 1), -8, 13));
    CHECK(gives(tn::bitwise_not(i), 6, -13));
    CHECK(gives(tn::bitwise_not(i > 0), true, false));
    CHECK(gives(tn::gcd(i, 9), 1, 3));
    CHECK(gives(tn::gcd(i, 0), 7, 12));
    CHECK(gives(tn::lcm(i, 9), 63, 36));
    CHECK(gives(tn::lcm(i, 0), 0, 0));
    CHECK(gives(tn::gcd(bytes, small), std::int16_t{8}, std::int16_t{3}));
    CHECK(gives(tn::floor_divide(i, 4), -2, 3));
    CHECK(gives(tn::floor_divide(i, -5), 1, -3));
    CHECK(gives(tn::floor_divide(small, std::int8_t{-1}), std::int8_t{-128}, std::int8_t{-96}));
    CHECK(gives(tn::div<tn::rounding_mode::trunc>(i, 5), -1, 2));
    CHECK(gives(tn::div(i, 2), -3.5f, 6.f));
    CHECK(gives(tn::div<tn::rounding_mode::floor>(i, 2.f), -4.f, 6.f));
    CHECK(gives(tn::float_power(i, 2), 49., 144.));
    CHECK(gives(tn::ldexp(i, 1), -14.f, 24.f));
    CHECK(gives(tn::copysign(i, -1), -7.f, -12.f));
    CHECK(gives(tn::heaviside(i, i), 0, 1));
    CHECK(gives(tn::fmax(i, 3), 3, 12));
    CHECK(gives(tn::fmin(i > 0, i > 0), false, true));
    CHECK(gives(tn::clamp_min(i, 1), 1, 12));
    CHECK(gives(tn::clamp_max(bytes, 300), std::uint8_t{200}, std::uint8_t{3}));
    CHECK(gives(tn::clamp_max(i, 1.5), -7.f, 1.5f));
    CHECK(gives(tn::signbit(i), true, false));
    CHECK(gives(tn::nan_to_num(i), -7, 12));
    CHECK(gives(tn::sgn(i), -1, 1));
    CHECK(gives(tn::fix(i), -7, 12));
}

TEST_CASE("nan_to_num gives elements of 16 bits their own greatest number") {
    tn::tensor<tn::float16, 2> x;
    x(0) = tn::float16(std::numeric_limits<float>::infinity());
    x(1) = tn::float16(-std::numeric_limits<float>::infinity());
    tn::tensor const y = tn::nan_to_num(x);
    CHECK(static_cast<float>(y(0)) == 65504.f);
    CHECK(static_cast<float>(y(1)) == -65504.f);
}

TEST_CASE("PyTorch: ldexp") {
    auto const &a = all<double>().at("a"), &b = all<double>().at("b");
    tn::tensor<double, tn::dyn> ta(a.size()), tb(a.size());
    for (std::size_t i = 0; i != a.size(); ++i) ta(i) = a[i], tb(i) = b[i];
    tn::variable va(ta), vb(tb);
    tn::tensor const y = tn::ldexp(ta, tb);
    tn::backward(tn::sum(tn::ldexp(va, vb)));
    torch_data::check<double>("ldexp", [&](std::size_t i) { return y(i); });
    torch_data::check<double>("ldexp'0", [&](std::size_t i) { return va.grad()(i); });
    torch_data::check<double>("ldexp'1", [&](std::size_t i) { return vb.grad()(i); });
}

TEST_CASE("operators by their names") {
    tn::tensor<float, 2> const a({3, -4}), b({2, 5});
    CHECK(gives(tn::add(a, b), 5.f, 1.f));
    CHECK(gives(tn::add(a, b, -2), -1.f, -14.f));
    CHECK(gives(tn::sub(a, b, 3), -3.f, -19.f));
    CHECK(gives(tn::subtract(a, 1), 2.f, -5.f));
    CHECK(gives(tn::rsub(a, b), -1.f, 9.f));
    CHECK(gives(tn::rsub(a, b, 2.f), -4.f, 13.f));
    CHECK(gives(tn::multiply(a, b), 6.f, -20.f));
    CHECK(gives(tn::negative(a), -3.f, 4.f));
    CHECK(gives(tn::positive(a), 3.f, -4.f));
    CHECK(gives(tn::absolute(a), 3.f, 4.f));
    CHECK(gives(tn::greater_equal(a, b), true, false));
    CHECK(gives(tn::less(a, b), false, true));
    CHECK(gives(tn::not_equal(a, 3), false, true));
    CHECK(gives(tn::arctan2(a * 0, a), 0.f, -3.14159265f));
    CHECK(tn::add(1, 2, 3) == 7);
    tn::variable v(a);
    tn::backward(tn::sum(tn::rsub(v, b, 2.f) * tn::true_divide(b, v)));  // b²/v − 2b
    CHECK(std::abs(v.grad()(1) + 25.f / 16) < 1e-6f);
}

TEST_CASE("softmin is the softmax of what is negated") {
    tn::tensor<double, 2, 3> const x({{1, 2, 3}, {0, -1, 5}});
    CHECK(tn::allclose(tn::softmin<-1>(x), tn::softmax<1>(-x)));
}
