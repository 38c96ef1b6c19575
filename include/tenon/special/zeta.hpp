// Hurwitz' zeta function.
#pragma once

#include <tenon/op/elementwise.hpp>
#include <tenon/scalar/special_gamma.hpp>

namespace tenon::inline TENON_TARGET {

namespace op {
struct zeta : floating {
    static constexpr char const* name = "zeta";
    template <class V>
    TENON_LANE static V value(V x, V q) {
        return math::zeta(x, q);
    }
    template <std::size_t I, class V>
    TENON_LANE static V slope(V, V x, V q) {
        if constexpr (I == 0) return V(math::not_a_number<double>);  // has no formula
        return -x * apply_op(zeta{}, x + 1, q);
    }
};
}  // namespace op

namespace special {
/// Σ (k + q)^(−x) over k ≥ 0, ∞ at x = 1 and NaN below; slope −x ζ(x + 1, q) in q, NaN in x, for which
/// PyTorch has none either; torch.special.zeta.
inline constexpr elementwise<op::zeta> zeta{};
}  // namespace special

}  // namespace tenon::inline TENON_TARGET
