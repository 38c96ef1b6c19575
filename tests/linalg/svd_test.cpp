#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>

#include <tenon/linalg.hpp>

#include "../catch.hpp"
#include "../error_of.hpp"
#include "matrices.hpp"
#include "torch_data.hpp"

namespace tn = tenon;
namespace linalg = tenon::linalg;
using namespace linalg_test;

namespace {

void check_close(auto const& found, auto const& expected) {
    tn::tensor const f = found;
    REQUIRE(f.size() == expected.size());
    for (std::size_t i = 0; i != f.size(); ++i) {
        INFO(i << ": " << f.data()[i] << ", PyTorch " << expected.data()[i]);
        CHECK(std::abs(f.data()[i] - expected.data()[i]) <= 1e-9 * (1 + std::abs(expected.data()[i])));
    }
}
using batch = tn::variable<double, tn::dyn, tn::dyn, tn::dyn>;

}  // namespace

TEST_CASE("eigenvalues and eigenvectors of symmetric matrices") {
    tn::variable<double, 2, 3, 3> x(square);
    auto const s = x + tn::transpose<1, 2>(x);
    auto const [values, vectors] = linalg::eigh(s);
    CHECK(largest(tn::matmul(s, vectors) - vectors * tn::unsqueeze<1>(values)) < 1e-13);
    CHECK(tn::gradcheck(weighted(values) + weighted(tn::square(vectors))));
    // Gradients are symmetric, as PyTorch's, though one triangle is read.
    tn::variable<double, 2, 2> same(tn::tensor<double, 2, 2>({{4, 1}, {2, 3}}));
    tn::backward(weighted(tn::square(linalg::eigh(same).eigenvectors)));
    check_close(same.grad(), tn::tensor<double, 2, 2>(
                                 {{-0.142668014727255, 0.035667003681814}, {0.035667003681814, 0.142668014727255}}));
    // Of repeated eigenvalues, their own gradients exist.
    same.value() = tn::tensor<double, 2, 2>({{2, 0}, {0, 2}});
    same.zero_grad();
    tn::backward(tn::sum(linalg::eigvalsh(same)));
    CHECK(same.grad()(0, 0) == 1);
    CHECK(same.grad()(0, 1) == 0);
    CHECK(same.grad()(1, 1) == 1);
    same.value()(0, 0) = std::numeric_limits<double>::infinity();
    CHECK(error_of([&] { (void)linalg::eigvalsh(same).eval(); }) == "eigh: the matrix has elements that aren't finite");
}

TEST_CASE("singular values, and what is made of them") {
    auto const check = [](auto const& x) {
        auto const [u, s, vh] = linalg::svd<false>(x);
        CHECK(largest(tn::matmul(u * s, vh) - x) < 1e-14);
        // Signs of columns are arbitrary; what doesn't depend on them has a gradient.
        CHECK(tn::gradcheck(weighted(tn::square(u)) + weighted(s) + weighted(tn::square(vh)) +
                            weighted(linalg::pinv(x))));
        CHECK(largest(tn::matmul(tn::matmul(x, linalg::pinv(x)), x) - x) < 1e-13);
        CHECK(linalg::matrix_rank(x).item() == 3);
    };
    check(tn::variable<double, 4, 3>(tall));
    check(tn::variable<double, 3, 4>(tn::tensor(tn::transpose(tall))));
    auto const [u, s, vh] = linalg::svd(tall);
    CHECK(u.shape() == tn::shape<4, 4>());
    CHECK(vh.shape() == tn::shape<3, 3>());
    tn::tensor<double, 3, 3> const nine({{1, 2, 3}, {4, 5, 6}, {7, 8, 9}});
    CHECK(linalg::matrix_rank(nine).item() == 2);
    CHECK(linalg::matrix_rank(nine, {.atol = 2}).item() == 1);
    CHECK(std::abs(linalg::svdvals(nine).eval()(0) - 16.84810335261421) < 1e-12);
}

