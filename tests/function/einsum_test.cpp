#include <type_traits>

#include <tenon/tenon.hpp>

#include "../catch.hpp"

namespace tn = tenon;

TEST_CASE("einsum of one operand: transposition, sums, diagonals") {
    auto const m = tn::arange<float, 6>().reshape<2, 3>().eval();
    auto const q = tn::arange<float, 9>().reshape<3, 3>().eval();
    tn::tensor t = tn::einsum<"ij->ji">(m);
    static_assert(std::is_same_v<decltype(t), tn::tensor<float, 3, 2>>);
    CHECK(t(2, 1) == 5.f);
    CHECK(tn::einsum<"ij->j">(m).eval()(1) == 5.f);
    CHECK(tn::einsum<"ij->">(m).item() == 15.f);
    CHECK(tn::einsum<"ii->i">(q).eval()(2) == 8.f);
    CHECK(tn::einsum<"ii">(q).item() == 12.f);
    CHECK(tn::einsum<"ba">(m).eval()(2, 1) == 5.f);
}

TEST_CASE("einsum of two operands: products, batches, outer products") {
    auto const a = tn::arange<double, 24>().reshape<2, 3, 4>().eval();
    auto const b = tn::arange<double, 40>().reshape<2, 4, 5>().eval();
    tn::tensor c = tn::einsum<"bik,bkj->jbi">(a, b);
    static_assert(std::is_same_v<decltype(c), tn::tensor<double, 5, 2, 3>>);
    tn::tensor d = tn::einsum<"bik, bkj -> i">(a, b);
    for (std::size_t i = 0; i != 3; ++i) {
        double all = 0;
        for (std::size_t n = 0; n != 2; ++n)
            for (std::size_t j = 0; j != 5; ++j) {
                double s = 0;
                for (std::size_t k = 0; k != 4; ++k) s += a(n, i, k) * b(n, k, j);
                CHECK(c(j, n, i) == s);
                all += s;
            }
        CHECK(d(i) == all);
    }
    tn::tensor u({1.0, 2.0});
    tn::tensor v({3.0, 4.0, 5.0});
    CHECK(tn::einsum<"i,j->ij">(u, v).eval()(1, 2) == 10.0);
    CHECK(tn::einsum<"i,i">(u, u).item() == 5.0);
    CHECK(tn::einsum<"i,i->i">(u, u).eval()(1) == 4.0);
}

TEST_CASE("einsum with ..., and with extents of 1 that serve any extent") {
    tn::generator gen{3};
    auto const a = tn::randn<double, 2, 3, 4>(gen);
    auto const b = tn::randn<double, 3, 4, 5>(gen);
    auto const m = tn::randn<double, 3, 3>(gen);
    tn::tensor const batched = tn::einsum<"...ij,...jk->...ik">(tn::unsqueeze<-2>(a), b);
    static_assert(std::is_same_v<decltype(batched), tn::tensor<double, 2, 3, 1, 5> const>);
    CHECK(tn::allclose(batched, tn::matmul(tn::unsqueeze<-2>(a), b)));
    CHECK(tn::allclose(tn::einsum<"i...->...">(a), tn::sum<0>(a)));
    CHECK(tn::allclose(tn::einsum<"...ij">(a), a));
    CHECK(tn::allclose(tn::einsum<"b...">(a), tn::permute<1, 2, 0>(a)));
    CHECK(tn::allclose(tn::einsum<"ii...->i...">(m), tn::diagonal(m)));
    // Without it in the result, its axes are summed.
    CHECK(tn::allclose(
        tn::einsum<"...j,jk->k">(a, tn::select<0>(b, 0)),
        tn::sum<0>(tn::matmul(tn::select<1>(a, 0) + tn::select<1>(a, 1) + tn::select<1>(a, 2), tn::select<0>(b, 0)))));
    auto const one = tn::randn<double, 1, 3>(gen);
    CHECK(
        tn::allclose(tn::einsum<"ij,kj->ik">(tn::ones<double, 2, 3>(), one), tn::sum(one) * tn::ones<double, 2, 1>()));
    CHECK(tn::allclose(tn::einsum<"ij,ij->ij">(m, one), m * one));
    CHECK(tn::allclose(tn::einsum<"ij,ij->i">(one, m), tn::sum<1>(m * one)));
    CHECK(tn::allclose(tn::einsum<"...ik, ...j -> ij">(tn::ones<double, 1, 2, 3>(), tn::tensor({1., 2., 3.})),
                       3. * tn::ones<double, 2, 1>() * tn::tensor({1., 2., 3.})));
    tn::variable<double, 1, 3> v(one);
    tn::variable<double, 2, 3, 4> w(a);
    CHECK(tn::gradcheck(
        tn::sum(tn::square(tn::einsum<"b...k,ab->a...">(w, tn::einsum<"ij,jk->ki">(v, tn::select<0>(a, 0)))))));
}

