// Gradients that are kept from growing too large: the norm of all of them, and what limits them.
#pragma once

#include <cmath>

#include <tenon/kernels/parameters.hpp>

namespace tenon::inline TENON_TARGET::kernels {

/// (Σ|g|^p)^(1/p), or the greatest |g| for p = ∞; in double precision.
struct gradient_norm {
    double p;
    bool greatest;  ///< whether p is ∞

    __device__ double term(double size) const {
        return p == 2 ? size * size : p == 1 || greatest ? size : std::pow(size, p);
    }
    /// A NaN stays.
    __device__ double join(double a, double b) const {
        if (!greatest) return a + b;
        return b > a || b != b ? b : a;
    }
    __device__ double operator()(double joined) const {
        return p == 2 ? std::sqrt(joined) : p == 1 || greatest ? joined : std::pow(joined, 1 / p);
    }
};
struct join_norms {
    gradient_norm norm;
    template <class V>
    __device__ V operator()(V a, V b) const {
        return V(norm.join(a.raw, b.raw));
    }
};

/// Adds a list's gradients to a norm. The last block of a model's last list joins what all lists' blocks have found,
/// and writes the norm and what it asks gradients to be multiplied with.
/// @param found one value for each block of all lists
/// @param first this list's first block among them
template <class T, class Norm>
__global__ void __launch_bounds__(block_size)
    add_gradients(__grid_constant__ const parameter_list<0> list, gradient_norm norm, double limit, double* found,
                  unsigned first, bool last, Norm* to, double* scale, unsigned* ticket) {
    using V = element::pack<double, 1>;
    __shared__ V scratch[block_size / warp_size];
    double all = 0;
    for_each_listed(list, [&](parameter_memory<0> const& p, std::size_t i, auto) {
        double const size = std::abs(double{static_cast<element::computed_t<T>>(static_cast<T const*>(p.gradient)[i])});
        all = norm.join(all, norm.term(size));
    });
    all = join_team<block_size>(join_norms{norm}, V(all), scratch).raw;
    if (threadIdx.x == 0) found[first + blockIdx.x] = all;
    if (!last || !last_block(ticket)) return;
    all = 0;
    for (unsigned b = threadIdx.x; b < first + gridDim.x; b += block_size) all = norm.join(all, found[b]);
    all = norm(join_team<block_size>(join_norms{norm}, V(all), scratch).raw);
    if (threadIdx.x == 0) {
        *to = static_cast<Norm>(all);
        *scale = limit / (all + 1e-6);
    }
}

/// Multiplies a list's gradients by a factor, unless that is 1 or more. A NaN reaches them.
template <class T>
__global__ void __launch_bounds__(block_size)
    scale_gradients(__grid_constant__ const parameter_list<0> list, double const* scale) {
    double const factor = *scale;
    if (factor >= 1) return;
    for_each_listed(list, [&](parameter_memory<0> const& p, std::size_t i, auto) {
        T& g = static_cast<T*>(p.gradient)[i];
        g = static_cast<T>(static_cast<double>(g) * factor);
    });
}

/// Limits a list's gradients to [−most, most]; NaN stays.
template <class T>
__global__ void __launch_bounds__(block_size) clamp_gradients(__grid_constant__ const parameter_list<0> list, T most) {
    for_each_listed(list, [&](parameter_memory<0> const& p, std::size_t i, auto) {
        T& g = static_cast<T*>(p.gradient)[i];
        if (g < -most) g = -most;
        else if (g > most) g = most;
    });
}

}  // namespace tenon::inline TENON_TARGET::kernels
