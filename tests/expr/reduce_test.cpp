#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include <tenon/tenon.hpp>

#include "../catch.hpp"

namespace tn = tenon;

namespace {

template <std::size_t A, std::size_t B, std::size_t C>
void check_shape() {
    tn::tensor<float, A, B, C> x;
    for (std::size_t i = 0; i != x.size(); ++i) x.data()[i] = static_cast<float>((i * 37) % 23) - 11.f;
    double whole = 0;
    tn::tensor<double, A, B> last;
    tn::tensor<double, B, C> first;
    tn::tensor<double, B> both;
    for (std::size_t a = 0; a != A; ++a)
        for (std::size_t b = 0; b != B; ++b)
            for (std::size_t c = 0; c != C; ++c) {
                double const v = 2.0 * x(a, b, c) + 1.0;
                whole += v;
                last(a, b) += v;
                first(b, c) += v;
                both(b) += v;
            }
    // All values are small integers, so sums are exact in any order.
    CHECK(tn::sum(x * 2.f + 1.f).item() == static_cast<float>(whole));
    tn::tensor l = tn::sum<-1>(x * 2.f + 1.f);
    static_assert(std::is_same_v<decltype(l), tn::tensor<float, A, B>>);
    tn::tensor f = tn::sum<0>(x * 2.f + 1.f);
    tn::tensor m = tn::sum<2, 0>(x * 2.f + 1.f, tn::keepdim);
    static_assert(std::is_same_v<decltype(m), tn::tensor<float, 1, B, 1>>);
    for (std::size_t b = 0; b != B; ++b) {
        for (std::size_t a = 0; a != A; ++a) CHECK(l(a, b) == static_cast<float>(last(a, b)));
        for (std::size_t c = 0; c != C; ++c) CHECK(f(b, c) == static_cast<float>(first(b, c)));
        CHECK(m(0, b, 0) == static_cast<float>(both(b)));
    }
}

}  // namespace

TEST_CASE("sums along any axes are those of a loop") {
    check_shape<1, 1, 1>();
    check_shape<0, 2, 3>();
    check_shape<2, 3, 0>();
    check_shape<2, 3, 4>();
    check_shape<3, 1, 17>();
    check_shape<5, 7, 64>();
    check_shape<2, 2, 301>();
}

TEST_CASE("greatest, least and truth") {
    tn::tensor x({{1.f, 5.f, 3.f}, {4.f, -2.f, 0.f}});
    CHECK(tn::max(x).item() == 5.f);
    CHECK(tn::min<0>(x).eval()(1) == -2.f);
    CHECK(tn::max<1>(x).eval()(1) == 4.f);
    CHECK(tn::prod<1>(x).eval()(0) == 15.f);
    CHECK(tn::mean<0>(x).eval()(0) == 2.5f);
    CHECK(static_cast<bool>(tn::any(x)));
    CHECK(!tn::all(x));
    x(0, 0) = std::numeric_limits<float>::quiet_NaN();
    CHECK(std::isnan(tn::max(x).item()));
    CHECK(std::isnan(tn::min<1>(x).eval()(0)));
    tn::tensor<std::int32_t, 3> i({1, 2, 3});
    static_assert(std::is_same_v<tn::value_t<decltype(tn::sum(i))>, std::int64_t>);
    CHECK(tn::sum(i).item() == 6);
}

TEST_CASE("reductions of small tensors are constants") {
    constexpr tn::tensor u({1.f, 2.f, 3.f});
    static_assert(tn::sum(u * u + 1.f).item() == 17.f);
    CHECK(tn::max(u).item() == 3.f);
}

TEST_CASE("a long sum keeps its accuracy") {
    tn::tensor<float, tn::dyn> x(1 << 22);
    x.fill(0.1f);
    double const expected = (1 << 22) * static_cast<double>(0.1f);
    CHECK(std::abs(tn::sum(x).item() - expected) < 1e-5 * expected);
}

TEST_CASE("gradients pass through reductions, broadcasting and views") {
    tn::variable w(tn::arange<double, 6>().reshape<2, 3>());
    tn::variable b(tn::tensor({1.0, -2.0, 0.5}));
    tn::variable c(tn::tensor({{2.0}, {3.0}}));
    auto loss = tn::sum(tn::transpose(w * b + c) * tn::transpose(w)) + tn::mean(tn::sum<0>(w) * b) + tn::max(w);
    tn::backward(loss);
    double const bs[] = {1.0, -2.0, 0.5};
    for (std::size_t i = 0; i != 2; ++i)
        for (std::size_t j = 0; j != 3; ++j) {
            double const expected =
                2 * w.value()(i, j) * bs[j] + c.value()(i, 0) + bs[j] / 3 + (i == 1 && j == 2 ? 1 : 0);
            CHECK(std::abs(w.grad()(i, j) - expected) < 1e-12);
        }
    for (std::size_t j = 0; j != 3; ++j) {
        double const p = w.value()(0, j), q = w.value()(1, j);
        CHECK(std::abs(b.grad()(j) - (p * p + q * q + (p + q) / 3)) < 1e-12);
    }
    CHECK(std::abs(c.grad()(1, 0) - 12.0) < 1e-12);
}

TEST_CASE("elements that share the greatest value share its gradient") {
    tn::variable x(tn::tensor({3.f, 1.f, 3.f}));
    tn::backward(tn::max(x * 2.f));
    CHECK(x.grad()(0) == 1.f);
    CHECK(x.grad()(1) == 0.f);
    CHECK(x.grad()(2) == 1.f);
}

