// Running results along an axis, with PyTorch's values.
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include <tenon/tenon.hpp>

#include "../catch.hpp"

namespace tn = tenon;

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN(),
                 infinity = std::numeric_limits<double>::infinity();

template <class A, class B>
bool close(A const& a, B const& b) {
    return tn::allclose(a, b, {.rtol = 1e-12, .atol = 1e-12});
}
/// The gradient of the weighted results of f, whose weights are 1/4, 2/4 and so on.
template <class F>
auto gradient(F const& f, tn::tensor<double, 2, 7> const& x) {
    tn::variable v(x);
    tn::backward(tn::sum(f(v) * (tn::arange<double, 14>().reshape<2, 7>() + 1.) / 4.));
    return v.grad();
}
/// Whether f's second derivatives are what differences of its first ones say.
template <class F>
bool second_derivatives_agree(F const& f, tn::tensor<double, 2, 7> const& x) {
    auto const loss = [&](auto const& a) { return tn::sum(tn::square(f(a))); };
    tn::tensor const direction = tn::linspace<double, 14>(-1, 2).reshape<2, 7>();
    double const h = 1e-6;
    auto const first = [&](double step) {
        tn::variable v(tn::tensor(x + direction * step));
        tn::backward(loss(v));
        return tn::tensor(v.grad());
    };
    tn::tensor const differences = (first(h) - first(-h)) / (2 * h);
    return tn::allclose(tn::hvp(loss, x, direction), differences, {.rtol = 1e-6, .atol = 1e-6});
}

tn::tensor<double, 2, 7> const numbers({{1.5, -0.5, 0., 2., -3., 0., 1.25}, {0.75, -2., 3., 1., 1., -0.5, 2.5}});

auto const product = [](auto const& a) { return tn::cumprod<1>(a); };
auto const product_down = [](auto const& a) { return tn::cumprod<0>(a); };
auto const exponentials = [](auto const& a) { return tn::logcumsumexp<-1>(a); };
auto const exponentials_down = [](auto const& a) { return tn::logcumsumexp<0>(a); };

}  // namespace

TEST_CASE("cumsum adds up along any axis") {
    tn::tensor const x({{1.f, 2.f, 3.f}, {10.f, 20.f, 30.f}});
    CHECK(tn::array_equal(tn::cumsum<0>(x), tn::tensor({{1.f, 2.f, 3.f}, {11.f, 22.f, 33.f}})));
    CHECK(tn::array_equal(tn::cumsum<-1>(x * 2.f) + 1.f, tn::tensor({{3.f, 7.f, 13.f}, {21.f, 61.f, 121.f}})));
    tn::tensor const counts = tn::cumsum<0>(tn::tensor({3, -1, 4}));
    static_assert(std::is_same_v<decltype(counts), tn::tensor<std::int64_t, 3> const>);
    CHECK(tn::array_equal(counts, tn::tensor<std::int64_t, 3>({3, 2, 6})));
    // Integers wrap, also one by one.
    tn::tensor<std::int64_t, 3> const large({INT64_MAX, 1, 5});
    CHECK(tn::array_equal(tn::cumsum<0>(large), tn::tensor<std::int64_t, 3>({INT64_MAX, INT64_MIN, INT64_MIN + 5})));
    CHECK(tn::dot(large, large).item() == 27);
    CHECK(tn::cumsum<0>(tn::tensor({true, true, false})).eval()(2) == 2);
    CHECK(tn::cumsum<1>(tn::zeros<float, 2, 0>()).eval().size() == 0);
    tn::tensor<float, 2, tn::dyn, 2> open(3);
    for (std::size_t i = 0; i != open.size(); ++i) open.data()[i] = static_cast<float>(i);
    tn::tensor const y = tn::cumsum<1>(open);
    CHECK(y(1, 2, 1) == 7.f + 9.f + 11.f);
    // Sums are kept in double, as PyTorch does: 2²⁴ + 1 + 1 is 2²⁴ among floats.
    CHECK(tn::cumsum<0>(tn::tensor({16777216.f, 1.f, 1.f})).eval()(2) == 16777218.f);
    // In place, also where elements change places.
    tn::tensor z({{1.f, 2.f}, {3.f, 4.f}});
    z = tn::cumsum<0>(z);
    CHECK(tn::array_equal(z, tn::tensor({{1.f, 2.f}, {4.f, 6.f}})));
    z = tn::cumsum<1>(tn::transpose(z));
    CHECK(tn::array_equal(z, tn::tensor({{1.f, 5.f}, {2.f, 8.f}})));
    CHECK(std::isnan(tn::cumsum<0>(tn::tensor({1.0, not_a_number, 1.0})).eval()(2)));

    tn::variable<double, 2, 3, 2> v(tn::linspace<double, 12>(-1, 1).reshape<2, 3, 2>());
    CHECK(tn::gradcheck(tn::sum(tn::square(tn::cumsum<1>(v)) * tn::cumsum<-1>(tn::exp(v)))));
    constexpr auto total = [] {
        tn::tensor<float, 3> const t({1.f, 2.f, 3.f});
        return tn::tensor<float, 3>(tn::cumsum<0>(t))(2);
    }();
    static_assert(total == 6.f);
    CHECK(tn::plan(tn::cumsum<0>(x * 2.f)).launches() == 1);
}

