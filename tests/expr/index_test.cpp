#include <cstdint>
#include <string>
#include <type_traits>

#include <tenon/tenon.hpp>

#include "../catch.hpp"

namespace tn = tenon;

namespace {
template <class E>
std::string error_of(E const& e) {
    try {
        (void)e.eval();
    } catch (tn::index_error const& error) { return error.what(); }
    return "";
}
}  // namespace

TEST_CASE("index_select takes parts along an axis") {
    auto const a = tn::arange<float, 60>().reshape<3, 5, 4>().eval();
    tn::tensor const k({2, 0, 2, 1});
    tn::tensor y = tn::index_select<1>(a, k);
    static_assert(std::is_same_v<decltype(y), tn::tensor<float, 3, 4, 4>>);
    tn::tensor l = tn::index_select<-1>(a * 2.f, tn::tensor<std::uint8_t, 2>({3, 1}));
    static_assert(std::is_same_v<decltype(l), tn::tensor<float, 3, 5, 2>>);
    tn::tensor t = tn::index_select<0>(tn::transpose<0, 2>(a), k) + 0.f;
    static_assert(std::is_same_v<decltype(t), tn::tensor<float, 4, 5, 3>>);
    for (std::size_t i = 0; i < 3; ++i)
        for (std::size_t j = 0; j < 4; ++j)
            for (std::size_t c = 0; c < 4; ++c) {
                auto const at = static_cast<std::size_t>(k(j));
                CHECK(y(i, j, c) == a(i, at, c));
                CHECK(t(c, j, i) == a(i, j, static_cast<std::size_t>(k(c))));
                if (c < 2) CHECK(l(i, j, c) == 2 * a(i, j, c == 0 ? 3 : 1));
            }
}

TEST_CASE("indices of several axes, as an embedding has them") {
    auto const table = tn::arange<float, 21>().reshape<7, 3>().eval();
    tn::tensor<std::int64_t, tn::dyn, 2> idx(2);
    idx = tn::tensor({{6, 0}, {3, 3}}).cast<std::int64_t>();
    tn::tensor y = tn::index_select<0>(table, idx);
    static_assert(std::is_same_v<decltype(y), tn::tensor<float, tn::dyn, 2, 3>>);
    tn::tensor z = tn::index_select<1>(tn::transpose(table), idx);
    static_assert(std::is_same_v<decltype(z), tn::tensor<float, 3, tn::dyn, 2>>);
    for (std::size_t i = 0; i < 2; ++i)
        for (std::size_t j = 0; j < 2; ++j)
            for (std::size_t k = 0; k < 3; ++k) {
                CHECK(y(i, j, k) == table(static_cast<std::size_t>(idx(i, j)), k));
                CHECK(z(k, i, j) == y(i, j, k));
            }
}

TEST_CASE("gather takes an element for each index") {
    auto const a = tn::arange<float, 12>().reshape<3, 4>().eval();
    tn::tensor const r({{3, 0}, {1, 1}});
    tn::tensor y = tn::gather<1>(a, r);
    static_assert(std::is_same_v<decltype(y), tn::tensor<float, 2, 2>>);
    tn::tensor z = tn::gather<0>(a * 1.f, tn::tensor({{2, 1, 0, 2}}));
    static_assert(std::is_same_v<decltype(z), tn::tensor<float, 1, 4>>);
    tn::tensor t = tn::gather<0>(tn::transpose(a), r);
    for (std::size_t i = 0; i < 2; ++i)
        for (std::size_t j = 0; j < 2; ++j) {
            CHECK(y(i, j) == a(i, static_cast<std::size_t>(r(i, j))));
            CHECK(t(i, j) == a(j, static_cast<std::size_t>(r(i, j))));
        }
    CHECK(z(0, 0) == 8.f);
    CHECK(z(0, 3) == 11.f);
}

TEST_CASE("indices outside an axis are errors") {
    tn::tensor<float, 3, 4> x;
    x.fill(0.f);
    CHECK(error_of(tn::index_select<1>(x, tn::tensor({0, 4}))) ==
          "index_select: index 4 is outside axis 1, whose extent is 4");
    CHECK(error_of(tn::index_select<0>(x, tn::tensor({-1}))) ==
          "index_select: index -1 is outside axis 0, whose extent is 3");
    CHECK(error_of(tn::gather<0>(x, tn::tensor({{3}}))) == "gather: index 3 is outside axis 0, whose extent is 3");
    tn::tensor<int, tn::dyn, 1> many(4);
    many.fill(0);
    bool refused = false;
    try {
        (void)tn::gather<1>(x, many);
    } catch (tn::shape_error const&) { refused = true; }
    CHECK(refused);
}

