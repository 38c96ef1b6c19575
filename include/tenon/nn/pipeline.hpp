// Layers joined by `|`.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <tenon/base/tuple.hpp>
#include <tenon/nn/module.hpp>

namespace tenon::inline TENON_TARGET::nn {

/// A layer takes another number of features than the one before it gives.
template <class Layer, class Next>
struct layers_do_not_fit;

namespace detail {
/// Features that a layer gives: 0 where that is not known from its type.
template <class L, std::size_t Given>
constexpr std::size_t features_after() {
    if constexpr (requires { L::out_features; }) return L::out_features;
    else if constexpr (requires { typename L::preserves_features; }) return Given;
    else return 0;
}
template <class L>
constexpr std::size_t features_before() {
    if constexpr (requires { L::in_features; }) return L::in_features;
    else return 0;
}
}  // namespace detail

namespace detail {
/// Layers as pairs of all before the last one, and the last one: a pipeline that grows by a layer moves what there is as one
/// object, where a flat tuple would move each layer in code of its own for every length.
template <class All, class L>
constexpr auto operator+(std::type_identity<All>, std::type_identity<L>) {
    return std::type_identity<tuple<All, L>>{};
}
template <class First, class... L>
using chain = typename decltype((std::type_identity<tuple<First>>{} + ... + std::type_identity<L>{}))::type;

/// The number of a layer as text.
template <std::size_t I>
inline constexpr char number_text_of[3] = {static_cast<char>(I < 10 ? '0' + I : '0' + I / 10),
                                           static_cast<char>(I < 10 ? 0 : '0' + I % 10), 0};

/// Calls f(name, layer) for the first N layers of a chain.
template <std::size_t N, class Chain, class F>
constexpr void visit_chain(Chain& layers, F& f) {
    if constexpr (N == 1) f(std::string_view(number_text_of<0>), get<0>(layers));
    else {
        visit_chain<N - 1>(get<0>(layers), f);
        f(std::string_view(number_text_of<N - 1>), get<1>(layers));
    }
}
/// What the first N layers of a chain make of x.
template <std::size_t N, class Chain, class X>
constexpr auto apply_chain(Chain&& layers, X&& x) {
    if constexpr (N == 1) return get<0>(std::forward<Chain>(layers))(std::forward<X>(x));
    else
        return get<1>(std::forward<Chain>(layers))(
            apply_chain<N - 1>(get<0>(std::forward<Chain>(layers)), std::forward<X>(x)));
}
}  // namespace detail

/// Layers that are applied one after another; members are called "0", "1", … as in torch.nn.Sequential.
template <class First, class... L>
struct pipeline final {
    using layer_tag = void;
    using parts = parts_of<First, L...>;
    static constexpr std::size_t in_features = detail::features_before<First>();
    static constexpr std::size_t out_features = [] {
        std::size_t f = detail::features_after<First, 0>();
        ((f = requires { typename L::preserves_features; } ? f : detail::features_after<L, 0>()), ...);
        return f;
    }();

    detail::chain<First, L...> layers;

    constexpr auto operator()(auto&& x) const& {
        return detail::apply_chain<size>(layers, owning(std::forward<decltype(x)>(x)));
    }
    constexpr auto operator()(auto&& x) && {
        return detail::apply_chain<size>(std::move(layers), owning(std::forward<decltype(x)>(x)));
    }

    template <class F>
    constexpr void visit_children(F&& f) {
        detail::visit_chain<size>(layers, f);
    }
    template <class F>
    constexpr void visit_children(F&& f) const {
        detail::visit_chain<size>(layers, f);
    }

private:
    static constexpr std::size_t size = sizeof...(L) + 1;

    /// A temporary tensor as a node that owns it, which a struct with a call operator may take by reference.
    template <class X>
    static constexpr decltype(auto) owning(X&& x) {
        if constexpr (std::is_rvalue_reference_v<X&&> && requires { typename std::remove_cvref_t<X>::tensor_tag; })
            return as_node(std::forward<X>(x));
        else return std::forward<X>(x);
    }
};

template <class First, class... L>
inline constexpr bool holds_its_parts<pipeline<First, L...>> = true;

namespace detail {
template <class L>
constexpr pipeline<std::remove_cvref_t<L>> as_pipeline(L&& l) {
    return {{{{std::forward<L>(l)}}}};
}
template <class... L>
constexpr pipeline<L...> as_pipeline(pipeline<L...> p) {
    return p;
}
template <class... A, class B>
constexpr pipeline<A..., std::remove_cvref_t<B>> joined_layer(pipeline<A...> a, B&& b) {
    return {{{{std::move(a.layers)}}, {{std::forward<B>(b)}}}};
}
/// A pipeline, and the first N layers of a chain of types B.
template <std::size_t N, class A, class Chain>
constexpr auto joined_chain(A a, Chain b) {
    if constexpr (N == 1) return joined_layer(std::move(a), get<0>(std::move(b)));
    else return joined_layer(joined_chain<N - 1>(std::move(a), get<0>(std::move(b))), get<1>(std::move(b)));
}
template <class... A, class B>
constexpr auto join(pipeline<A...> a, B&& b) {
    return joined_layer(std::move(a), std::forward<B>(b));
}
template <class... A, class... B>
constexpr auto join(pipeline<A...> a, pipeline<B...> b) {
    return joined_chain<sizeof...(B)>(std::move(a), std::move(b.layers));
}
}  // namespace detail

/// First a, then b. One of them is a layer of this library, the other may be any struct with a call operator. Compile error
/// `layers_do_not_fit` where the features that a gives are not those that b takes.
template <class A, class B>
    requires(layer<A> || layer<B>)
constexpr auto operator|(A&& a, B&& b) {
    using first = std::remove_cvref_t<A>;
    using second = std::remove_cvref_t<B>;
    constexpr std::size_t given = detail::features_after<first, 0>(), taken = detail::features_before<second>();
    if constexpr (given != 0 && taken != 0 && given != taken) return layers_do_not_fit<first, second>{};
    else return detail::join(detail::as_pipeline(std::forward<A>(a)), std::forward<B>(b));
}

}  // namespace tenon::inline TENON_TARGET::nn
