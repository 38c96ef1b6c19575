// Packs and masks of every lane count give, lane by lane, what the plain type gives.
#include "tenon/scalar/pack.hpp"

#include <cmath>
#include <limits>

#include "tenon/scalar/math_basic.hpp"

#include "../catch.hpp"

namespace {

using tenon::element::lane_t;
using tenon::element::mask;
using tenon::element::native_lanes;
using tenon::element::pack;
namespace math = tenon::math;

constexpr auto infinity = std::numeric_limits<double>::infinity();
constexpr auto not_a_number = std::numeric_limits<double>::quiet_NaN();

// Calls f with lane counts as constants: one lane, Native / 2, Native and twice that, which is two registers.
template <std::size_t Native, class F>
void each_lane_count(F f) {
    f(std::integral_constant<std::size_t, 1>{});
    f(std::integral_constant<std::size_t, Native / 2>{});
    f(std::integral_constant<std::size_t, Native>{});
    f(std::integral_constant<std::size_t, 2 * Native>{});
}

template <class... T, class F>
void each_type(F f) {
    (f(T{}), ...);
}

template <class F>
void each_number_type(F f) {
    each_type<float, double, std::int32_t, std::int64_t, std::uint8_t>(f);
}

template <class T, std::size_t N>
bool same(pack<T, N> got, auto expected) {
    for (std::size_t i = 0; i < N; ++i)
        if (!(got[i] == static_cast<T>(expected(i)))) return false;
    return true;
}
template <std::size_t Bytes, std::size_t N>
bool same(mask<Bytes, N> got, auto expected) {
    for (std::size_t i = 0; i < N; ++i)
        if (got[i] != expected(i)) return false;
    return true;
}

}  // namespace

TEST_CASE("pack: loads, stores, generates and splits lanes") {
    each_number_type([](auto type) {
        using T = decltype(type);
        each_lane_count<native_lanes<T>>([](auto count) {
            constexpr std::size_t n = count;
            T data[n + 1], copy[n + 1] = {};
            for (std::size_t i = 0; i <= n; ++i) data[i] = static_cast<T>(3 * i + 1);
            auto const x = pack<T, n>::load(data + 1);
            x.store(copy + 1);
            CHECK(copy[n] == data[n]);
            CHECK(same(x, [&](std::size_t i) { return data[i + 1]; }));
            CHECK(same(pack<T, n>::generate([](std::size_t i) { return i * 2; }), [](std::size_t i) { return i * 2; }));
            CHECK(same(pack<T, n>(7.0), [](std::size_t) { return 7; }));
            if constexpr (n > 1) {
                CHECK(same(x.low(), [&](std::size_t i) { return data[i + 1]; }));
                CHECK(same(x.high(), [&](std::size_t i) { return data[i + 1 + n / 2]; }));
                CHECK(same(pack<T, n>::join(x.low(), x.high()), [&](std::size_t i) { return data[i + 1]; }));
            }
        });
    });
}

TEST_CASE("pack: computes with packs and with numbers on either side") {
    each_number_type([](auto type) {
        using T = decltype(type);
        each_lane_count<native_lanes<T>>([](auto count) {
            constexpr std::size_t n = count;
            auto const a = [](std::size_t i) { return static_cast<T>(i % 13 + 2); };
            auto const b = [](std::size_t i) { return static_cast<T>(i % 5 + 1); };
            auto const x = pack<T, n>::generate(a), y = pack<T, n>::generate(b);
            CHECK(same(x + y, [&](std::size_t i) { return a(i) + b(i); }));
            CHECK(same(x - 1, [&](std::size_t i) { return a(i) - 1; }));
            CHECK(same(2.0 * x, [&](std::size_t i) { return a(i) * 2; }));
            CHECK(same(x / y, [&](std::size_t i) { return static_cast<T>(a(i) / b(i)); }));
            CHECK(same(-x, [&](std::size_t i) { return static_cast<T>(-a(i)); }));
            auto z = x;
            z += y, z *= 2, z -= 1, z /= 3;
            CHECK(same(z, [&](std::size_t i) { return static_cast<T>(static_cast<T>((a(i) + b(i)) * 2 - 1) / 3); }));
            CHECK(same(x < y, [&](std::size_t i) { return a(i) < b(i); }));
            CHECK(same(x >= 4, [&](std::size_t i) { return a(i) >= 4; }));
            CHECK(same(x == y, [&](std::size_t i) { return a(i) == b(i); }));
            CHECK(same(x != 3, [&](std::size_t i) { return a(i) != 3; }));
            if constexpr (std::is_integral_v<T>) {
                CHECK(same(x % y, [&](std::size_t i) { return a(i) % b(i); }));
                CHECK(same((x & 6) | 1, [&](std::size_t i) { return (a(i) & 6) | 1; }));
                CHECK(same(~x ^ y, [&](std::size_t i) { return ~a(i) ^ b(i); }));
                CHECK(same((x << 2) >> 1, [&](std::size_t i) { return (a(i) << 2) >> 1; }));
            }
        });
    });
}

