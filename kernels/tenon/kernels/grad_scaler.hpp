// Gradients of a loss that was scaled, and how the scale moves.
#pragma once

#include <cmath>
#include <cstdint>

#include <tenon/kernels/parameters.hpp>

namespace tenon::inline TENON_TARGET::kernels {

/// Multiplies a list's gradients by 1/scale, and sets a flag where one of them is infinite or NaN.
/// @tparam Computed what a product is computed in
/// @tparam Rule see optim::detail::scale_rule
template <class T, class Computed, class Rule>
__global__ void __launch_bounds__(block_size)
    unscale_gradients(__grid_constant__ const parameter_list<0> list, float const* scale, bool* found_inf) {
    auto const factor = static_cast<Computed>(Rule::inverse(*scale));
    bool good = true;
    for_each_listed(list, [&](parameter_memory<0> const& p, std::size_t i, auto) {
        T& g = static_cast<T*>(p.gradient)[i];
        auto const x = static_cast<Computed>(g);
        good = good && std::isfinite(x);
        g = static_cast<T>(x * factor);
    });
    if (!good) *found_inf = true;
}

/// Moves the scale by what was found, and forgets that; one thread does it.
template <class Rule>
__global__ void __launch_bounds__(warp_size)
    update_scale(Rule rule, float* scale, std::int64_t* growth_tracker, bool* found_inf) {
    if (threadIdx.x == 0) rule(*scale, *growth_tracker, *found_inf);
}

}  // namespace tenon::inline TENON_TARGET::kernels
