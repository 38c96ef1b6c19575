// Functions that go lane by lane to the C library: right, but not vectorised, and constexpr in name alone.
#pragma once

#include <cmath>

#include "math_parts.hpp"

namespace tenon::inline TENON_TARGET::math {

#define TENON_LANEWISE(name)                                                                                           \
    template <detail::real_pack P>                                                                                     \
    TENON_LANE P name(P x) {                                                                                           \
        return P::generate([&](std::size_t i) { return std::name(x[i]); });                                            \
    }
#define TENON_LANEWISE_TWO(name)                                                                                       \
    template <detail::real_pack P>                                                                                     \
    TENON_LANE P name(P x, std::type_identity_t<P> y) {                                                                \
        return P::generate([&](std::size_t i) { return std::name(x[i], y[i]); });                                      \
    }

TENON_LANEWISE(asin)
TENON_LANEWISE(acos)
TENON_LANEWISE(asinh)
TENON_LANEWISE(acosh)
TENON_LANEWISE(atanh)
TENON_LANEWISE(cbrt)
TENON_LANEWISE_TWO(atan2)  // the angle of (y, x), called as atan2(y, x)
TENON_LANEWISE_TWO(hypot)
#undef TENON_LANEWISE
#undef TENON_LANEWISE_TWO

/// log |Gamma(x)|.
template <detail::real_pack P>
TENON_LANE P lgamma(P x) {
    return P::generate([&](std::size_t i) {
#if defined(__GLIBC__) && !defined(__CUDA_ARCH__)
        int sign = 0;  // std::lgamma writes a global, which threads would race for
        if constexpr (sizeof(x[0]) == 4) return ::lgammaf_r(x[i], &sign);
        else return ::lgamma_r(x[i], &sign);
#else
        return std::lgamma(x[i]);
#endif
    });
}

/// x - y trunc(x / y), with the sign of x; integers as %, which gives 0 for y = 0.
template <class T, std::size_t N>
TENON_LANE pack<T, N> fmod(pack<T, N> x, std::type_identity_t<pack<T, N>> y) {
    if constexpr (std::is_integral_v<T>) return x % y;
    else return pack<T, N>::generate([&](std::size_t i) { return std::fmod(x[i], y[i]); });
}

/// x - y floor(x / y), with the sign of y, as Python's % and torch.remainder.
template <class T, std::size_t N>
TENON_LANE pack<T, N> remainder(pack<T, N> x, std::type_identity_t<pack<T, N>> y) {
    auto const rest = math::fmod(x, y);
    if constexpr (std::is_unsigned_v<T>) return rest;
    else return math::select((rest != 0) & ((rest < 0) != (y < 0)), rest + y, rest);
}

}  // namespace tenon::inline TENON_TARGET::math
