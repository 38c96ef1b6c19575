// softsign
#pragma once

#include <tenon/op/elementwise.hpp>
#include <tenon/op/sign.hpp>
#include <tenon/scalar/math.hpp>

namespace tenon::inline TENON_TARGET {

namespace op {
struct softsign : floating {
    static constexpr char const* name = "softsign";
    template <class V>
    TENON_LANE static auto value(V x) {
        return x / (1 + math::abs(x));
    }
    template <std::size_t, class V>
    TENON_LANE static auto slope(V, V x) {
        V const r = 1 / (1 + element::abs(x));
        return r * r;
    }
};
}  // namespace op

/// x/(1 + |x|); slope 1/(1 + |x|)²; torch.nn.functional.softsign.
inline constexpr elementwise<op::softsign> softsign{};

namespace element {
template <lane V>
TENON_LANE auto softsign(V x) {
    return apply_op(op::softsign{}, x);
}
}  // namespace element

}  // namespace tenon::inline TENON_TARGET
