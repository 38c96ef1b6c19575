// A mean that elements far from 0 can be centred by.
#pragma once

#include <tenon/base/target.hpp>
#include <tenon/scalar/dual.hpp>

namespace tenon::inline TENON_TARGET::element {

/// A mean, which is seldom a number of its type, as one and what is missing. It comes from the mean distance from one of the
/// elements: far from 0 the rounding of a sum of elements would be large beside their differences.
/// @tparam V one lane, or a dual number of one
template <class V>
struct exact_mean {
    V rounded, rest;
    /// 0
    TENON_LANE exact_mean() : rounded(0), rest(0) {}
    /// @param distance the mean of all elements less one of them
    TENON_LANE exact_mean(V element, V distance) : rounded(element + distance), rest(distance - (rounded - element)) {}
    /// The variance, from the mean square of distances from `rounded`.
    TENON_LANE V variance(V mean_square) const { return mean_square - rest * rest; }
};

}  // namespace tenon::inline TENON_TARGET::element
