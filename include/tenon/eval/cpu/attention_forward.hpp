// Attention's result, tile by tile with a running maximum and sum.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include <tenon/base/parallel.hpp>
#include <tenon/eval/cpu/attention_scores.hpp>
#include <tenon/eval/cpu/gemm.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// softmax(q kᵀ · scale + mask) v as Dao et al. (FlashAttention, 2022, and FlashAttention-2, 2023) compute it: the weights of a
/// tile of scores are those under the greatest score up to now, and what was made under a lesser one is multiplied by
/// exp(lesser − greater).
template <class T>
class attention_forward {
    using cut = attention_blocking<T>;
    static constexpr std::size_t lanes = tile<T>::lanes;
    attention_problem<T> const& all_;
    T* result_;
    T* log_totals_;
    right_factor<T> k_, v_;
    buffer<T, dyn> scores_;

    explicit attention_forward(attention_problem<T> const& all, T* result, T* log_totals)
        : all_(all), result_(result), log_totals_(log_totals) {
        scores_.reserve(cut::size);
    }

public:
    /// @param result batches × queries × width, row-major
    /// @param log_totals for each of its rows log₂ Σ exp(s), ∞ where no key is seen; or null
    static void run(attention_problem<T> const& all, T* result, T* log_totals) {
        if (all.width == 0 || all.queries == 0) return;
        // Each thread has tiles of queries of its own.
        std::size_t const tiles = (all.queries + cut::queries - 1) / cut::queries;
        for_each_part(tiles * all.batches, 1, worth(all), [&](std::size_t first, std::size_t last) {
            attention_forward f(all, result, log_totals);
            for (std::size_t t = first; t < last; ++t) {
                if (t == first || t % tiles == 0) f.start(t / tiles);
                f.run_tile(t / tiles, t % tiles * cut::queries);
            }
        });
    }
    /// How many threads it is worth.
    static std::size_t worth(attention_problem<T> const& all) {
        return gemm_worth(all.batches * all.queries, all.keys, all.depth + all.width);
    }
    /// The elements of each buffer, for the first batch.
    static constexpr std::array<std::size_t, 3> room(attention_problem<T> const& all) {
        using factor = right_factor<T>;
        return {cut::size, factor::packed_size(all.of(all.k, 0).transposed(), all.depth, all.keys, all.queries),
                factor::packed_size(all.of(all.v, 0), all.keys, all.width, all.queries)};
    }

private:
    void start(std::size_t batch) {
        k_.start(all_.of(all_.k, batch).transposed(), all_.depth, all_.keys, all_.queries);
        v_.start(all_.of(all_.v, batch), all_.keys, all_.width, all_.queries);
    }
    void run_tile(std::size_t batch, std::size_t first) {
        std::size_t const queries = std::min(cut::queries, all_.queries - first);
        matrix<T const> const q = all_.of(all_.q, batch).from(first, 0);
        auto const width = static_cast<std::ptrdiff_t>(all_.width);
        matrix<T> const to = matrix<T>{result_, width, 1}.from(batch * all_.queries + first, 0);
        T top[cut::queries], total[cut::queries], factor[cut::queries];
        std::fill_n(top, cut::queries, math::minus_infinity<T>);
        std::fill_n(total, cut::queries, T(0));
        std::size_t const keys = all_.seen_keys(first + queries);
        for (std::size_t j = 0; j < keys; j += cut::keys) {
            score_tile<T> const tile{all_, scores_.data(), batch, first, j, queries, std::min(cut::keys, keys - j)};
            k_.multiply(queries, tile.keys, all_.depth, q, 0, j, tile.scores_matrix(), false, tile.seen_columns());
            tile.weigh(top, total, factor);
            if (all_.drops) tile.drop();
            if (j != 0) multiply_rows(to, queries, factor);
            v_.multiply(queries, all_.width, tile.keys, tile.scores_matrix(), j, 0, to, j != 0, tile.seen_depth());
        }
        if (keys == 0)
            for (std::size_t i = 0; i < queries; ++i) std::fill_n(to.at(i, 0), all_.width, T(0));
        else {
            // What has no weight at all stays 0.
            for (std::size_t i = 0; i < queries; ++i) factor[i] = total[i] == T(0) ? T(0) : all_.kept_scale / total[i];
            multiply_rows(to, queries, factor);
        }
        if (log_totals_ != nullptr) find_log_totals(log_totals_ + batch * all_.queries + first, queries, top, total);
    }
    [[gnu::noinline]] static void find_log_totals(T* to, std::size_t n, T const* top, T const* total) {
        using V = element::lane_t<T, lanes>;
        T logs[cut::queries];
        static_assert(cut::queries % lanes == 0);
        for (std::size_t i = 0; i < cut::queries; i += lanes) {
            V const sum = element::load_lanes<lanes>(total + i);
            element::store_lanes(logs + i, math::select(sum == V(T(0)), V(math::infinity<T>),
                                                        element::load_lanes<lanes>(top + i) + math::log2(sum)));
        }
        std::copy_n(logs, n, to);
    }
    [[gnu::noinline]] void multiply_rows(matrix<T> to, std::size_t rows, T const* factor) const {
        for (std::size_t i = 0; i < rows; ++i) {
            if (factor[i] == T(1)) continue;
            for_each_pack<lanes, dyn>(all_.width, [&, row = to.at(i, 0)](auto N, std::size_t j) TENON_LAMBDA_INLINE {
                element::store_lanes(row + j, element::load_lanes<N>(row + j) * element::lane_t<T, N>(factor[i]));
            });
        }
    }
};

}  // namespace tenon::inline TENON_TARGET::eval
