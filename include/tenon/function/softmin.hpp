// softmin
#pragma once

#include <tenon/expr/softmax.hpp>
#include <tenon/op/arithmetic.hpp>

namespace tenon::inline TENON_TARGET {

/// softmax of −x along an axis; torch.nn.functional.softmin.
template <std::ptrdiff_t Axis, expression A>
constexpr auto softmin(A&& x) {
    return softmax<Axis>(-std::forward<A>(x));
}

}  // namespace tenon::inline TENON_TARGET
