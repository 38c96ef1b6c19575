// Normalisation of channels over a batch: several blocks find the statistics of their parts of a channel, and those
// that apply them join the parts.
#pragma once

#include <cstdint>

#include <tenon/kernels/lanes.hpp>
#include <tenon/kernels/team.hpp>
#include <tenon/op/sqrt.hpp>
#include <tenon/scalar/exact_mean.hpp>

namespace tenon::inline TENON_TARGET::kernels {

/// Number, mean and sum of squared deviations of some elements.
template <class V>
struct moments {
    V count, mean, squares;
};
/// The moments of two sets together, from their means' distance rather than from sums of squares.
///
/// Source: T. F. Chan, G. H. Golub, R. J. LeVeque, "Updating formulae and a pairwise algorithm for computing sample
/// variances", Stanford STAN-CS-79-773, 1979.
struct join_moments {
    template <class V>
    __device__ moments<V> operator()(moments<V> const& a, moments<V> const& b) const {
        V const count = a.count + b.count, distance = b.mean - a.mean;
        V const share = count.raw > 0 ? b.count / count : V(0);
        return {count, a.mean + distance * share, a.squares + b.squares + distance * distance * a.count * share};
    }
};

/// Σ g and Σ g y.
template <class V>
struct gradient_sums {
    V g, gy;
};
struct join_gradient_sums {
    template <class V>
    __device__ gradient_sums<V> operator()(gradient_sums<V> const& a, gradient_sums<V> const& b) const {
        return {a.g + b.g, a.gy + b.gy};
    }
};

/// What a thread works on: packs first, first + step, … of one channel. A block works on `Columns` neighbouring
/// channels with as many of its threads for each; several blocks may work on the same ones.
/// @tparam Columns 1 where neighbouring elements are of one channel, a warp's threads where they are of neighbouring
/// channels
template <unsigned Columns, class Index>
struct channel_share {
    static constexpr unsigned team = block_size / Columns;
    Index groups, channel, first, step;
    unsigned rank, part, parts;

    __device__ explicit channel_share(Index channels)
        : groups((channels + Columns - 1) / Columns),
          channel(static_cast<Index>(blockIdx.x) % groups * Columns + threadIdx.x % Columns),
          rank(threadIdx.x / Columns),
          part(static_cast<unsigned>(blockIdx.x / groups)),
          parts(static_cast<unsigned>(gridDim.x / groups)) {
        first = static_cast<Index>(part) * team + rank;
        step = static_cast<Index>(parts) * team;
    }
    /// Whether this thread is the one that writes for its channel: for the block, and for all blocks.
    __device__ bool leads_block() const { return rank == 0; }
    __device__ bool leads() const { return rank == 0 && part == 0; }

