#include <string>
#include <type_traits>

#include <tenon/tenon.hpp>

#include "../catch.hpp"

namespace tn = tenon;

TEST_CASE("views of tensors name the same elements") {
    auto const m = tn::arange<float, 24>().reshape<2, 3, 4>().eval();
    tn::tensor t = tn::permute<2, 0, 1>(m);
    static_assert(std::is_same_v<decltype(t), tn::tensor<float, 4, 2, 3>>);
    tn::tensor s = tn::slice<1, 0, 3, 2>(m);
    static_assert(std::is_same_v<decltype(s), tn::tensor<float, 2, 2, 4>>);
    tn::tensor f = tn::flip<-1, 0>(m);
    tn::tensor k = tn::select<1>(m, -1);
    static_assert(std::is_same_v<decltype(k), tn::tensor<float, 2, 4>>);
    for (std::size_t a = 0; a != 2; ++a)
        for (std::size_t b = 0; b != 3; ++b)
            for (std::size_t c = 0; c != 4; ++c) {
                CHECK(t(c, a, b) == m(a, b, c));
                CHECK(f(1 - a, b, 3 - c) == m(a, b, c));
                if (b != 1) CHECK(s(a, b / 2, c) == m(a, b, c));
                CHECK(k(a, c) == m(a, 2, c));
                CHECK(m[a].eval()(b, c) == m(a, b, c));
            }
}

TEST_CASE("views of computations map positions") {
    auto const m = tn::arange<float, 30>().reshape<5, 6>().eval();
    tn::tensor t = tn::transpose(m * 2.f + 1.f) * 3.f;
    tn::tensor d = tn::diagonal(m + m);
    tn::tensor s = tn::slice<-1, 1, -1, 2>(m - 1.f);
    tn::tensor b = tn::broadcast_to<2, 6>(tn::select<0>(m * m, 3));
    static_assert(std::is_same_v<decltype(s), tn::tensor<float, 5, 2>>);
    for (std::size_t i = 0; i != 5; ++i) {
        for (std::size_t j = 0; j != 6; ++j) {
            CHECK(t(j, i) == (m(i, j) * 2.f + 1.f) * 3.f);
            CHECK(b(1, j) == m(3, j) * m(3, j));
        }
        CHECK(d(i) == 2.f * m(i, i));
        CHECK(s(i, 1) == m(i, 3) - 1.f);
    }
}

TEST_CASE("matrices are turned and mirrored") {
    tn::tensor const m({{0.f, 1.f, 2.f}, {3.f, 4.f, 5.f}});
    CHECK(tn::array_equal(tn::fliplr(m), tn::tensor({{2.f, 1.f, 0.f}, {5.f, 4.f, 3.f}})));
    CHECK(tn::array_equal(tn::flipud(m), tn::tensor({{3.f, 4.f, 5.f}, {0.f, 1.f, 2.f}})));
    CHECK(tn::array_equal(tn::rot90(m), tn::tensor({{2.f, 5.f}, {1.f, 4.f}, {0.f, 3.f}})));
    CHECK(tn::array_equal(tn::rot90<2>(m + 0.f), tn::tensor({{5.f, 4.f, 3.f}, {2.f, 1.f, 0.f}})));
    CHECK(tn::array_equal(tn::rot90<-1>(m), tn::tensor({{3.f, 0.f}, {4.f, 1.f}, {5.f, 2.f}})));
    CHECK(tn::array_equal(tn::rot90<4>(m), m));
    auto const x = tn::arange<float, 12>().reshape<2, 3, 2>().eval();
    CHECK(tn::array_equal(tn::rot90<1, 2, 0>(x),
                          tn::tensor({{{6.f, 0.f}, {8.f, 2.f}, {10.f, 4.f}}, {{7.f, 1.f}, {9.f, 3.f}, {11.f, 5.f}}})));
    tn::variable v(m);
    tn::backward(tn::sum(tn::rot90(v) * tn::tensor({{1.f, 2.f}, {3.f, 4.f}, {5.f, 6.f}})));
    CHECK(tn::array_equal(v.grad(), tn::tensor({{5.f, 3.f, 1.f}, {6.f, 4.f, 2.f}})));
}

TEST_CASE("the common functions are members too, of temporaries as well") {
    auto const m = tn::arange<float, 12>().reshape<3, 4>().eval();
    CHECK(m.slice<1, 1, 3>().eval()(2, 1) == 10.f);
    CHECK((m * 2.f).slice<0, 1>().eval()(0, 0) == 8.f);
    CHECK(m.flip<0, -1>().eval()(0, 0) == 11.f);
    CHECK((m + 1.f).flip<0>().eval()(0, 0) == 9.f);
    CHECK(m.argmax<1>().eval()(2) == 3);
    CHECK((-m).argmax().item() == 0);
    CHECK(m.argmax<0>(tn::keepdim).extent(0) == 1);
}

TEST_CASE("reshape keeps row-major order and stays inside an elementwise region") {
    auto const m = tn::arange<float, 12>().reshape<3, 4>().eval();
    auto e = tn::reshape<2, -1>(m * 2.f);
    static_assert(std::is_same_v<tn::shape_t<decltype(e)>, tn::shape<2, 6>>);
    CHECK(e.eval()(1, 5) == 22.f);
    CHECK(tn::flatten(tn::transpose(m)).eval()(1) == m(1, 0));
    CHECK(tn::unsqueeze<0>(m).eval()(0, 2, 3) == 11.f);
    CHECK(tn::squeeze<0>(tn::unsqueeze<0>(m)).eval()(2, 3) == 11.f);
    tn::tensor<float, tn::dyn, 4> r(3);
    r = m;
    tn::tensor back = tn::reshape<tn::dyn, 2>(r);
    static_assert(std::is_same_v<decltype(back), tn::tensor<float, tn::dyn, 2>>);
    CHECK(back(5, 1) == 11.f);
    bool refused = false;
    try {
        (void)tn::reshape<tn::dyn, 5>(r);
    } catch (tn::shape_error const&) { refused = true; }
    CHECK(refused);
}

TEST_CASE("a view of the destination is read before it is overwritten") {
    tn::tensor y({{1.f, 2.f}, {3.f, 4.f}});
    y = tn::transpose(y);
    CHECK(y(0, 1) == 3.f);
    CHECK(y(1, 0) == 2.f);
    y = tn::flip<0>(y) + y;
    CHECK(y(0, 0) == 3.f);
    CHECK(y(1, 0) == 3.f);
}

TEST_CASE("select outside the extent is an error") {
    tn::tensor<float, 2, 3> m;
    bool refused = false;
    try {
        (void)tn::select<0>(m, 2);
    } catch (tn::index_error const&) { refused = true; }
    CHECK(refused);
}
