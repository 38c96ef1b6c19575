// mish
#pragma once

#include <tenon/op/elementwise.hpp>
#include <tenon/op/exp.hpp>
#include <tenon/op/hyperbolic.hpp>
#include <tenon/op/log.hpp>
#include <tenon/op/sigmoid.hpp>
#include <tenon/scalar/math.hpp>

namespace tenon::inline TENON_TARGET {

namespace op {
struct mish : floating {
    static constexpr char const* name = "mish";
    template <class V>
    TENON_LANE static auto value(V x) {
        return x * math::tanh(math::log1p(math::exp(x)));
    }
    template <std::size_t, class V>
    TENON_LANE static auto slope(V, V x) {
        V const t = element::tanh(element::log1p(element::exp(x)));
        return t + x * element::sigmoid(x) * (1 - t * t);
    }
};
}  // namespace op

/// x tanh(log(1 + eˣ)); torch.nn.functional.mish.
inline constexpr elementwise<op::mish> mish{};

namespace element {
template <lane V>
TENON_LANE auto mish(V x) {
    return apply_op(op::mish{}, x);
}
}  // namespace element

}  // namespace tenon::inline TENON_TARGET
