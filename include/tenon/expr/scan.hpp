// Running results along an axis: cumsum, cumprod, cummax, cummin, logcumsumexp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include <tenon/expr/row.hpp>
#include <tenon/op/cast.hpp>
#include <tenon/op/exp.hpp>
#include <tenon/op/log.hpp>

namespace tenon::inline TENON_TARGET {

/// What an element does with the gradient r that has come to its result: its own is own · r, and the result before it gets
/// through · r besides.
template <class V>
struct gradient_shares {
    V own, through;
};

/// A row_rule of which result i is made of the elements 0 … i.
/// @tparam State what is known of some elements that follow each other, for lanes V: `of(x, i)` for element i alone, `join(a, b)`
/// where b's elements follow a's, `value()` of all
/// @tparam Widens whether the processor does it, and `send_back`, in double for floats: a device has few units for that
template <template <class> class State, bool Widens>
struct scan_rule : row_rule {
    static constexpr bool scans = true;
    static constexpr char const* kind = "scan";
    static constexpr std::size_t operations = 1, gradient_operations = 1;
    template <class X>
    TENON_LANE void forward(X& x) const {
        x.template scan<State, Widens>();
    }
};

namespace detail {
/// A scan along an axis, in another element type where T is not of those that it is computed in.
/// @tparam Counts whether integers and bool are joined as int64; else bool alone is another type, and stays the result's
template <class Rule, bool Counts, std::ptrdiff_t Axis, class A>
constexpr auto make_scan(A&& x) {
    using T = value_t<A>;
    if constexpr (Counts && std::is_integral_v<T> && !std::is_same_v<T, std::int64_t>)
        return make_row<Rule, Axis>(cast<std::int64_t>(std::forward<A>(x)));
    else if constexpr (std::is_same_v<T, bool>) {
        auto y = make_row<Rule, Axis>(cast<std::int8_t>(std::forward<A>(x)));
        if constexpr (std::is_same_v<value_t<decltype(y)>, std::int8_t>) return cast<bool>(std::move(y));
        else return y;
    } else if constexpr (element::narrow<T>)
        return in_float(std::forward<A>(x), [](auto&& wide) { return make_row<Rule, Axis>(std::move(wide)); });
    else return make_row<Rule, Axis>(std::forward<A>(x));
}

template <class V>
struct running_sum {
    V sum;
    TENON_LANE static running_sum of(V x, std::size_t) { return {x}; }
    TENON_LANE static running_sum join(running_sum a, running_sum b) { return {a.sum + b.sum}; }
    TENON_LANE V value() const { return sum; }
};
template <class V>
struct running_product {
    V product;
    TENON_LANE static running_product of(V x, std::size_t) { return {x}; }
    TENON_LANE static running_product join(running_product a, running_product b) { return {a.product * b.product}; }
    TENON_LANE V value() const { return product; }
};

/// Whether a beats b, which comes after it: equals do not, and NaN is beaten by NaN alone.
template <bool Least, class V>
TENON_LANE auto stays_extreme(V a, V b) {
    auto const beats = [&] {
        if constexpr (Least) return a < b;
        else return a > b;
    }();
    return beats | ((a != a) & (b == b));
}
template <bool Least>
struct running_extreme {
    template <class V>
    struct state {
        V x;
        TENON_LANE static state of(V v, std::size_t) { return {v}; }
        TENON_LANE static state join(state a, state b) {
            return {math::select(detail::stays_extreme<Least>(a.x, b.x), a.x, b.x)};
        }
        TENON_LANE V value() const { return x; }
    };
};
template <bool Least>
struct running_position {
    template <class V>
    struct state {
        using index = element::pack<std::int64_t, V::lanes>;
        V x;
        index at;
        TENON_LANE static state of(V v, std::size_t i) { return {v, index(i)}; }
        TENON_LANE static state join(state a, state b) {
            auto const stays = detail::stays_extreme<Least>(a.x, b.x);
            return {math::select(stays, a.x, b.x), math::select(stays.template to<sizeof(std::int64_t)>(), a.at, b.at)};
        }
        TENON_LANE index value() const { return at; }
    };
};

/// a − b, and 0 where both are the same infinity.
template <class V>
TENON_LANE V difference(V a, V b) {
    V const d = a - b;
    return math::select((a == b) & (d != d), V(0), d);
}
/// Σ exp(x) as total · exp(top), where top is the greatest x.
template <class V>
struct running_exponentials {
    V top, total;
    TENON_LANE static running_exponentials of(V x, std::size_t) { return {x, V(1)}; }
    TENON_LANE static running_exponentials join(running_exponentials a, running_exponentials b) {
        auto const first = detail::stays_extreme<false>(a.top, b.top);
        V const top = math::select(first, a.top, b.top), other = math::select(first, b.top, a.top);
        V const scale = element::exp(detail::difference(other, top));
        return {top, math::select(first, a.total, b.total) + math::select(first, b.total, a.total) * scale};
    }
    TENON_LANE V value() const { return top + element::log(total); }
};
}  // namespace detail

/// Each element's gradient is the sum of those from its place on.
struct cumsum_rule : scan_rule<detail::running_sum, true> {
    using for_complex = void;
    static constexpr char const* name = "cumsum";
    template <class G>
    TENON_LANE void backward(G& g) const {
        g.template send_back<true>(0, [](auto, auto y, auto) TENON_LAMBDA_INLINE {
            using V = decltype(y);
            return gradient_shares<V>{V(1), V(1)};
        });
    }
};
/// Result i has the slope y_{k−1} x_{k+1} … x_i in x_k, in which nothing is divided by an element that may be 0.
struct cumprod_rule : scan_rule<detail::running_product, true> {
    using for_complex = void;
    static constexpr char const* name = "cumprod";
    static constexpr bool needs_operand = true;
    static constexpr std::size_t gradient_operations = 3;
    template <class G>
    TENON_LANE void backward(G& g) const {
        g.template send_back<true>(1, [](auto x, auto, auto before) TENON_LAMBDA_INLINE {
            return gradient_shares<decltype(x)>{math::conj(before), math::conj(x)};
        });
    }
};
/// An element that is the extreme one takes what the results up to the next such element have got.
template <bool Least>
struct cummax_rule : scan_rule<detail::running_extreme<Least>::template state, false> {
    static constexpr char const* name = Least ? "cummin" : "cummax";
    static constexpr bool needs_operand = true;
    template <class G>
    TENON_LANE void backward(G& g) const {
        g.template send_back<false>(0, [](auto x, auto y, auto) TENON_LAMBDA_INLINE {
            using V = decltype(x);
            auto const is_it = (x == y) | (x != x);
            return gradient_shares<V>{math::select(is_it, V(1), V(0)), math::select(is_it, V(0), V(1))};
        });
    }
};
/// The indices of the same elements.
template <bool Least>
struct cummax_index_rule : scan_rule<detail::running_position<Least>::template state, false> {
    static constexpr char const* name = Least ? "cummin" : "cummax";
    template <class T>
    using result = std::int64_t;
    static constexpr bool has_slope = false;
};
/// Result i has the slope exp(x_k − y_i) in x_k, a product of exp(y_{j−1} − y_j) for j in (k, i] and exp(x_k − y_k): no factor
/// exceeds 1.
struct logcumsumexp_rule : scan_rule<detail::running_exponentials, true> {
    static constexpr char const* name = "logcumsumexp";
    static constexpr bool needs_operand = true;
    /// An exponential, a logarithm, a product and a sum; two exponentials and their products.
    static constexpr std::size_t operations = 4, gradient_operations = 6;
    template <class G>
    TENON_LANE void backward(G& g) const {
        g.template send_back<true>(math::minus_infinity<double>, [](auto x, auto y, auto before) TENON_LAMBDA_INLINE {
            return gradient_shares<decltype(x)>{element::exp(x - y), element::exp(detail::difference(before, y))};
        });
    }
};

namespace detail {
template <bool Least, std::ptrdiff_t Axis, class A>
constexpr auto make_cummax(A&& x) {
    auto const node = as_node(std::forward<A>(x));
    auto values = make_scan<cummax_rule<Least>, false, Axis>(node);
    auto indices = make_scan<cummax_index_rule<Least>, false, Axis>(node);
    return values_and_indices<decltype(values), decltype(indices)>{std::move(values), std::move(indices)};
}
}  // namespace detail

/// y_i = Σ x_j over j ≤ i along an axis; integers and bool are summed as int64. On the processor floating point numbers are
/// added up in double precision; torch.cumsum.
template <std::ptrdiff_t Axis, expression A>
constexpr auto cumsum(A&& x) {
    if constexpr (detail::axis_of_one<shape_t<A>::rank(), Axis>)
        return detail::as_vector(std::forward<A>(x), [](auto&& v) { return cumsum<0>(std::move(v)); });
    else if constexpr (!detail::axes_fit<shape_t<A>::rank(), Axis>) return detail::wrong_axes<"cumsum", shape_t<A>, Axis>{};
    else return detail::make_scan<cumsum_rule, true, Axis>(std::forward<A>(x));
}
/// y_i = Π x_j over j ≤ i along an axis; integers and bool are multiplied as int64. The gradient is exact where elements are 0;
/// torch.cumprod.
template <std::ptrdiff_t Axis, expression A>
constexpr auto cumprod(A&& x) {
    if constexpr (detail::axis_of_one<shape_t<A>::rank(), Axis>)
        return detail::as_vector(std::forward<A>(x), [](auto&& v) { return cumprod<0>(std::move(v)); });
    else if constexpr (!detail::axes_fit<shape_t<A>::rank(), Axis>) return detail::wrong_axes<"cumprod", shape_t<A>, Axis>{};
    else return detail::make_scan<cumprod_rule, true, Axis>(std::forward<A>(x));
}
/// y_i = log Σ exp(x_j) over j ≤ i along an axis, without overflow; torch.logcumsumexp.
template <std::ptrdiff_t Axis, expression A>
constexpr auto logcumsumexp(A&& x) {
    static_assert(!std::is_integral_v<value_t<A>>, "logcumsumexp: needs floating point elements");
    if constexpr (detail::axis_of_one<shape_t<A>::rank(), Axis>)
        return detail::as_vector(std::forward<A>(x), [](auto&& v) { return logcumsumexp<0>(std::move(v)); });
    else if constexpr (!detail::axes_fit<shape_t<A>::rank(), Axis>)
        return detail::wrong_axes<"logcumsumexp", shape_t<A>, Axis>{};
    else return detail::make_scan<logcumsumexp_rule, false, Axis>(std::forward<A>(x));
}
/// The greatest of each element and those before it along an axis, and its int64 index, the last one of equals:
/// `auto [values, indices] = tn::cummax<1>(x)`. The first NaN and all that follows it are NaN. A value's gradient goes to the
/// element that it is; torch.cummax.
template <std::ptrdiff_t Axis, expression A>
constexpr auto cummax(A&& x) {
    if constexpr (detail::axis_of_one<shape_t<A>::rank(), Axis>)
        return detail::as_vector(std::forward<A>(x), [](auto&& v) { return cummax<0>(std::move(v)); });
    else if constexpr (!detail::axes_fit<shape_t<A>::rank(), Axis>) return detail::wrong_axes<"cummax", shape_t<A>, Axis>{};
    else return detail::make_cummax<false, Axis>(std::forward<A>(x));
}
/// The same for the least; torch.cummin.
template <std::ptrdiff_t Axis, expression A>
constexpr auto cummin(A&& x) {
    if constexpr (detail::axis_of_one<shape_t<A>::rank(), Axis>)
        return detail::as_vector(std::forward<A>(x), [](auto&& v) { return cummin<0>(std::move(v)); });
    else if constexpr (!detail::axes_fit<shape_t<A>::rank(), Axis>) return detail::wrong_axes<"cummin", shape_t<A>, Axis>{};
    else return detail::make_cummax<true, Axis>(std::forward<A>(x));
}

}  // namespace tenon::inline TENON_TARGET
