// map: a user's own function
#pragma once

#include <tenon/op/arithmetic.hpp>
#include <tenon/op/elementwise.hpp>

namespace tenon::inline TENON_TARGET {

namespace op {
namespace detail {
/// The type of a tensor's elements of which V are lanes.
template <class V>
struct element_type {
    using type = typename V::value_type;
};
template <class V, std::size_t K>
struct element_type<element::dual<V, K>> {
    using type = element::dual<typename element_type<V>::type, K>;
};
}  // namespace detail

/// A function of the user's as an operator: its slopes are what it gives on dual numbers, all in one evaluation.
template <class F>
struct user {
    using generic = void;
    static constexpr char const* name = "map";
    [[no_unique_address]] F f;

    /// A function may return a plain number: it becomes lanes like those of the arguments.
    template <class V, class... Rest>
    TENON_LANE static auto call(F const& f, V const& v, Rest const&... rest) {
        using result = std::remove_cvref_t<decltype(f(v, rest...))>;
        if constexpr (std::is_arithmetic_v<result>) return V(f(v, rest...));
        else return result(f(v, rest...));
    }

    template <class... A>
    struct types {
        using common = promoted_value_t<A...>;
        template <std::size_t>
        using operand = common;
        template <class>
        using lane = element::lane_t<common, 1>;
        using result = typename detail::element_type<decltype(user::call(std::declval<F const&>(),
                                                                         std::declval<lane<A>>()...))>::type;
    };
    template <class... V>
    TENON_LANE auto value(V const&... v) const {
        return call(f, v...);
    }
    /// A dual number with a direction for each operand.
    template <class... V>
    TENON_LANE auto slopes(V const&... v) const {
        return [&]<std::size_t... I>(std::index_sequence<I...>) TENON_LAMBDA_INLINE {
            using lane = nth<0, V...>;
            using dual = element::dual<lane, sizeof...(V)>;
            auto const y = call(f, seeded<dual, I>(v)...);
            if constexpr (std::is_same_v<decltype(y), dual const>) return y;
            else return dual(lane(0));  // the function does not look at its arguments
        }(std::index_sequence_for<V...>{});
    }

private:
    template <class Dual, std::size_t I, class V>
    TENON_LANE static Dual seeded(V const& v) {
        Dual d(v);
        d.tangent[I] = V(1);
        return d;
    }
};
}  // namespace op

/// f(x…) elementwise, as fast as an operator of the library: f is called with lanes, never with a plain number, and with
/// dual numbers for its slopes. Unqualified exp(v), where(v > 0, v, 0.1f * v) and so on find the functions on lanes.
/// @param f a function without effects, the same for every element; large results call it from several threads
template <class F, class... X>
    requires(sizeof...(X) > 0 && operands<X...>)
constexpr auto map(F f, X&&... x) {
    return make_map(op::user<F>{f}, std::forward<X>(x)...);
}

}  // namespace tenon::inline TENON_TARGET
