// detach
#pragma once

#include <tenon/op/elementwise.hpp>

namespace tenon::inline TENON_TARGET {

namespace op {
struct detach : arithmetic {
    using for_complex = void;
    using no_slope = void;
    static constexpr char const* name = "detach";
    template <class V>
    TENON_LANE static V value(V x) {
        return x;
    }
};
}  // namespace op

/// x as a constant: no gradient passes; torch.Tensor.detach.
inline constexpr elementwise<op::detach> detach{};

namespace element {
template <lane V>
TENON_LANE auto detach(V x) {
    return apply_op(op::detach{}, x);
}
}  // namespace element

}  // namespace tenon::inline TENON_TARGET
