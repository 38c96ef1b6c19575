// softplus
#pragma once

#include <tenon/op/elementwise.hpp>
#include <tenon/op/sigmoid.hpp>
#include <tenon/scalar/math.hpp>

namespace tenon::inline TENON_TARGET {

/// Options of softplus, with PyTorch's defaults.
struct softplus_options {
    double beta = 1;
    double threshold = 20;  ///< above it, in units of 1/beta, softplus is x
};

namespace op {
struct softplus : floating {
    static constexpr char const* name = "softplus";
    softplus_options options;
    template <class V>
    TENON_LANE V value(V x) const {
        V const scaled = x * options.beta;
        return math::select(scaled > options.threshold, x, math::log1p(math::exp(scaled)) / options.beta);
    }
    template <std::size_t, class V>
    TENON_LANE V slope(V, V x) const {
        V const scaled = x * options.beta;
        return math::select(scaled > options.threshold, V(1), element::sigmoid(scaled));
    }
};
}  // namespace op

/// log(1 + e^(βx))/β, a smooth relu; slope σ(βx); torch.nn.functional.softplus.
template <class X>
    requires elementwise_operands<X>
TENON_LANE auto softplus(X&& x, softplus_options options = {}) {
    return call_op(op::softplus{{}, options}, std::forward<X>(x));
}
namespace element {
using tenon::softplus;
}  // namespace element

}  // namespace tenon::inline TENON_TARGET
