#include <cmath>
#include <cstdint>
#include <tuple>
#include <type_traits>

#include <tenon/tenon.hpp>

#include "../catch.hpp"

namespace tn = tenon;

TEST_CASE("split, chunk and unbind cut an axis") {
    auto const m = tn::arange<float, 10>().reshape<2, 5>().eval();
    auto const [a, b] = tn::split<1, 2, 3>(m);
    CHECK(tn::array_equal(a, tn::tensor({{0.f, 1.f}, {5.f, 6.f}})));
    CHECK(tn::array_equal(b, tn::tensor({{2.f, 3.f, 4.f}, {7.f, 8.f, 9.f}})));
    auto const equal = tn::split<-1, 2>(m * 2.f);
    static_assert(std::tuple_size_v<decltype(equal)> == 3);
    CHECK(tn::array_equal(std::get<1>(equal), tn::tensor({{4.f, 6.f}, {14.f, 16.f}})));
    CHECK(tn::array_equal(std::get<2>(equal), tn::tensor({{8.f}, {18.f}})));
    // As PyTorch: five elements in four chunks are three.
    auto const chunks = tn::chunk<4, 1>(m);
    static_assert(std::tuple_size_v<decltype(chunks)> == 3);
    CHECK(tn::array_equal(std::get<2>(chunks), tn::tensor({{4.f}, {9.f}})));
    auto const [top, bottom] = tn::unbind(m);
    CHECK(tn::array_equal(bottom, tn::tensor({5.f, 6.f, 7.f, 8.f, 9.f})));
    static_assert(std::tuple_size_v<decltype(tn::unbind<1>(m))> == 5);
    auto const [left, right] = tn::chunk<2>(tn::zeros<float, 0, 3>());
    static_assert(std::is_same_v<tn::shape_t<decltype(right)>, tn::shape<0, 3>>);
    CHECK(left.shape().size() == 0);
    tn::tensor<float, 2, tn::dyn> open(5);
    open = m;
    auto const [c, d] = tn::split<1, 1, 4>(open);
    CHECK(tn::array_equal(d, tn::slice<1, 1, 5>(m)));
    CHECK_THROWS_AS((tn::split<1, 1, 3>(open)), tn::shape_error);
    // A temporary is kept by its parts.
    auto const parts = tn::chunk<2, 0>(tn::tensor({1.f, 2.f, 3.f, 4.f}));
    CHECK(tn::sum(std::get<0>(parts) * std::get<1>(parts)).item() == 11.f);
}

TEST_CASE("gradients of parts arrive where they were cut") {
    tn::variable<double, 3, 4> x(tn::arange<double, 12>().reshape<3, 4>());
    auto const [q, k] = tn::chunk<2, -1>(tn::square(x));
    tn::backward(tn::sum(q) + 3. * tn::sum(k));
    for (std::size_t i = 0; i != 3; ++i)
        for (std::size_t j = 0; j != 4; ++j) CHECK(x.grad()(i, j) == (j < 2 ? 2 : 6) * x.value()(i, j));
}

TEST_CASE("one_hot, masked_fill") {
    tn::tensor const idx({{0, 2}, {1, 2}});
    tn::tensor const y = tn::one_hot<3>(idx);
    static_assert(std::is_same_v<decltype(y), tn::tensor<std::int64_t, 2, 2, 3> const>);
    for (std::size_t i = 0; i != 2; ++i)
        for (std::size_t j = 0; j != 2; ++j)
            for (int c = 0; c != 3; ++c) CHECK(y(i, j, std::size_t(c)) == (idx(i, j) == c));
    CHECK_THROWS_AS(tn::one_hot<2>(idx).eval(), tn::index_error);
    CHECK_THROWS_AS(tn::one_hot<3>(idx - 1).eval(), tn::index_error);
    constexpr tn::tensor second = tn::one_hot<3>(tn::tensor({1, 2}));
    static_assert(second(0, 1) == 1 && second(1, 1) == 0);
    tn::variable<float, 3> x(tn::tensor({1.f, 2.f, 3.f}));
    tn::tensor const filled = tn::masked_fill(x, x > 1.5f, -1);
    CHECK(tn::array_equal(filled, tn::tensor({1.f, -1.f, -1.f})));
    static_assert(std::is_same_v<decltype(filled), tn::tensor<float, 3> const>);
    tn::backward(tn::sum(tn::masked_fill(tn::square(x), x > 2.5f, 0)));
    CHECK(tn::array_equal(x.grad(), tn::tensor({2.f, 4.f, 0.f})));
}

TEST_CASE("normalize and cosine_similarity") {
    tn::tensor const a({{3.0, 4.0}, {0.0, 0.0}, {1.0, 0.0}}), b({{4.0, 3.0}, {1.0, 2.0}, {-2.0, 0.0}});
    CHECK(tn::allclose(tn::normalize(a), tn::tensor({{0.6, 0.8}, {0.0, 0.0}, {1.0, 0.0}})));
    CHECK(tn::allclose(tn::normalize<0>(a * 2.0).eval(), a / tn::tensor({std::sqrt(10.0), 4.0})));
    CHECK(tn::allclose(tn::cosine_similarity(a, b), tn::tensor({0.96, 0.0, -1.0})));
    CHECK(tn::allclose(tn::cosine_similarity<0>(a, tn::square(b)),
                       tn::tensor({52 / std::sqrt(10.0 * 273), 36 / (4 * std::sqrt(97.0))})));
    tn::variable<double, 3, 2> x(b), y(tn::tensor({{1.0, -2.0}, {0.5, 0.5}, {3.0, 1.0}}));
    CHECK(tn::gradcheck(tn::sum(tn::normalize(x) * tn::exp(x))));
    CHECK(tn::gradcheck(tn::sum(tn::square(tn::cosine_similarity(x, y)))));
    tn::variable<double, 1, 2> zero(tn::zeros<double, 1, 2>());
    tn::backward(tn::sum(tn::normalize(zero, {.eps = 0.5})));
    CHECK(tn::array_equal(zero.grad(), tn::tensor({{2.0, 2.0}})));
}
