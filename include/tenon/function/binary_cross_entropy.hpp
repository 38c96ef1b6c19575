// Losses of yes-or-no questions, from probabilities and from logits.
#pragma once

#include <tenon/expr/loss_weight.hpp>
#include <tenon/function/loss.hpp>
#include <tenon/op/extremum.hpp>
#include <tenon/op/log.hpp>
#include <tenon/op/sigmoid.hpp>

namespace tenon::inline TENON_TARGET {

/// Options of binary_cross_entropy, for probabilities of element type T and a shape on a device.
template <class T, class Shape, class Device = cpu>
struct binary_cross_entropy_options {
    loss_weight<T, Shape, Device> weight{};  ///< what each element's loss is multiplied by, broadcast to the shape
};
/// Options of binary_cross_entropy_with_logits, for logits of element type T and a shape on a device.
template <class T, class Shape, class Device = cpu>
struct binary_cross_entropy_with_logits_options {
    loss_weight<T, Shape, Device> weight{};  ///< what each element's loss is multiplied by, broadcast to the shape
    loss_weight<T, Shape, Device>
        pos_weight{};  ///< what the part of positive targets is multiplied by, broadcast to the shape
};

namespace detail {
template <template <class, class, class> class Options, class X>
using element_options = Options<element::computed_t<value_t<node_t<X>>>, shape_t<node_t<X>>, device_of_t<node_t<X>>>;
}  // namespace detail

namespace op {
/// Logarithms are at least −100, and the slope's denominator at least 10⁻¹²: PyTorch's way to stay finite at 0 and 1.
struct binary_cross_entropy : floating {
    static constexpr char const* name = "binary_cross_entropy";
    template <class V>
    TENON_LANE static V value(V x, V t) {
        V const least(-100);
        return (t - V(1)) * math::maximum(math::log1p(-x), least) - t * math::maximum(math::log(x), least);
    }
    template <std::size_t I, class V>
    TENON_LANE static V slope(V, V x, V t) {
        if constexpr (I == 0) return (x - t) / element::maximum((V(1) - x) * x, V(1e-12f));
        else return element::log1p(-x) - element::log(x);
    }
};
/// The slope of x is σ(x) − t when p is 1.
struct binary_cross_entropy_with_logits : floating {
    static constexpr char const* name = "binary_cross_entropy_with_logits";
    template <class V>
    TENON_LANE static V value(V x, V t, V p = V(1)) {
        return (V(1) - t) * x - ((p - V(1)) * t + V(1)) * logsigmoid::value(x);
    }
    template <std::size_t I, class V>
    TENON_LANE static V slope(V, V x, V t, V p = V(1)) {
        if constexpr (I == 0) return (V(1) - t) - ((p - V(1)) * t + V(1)) * element::sigmoid(-x);
        else if constexpr (I == 1) return -x - (p - V(1)) * element::logsigmoid(x);
        else return -t * element::logsigmoid(x);
    }
};
}  // namespace op

/// −t log x − (1 − t) log(1 − x) for probabilities x in [0, 1], averaged (or summed, or element by element). Logarithms
/// are at least −100, so that the loss stays finite at 0 and 1; a probability outside gives NaN. Compile error
/// `loss_shapes_differ`, or shape_error where only run time can know; torch.nn.functional.binary_cross_entropy.
template <reduction R = reduction::mean, operand X, operand T>
constexpr auto binary_cross_entropy(X&& x, T&& t) {
    return detail::elementwise_loss<R, "binary_cross_entropy">(op::binary_cross_entropy{}, std::forward<X>(x),
                                                               std::forward<T>(t));
}
/// The same with each element's loss multiplied by a weight: `binary_cross_entropy(x, t, {.weight = w})`.
template <reduction R = reduction::mean, operand X, operand T>
constexpr auto binary_cross_entropy(X&& x, T&& t,
                                    detail::element_options<binary_cross_entropy_options, X> const& options) {
    return detail::compare_elements<R, "binary_cross_entropy">(
        [&](auto&& a, auto&& b) {
            auto weight = detail::weights_of(options.weight, a.shape());
            return detail::reduce_loss<R>(
                make_map(op::binary_cross_entropy{}, std::forward<decltype(a)>(a), std::forward<decltype(b)>(b)) *
                std::move(weight));
        },
        std::forward<X>(x), std::forward<T>(t));
}

/// −t log σ(x) − (1 − t) log(1 − σ(x)) for logits x, finite for all finite x; averaged (or summed, or element by
/// element). Compile error `loss_shapes_differ`, or shape_error where only run time can know;
/// torch.nn.functional.binary_cross_entropy_with_logits.
template <reduction R = reduction::mean, operand X, operand T>
constexpr auto binary_cross_entropy_with_logits(X&& x, T&& t) {
    return detail::elementwise_loss<R, "binary_cross_entropy_with_logits">(op::binary_cross_entropy_with_logits{},
                                                                           std::forward<X>(x), std::forward<T>(t));
}
/// The same with weights: `.weight` multiplies the loss of an element, `.pos_weight` its first term.
template <reduction R = reduction::mean, operand X, operand T>
constexpr auto binary_cross_entropy_with_logits(
    X&& x, T&& t, detail::element_options<binary_cross_entropy_with_logits_options, X> const& options) {
    return detail::compare_elements<R, "binary_cross_entropy_with_logits">(
        [&](auto&& a, auto&& b) {
            auto weight = detail::weights_of(options.weight, a.shape()),
                 positive = detail::weights_of(options.pos_weight, a.shape());
            return detail::reduce_loss<R>(make_map(op::binary_cross_entropy_with_logits{}, std::forward<decltype(a)>(a),
                                                   std::forward<decltype(b)>(b), std::move(positive)) *
                                          std::move(weight));
        },
        std::forward<X>(x), std::forward<T>(t));
}

}  // namespace tenon::inline TENON_TARGET
