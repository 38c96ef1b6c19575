// Attention: sums of values, weighted by how well queries fit keys.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <optional>
#include <type_traits>
#include <utility>

#include <tenon/expr/attention.hpp>
#include <tenon/expr/softmax.hpp>
#include <tenon/expr/triangle.hpp>
#include <tenon/op/where.hpp>

namespace tenon::inline TENON_TARGET {

/// Options of attention.
struct attention_options {
    bool is_causal = false;         ///< a query sees the keys up to its own position alone
    std::optional<double> scale{};  ///< the factor of q kᵀ; 1/√E unless given, where E is the last extent of q
};

/// Dropout of attention's weights: the arguments of `dropout`.
struct attention_dropout {
    double p = 0.5;                         ///< the probability of a weight to be left out
    bool training = true;                   ///< otherwise all stay
    generator* gen = &default_generator();  ///< draws which are left out, anew in each evaluation
};

namespace detail {
template <class Q>
double attention_scale(Q const& q, attention_options const& o) {
    return o.scale ? *o.scale : 1 / std::sqrt(static_cast<double>(q.shape()[shape_t<Q>::rank() - 1]));
}
/// −∞ where a query may not look. Which option holds is known at run time alone, so every score is looked at: a diagonal
/// beyond the last column keeps all.
template <class Scores>
auto causal_scores(Scores&& scores, bool is_causal) {
    using s = shape_t<Scores>;
    constexpr std::size_t rows = s::static_extents[s::rank() - 2], columns = s::static_extents[s::rank() - 1];
    auto const e = scores.shape();
    std::array<std::size_t, 2> const last{e[s::rank() - 2], e[s::rank() - 1]};
    auto const diagonal = is_causal ? std::ptrdiff_t{0} : static_cast<std::ptrdiff_t>(last[1]);
    triangle_mask<false, rows, columns> const mask(tenon::shape<rows, columns>(last), diagonal);
    return where(mask, std::forward<Scores>(scores), math::minus_infinity<double>);
}
template <class Q, class K>
auto attention_scores(Q&& q, K&& k, attention_settings const& s) {
    return causal_scores(matmul(std::forward<Q>(q), transpose(std::forward<K>(k))) * s.scale, s.is_causal);
}
/// Scores under a mask of bool, or with numbers added.
template <class Scores>
Scores masked_scores(Scores&& scores) {
    return std::forward<Scores>(scores);
}
template <class Scores, class M>
auto masked_scores(Scores&& scores, M&& mask) {
    if constexpr (std::is_same_v<value_t<M>, bool>)
        return where(std::forward<M>(mask), std::forward<Scores>(scores), math::minus_infinity<double>);
    else return std::forward<Scores>(scores) + std::forward<M>(mask);
}

/// Whether attention is one node: on the processor, of floats or doubles. Others, such as the dual numbers of forward mode
/// and a device's tensors, are composed of products and a softmax.
template <class Q, class K, class V, class... M>
inline constexpr bool attends_in_tiles = [] {
    using T = value_t<Q>;
    if constexpr (!std::is_same_v<T, float> && !std::is_same_v<T, double>) return false;
    else if constexpr (!std::is_same_v<device_of_nodes<Q, K, V, M...>, cpu>) return false;
    else if constexpr (!std::is_same_v<value_t<K>, T> || !std::is_same_v<value_t<V>, T>) return false;
    else if constexpr (!((std::is_same_v<value_t<M>, T> || std::is_same_v<value_t<M>, bool>) && ...)) return false;
    else if constexpr (!attention_fits<shape_t<Q>, shape_t<K>, shape_t<V>, shape_t<M>...>()) return false;
    else {
        // Tiles are mostly empty where a few static positions meet, whose products have code of their own: 4×4 of 8 numbers with
        // gradients take 1.1 µs instead of 3.8, 16×16 of 16 as long either way.
        std::size_t const rows = shape_t<Q>::static_extents[shape_t<Q>::rank() - 2],
                          columns = shape_t<K>::static_extents[shape_t<K>::rank() - 2],
                          depth = shape_t<Q>::static_extents[shape_t<Q>::rank() - 1];
        return is_dynamic(rows) || is_dynamic(columns) || is_dynamic(depth) || rows * columns * depth > 512;
    }
}();

struct no_dropout {};
template <class Drop, class Q, class K, class V, class... M>
auto attend(attention_options const& o, Drop const& drop, Q&& q, K&& k, V&& v, M&&... mask) {
    constexpr bool drops = std::is_same_v<Drop, attention_dropout>;
    attention_settings settings{attention_scale(q, o), o.is_causal};
    if constexpr (drops) {
        settings.dropout_p = drop.training ? checked_probability(drop.p) : 0;
        settings.gen = drop.gen;
    }
    if constexpr (attends_in_tiles<node_t<Q>, node_t<K>, node_t<V>, node_t<M>...>)
        return attention_node<node_t<Q>, node_t<K>, node_t<V>, node_t<M>...>(
            settings, as_node(std::forward<Q>(q)), as_node(std::forward<K>(k)), as_node(std::forward<V>(v)),
            as_node(std::forward<M>(mask))...);
    else {
        auto weights = make_softmax<softmax_kind::masked, -1>(masked_scores(
            attention_scores(std::forward<Q>(q), std::forward<K>(k), settings), std::forward<M>(mask)...));
        if constexpr (drops)
            return matmul(dropout(std::move(weights), settings.dropout_p, true, *settings.gen), std::forward<V>(v));
        else return matmul(std::move(weights), std::forward<V>(v));
    }
}
}  // namespace detail

/// softmax(q kᵀ / √E) v over the last two axes: q is […, L, E], k […, S, E], v [… , S, V], the result [… , L, V]; leading axes are
/// broadcast. `{.is_causal = true}` hides the keys behind a query's own position. A query that may look at no key gets zeros, and
/// gives none but zeros as gradients. On the processor scores are computed tile by tile and stay in the cache, in backward once
/// more. Heads of queries that share keys and values (enable_gqa) are an axis more: q [heads, group, L, E] with k [heads, 1, S, E].
/// Compile error `matmul_shapes_do_not_fit`; torch.nn.functional.scaled_dot_product_attention.
template <expression Q, expression K, expression V>
auto scaled_dot_product_attention(Q&& q, K&& k, V&& v, attention_options options = {}) {
    return detail::attend(options, detail::no_dropout{}, std::forward<Q>(q), std::forward<K>(k), std::forward<V>(v));
}
/// The same with a mask of the scores' shape, or one that is broadcast to it: of bool, true where a query may look at a key;
/// of numbers, which are added to the scores.
template <expression Q, expression K, expression V, expression M>
auto scaled_dot_product_attention(Q&& q, K&& k, V&& v, M&& mask, attention_options options = {}) {
    return detail::attend(options, detail::no_dropout{}, std::forward<Q>(q), std::forward<K>(k), std::forward<V>(v),
                          std::forward<M>(mask));
}
/// Both with weights left out: `scaled_dot_product_attention(q, k, v, {}, {.p = 0.1})`. The numbers are those that `dropout`
/// of the weights would draw. @throws std::invalid_argument where p is not in [0, 1]
template <expression Q, expression K, expression V>
auto scaled_dot_product_attention(Q&& q, K&& k, V&& v, attention_options options, attention_dropout drop) {
    return detail::attend(options, drop, std::forward<Q>(q), std::forward<K>(k), std::forward<V>(v));
}
template <expression Q, expression K, expression V, expression M>
auto scaled_dot_product_attention(Q&& q, K&& k, V&& v, M&& mask, attention_options options, attention_dropout drop) {
    return detail::attend(options, drop, std::forward<Q>(q), std::forward<K>(k), std::forward<V>(v),
                          std::forward<M>(mask));
}

}  // namespace tenon::inline TENON_TARGET
