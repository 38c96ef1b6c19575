// Pools of powers.
#pragma once

#include <cstddef>
#include <utility>

#include <tenon/expr/pool3d.hpp>
#include <tenon/op/pow.hpp>
#include <tenon/op/relu.hpp>
#include <tenon/op/sign.hpp>

namespace tenon::inline TENON_TARGET {

namespace detail {
/// (n · mean)^(1/p) of the means of powers; as PyTorch computes it, the root of a negative mean is that of its size, negated.
template <class Means>
constexpr auto root_of_means(Means&& means, double elements, double p) {
    auto const m = let(std::forward<Means>(means));
    return pow(sign(m) * relu(abs(m)) * elements, 1 / p);
}
}  // namespace detail

/// (Σ xᵖ)^(1/p) over each window of x, [n, c, l] or [c, l]; the sum for p = 1. Compile errors of avg_pool1d;
/// torch.nn.functional.lp_pool1d.
/// @tparam Options stride and ceil_mode
template <std::size_t Kernel, pool_options Options = pool_options{}, expression X>
constexpr auto lp_pool1d(X&& x, double p) {
    return detail::root_of_means(avg_pool1d<Kernel, Options>(pow(std::forward<X>(x), p)), static_cast<double>(Kernel),
                                 p);
}
/// The same over windows of images; torch.nn.functional.lp_pool2d.
template <extent2 Kernel, pool_options Options = pool_options{}, expression X>
constexpr auto lp_pool2d(X&& x, double p) {
    return detail::root_of_means(avg_pool2d<Kernel, Options>(pow(std::forward<X>(x), p)),
                                 static_cast<double>(Kernel.height * Kernel.width), p);
}
/// The same over windows of volumes; torch.nn.functional.lp_pool3d.
template <extent3 Kernel, pool3d_options Options = pool3d_options{}, expression X>
constexpr auto lp_pool3d(X&& x, double p) {
    return detail::root_of_means(avg_pool3d<Kernel, Options>(pow(std::forward<X>(x), p)),
                                 static_cast<double>(Kernel.depth * Kernel.height * Kernel.width), p);
}

}  // namespace tenon::inline TENON_TARGET