TEST_CASE("scans of more columns and rows than are gone along together") {
    tn::manual_seed(5);
    // The device's tests, and those below, compare values: here each way of going along an array meets the others.
    auto const columns = tn::randn<double, 9, 1111>();
    CHECK(close(tn::cumsum<0>(columns), tn::transpose(tn::cumsum<1>(tn::transpose(columns)))));
    CHECK(close(tn::cumsum<0>(columns * 2.), tn::cumsum<0>(columns) + tn::cumsum<0>(columns)));
    CHECK(close(tn::logcumsumexp<0>(columns), tn::transpose(tn::logcumsumexp<1>(tn::transpose(columns)))));
    // Of rows that are computed when they are read.
    tn::tensor const rows = tn::softmax<1>(columns);
    CHECK(close(tn::cumsum<0>(tn::softmax<1>(columns)), tn::cumsum<0>(rows)));
    CHECK(close(tn::cumsum<1>(tn::softmax<1>(columns)), tn::cumsum<1>(rows)));
    CHECK(close(tn::softmax<0>(tn::softmax<1>(columns)), tn::softmax<0>(rows)));
}

TEST_CASE("cumprod, whose gradient is exact among zeros") {
    CHECK(close(product(numbers),
                tn::tensor({{1.5, -0.75, 0., 0., 0., 0., 0.}, {0.75, -1.5, -4.5, -4.5, -4.5, 2.25, 5.625}})));
    CHECK(close(product_down(numbers * 1.),
                tn::tensor({{1.5, -0.5, 0., 2., -3., 0., 1.25}, {1.125, 1., 0., 2., -3., 0., 3.125}})));
    CHECK(close(gradient(product, numbers),
                tn::tensor({{0., 0.75, 3.5625, 0., 0., 0., 0.}, {-16., 6.75, -3.375, 1.125, 13.5, -54., 7.875}})));
    CHECK(close(gradient(product_down, numbers),
                tn::tensor({{1.75, -4., 8.25, 3.75, 4.25, -0.125, 10.5}, {3., -1.125, 0., 5.5, -9., 0., 4.375}})));
    CHECK(
        close(tn::hvp([](auto const& a) { return tn::sum(tn::square(product(a))); }, numbers, tn::ones<double, 2, 7>()),
              tn::tensor({{-0.5, 1.5, 46.125, 0., 0., 0., 0.},
                          {655.375, -427.8046875, 227.8125, 499.5, 364.5, -737.4375, 69.1875}})));
    tn::variable v(numbers);
    CHECK(tn::gradcheck(tn::sum(tn::square(tn::cumprod<1>(tn::exp(v) - 0.5)) + tn::cumprod<0>(v))));

    tn::tensor const integers = tn::cumprod<0>(tn::tensor({2, -3, 4}));
    static_assert(std::is_same_v<decltype(integers), tn::tensor<std::int64_t, 3> const>);
    CHECK(tn::array_equal(integers, tn::tensor<std::int64_t, 3>({2, -6, -24})));
    CHECK(tn::array_equal(tn::cumprod<0>(tn::tensor({true, true, false})), tn::tensor<std::int64_t, 3>({1, 1, 0})));
    CHECK(tn::cumprod<0>(tn::full<tn::bfloat16, 2>(tn::bfloat16(1.5f))).eval()(1) == tn::bfloat16(2.25f));
    CHECK(tn::cumprod<1>(tn::zeros<double, 2, 0>()).eval().size() == 0);
}

