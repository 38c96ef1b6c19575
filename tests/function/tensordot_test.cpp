#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include <tenon/tenon.hpp>

#include "../catch.hpp"

namespace tn = tenon;

namespace {
auto const& data() {
    static auto const file = tn::io::load_safetensors(TENON_TESTS_DIR "/function/data/products.safetensors");
    return file;
}
}  // namespace

TEST_CASE("products over chosen axes") {
    tn::generator gen{5};
    auto const a = tn::randn<double, 2, 3, 4>(gen);
    auto const b = tn::randn<double, 4, 3, 5>(gen);
    tn::tensor const t = tn::tensordot<tn::axes<1, -1>, tn::axes<1, 0>>(a, b);
    static_assert(std::is_same_v<decltype(t), tn::tensor<double, 2, 5> const>);
    CHECK(tn::allclose(t, tn::einsum<"ijk,kjl->il">(a, b)));
    CHECK(tn::tensordot<0>(a, tn::ones<double, 2>()).shape() == tn::shape<2, 3, 4, 2>());
    CHECK(tn::allclose(tn::tensordot(a, a.permute<1, 2, 0>()), tn::einsum<"ijk,jkl->il">(a, a.permute<1, 2, 0>())));
    // Summed extents of 1 serve others.
    CHECK(tn::allclose((tn::tensordot<tn::axes<0, 1>, tn::axes<2, 0>>(data().get<double, 2, 2, 1>("c"),
                                                                      data().get<double, 2, 1, 2>("d"))),
                       data().get<double, 1, 1>("tensordot")));
    auto const p = tn::ones<double, tn::dyn, tn::dyn>(2, 3);
    CHECK(tn::tensordot<1>(p, tn::ones<double, 3, 4>()).eval()(1, 3) == 3);
    CHECK_THROWS_AS(tn::tensordot<1>(p, p), tn::shape_error);
    CHECK(tn::inner(tn::ones<double, 2, 3>(), tn::tensor({1., 2., 3.})).eval()(1) == 6);
    CHECK(tn::inner(tn::full<double>(2.), t).eval()(1, 1) == 2 * t(1, 1));
}

TEST_CASE("Kronecker and cross products") {
    tn::variable<double, 2, 3> a(data().get<double, 2, 3>("a"));
    tn::variable<double, 2, 1, 2> b(data().get<double, 2, 1, 2>("b"));
    CHECK(tn::allclose(tn::kron(a, b), data().get<double, 2, 2, 6>("kron")));
    CHECK(tn::allclose(tn::kron(tn::full<double>(3.), a), 3 * a));
    tn::variable<double, 1, 3> u(data().get<double, 1, 3>("u"));
    tn::variable<double, 4, 3> w(data().get<double, 4, 3>("w"));
    CHECK(tn::allclose(tn::cross(u, w), data().get<double, 4, 3>("cross")));
    CHECK(tn::allclose(tn::cross<0>(tn::transpose(u), tn::transpose(w)),
                       tn::transpose(data().get<double, 4, 3>("cross"))));
    CHECK(tn::gradcheck(tn::sum(tn::square(tn::kron(a, b))) + tn::sum(tn::square(tn::cross<-1>(u, w)))));
    CHECK(tn::cross(tn::tensor({1, 0, 0}), tn::tensor({0, 1, 0})).eval()(2) == 1);
    CHECK_THROWS_AS(tn::cross<0>(tn::ones<double, tn::dyn>(4), tn::ones<double, tn::dyn>(4)), tn::shape_error);
}

TEST_CASE("products of fixed ranks") {
    auto const m = tn::arange<float, 6>().reshape<2, 3>().eval();
    tn::tensor v({1.f, 2.f, 3.f});
    CHECK(tn::mv(m, v).eval()(1) == 26.f);
    CHECK(tn::mm(m, tn::transpose(m)).eval()(0, 1) == 14.f);
    CHECK(tn::bmm(tn::ones<float, 2, 1, 3>(), tn::ones<float, 2, 3, 1>()).eval()(1, 0, 0) == 3.f);
    CHECK_THROWS_AS((tn::bmm(tn::ones<float, tn::dyn, 1, 3>(2), tn::ones<float, 1, 3, 1>())), tn::shape_error);
    CHECK(tn::vdot(v, v).item() == 14.f);
}

TEST_CASE("sums with products, with their factors") {
    tn::generator gen{6};
    tn::variable a(tn::randn<double, 2, 3>(gen));
    tn::variable b(tn::randn<double, 3, 4>(gen));
    tn::variable x(tn::randn<double, 4>(gen));
    CHECK(tn::allclose(tn::addmm(x, a, b), x + tn::matmul(a, b)));
    auto const scaled = tn::addmm(x, a, b, {.beta = 0.2, .alpha = 0.6});
    static_assert(std::is_same_v<tn::shape_t<decltype(scaled)>, tn::shape<2, 4>>);
    CHECK(tn::allclose(scaled, 0.2 * x + 0.6 * tn::matmul(a, b)));
    CHECK(tn::gradcheck(tn::sum(tn::square(scaled))));
    // What 0 times x would be doesn't matter.
    tn::tensor const nan = tn::full<double>(std::numeric_limits<double>::quiet_NaN());
    CHECK(tn::allclose(tn::addmm(nan, a, b, {.beta = 0}), tn::matmul(a, b)));
    tn::tensor<std::int64_t, 2, 2> const ones({{1, 1}, {1, 1}});
    // A fraction is cut for integers.
    CHECK(tn::addmm(ones, ones, ones, {.beta = 2.7, .alpha = 1.2}).eval()(0, 0) == 4);
    tn::tensor v({1., 2., 3.});
    CHECK(tn::allclose(tn::addmv(nan, a, v, {.beta = 0}), tn::matmul(a, v)));
    CHECK(tn::allclose(tn::addr(x, v, x, {.alpha = 2}), x + 2 * tn::outer(v, x)));
    auto const p = tn::randn<double, 2, 3, 4>(gen);
    auto const q = tn::randn<double, 2, 4, 2>(gen);
    CHECK(tn::allclose(tn::baddbmm(nan, p, q, {.beta = 0, .alpha = 3}), 3 * tn::matmul(p, q)));
    CHECK(tn::allclose(tn::addbmm(tn::ones<double, 2>(), p, q, {.beta = 3}), 3 + tn::sum<0>(tn::matmul(p, q))));
    CHECK(tn::allclose(tn::addcmul(x, x, x, {.value = 0.5}), x + 0.5 * x * x));
    CHECK(tn::allclose(tn::addcdiv(v, a, v, {.value = 3.}), v + 3. * a / v));
}