TEST_CASE("nothing has no greatest element") {
    tn::tensor<float, 0> x;
    bool refused = false;
    try {
        (void)tn::max(x);
    } catch (tn::shape_error const&) { refused = true; }
    CHECK(refused);
    CHECK(tn::sum(x).item() == 0.f);
}

TEST_CASE("a product with a zero has the slopes of torch.prod") {
    auto const slopes = [](auto const& x, auto const& f) {
        tn::variable v(x);
        tn::backward(f(v));
        return v.grad();
    };
    tn::tensor const x({{1.0, 0.0, 3.0}, {0.0, 0.0, 2.0}, {1.0, 2.0, 3.0}});
    tn::tensor const weight({2.0, 1.0, -1.0});
    auto const rows = slopes(x, [&](auto const& v) { return tn::sum(tn::prod<1>(v) * weight); });
    CHECK(tn::all(rows == tn::tensor({{0.0, 6.0, 0.0}, {0.0, 0.0, 0.0}, {-6.0, -3.0, -2.0}})));
    auto const columns = slopes(x, [](auto const& v) { return tn::sum(tn::prod<0>(v)); });
    CHECK(tn::all(columns == tn::tensor({{0.0, 0.0, 6.0}, {1.0, 0.0, 9.0}, {0.0, 0.0, 6.0}})));
    auto const all = slopes(tn::tensor({2.f, 0.f, 3.f, -1.f, 1.f}), [](auto const& v) { return tn::prod(v); });
    CHECK(tn::all(all == tn::tensor({0.f, -6.f, 0.f, 0.f, 0.f})));
    tn::variable v(tn::tensor({1.5, 0.0, -2.0}));
    CHECK(tn::gradcheck(tn::prod(v * 2.0) + tn::sum(v)));
    constexpr tn::tensor slope = tn::grad([](auto const& u) { return tn::prod(u); })(tn::tensor({2.0, 0.0, 5.0}));
    static_assert(slope(0) == 0.0 && slope(1) == 10.0);
    tn::tensor const second =
        tn::hvp([](auto const& u) { return tn::prod(u); }, tn::tensor({2.0, 0.0, 5.0}), tn::tensor({1.0, 0.0, 0.0}));
    CHECK(tn::all(second == tn::tensor({0.0, 5.0, 0.0})));
}

TEST_CASE("Reductions leave what has no elements to other libraries") {
    using namespace std;
    using namespace tenon;
    struct price {
        int cents;
        bool operator<(price const& other) const { return cents < other.cents; }
    };
    CHECK(min(3, 4) == 3);
    CHECK(max(1.f, 2.f) == 2.f);
    CHECK(min(price{2}, price{1}).cents == 1);
    tenon::tensor<float, 2> const x({3, 4});
    CHECK(float(max(x)) == 4);
}

namespace {
/// Whether a sum of n times v is right but for as many roundings as sums may lose.
bool is_sum_of(float sum, double n, float v) { return std::abs(sum - n * v) <= 280 * 0x1p-24 * n * std::abs(v); }
}  // namespace

TEST_CASE("sums of any length along any axis") {
    // In one float for each column 17 million ones are 2^24, and three million tenths are 3 % more than they should be.
    constexpr std::size_t many = 17'000'000, n = 3'000'000;
    tn::tensor<float, tn::dyn> ones = tn::ones<float, tn::dyn>(many);
    CHECK(tn::sum(ones).item() == 17e6f);
    CHECK(tn::sum<0>(tn::unsqueeze<1>(ones)).eval()(0) == 17e6f);
    CHECK(tn::mean(ones).item() == 1.f);
    tn::variable<float, 1> bias;
    tn::backward(tn::sum(tn::unsqueeze<1>(ones) + bias));
    CHECK(bias.grad()(0) == 17e6f);

    tn::tensor<float, tn::dyn, 2> x(n);
    x.fill(.1f);
    CHECK(is_sum_of(tn::sum(x).item(), 2.0 * n, .1f));
    CHECK(is_sum_of(tn::sum(tn::transpose(x)).item(), 2.0 * n, .1f));
    CHECK(is_sum_of(tn::sum<0>(x).eval()(1), n, .1f));
    CHECK(is_sum_of(tn::sum<1>(tn::transpose(x)).eval()(1), n, .1f));
    CHECK(is_sum_of(tn::mean<0>(x).eval()(1), 1, .1f));
    auto const blocks = tn::reshape<2, n / 4, 2, 2>(x);
    CHECK(is_sum_of(tn::sum<1, 3>(blocks).eval()(1, 1), n / 2.0, .1f));
    CHECK(is_sum_of(tn::sum<0, 2>(blocks).eval()(7, 1), 4, .1f));
    tn::variable<float, 2> row;
    tn::variable<float, 1> one;
    tn::variable<float> number;
    tn::backward(tn::sum(x * (1.f + row) * (1.f + one) + number * .1f));
    CHECK(is_sum_of(row.grad()(0), n, .1f));
    CHECK(is_sum_of(one.grad()(0), 2.0 * n, .1f));
    CHECK(is_sum_of(number.grad().item(), 2.0 * n, .1f));
    tn::variable<float, 2, 1> column;
    tn::backward(tn::sum(tn::transpose(x) * column));
    CHECK(is_sum_of(column.grad()(1, 0), n, .1f));
    // Not sums, but counts: the elements that share the greatest value.
    tn::variable equal(ones);
    tn::backward(tn::max(equal));
    CHECK(equal.grad()(3) == 1 / 17e6f);
}
