// Normalisation of stretches of neighbouring elements: one team for each, whose threads keep what they read in
// registers.
#pragma once

#include <tenon/eval/cuda/lanes.hpp>
#include <tenon/kernels/softmax.hpp>
#include <tenon/op/sqrt.hpp>

namespace tenon::inline TENON_TARGET::kernels {

/// How many packs of W elements a thread keeps: 64 bytes.
template <class T, std::size_t W>
inline constexpr unsigned kept_packs = 64 / (W * sizeof(T));

/// The longest stretch that a team keeps in registers.
template <unsigned Team, class T>
inline constexpr std::size_t kept_elements = Team * (64 / sizeof(T));

/// Calls kept(k, r) for the packs that a thread of a team has in registers, where k is a constant and r the pack's
/// first element, and further(r) for those beyond. The length is a multiple of W.
template <unsigned Team, std::size_t W, unsigned Kept, class Index, class F, class G>
TENON_INLINE __device__ void each_pack(Index length, F const& kept, G const& further) {
    Index const first = static_cast<Index>(threadIdx.x % Team * W);
    unroll<Kept>([&](auto k) TENON_LAMBDA_INLINE {
        Index const r = first + static_cast<Index>(k * Team * W);
        if (r < length) kept(k, r);
    });
    for (Index r = first + static_cast<Index>(Kept * Team * W); r < length; r += static_cast<Index>(Team * W))
        further(r);
}

/// Writes (x − mean) / √(var + eps) of each stretch of a region, or x / √(mean of x² + eps). What does not fit in
/// registers is read again from where the result belongs; each thread reads only what it wrote itself.
/// @param scales what each stretch was multiplied with, or null where nobody asks
template <unsigned Team, std::size_t W, bool Centered, class T, class Index, class Region>
__global__ void __launch_bounds__(block_size)
    standardize(__grid_constant__ const Region region, T* to, T* scales, T eps, Index length, Index count) {
    using V = element::pack<T, 1>;
    using pack = eval::lanes<V, W>;
    constexpr unsigned packs = kept_packs<T, W>;
    __shared__ V scratch[block_size / warp_size];
    Index const teams = thread_count<Index>() / Team;
    V const n(static_cast<T>(length));
    for (Index o = thread_number<Index>() / Team; o < count; o += teams) {
        Index const first = o * length;
        T* const stretch = to + first;
        pack kept[packs];
        auto const read = [&](Index r) TENON_LAMBDA_INLINE {
            auto const x = region.template load<W>(static_cast<Index>(first + r)).value;
            pack p;
            for (std::size_t j = 0; j != W; ++j) p.at[j] = math::convert<T>(x.at[j]);
            return p;
        };
        auto const again = [&](auto const& f) TENON_LAMBDA_INLINE {
            each_pack<Team, W, packs>(
                length, [&](auto k, Index r) TENON_LAMBDA_INLINE { f(kept[k], r); },
                [&](Index r) TENON_LAMBDA_INLINE { f(eval::load_elements<W, true>(stretch + r), r); });
        };
        V total(0);
        auto const add = [&](pack const& p) TENON_LAMBDA_INLINE {
            for (std::size_t j = 0; j != W; ++j) total = total + (Centered ? p.at[j] : p.at[j] * p.at[j]);
        };
        each_pack<Team, W, packs>(
            length,
            [&](auto k, Index r) TENON_LAMBDA_INLINE {
                kept[k] = read(r);
                add(kept[k]);
            },
            [&](Index r) TENON_LAMBDA_INLINE {
                pack const p = read(r);
                eval::store_elements<true>(stretch + r, p);
                add(p);
            });
        V mean(0), square = join_team<Team>(join_sum{}, total, scratch) / n;
        if constexpr (Centered) {
            mean = square;
            total = V(0);
            again([&](pack const& p, Index) TENON_LAMBDA_INLINE {
                for (std::size_t j = 0; j != W; ++j) total = total + (p.at[j] - mean) * (p.at[j] - mean);
            });
            square = join_team<Team>(join_sum{}, total, scratch) / n;
        }
        V const scale = apply_op(op::rsqrt{}, square + V(eps));
        again([&](pack const& p, Index r) TENON_LAMBDA_INLINE {
            pack y;
            for (std::size_t j = 0; j != W; ++j) y.at[j] = (p.at[j] - mean) * scale;
            eval::store_elements<true>(stretch + r, y);
        });
        if (scales && threadIdx.x % Team == 0) scale.store(scales + o);
    }
}

/// Sends the gradient g of standardised elements y on into the operand's region: scale · (g − mean g − y · mean(g y)),
/// without centring no mean of g. What does not fit in registers is read from memory twice.
template <unsigned Team, std::size_t W, bool Centered, class T, class Index, class Region>
__global__ void __launch_bounds__(block_size)
    standardize_backward(Region region, T const* y, T const* g, T const* scales, Index length, Index count) {
    using V = element::pack<T, 1>;
    using pack = eval::lanes<V, W>;
    constexpr unsigned packs = kept_packs<T, W>;
    __shared__ V scratch[block_size / warp_size];
    Index const teams = thread_count<Index>() / Team;
    V const n(static_cast<T>(length));
    for (Index o = thread_number<Index>() / Team; o < count; o += teams) {
        Index const first = o * length;
        pack values[packs], gradients[packs];
        V mean(0), slope(0);
        auto const add = [&](pack const& v, pack const& u) TENON_LAMBDA_INLINE {
            for (std::size_t j = 0; j != W; ++j) {
                if constexpr (Centered) mean = mean + u.at[j];
                slope = slope + u.at[j] * v.at[j];
            }
        };
        auto const value = [&](Index r) TENON_LAMBDA_INLINE { return eval::load_elements<W, true>(y + first + r); };
        auto const gradient = [&](Index r) TENON_LAMBDA_INLINE { return eval::load_elements<W, true>(g + first + r); };
        each_pack<Team, W, packs>(
            length,
            [&](auto k, Index r) TENON_LAMBDA_INLINE {
                values[k] = value(r);
                gradients[k] = gradient(r);
                add(values[k], gradients[k]);
            },
            [&](Index r) TENON_LAMBDA_INLINE { add(value(r), gradient(r)); });
        if constexpr (Centered) mean = join_team<Team>(join_sum{}, mean, scratch) / n;
        slope = join_team<Team>(join_sum{}, slope, scratch) / n;
        V const scale = V::load(scales + o);
        auto const send = [&](pack const& v, pack const& u, Index r) TENON_LAMBDA_INLINE {
            pack sent;
            for (std::size_t j = 0; j != W; ++j) sent.at[j] = (u.at[j] - mean - v.at[j] * slope) * scale;
            Index const i = first + r;
            auto const registers = region.template load<W>(i);
            region.template adjoint<W>(i, registers, sent);
        };
        each_pack<Team, W, packs>(
            length, [&](auto k, Index r) TENON_LAMBDA_INLINE { send(values[k], gradients[k], r); },
            [&](Index r) TENON_LAMBDA_INLINE { send(value(r), gradient(r), r); });
    }
    region.close();
}

}  // namespace tenon::inline TENON_TARGET::kernels
