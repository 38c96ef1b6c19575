// Tensors from nothing but a shape.
#include <tenon/core/creation.hpp>
#include <tenon/core/random.hpp>
#include <tenon/core/sequence.hpp>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <new>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "../catch.hpp"

namespace tn = tenon;

namespace {

template <class X>
auto values(X const& x) {
    return std::vector<tn::value_t<X>>(x.begin(), x.end());
}

}  // namespace

TEST_CASE("constants fill static and run-time shapes") {
    CHECK(values(tn::zeros<float, 2, 2>()) == std::vector<float>(4, 0.f));
    auto const z = tn::zeros<float, tn::dyn, 3>(5);
    CHECK((z.extent(0) == 5 && values(z) == std::vector<float>(15, 0.f)));
    CHECK(values(tn::ones<int, tn::dyn>(3)) == std::vector<int>(3, 1));
    CHECK(values(tn::full<double, 3>(2.5)) == std::vector<double>(3, 2.5));
    auto const f = tn::full<float, 2, tn::dyn, 1, tn::dyn>(3, 4, 7);
    CHECK(f.shape() == tn::shape<2, 3, 1, 4>());
    CHECK(values(f) == std::vector<float>(24, 7.f));
    auto const scalar = tn::full<float>(3.f);
    static_assert(std::is_same_v<decltype(scalar), tn::tensor<float> const>);
    CHECK(*scalar.data() == 3.f);
    CHECK(tn::empty<float, tn::dyn, 2>(4).extent(0) == 4);
    CHECK(tn::zeros<float, 1000>().size() == 1000);
}

TEST_CASE("another tensor gives its type and shape") {
    auto const x = tn::zeros<float, tn::dyn, 2>(3);
    CHECK(tn::zeros_like(x).shape() == x.shape());
    CHECK(values(tn::ones_like(x)) == std::vector<float>(6, 1.f));
    CHECK(values(tn::full_like(x, 4.f)) == std::vector<float>(6, 4.f));
    static_assert(std::is_same_v<decltype(tn::ones_like(x)), tn::tensor<float, tn::dyn, 2>>);
    CHECK(tn::empty_like(x).shape() == x.shape());
    static_assert(std::is_same_v<decltype(tn::empty_like(x)), tn::tensor<float, tn::dyn, 2>>);
}

TEST_CASE("ranges count as NumPy's do") {
    CHECK(values(tn::arange<float, 4>()) == std::vector<float>{0, 1, 2, 3});
    CHECK(values(tn::arange<int>(3)) == std::vector<int>{0, 1, 2});
    CHECK(values(tn::arange<int>(2, 9, 3)) == std::vector<int>{2, 5, 8});
    CHECK(values(tn::arange<int>(2, 8, 3)) == std::vector<int>{2, 5});
    CHECK(values(tn::arange<int>(5, 0, -2)) == std::vector<int>{5, 3, 1});
    CHECK(values(tn::arange<int>(5, 5)).empty());
    CHECK(values(tn::arange<float>(0.f, 1.f, 0.25f)) == std::vector<float>{0.f, 0.25f, 0.5f, 0.75f});
    CHECK(values(tn::arange<double>(1, 0, -0.5)) == std::vector<double>{1, 0.5});
    CHECK(values(tn::arange<std::uint8_t>(250, 255, 2)) == std::vector<std::uint8_t>{250, 252, 254});
    constexpr auto low = std::numeric_limits<std::int64_t>::min(), high = std::numeric_limits<std::int64_t>::max();
    CHECK(values(tn::arange<std::int64_t>(low, high, high)) == std::vector<std::int64_t>{low, -1, high - 1});
    CHECK_THROWS_AS(tn::arange<int>(0, 3, 0), std::invalid_argument);
    CHECK_THROWS_AS(tn::arange<int>(5, 0), std::invalid_argument);
    CHECK_THROWS_AS(tn::arange<double>(0, -1), std::invalid_argument);
    for (double const odd : {std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()}) {
        CHECK_THROWS_AS(tn::arange<double>(0, odd), std::invalid_argument);
        CHECK_THROWS_AS(tn::arange<double>(-odd, 0), std::invalid_argument);
        CHECK_THROWS_AS(tn::arange<double>(0, 1, odd), std::invalid_argument);
    }
    CHECK_THROWS_AS(tn::arange<double>(0, 1e300, 1e-300), std::invalid_argument);
    CHECK_THROWS_AS(tn::arange<double>(0, 1e18), tn::shape_error);
}

TEST_CASE("a range ends before its end") {
    CHECK(values(tn::arange<float>(0, .3f, .1f)) == std::vector<float>{0.f, .1f, .2f});
    CHECK(values(tn::arange<float>(0, -.3f, -.1f)) == std::vector<float>{0.f, -.1f, -.2f});
    CHECK(tn::arange<double>(1, 1.3, .1).size() == 4);  // as PyTorch's and NumPy's: (1.3 - 1) / .1 is more than 3
    CHECK(tn::arange<double>(0, .3, .1).size() == 3);
    CHECK(tn::arange<float>(0, 1, .1f).size() == 10);
    // Eight numbers, as PyTorch's; from the sixth on they round to the next float, which is the end.
    CHECK(tn::arange<float>(1e8f, 1e8f + 8, 1).size() == 8);
    CHECK(tn::arange<float>(0, 33000000.5f, 1).size() == 33000000);
    for (int i = 1; i < 200; ++i)
        for (int j = 1; j < 20; ++j) {
            float const step = static_cast<float>(j) * .1f, stop = static_cast<float>(i) * .1f;
            auto const x = tn::arange<float>(0, stop, step);
            float const last = x(x.size() - 1);
            REQUIRE((last < stop && last + step > stop * .999999f));
        }
}

