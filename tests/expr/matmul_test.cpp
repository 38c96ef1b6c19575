#include <cmath>
#include <type_traits>

#include <tenon/tenon.hpp>

#include "../catch.hpp"

namespace tn = tenon;

namespace {

template <class T, std::size_t M, std::size_t K, std::size_t N>
void check_product() {
    tn::generator gen{M * 1000 + K * 100 + N};
    auto const a = tn::randn<T, M, K>(gen);
    auto const b = tn::randn<T, K, N>(gen);
    auto const w = tn::randn<T, N, K>(gen);
    tn::tensor c = tn::matmul(a, b);
    static_assert(std::is_same_v<decltype(c), tn::tensor<T, M, N>>);
    tn::tensor d = tn::matmul(a + a, tn::transpose(w));
    for (std::size_t i = 0; i != M; ++i)
        for (std::size_t j = 0; j != N; ++j) {
            double ab = 0, aw = 0;
            for (std::size_t k = 0; k != K; ++k) {
                ab += static_cast<double>(a(i, k)) * static_cast<double>(b(k, j));
                aw += 2.0 * static_cast<double>(a(i, k)) * static_cast<double>(w(j, k));
            }
            double const tolerance = (sizeof(T) == 4 ? 1e-5 : 1e-13) * static_cast<double>(K + 1);
            REQUIRE(std::abs(static_cast<double>(c(i, j)) - ab) < tolerance);
            REQUIRE(std::abs(static_cast<double>(d(i, j)) - aw) < tolerance);
        }
}

template <std::size_t M, std::size_t K, std::size_t N>
void check_gradient() {
    tn::generator gen{7};
    tn::variable a(tn::randn<double, M, K>(gen));
    tn::variable w(tn::randn<double, N, K>(gen));
    auto const g = tn::randn<double, M, N>(gen);
    tn::backward(tn::sum(tn::matmul(a * 2.0, tn::transpose(w)) * g));
    for (std::size_t i = 0; i != M; ++i)
        for (std::size_t k = 0; k != K; ++k) {
            double expected = 0;
            for (std::size_t j = 0; j != N; ++j) expected += 2 * g(i, j) * w.value()(j, k);
            REQUIRE(std::abs(a.grad()(i, k) - expected) < 1e-11);
        }
    for (std::size_t j = 0; j != N; ++j)
        for (std::size_t k = 0; k != K; ++k) {
            double expected = 0;
            for (std::size_t i = 0; i != M; ++i) expected += 2 * g(i, j) * a.value()(i, k);
            REQUIRE(std::abs(w.grad()(j, k) - expected) < 1e-11);
        }
}

/// A batch that meets one matrix, beside its products one by one.
template <class X, class W>
void check_batch(X const& x, W const& w) {
    tn::tensor const all = tn::matmul(x, w);
    tn::tensor const sums = tn::matmul(x, w) + tn::matmul(x * 2.0, w);
    tn::tensor const values(x);
    std::size_t const rows = all.shape()[1], columns = all.shape()[2];
    for (std::ptrdiff_t b = 0; b != static_cast<std::ptrdiff_t>(all.shape()[0]); ++b) {
        tn::tensor const one = tn::matmul(tn::select<0>(values, b), w);
        CHECK(tn::allclose(tn::select<0>(all, b), one, {.rtol = 1e-12, .atol = 1e-12}));
        CHECK(tn::allclose(tn::select<0>(sums, b), one * 3.0, {.rtol = 1e-12, .atol = 1e-12}));
    }
    CHECK(all.size() == all.shape()[0] * rows * columns);
}

}  // namespace

TEST_CASE("products of any extents are those of three loops") {
    check_product<float, 1, 1, 1>();
    check_product<float, 4, 10, 5>();
    check_product<float, 3, 0, 2>();
    check_product<float, 0, 3, 2>();
    check_product<float, 17, 33, 9>();
    check_product<float, 64, 300, 65>();
    check_product<float, 1, 784, 128>();
    check_product<double, 5, 7, 3>();
    check_product<double, 130, 270, 41>();
}

TEST_CASE("vectors and batches follow NumPy's rules") {
    tn::tensor m({{1.f, 2.f, 3.f}, {4.f, 5.f, 6.f}});
    tn::tensor v({1.f, 0.f, -1.f});
    tn::tensor u({1.f, 2.f});
    tn::tensor mv = tn::matmul(m, v);
    static_assert(std::is_same_v<decltype(mv), tn::tensor<float, 2>>);
    CHECK(mv(0) == -2.f);
    CHECK(tn::matmul(u, m).eval()(2) == 15.f);
    CHECK(tn::dot(v, v).item() == 2.f);
    CHECK(tn::outer(u, v).eval()(1, 2) == -2.f);
    auto const batch = tn::arange<float, 12>().reshape<2, 2, 3>().eval();
    tn::tensor p = tn::matmul(batch, tn::transpose(m));
    static_assert(std::is_same_v<decltype(p), tn::tensor<float, 2, 2, 2>>);
    CHECK(p(1, 1, 0) == 9.f * 1.f + 10.f * 2.f + 11.f * 3.f);
    tn::tensor<float, tn::dyn, 3> r(4);
    r.fill(1.f);
    tn::tensor q = tn::matmul(r, tn::transpose(m));
    static_assert(std::is_same_v<decltype(q), tn::tensor<float, tn::dyn, 2>>);
    CHECK(q(3, 1) == 15.f);
}

TEST_CASE("a batch that meets one matrix is that of each") {
    auto const w = tn::randn<double, 7, 20>();
    check_batch(tn::randn<double, 3, 5, 7>(), w);
    check_batch(tn::transpose<0, 1>(tn::randn<double, 5, 3, 7>()), w);
    check_batch(tn::transpose<1, 2>(tn::randn<double, 3, 7, 5>()), w);
    check_batch(tn::slice<1, 1, 4>(tn::randn<double, 3, 5, 7>()), w);
    check_batch(tn::randn<double, 40, 9, 7>() + tn::randn<double, 9, 1>(), tn::transpose(tn::randn<double, 20, 7>()));
    check_batch(tn::tensor<double, tn::dyn, tn::dyn, 7>(tn::randn<double, tn::dyn, tn::dyn, 7>(2, 3)), w);
    check_batch(tn::tensor<double, tn::dyn, 3, 7>(tn::randn<double, tn::dyn, 3, 7>(0)), w);
    check_batch(tn::randn<double, 2, 0, 7>(), w);
    tn::variable x(tn::randn<double, 2, 3, 4>());
    tn::variable v(tn::randn<double, 5, 4>());
    auto const g = tn::randn<double, 2, 3, 5>();
    CHECK(tn::gradcheck(tn::sum(tn::matmul(x, tn::transpose(v)) * g)));
    CHECK(tn::gradcheck(tn::sum(tn::matmul(tn::tanh(x), tn::transpose(v)) * g)));
    CHECK(tn::gradcheck(tn::sum(tn::matmul(tn::transpose<0, 1>(x), tn::transpose(v)) * tn::transpose<0, 1>(g))));
}

TEST_CASE("the destination may be an operand of a product") {
    tn::tensor y({{1.f, 3.f}, {2.f, 4.f}});
    y += tn::matmul(y, y);
    CHECK(y(0, 0) == 8.f);
    CHECK(y(1, 1) == 26.f);
}

TEST_CASE("gradients of products reach both operands, through views and regions") {
    check_gradient<4, 10, 5>();
    check_gradient<33, 65, 19>();
}
