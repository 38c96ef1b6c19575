// bfloat16 and float16: every number, and roundings against the definition.
#include "tenon/scalar/narrow.hpp"

#include <cmath>
#include <cstring>
#include <random>

#include "../catch.hpp"
#include "tenon/scalar/dual.hpp"

namespace {

using tenon::bfloat16;
using tenon::float16;
namespace element = tenon::element;
namespace math = tenon::math;

/// The number with these bits, by the definition of the formats.
template <class T>
double defined(unsigned bits) {
    int const bias = (1 << (T::exponent_bits - 1)) - 1;
    int const exponent = static_cast<int>(bits >> T::fraction_bits) & ((1 << T::exponent_bits) - 1);
    int const fraction = static_cast<int>(bits) & ((1 << T::fraction_bits) - 1);
    double const sign = bits & 0x8000u ? -1 : 1;
    if (exponent == (1 << T::exponent_bits) - 1) return fraction == 0 ? sign * INFINITY : NAN;
    if (exponent == 0) return sign * std::ldexp(fraction, 1 - bias - T::fraction_bits);
    return sign * std::ldexp((1 << T::fraction_bits) + fraction, exponent - bias - T::fraction_bits);
}

/// The nearest number of the format, the even one of two equally near.
template <class T>
double nearest(long double x) {
    if (std::isnan(x) || std::isinf(x) || x == 0) return static_cast<double>(x);
    int const least = std::numeric_limits<T>::min_exponent - 1;
    int const place = std::max(std::ilogb(x), least) - T::fraction_bits;
    long double const rounded = std::ldexp(std::nearbyint(std::ldexp(x, -place)), place);
    double const limit = std::ldexp(2 - std::ldexp(1, -T::fraction_bits), std::numeric_limits<T>::max_exponent - 1);
    return std::abs(rounded) > limit ? std::copysign(INFINITY, static_cast<double>(x)) : static_cast<double>(rounded);
}

bool same(double a, double b) {
    return (std::isnan(a) && std::isnan(b)) || (a == b && std::signbit(a) == std::signbit(b));
}

template <class T>
void all_numbers() {
    bool read = true, written = true, by_lanes = true;
    for (unsigned first = 0; first != 0x10000; first += 16) {
        T memory[16], back[16];
        for (unsigned i = 0; i != 16; ++i) {
            memory[i] = T::from_bits(static_cast<std::uint16_t>(first + i));
            read = read && same(float(memory[i]), defined<T>(first + i));
            T const again = float(memory[i]);
            written = written && (again.bits == first + i || std::isnan(float(memory[i])));
        }
        auto const lanes = element::load_lanes<16>(memory);
        for (unsigned i = 0; i != 16; ++i) by_lanes = by_lanes && same(lanes[i], float(memory[i]));
        element::store_lanes(back, lanes);
        for (unsigned i = 0; i != 16; ++i)
            by_lanes = by_lanes && (back[i].bits == first + i || (std::isnan(lanes[i]) && std::isnan(float(back[i]))));
    }
    CHECK(read);
    CHECK(written);
    CHECK(by_lanes);
}

template <class T>
void roundings() {
    std::mt19937 engine(7);
    auto const draw = [&] { return static_cast<std::uint32_t>(engine()); };
    bool rounded = true, by_lanes = true;
    for (int round = 0; round != 40000; ++round) {
        float x[8];
        for (float& v : x) {
            std::uint32_t bits = draw();
            // Half of them near the middle of two neighbours, where rounding is decided.
            if (bits & 1) {
                bits = draw();
                bits = (bits & ~((2u << (22 - T::fraction_bits)) - 1)) | (1u << (22 - T::fraction_bits));
                bits += draw() % 3 - 1;
            }
            // And in the range of the narrower format.
            if (draw() % 2) bits = (bits & 0x87ffffffu) | 0x38000000u;
            std::memcpy(&v, &bits, sizeof v);
        }
        auto const lanes = math::rounded_to<T>(element::pack<float, 8>::load(x));
        for (std::size_t i = 0; i != 8; ++i) {
            rounded = rounded && same(float(T(x[i])), nearest<T>(x[i]));
            by_lanes = by_lanes && same(lanes[i], nearest<T>(x[i]));
        }
    }
    CHECK(rounded);
    CHECK(by_lanes);
}

/// Doubles and integers near the middle between two neighbours, and past it by what a float does not hold.
template <class T>
void wide_numbers() {
    std::mt19937_64 engine(11);
    bool singly = true, by_lanes = true, integers = true, extended = true;
    for (int round = 0; round != 20000; ++round) {
        double x[8];
        std::int64_t n[8];
        for (int i = 0; i != 8; ++i) {
            std::uint64_t const draw = engine();
            double const middle = nearest<T>(std::ldexp(1. + double(draw % 1024) / 1024, int(draw >> 10 & 63) - 32)) *
                                  (1 + std::ldexp(1, -1 - T::fraction_bits));
            int const far = int(draw >> 20 & 31);
            x[i] = middle * (far < 4 ? 1 : 1 + std::ldexp(draw >> 30 & 1 ? 1. : -1., -20 - far));
            if (draw >> 40 & 1) x[i] = -x[i];
            // Subnormal numbers of both formats, and the least ones of float.
            if ((draw >> 41 & 7) == 0) x[i] = std::ldexp(x[i], draw >> 44 & 1 ? -24 : -135);
            double const finite = std::isfinite(middle) ? middle : 1;
            n[i] = static_cast<std::int64_t>(std::ldexp(finite, draw >> 45 & 1 ? 30 : 20)) +
                   static_cast<std::int64_t>(draw >> 46 & 3) - 1;
        }
        T stored[8];
        element::store_lanes(stored, math::convert<T>(element::pack<double, 8>::load(x)));
        auto const cast = math::rounded_to<T>(math::convert<T>(element::pack<std::int64_t, 8>::load(n)));
        for (std::size_t i = 0; i != 8; ++i) {
            singly = singly && same(float(T(x[i])), nearest<T>(x[i]));
            by_lanes = by_lanes && same(float(stored[i]), nearest<T>(x[i]));
            auto const whole = nearest<T>(static_cast<long double>(n[i]));
            integers = integers && same(float(T(n[i])), whole) && same(cast[i], whole) &&
                       same(float(T(static_cast<std::uint64_t>(n[i]))),
                            nearest<T>(static_cast<long double>(static_cast<std::uint64_t>(n[i])))) &&
                       same(float(T(static_cast<std::int32_t>(n[i]))), nearest<T>(static_cast<std::int32_t>(n[i])));
            long double const beyond = x[i] * (1 + std::ldexp(1.L, -60));
            extended = extended && same(float(T(beyond)), nearest<T>(beyond));
        }
    }
    CHECK(singly);
    CHECK(by_lanes);
    CHECK(integers);
    CHECK(extended);
    CHECK(std::isinf(float(T(1e300))));
    CHECK(std::isnan(float(T(std::numeric_limits<double>::quiet_NaN()))));
    CHECK(same(float(T(-1e-300)), -0.));
    CHECK(float(T(true)) == 1);
}

template <class T>
void limits() {
    using l = std::numeric_limits<T>;
    CHECK(float(l::max()) == nearest<T>(float(l::max())));
    CHECK(std::isinf(float(T(float(l::max()) * 1.01f))));
    CHECK(float(l::lowest()) == -float(l::max()));
    CHECK(float(l::min()) == std::ldexp(1.f, l::min_exponent - 1));
    CHECK(float(l::denorm_min()) == std::ldexp(1.f, l::min_exponent - l::digits));
    CHECK(float(l::epsilon()) == std::ldexp(1.f, 1 - l::digits));
    CHECK(1 + float(l::epsilon()) == float(T(1 + float(l::epsilon()))));
    CHECK(1.f == float(T(1 + float(l::epsilon()) / 2)));
    CHECK(std::isinf(float(l::infinity())));
    CHECK(std::isnan(float(l::quiet_NaN())));
}

}  // namespace