TEST_CASE("logcumsumexp of any numbers") {
    CHECK(close(exponentials(numbers), tn::tensor({{1.5, 1.6269280110429725, 1.8063557122291465, 2.601004995223079,
                                                    2.6046923378596247, 2.676013316567421, 2.8913382825945964},
                                                   {0.75, 0.8119675890031987, 3.106283543940978, 3.2211194680771675,
                                                    3.324116024966782, 3.3457187282227103, 3.7028676737000374}})));
    CHECK(close(gradient(exponentials, numbers),
                tn::tensor({{2.8872279492815975, 0.35690999147553626, 0.4901788981373811, 2.7117110087022906,
                             0.014577215805536144, 0.20038385893315516, 0.33901107766450306},
                            {5.2378353152594235, 0.20698788664408066, 10.655014615328364, 1.1377759700590317,
                             0.8394350908922206, 0.12179009323373104, 1.051161028583151}})));
    CHECK(close(gradient(exponentials_down, numbers),
                tn::tensor({{1.608357398350786, 2.339542571435698, 0.868564682943917, 3.010411091232513,
                             1.3039586298862746, 3.522992826406028, 2.529450485888581},
                            {0.6416426016492142, 0.41045742856430173, 2.381435317056083, 0.7395889087674864,
                             2.9460413701137256, 1.2270071735939727, 2.7205495141114198}})));
    CHECK(second_derivatives_agree(exponentials, numbers));
    CHECK(second_derivatives_agree(exponentials_down, numbers));

    auto const of = [](auto... x) { return tn::logcumsumexp<0>(tn::tensor<double, sizeof...(x)>({x...})).eval(); };
    CHECK(tn::array_equal(of(-infinity, -infinity, 1.), tn::tensor({-infinity, -infinity, 1.})));
    CHECK(tn::array_equal(of(1., infinity, 2.), tn::tensor({1., infinity, infinity})));
    CHECK(of(1000., 1000.)(1) == Approx(1000 + std::log(2.)));
    CHECK(std::isnan(of(1., not_a_number, 2.)(1)));
    CHECK(std::isnan(of(1., not_a_number, 2.)(2)));
    auto const gradient_of = [](auto... x) {
        tn::variable v(tn::tensor<double, sizeof...(x)>({x...}));
        tn::backward(tn::sum(tn::logcumsumexp<0>(v) * (tn::arange<double, sizeof...(x)>() + 1.)));
        return v.grad();
    };
    CHECK(close(gradient_of(1., -infinity, 2.), tn::tensor({3.8068242641099848, 0., 2.1931757358900144})));
    auto const past_infinity = gradient_of(1., infinity, 2.);
    CHECK((past_infinity(0) == 1 && std::isnan(past_infinity(1)) && past_infinity(2) == 0));
    auto const past_nothing = gradient_of(-infinity, 1.);
    CHECK((std::isnan(past_nothing(0)) && past_nothing(1) == 2));
    auto const of_nan = gradient_of(1., not_a_number, 2.);
    CHECK((std::isnan(of_nan(0)) && std::isnan(of_nan(1)) && std::isnan(of_nan(2))));
}

