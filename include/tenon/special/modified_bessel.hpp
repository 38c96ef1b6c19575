// Modified Bessel functions of both kinds.
//
// Source: S. L. Moshier, Cephes Mathematical Library (k0, k1): Chebyshev series up to 2 and beyond.
#pragma once

#include <tenon/op/bessel_i.hpp>

namespace tenon::inline TENON_TARGET {

namespace math::single {

/// K₀(x), or e^x K₀(x).
TENON_ON_USE
[[gnu::noinline]] constexpr double bessel_k0(double x, bool scaled) {
    if (!(x > 0)) return x == 0 ? infinity<double> : not_a_number<double>;
    if (x <= 2) {
        double const y =
            chebyshev_series(x * x - 2,
                             {1.374465435613523e-16, 4.25981614279661e-14, 1.0349695257633842e-11,
                              1.904516377220209e-09, 2.5347910790261494e-07, 2.286212103119452e-05,
                              0.001264615411446926, 0.0359799365153615, 0.3442898999246285, -0.5353273932339028}) -
            log(0.5 * x) * i0(x);
        return scaled ? y * exp(x) : y;
    }
    if (x == infinity<double>) return 0;
    double const y =
        chebyshev_series(8 / x - 2, {5.300433772686263e-18,   -1.6475804301524212e-17, 5.2103915050390274e-17,
                                     -1.678231096805412e-16,  5.512055978524319e-16,   -1.848593377343779e-15,
                                     6.3400764774050706e-15,  -2.2275133269916698e-14, 8.032890775363575e-14,
                                     -2.9800969231727303e-13, 1.140340588208475e-12,   -4.514597883373944e-12,
                                     1.8559491149547177e-11,  -7.957489244477107e-11,  3.577397281400301e-10,
                                     -1.69753450938906e-09,   8.574034017414225e-09,   -4.660489897687948e-08,
                                     2.766813639445015e-07,   -1.8317555227191195e-06, 1.39498137188765e-05,
                                     -0.00012849549581627802, 0.0015698838857300533,   -0.0314481013119645,
                                     2.4403030820659555}) /
        sqrt(x);
    return scaled ? y : exp(-x) * y;
}
/// K₁(x), or e^x K₁(x).
TENON_ON_USE
[[gnu::noinline]] constexpr double bessel_k1(double x, bool scaled) {
    if (!(x > 0)) return x == 0 ? infinity<double> : not_a_number<double>;
    if (x <= 2) {
        double const y =
            log(0.5 * x) * i1(x) +
            chebyshev_series(x * x - 2, {-7.023863479386288e-18, -2.427449850519366e-15, -6.666901694199329e-13,
                                         -1.4114883926335278e-10, -2.213387630734726e-08, -2.4334061415659684e-06,
                                         -0.0001730288957513052, -0.006975723859639864, -0.12261118082265715,
                                         -0.3531559607765449, 1.5253002273389478}) /
                x;
        return scaled ? y * exp(x) : y;
    }
    if (x == infinity<double>) return 0;
    double const y =
        chebyshev_series(8 / x - 2, {-5.756744483665017e-18,  1.7940508731475592e-17,  -5.689462558442859e-17,
                                     1.838093544366639e-16,   -6.057047248373319e-16,  2.038703165624334e-15,
                                     -7.019837090418314e-15,  2.4771544244813043e-14,  -8.976705182324994e-14,
                                     3.3484196660784293e-13,  -1.2891739609510289e-12, 5.13963967348173e-12,
                                     -2.1299678384275683e-11, 9.218315187605006e-11,   -4.1903547593418965e-10,
                                     2.015049755197033e-09,   -1.0345762465678097e-08, 5.7410841254500495e-08,
                                     -3.5019606030878126e-07, 2.406484947837217e-06,   -1.936197974166083e-05,
                                     0.00019521551847135162,  -0.002857816859622779,   0.10392373657681724,
                                     2.7206261904844427}) /
        sqrt(x);
    return scaled ? y : exp(-x) * y;
}

}  // namespace math::single

namespace op {
template <bool Scaled>
struct bessel_k1;
/// @tparam Scaled with the factor e^x
template <bool Scaled>
struct bessel_k0 : floating {
    static constexpr char const* name = Scaled ? "scaled_modified_bessel_k0" : "modified_bessel_k0";
    template <class V>
    TENON_LANE static V value(V x) {
        return math::single::each(x, [](double v) { return math::single::bessel_k0(v, Scaled); });
    }
    template <std::size_t, class V>
    TENON_LANE static V slope(V y, V x) {
        V const first = apply_op(bessel_k1<Scaled>{}, x);
        if constexpr (Scaled) return y - first;
        else return -first;
    }
};
template <bool Scaled>
struct bessel_k1 : floating {
    static constexpr char const* name = Scaled ? "scaled_modified_bessel_k1" : "modified_bessel_k1";
    template <class V>
    TENON_LANE static V value(V x) {
        return math::single::each(x, [](double v) { return math::single::bessel_k1(v, Scaled); });
    }
    template <std::size_t, class V>
    TENON_LANE static V slope(V y, V x) {
        V const plain = -apply_op(bessel_k0<Scaled>{}, x) - y / x;
        if constexpr (Scaled) return y + plain;
        else return plain;
    }
};
}  // namespace op

namespace special {
/// The modified Bessel function of the first kind I₀(x); slope I₁(x); torch.special.i0, torch.special.modified_bessel_i0.
inline constexpr elementwise<op::i0> i0{}, modified_bessel_i0{};
/// I₁(x); slope I₀(x) − I₁(x)/x; torch.special.i1, torch.special.modified_bessel_i1.
inline constexpr elementwise<op::i1> i1{}, modified_bessel_i1{};
/// e^(−|x|) I₀(x); torch.special.i0e.
inline constexpr elementwise<op::i0e> i0e{};
/// e^(−|x|) I₁(x); torch.special.i1e.
inline constexpr elementwise<op::i1e> i1e{};
/// The modified Bessel function of the second kind K₀(x), ∞ at 0 and NaN below; slope −K₁(x); torch.special.modified_bessel_k0.
inline constexpr elementwise<op::bessel_k0<false>> modified_bessel_k0{};
/// K₁(x); slope −K₀(x) − K₁(x)/x; torch.special.modified_bessel_k1.
inline constexpr elementwise<op::bessel_k1<false>> modified_bessel_k1{};
/// e^x K₀(x); torch.special.scaled_modified_bessel_k0.
inline constexpr elementwise<op::bessel_k0<true>> scaled_modified_bessel_k0{};
/// e^x K₁(x); torch.special.scaled_modified_bessel_k1.
inline constexpr elementwise<op::bessel_k1<true>> scaled_modified_bessel_k1{};
}  // namespace special

}  // namespace tenon::inline TENON_TARGET
