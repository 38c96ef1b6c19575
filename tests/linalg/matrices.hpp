// Matrices that tests of factorisations share, and what they measure.
#pragma once

#include <cstddef>

#include <tenon/tenon.hpp>

namespace linalg_test {

namespace tn = tenon;

inline tn::tensor<double, 2, 3, 3> const square({{{4, 1, 2}, {0.5, 5, 3}, {2, -3, 6}},
                                                 {{2, 0.25, -1}, {0, -3, 1}, {0.5, 1, 4}}});
inline tn::tensor<double, 4, 3> const tall({{1, 2, 0.5}, {-1, 3, 2}, {0.25, -2, 1}, {4, 0, 1.5}});
/// Numbers that differ, to tell elements of a result apart.
inline tn::tensor<double, 4, 4> const weights({{1, -2, 3, 0.5}, {2, 0.25, -1, 1}, {-0.5, 1.5, 2, 3}, {1, -1, 0.75, 2}});

/// A sum of elements that count differently.
auto weighted(auto const& x) {
    using s = tn::shape_t<decltype(x)>;
    if constexpr (s::rank() == 1)
        return tn::sum(x *
                       tn::slice<0, 0, static_cast<std::ptrdiff_t>(s::static_extents[0])>(tn::select<0>(weights, 0)));
    else
        return tn::sum(x *
                       tn::slice<0, 0, static_cast<std::ptrdiff_t>(s::static_extents[s::rank() - 2])>(
                           tn::slice<1, 0, static_cast<std::ptrdiff_t>(s::static_extents[s::rank() - 1])>(weights)));
}
/// The greatest magnitude of any element.
double largest(auto const& a) { return static_cast<double>(tn::tensor(tn::max(tn::abs(a))).item()); }

}  // namespace linalg_test
