// Vectors for the members of a vocabulary.
#pragma once

#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>

#include <tenon/function/embedding.hpp>
#include <tenon/nn/module.hpp>
#include <tenon/nn/parameter.hpp>

namespace tenon::inline TENON_TARGET::nn {

/// An embedding looks up integers; its input has elements of another type.
template <class Element>
struct embedding_takes_integers;

/// y(…, :) = weight(x(…), :) for integers x of any shape: [batch, length] gives [batch, length, Dim]. The gradient of a row
/// sums up where the row was used. weight is [Count, Dim], normal numbers at first; torch.nn.Embedding. index_error where an
/// index is not below Count; compile error `embedding_takes_integers`.
template <std::size_t Count, std::size_t Dim, class Device = cpu>
struct embedding {
    using layer_tag = void;
    static constexpr std::size_t out_features = Dim;
    using table = typename Device::template variable<float, Count, Dim>;

    table weight = detail::normal_parameter<table>();

    constexpr auto operator()(auto&& x) const& { return rows(weight, std::forward<decltype(x)>(x)); }
    constexpr auto operator()(auto&& x) && { return rows(std::move(weight), std::forward<decltype(x)>(x)); }
    static std::string description() { return text_of({"embedding(", Count, ", ", Dim, ")"}); }

private:
    template <class W, class X>
    static constexpr auto rows(W&& w, X&& x) {
        using T = value_t<X>;
        if constexpr (!std::is_integral_v<T> || std::is_same_v<T, bool>) return embedding_takes_integers<T>{};
        else return tenon::embedding(std::forward<X>(x), std::forward<W>(w));
    }
};

}  // namespace tenon::inline TENON_TARGET::nn
