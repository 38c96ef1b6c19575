// Attention as one node: softmax(q kᵀ · scale + mask) v, whose scores are never in memory all at once.
#pragma once

#include <array>
#include <cstddef>
#include <type_traits>
#include <utility>

#include <tenon/core/broadcast.hpp>
#include <tenon/expr/dropout.hpp>
#include <tenon/expr/matmul.hpp>

namespace tenon::inline TENON_TARGET {

/// What attention is told besides its operands.
struct attention_settings {
    double scale;              ///< the factor of q kᵀ
    bool is_causal;            ///< a query sees the keys up to its own position alone
    double dropout_p = 0;      ///< the probability of a weight to be left out
    generator* gen = nullptr;  ///< draws which
};

namespace detail {
template <class S>
struct transposed_extents {
    static constexpr std::array<std::size_t, S::rank()> of(S const& s) {
        auto e = s.extents();
        std::swap(e[S::rank() - 2], e[S::rank() - 1]);
        return e;
    }
    static constexpr auto value = [] {
        std::array<std::size_t, S::rank()> e{};
        for (std::size_t a = 0; a != S::rank(); ++a)
            e[a] = S::static_extents[a + 2 < S::rank() ? a : 2 * S::rank() - 3 - a];
        return e;
    }();
};
/// A shape whose last two axes have changed places.
template <class S>
using transposed_shape = shape_from<S::rank(), transposed_extents<S>>;

/// The shape of q kᵀ.
template <class Q, class K>
using scores_shape = product_shape<Q, transposed_shape<K>>;
/// The same under a mask, which may have more leading axes.
template <class Q, class K, class... M>
using masked_scores_shape = broadcast_t<scores_shape<Q, K>, M...>;

/// Whether queries, keys, values and a mask fit together. No mask makes more queries or keys than there are.
template <class Q, class K, class V, class... M>
constexpr bool attention_fits() {
    if constexpr (Q::rank() < 2 || K::rank() < 2 || V::rank() < 2) return false;
    else if constexpr (!product_fits<Q, transposed_shape<K>>()) return false;
    else if constexpr (!broadcast_all<scores_shape<Q, K>, M...>::fits) return false;
    else {
        using bare = scores_shape<Q, K>;
        using masked = masked_scores_shape<Q, K, M...>;
        for (std::size_t a = 1; a != 3; ++a) {
            std::size_t const n = bare::static_extents[bare::rank() - a];
            if (!is_dynamic(n) && n != masked::static_extents[masked::rank() - a]) return false;
        }
        return product_fits<masked, V>();
    }
}
}  // namespace detail

/// softmax(q kᵀ · scale + mask) v over the last two axes, the axes before them broadcast. A mask of bool hides keys, one of
/// numbers is added to the scores. A query that sees no key gets zeros.
/// @tparam M the mask, or nothing
template <class Q, class K, class V, class... M>
class attention_node
    : public expression_base<
          attention_node<Q, K, V, M...>, value_t<Q>,
          detail::product_shape<detail::masked_scores_shape<shape_t<Q>, shape_t<K>, shape_t<M>...>, shape_t<V>>> {
    template <class>
    static constexpr read_as read_mask = read_as::memory;

public:
    using device = device_of_nodes<Q, K, V, M...>;
    using scores_shape = detail::masked_scores_shape<shape_t<Q>, shape_t<K>, shape_t<M>...>;
    using shape_type = detail::product_shape<scores_shape, shape_t<V>>;
    static constexpr char const *name = "scaled_dot_product_attention", *kind = "attention";
    static constexpr read_as read[3 + sizeof...(M)] = {read_as::memory, read_as::memory, read_as::memory,
                                                       read_mask<M>...};
    constexpr attention_node(attention_settings const& s, Q q, K k, V v, M... mask)
        : settings(s),
          operands_{{std::move(q)}, {std::move(k)}, {std::move(v)}, {std::move(mask)}...},
          shape_(computed(std::index_sequence_for<M...>{})) {}
    constexpr shape_type shape() const { return shape_; }
    /// Queries, keys, values and, if there is one, the mask.
    constexpr tuple<Q, K, V, M...> const& operands() const { return operands_; }

    constexpr std::size_t batches() const { return detail::batch_count(shape_); }
    constexpr std::size_t queries() const { return shape_[shape_type::rank() - 2]; }
    constexpr std::size_t keys() const { return get<1>(operands_).shape()[shape_t<K>::rank() - 2]; }
    /// The extent of queries and keys, and that of values.
    constexpr std::size_t depth() const { return get<0>(operands_).shape()[shape_t<Q>::rank() - 1]; }
    constexpr std::size_t width() const { return shape_[shape_type::rank() - 1]; }
    /// Two products, and for each score a scale, a maximum, a difference, an exponential and a sum.
    constexpr std::size_t operations() const { return seen() * (2 * (depth() + width()) + 5); }
    /// The scores are computed once more, so there are five products.
    constexpr std::size_t gradient_operations() const { return seen() * (6 * depth() + 4 * width() + 7); }
    attention_settings settings;

private:
    /// How many scores there are that a query may see.
    constexpr std::size_t seen() const {
        std::size_t const l = queries(), s = keys(), corner = l < s ? l : s;
        return batches() * (settings.is_causal ? corner * (corner + 1) / 2 + (l - corner) * s : l * s);
    }
    template <std::size_t... I>
    constexpr shape_type computed(std::index_sequence<I...>) const {
        auto const k = get<1>(operands_).shape();
        detail::transposed_shape<shape_t<K>> const across(detail::transposed_extents<shape_t<K>>::of(k));
        auto const scores = detail::product_of_shapes(name, get<0>(operands_).shape(), across);
        return detail::product_of_shapes(name, broadcast_shapes(name, scores, get<3 + I>(operands_).shape()...),
                                         get<2>(operands_).shape());
    }
    tuple<Q, K, V, M...> operands_;
    [[no_unique_address]] shape_type shape_;
};

}  // namespace tenon::inline TENON_TARGET
