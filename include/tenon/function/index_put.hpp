// Values at places that several index tensors name at once: index_put.
#pragma once

#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

#include <tenon/expr/subscript.hpp>

namespace tenon::inline TENON_TARGET {

/// x with values at the places that indices of its first axes name, or with them added there: the expression that `x(i, j) = v` runs.
/// `index_put(x, std::tie(i, j), values)`; the values are broadcast to the shape of x(i, j). Where indices name an element twice, the last
/// value counts, or all do where they are added. torch.index_put
/// @param indices a tuple of integers, masks and `full_extent`: std::tie refers to them, std::tuple owns copies; indices of one type may
/// stand in braces
template <expression X, class... I, operand V>
constexpr auto index_put(X&& x, std::tuple<I...> indices, V&& values, bool accumulate = false) {
    static_assert((((expression<I> && detail::axes_taken<std::remove_cvref_t<I>> != 0) ||
                    std::is_same_v<std::remove_cvref_t<I>, full_extent_t>) &&
                   ...),
                  "index_put: takes integers, masks that have axes and full_extent");
    constexpr std::size_t taken = detail::all_taken<I...>;
    if constexpr (taken > shape_t<X>::rank()) return too_many_subscripts<shape_t<X>, taken>{};
    else
        return std::apply(
            [&](auto&&... i) {
                return detail::take_subscripts<0, 0, 0>(
                    [&]<class Y, class... P>(Y const& y, std::tuple<P...> const& picks) {
                        return std::apply(
                            [&](auto const&... p) {
                                return detail::write_picked(y, std::forward<V>(values), accumulate, p...);
                            },
                            picks);
                    },
                    as_node(std::forward<X>(x)), std::tuple<>(), std::forward<decltype(i)>(i)...);
            },
            std::move(indices));
}
template <expression X, expression I, std::size_t N, operand V>
constexpr auto index_put(X&& x, I const (&indices)[N], V&& values, bool accumulate = false) {
    return [&]<std::size_t... K>(std::index_sequence<K...>) {
        return index_put(std::forward<X>(x), std::tuple(I(indices[K])...), std::forward<V>(values), accumulate);
    }(std::make_index_sequence<N>{});
}

}  // namespace tenon::inline TENON_TARGET