    /// What the threads of the block have found for a channel, joined; each of them gets it. The whole block has to
    /// call it.
    /// @param room for one value of each thread, used by no other call
    template <class Join, class M>
    __device__ M join(Join const& join, M const& m, M* room) const {
        room[threadIdx.x] = m;
        for (unsigned half = block_size / 2; half >= Columns; half /= 2) {
            __syncthreads();
            if (threadIdx.x < half) room[threadIdx.x] = join(room[threadIdx.x], room[threadIdx.x + half]);
        }
        __syncthreads();
        return room[threadIdx.x % Columns];
    }
    /// What all blocks have written for the channel, joined; the whole block has to call it.
    /// @param found one value for each channel and block, block by block
    template <class Join, class M>
    __device__ M join_parts(Join const& join, M all, M const* found, Index channels, M* room) const {
        if (channel < channels)
            for (unsigned p = rank; p < parts; p += team)
                all = join(all, found[static_cast<Index>(p) * channels + channel]);
        return this->join(join, all, room);
    }
};

/// Packs of a channel that a thread keeps: 64 bytes.
template <std::size_t W, class T>
inline constexpr unsigned packs_of_channel = 64 / (W * sizeof(T));

/// An element of a channel, from which all are measured: far from 0 the rounding of a mean would be large beside their differences.
template <std::size_t W, class T, class Region, class Channels, class Index>
__device__ inline element::pack<T, 1> channel_origin(Region const& region, Channels const& channels, Index channel) {
    return math::convert<T>(region.template load<W>(channels(channel, Index(0))).value.at[0]);
}

/// The moments of each block's part of each channel, of distances from the channel's origin. A thread keeps packs in registers, so that it reads them once for
/// their mean and the deviations from it.
/// @param channels `count()`, `packs` of a channel, and where pack k of channel c begins
template <std::size_t W, class T, class Index, class Region, class Channels>
__global__ void __launch_bounds__(block_size)
    channel_moments(__grid_constant__ const Region region, __grid_constant__ const Channels channels,
                    moments<element::pack<T, 1>>* found) {
    using V = element::pack<T, 1>;
    constexpr unsigned packs = packs_of_channel<W, T>;
    __shared__ moments<V> room[block_size];
    channel_share<Channels::columns, Index> const share(channels.count());
    moments<V> all{V(0), V(0), V(0)};
    if (share.channel < channels.count())
        for (Index k = share.first; k < channels.packs; k += packs * share.step) {
            eval::lanes<V, W> kept[packs];
            moments<V> some{V(0), V(0), V(0)};
            auto const each = [&](auto const& f) TENON_LAMBDA_INLINE {
                TENON_KERNEL_UNROLL
                for (unsigned p = 0; p != packs; ++p) {
                    Index const at = k + static_cast<Index>(p) * share.step;
                    if (at < channels.packs) f(kept[p], at);
                }
            };
            V total(0);
            each([&, one = channel_origin<W, T>(region, channels, share.channel)](auto& x, Index at)
                     TENON_LAMBDA_INLINE {
                         auto const read = region.template load<W>(channels(share.channel, at)).value;
                         for (std::size_t j = 0; j != W; ++j) {
                             x.at[j] = math::convert<T>(read.at[j]) - one;
                             total = total + x.at[j];
                         }
                         some.count = some.count + V(static_cast<T>(W));
                     });
            some.mean = total / some.count;
            each([&](auto const& x, Index) TENON_LAMBDA_INLINE {
                for (std::size_t j = 0; j != W; ++j)
                    some.squares = some.squares + (x.at[j] - some.mean) * (x.at[j] - some.mean);
            });
            all = join_moments{}(all, some);
        }
    all = share.join(join_moments{}, all, room);
    if (share.leads_block() && share.channel < channels.count())
        found[static_cast<Index>(share.part) * channels.count() + share.channel] = all;
}

/// Statistics that outlive a batch, and how a batch moves them.
template <class R>
struct running_channels {
    R* mean;  ///< null where there are none
    R* var;
    std::int64_t* batches;  ///< null where batches are not counted
    double momentum;
    double unbiased;  ///< what the batch's variance is multiplied with: n / (n − 1)