TEST_CASE("gradients are scattered and add up") {
    tn::generator gen{3};
    tn::variable x(tn::randn<double, 4, 9>(gen));
    tn::tensor const rows({3, 1, 3, 3});
    tn::tensor const columns({8, 0, 0, 2, 7, 7, 7, 1, 5, 8});
    CHECK(tn::gradcheck(tn::sum(tn::square(tn::index_select<0>(x, rows)))));
    CHECK(tn::gradcheck(tn::sum(tn::square(tn::index_select<1>(x, columns)) * 0.5)));
    CHECK(tn::gradcheck(tn::sum(tn::exp(tn::index_select<0>(x * x, rows)))));
    CHECK(tn::gradcheck(tn::sum(tn::square(tn::index_select<0>(tn::transpose(x), tn::tensor({{0, 8}, {8, 3}}))))));
    CHECK(tn::gradcheck(tn::sum(tn::square(tn::gather<1>(tn::sin(x), tn::tensor({{1, 1, 2}, {0, 8, 8}}))))));
    CHECK(tn::gradcheck(tn::sum(tn::square(tn::gather<0>(x, tn::tensor({{1, 1, 2}, {0, 3, 3}, {1, 1, 1}}))))));
    CHECK(tn::gradcheck(tn::sum(tn::exp(tn::roll<1>(x, 2)) * x)));
    CHECK(tn::gradcheck(tn::sum(tn::exp(tn::roll(x + 1.0, -2)) * x)));
    x.zero_grad();
    tn::backward(tn::sum(tn::index_select<0>(x, rows)));
    CHECK(x.grad()(3, 5) == 3.0);
    CHECK(x.grad()(0, 5) == 0.0);
}

TEST_CASE("roll moves elements around an axis") {
    auto const a = tn::arange<float, 15>().reshape<3, 5>().eval();
    for (std::ptrdiff_t n : {0, 1, 2, -1, 7, -13, 300}) {
        tn::tensor y = tn::roll<1>(a, n);
        static_assert(std::is_same_v<decltype(y), tn::tensor<float, 3, 5>>);
        tn::tensor z = tn::roll<0>(a * 2.f, n);
        tn::tensor f = tn::roll(a, n);
        auto const around = [n](std::size_t p, std::ptrdiff_t extent) {
            return static_cast<std::size_t>(((static_cast<std::ptrdiff_t>(p) - n) % extent + extent) % extent);
        };
        for (std::size_t i = 0; i < 3; ++i)
            for (std::size_t j = 0; j < 5; ++j) {
                CHECK(y(i, j) == a(i, around(j, 5)));
                CHECK(z(i, j) == 2 * a(around(i, 3), j));
                CHECK(f(i, j) == static_cast<float>(around(i * 5 + j, 15)));
            }
    }
    tn::tensor<float, tn::dyn> d(3), none(0);
    d = tn::tensor({1.f, 2.f, 3.f});
    CHECK(tn::roll<0>(d, 1).eval()(0) == 3.f);
    d = tn::roll<0>(d, 1);
    CHECK(d(1) == 1.f);
    CHECK(tn::roll<0>(none, 4).eval().size() == 0);
}

namespace {
constexpr float constant() {
    tn::tensor a({{1.f, 2.f, 3.f}, {4.f, 5.f, 6.f}});
    float const picked = tn::sum(tn::index_select<1>(a, tn::tensor({2, 2}))).item();
    return picked + tn::sum(tn::gather<0>(a, tn::tensor({{1, 0, 1}}))).item() + tn::roll<1>(a, 1).eval()(1, 0);
}
}  // namespace

TEST_CASE("positions in constant expressions") { static_assert(constant() == 18.f + 12.f + 6.f); }

TEST_CASE("triangles") {
    auto const a = (tn::arange<float, 40>().reshape<2, 4, 5>() + 1.f).eval();
    for (std::ptrdiff_t k : {0, 1, -2, 9, -9}) {
        tn::tensor l = tn::tril(a, k);
        static_assert(std::is_same_v<decltype(l), tn::tensor<float, 2, 4, 5>>);
        tn::tensor u = tn::triu(a * 2.f, k);
        for (std::size_t b = 0; b < 2; ++b)
            for (std::size_t i = 0; i < 4; ++i)
                for (std::size_t j = 0; j < 5; ++j) {
                    auto const d = static_cast<std::ptrdiff_t>(j) - static_cast<std::ptrdiff_t>(i);
                    CHECK(l(b, i, j) == (d <= k ? a(b, i, j) : 0.f));
                    CHECK(u(b, i, j) == (d >= k ? 2 * a(b, i, j) : 0.f));
                }
    }
    tn::tensor m = tn::tril(tn::ones<bool, 40, 40>());
    static_assert(std::is_same_v<decltype(m), tn::tensor<bool, 40, 40>>);
    CHECK(tn::sum(m.cast<int>()).item() == 820);
    tn::tensor<float, tn::dyn, tn::dyn> d(3, 3);
    d.fill(1.f);
    CHECK(tn::sum(tn::triu(d, 1)).item() == 3.f);
    tn::generator gen{3};
    tn::variable x(tn::randn<double, 4, 4>(gen));
    CHECK(tn::gradcheck(tn::sum(tn::matmul(tn::tril(x), tn::triu(tn::exp(x), 1)))));
    static_assert(tn::sum(tn::tril(tn::ones<float, 3, 3>())).item() == 6.f);
}