TEST_CASE("pack: integers wrap, and dividing by zero gives zero") {
    each_type<std::int8_t, std::int32_t, std::int64_t>([](auto type) {
        using T = decltype(type);
        using limits = std::numeric_limits<T>;
        each_lane_count<native_lanes<T>>([](auto count) {
            using P = pack<T, count>;
            auto const is = [](T value) { return [=](std::size_t) { return value; }; };
            CHECK(same(P(limits::max()) + 1, is(limits::min())));
            CHECK(same(P(limits::min()) * -1, is(limits::min())));
            CHECK(same(P(limits::min()) / -1, is(limits::min())));
            CHECK(same(P(limits::min()) % -1, is(0)));
            CHECK(same(P(5) / 0, is(0)));
            CHECK(same(P(5) % 0, is(0)));
            CHECK(same(P(-7) / 2, is(-3)));
            CHECK(same(P(-7) % 2, is(-1)));
            CHECK(same(P(-8) >> 1, is(-4)));
        });
    });
}

TEST_CASE("pack: one lane is usable in constant expressions") {
    using F = pack<float, 1>;
    using I = pack<std::int32_t, 1>;
    static_assert((F(2) * 3 + 1)[0] == 7);
    static_assert(bool(F(2) > 1 && !(F(2) == 3)));
    static_assert((I(7) / 2 % 2)[0] == 1);
    static_assert(math::select(F(1) < 2, F(5), 6)[0] == 5);
    static_assert(math::sqrt(F(2))[0] == 1.41421354f);
    static_assert(math::sqrt(pack<double, 1>(2))[0] == 1.4142135623730951);
    static_assert(math::sqrt(pack<double, 1>(1e-310))[0] == 9.9999999999999857e-156);
    static_assert(math::floor(F(-1.5f))[0] == -2 && math::round(F(2.5f))[0] == 2);
    static_assert(math::convert<std::int32_t>(F(1e30f))[0] == std::numeric_limits<std::int32_t>::min());
    static_assert(math::convert<std::uint8_t>(F(-1))[0] == 255);
    static_assert(math::max_of(F(3)) == 3 && math::abs(F(-3))[0] == 3 && math::fma(F(2), 3, 4)[0] == 10);
    CHECK(true);
}

TEST_CASE("mask: combines masks of other element sizes and bools, and reads bools") {
    each_lane_count<8>([](auto count) {
        constexpr std::size_t n = count;
        bool data[n], copy[n];
        for (std::size_t i = 0; i < n; ++i) data[i] = i % 3 == 0;
        each_type<std::int8_t, float>([&](auto type) {
            using M = mask<sizeof(type), n>;
            auto const m = M::load(data);
            auto const x = pack<double, n>::generate([](std::size_t i) { return double(i); }) < 3;
            m.store(copy);
            for (std::size_t i = 0; i < n; ++i) CHECK((copy[i] == data[i] && m[i] == data[i]));
            CHECK(same(m & x, [&](std::size_t i) { return data[i] && i < 3; }));
            CHECK(same(m || x, [&](std::size_t i) { return data[i] || i < 3; }));
            CHECK(same(m ^ true, [&](std::size_t i) { return !data[i]; }));
            CHECK(same(m == x, [&](std::size_t i) { return data[i] == (i < 3); }));
            CHECK(same(m != x, [&](std::size_t i) { return data[i] != (i < 3); }));
            CHECK(same(!m && true, [&](std::size_t i) { return !data[i]; }));
            CHECK(math::any_of(m));
            CHECK(math::all_of(m) == (n == 1));
            CHECK(math::all_of(m | !m));
            CHECK_FALSE(math::any_of(m & !m));
            auto const last = pack<std::int32_t, n>::generate([](std::size_t i) { return i; }) == int(n) - 1;
            CHECK(math::any_of(last.template to<sizeof(type)>()));
            CHECK(same(math::convert<float>(m), [&](std::size_t i) { return data[i]; }));
            CHECK(same(math::select(m, x, !x), [&](std::size_t i) { return data[i] == (i < 3); }));
        });
    });
}

TEST_CASE("convert: every pair of types, as the plain conversion has it") {
    auto const check = []<class From, class To, std::size_t N>(From, To, std::integral_constant<std::size_t, N>) {
        auto const value = [](std::size_t i) {
            return static_cast<From>(static_cast<int>(i * 7) - (std::is_signed_v<From> ? 20 : 0));
        };
        auto const x = pack<From, N>::generate(value);
        bool ok = same(math::convert<bool>(x), [&](std::size_t i) { return value(i) != 0; });
        for (std::size_t i = 0; i < N; ++i)
            if constexpr (std::is_floating_point_v<From>)  // a negative one wraps, which the language leaves undefined
                ok &= math::convert<To>(x)[i] == static_cast<To>(static_cast<long>(value(i)));
            else ok &= math::convert<To>(x)[i] == static_cast<To>(value(i));
        return ok;
    };
    auto const each = [](auto f) {
        each_type<float, double, std::int8_t, std::int16_t, std::int32_t, std::int64_t, std::uint8_t, std::uint16_t,
                  std::uint32_t, std::uint64_t>(f);
    };
    each([&](auto from) {
        bool ok = true;
        each([&](auto to) {
            ok &= check(from, to, std::integral_constant<std::size_t, 1>{});
            ok &= check(from, to, std::integral_constant<std::size_t, 8>{});
        });
        INFO("from a type of " << sizeof(from) << " bytes, signed " << std::is_signed_v<decltype(from)>);
        CHECK(ok);
    });
}

