// Functions about gamma: lgamma, digamma, polygamma, mvlgamma, igamma, igammac
#pragma once

#include <stdexcept>
#include <type_traits>

#include <tenon/op/elementwise.hpp>
#include <tenon/op/exp.hpp>
#include <tenon/op/log.hpp>
#include <tenon/scalar/special_gamma.hpp>

namespace tenon::inline TENON_TARGET {

namespace op {
struct polygamma : floating {
    static constexpr char const* name = "polygamma";
    int order;
    template <class V>
    TENON_LANE V value(V x) const {
        return math::polygamma(order, x);
    }
    template <std::size_t, class V>
    TENON_LANE V slope(V, V x) const {
        return apply_op(polygamma{{}, order + 1}, x);
    }
};
struct digamma : floating {
    static constexpr char const* name = "digamma";
    template <class V>
    TENON_LANE static V value(V x) {
        return math::digamma(x);
    }
    template <std::size_t, class V>
    TENON_LANE static V slope(V, V x) {
        return apply_op(polygamma{{}, 1}, x);
    }
};
struct lgamma : floating {
    static constexpr char const* name = "lgamma";
    template <class V>
    TENON_LANE static V value(V x) {
        return math::lgamma(x);
    }
    template <std::size_t, class V>
    TENON_LANE static V slope(V, V x) {
        return apply_op(digamma{}, x);
    }
};
struct mvlgamma : floating {
    static constexpr char const* name = "mvlgamma";
    int p;
    template <class V>
    TENON_LANE V value(V x) const {
        V sum(0.25 * p * (p - 1) * 1.14472988584940017414);  // log π
        for (int j = 0; j < p; ++j) sum = sum + math::lgamma(x - V(0.5 * j));
        return sum;
    }
    template <std::size_t, class V>
    TENON_LANE V slope(V, V x) const {
        V sum(0);
        for (int j = 0; j < p; ++j) sum = sum + apply_op(digamma{}, x - V(0.5 * j));
        return sum;
    }
};
/// x^(a−1) e^(−x) / Γ(a), the slope in x; that in a has no formula, and NaN says so.
template <bool Lower>
struct incomplete_gamma : floating {
    template <std::size_t I, class V>
    TENON_LANE static V slope(V, V a, V x) {
        if constexpr (I == 0) return V(math::not_a_number<double>);
        V const density = element::exp((a - 1) * element::log(x) - x - apply_op(lgamma{}, a));
        if constexpr (Lower) return density;
        else return -density;
    }
};
struct igamma : incomplete_gamma<true> {
    static constexpr char const* name = "igamma";
    template <class V>
    TENON_LANE static V value(V a, V x) {
        return math::igamma(a, x);
    }
};
struct igammac : incomplete_gamma<false> {
    static constexpr char const* name = "igammac";
    template <class V>
    TENON_LANE static V value(V a, V x) {
        return math::igammac(a, x);
    }
};
}  // namespace op

/// log |Γ(x)|; slope digamma(x); torch.lgamma.
inline constexpr elementwise<op::lgamma> lgamma{};
/// The derivative of log Γ(x), −∞ at 0, ∞ at −0 and NaN at negative integers; slope polygamma(1, x); torch.digamma.
inline constexpr elementwise<op::digamma> digamma{};
/// The lower incomplete gamma function γ(a, x)/Γ(a) for a, x ≥ 0, else NaN; slope x^(a−1) e^(−x)/Γ(a) in x, NaN in a,
/// for which PyTorch has none either; torch.igamma.
inline constexpr elementwise<op::igamma> igamma{};
/// The upper one, 1 − igamma(a, x), exact where it is small; torch.igammac.
inline constexpr elementwise<op::igammac> igammac{};

/// The nth derivative of digamma; slope polygamma(n + 1, x). @throws std::invalid_argument where n is negative; torch.polygamma
template <class X>
    requires elementwise_operands<X>
TENON_LANE auto polygamma(int n, X&& x) {
    if (n < 0) throw std::invalid_argument("polygamma: the order must not be negative");
    return call_op(op::polygamma{{}, n}, std::forward<X>(x));
}
/// The logarithm of the multivariate gamma function, p(p − 1)/4 log π + Σ log |Γ(x − j/2)| over j < p.
/// @throws std::invalid_argument where p is less than 1; torch.mvlgamma
template <class X>
    requires elementwise_operands<X>
TENON_LANE auto mvlgamma(X&& x, int p) {
    if (p < 1) throw std::invalid_argument("mvlgamma: the dimension must be positive");
    return call_op(op::mvlgamma{{}, p}, std::forward<X>(x));
}

}  // namespace tenon::inline TENON_TARGET
