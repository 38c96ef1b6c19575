// Cross-entropy: each row's loss and its gradient in one pass over the logits' region, and the mean in the same launch.
#pragma once

#include <cstdint>

#include <tenon/kernels/vectors.hpp>

namespace tenon::inline TENON_TARGET::kernels {

/// What cross-entropy does beside −log softmax(x)_t.
template <class T>
struct cross_entropy_options {
    T const* weight;             ///< of class 0
    std::ptrdiff_t weight_step;  ///< from class to class
    std::int64_t ignore_index;
    T smoothing;
};

/// z ← ∂loss/∂x before it is scaled, losses and weights of the rows; the grid's teams share the rows.
/// A class that does not exist makes its row's loss NaN, since a kernel cannot throw.
/// @param scratch room for one value of each warp of a block
template <unsigned Team, std::size_t W, class T, class Vectors, class Region, class Targets>
__device__ inline void cross_entropy_rows(Region const& region, Targets const& targets,
                                          cross_entropy_options<T> const& options, Vectors vectors,
                                          typename Vectors::index rows, T* z, T* losses, T* weights,
                                          element::pack<T, 1>* scratch) {
    using V = element::pack<T, 1>;
    using Index = typename Vectors::index;
    Index const teams = thread_count<Index>() / Team, classes = vectors.length();
    bool const first_thread = threadIdx.x % Team == 0;
    auto const class_weight = [&](Index c) {
        return V(options.weight[static_cast<std::ptrdiff_t>(c) * options.weight_step]);
    };
    for (Index o = thread_number<Index>() / Team; o < rows; o += teams) {
        team_vector<Team, W, T, Vectors> x(vectors, o, z);
        auto const target = static_cast<std::int64_t>(targets.template load<1>(o).value.at[0].raw);
        if (target == options.ignore_index) {  // the same for the whole team
            x.fill(V(0));
            if (first_thread) losses[o] = weights[o] = T(0);
            continue;
        }
        bool const exists = target >= 0 && static_cast<Index>(target) < classes;
        Index const chosen = exists ? static_cast<Index>(target) : 0;
        V top(math::minus_infinity<T>), spread(0), all_weights(0), at_target(0);
        x.read(region, [&](V v, Index c) TENON_LAMBDA_INLINE {
            top = math::maximum(top, v);
            if (c == chosen) at_target = v;
            if (options.smoothing != 0) {
                spread = spread + class_weight(c) * v;
                all_weights = all_weights + class_weight(c);
            }
        });
        top = join_team<Team>(join_max{}, top, scratch);
        V total(0);
        x.change([&](V v, Index) TENON_LAMBDA_INLINE {
            V const e = math::exp(v - top);
            total = total + e;
            return e;
        });
        total = join_team<Team>(join_sum{}, total, scratch);
        at_target = join_team<Team>(join_sum{}, at_target, scratch);
        if (options.smoothing != 0) {
            spread = join_team<Team>(join_sum{}, spread, scratch);
            all_weights = join_team<Team>(join_sum{}, all_weights, scratch);
        }
        V const log_total = top + math::log(total), w = class_weight(chosen);
        V const share = V(options.smoothing) / V(static_cast<T>(classes)), keep = V(1) - V(options.smoothing);
        V const factor = (keep * w + share * all_weights) / total;
        x.write([&](V e, Index c) TENON_LAMBDA_INLINE {
            V g = e * factor;
            if (options.smoothing != 0) g = g - share * class_weight(c);
            if (c == chosen) g = g - keep * w;
            return g;
        });
        if (first_thread) {
            V const loss = keep * w * (log_total - at_target) + share * (all_weights * log_total - spread);
            losses[o] = exists ? loss.raw : std::numeric_limits<T>::quiet_NaN();
            weights[o] = w.raw;
        }
    }
}

/// Value and scale of the mean or the sum of the rows' losses, by one block.
/// @param value what the mean or sum is written to
/// @param scale the factor of the gradient that the mean or sum leaves
template <bool Mean, class T, class Index>
__device__ inline void join_losses(Index rows, T const* losses, T const* weights, T* value, T* scale,
                                   element::pack<T, 1>* scratch) {
    using V = element::pack<T, 1>;
    // A thread may have many rows: in double they lose nothing.
    double all_losses = 0, all_weights = 0;
    for (Index o = threadIdx.x; o < rows; o += block_size) {
        all_losses += static_cast<double>(losses[o]);
        all_weights += static_cast<double>(weights[o]);
    }
    V const loss = join_team<block_size>(join_sum{}, V(static_cast<T>(all_losses)), scratch);
    V const weight = join_team<block_size>(join_sum{}, V(static_cast<T>(all_weights)), scratch);
    if (threadIdx.x == 0) {
        V const factor = Mean ? V(1) / weight : V(1);
        (loss * factor).store(value);
        // Without any weight the mean is NaN; the gradients of rows that are ignored are 0 all the same.
        (weight[0] == T(0) && Mean ? V(0) : factor).store(scale);
    }
}

/// The rows' losses, and their mean or sum, in one launch.
/// @tparam Joins 0: every row keeps its loss, 1: their sum, 2: their mean
template <unsigned Team, std::size_t W, int Joins, class T, class Vectors, class Region, class Targets>
__global__ void __launch_bounds__(block_size)
    cross_entropy(__grid_constant__ const Region region, __grid_constant__ const Targets targets,
                  __grid_constant__ const cross_entropy_options<T> options, Vectors vectors,
                  typename Vectors::index rows, T* z, T* losses, T* weights, T* value, T* scale, unsigned* ticket) {
    __shared__ element::pack<T, 1> scratch[block_size / warp_size];
    cross_entropy_rows<Team, W>(region, targets, options, vectors, rows, z, losses, weights, scratch);
    if constexpr (Joins != 0) {
        if (!last_block(ticket)) return;
        join_losses<Joins == 2>(rows, losses, weights, value, scale, scratch);
    }
}

}  // namespace tenon::inline TENON_TARGET::kernels