    __device__ void move(R& running, double batch) const {
        running = static_cast<R>((1 - momentum) * static_cast<double>(running) + momentum * batch);
    }
};

/// Writes (x − mean) / √(var + eps), with the mean and variance of what `channel_moments` found, which the running ones
/// then move towards, or with the running ones.
/// @param scales what each channel was multiplied with
template <bool Training, std::size_t W, class T, class R, class Index, class Region, class Channels>
__global__ void __launch_bounds__(block_size)
    standardize_channels(__grid_constant__ const Region region, __grid_constant__ const Channels channels,
                         moments<element::pack<T, 1>> const* found, __grid_constant__ const running_channels<R> running,
                         T eps, T* to, T* scales) {
    using V = element::pack<T, 1>;
    channel_share<Channels::columns, Index> const share(channels.count());
    V distance(0), var(0);
    if constexpr (Training) {
        __shared__ moments<V> room[block_size];
        auto const all = share.join_parts(join_moments{}, moments<V>{V(0), V(0), V(0)}, found, channels.count(), room);
        distance = all.mean;
        var = all.squares / all.count;
    }
    if (share.channel >= channels.count()) return;
    Index const c = share.channel;
    V origin(0);
    if constexpr (Training) origin = channel_origin<W, T>(region, channels, c);
    else {
        origin = V(static_cast<T>(running.mean[c]));
        var = V(static_cast<T>(running.var[c]));
    }
    element::exact_mean<V> const mean(origin, distance);
    V const scale = apply_op(op::rsqrt{}, var + V(eps)), shift = -(mean.rest * scale);
    if (share.leads()) {
        scale.store(scales + c);
        if (Training && running.mean) {
            running.move(running.mean[c], static_cast<double>(mean.rounded.raw));
            running.move(running.var[c], static_cast<double>(var.raw) * running.unbiased);
            if (running.batches && c == 0) ++*running.batches;
        }
    }
    for (Index k = share.first; k < channels.packs; k += share.step) {
        Index const i = channels(c, k);
        auto const x = region.template load<W>(i).value;
        eval::lanes<V, W> y;
        for (std::size_t j = 0; j != W; ++j) y.at[j] = (math::convert<T>(x.at[j]) - mean.rounded) * scale + shift;
        eval::store_elements<true>(to + i, y);
    }
}

/// Σ g and Σ g y of each block's part of each channel.
template <std::size_t W, class T, class Index, class Channels>
__global__ void __launch_bounds__(block_size)
    channel_gradients(T const* y, T const* g, __grid_constant__ const Channels channels,
                      gradient_sums<element::pack<T, 1>>* found) {
    using V = element::pack<T, 1>;
    __shared__ gradient_sums<V> room[block_size];
    channel_share<Channels::columns, Index> const share(channels.count());
    gradient_sums<V> all{V(0), V(0)};
    if (share.channel < channels.count())
        for (Index k = share.first; k < channels.packs; k += share.step) {
            Index const i = channels(share.channel, k);
            auto const v = eval::load_elements<W, true>(y + i), u = eval::load_elements<W, true>(g + i);
            for (std::size_t j = 0; j != W; ++j) all = join_gradient_sums{}(all, {u.at[j], u.at[j] * v.at[j]});
        }
    all = share.join(join_gradient_sums{}, all, room);
    if (share.leads_block() && share.channel < channels.count())
        found[static_cast<Index>(share.part) * channels.count() + share.channel] = all;
}

/// Sends the gradient on into the operand's region: scale · (g − mean g − y · mean(g y)) with what `channel_gradients`
/// found; with running statistics, which are constants, scale · g.
template <bool Training, std::size_t W, class T, class Index, class Region, class Channels>
__global__ void __launch_bounds__(block_size)
    standardize_channels_backward(Region region, __grid_constant__ const Channels channels,
                                  gradient_sums<element::pack<T, 1>> const* found, T const* y, T const* g,
                                  T const* scales, T count) {
    using V = element::pack<T, 1>;
    channel_share<Channels::columns, Index> const share(channels.count());
    V mean(0), slope(0);
    if constexpr (Training) {
        __shared__ gradient_sums<V> room[block_size];
        auto const all =
            share.join_parts(join_gradient_sums{}, gradient_sums<V>{V(0), V(0)}, found, channels.count(), room);
        mean = all.g / V(count);
        slope = all.gy / V(count);
    }
    if (share.channel < channels.count()) {
        V const scale = V::load(scales + share.channel);
        for (Index k = share.first; k < channels.packs; k += share.step) {
            Index const i = channels(share.channel, k);
            auto sent = eval::load_elements<W, true>(g + i);
            if constexpr (Training) {
                auto const v = eval::load_elements<W, true>(y + i);
                for (std::size_t j = 0; j != W; ++j) sent.at[j] = sent.at[j] - mean - v.at[j] * slope;
            }
            for (std::size_t j = 0; j != W; ++j) sent.at[j] = sent.at[j] * scale;
            auto const registers = region.template load<W>(i);
            region.template adjoint<W>(i, registers, sent);
        }
    }
    region.close();
}

}  // namespace tenon::inline TENON_TARGET::kernels
