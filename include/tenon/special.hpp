// tn::special: the functions of torch.special. Needs no more than tenon.hpp.
#pragma once

#include <tenon/special/bessel.hpp>
#include <tenon/special/modified_bessel.hpp>
#include <tenon/special/normal.hpp>
#include <tenon/special/polynomial.hpp>
#include <tenon/special/zeta.hpp>
#include <tenon/tenon.hpp>

/// What PyTorch has in torch itself too is the same function under both names.
namespace tenon::inline TENON_TARGET::special {
using tenon::digamma;
using tenon::erf;
using tenon::erfc;
using tenon::erfinv;
using tenon::exp2;
using tenon::expm1;
using tenon::log1p;
using tenon::log_softmax;
using tenon::logit;
using tenon::logsumexp;
using tenon::polygamma;
using tenon::round;
using tenon::sinc;
using tenon::softmax;
using tenon::xlogy;
/// 1/(1 + e^(−x)); torch.special.expit.
inline constexpr elementwise<op::sigmoid> expit{};
/// log |Γ(x)|; torch.special.gammaln.
inline constexpr elementwise<op::lgamma> gammaln{};
/// The derivative of log Γ(x); torch.special.psi.
inline constexpr elementwise<op::digamma> psi{};
/// γ(a, x)/Γ(a); torch.special.gammainc.
inline constexpr elementwise<op::igamma> gammainc{};
/// Γ(a, x)/Γ(a); torch.special.gammaincc.
inline constexpr elementwise<op::igammac> gammaincc{};
/// mvlgamma(x, p); torch.special.multigammaln.
template <class X>
    requires elementwise_operands<X>
TENON_LANE auto multigammaln(X&& x, int p) {
    return tenon::mvlgamma(std::forward<X>(x), p);
}
}  // namespace tenon::inline TENON_TARGET::special
