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

/// Layers that are applied one after another; members are called "0", "1", … as in torch.nn.Sequential.
template <class... L>
struct pipeline final {
    using layer_tag = void;
    using parts = parts_of<L...>;
    static constexpr std::size_t in_features = detail::features_before<nth<0, L...>>();
    static constexpr std::size_t out_features = [] {
        std::size_t f = 0;
        ((f = requires { typename L::preserves_features; } ? f : detail::features_after<L, 0>()), ...);
        return f;
    }();

    tuple<L...> layers;

    constexpr auto operator()(auto&& x) const& { return apply<0>(layers, owning(std::forward<decltype(x)>(x))); }
    constexpr auto operator()(auto&& x) && { return apply<0>(std::move(layers), owning(std::forward<decltype(x)>(x))); }

    template <class F>
    constexpr void visit_children(F&& f) {
        unroll<sizeof...(L)>([&](auto i) { f(std::string_view(name<i>), get<i>(layers)); });
    }
    template <class F>
    constexpr void visit_children(F&& f) const {
        unroll<sizeof...(L)>([&](auto i) { f(std::string_view(name<i>), get<i>(layers)); });
    }

private:
    /// A temporary tensor as a node that owns it, which a struct with a call operator may take by reference.
    template <class X>
    static constexpr decltype(auto) owning(X&& x) {
        if constexpr (std::is_rvalue_reference_v<X&&> && requires { typename std::remove_cvref_t<X>::tensor_tag; })
            return as_node(std::forward<X>(x));
        else return std::forward<X>(x);
    }
    template <std::size_t I, class Layers, class X>
    static constexpr auto apply(Layers&& layers, X&& x) {
        if constexpr (I + 1 == sizeof...(L)) return get<I>(std::forward<Layers>(layers))(std::forward<X>(x));
        else
            return apply<I + 1>(std::forward<Layers>(layers), get<I>(std::forward<Layers>(layers))(std::forward<X>(x)));
    }
    template <std::size_t I>
    static constexpr char name[3] = {static_cast<char>(I < 10 ? '0' + I : '0' + I / 10),
                                     static_cast<char>(I < 10 ? 0 : '0' + I % 10), 0};
};

template <class... L>
inline constexpr bool holds_its_parts<pipeline<L...>> = true;

namespace detail {
template <class L>
constexpr auto as_layers(L&& l) {
    return tuple<std::remove_cvref_t<L>>{{std::forward<L>(l)}};
}
template <class... L>
constexpr tuple<L...> as_layers(pipeline<L...> p) {
    return std::move(p.layers);
}
template <std::size_t... I, std::size_t... J, class... A, class... B>
constexpr pipeline<A..., B...> join(tuple_of<std::index_sequence<I...>, A...> a,
                                    tuple_of<std::index_sequence<J...>, B...> b) {
    return {{{std::move(get<I>(a))}..., {std::move(get<J>(b))}...}};
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
    else return detail::join(detail::as_layers(std::forward<A>(a)), detail::as_layers(std::forward<B>(b)));
}

}  // namespace tenon::inline TENON_TARGET::nn
