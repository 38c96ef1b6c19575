#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>

#include <tenon/tenon.hpp>

#include "../catch.hpp"

namespace tn = tenon;

namespace {

template <std::size_t Rows, std::size_t Classes>
void check_rows() {
    tn::generator gen{3};
    tn::variable x(tn::randn<double, Rows, Classes>(gen));
    auto const t = tn::randint<std::int64_t, Rows>(0, static_cast<std::int64_t>(Classes), gen);
    tn::tensor p = tn::softmax<1>(x);
    tn::tensor q = tn::log_softmax<-1>(x);
    double loss = 0;
    for (std::size_t i = 0; i != Rows; ++i) {
        double total = 0;
        for (std::size_t j = 0; j != Classes; ++j) total += std::exp(x.value()(i, j));
        for (std::size_t j = 0; j != Classes; ++j) {
            double const e = std::exp(x.value()(i, j)) / total;
            REQUIRE(std::abs(p(i, j) - e) < 1e-14);
            REQUIRE(std::abs(q(i, j) - std::log(e)) < 1e-13);
        }
        loss -= std::log(p(i, static_cast<std::size_t>(t(i))));
    }
    CHECK(std::abs(tn::backward(tn::cross_entropy(x, t)).item() - loss / static_cast<double>(Rows)) < 1e-13);
    for (std::size_t i = 0; i != Rows; ++i)
        for (std::size_t j = 0; j != Classes; ++j) {
            double const expected =
                (p(i, j) - (static_cast<std::size_t>(t(i)) == j ? 1 : 0)) / static_cast<double>(Rows);
            REQUIRE(std::abs(x.grad()(i, j) - expected) < 1e-14);
        }
}

}  // namespace

TEST_CASE("softmax, its logarithm and cross-entropy over rows") {
    check_rows<1, 1>();
    check_rows<4, 2>();
    check_rows<3, 10>();
    check_rows<7, 33>();
}

TEST_CASE("softmax along another axis, and of large and infinite values") {
    tn::tensor x({{1000.f, 0.f}, {1000.f, -INFINITY}});
    tn::tensor p = tn::softmax<0>(x);
    CHECK(p(0, 0) == 0.5f);
    CHECK(p(0, 1) == 1.f);
    CHECK(p(1, 1) == 0.f);
    CHECK(tn::softmax<1>(x).eval()(1, 0) == 1.f);
}

TEST_CASE("the slope of softmax is y (g − Σ g y)") {
    tn::variable x(tn::tensor({{0.5, -1.0, 2.0}, {0.1, 0.2, 0.3}}));
    auto const w = tn::tensor({{1.0, 2.0, -3.0}, {0.5, 0.0, 4.0}});
    tn::backward(tn::sum(tn::softmax<1>(x * 2.0) * w) + tn::sum(tn::log_softmax<0>(x) * w));
    double const h = 1e-6;
    for (std::size_t i = 0; i != 6; ++i) {
        double f[2];
        for (int s = 0; s != 2; ++s) {
            auto y = x.value();
            y.data()[i] += s == 0 ? -h : h;
            f[s] = (tn::sum(tn::softmax<1>(y * 2.0) * w) + tn::sum(tn::log_softmax<0>(y) * w)).item();
        }
        CHECK(std::abs(x.grad().data()[i] - (f[1] - f[0]) / (2 * h)) < 1e-7);
    }
}

TEST_CASE("a gradient that counts as zero is written, and another one is added to") {
    tn::generator gen{5};
    auto const check = [&](auto const& loss) {
        for (auto const& [rows, columns] : {std::pair{1u, 1u}, {5u, 37u}, {3u, 600u}}) {
            tn::variable x(tn::randn<double, tn::dyn, tn::dyn>(rows, columns, gen));
            auto const w = tn::randn<double, tn::dyn, tn::dyn>(rows, columns, gen);
            x.grad() = tn::zeros<double, tn::dyn, tn::dyn>(rows, columns);
            tn::backward(loss(x, w));
            auto const added = x.grad();
            CHECK(tn::any(added != 0.0).item() == (columns != 1));
            x.zero_grad();
            tn::backward(loss(x, w));
            CHECK(tn::array_equal(x.grad(), added));
            tn::backward(loss(x, w));
            CHECK(tn::array_equal(x.grad(), added * 2.0));
        }
    };
    check([](auto const& x, auto const& w) { return tn::sum(tn::softmax<1>(x) * w); });
    check([](auto const& x, auto const& w) { return tn::sum(tn::softmax<1>(tn::log_softmax<1>(x)) * w); });
    check([](auto const& x, auto const& w) { return tn::sum(tn::matmul(tn::softmax<1>(x), tn::transpose(w))); });
    // Of the first row's results alone: the others' gradients are zeros.
    check([](auto const& x, auto const&) { return tn::sum(tn::square(tn::select<0>(tn::softmax<1>(x), 0))); });
}

