// Random numbers: Philox's published vectors, values that may never change, and the moments of the distributions.
#include <tenon/core/random.hpp>
#include <tenon/op/arithmetic.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <set>
#include <type_traits>

#include "../catch.hpp"

namespace tn = tenon;

namespace {

template <class X>
std::uint64_t hash_of(X const& x) {
    std::uint64_t h = 14695981039346656037U;
    for (std::size_t i = 0; i != x.size() * sizeof(tn::value_t<X>); ++i)
        h = (h ^ reinterpret_cast<unsigned char const*>(x.data())[i]) * 1099511628211U;
    return h;
}

template <class X>
std::array<double, 4> moments(X const& x) {
    std::array<double, 4> m{};
    for (auto v : x)
        for (int k = 0; k != 4; ++k)
            m[static_cast<std::size_t>(k)] += std::pow(static_cast<double>(v), k + 1) / static_cast<double>(x.size());
    return m;
}

}  // namespace

TEST_CASE("philox gives the vectors published with Random123") {
    using words = std::array<std::uint32_t, 4>;
    static_assert(tn::philox4x32({0, 0, 0, 0}, {0, 0}) == words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
    constexpr std::uint32_t f = 0xffffffff;
    CHECK(tn::philox4x32({f, f, f, f}, {f, f}) == words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
    CHECK(tn::philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
          words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("a seed gives the same bits with every compiler, instruction set and flag") {
    tn::generator gen{42};
    auto const u = tn::rand<float, 999>(gen);
    auto const ud = tn::rand<double, 999>(gen);
    auto const n = tn::randn<float, 999>(gen);
    auto const nd = tn::randn<double, 999>(gen);
    tn::tensor<float, 999> wide;
    tn::uniform_(wide, -3.3f, 0.7f, gen);
    CHECK(gen.counter() == 250 + 500 + 250 + 500 + 250);
    CHECK(hash_of(u) == 0xeaf22a831699ab4bU);
    CHECK(hash_of(ud) == 0xccbd8ff3eb7b0474U);
    CHECK(hash_of(n) == 0x6db9a6b63f6d4e71U);
    CHECK(hash_of(nd) == 0x63503b60055279f7U);
    CHECK(hash_of(wide) == 0xd0f1719f71e1226aU);
    CHECK(hash_of(tn::permutation(999, gen)) == 0x64ebd417dc88ffc3U);
}

TEST_CASE("normal numbers are Box and Muller's, to the last bits of double") {
    tn::generator gen{5};
    auto const z = tn::randn<float, 4>(gen);
    auto const d = tn::randn<double, 2>(gen);
    tn::detail::random_block const first(5, 0), second(5, 1);
    auto const expected = [](double u, double v) {
        return std::sqrt(-2 * std::log(u)) * std::cos(v * 6.283185307179586);
    };
    double const u = (first.word[2] + 1.0) * 0x1p-32, v = first.word[3] * 0x1p-32;
    CHECK(static_cast<double>(z(2)) == Approx(expected(u, v - 0.125)).epsilon(1e-6));
    double const ud = (static_cast<double>(second.half(0) >> 11) + 1) * 0x1p-53;
    double const vd = static_cast<double>(second.half(1) >> 11) * 0x1p-53;
    CHECK(d(0) == Approx(expected(ud, vd - 0.125)).epsilon(1e-13));
    CHECK(d(1) == Approx(expected(ud, vd - 0.375)).epsilon(1e-13));
}

TEST_CASE("moments are those of the distributions") {
    tn::generator gen{1};
    auto const u = tn::rand<float, tn::dyn>(1 << 18, gen);
    auto const mu = moments(u);
    for (std::size_t k = 0; k != 4; ++k) CHECK(mu[k] == Approx(1.0 / static_cast<double>(k + 2)).margin(3e-3));
    CHECK(*std::min_element(u.begin(), u.end()) >= 0.f);
    CHECK(*std::max_element(u.begin(), u.end()) < 1.f);
    for (auto const& m : {moments(tn::randn<float, 512, 512>(gen)), moments(tn::randn<double, 512, 512>(gen))}) {
        CHECK(m[0] == Approx(0).margin(1e-2));
        CHECK(m[1] == Approx(1).margin(2e-2));
        CHECK(m[2] == Approx(0).margin(5e-2));
        CHECK(m[3] == Approx(3).margin(1e-1));
    }
    tn::tensor<double, 40000> w;
    tn::normal_(w, 3.0, 0.5, gen);
    CHECK(moments(w)[0] == Approx(3).margin(2e-2));
    CHECK(moments(tn::bernoulli<float, tn::dyn>(100000, 0.3, gen))[0] == Approx(0.3).margin(1e-2));
}

TEST_CASE("whole numbers fill their range") {
    tn::generator gen{2};
    auto const x = tn::randint<std::int64_t, tn::dyn, 2>(200, -3, 4, gen);
    static_assert(std::is_same_v<decltype(x), tn::tensor<std::int64_t, tn::dyn, 2> const>);
    CHECK(x.extent(0) == 200);
    CHECK(std::set<std::int64_t>(x.begin(), x.end()) == std::set<std::int64_t>{-3, -2, -1, 0, 1, 2, 3});
    auto const y = tn::randint<std::uint8_t, 100>(0, 256);
    CHECK(y.size() == 100);
    auto const from_zero = tn::randint<int, tn::dyn>(200, 3, gen);
    CHECK(std::set<int>(from_zero.begin(), from_zero.end()) == std::set<int>{0, 1, 2});
    CHECK_THROWS_AS((tn::randint<int, 3>(0)), std::invalid_argument);
    CHECK_THROWS_AS((tn::randint<int, 3>(4, 4)), std::invalid_argument);
    CHECK_THROWS_AS((tn::bernoulli<bool, 3>(1.5)), std::invalid_argument);
    // What the element type does not hold is not wrapped.
    CHECK_THROWS_AS((tn::randint<std::uint8_t, 100>(0, 257)), std::invalid_argument);
    CHECK_THROWS_AS((tn::randint<std::uint8_t, 100>(-1, 3)), std::invalid_argument);
    CHECK_THROWS_AS((tn::randint<bool, 3>(3)), std::invalid_argument);
    CHECK(tn::randint<bool, 3>(1, 2)(2));
    CHECK(tn::randint<std::int8_t, 1>(-128, -127)(0) == -128);
    auto const all = tn::randint<std::int64_t, 1>(INT64_MIN, INT64_MAX);
    CHECK(all(0) < INT64_MAX);
    CHECK(tn::detail::multiply_high(~std::uint64_t{0}, ~std::uint64_t{0}) == ~std::uint64_t{1});
}

TEST_CASE("ranges and deviations that are none are refused") {
    tn::tensor<float, 3> x({1.f, 2.f, 3.f});
    tn::tensor<double, 3> wide;
    CHECK_THROWS_AS(tn::uniform_(x, 2.f, 1.f), std::invalid_argument);
    CHECK_THROWS_AS(tn::uniform_(x, 0.f, NAN), std::invalid_argument);
    CHECK_THROWS_AS(tn::uniform_(x, -3e38f, 3e38f), std::invalid_argument);
    CHECK_THROWS_AS(tn::uniform_(wide, -1.5e308, 1.5e308), std::invalid_argument);
    CHECK_THROWS_AS(tn::normal_(x, 0.f, -1.f), std::invalid_argument);
    CHECK(x(1) == 2.f);
    tn::uniform_(x, 4.f, 4.f);
    CHECK(x(2) == 4.f);
    tn::normal_(x, 5.f, 0.f);
    CHECK(x(0) == 5.f);
}

TEST_CASE("another tensor gives its type and shape to random numbers") {
    auto const x = tn::zeros<double, tn::dyn, 2>(3);
    tn::generator gen{4}, again{4};
    auto const u = tn::rand_like(x, gen);
    auto const n = tn::randn_like(x * 2.0, gen);
    static_assert(std::is_same_v<decltype(u), tn::tensor<double, tn::dyn, 2> const>);
    auto const v = tn::rand<double, 3, 2>(again);
    auto const m = tn::randn<double, 3, 2>(again);
    CHECK(std::equal(u.begin(), u.end(), v.begin(), v.end()));
    CHECK(std::equal(n.begin(), n.end(), m.begin(), m.end()));
}

TEST_CASE("a permutation holds every number once") {
    tn::generator gen{3};
    auto const p = tn::permutation<100>(gen);
    auto const q = tn::permutation(100, gen);
    CHECK(std::set<std::int64_t>(p.begin(), p.end()).size() == 100);
    CHECK(std::set<std::int64_t>(q.begin(), q.end()).size() == 100);
    CHECK(!std::equal(p.begin(), p.end(), q.begin()));
    CHECK(tn::permutation(0).size() == 0);
}

TEST_CASE("the default generator starts anew from a seed") {
    tn::manual_seed(9);
    auto const a = tn::rand<float, 5>();
    auto const b = tn::rand<float, 5>();
    tn::manual_seed(9);
    auto const c = tn::rand<float, 5>();
    CHECK(std::equal(a.begin(), a.end(), c.begin()));
    CHECK(!std::equal(a.begin(), a.end(), b.begin()));
}
