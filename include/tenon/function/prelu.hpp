// prelu
#pragma once

#include <tenon/expr/view.hpp>
#include <tenon/op/elementwise.hpp>
#include <tenon/scalar/math.hpp>

namespace tenon::inline TENON_TARGET {

/// A weight of prelu has one element, or one for each of the input's channels.
template <class Input, class Weight>
struct prelu_weight_does_not_fit;

namespace op {
struct prelu : floating {
    static constexpr char const* name = "prelu";
    template <class V>
    TENON_LANE static V value(V x, V w) {
        return math::select(x > 0, x, w * x);
    }
    template <std::size_t I, class V>
    TENON_LANE static V slope(V, V x, V w) {
        if constexpr (I == 0) return math::select(x > 0, V(1), w);
        else return math::select(x > 0, V(0), x);
    }
};
}  // namespace op

namespace detail {
template <class X, class W>
constexpr bool prelu_weight_fits() {
    if constexpr (W::rank() != 1) return W::rank() == 0;
    else {
        constexpr std::size_t channels = X::static_extents[X::rank() > 1 ? 1 : 0];
        return W::static_extents[0] == 1 ||
               (X::rank() > 0 && broadcast_extent(W::static_extents[0], channels).value == channels);
    }
}
}  // namespace detail

/// x where x > 0, else weight · x, with one weight or one for each channel, which is axis 1 of x, or axis 0 of a vector; slopes
/// of x: 1 or weight, which it is at 0; of weight: 0 or x. Compile error `prelu_weight_does_not_fit`; torch.nn.functional.prelu.
template <expression X, expression W>
constexpr auto prelu(X&& x, W&& weight) {
    using s = shape_t<X>;
    if constexpr (!detail::prelu_weight_fits<s, shape_t<W>>()) return prelu_weight_does_not_fit<s, shape_t<W>>{};
    else if constexpr (static_size<shape_t<W>> == 1)
        return make_map(op::prelu{}, std::forward<X>(x), std::forward<W>(weight));
    else return make_map(op::prelu{}, std::forward<X>(x), detail::along_channels<s::rank()>(std::forward<W>(weight)));
}

}  // namespace tenon::inline TENON_TARGET
