// logaddexp
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
}  // namespace op

/// log(eᵃ + eᵇ) without overflow; slopes 1/(1 + e^(b − a)) and 1/(1 + e^(a − b)); torch.logaddexp.
inline constexpr elementwise<op::logaddexp> logaddexp{};

namespace element {
template <class A, class B>
    requires lanes_or_numbers<A, B>
TENON_LANE auto logaddexp(A const& a, B const& b) {
    return call_op(op::logaddexp{}, a, b);
}
}  // namespace element

}  // namespace tenon::inline TENON_TARGET
