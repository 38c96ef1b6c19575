// Attention's gradients: scores are computed once more, tile by tile.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include <tenon/eval/cpu/attention_forward.hpp>
#include <tenon/eval/cpu/join_row.hpp>
#include <tenon/eval/cpu/strided_overlap.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// Where the gradients of attention's operands go. A pointer that is null is of one that wants none.
template <class T>
struct attention_gradients {
    batched_matrix<T> q{}, k{}, v{}, add{};

    /// Whether batches, and tiles of queries or keys, may be added by different threads.
    bool are_apart(attention_problem<T> const& all) const {
        auto const place = [&](batched_matrix<T> const& m, std::size_t rows, std::size_t columns) {
            strided_array a(m.p, sizeof(T));
            for (std::size_t i = 0; i != all.rank + 2; ++i) {
                std::size_t const extent = i < all.rank ? all.extents[i] : i == all.rank ? rows : columns;
                a.add_axis(m.strides[i], m.strides[i] == 0 ? 1 : extent);
            }
            return a;
        };
        batched_matrix<T> const* const each[] = {&q, &k, &v, &add};
        std::size_t const rows[] = {all.queries, all.keys, all.keys, all.queries},
                          columns[] = {all.depth, all.depth, all.width, all.keys};
        for (std::size_t i = 0; i != 4; ++i)
            for (std::size_t j = i; j != 4; ++j)
                if (each[i]->p && each[j]->p &&
                    interfere(place(*each[i], rows[i], columns[i]), place(*each[j], rows[j], columns[j])))
                    return false;
        return true;
    }
};

/// Backward of FlashAttention-2 (Dao, 2023). With the weights p = exp(s − log Σ exp(s)) and D = Σ_j p_j ∂p_j, which is the
/// product of the result's row with its gradient:
///     ∂v += pᵀ ∂o,   ∂p = ∂o vᵀ,   ∂s = p (∂p − D),   ∂q += scale ∂s k,   ∂k += scale ∂sᵀ q.
/// Every gradient is added up in the order of tiles, whoever computes them.
template <class T>
class attention_backward {
    using cut = attention_blocking<T>;
    static constexpr std::size_t lanes = tile<T>::lanes;
    attention_problem<T> const& all_;
    attention_gradients<T> to_;
    T const *result_, *slope_, *log_totals_;

