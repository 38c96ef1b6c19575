// logaddexp, logaddexp2
#pragma once

#include <tenon/op/elementwise.hpp>
#include <tenon/op/exp.hpp>
#include <tenon/scalar/math.hpp>

namespace tenon::inline TENON_TARGET {

namespace op {
struct logaddexp : floating {
    static constexpr char const* name = "logaddexp";
    template <class V>
    TENON_LANE static V value(V a, V b) {
        V const top = math::maximum(a, b), sum = top + math::log1p(math::exp(-math::abs(a - b)));
        return math::select((a == b) & (a - a != 0), a, sum);
    }
    template <std::size_t I, class V>
    TENON_LANE static V slope(V, V a, V b) {
        return 1 / (1 + element::exp(I == 0 ? b - a : a - b));
    }
};
struct logaddexp2 : floating {
    static constexpr char const* name = "logaddexp2";
    template <class V>
    TENON_LANE static V value(V a, V b) {
        V const top = math::maximum(a, b);
        V const sum = top + 1.44269504088896340736 * math::log1p(math::exp2(-math::abs(a - b)));
        return math::select((a == b) & (a - a != 0), a, sum);
    }
    template <std::size_t I, class V>
    TENON_LANE static V slope(V, V a, V b) {
        return 1 / (1 + element::exp2(I == 0 ? b - a : a - b));
    }
};
}  // namespace op

/// log(eᵃ + eᵇ) without overflow; slopes 1/(1 + e^(b − a)) and 1/(1 + e^(a − b)); torch.logaddexp.
inline constexpr elementwise<op::logaddexp> logaddexp{};
/// log₂(2ᵃ + 2ᵇ) without overflow; slopes 1/(1 + 2^(b − a)) and 1/(1 + 2^(a − b)); torch.logaddexp2.
inline constexpr elementwise<op::logaddexp2> logaddexp2{};

namespace element {
template <class A, class B>
    requires lanes_or_numbers<A, B>
TENON_LANE auto logaddexp(A const& a, B const& b) {
    return call_op(op::logaddexp{}, a, b);
}
}  // namespace element

}  // namespace tenon::inline TENON_TARGET
