// Attention with several heads.
#pragma once

#include <cmath>
#include <cstddef>
#include <string>
#include <utility>

#include <tenon/expr/let.hpp>
#include <tenon/expr/reshape.hpp>
#include <tenon/function/attention.hpp>
#include <tenon/nn/linear.hpp>
#include <tenon/nn/parameter.hpp>

namespace tenon::inline TENON_TARGET::nn {

/// Queries, keys and values are [batch, length, Embed] or [length, Embed].
template <std::size_t Embed, class Input>
struct attention_input_does_not_fit;

namespace detail {
template <std::size_t Embed, class S>
constexpr bool attention_input_fits() {
    if constexpr (S::rank() != 2 && S::rank() != 3) return false;
    else return is_dynamic(inner_extent<S>) || inner_extent<S> == Embed;
}

/// The extents of projections that are split into parts (`Parts` = 0: none) and heads: [batch, length, parts, heads, size].
template <std::size_t Parts, std::size_t Heads, std::size_t Embed, class S>
struct split_extents {
    static constexpr std::size_t rank = S::rank() + 1 + (Parts != 0);
    template <class Extents>
    static constexpr auto of(Extents const& e) {
        std::array<std::size_t, rank> all{};
        for (std::size_t a = 0; a + 1 < S::rank(); ++a) all[a] = e[a];
        if (Parts != 0) all[rank - 3] = Parts;
        all[rank - 2] = Heads;
        all[rank - 1] = Embed / Heads;
        return all;
    }
    static constexpr auto value = of(S::static_extents);
    using type = shape_from<rank, split_extents>;
};
/// Parts and heads as axes of their own.
template <std::size_t Parts, std::size_t Heads, std::size_t Embed, class X>
constexpr auto split_heads(X&& x) {
    using extents = split_extents<Parts, Heads, Embed, shape_t<X>>;
    typename extents::type const to(extents::of(x.shape().extents()));
    return tenon::detail::reshape_to(std::forward<X>(x), to);
}
/// The attention of projected queries, keys and values [batch, length, heads, size], joined to [batch, length, Embed].
constexpr auto attend_and_join(auto const& q, auto const& k, auto const& v, attention_options const& o) {
    auto const y = scaled_dot_product_attention(transpose<-3, -2>(q), transpose<-3, -2>(k), transpose<-3, -2>(v), o);
    return tenon::flatten<-2, -1>(transpose<-3, -2>(y));
}
}  // namespace detail

/// Attention of Heads parts of the features: q, k and v are projected, each head attends to Embed / Heads of the features, and the
/// heads' results, side by side, are projected again. Inputs are [batch, length, Embed] (batch first) or [length, Embed]; `(x)`
/// stands for `(x, x, x)`, and `{.is_causal = true}` as a last argument hides what comes after a query. Parameters start as
/// PyTorch's: in_proj_weight uniform in ±√(6 / 4 Embed), biases 0. Compile error `attention_input_does_not_fit`;
/// torch.nn.MultiheadAttention(Embed, Heads, batch_first=True), whose second result, the weights, is not computed.
template <std::size_t Embed, std::size_t Heads, class Device = cpu>
struct multihead_attention {
    static_assert(Heads > 0 && Embed % Heads == 0,
                  "multihead_attention: the features have to be divisible by the heads");
    using layer_tag = void;
    static constexpr std::size_t in_features = Embed, out_features = Embed;
    template <std::size_t... E>
    using variable = typename Device::template variable<float, E...>;

    variable<3 * Embed, Embed> in_proj_weight =
        detail::bounded_parameter<variable<3 * Embed, Embed>>(std::sqrt(6.0 / static_cast<double>(4 * Embed)));
    variable<3 * Embed> in_proj_bias{};
    linear<Embed, Embed, Device> out_proj = projection();

    /// Self-attention: one product projects queries, keys and values together.
    template <class X>
    auto operator()(X&& x, attention_options options = {}) const& {
        using s = shape_t<X>;
        if constexpr (!detail::attention_input_fits<Embed, s>()) return attention_input_does_not_fit<Embed, s>{};
        else {
            auto const projected = let(matmul(std::forward<X>(x), transpose(detail::parameter_for(x, in_proj_weight))) +
                                       detail::parameter_for(x, in_proj_bias));
            auto const parts = detail::split_heads<3, Heads, Embed>(projected);
            return out_proj(
                detail::attend_and_join(select<-3>(parts, 0), select<-3>(parts, 1), select<-3>(parts, 2), options));
        }
    }
    template <class Q, class K, class V>
    auto operator()(Q&& q, K&& k, V&& v, attention_options options = {}) const& {
        return out_proj(detail::attend_and_join(projected<0>(std::forward<Q>(q)), projected<1>(std::forward<K>(k)),
                                                projected<2>(std::forward<V>(v)), options));
    }
    /// Compile error `temporary_layer`.
    constexpr auto operator()(auto&&... x) && {
        using named = decltype(std::as_const(*this)(std::forward<decltype(x)>(x)...));
        return detail::refused_temporary<multihead_attention, named>();
    }
    static std::string description() { return text_of({"multihead_attention(", Embed, ", ", Heads, ")"}); }

private:
    static linear<Embed, Embed, Device> projection() {
        linear<Embed, Embed, Device> l;
        l.bias.value().fill(0);
        return l;
    }
    /// The queries (0), keys (1) or values (2) of an input, by heads.
    template <std::ptrdiff_t Part, class X>
    auto projected(X&& x) const {
        using s = shape_t<X>;
        constexpr auto size = static_cast<std::ptrdiff_t>(Embed);
        if constexpr (!detail::attention_input_fits<Embed, s>()) return attention_input_does_not_fit<Embed, s>{};
        else {
            auto const weight = slice<0, Part * size, (Part + 1) * size>(detail::parameter_for(x, in_proj_weight));
            auto const bias = slice<0, Part * size, (Part + 1) * size>(detail::parameter_for(x, in_proj_bias));
            return detail::split_heads<0, Heads, Embed>(let(matmul(std::forward<X>(x), transpose(weight)) + bias));
        }
    }
};

}  // namespace tenon::inline TENON_TARGET::nn
