// exp
#pragma once

#include <tenon/expr/map.hpp>
#include <tenon/scalar/math.hpp>

namespace tenon::inline TENON_TARGET {

namespace op {
struct exp : floating {
    static constexpr char const* name = "exp";
    template <class V> TENON_LANE static V value(V x) { return math::exp(x); }
    template <std::size_t, class V> TENON_LANE static V slope(V y, V) { return y; }
};
}  // namespace op

/// eˣ, elementwise; torch.exp.
inline constexpr elementwise<op::exp> exp{};

namespace element {
template <lane V> TENON_LANE V exp(V x) { return apply_op(op::exp{}, x); }
}  // namespace element

}  // namespace tenon::inline TENON_TARGET
