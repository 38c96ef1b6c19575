// A tile of attention's scores: its scale, its mask, and the weights that are made of it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include <tenon/eval/cpu/gemm_panels.hpp>
#include <tenon/eval/cpu/generated.hpp>
#include <tenon/expr/attention.hpp>
#include <tenon/expr/softmax.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// The matrices of an operand, one for each batch.
/// @tparam E its elements
template <class E>
struct batched_matrix {
    E* p = nullptr;
    /// Along each leading axis of the result, 0 where one serves all, and of rows and columns.
    std::ptrdiff_t const* strides = nullptr;
};

/// Attention as numbers: what does not depend on the types of operands and shapes.
template <class T>
struct attention_problem {
    std::size_t rank;            ///< number of leading axes
    std::size_t const* extents;  ///< theirs
    std::size_t batches, queries, keys, depth, width;
    batched_matrix<T const> q, k, v;
    batched_matrix<bool const> see;  ///< a mask of bool, or null
    batched_matrix<T const> add;     ///< a mask of numbers, or null
    T scale;
    bool is_causal;
    /// Dropout: a weight is kept by a number for its place among all, and divided by how many are kept.
    bool drops;
    T kept_scale;
    dropout_mask<shape<dyn, dyn>>::rule_type<drawn_blocks> keep;

    template <class E>
    matrix<E> of(batched_matrix<E> const& m, std::size_t batch) const {
        std::ptrdiff_t o = 0;
        for (std::size_t a = rank; a-- > 0; batch /= extents[a])
            o += static_cast<std::ptrdiff_t>(batch % extents[a]) * m.strides[a];
        return {m.p + o, m.strides[rank], m.strides[rank + 1]};
    }
    /// Before which key the queries before `end` see none.
    std::size_t seen_keys(std::size_t end) const { return is_causal ? std::min(end, keys) : keys; }
};

/// How attention is cut into tiles: so many queries meet so many keys. A tile of scores and the panels that it meets stay in the
/// L2 cache.
template <class T>
struct attention_blocking {
    static constexpr std::size_t queries = 8 * tile<T>::rows, keys = 1024 / sizeof(T);
    static_assert(keys % tile<T>::columns == 0 && keys % 4 == 0);
    /// From one row of a tile to the next: not a multiple of 256 bytes, at which columns would share few sets of the L1 cache.
    static constexpr std::size_t pitch = keys + tile<T>::lanes;
    static constexpr std::size_t size = queries * pitch;
};

/// Scores of neighbouring queries and keys in one batch.
template <class T>
class score_tile {
    static constexpr std::size_t lanes = tile<T>::lanes, pitch = attention_blocking<T>::pitch;
    using V = element::lane_t<T, lanes>;
    using one = element::lane_t<T, 1>;
    static constexpr T log2_e = math::detail::exp_constants<T>::log2_e;
    static constexpr std::size_t rounded(std::size_t n) { return (n + lanes - 1) / lanes * lanes; }

public:
    attention_problem<T> const& all;
    T* scores;
    std::size_t batch, first_query, first_key, queries, keys;

    matrix<T> scores_matrix() const { return {scores, static_cast<std::ptrdiff_t>(pitch), 1}; }
    /// Key j of the tile is seen by query i from i = j − ahead() on.
    std::ptrdiff_t ahead() const {
        return static_cast<std::ptrdiff_t>(first_query) - static_cast<std::ptrdiff_t>(first_key);
    }
    /// How far a product has to go whose rows are queries and whose columns, in C or in A, are keys.
    product_band seen_columns() const { return all.is_causal ? product_band{.columns = ahead() + 1} : product_band{}; }
    product_band seen_depth() const { return all.is_causal ? product_band{.last = ahead() + 1} : product_band{}; }
    /// The same where rows are keys, and queries are what is added up.
    product_band seeing_depth() const { return all.is_causal ? product_band{.first = -ahead()} : product_band{}; }

