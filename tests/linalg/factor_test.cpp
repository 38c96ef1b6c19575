#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>

#include <tenon/linalg.hpp>

#include "../catch.hpp"
#include "../error_of.hpp"
#include "torch_data.hpp"

namespace tn = tenon;
namespace linalg = tenon::linalg;

namespace {

using batch = tn::variable<double, tn::dyn, tn::dyn, tn::dyn>;

void check_close(auto const& found, auto const& expected, double tolerance = 1e-10) {
    tn::tensor const f = found;
    REQUIRE(tn::to_string(f.shape()) == tn::to_string(expected.shape()));
    for (std::size_t i = 0; i != f.size(); ++i) {
        INFO(i << ": " << f.data()[i] << ", PyTorch " << expected.data()[i]);
        CHECK(std::abs(f.data()[i] - expected.data()[i]) <= tolerance * (1 + std::abs(expected.data()[i])));
    }
}
/// A sum in which each element counts differently.
auto weighted(auto const& x) { return tn::sum(x * tn::sin(tn::cumsum<-1>(tn::ones_like(tn::tensor(x))) * 1.7)); }
auto transposed(auto const& x) { return tn::transpose<1, 2>(x); }
double largest(auto const& x) { return tn::max(tn::abs(x)).item(); }

}  // namespace

TEST_CASE("LU factors, pivots and what they solve are PyTorch's") {
    for (std::string const name : {"square", "tall", "wide"}) {
        INFO(name);
        batch x(matrices(name));
        auto const [lu, pivots] = linalg::lu_factor(x);
        static_assert(std::is_same_v<tn::value_t<decltype(pivots)>, std::int32_t>);
        check_close(lu, matrices(name + ".lu"));
        check_close(pivots, linalg_data().get<std::int32_t, tn::dyn, tn::dyn>(name + ".pivots"));
        auto const [p, l, u] = linalg::lu(x);
        check_close(p, matrices(name + ".p"));
        check_close(l, matrices(name + ".l"));
        check_close(u, matrices(name + ".u"));
        CHECK(tn::gradcheck(weighted(l) + weighted(u)));
    }
    batch x(matrices("square")), b(matrices("right"));
    auto const [lu, pivots] = linalg::lu_factor(x);
    for (bool adjoint : {false, true}) {
        auto const a = adjoint ? tn::tensor(transposed(x)) : tn::tensor(x);
        check_close(linalg::lu_solve(lu, pivots, b, {.adjoint = adjoint}), tn::tensor(linalg::solve(a, b)));
        check_close(linalg::lu_solve(lu, pivots, transposed(b), {.left = false, .adjoint = adjoint}),
                    tn::tensor(linalg::solve(a, transposed(b), {.left = false})));
        CHECK(tn::gradcheck(weighted(linalg::lu_solve(lu, pivots, b, {.adjoint = adjoint}))));
    }
    check_close(tn::lu_solve(b, lu, pivots), tn::tensor(linalg::solve(x, b)));
    tn::tensor<std::int32_t, tn::dyn, tn::dyn> const of_one(1, x.shape()[1]);
    CHECK_THROWS_AS(linalg::lu_solve(lu, of_one, b), tn::shape_error);
    CHECK_THROWS_AS(linalg::ldl_solve(lu, of_one, b), tn::shape_error);
    tn::tensor<double, 2, 2> const singular({{1, 2}, {2, 4}});
    CHECK(error_of([&] { (void)linalg::lu_factor(singular).lu.eval(); }) ==
          "lu_factor: the matrix is singular: pivot 1 is zero");
    CHECK(linalg::lu(singular).u.eval()(1, 1) == 0);
    tn::tensor<std::int32_t, 2> const wrong({1, 3});
    CHECK_THROWS_AS(tn::lu_unpack(singular, wrong).p.eval(), tn::index_error);
    // As many pivots, in other places.
    tn::tensor<double, tn::dyn, tn::dyn, tn::dyn> const factors(2, 3, 3);
    tn::tensor<std::int32_t, tn::dyn, tn::dyn> const elsewhere(3, 2);
    CHECK_THROWS_AS(tn::lu_unpack(factors, elsewhere), tn::shape_error);
}