TEST_CASE("convert: what does not fit an integer neither traps nor depends on the lane") {
    each_type<float, double>([](auto type) {
        using T = decltype(type);
        for (double v : {1e30, -1e30, infinity, -infinity, not_a_number, 2147483648.0, -2147483648.0,
                         9223372036854775808.0, 300.7, -1.9, 18446742974197923840.0})
            each_type<std::int8_t, std::uint8_t, std::int32_t, std::uint32_t, std::int64_t, std::uint64_t>(
                [&](auto to) {
                    auto const one = math::convert<decltype(to)>(pack<T, 1>(v))[0];
                    CHECK(math::all_of(math::convert<decltype(to)>(pack<T, 8>(v)) == one));
                });
        CHECK(math::convert<std::int32_t>(pack<T, 1>(not_a_number))[0] == std::numeric_limits<std::int32_t>::min());
        CHECK(math::convert<std::int64_t>(pack<T, 1>(1e30))[0] == std::numeric_limits<std::int64_t>::min());
        CHECK(math::convert<std::uint64_t>(pack<T, 1>(18446742974197923840.0))[0] == 18446742974197923840u);
    });
}

TEST_CASE("rounding: as the C library, signed zeros and large values included") {
    each_type<float, double>([](auto type) {
        using T = decltype(type);
        each_lane_count<native_lanes<T>>([](auto count) {
            using P = pack<T, count>;
            for (double d : {0.0,  -0.0,  0.3,      -0.3,      0.5,         -0.5,      0.7,        -0.7,
                             1.5,  -1.5,  2.5,      -2.5,      1e6 + 0.5,   8388609.0, -8388609.0, 4503599627370497.5,
                             1e30, -1e30, infinity, -infinity, not_a_number}) {
                T const v = static_cast<T>(d);
                auto const bits = [](auto p, T expected) {
                    return same(math::bits(p), [&](std::size_t) { return math::bits(pack<T, 1>(expected))[0]; });
                };
                CHECK(bits(math::floor(P(v)), std::floor(v)));
                CHECK(bits(math::ceil(P(v)), std::ceil(v)));
                CHECK(bits(math::trunc(P(v)), std::trunc(v)));
                CHECK(bits(math::round(P(v)), std::nearbyint(v)));
                CHECK(bits(math::abs(P(v)), std::abs(v)));
                CHECK(bits(math::copysign(P(3), v), std::copysign(T(3), v)));
                CHECK(bits(math::sqrt(math::abs(P(v))), std::sqrt(std::abs(v))));
                CHECK(same(math::signbit(P(v)), [&](std::size_t) { return std::signbit(v); }));
                CHECK(same(math::isnan(P(v)), [&](std::size_t) { return std::isnan(v); }));
                CHECK(same(math::isinf(P(v)), [&](std::size_t) { return std::isinf(v); }));
                CHECK(same(math::isfinite(P(v)), [&](std::size_t) { return std::isfinite(v); }));
            }
        });
    });
}

TEST_CASE("minimum, maximum and reductions: NaN wins") {
    each_number_type([](auto type) {
        using T = decltype(type);
        each_lane_count<native_lanes<T>>([](auto count) {
            constexpr std::size_t n = count;
            auto const x = pack<T, n>::generate([](std::size_t i) { return i < 4 ? i + 1 : 1; });
            T sum = 0, product = 1;
            for (std::size_t i = 0; i < n; ++i)
                sum = static_cast<T>(sum + x[i]), product = static_cast<T>(product * x[i]);
            CHECK(math::hsum(x) == sum);
            CHECK(math::product_of(x) == product);
            CHECK(math::min_of(x) == 1);
            CHECK(math::max_of(x) == static_cast<T>(n < 4 ? n : 4));
            CHECK(same(math::minimum(x, 2), [&](std::size_t i) { return x[i] < 2 ? x[i] : 2; }));
            CHECK(same(math::fma(x, 2, x), [&](std::size_t i) { return x[i] * 3; }));
            if constexpr (std::is_floating_point_v<T>) {
                using P = pack<T, n>;
                for (std::size_t at = 0; at < n; ++at) {
                    auto const y = P::generate([&](std::size_t i) { return i == at ? not_a_number : 1.0; });
                    CHECK(std::isnan(math::min_of(y)));
                    CHECK(std::isnan(math::max_of(y)));
                }
                CHECK(math::all_of(math::isnan(math::minimum(P(not_a_number), 1)) &
                                   math::isnan(math::minimum(P(1), not_a_number))));
                CHECK(math::all_of(math::isnan(math::maximum(P(not_a_number), 1)) &
                                   math::isnan(math::maximum(P(1), not_a_number))));
            }
        });
    });
}