TEST_CASE("extents that no tensor can have are refused before anything is allocated") {
    constexpr std::size_t huge = std::size_t{1} << 62;
    auto const refused = [](auto const& make, std::string const& text) {
        try {
            make();
        } catch (tn::shape_error const& e) {
            INFO(e.what());
            CHECK(std::string(e.what()).find(text) == 0);
            return;
        }
        FAIL(text + " was not refused");
    };
    int const negative = -1;
    refused([&] { tn::zeros<float, tn::dyn>(negative); }, "zeros: [-1] has a negative extent");
    refused([&] { tn::ones<float, 2, tn::dyn>(negative); }, "ones: [2, -1]");
    refused([&] { tn::full<float, tn::dyn>(negative, 1.f); }, "full: [-1]");
    refused([&] { tn::empty<float, tn::dyn>(huge + 4); }, "empty: [4611686018427387908], at 4 bytes");
    refused([&] { tn::zeros<float, tn::dyn, tn::dyn>(huge, 4); }, "zeros: [4611686018427387904, 4] has 2^63");
    refused([&] { tn::zeros<char, tn::dyn, 0, tn::dyn>(huge, 2); }, "zeros: [4611686018427387904, 0, 2]");
    refused([&] { tn::rand<double, tn::dyn>(negative); }, "rand: [-1]");
    refused([&] { tn::randint<int, tn::dyn>(negative, 3); }, "randint: [-1]");
    refused([&] { tn::bernoulli<bool, tn::dyn>(negative, .5); }, "bernoulli: [-1]");
    refused([&] { tn::permutation(tn::dyn); }, "permutation: [-1]");
    refused([&] { tn::tensor<float, tn::dyn>{negative}; }, "shape: [-1]");
    refused([&] { tn::tensor<float, tn::dyn>{tn::shape<tn::dyn>(huge)}; }, "memory: 4611686018427387904");

    // The address sanitizer ends the program where memory is not to be had.
#if defined(__SANITIZE_ADDRESS__)
    constexpr bool may_fail = false;
#elif defined(__has_feature)
    constexpr bool may_fail = !__has_feature(address_sanitizer);
#else
    constexpr bool may_fail = true;
#endif
    if (may_fail) CHECK_THROWS_AS((tn::zeros<float, tn::dyn>(std::size_t{1} << 44)), std::bad_alloc);
}

TEST_CASE("a value outside the element type's range is refused") {
    CHECK_THROWS_AS((tn::full<std::uint8_t, 2>(300)), std::invalid_argument);
    CHECK_THROWS_AS((tn::full<std::uint8_t, 2>(-1)), std::invalid_argument);
    CHECK_THROWS_AS((tn::full<float, 2>(1e300)), std::invalid_argument);
    CHECK_THROWS_AS((tn::full<int, 2>(std::numeric_limits<double>::quiet_NaN())), std::invalid_argument);
    CHECK_THROWS_AS((tn::full<std::int64_t, 2>(0x1p63)), std::invalid_argument);
    CHECK((tn::full<std::int64_t, 2>(-0x1p63)(1)) == std::numeric_limits<std::int64_t>::min());
    CHECK((tn::full<int, 2>(2.7)(1)) == 2);
    CHECK((tn::full<float, 2>(std::numeric_limits<double>::infinity())(0)) == std::numeric_limits<float>::infinity());
}

TEST_CASE("linspace holds both ends") {
    CHECK(values(tn::linspace<float, 5>(-1.f, 1.f)) == std::vector<float>{-1.f, -0.5f, 0.f, 0.5f, 1.f});
    CHECK(values(tn::linspace<double, 1>(3, 9)) == std::vector<double>{3});
    auto const x = tn::linspace<float, 1000>(0.1f, 0.7f);
    CHECK((x(0) == 0.1f && x(999) == 0.7f));
    CHECK(tn::linspace<float, 0>(0.f, 1.f).size() == 0);
    CHECK(values(tn::linspace<double, 3>(-1e308, 1e308)) == std::vector<double>{-1e308, 0, 1e308});
}

TEST_CASE("small tensors are made in constant expressions") {
    static_assert(tn::eye<int, 3>()(1, 1) == 1 && tn::eye<int, 3>()(1, 2) == 0);
    static_assert(tn::eye<int, 2, 3>()(1, 1) == 1);
    constexpr auto x = tn::arange<float, 3>();
    static_assert(x(2) == 2.f && tn::linspace<double, 3>(0, 1)(1) == 0.5 && tn::full<int, 2>(5)(1) == 5);
    static_assert(tn::ones<float, 2, 2>()(1, 1) == 1.f && tn::zeros_like(x)(0) == 0.f);
    CHECK(x(1) == 1.f);
}

/// For tensor_test.cpp: a tensor without elements that another file makes.
tn::tensor<float, tn::dyn, 6> empty_tensor_of_another_file();
tn::tensor<float, tn::dyn, 6> empty_tensor_of_another_file() { return {}; }
