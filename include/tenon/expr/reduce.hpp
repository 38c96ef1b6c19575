// Reductions: one value for all elements along some axes.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>

#include <tenon/expr/scalar_axis.hpp>
#include <tenon/expr/view.hpp>
#include <tenon/op/arithmetic.hpp>
#include <tenon/op/cast.hpp>

namespace tenon::inline TENON_TARGET {

/// The elements of A joined by Op along axes.
/// @tparam Op a class with `identity<T>()`, `combine(a, b)`, `join(v)` over the lanes of one pack, and `slope(x, y, g)`
/// @tparam Keep whether reduced axes stay as axes of extent 1
/// @tparam Axes positive and ascending; none stands for all
template <class Op, bool Keep, class A, std::size_t... Axes>
class reduce_node;

namespace detail {
template <bool Keep, class S, std::size_t... Axes>
struct reduced_extents {
    static constexpr bool reduces(std::size_t axis) { return sizeof...(Axes) == 0 || ((axis == Axes) || ...); }
    static constexpr std::size_t rank = [] {
        std::size_t n = 0;
        for (std::size_t a = 0; a != S::rank(); ++a) n += Keep || !reduces(a);
        return n;
    }();
    /// The extents that are left, from all of them.
    template <class Extents>
    static constexpr std::array<std::size_t, rank> left(Extents const& e) {
        std::array<std::size_t, rank> r{};
        std::size_t n = 0;
        for (std::size_t a = 0; a != S::rank(); ++a) {
            if (!reduces(a)) r[n++] = e[a];
            else if (Keep) r[n++] = 1;
        }
        return r;
    }
};
template <class Reduced, class S>
struct reduced_static {
    static constexpr auto value = Reduced::left(S::static_extents);
};
template <bool Keep, class S, std::size_t... Axes>
using reduced_shape =
    shape_from<reduced_extents<Keep, S, Axes...>::rank, reduced_static<reduced_extents<Keep, S, Axes...>, S>>;
}  // namespace detail

template <class Op, bool Keep, class A, std::size_t... Axes>
class reduce_node : public expression_base<reduce_node<Op, Keep, A, Axes...>, typename Op::template result<value_t<A>>,
                                           detail::reduced_shape<Keep, shape_t<A>, Axes...>> {
public:
    using reduced = detail::reduced_extents<Keep, shape_t<A>, Axes...>;
    using shape_type = detail::reduced_shape<Keep, shape_t<A>, Axes...>;
    using device = device_of_nodes<A>;
    explicit constexpr reduce_node(A a) : operand(std::move(a)), shape_(reduced::left(operand.shape().extents())) {
        if constexpr (requires { typename Op::needs_elements; }) {
            if (operand.shape().size() == 0 && shape_.size() != 0)
                throw shape_error(
                    text_of({Op::name, ": no elements in ", to_string(operand.shape()), " to choose from"}));
        }
    }
    constexpr shape_type shape() const { return shape_; }
    static constexpr char const *name = Op::name, *kind = "reduction";
    constexpr auto operands() const { return references(operand); }
    static constexpr bool has_slope = !requires { typename Op::no_slope; };
    constexpr std::size_t operations() const { return operand.shape().size(); }
    A operand;

private:
    [[no_unique_address]] shape_type shape_;
};

namespace op {

/// Σ x; integers and bool are summed as int64.
struct sum {
    using for_complex = void;
    static constexpr char const* name = "sum";
    template <class T> using result = std::conditional_t<std::is_integral_v<T>, std::int64_t, T>;
    template <class T> static constexpr T identity() { return T(0); }
    template <class V> TENON_LANE static V combine(V a, V b) { return a + b; }
    template <class V> TENON_LANE static auto join(V v) { return math::total(v); }
    template <class V> TENON_LANE static V slope(V, V, V g) { return g; }
};
/// Π x; integers as int64. The slope is the product of the others, from y / x, or 0 where x is 0 and another is too.
struct prod {
    using for_complex = void;
    static constexpr char const* name = "prod";
    template <class T> using result = std::conditional_t<std::is_integral_v<T>, std::int64_t, T>;
    template <class T> static constexpr T identity() { return T(1); }
    template <class V> TENON_LANE static V combine(V a, V b) { return a * b; }
    template <class V> TENON_LANE static auto join(V v) {
        if constexpr (element::is_dual<V>) return v;
        else return element::lane_t<typename V::value_type, 1>(math::product_of(v));
    }
    template <class V> TENON_LANE static V slope(V x, V y, V g) { return g * math::conj(y) / math::conj(x); }
    /// The gradient of a product among whose elements are zeros: a single one has the product of the others as its slope,
    /// several have none.
    template <class V> TENON_LANE static V gradient_past_zeros(V g, V zeros, V others) {
        return math::select(zeros == V(0), g, math::select(zeros == V(1), g * math::conj(others), V(0)));
    }
    /// The slope, times such a gradient.
    template <class V> TENON_LANE static V slope_past_zeros(V x, V y, V g) {
        return math::select(x == V(0), g, g * math::conj(y) / math::select(x == V(0), V(1), math::conj(x)));
    }
    static constexpr bool counts_zeros = true;
};
/// The greatest element, −∞ of none.
struct greatest {
    static constexpr char const* name = "max";
    template <class T> using result = T;
    template <class T> static constexpr T identity() {
        if constexpr (element::is_dual<T>) return T(identity<typename T::value_type>());
        else return std::numeric_limits<T>::has_infinity ? math::minus_infinity<T> : std::numeric_limits<T>::lowest();
    }
    template <class V> TENON_LANE static V combine(V a, V b) {
        if constexpr (element::is_dual<V>) return math::select(!(b.value > a.value) && b.value == b.value, a, b);
        else if constexpr (element::is_mask<V>) return a | b;
        else return math::maximum(a, b);
    }
    template <class V> TENON_LANE static auto join(V v) {
        if constexpr (element::is_dual<V>) return v;
        else if constexpr (element::is_mask<V>) return element::mask<1, 1>(math::any_of(v));
        else return element::pack<typename V::value_type, 1>(math::max_of(v));
    }
    template <class V> TENON_LANE static V slope(V x, V y, V g) { return math::select(x == y, g, V(0)); }
    /// Elements that share the extreme value share its gradient, as torch.amax.
    static constexpr bool splits_gradient = true;
};
struct max : greatest {
    using needs_elements = void;
};
struct min {
    using needs_elements = void;
    static constexpr char const* name = "min";
    template <class T> using result = T;
    template <class T> static constexpr T identity() {
        if constexpr (element::is_dual<T>) return T(identity<typename T::value_type>());
        else return std::numeric_limits<T>::has_infinity ? math::infinity<T> : std::numeric_limits<T>::max();
    }
    template <class V> TENON_LANE static V combine(V a, V b) {
        if constexpr (element::is_dual<V>) return math::select(!(b.value < a.value) && b.value == b.value, a, b);
        else if constexpr (element::is_mask<V>) return a & b;
        else return math::minimum(a, b);
    }
    template <class V> TENON_LANE static auto join(V v) {
        if constexpr (element::is_dual<V>) return v;
        else if constexpr (element::is_mask<V>) return element::mask<1, 1>(math::all_of(v));
        else return element::pack<typename V::value_type, 1>(math::min_of(v));
    }
    template <class V> TENON_LANE static V slope(V x, V y, V g) { return math::select(x == y, g, V(0)); }
    static constexpr bool splits_gradient = true;
};
struct any {
    using for_complex = void;
    using no_slope = void;
    static constexpr char const* name = "any";
    template <class> using result = bool;
    template <class T> static constexpr T identity() { return false; }
    template <class V> TENON_LANE static V combine(V a, V b) { return a | b; }
    template <class V> TENON_LANE static auto join(V v) { return element::mask<1, 1>(math::any_of(v)); }
};
struct all {
    using for_complex = void;
    using no_slope = void;
    static constexpr char const* name = "all";
    template <class> using result = bool;
    template <class T> static constexpr T identity() { return true; }
    template <class V> TENON_LANE static V combine(V a, V b) { return a & b; }
    template <class V> TENON_LANE static auto join(V v) { return element::mask<1, 1>(math::all_of(v)); }
};

}  // namespace op

namespace detail {
template <class Op, bool Keep, class A, std::size_t... Sorted>
constexpr auto make_reduce(A&& x, std::index_sequence<Sorted...>) {
    return reduce_node<Op, Keep, node_t<A>, Sorted...>(as_node(std::forward<A>(x)));
}
template <class S, std::ptrdiff_t... Axes>
struct sorted_axes {
    static constexpr std::size_t count = sizeof...(Axes);
    static constexpr std::array<std::size_t, count> value = [] {
        std::array<std::size_t, count> a{axis_of(Axes, S::rank())...};
        for (std::size_t i = 0; i < count; ++i)
            for (std::size_t j = i + 1; j < count; ++j)
                if (a[j] < a[i]) std::swap(a[i], a[j]);
        return a;
    }();
    template <std::size_t... I>
    static constexpr auto sequence(std::index_sequence<I...>) {
        return std::index_sequence<value[I]...>{};
    }
};
template <class Op, std::ptrdiff_t... Axes, class A, class... K>
constexpr auto reduce(A&& x, K... keep) {
    using axes = sorted_axes<shape_t<A>, Axes...>;
    if constexpr (element::is_complex<value_t<A>> && !requires { typename Op::for_complex; })
        return not_for_complex<Op>{};
    else if constexpr (element::narrow<value_t<A>>)
        return in_float(std::forward<A>(x), [=](auto&& wide) { return reduce<Op, Axes...>(std::move(wide), keep...); });
    else
        return make_reduce<Op, (sizeof...(K) != 0)>(std::forward<A>(x),
                                                    axes::sequence(std::make_index_sequence<axes::count>{}));
}
/// A public reduction: what its axes have to be, and what reduces along them.
template <operation_name Name, class Op, std::ptrdiff_t... Axes, class A, class... K>
constexpr auto reduce_along(A&& x, K... keep) {
    if constexpr (axis_of_one<shape_t<A>::rank(), Axes...>)
        return as_vector(std::forward<A>(x),
                         [=](auto&& v) { return reduce_along<Name, Op, 0>(std::move(v), keep...); });
    else if constexpr (!axes_fit<shape_t<A>::rank(), Axes...>) return wrong_axes<Name, shape_t<A>, Axes...>{};
    else return reduce<Op, Axes...>(std::forward<A>(x), keep...);
}
/// How many elements are joined into one.
template <std::ptrdiff_t... Axes, class A>
constexpr std::size_t reduced_count(A const& x) {
    if constexpr (sizeof...(Axes) == 0) return x.size();
    else return (x.shape()[axis_of(Axes, shape_t<A>::rank())] * ... * std::size_t{1});
}
}  // namespace detail

/// Σ x along Axes, or over all elements; `keepdim` as a second argument keeps the axes. bool and integers give int64.
template <std::ptrdiff_t... Axes, expression A, keepdim_tag... Keep>
    requires(sizeof...(Keep) <= 1)
constexpr auto sum(A&& x, Keep... keep) {
    return detail::reduce_along<"sum", op::sum, Axes...>(std::forward<A>(x), keep...);
}
/// Π x along Axes, or over all elements.
template <std::ptrdiff_t... Axes, expression A, keepdim_tag... Keep>
    requires(sizeof...(Keep) <= 1)
constexpr auto prod(A&& x, Keep... keep) {
    return detail::reduce_along<"prod", op::prod, Axes...>(std::forward<A>(x), keep...);
}
/// The greatest element; NaN if there is one. Elements that share it share its gradient; torch.amax, numpy.max.
template <std::ptrdiff_t... Axes, expression A, keepdim_tag... Keep>
    requires(sizeof...(Keep) <= 1)
constexpr auto max(A&& x, Keep... keep) {
    return detail::reduce_along<"max", op::max, Axes...>(std::forward<A>(x), keep...);
}
/// The same under PyTorch's name.
template <std::ptrdiff_t... Axes, expression A, keepdim_tag... Keep>
    requires(sizeof...(Keep) <= 1)
constexpr auto amax(A&& x, Keep... keep) {
    return detail::reduce_along<"amax", op::max, Axes...>(std::forward<A>(x), keep...);
}
/// The least element; NaN if there is one. Elements that share it share its gradient; torch.amin, numpy.min.
template <std::ptrdiff_t... Axes, expression A, keepdim_tag... Keep>
    requires(sizeof...(Keep) <= 1)
constexpr auto min(A&& x, Keep... keep) {
    return detail::reduce_along<"min", op::min, Axes...>(std::forward<A>(x), keep...);
}
/// The same under PyTorch's name.
template <std::ptrdiff_t... Axes, expression A, keepdim_tag... Keep>
    requires(sizeof...(Keep) <= 1)
constexpr auto amin(A&& x, Keep... keep) {
    return detail::reduce_along<"amin", op::min, Axes...>(std::forward<A>(x), keep...);
}
/// Whether any element is true, that is, not 0.
template <std::ptrdiff_t... Axes, expression A, keepdim_tag... Keep>
    requires(sizeof...(Keep) <= 1)
constexpr auto any(A&& x, Keep... keep) {
    return detail::reduce_along<"any", op::any, Axes...>(std::forward<A>(x), keep...);
}
/// Whether all elements are true, that is, not 0.
template <std::ptrdiff_t... Axes, expression A, keepdim_tag... Keep>
    requires(sizeof...(Keep) <= 1)
constexpr auto all(A&& x, Keep... keep) {
    return detail::reduce_along<"all", op::all, Axes...>(std::forward<A>(x), keep...);
}
/// Σ x / n along Axes, or over all elements.
template <std::ptrdiff_t... Axes, expression A, keepdim_tag... Keep>
    requires(sizeof...(Keep) <= 1)
constexpr auto mean(A&& x, Keep... keep) {
    static_assert(!std::is_integral_v<value_t<A>>,
                  "mean: integers have no mean of their own type; cast them to a floating point type");
    if constexpr (detail::axis_of_one<shape_t<A>::rank(), Axes...>)
        return detail::as_vector(std::forward<A>(x), [=](auto&& v) { return mean<0>(std::move(v), keep...); });
    else if constexpr (!detail::axes_fit<shape_t<A>::rank(), Axes...>)
        return detail::wrong_axes<"mean", shape_t<A>, Axes...>{};
    else {
        auto const n = static_cast<double>(detail::reduced_count<Axes...>(x));
        return make_map(op::div{}, detail::reduce<op::sum, Axes...>(std::forward<A>(x), keep...), n);
    }
}

}  // namespace tenon::inline TENON_TARGET
