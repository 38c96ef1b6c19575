// Several computations in one evaluation: what they share by name is computed once.
#pragma once

#include <tuple>
#include <utility>

#include <tenon/core/executor.hpp>
#include <tenon/core/leaf.hpp>

namespace tenon::inline TENON_TARGET {

namespace detail {
/// Runs computations one after another, each while the tapes of those before it live, and so the values of their names.
/// @param done the tensors that have their values
template <class... Done, class E, class... Rest>
constexpr auto compute_after(std::tuple<Done&...> done, E const& e, Rest const&... rest) {
    decltype(e.eval()) to(uninitialized, e.shape());
    return executor<device_of_t<E>>::evaluate_into(to, node_of(e), [&] {
        auto const all = std::tuple_cat(done, std::tie(to));
        if constexpr (sizeof...(Rest) != 0) return compute_after(all, rest...);
        else return std::apply([](auto&... t) { return std::tuple(std::move(t)...); }, all);
    });
}
}  // namespace detail

/// The tensors of several computations, as a std::tuple. They are evaluated together: what has a name by `let` is computed once for
/// all, as for two uses in one computation, where one evaluation after the other would compute it for each; dask.compute.
///
///     auto m = tn::let(tn::mean<0>(x));
///     auto [mean, variance] = tn::compute(m, tn::mean<0>(tn::square(x - m)));
template <expression... E>
constexpr auto compute(E const&... e) {
    return detail::compute_after(std::tuple<>{}, e...);
}
/// Those of a pair, as a pair: `state = tn::compute(cell(x, state))` runs a step of a recurrent cell, whose two states share their
/// gates.
template <expression A, expression B>
constexpr auto compute(std::pair<A, B> const& both) {
    auto results = compute(both.first, both.second);
    return std::pair{std::get<0>(std::move(results)), std::get<1>(std::move(results))};
}

}  // namespace tenon::inline TENON_TARGET