TEST_CASE("cummax and cummin, and where they are") {
    auto const [greatest, where] = tn::cummax<1>(numbers);
    CHECK(tn::array_equal(greatest, tn::tensor({{1.5, 1.5, 1.5, 2., 2., 2., 2.}, {0.75, 0.75, 3., 3., 3., 3., 3.}})));
    tn::tensor const indices = where;
    static_assert(std::is_same_v<decltype(indices), tn::tensor<std::int64_t, 2, 7> const>);
    CHECK(tn::array_equal(indices, tn::tensor<std::int64_t, 2, 7>({{0, 0, 0, 3, 3, 3, 3}, {0, 0, 2, 2, 2, 2, 2}})));
    auto const [least, least_where] = tn::cummin<0>(numbers * 1.);
    CHECK(
        tn::array_equal(least, tn::tensor({{1.5, -0.5, 0., 2., -3., 0., 1.25}, {0.75, -2., 0., 1., -3., -0.5, 1.25}})));
    CHECK(tn::array_equal(least_where, tn::tensor<std::int64_t, 2, 7>({{0, 0, 0, 0, 0, 0, 0}, {1, 1, 0, 1, 0, 1, 0}})));

    CHECK(close(gradient([](auto const& a) { return tn::cummax<1>(a).values; }, numbers),
                tn::tensor({{1.5, 0., 0., 5.5, 0., 0., 0.}, {4.25, 0., 15., 0., 0., 0., 0.}})));
    CHECK(close(gradient([](auto const& a) { return tn::cummin<0>(a).values; }, numbers),
                tn::tensor({{0.25, 0.5, 3.25, 1., 4.25, 1.5, 5.25}, {2., 2.25, 0., 2.75, 0., 3.25, 0.}})));
    CHECK(close(tn::hvp([](auto const& a) { return tn::sum(tn::pow<3>(tn::cummax<1>(a).values)); }, numbers,
                        tn::ones<double, 2, 7>()),
                tn::tensor({{27., 0., 0., 48., 0., 0., 0.}, {9., 0., 90., 0., 0., 0., 0.}})));

    // Equals: the last one. The first NaN stays, another one comes after it.
    tn::tensor const special({1.f, 3.f, 3.f, 2.f, float(not_a_number), 5.f, float(not_a_number)});
    auto const largest = tn::cummax<0>(special);
    CHECK(tn::array_equal(largest.indices, tn::tensor<std::int64_t, 7>({0, 1, 2, 2, 4, 4, 6})));
    CHECK((std::isnan(largest.values.eval()(5)) && largest.values.eval()(3) == 3.f));
    CHECK(tn::array_equal(tn::cummin<0>(special).indices, tn::tensor<std::int64_t, 7>({0, 0, 0, 0, 4, 4, 6})));
    tn::variable v(special);
    tn::backward(tn::sum(tn::cummax<0>(v).values));
    CHECK(tn::array_equal(v.grad(), tn::tensor({1.f, 1.f, 2.f, 0.f, 2.f, 0.f, 1.f})));

    auto const truths = tn::cummax<0>(tn::tensor({false, true, false, true}));
    CHECK(tn::array_equal(truths.values, tn::tensor({false, true, true, true})));
    CHECK(tn::array_equal(truths.indices, tn::tensor<std::int64_t, 4>({0, 1, 1, 3})));
    auto const integers = tn::cummin<0>(tn::tensor<std::int8_t, 3>({5, -7, 2}));
    CHECK(tn::array_equal(integers.values, tn::tensor<std::int8_t, 3>({5, -7, -7})));
    CHECK(tn::cummax<0>(tn::full<tn::bfloat16, 2>(tn::bfloat16(1.5f))).values.eval()(1) == tn::bfloat16(1.5f));
    tn::tensor<float, tn::dyn, tn::dyn> const nothing(3, 0);
    CHECK(tn::cummax<1>(nothing).indices.eval().size() == 0);
    CHECK(tn::cummax<0>(nothing).values.eval().size() == 0);
}