TEST_CASE("narrow numbers are those of their formats", "[scalar]") {
    all_numbers<bfloat16>();
    all_numbers<float16>();
}

TEST_CASE("narrow numbers are rounded to the nearest", "[scalar]") {
    roundings<bfloat16>();
    roundings<float16>();
    // What numpy.float16 and torch.bfloat16 make of them.
    CHECK(float16(65519.f).bits == 0x7bff);
    CHECK(float16(65520.f).bits == 0x7c00);
    CHECK(float16(-5.9e-8f).bits == 0x8001);
    CHECK(float16(2.9e-8f).bits == 0x0000);
    CHECK(bfloat16(0.1f).bits == 0x3dcd);
    CHECK(bfloat16(3.4e38f).bits == 0x7f80);
}

TEST_CASE("wide numbers are rounded to narrow ones once", "[scalar]") {
    wide_numbers<bfloat16>();
    wide_numbers<float16>();
    // As numpy.float16; through float it would be the even neighbour, 1.
    static_assert(float(float16(1 + 0x1p-11 + 0x1p-30)) == 1.0009765625f);
    static_assert(float(float16(1 + 0x1p-11 - 0x1p-30)) == 1);
    CHECK(float16(65519.999999).bits == 0x7bff);
    CHECK(float16(0x1p-25 * (1 + 0x1p-40)).bits == 1);
    CHECK(bfloat16((std::int64_t(1) << 62) + (std::int64_t(1) << 54) + 1).bits == 0x5e81);
}

TEST_CASE("narrow numbers have limits", "[scalar]") {
    limits<bfloat16>();
    limits<float16>();
    CHECK(float(std::numeric_limits<float16>::max()) == 65504.f);
}

TEST_CASE("arithmetic with narrow numbers is float's", "[scalar]") {
    constexpr bfloat16 a = 1.5f, b = 2;
    static_assert(std::is_same_v<decltype(a * b), float>);
    static_assert(a * b == 3.f && a < b && -a == -1.5f);
    bfloat16 sum = 256;
    sum += 1;  // the nearest even number of 8 bits
    CHECK(sum == 256.f);
    sum -= 3;
    CHECK(sum == 253.f);
    static_assert(sizeof(float16) == 2 && std::is_trivially_copyable_v<float16>);
}
