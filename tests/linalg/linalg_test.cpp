#include <cmath>
#include <limits>
#include <string>

#include <tenon/linalg.hpp>

#include "../catch.hpp"
#include "../error_of.hpp"
#include "matrices.hpp"

namespace tn = tenon;
namespace linalg = tenon::linalg;
using namespace linalg_test;

namespace {
tn::tensor<double, 2, 3, 2> const right({{{1, 2}, {3, 4}, {-5, 6}}, {{0, 1}, {2, -1}, {1, 1}}});
}  // namespace

TEST_CASE("Cholesky's factor multiplies up to the matrix, and its gradient is that of finite differences") {
    tn::variable<double, 2, 3, 3> x(square);
    auto const positive = tn::matmul(x, tn::transpose<1, 2>(x));
    tn::tensor const l = linalg::cholesky(positive);
    CHECK(largest(tn::matmul(l, tn::transpose<1, 2>(l)) - positive) < 1e-13);
    CHECK(l(1, 0, 2) == 0);
    CHECK(largest(tn::transpose<1, 2>(linalg::cholesky(positive, {.upper = true})) - l) < 1e-14);
    for (bool upper : {false, true}) CHECK(tn::gradcheck(weighted(linalg::cholesky(positive, {.upper = upper}))));
}

TEST_CASE("a matrix that isn't positive definite is named with its place and its pivot") {
    tn::tensor<float, 2, 2, 2> m({{{1, 0}, {0, 1}}, {{1, 2}, {2, 1}}});
    CHECK(error_of([&] { (void)linalg::cholesky(m).eval(); }) ==
          "cholesky: matrix 1 of the batch isn't positive definite: pivot 1 isn't positive");
    tn::tensor<float, tn::dyn, tn::dyn> one(1, 1);
    one(0, 0) = std::numeric_limits<float>::quiet_NaN();
    CHECK(error_of([&] { (void)linalg::cholesky(one).eval(); }) ==
          "cholesky: the matrix isn't positive definite: pivot 0 isn't positive");
}

TEST_CASE("equations are solved from either side, for matrices, vectors and broadcast batches") {
    tn::variable<double, 2, 3, 3> a(square);
    tn::variable<double, 2, 3, 2> b(right);
    tn::variable<double, 3> v(tn::tensor({1., -2., 0.5}));
    CHECK(largest(tn::matmul(a, linalg::solve(a, b)) - b) < 1e-14);
    auto const transposed = tn::transpose<1, 2>(b);
    CHECK(largest(tn::matmul(linalg::solve(a, transposed, {.left = false}), a) - transposed) < 1e-14);
    CHECK(linalg::solve(a, v).shape() == tn::shape<2, 3>());
    CHECK(largest(tn::matmul(a, tn::unsqueeze<-1>(linalg::solve(a, v))) - tn::unsqueeze<-1>(v)) < 1e-14);
    CHECK(tn::gradcheck(weighted(linalg::solve(a, b)) + weighted(linalg::solve(a, transposed, {.left = false})) +
                        weighted(linalg::solve(a, v)) + weighted(linalg::inv(a))));
    CHECK(largest(tn::matmul(a, linalg::inv(a)) - tn::eye<double, 3>()) < 1e-14);
}

TEST_CASE("triangular equations read one triangle") {
    tn::variable<double, 2, 3, 3> a(square);
    tn::variable<double, 2, 3, 2> b(right);
    for (bool upper : {false, true})
        for (bool unit : {false, true}) {
            linalg::solve_triangular_options const o{.upper = upper, .unitriangular = unit};
            tn::tensor<double, 2, 3, 3> m;
            for (std::size_t q = 0; q != 2; ++q)
                for (std::size_t i = 0; i != 3; ++i)
                    for (std::size_t j = 0; j != 3; ++j)
                        m(q, i, j) = i == j                    ? (unit ? 1 : square(q, i, j))
                                     : (upper ? i < j : j < i) ? square(q, i, j)
                                                               : 0;
            CHECK(largest(tn::matmul(m, linalg::solve_triangular(a, b, o)) - b) < 1e-13);
            CHECK(tn::gradcheck(weighted(linalg::solve_triangular(a, b, o))));
        }
}

TEST_CASE("singular matrices and shapes that don't fit are named") {
    tn::tensor<double, tn::dyn, tn::dyn> m(3, 3), wide(3, 4);
    for (std::size_t i = 0; i != 3; ++i) m(i, i) = i == 1 ? 0 : 2;
    CHECK(error_of([&] { (void)linalg::inv(m).eval(); }) == "inv: the matrix is singular: pivot 1 is zero");
    CHECK(error_of([&] { (void)linalg::solve(m, m).eval(); }) == "solve: the matrix is singular: pivot 1 is zero");
    CHECK(error_of([&] { (void)linalg::inv(wide); }) == "inv: needs square matrices, and has [3, 4]");
    CHECK(linalg::inv(tn::tensor<double, tn::dyn, tn::dyn>(0, 0)).eval().size() == 0);
}

TEST_CASE("determinants, of singular matrices too") {
    tn::variable<double, 2, 3, 3> a(square);
    tn::tensor const d = linalg::det(a);
    CHECK(std::abs(d(0) - 136.) < 1e-12);
    auto const [sign, logabsdet] = linalg::slogdet(a);
    CHECK(largest(sign * tn::exp(logabsdet) - d) < 1e-12);
    CHECK(tn::gradcheck(weighted(linalg::det(a)) + weighted(logabsdet)));
    CHECK(std::isnan(linalg::logdet(a).eval()(1)));
    CHECK(std::abs(linalg::logdet(a).eval()(0) - std::log(136.)) < 1e-14);
    tn::variable<double, 3, 3> singular(tn::tensor<double, 3, 3>({{1, 2, 3}, {4, 5, 6}, {7, 8, 9}}));
    CHECK(std::abs(linalg::det(singular).item()) < 1e-14);
    CHECK(tn::gradcheck(linalg::det(singular)));
    tn::tensor<double, 2, 2> zero;
    CHECK(linalg::slogdet(zero).sign.item() == 0);
    CHECK(linalg::slogdet(zero).logabsdet.item() == -std::numeric_limits<double>::infinity());
}

TEST_CASE("QR of tall and of wide matrices") {
    auto const check = [](auto const& x) {
        auto const [q, r] = linalg::qr(x);
        CHECK(largest(tn::matmul(q, r) - x) < 1e-14);
        CHECK(largest(tn::matmul(tn::transpose(q), q) - tn::eye<double, 3>()) < 1e-14);
        CHECK(r.eval()(2, 0) == 0);
        CHECK(tn::gradcheck(weighted(q) + weighted(r)));
    };
    check(tn::variable<double, 4, 3>(tall));
    check(tn::variable<double, 3, 4>(tn::tensor(tn::transpose(tall))));
    auto const [q, r] = linalg::qr<linalg::mode::complete>(tall);
    CHECK(q.shape() == tn::shape<4, 4>());
    CHECK(largest(tn::matmul(q, r) - tall) < 1e-14);
    CHECK(linalg::qr<linalg::mode::r>(tall).r.shape() == tn::shape<3, 3>());
    // As LAPACK signs it: the first column of R is −‖a₁‖ where a₁ begins with a positive element.
    CHECK(linalg::qr(tall).r.eval()(0, 0) < 0);
}
