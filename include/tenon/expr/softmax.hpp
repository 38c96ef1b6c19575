// Row operations: softmax and its logarithm along one axis.
#pragma once

#include <tenon/expr/row.hpp>
#include <tenon/op/exp.hpp>
#include <tenon/op/log.hpp>

namespace tenon::inline TENON_TARGET {

/// A softmax, its logarithm, or one in which a vector of nothing but −∞ gives zeros: what attention makes of queries that may
/// look at no key, where softmax itself is NaN.
enum class softmax_kind { plain, logarithm, masked };

namespace op {
/// The greatest element in one instruction a pack: NaN is lost.
struct greatest_number : max {
    template <class V>
    TENON_LANE static V combine(V a, V b) {
        if constexpr (element::is_pack<V>) return math::detail::extreme<true>(a, b);
        else return max::combine(a, b);
    }
};
}  // namespace op

/// Softmax of a vector. Of a NaN among the elements, which the maximum doesn't see, the sum of exponentials is NaN.
template <softmax_kind Kind>
struct softmax_rule : row_rule {
    static constexpr bool is_log = Kind == softmax_kind::logarithm, is_masked = Kind == softmax_kind::masked;
    static constexpr char const *name = is_log ? "log_softmax" : "softmax", *kind = "softmax";
    /// A maximum, a difference, an exponential, a sum and a scale.
    static constexpr std::size_t operations = 5, gradient_operations = 4;

    template <class X>
    TENON_LANE void forward(X& x) const {
        using value = typename X::value;
        value top = x.template read<op::greatest_number>(element::unchanged{});
        // Above nothing but −∞ all exponentials are 0, and so is what is made of them.
        auto const nothing = top == x.number(math::minus_infinity<double>);
        if constexpr (is_masked) top = math::select(nothing, x.number(0), top);
        auto const power = [top](auto v) TENON_LAMBDA_INLINE { return element::exp(v - element::spread(top, v)); };
        if constexpr (is_log) {
            value const shift = top + element::log(x.template visit<op::sum>(power));
            x.write([shift](auto v) TENON_LAMBDA_INLINE { return v - element::spread(shift, v); });
        } else {
            value scale = x.number(1) / x.template change<op::sum>(power);
            if constexpr (is_masked) scale = math::select(nothing, x.number(0), scale);
            x.write([scale](auto v) TENON_LAMBDA_INLINE { return v * element::spread(scale, v); });
        }
    }
    /// softmax: y (g − Σ g y); log-softmax: g − exp(y) Σ g.
    template <class G>
    TENON_LANE void backward(G& x) const {
        if constexpr (is_log) {
            auto const total = x.template read<op::sum>([](auto, auto g) TENON_LAMBDA_INLINE { return g; });
            x.send([total](auto y, auto g)
                       TENON_LAMBDA_INLINE { return g - element::exp(y) * element::spread(total, y); });
        } else {
            auto const total = x.template read<op::sum>([](auto y, auto g) TENON_LAMBDA_INLINE { return g * y; });
            x.send([total](auto y, auto g) TENON_LAMBDA_INLINE { return y * (g - element::spread(total, y)); });
        }
    }
};

namespace detail {
template <softmax_kind Kind, std::ptrdiff_t Axis, class A>
constexpr auto make_softmax(A&& x) {
    if constexpr (element::narrow<value_t<A>>)
        return in_float(std::forward<A>(x), [](auto&& wide) { return make_softmax<Kind, Axis>(std::move(wide)); });
    else return make_row<softmax_rule<Kind>, Axis>(std::forward<A>(x));
}
}  // namespace detail

/// exp(x_i) / Σ_j exp(x_j) along an axis, computed from x − max x so that it never overflows; torch.softmax.
template <std::ptrdiff_t Axis, expression A>
constexpr auto softmax(A&& x) {
    static_assert(!std::is_integral_v<value_t<A>>, "softmax: needs floating point elements");
    if constexpr (detail::axis_of_one<shape_t<A>::rank(), Axis>)
        return detail::as_vector(std::forward<A>(x), [](auto&& v) { return softmax<0>(std::move(v)); });
    else if constexpr (!detail::axes_fit<shape_t<A>::rank(), Axis>) return detail::wrong_axes<"softmax", shape_t<A>, Axis>{};
    else return detail::make_softmax<softmax_kind::plain, Axis>(std::forward<A>(x));
}
/// x_i − log Σ_j exp(x_j) along an axis; torch.log_softmax.
template <std::ptrdiff_t Axis, expression A>
constexpr auto log_softmax(A&& x) {
    static_assert(!std::is_integral_v<value_t<A>>, "log_softmax: needs floating point elements");
    if constexpr (detail::axis_of_one<shape_t<A>::rank(), Axis>)
        return detail::as_vector(std::forward<A>(x), [](auto&& v) { return log_softmax<0>(std::move(v)); });
    else if constexpr (!detail::axes_fit<shape_t<A>::rank(), Axis>)
        return detail::wrong_axes<"log_softmax", shape_t<A>, Axis>{};
    else return detail::make_softmax<softmax_kind::logarithm, Axis>(std::forward<A>(x));
}

}  // namespace tenon::inline TENON_TARGET