TEST_CASE("a Cholesky factor solves and inverts, from either triangle") {
    batch a(matrices("positive")), b(matrices("right"));
    for (bool upper : {false, true}) {
        auto const l = linalg::cholesky(a, {.upper = upper});
        check_close(tn::cholesky_solve(b, l, {.upper = upper}), tn::tensor(linalg::solve(a, b)));
        check_close(tn::cholesky_inverse(l, {.upper = upper}), tn::tensor(linalg::inv(a)));
        batch factor{tn::tensor(l)};
        // The gradient is also that of the other triangle, which isn't read.
        auto const ones = tn::ones_like(factor);
        auto const triangle = factor * (upper ? tn::tensor(tn::triu(ones)) : tn::tensor(tn::tril(ones)));
        CHECK(tn::gradcheck(weighted(linalg::cholesky_solve(b, triangle, {.upper = upper}))));
        CHECK(tn::gradcheck(weighted(linalg::cholesky_inverse(triangle, {.upper = upper}))));
    }
}

TEST_CASE("symmetric matrices that are indefinite have LAPACK's factors") {
    auto const s = matrices("symmetric");
    auto const [ld, pivots] = linalg::ldl_factor(s);
    check_close(ld, matrices("ld"));
    check_close(pivots, linalg_data().get<std::int32_t, tn::dyn, tn::dyn>("ld.pivots"));
    batch b(matrices("right"));
    auto const x = linalg::ldl_solve(ld, pivots, b);
    check_close(tn::matmul(s, x), matrices("right"));
    CHECK(tn::gradcheck(weighted(x)));
}

TEST_CASE("reflectors are LAPACK's, and their products have gradients") {
    for (std::string const name : {"square", "tall", "wide"}) {
        auto const [a, tau] = linalg::geqrf(matrices(name));
        check_close(a, matrices(name + ".geqrf"));
        check_close(tau, vectors(name + ".tau"));
    }
    tn::tensor<double, tn::dyn, tn::dyn, tn::dyn> broken(1, 2, 2);
    broken(0, 0, 0) = 1;
    broken(0, 1, 0) = std::numeric_limits<double>::quiet_NaN();
    tn::tensor const found = linalg::geqrf(broken).a;
    CHECK(std::isnan(found(0, 0, 0)));
    CHECK(std::isnan(found(0, 0, 1)));
    batch a(matrices("tall.geqrf"));
    tn::variable<double, tn::dyn, tn::dyn> tau(vectors("tall.tau"));
    check_close(linalg::householder_product(a, tau), matrices("tall.q"));
    batch c(matrices("right_tall"));
    for (bool transpose : {false, true}) {
        auto const left = linalg::ormqr(a, tau, c, {.transpose = transpose});
        check_close(linalg::ormqr(a, tau, transposed(c), {.left = false, .transpose = !transpose}),
                    tn::tensor(transposed(left)));
        check_close(linalg::ormqr(a, tau, left, {.transpose = !transpose}), matrices("right_tall"));
        CHECK(tn::gradcheck(weighted(left)));
    }
    // Reflectors that aren't: τ may be anything, and one of them has no inverse.
    tau.value()(0, 1) = 0.3;
    double length = 1;
    for (std::size_t i = 1; i != 5; ++i) length += a.value()(1, i, 0) * a.value()(1, i, 0);
    tau.value()(1, 0) = 1 / length;
    CHECK(tn::gradcheck(weighted(linalg::householder_product(a, tau)) +
                        weighted(linalg::ormqr(a, tau, c, {.transpose = true}))));
}

