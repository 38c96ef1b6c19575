// Powers with a real exponent.
#pragma once

#include "math_exp.hpp"
#include "math_log.hpp"

namespace tenon::inline TENON_TARGET::math {

namespace detail {

/// a * b of double-doubles, to about 2^-100.
template <real_pack P>
TENON_LANE two<P> product(two<P> a, two<P> b) {
    auto const main = detail::two_product(a.high, b.high);
    return {main.high, math::fma(a.high, b.low, math::fma(a.low, b.high, main.low))};
}

/// log(x) to about 2^-66 relative, for positive finite x: 2 atanh(s) with s = (m - 1) / (m + 1), the series' first two
/// terms in double-double. e^(y log x) needs this much, since y log x goes up to 745 and its error is that of the
/// result.
template <real_pack P>
TENON_LANE two<P> log_in_two(P x) {
    auto const [exponent, m] = detail::split(x);
    P const f = m - 1, sum = m + 1, sum_low = m - (sum - 1), reciprocal = 1 / sum;
    P const s_high = f * reciprocal;
    auto const back = detail::two_product(s_high, sum);
    two<P> const s{s_high, math::fma(-s_high, sum_low, (f - back.high) - back.low) * reciprocal};
    two<P> const z = detail::product(s, s);
    P const later = z.high * detail::horner(z.high, 2 / 27., 2 / 25., 2 / 23., 2 / 21., 2 / 19., 2 / 17., 2 / 15.,
                                            2 / 13., 2 / 11., 2 / 9., 2 / 7., 2 / 5.);
    auto third = detail::quick_two_sum(P(0.66666666666666663), later);
    third.low += 3.7007434154171883e-17;  // 2/3 beyond its double
    auto const second = detail::product(z, third);
    auto first = detail::quick_two_sum(P(2), second.high);
    first.low += second.low;
    auto const log_m = detail::product(s, first);
    using constants = log_constants<double>;
    auto const total = detail::quick_two_sum(exponent * constants::ln2_high, log_m.high);
    return detail::quick_two_sum(total.high, math::fma(exponent, constants::ln2_low, log_m.low) + total.low);
}

/// |x|^y for x >= 0, without regard to NaN.
template <std::size_t N>
TENON_LANE pack<double, N> positive_pow(pack<double, N> x, pack<double, N> y) {
    using P = pack<double, N>;
    y = detail::at_least(detail::at_most(y, 1e20), -1e20);  // more is no different, unless |x| is 1
    auto const logarithm = detail::log_in_two(x);
    auto power = detail::product({y, P(0)}, logarithm);
    power.high = math::select(x == 0, y * minus_infinity<double>,
                              math::select(x == infinity<double>, y * infinity<double>, power.high));
    power.low = math::select(math::abs(power.high) < 800, power.low, P(0));
    return detail::exp_scaled(power.high, power.low);
}
template <std::size_t N>
TENON_LANE pack<float, N> positive_pow(pack<float, N> x, pack<float, N> y) {
    return math::convert<float>(math::exp(math::convert<double>(y) * math::log(math::convert<double>(x))));
}

}  // namespace detail

/// x^y, with every edge case of IEEE 754 and std::pow. Max error 1 ulp: double takes the logarithm in double-double,
/// float takes it in double.
template <detail::real_pack P>
TENON_LANE P pow(P x, std::type_identity_t<P> y) {
    using T = typename P::value_type;
    P const size = math::abs(x), half = 0.5f * y;
    auto const integer = math::floor(y) == y;
    auto const odd = integer & (math::floor(half) != half);
    P power = math::select(size == 1, P(1), detail::positive_pow(size, y));
    power = math::select(math::signbit(x) & odd, -power, power);
    power = math::select((x < 0) & (x > minus_infinity<T>)&!integer, P(not_a_number<T>), power);
    power = math::select(math::isnan(x) | math::isnan(y), x + y, power);
    return math::select((x == 1) | (y == 0), P(1), power);
}

}  // namespace tenon::inline TENON_TARGET::math
