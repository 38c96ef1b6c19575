// Attention: sums of values, weighted by how well queries fit keys.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <optional>
#include <type_traits>
#include <utility>

#include <tenon/expr/matmul.hpp>
#include <tenon/expr/softmax.hpp>
#include <tenon/expr/triangle.hpp>
#include <tenon/op/where.hpp>

namespace tenon::inline TENON_TARGET {

/// Options of attention.
struct attention_options {
    bool is_causal = false;         ///< a query sees the keys up to its own position alone
    std::optional<double> scale{};  ///< the factor of q kᵀ; 1/√E unless given, where E is the last extent of q
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
auto attention_scores(Q&& q, K&& k, attention_options const& o) {
    double const scale = attention_scale(q, o);
    return causal_scores(matmul(std::forward<Q>(q), transpose(std::forward<K>(k))) * scale, o.is_causal);
}
}  // namespace detail

/// softmax(q kᵀ / √E) v over the last two axes: q is […, L, E], k […, S, E], v [… , S, V], the result [… , L, V]; leading axes are
/// broadcast. `{.is_causal = true}` hides the keys behind a query's own position. A query that may look at no key gets zeros, and
/// gives none but zeros as gradients. Compile error `matmul_shapes_do_not_fit`;
/// torch.nn.functional.scaled_dot_product_attention.
template <expression Q, expression K, expression V>
auto scaled_dot_product_attention(Q&& q, K&& k, V&& v, attention_options options = {}) {
    return matmul(detail::make_softmax<softmax_kind::masked, -1>(
                      detail::attention_scores(std::forward<Q>(q), std::forward<K>(k), options)),
                  std::forward<V>(v));
}
/// The same with a mask of the scores' shape, or one that is broadcast to it: of bool, true where a query may look at a key;
/// of numbers, which are added to the scores.
template <expression Q, expression K, expression V, expression M>
auto scaled_dot_product_attention(Q&& q, K&& k, V&& v, M&& mask, attention_options options = {}) {
    auto scores = detail::attention_scores(std::forward<Q>(q), std::forward<K>(k), options);
    if constexpr (std::is_same_v<value_t<M>, bool>)
        return matmul(detail::make_softmax<softmax_kind::masked, -1>(
                          where(std::forward<M>(mask), std::move(scores), math::minus_infinity<double>)),
                      std::forward<V>(v));
    else
        return matmul(detail::make_softmax<softmax_kind::masked, -1>(std::move(scores) + std::forward<M>(mask)),
                      std::forward<V>(v));
}

}  // namespace tenon::inline TENON_TARGET