TEST_CASE("least squares of any rank") {
    batch tall(matrices("tall")), wide(matrices("wide")), b(matrices("right_tall")), c(matrices("right_wide"));
    auto const [x, residuals, rank, values] = linalg::lstsq(tall, b);
    check_close(x, matrices("lstsq.tall"));
    check_close(residuals, vectors("lstsq.tall.residuals"));
    CHECK(rank.eval()(1) == 3);
    CHECK(tn::tensor(values).size() == 0);
    CHECK(tn::gradcheck(weighted(x) + weighted(residuals)));
    auto const flat = linalg::lstsq(wide, c).solution;
    check_close(flat, matrices("lstsq.wide"));
    CHECK(tn::gradcheck(weighted(flat)));
    auto const deficient = linalg::lstsq(matrices("deficient"), b);
    check_close(deficient.solution, matrices("lstsq.deficient"));
    CHECK(deficient.rank.eval()(0) == 2);
    // A mean of many numbers: gradients take memory for as many, not for their square.
    batch ones(tn::tensor(tn::ones<double, tn::dyn, tn::dyn, tn::dyn>(1, 50'000, 1))),
        twos(tn::tensor(2. * tn::ones<double, tn::dyn, tn::dyn, tn::dyn>(1, 50'000, 1)));
    tn::backward(tn::sum(linalg::lstsq(ones, twos).solution));
    CHECK(twos.grad()(0, 7, 0) == Approx(1. / 50'000));
    CHECK(ones.grad()(0, 7, 0) == Approx(-2. / 50'000));
    // A vector is a column.
    tn::tensor<double, 3, 2> const points({{0, 1}, {1, 1}, {2, 1}});
    tn::tensor const line = linalg::lstsq(points, tn::tensor({1., 3., 5.})).solution;
    static_assert(std::is_same_v<decltype(line), tn::tensor<double, 2> const>);
    CHECK(std::abs(line(0) - 2) + std::abs(line(1) - 1) < 1e-14);
    CHECK(largest(linalg::lstsq(tn::tensor<double, 3, 2>(), points).solution) == 0);
    tn::tensor<float, 2, 2> const small({{0.f, 1e-24f}, {0.f, 0.f}});
    CHECK(linalg::lstsq(small, tn::tensor({1e-24f, 0.f})).solution.eval()(1) == Approx(1));
    tall.value()(1, 2, 1) = std::numeric_limits<double>::quiet_NaN();
    CHECK(error_of([&] { (void)x.eval(); }) == "lstsq: matrix 1 of the batch has elements that aren't finite");
    CHECK_THROWS_AS(rank.eval(), tn::linalg_error);
}

TEST_CASE("powers and exponentials") {
    batch x(matrices("square"));
    for (int n : {-3, 0, 1, 5, 6}) {
        INFO(n);
        check_close(tn::matrix_power(x, n), matrices("power" + std::to_string(n)), 1e-9);
        CHECK(tn::gradcheck(weighted(linalg::matrix_power(x, n)) / 100.));
    }
    tn::tensor<double, tn::dyn, tn::dyn, tn::dyn> infinite(1, 2, 2);
    infinite(0, 0, 0) = std::numeric_limits<double>::infinity();
    infinite(0, 1, 0) = 2;
    CHECK(tn::matrix_power(infinite, 1).eval()(0, 1, 0) == 2);
    check_close(linalg::matrix_exp(x), matrices("exp"));
    check_close(tn::matrix_exp(10 * x), matrices("exp.large"), 1e-8);
    CHECK(tn::gradcheck(weighted(linalg::matrix_exp(x))));
    x.zero_grad();
    tn::backward(tn::sum(linalg::matrix_exp(x)));
    tn::tensor const slope = x.grad();
    x.zero_grad();
    tn::backward(1e12 * tn::sum(linalg::matrix_exp(x)));
    check_close(x.grad() / 1e12, slope, 1e-12);
    tn::tensor<float, 2, 2> const turn({{0.f, -3.f}, {3.f, 0.f}});
    CHECK(linalg::matrix_exp(turn).eval()(1, 0) == Approx(std::sin(3.)).epsilon(1e-5));
    CHECK(std::isnan(linalg::matrix_exp(turn * std::numeric_limits<float>::infinity()).eval()(0, 1)));
}

TEST_CASE("large matrices go through products of blocks") {
    tn::generator gen{7};
    auto const a = tn::randn<double, tn::dyn, tn::dyn, tn::dyn>(gen, 1, 75, 70);
    auto const square = tn::tensor(tn::matmul(transposed(a), a));
    auto const [p, l, u] = linalg::lu(a);
    CHECK(largest(tn::matmul(p, tn::matmul(l, u)) - a) < 1e-12);
    tn::tensor const c = linalg::cholesky(square);
    CHECK(largest(tn::matmul(c, transposed(c)) - square) < 1e-11);
    auto const [q, r] = linalg::qr(a);
    CHECK(largest(tn::matmul(q, r) - a) < 1e-12);
    CHECK(largest(tn::matmul(transposed(q), q) - tn::eye<double, 70>()) < 1e-13);
    CHECK(largest(tn::matmul(square, linalg::inv(square)) - tn::eye<double, 70>()) < 1e-6);
}

TEST_CASE("products of several matrices take the order with the fewest operations") {
    tn::tensor<double, 2, 40> a;
    tn::tensor<double, 40, 3> b;
    tn::tensor<double, 3, 30> c;
    CHECK(tn::plan(linalg::multi_dot(a, b, c)).operations() == 2 * (2 * 40 * 3 + 2 * 3 * 30));
    CHECK(tn::plan(linalg::multi_dot(tn::transpose(c), tn::transpose(b), tn::transpose(a))).operations() ==
          2 * (2 * 40 * 3 + 2 * 3 * 30));
    tn::tensor u({1., 2.});
    tn::tensor<double, 2, 2> const m({{1, 2}, {3, 4}});
    CHECK(linalg::multi_dot(u, m, m, u).item() == 145);
    CHECK(linalg::multi_dot(m, u).eval()(1) == 11);
    CHECK(linalg::vecdot(m, u).eval()(1) == 11);
    CHECK(linalg::vecdot<0>(m, m).eval()(0) == 10);
    using complex = std::complex<double>;
    tn::tensor<complex, 2> const v({complex(0, 1), complex(2, 0)}), w({complex(0, 1), complex(3, 1)});
    CHECK(tn::tensor(linalg::vecdot(v, w)).item() == complex(7, 2));
    CHECK(linalg::cross(tn::tensor({0., 1., 0.}), tn::tensor({0., 0., 1.})).eval()(0) == 1);
}

TEST_CASE("equations of tensors, and matrices of powers") {
    auto const t = linalg_data().get<double, 2, 3, 6>("tensor");
    check_close(linalg::tensorinv(t), linalg_data().get<double, 6, 2, 3>("tensorinv"));
    check_close(linalg::tensorsolve<0, 2>(t, tn::select<2>(t, 0)), linalg_data().get<double, 6>("tensorsolve"));
    tn::variable<double, 3, 6> x{tn::tensor(tn::select<0>(t, 0))};
    check_close(linalg::vander<4>(x), linalg_data().get<double, 3, 6, 4>("vander"));
    CHECK(tn::gradcheck(weighted(linalg::vander<4>(x))));
    tn::tensor<std::int64_t, 3> const whole({0, 1, -2});
    CHECK(linalg::vander(whole).eval()(2, 2) == 4);
    CHECK(linalg::vander(whole).eval()(0, 0) == 1);
    tn::tensor<std::uint8_t, 2> const bytes({100, 3});
    CHECK(linalg::vander<6>(bytes).eval()(0, 5) == 10'000'000'000);
    // A tensor without axes is a vector of one element.
    CHECK(linalg::vander<3>(tn::select<0>(whole, 2)).eval()(0, 2) == 4);
}

TEST_CASE("matrices without elements, and batches of none") {
    using array3 = tn::tensor<double, tn::dyn, tn::dyn, tn::dyn>;
    for (auto const [count, m, n] :
         {std::array<std::size_t, 3>{0, 3, 3}, {2, 0, 0}, {2, 3, 0}, {2, 0, 3}, {0, 0, 0}, {1, 1, 1}}) {
        INFO(count << ' ' << m << ' ' << n);
        batch x(array3(count, m, n)), b(array3(count, m, 2));
        for (auto& v : x.value().flat()) v = 2;
        std::size_t const k = std::min(m, n);
        CHECK(linalg::lu(x).p.eval().size() == count * m * m);
        CHECK(linalg::lu_factor(x).pivots.eval().size() == count * k);
        CHECK(linalg::geqrf(x).tau.eval().size() == count * k);
        CHECK(linalg::lstsq(x, b).solution.eval().size() == count * n * 2);
        auto const [q, r] = linalg::qr(x);
        tn::backward(tn::sum(linalg::lu(x).u) + tn::sum(linalg::lstsq(x, b).solution));
        CHECK(r.eval().size() == count * k * n);
        CHECK(q.eval().size() == count * m * k);
        if (m != n) {
            CHECK_THROWS_AS(linalg::matrix_exp(x), tn::shape_error);
            CHECK_THROWS_AS(linalg::solve(x, b), tn::shape_error);
            continue;
        }
        CHECK(linalg::ldl_factor(x).ld.eval().size() == x.size());
        tn::backward(tn::sum(linalg::matrix_exp(x)) + tn::sum(linalg::matrix_power(x, -2)) +
                     tn::sum(linalg::solve(x, b)) + tn::sum(linalg::cholesky_solve(b, x)) +
                     tn::sum(linalg::cholesky_inverse(x)) + tn::sum(linalg::cholesky(x)));
        CHECK(x.grad().size() == x.size());
    }
}
