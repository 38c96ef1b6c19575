// Floating point numbers in 16 bits, as lanes of float. On a device the conversions are instructions, on the processor arithmetic with
// bits, which needs no instruction set and works in constant expressions.
#pragma once

#include <tenon/scalar/math_basic.hpp>

namespace tenon::inline TENON_TARGET::math {

/// The floats whose 16 bits in a format are given. Exact.
/// @tparam Format bfloat16 or float16
template <class Format, std::size_t N>
TENON_LANE pack<float, N> from_narrow(pack<std::uint16_t, N> half) {
#if defined(__CUDA_ARCH__)
    if constexpr (Format::exponent_bits == 5) {
        float wide = 0;
        asm("cvt.f32.f16 %0, %1;" : "=f"(wide) : "h"(half.raw));
        return pack<float, N>(wide);
    }
#endif
    using word = pack<std::uint32_t, N>;
    constexpr int cut = 23 - Format::fraction_bits;
    auto const wide = math::convert<std::uint32_t>(half);
    if constexpr (Format::exponent_bits == 8) return math::from_bits(wide << cut);
    else {
        // With the exponent's field moved up and its bias corrected every number is right but the subnormal ones, which get an
        // implicit bit that is subtracted again, and infinities and NaN, whose exponent has to be all ones.
        constexpr std::uint32_t bias = 127 - (1 << (Format::exponent_bits - 1)) + 1;
        constexpr std::uint32_t all_ones = ((1u << Format::exponent_bits) - 1) << 23;
        word const magnitude = (wide & 0x7fffu) << cut, exponent = magnitude & all_ones;
        word const normal = magnitude + (bias << 23);
        auto const least = math::from_bits(word((bias + 1) << 23));
        auto const subnormal = math::from_bits(normal + (1u << 23)) - least;
        word const result = math::select(exponent == 0u, math::convert<std::uint32_t>(math::bits(subnormal)),
                                         math::select(exponent == all_ones, normal + (bias << 23), normal));
        return math::from_bits(result | ((wide & 0x8000u) << 16));
    }
}

/// The bits of each lane in a format, rounded to the nearest, the even one of two equally near; beyond the greatest number
/// infinity. A NaN stays one.
template <class Format, std::size_t N>
TENON_LANE pack<std::uint16_t, N> to_narrow(pack<float, N> x) {
#if defined(__CUDA_ARCH__)
    std::uint16_t bits = 0;
    if constexpr (Format::exponent_bits == 5) asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(x.raw));
    else asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(bits) : "f"(x.raw));
    return pack<std::uint16_t, N>(bits);
#endif
    using word = pack<std::uint32_t, N>;
    constexpr int cut = 23 - Format::fraction_bits;
    auto const all = math::convert<std::uint32_t>(math::bits(x));
    word const sign = (all >> 16) & 0x8000u, magnitude = all & 0x7fffffffu;
    // Half of the last place, less a bit where what is left is even: a carry moves the exponent up as it should.
    word const rounded = magnitude + ((1u << (cut - 1)) - 1) + ((magnitude >> cut) & 1u);
    constexpr std::uint32_t infinity = ((1u << Format::exponent_bits) - 1) << Format::fraction_bits;
    word result = rounded >> cut;
    if constexpr (Format::exponent_bits != 8) {
        constexpr std::uint32_t bias = 127 - (1 << (Format::exponent_bits - 1)) + 1;
        // Adding a float whose last place is the least number of the format rounds the subnormal ones.
        constexpr std::uint32_t magic = (bias + 1 + cut) << 23;
        word const subnormal =
            math::convert<std::uint32_t>(math::bits(math::from_bits(magnitude) + math::from_bits(word(magic)))) - magic;
        word const normal = result - (bias << Format::fraction_bits);
        result = math::select(magnitude < ((bias + 1) << 23), subnormal,
                              math::select(normal < infinity, normal, word(infinity)));
    }
    constexpr std::uint32_t quiet = infinity | 1u << (Format::fraction_bits - 1);
    return math::convert<std::uint16_t>(math::select(math::isnan(x), word(quiet), result) | sign);
}

/// Each lane as a format has it: what `from_narrow` makes of `to_narrow`.
template <class Format, std::size_t N>
TENON_LANE pack<float, N> rounded_to(pack<float, N> x) {
    return math::from_narrow<Format>(math::to_narrow<Format>(x));
}

}  // namespace tenon::inline TENON_TARGET::math