    attention_backward(attention_problem<T> const& all, attention_gradients<T> const& to, T const* result,
                       T const* slope, T const* log_totals)
        : all_(all), to_(to), result_(result), slope_(slope), log_totals_(log_totals) {}

public:
    /// @param result,slope,log_totals what forward made, and the result's gradient
    static void run(attention_problem<T> const& all, attention_gradients<T> const& to, T const* result, T const* slope,
                    T const* log_totals) {
        if (all.width == 0 || all.queries == 0 || all.keys == 0) return;
        std::size_t const worth = to.are_apart(all) ? 2 * attention_forward<T>::worth(all) : 1;
        if (worth == 1 || to.add.p != nullptr || batch_groups(all, to).count >= thread_count())
            return attention_backward(all, to, result, slope, log_totals).run_groups(worth, all.queries, all.keys);
        // Few batches: each thread has tiles of queries, and then tiles of keys, at the price of two products more.
        if (to.q.p != nullptr)
            attention_backward(all, {.q = to.q}, result, slope, log_totals).run_groups(worth, cut::queries, all.keys);
        if (to.k.p != nullptr || to.v.p != nullptr)
            attention_backward(all, {.k = to.k, .v = to.v}, result, slope, log_totals)
                .run_groups(worth, all.queries, cut::keys);
    }
    /// The elements of each buffer, for the first batch.
    /// @param wants whether queries, keys and values want gradients
    static constexpr std::array<std::size_t, 8> room(attention_problem<T> const& all,
                                                     std::array<bool, 3> const& wants) {
        using factor = right_factor<T>;
        std::size_t const queries = all.queries, keys = all.keys, depth = all.depth, width = all.width;
        auto const q = all.of(all.q, 0), k = all.of(all.k, 0), v = all.of(all.v, 0);
        matrix<T const> const slope{nullptr, static_cast<std::ptrdiff_t>(width), 1};
        return {cut::size,
                cut::size,
                queries,
                factor::packed_size(k.transposed(), depth, keys, queries),
                factor::packed_size(v.transposed(), width, keys, queries),
                wants[0] ? factor::packed_size(k, keys, depth, queries) : 0,
                wants[1] ? factor::packed_size(q, queries, depth, keys) : 0,
                wants[2] ? factor::packed_size(slope, queries, width, keys) : 0};
    }

private:
    /// What a thread has for itself.
    struct room_of_thread {
        right_factor<T> k_across, v_across, k, q, slopes;
        buffer<T, dyn> scores, score_slopes, dots;
    };
    /// Parts of so many queries and keys of each group of batches, for as many threads as it is worth.
    void run_groups(std::size_t worth, std::size_t queries, std::size_t keys) const {
        batch_groups const groups(all_, to_);
        std::size_t const rows = (all_.queries + queries - 1) / queries, columns = (all_.keys + keys - 1) / keys,
                          parts = rows * columns;
        for_each_part(groups.count * parts, 1, worth, [&](std::size_t first, std::size_t last) {
            room_of_thread room;
            room.scores.reserve(cut::size);
            room.score_slopes.reserve(cut::size);
            room.dots.reserve(all_.queries);
            for (std::size_t p = first; p < last; ++p)
                for (std::size_t m = 0; m < groups.members; ++m) {
                    std::size_t const batch = groups.batch(p / parts, m), part = p % parts;
                    if (p == first || part == 0 || groups.members != 1) start(room, batch);
                    std::size_t const i = part / columns * queries, j = part % columns * keys;
                    run_part(room, batch, i, std::min(all_.queries, i + queries), j, std::min(all_.keys, j + keys));
                }
        });
    }
    void start(room_of_thread& room, std::size_t batch) const {
        auto const q = all_.of(all_.q, batch), k = all_.of(all_.k, batch), v = all_.of(all_.v, batch),
                   slope = slopes(batch);
        room.k_across.start(k.transposed(), all_.depth, all_.keys, all_.queries);
        room.v_across.start(v.transposed(), all_.width, all_.keys, all_.queries);
        if (to_.q.p != nullptr) room.k.start(k, all_.keys, all_.depth, all_.queries);
        if (to_.k.p != nullptr) room.q.start(q, all_.queries, all_.depth, all_.keys);
        if (to_.v.p != nullptr) room.slopes.start(slope, all_.queries, all_.width, all_.keys);
        find_dots(result_ + batch * all_.queries * all_.width, slope.p, room.dots.data());
    }
    /// The gradient of a batch of the result.
    matrix<T const> slopes(std::size_t batch) const {
        return {slope_ + batch * all_.queries * all_.width, static_cast<std::ptrdiff_t>(all_.width), 1};
    }
    void run_part(room_of_thread& room, std::size_t batch, std::size_t first_query, std::size_t last_query,
                  std::size_t first_key, std::size_t last_key) const {
        for (std::size_t j = first_key; j < last_key; j += cut::keys)
            for (std::size_t i = first_query; i < last_query; i += cut::queries) {
                std::size_t const queries = std::min(cut::queries, last_query - i);
                if (j < all_.seen_keys(i + queries))
                    run_tile(room, {all_, room.scores.data(), batch, i, j, queries, std::min(cut::keys, last_key - j)});
            }
    }
    void run_tile(room_of_thread& room, score_tile<T> const& tile) const {
        std::size_t const batch = tile.batch, i = tile.first_query, j = tile.first_key, queries = tile.queries,
                          keys = tile.keys;
        matrix<T> const weights = tile.scores_matrix(), score_slopes{room.score_slopes.data(), weights.rows, 1};
        room.k_across.multiply(queries, keys, all_.depth, all_.of(all_.q, batch).from(i, 0), 0, j, weights, false,
                               tile.seen_columns());
        room.v_across.multiply(queries, keys, all_.width, slopes(batch).from(i, 0), 0, j, score_slopes, false,
                               tile.seen_columns());
        matrix<T> mask{};
        if (to_.add.p != nullptr) mask = all_.of(to_.add, batch).from(i, j);
        tile.differentiate(score_slopes.p, log_totals_ + batch * all_.queries + i, room.dots.data() + i, mask);
        if (to_.v.p != nullptr)
            room.slopes.multiply(keys, all_.width, queries, weights.transposed(), i, 0,
                                 all_.of(to_.v, batch).from(j, 0), true, tile.seeing_depth());
        if (to_.q.p != nullptr)
            room.k.multiply(queries, all_.depth, keys, score_slopes, j, 0, all_.of(to_.q, batch).from(i, 0), true,
                            tile.seen_depth());
        if (to_.k.p != nullptr)
            room.q.multiply(keys, all_.depth, queries, score_slopes.transposed(), i, 0,
                            all_.of(to_.k, batch).from(j, 0), true, tile.seeing_depth());
    }
    /// The product of each row of the result with its gradient.
    void find_dots(T const* result, T const* slope, T* to) const {
        for (std::size_t i = 0; i < all_.queries; ++i, result += all_.width, slope += all_.width)
            element::store_lanes(
                to + i, join_row<op::sum, T, lanes, dyn>(all_.width, [&](auto N, std::size_t c) TENON_LAMBDA_INLINE {
                    return element::load_lanes<N>(result + c) * element::load_lanes<N>(slope + c);
                }));
    }

    /// Batches in groups that add to no gradient together, so that each group may have a thread of its own.
    struct batch_groups {
        std::size_t count = 1, members = 1;  ///< how many groups there are, and how many batches each has
        batch_groups(attention_problem<T> const& all, attention_gradients<T> const& to) : all_(all), to_(to) {
            for (std::size_t a = 0; a < all.rank; ++a) (shared(a) ? members : count) *= all.extents[a];
        }
        /// The number of member m of group g: axes that share a gradient count the members, others the groups.
        std::size_t batch(std::size_t g, std::size_t m) const {
            std::size_t number = 0, step = 1;
            for (std::size_t a = all_.rank; a-- > 0; step *= all_.extents[a]) {
                std::size_t& from = shared(a) ? m : g;
                number += from % all_.extents[a] * step;
                from /= all_.extents[a];
            }
            return number;
        }

    private:
        bool shared(std::size_t axis) const {
            for (auto const* g : {&to_.q, &to_.k, &to_.v, &to_.add})
                if (g->p != nullptr && g->strides[axis] == 0) return true;
            return false;
        }
        attention_problem<T> const& all_;
        attention_gradients<T> const& to_;
    };
};

}  // namespace tenon::inline TENON_TARGET::eval
