// The order in which several operands are joined, two at a time, with the fewest operations.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include <tenon/base/target.hpp>

namespace tenon::inline TENON_TARGET::detail {

/// Two of the operands and of what earlier steps have made: step i makes number N + i of N operands.
struct contraction_step {
    std::size_t left = 0, right = 0;
};
/// The letters of operands as sets of bits, and the extents of these letters. A run-time extent counts as 100.
template <std::size_t N>
struct contraction_problem {
    std::uint64_t sets[N]{}, result = 0;
    double extents[64]{};
    std::size_t letters = 0;

    constexpr double size(std::uint64_t set) const {
        double n = 1;
        for (std::size_t i = 0; i != letters; ++i)
            if (set >> i & 1) n *= extents[i];
        return n;
    }
};
/// The steps with the fewest operations, where a pair costs the product of its letters' extents: the best of all orders for up to
/// eight operands, by the best order of each set of them, and for more the cheapest pair of each step. Among equals the leftmost.
template <std::size_t N>
constexpr std::array<contraction_step, N> best_contraction(contraction_problem<N> const& p) {
    std::array<contraction_step, N> steps{};
    if constexpr (N <= 8) {
        constexpr std::size_t all = std::size_t{1} << N;
        std::uint64_t has[all]{}, open[all]{};
        double cost[all]{};
        std::size_t split[all]{}, number[all]{}, made = N;
        for (std::size_t s = 1; s != all; ++s)
            for (std::size_t i = 0; i != N; ++i)
                if (s >> i & 1) has[s] |= p.sets[i];
        for (std::size_t s = 1; s != all; ++s) {
            // A single operand is summed by itself as far as it can be.
            open[s] = has[s] & (p.result | has[all - 1 - s]);
            for (std::size_t i = 0; i != N; ++i)
                if (s == std::size_t{1} << i) number[s] = i;
            bool found = false;
            for (std::size_t a = (s - 1) & s; a != 0; a = (a - 1) & s) {
                // Each pair once: the left side has the first operand.
                if ((a & (s & (~s + 1))) == 0) continue;
                double const c = cost[a] + cost[s - a] + p.size(open[a] | open[s - a]);
                if (!found || c < cost[s] || (c == cost[s] && std::popcount(a) >= std::popcount(split[s]))) {
                    cost[s] = c;
                    split[s] = a;
                    found = true;
                }
            }
        }
        // Sets that the best order has, the smaller ones first.
        bool wanted[all]{};
        wanted[all - 1] = true;
        for (std::size_t s = all - 1; s != 0; --s)
            if (wanted[s] && split[s] != 0) wanted[split[s]] = wanted[s - split[s]] = true;
        for (std::size_t s = 1; s != all; ++s)
            if (wanted[s] && split[s] != 0) {
                steps[made - N] = {number[split[s]], number[s - split[s]]};
                number[s] = made++;
            }
    } else {
        std::uint64_t sets[2 * N]{};
        bool there[2 * N]{};
        for (std::size_t i = 0; i != N; ++i) {
            sets[i] = p.sets[i];
            there[i] = true;
        }
        for (std::size_t made = N; made != 2 * N - 1; ++made) {
            double least = -1;
            std::uint64_t best = 0;
            for (std::size_t i = 0; i != made; ++i)
                for (std::size_t j = i + 1; j < made; ++j) {
                    if (!there[i] || !there[j]) continue;
                    std::uint64_t others = p.result;
                    for (std::size_t q = 0; q != made; ++q)
                        if (there[q] && q != i && q != j) others |= sets[q];
                    double const c = p.size((sets[i] | sets[j]) & (others | (sets[i] & sets[j])));
                    if (least >= 0 && c >= least) continue;
                    least = c;
                    best = (sets[i] | sets[j]) & others;
                    steps[made - N] = {i, j};
                }
            there[steps[made - N].left] = there[steps[made - N].right] = false;
            there[made] = true;
            sets[made] = best;
        }
    }
    return steps;
}

}  // namespace tenon::inline TENON_TARGET::detail