TEST_CASE("matrix norms and condition numbers of every order, and their gradients, are PyTorch's") {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    std::pair<std::string, linalg::order> const orders[] = {{"fro", linalg::ord::fro},
                                                            {"nuc", linalg::ord::nuc},
                                                            {"one", 1},
                                                            {"minus_one", -1},
                                                            {"two", 2},
                                                            {"minus_two", -2.},
                                                            {"infinity", infinity},
                                                            {"minus_infinity", -infinity}};
    batch x(matrices("tall")), a(matrices("square")),
        equal(tn::tensor(tn::ones<double, tn::dyn, tn::dyn, tn::dyn>(1, 3, 2)));
    auto const w = linalg_data().get<double, 2>("weights");
    for (auto const& [name, order] : orders) {
        INFO(name);
        auto const norms = linalg::matrix_norm(x, order);
        check_close(norms, linalg_data().get<double, 2>("norm." + name));
        x.zero_grad();
        tn::backward(tn::sum(norms * w));
        check_close(x.grad(), matrices("norm." + name + ".gradient"));
        auto const condition = linalg::cond(a, order);
        check_close(condition, linalg_data().get<double, 2>("cond." + name));
        CHECK(tn::gradcheck(tn::sum(condition * w)));
        // Equal sums, and a singular value of 0.
        equal.zero_grad();
        tn::backward(tn::sum(linalg::matrix_norm(equal * tn::tensor({1., -1.}), order)));
        if (name != "nuc" && name != "minus_two") check_close(equal.grad(), matrices("equal." + name + ".gradient"));
    }
    CHECK(linalg::matrix_norm<0, -1>(x, 1, tn::keepdim).shape()[1] == 5);
    check_close(linalg::norm<0, 2>(x, 1), tn::tensor(linalg::matrix_norm<0, 2>(x, 1)));
    CHECK(tn::gradcheck(tn::sum(linalg::norm<2, 0>(x, 1))));
    check_close(linalg::matrix_norm(x), tn::tensor(linalg::matrix_norm(x, linalg::ord::fro)));
    batch large(tn::full<double, tn::dyn, tn::dyn, tn::dyn>(1, 1000, 1000, 0.1));
    CHECK(std::abs(linalg::matrix_norm(large, linalg::ord::fro).eval()(0) - 100) < 1e-11);
    check_close(linalg::vector_norm<1>(x, 3.), tn::tensor(linalg::norm<1>(x, 3)));
    tn::tensor<double, 2, 2> const singular({{1, 2}, {2, 4}});
    CHECK(linalg::cond(singular, 1).item() == infinity);
    // Its inverse overflows.
    CHECK(linalg::cond(tn::tensor<double, 2, 2>({{1e-310, 0}, {0, 1}}), linalg::ord::nuc).item() == infinity);
    CHECK(linalg::norm(singular, linalg::ord::nuc).item() == Approx(5));
    CHECK(error_of([&] { (void)linalg::matrix_norm(singular, 3); }) ==
          "matrix_norm: matrices have norms of the orders fro, nuc, 1, -1, 2, -2 and infinities");
    batch none(tn::tensor<double, tn::dyn, tn::dyn, tn::dyn>(1, 0, 3));
    CHECK(linalg::matrix_norm(none, 2).eval()(0) == 0);
    CHECK_THROWS_AS(linalg::matrix_norm(none, -2).eval(), tn::linalg_error);
    CHECK(error_of([&] { (void)linalg::norm<1>(x, linalg::ord::nuc); }) ==
          "norm: vectors have no norm of the order nuc");
}

TEST_CASE("the polar decomposition, and square roots") {
    batch x(matrices("tall")), p(matrices("positive"));
    auto const [u, h] = linalg::polar(x);
    // Results are written whatever their memory held before.
    std::size_t const numbers = x.size() + 2 * 3 * 3;
    auto& memory = tn::workspace::local();
    auto* const before = static_cast<double*>(memory.allocate(numbers * sizeof(double)));
    std::fill_n(before, numbers, std::numeric_limits<double>::quiet_NaN());
    memory.deallocate(before, numbers * sizeof(double));
    check_close(u, matrices("u"));
    check_close(h, matrices("h"));
    auto const fixed = matrices("square");
    CHECK(tn::gradcheck(tn::sum(u * matrices("tall.q")) + tn::sum(h * tn::slice<1, 0, 3>(tn::slice<2, 0, 3>(fixed)))));
    auto const root = linalg::matrix_sqrth(p);
    check_close(root, matrices("sqrth"));
    tn::backward(tn::sum(root * fixed));
    check_close(p.grad(), matrices("sqrth.gradient"));
    CHECK(linalg::matrix_sqrth(tn::tensor<double, 1, 1>({{-4.}})).item() == 0);
    CHECK_THROWS_AS(linalg::polar(matrices("wide")), tn::shape_error);
}

TEST_CASE("least squares with singular values") {
    auto const found = linalg::lstsq<linalg::driver::gelsd>(matrices("tall"), matrices("right_tall"));
    check_close(found.singular_values, tn::tensor(linalg::svdvals(matrices("tall"))));
    check_close(found.solution, matrices("lstsq.tall"));
}