TEST_CASE("einsum of several operands joins them in the order with the fewest operations") {
    tn::generator gen{8};
    auto const a = tn::randn<double, 3, 4>(gen);
    auto const b = tn::randn<double, 4, 5>(gen);
    auto const c = tn::randn<double, 5, 2>(gen);
    auto const u = tn::randn<double, 3>(gen);
    tn::tensor chain = tn::einsum<"ij,jk,kl->il">(a, b, c);
    static_assert(std::is_same_v<decltype(chain), tn::tensor<double, 3, 2>>);
    CHECK(tn::allclose(chain, tn::matmul(tn::matmul(a, b), c)));
    CHECK(tn::allclose(tn::einsum<"i,ij,jk,kl,i->l">(u, a, b, c, u), tn::matmul(u * u, chain)));
    CHECK(tn::allclose(tn::einsum<"i,i,i->i">(u, u, u), u * u * u));
    // From the right, 2·(5·2·4 + 4·2·3); from the left it would be 2·(3·4·5 + 3·5·2).
    CHECK(tn::plan(tn::einsum<"ij,jk,kl->il">(a, b, c)).operations() == 128);
    auto const many = tn::einsum<"ab,bc,cd,de,ef,fg,gh,hi,ij,jk->ak">(
        tn::ones<double, 2, 2>(), tn::ones<double, 2, 2>(), tn::ones<double, 2, 2>(), tn::ones<double, 2, 2>(),
        tn::ones<double, 2, 2>(), tn::ones<double, 2, 2>(), tn::ones<double, 2, 2>(), tn::ones<double, 2, 2>(),
        tn::ones<double, 2, 2>(), tn::ones<double, 2, 1>());
    CHECK(many.eval()(1, 0) == 512.);
    CHECK(tn::allclose(tn::einsum<"i,j,ij">(u, tn::ones<double, 4>(), a), tn::dot(u, tn::sum<1>(a))));
    tn::variable va(a);
    tn::variable vb(b);
    tn::variable vu(u);
    CHECK(tn::gradcheck(tn::sum(tn::tanh(tn::einsum<"i,ij,jk,ij->k">(vu, va, vb, va)))));
}

TEST_CASE("a letter stands for one run-time extent") {
    auto const a = tn::ones<float, tn::dyn, tn::dyn>(2, 6);
    auto const b = tn::ones<float, tn::dyn, tn::dyn>(3, 4);
    CHECK(tn::einsum<"ij,ij->">(a, a).item() == 12.f);
    CHECK_THROWS_AS((tn::einsum<"ij,ij->">(a, b)), tn::shape_error);
    CHECK_THROWS_AS((tn::einsum<"ii->i">(a)), tn::shape_error);
    CHECK_THROWS_AS((tn::einsum<"ij,jk->ik">(a, b)), tn::shape_error);
}

TEST_CASE("argmax and argmin: the first of equals, NaN before all, any axis") {
    tn::tensor x({{1.f, 5.f, 5.f}, {7.f, -2.f, 5.f}});
    CHECK(tn::argmax(x).item() == 3);
    CHECK(tn::argmin(x).item() == 4);
    CHECK(tn::argmax<1>(x).eval()(0) == 1);
    CHECK(tn::argmax<0>(x).eval()(2) == 0);
    static_assert(std::is_same_v<decltype(tn::argmax<1>(x, tn::keepdim).eval()), tn::tensor<std::int64_t, 2, 1>>);
    x(1, 1) = __builtin_nanf("");
    CHECK(tn::argmax<1>(x).eval()(1) == 1);
    CHECK(tn::argmin(x).item() == 4);
}

TEST_CASE("gradients pass through einsum") {
    tn::generator gen{2};
    tn::variable a(tn::randn<double, 2, 3, 4>(gen));
    tn::variable b(tn::randn<double, 4, 3>(gen));
    CHECK(tn::gradcheck(tn::sum(tn::square(tn::einsum<"bik,ki->bi">(a, b)))));
}