    /// Puts 2^(s − top) in place of scores, where s are scores times log₂ e, and top is the greatest of the row up to now.
    /// @param top,total,factor for each query: the greatest score, the sum of weights, and by what must be multiplied what was
    /// made with a lesser top
    [[gnu::noinline]] void weigh(T* top, T* total, T* factor) const {
        for (std::size_t i = 0; i < queries; ++i) {
            T* const s = scores + i * pitch;
            std::size_t const seen = seen_by(i);
            V const scale = begin_row(i, seen), hidden(math::minus_infinity<T>);
            // Four maxima in flight hide the latency of one.
            V greatest[4] = {hidden, hidden, hidden, hidden};
            std::size_t next = 0;
            for (; next + 4 * lanes <= seen; next += 4 * lanes)
                TENON_UNROLL for (std::size_t q = 0; q < 4; ++q) greatest[q] =
                    greater(element::load_lanes<lanes>(s + next + q * lanes) * scale, greatest[q]);
            each_pack(next, seen, [&](std::size_t j, auto const& among_seen) TENON_LAMBDA_INLINE {
                greatest[0] = greater(among_seen(element::load_lanes<lanes>(s + j) * scale, hidden), greatest[0]);
            });
            one const before(top[i]);
            one const now = greater(
                one(math::detail::fold([](auto a, auto b) TENON_LAMBDA_INLINE { return greater(a, b); },
                                       greater(greater(greatest[0], greatest[1]), greater(greatest[2], greatest[3])))),
                before);
            // Above nothing but −∞ all weights are 0.
            one const shift = math::select(now == one(math::minus_infinity<T>), one(T(0)), now);
            V const by = math::splat<lanes>(-shift);
            V sum(T(0));
            each_pack(0, seen, [&](std::size_t j, auto const& among_seen) TENON_LAMBDA_INLINE {
                V const weight =
                    math::exp2_weight(among_seen(math::fma(element::load_lanes<lanes>(s + j), scale, by), hidden));
                element::store_lanes(s + j, weight);
                sum = sum + weight;
            });
            one const shrink = first_key == 0 ? one(T(0)) : math::exp2_weight(before - shift);
            factor[i] = shrink[0];
            total[i] = total[i] * shrink[0] + math::hsum(sum);
            top[i] = now[0];
            end_row(i, scores);
        }
    }
    /// Leaves out weights.
    [[gnu::noinline]] void drop() const {
        for (std::size_t i = 0; i < queries; ++i)
            for (std::size_t j = 0; j < seen_by(i); j += lanes) {
                T* const s = scores + i * pitch + j;
                element::store_lanes(s, math::select(kept(i, j), element::load_lanes<lanes>(s), V(T(0))));
            }
    }
    /// Puts the weights p, as values met them, in place of scores, and in place of their gradients `slopes`, which products of the
    /// result's gradient with values made, those of q kᵀ: scale · p (∂p − Σ p ∂p).
    /// @param log_total,dots for each query the logarithm of Σ 2^s, and Σ p ∂p
    /// @param mask the gradient of an added mask for the tile, or null
    [[gnu::noinline]] void differentiate(T* slopes, T const* log_total, T const* dots, matrix<T> mask) const {
        V const scale_of_slopes(all.scale), kept_scale(all.kept_scale), nothing(T(0));
        for (std::size_t i = 0; i < queries; ++i) {
            T *const s = scores + i * pitch, *const g = slopes + i * pitch;
            std::size_t const seen = seen_by(i);
            V const scale = begin_row(i, seen), by(-log_total[i]), dot(dots[i]);
            each_pack(0, seen, [&](std::size_t j, auto const& among_seen) TENON_LAMBDA_INLINE {
                V const weight =
                    among_seen(math::exp2_weight(math::fma(element::load_lanes<lanes>(s + j), scale, by)), nothing);
                V slope = element::load_lanes<lanes>(g + j), met = weight;
                if (all.drops) {
                    auto const keep = kept(i, j);
                    met = math::select(keep, weight * kept_scale, nothing);
                    slope = math::select(keep, slope * kept_scale, nothing);
                }
                slope = among_seen(weight * (slope - dot), nothing);
                element::store_lanes(s + j, met);
                element::store_lanes(g + j, slope * scale_of_slopes);
                if (mask.p != nullptr) add_to(mask.from(i, j), slope, std::min(lanes, seen - j));
            });
            end_row(i, scores);
            end_row(i, slopes);
        }
    }

private:
    std::size_t seen_by(std::size_t i) const {
        if (!all.is_causal) return keys;
        std::size_t const end = first_query + i + 1;
        return end <= first_key ? 0 : std::min(keys, end - first_key);
    }
    static auto first_lanes(std::size_t n) {
        return V::generate([](std::size_t l) TENON_LAMBDA_INLINE { return static_cast<T>(l); }) < V(static_cast<T>(n));
    }
    auto kept(std::size_t i, std::size_t j) const {
        bool keep[lanes];
        all.keep.fill(batch * all.queries + first_query + i, first_key + j, keep);
        return element::mask<1, lanes>::load(keep).template to<sizeof(T)>();
    }
    TENON_INLINE static auto greater(auto a, auto b) { return op::greatest_number::combine(a, b); }
    /// Calls f(j, among_seen) for packs from j to `seen`, where among_seen(v, other) is v, but other in lanes beyond the last key.
    template <class F>
    TENON_INLINE static void each_pack(std::size_t j, std::size_t seen, F const& f) {
        for (; j + lanes <= seen; j += lanes) f(j, [](V const& v, V const&) TENON_LAMBDA_INLINE { return v; });
        if (j < seen)
            f(j, [in = first_lanes(seen - j)](V const& v, V const& other)
                     TENON_LAMBDA_INLINE { return math::select(in, v, other); });
    }
    /// Masks a row. @return what scores are then still to be multiplied by
    TENON_INLINE V begin_row(std::size_t i, std::size_t seen) const {
        V const scale(all.scale * log2_e);
        if (all.see.p == nullptr && all.add.p == nullptr) return scale;
        T* const s = scores + i * pitch;
        if (all.see.p != nullptr) {
            bool room[attention_blocking<T>::keys];
            bool const* const see = mask_row(all.see, i, seen, room);
            for (std::size_t j = 0; j < seen; j += lanes)
                element::store_lanes(
                    s + j, math::select(element::mask<1, lanes>::load(see + j).template to<sizeof(T)>(),
                                        element::load_lanes<lanes>(s + j) * scale, V(math::minus_infinity<T>)));
        } else {
            T room[attention_blocking<T>::keys];
            T const* const add = mask_row(all.add, i, seen, room);
            for (std::size_t j = 0; j < seen; j += lanes)
                element::store_lanes(s + j, math::fma(element::load_lanes<lanes>(s + j), scale,
                                                      element::load_lanes<lanes>(add + j) * V(log2_e)));
        }
        return V(T(1));
    }
    /// Zeros where a query sees no key of the tile.
    TENON_INLINE void end_row(std::size_t i, T* values) const {
        if (!all.is_causal) return;
        for (std::size_t j = rounded(seen_by(i)); j < keys; j += lanes)
            element::store_lanes(values + i * pitch + j, V(T(0)));
    }
    /// A row of a mask in whole packs: where it lies, or a copy.
    template <class E>
    E const* mask_row(batched_matrix<E const> const& mask, std::size_t i, std::size_t seen, E* room) const {
        auto const row = all.of(mask, batch).from(first_query + i, first_key);
        if (row.columns == 1 && seen % lanes == 0) return row.p;
        for (std::size_t j = 0; j < seen; ++j) room[j] = *row.at(0, j);
        for (std::size_t j = seen; j < rounded(seen); ++j) room[j] = E(0);
        return room;
    }
    static void add_to(matrix<T> to, V const& v, std::size_t n) {
        T values[lanes];
        element::store_lanes(values, v);
        for (std::size_t l = 0; l < n; ++l) *to.at(0, l) += values[l];
    }
};

}  // namespace tenon::inline TENON_TARGET::eval
