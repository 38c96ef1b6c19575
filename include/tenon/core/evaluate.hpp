// The value of a single element.
#pragma once

#include <tenon/core/executor.hpp>
#include <tenon/core/leaf.hpp>

namespace tenon::inline TENON_TARGET {

/// The value of something that has one element.
template <expression A>
constexpr auto evaluate(A const& a) {
    return executor<device_of_t<A>>::value(detail::node_of(a));
}

}  // namespace tenon::inline TENON_TARGET