TEST_CASE("cross-entropy's options: sum and none, weights, ignored rows, smoothing") {
    tn::tensor x({{1.0, 2.0, 3.0}, {0.0, -1.0, 1.0}, {0.5, 0.5, 0.5}});
    tn::tensor<std::int64_t, 3> t({2, 0, 1});
    tn::tensor rows = tn::cross_entropy<tn::reduction::none>(x, t);
    double const r0 = std::log(std::exp(-2.0) + std::exp(-1.0) + 1), r1 = std::log(1 + std::exp(-1.0) + std::exp(1.0));
    CHECK(std::abs(rows(0) - r0) < 1e-14);
    CHECK(std::abs(rows(1) - r1) < 1e-14);
    CHECK(std::abs(tn::cross_entropy<tn::reduction::sum>(x, t).item() - (r0 + r1 + std::log(3.0))) < 1e-13);
    CHECK(std::abs(tn::cross_entropy(x, t, {.ignore_index = 1}).item() - (r0 + r1) / 2) < 1e-13);
    tn::tensor<double, tn::dyn, 3> const open_x(x);
    tn::tensor<std::int64_t, tn::dyn> const open_t(t);
    CHECK(std::abs(tn::cross_entropy(open_x, open_t).item() - (r0 + r1 + std::log(3.0)) / 3) < 1e-13);
    tn::tensor w({1.0, 2.0, 4.0});
    CHECK(std::abs(tn::cross_entropy(x, t, {.weight = w}).item() - (4 * r0 + r1 + 2 * std::log(3.0)) / 7) < 1e-13);
    double const smooth = 0.9 * r0 + 0.1 / 3 * (r0 + r0 + 1 + r0 + 2);
    CHECK(std::abs(tn::cross_entropy<tn::reduction::none>(x, t, {.label_smoothing = 0.1}).eval()(0) - smooth) < 1e-7);
    t(1) = 3;
    bool refused = false;
    try {
        (void)tn::cross_entropy(x, t).item();
    } catch (tn::index_error const&) { refused = true; }
    CHECK(refused);
}

TEST_CASE("a result is computed where it belongs, and beside it where it would overwrite an operand") {
    tn::generator gen{3};
    auto const a = tn::randn<float, 20, 33>(gen);
    tn::tensor expected = tn::softmax<1>(a);
    tn::tensor b = a;
    b = tn::softmax<1>(b);
    CHECK(tn::array_equal(b, expected));
    tn::tensor c = a;
    c = tn::softmax<1>(tn::flip<0>(c));
    CHECK(tn::array_equal(c, tn::softmax<1>(tn::flip<0>(a)).eval()));
    auto const q = tn::randn<float, 20, 20>(gen);
    tn::tensor squared = tn::matmul(q, q), p = q;
    p = tn::matmul(p, p);
    CHECK(tn::array_equal(p, squared));
}

TEST_CASE("transposes are copied whatever their extents") {
    tn::generator gen{4};
    auto const check = [&]<std::size_t M, std::size_t N>(tn::shape<M, N>) {
        auto const a = tn::randn<float, M, N>(gen);
        tn::tensor t = tn::transpose(a);
        auto const batch = tn::randn<double, 2, M, N>(gen);
        tn::tensor u = tn::transpose<1, 2>(batch);
        std::size_t wrong = 0;
        for (std::size_t i = 0; i < M; ++i)
            for (std::size_t j = 0; j < N; ++j) wrong += t(j, i) != a(i, j) || u(1, j, i) != batch(1, i, j);
        CHECK(wrong == 0);
    };
    check(tn::shape<16, 16>{});
    check(tn::shape<1, 300>{});
    check(tn::shape<37, 53>{});
    check(tn::shape<100, 9>{});
}

TEST_CASE("argmax finds the first extremum of long rows, and NaN before all") {
    tn::tensor<float, 3, 100> x = tn::arange<float, 300>().reshape<3, 100>();
    x(0, 17) = x(0, 80) = 500.f;
    x(1, 3) = x(1, 50) = std::numeric_limits<float>::quiet_NaN();
    x(2, 0) = 1e9f;
    tn::tensor i = tn::argmax<1>(x);
    CHECK(i(0) == 17);
    CHECK(i(1) == 3);
    CHECK(i(2) == 0);
    CHECK(tn::argmax(x).item() == 103);
    CHECK(tn::argmin<1>(-x).eval()(0) == 17);
    tn::tensor n = tn::cast<std::int64_t>(tn::where(tn::isnan(x), 0.f, x));
    CHECK(tn::argmax<1>(n).eval()(1) == 99);
}
