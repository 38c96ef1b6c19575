// Activations and reshaping as layers.
#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include <tenon/expr/reshape.hpp>
#include <tenon/expr/softmax.hpp>
#include <tenon/function/glu.hpp>
#include <tenon/function/prelu.hpp>
#include <tenon/function/softmin.hpp>
#include <tenon/nn/module.hpp>
#include <tenon/nn/parameter.hpp>
#include <tenon/op/elu.hpp>
#include <tenon/op/gelu.hpp>
#include <tenon/op/hard.hpp>
#include <tenon/op/hardtanh.hpp>
#include <tenon/op/hyperbolic.hpp>
#include <tenon/op/leaky_relu.hpp>
#include <tenon/op/mish.hpp>
#include <tenon/op/relu.hpp>
#include <tenon/op/shrink.hpp>
#include <tenon/op/sigmoid.hpp>
#include <tenon/op/softplus.hpp>
#include <tenon/op/softsign.hpp>
#include <tenon/op/threshold.hpp>

namespace tenon::inline TENON_TARGET::nn {

/// relu(x) elementwise; torch.nn.ReLU. The layers below are the functions of their names in the same way.
struct relu {
    using layer_tag = void;
    using preserves_features = void;
    constexpr auto operator()(auto&& x) const { return tenon::relu(std::forward<decltype(x)>(x)); }
};
struct relu6 {
    using layer_tag = void;
    using preserves_features = void;
    constexpr auto operator()(auto&& x) const { return tenon::relu6(std::forward<decltype(x)>(x)); }
};
struct leaky_relu {
    using layer_tag = void;
    using preserves_features = void;
    double negative_slope = 0.01;
    constexpr auto operator()(auto&& x) const {
        return tenon::leaky_relu(std::forward<decltype(x)>(x), negative_slope);
    }
    TENON_ON_USE
    std::string description() const { return "leaky_relu(negative_slope=" + detail::number_text(negative_slope) + ")"; }
};
/// leaky_relu whose slope is learnt, from 0.25 on: one, or one for each of `Channels` channels, axis 1 of x; torch.nn.PReLU.
template <std::size_t Channels = 1, class Device = cpu>
struct prelu {
    using layer_tag = void;
    using preserves_features = void;
    using slopes = typename Device::template variable<float, Channels>;
    slopes weight = detail::constant_parameter<slopes>(0.25);
    constexpr auto operator()(auto&& x) const& {
        return tenon::prelu(std::forward<decltype(x)>(x), detail::parameter_for(x, weight));
    }
    constexpr auto operator()(auto&& x) && {
        return tenon::prelu(std::forward<decltype(x)>(x), detail::parameter_for(x, std::move(weight)));
    }
    static std::string description() { return text_of({"prelu(num_parameters=", Channels, ")"}); }
};
struct elu {
    using layer_tag = void;
    using preserves_features = void;
    double alpha = 1;
    constexpr auto operator()(auto&& x) const { return tenon::elu(std::forward<decltype(x)>(x), alpha); }
    TENON_ON_USE
    std::string description() const { return "elu(alpha=" + detail::number_text(alpha) + ")"; }
};
struct celu {
    using layer_tag = void;
    using preserves_features = void;
    double alpha = 1;
    constexpr auto operator()(auto&& x) const { return tenon::celu(std::forward<decltype(x)>(x), alpha); }
    TENON_ON_USE
    std::string description() const { return "celu(alpha=" + detail::number_text(alpha) + ")"; }
};
struct selu {
    using layer_tag = void;
    using preserves_features = void;
    constexpr auto operator()(auto&& x) const { return tenon::selu(std::forward<decltype(x)>(x)); }
};
struct gelu {
    using layer_tag = void;
    using preserves_features = void;
    constexpr auto operator()(auto&& x) const { return tenon::gelu(std::forward<decltype(x)>(x)); }
};
/// torch.nn.GELU(approximate="tanh")
struct gelu_tanh {
    using layer_tag = void;
    using preserves_features = void;
    constexpr auto operator()(auto&& x) const { return tenon::gelu_tanh(std::forward<decltype(x)>(x)); }
};
struct silu {
    using layer_tag = void;
    using preserves_features = void;
    constexpr auto operator()(auto&& x) const { return tenon::silu(std::forward<decltype(x)>(x)); }
};
struct mish {
    using layer_tag = void;
    using preserves_features = void;
    constexpr auto operator()(auto&& x) const { return tenon::mish(std::forward<decltype(x)>(x)); }
};
struct softplus {
    using layer_tag = void;
    using preserves_features = void;
    double beta = 1;
    double threshold = 20;
    constexpr auto operator()(auto&& x) const {
        return tenon::softplus(std::forward<decltype(x)>(x), {.beta = beta, .threshold = threshold});
    }
    TENON_ON_USE
    std::string description() const {
        return "softplus(beta=" + detail::number_text(beta) + ", threshold=" + detail::number_text(threshold) + ")";
    }
};
struct softsign {
    using layer_tag = void;
    using preserves_features = void;
    constexpr auto operator()(auto&& x) const { return tenon::softsign(std::forward<decltype(x)>(x)); }
};
struct hardshrink {
    using layer_tag = void;
    using preserves_features = void;
    double lambda = 0.5;
    constexpr auto operator()(auto&& x) const { return tenon::hardshrink(std::forward<decltype(x)>(x), lambda); }
    TENON_ON_USE
    std::string description() const { return "hardshrink(lambda=" + detail::number_text(lambda) + ")"; }
};
struct softshrink {
    using layer_tag = void;
    using preserves_features = void;
    double lambda = 0.5;
    constexpr auto operator()(auto&& x) const { return tenon::softshrink(std::forward<decltype(x)>(x), lambda); }
    TENON_ON_USE
    std::string description() const { return "softshrink(lambda=" + detail::number_text(lambda) + ")"; }
};
struct tanhshrink {
    using layer_tag = void;
    using preserves_features = void;
    constexpr auto operator()(auto&& x) const { return tenon::tanhshrink(std::forward<decltype(x)>(x)); }
};
struct threshold {
    using layer_tag = void;
    using preserves_features = void;
    double limit;
    double value;
    constexpr auto operator()(auto&& x) const { return tenon::threshold(std::forward<decltype(x)>(x), limit, value); }
    TENON_ON_USE
    std::string description() const {
        return "threshold(limit=" + detail::number_text(limit) + ", value=" + detail::number_text(value) + ")";
    }
};
struct sigmoid {
    using layer_tag = void;
    using preserves_features = void;
    constexpr auto operator()(auto&& x) const { return tenon::sigmoid(std::forward<decltype(x)>(x)); }
};
struct logsigmoid {
    using layer_tag = void;
    using preserves_features = void;
    constexpr auto operator()(auto&& x) const { return tenon::logsigmoid(std::forward<decltype(x)>(x)); }
};
struct hardsigmoid {
    using layer_tag = void;
    using preserves_features = void;
    constexpr auto operator()(auto&& x) const { return tenon::hardsigmoid(std::forward<decltype(x)>(x)); }
};
struct tanh {
    using layer_tag = void;
    using preserves_features = void;
    constexpr auto operator()(auto&& x) const { return tenon::tanh(std::forward<decltype(x)>(x)); }
};
struct hardtanh {
    using layer_tag = void;
    using preserves_features = void;
    double min_val = -1;
    double max_val = 1;
    constexpr auto operator()(auto&& x) const {
        return tenon::hardtanh(std::forward<decltype(x)>(x), min_val, max_val);
    }
    TENON_ON_USE
    std::string description() const {
        return "hardtanh(min_val=" + detail::number_text(min_val) + ", max_val=" + detail::number_text(max_val) + ")";
    }
};
struct hardswish {
    using layer_tag = void;
    using preserves_features = void;
    constexpr auto operator()(auto&& x) const { return tenon::hardswish(std::forward<decltype(x)>(x)); }
};
/// a σ(b) for the two halves of x along an axis, the last unless said otherwise; torch.nn.GLU.
template <std::ptrdiff_t Axis = -1>
struct glu {
    using layer_tag = void;
    constexpr auto operator()(auto&& x) const { return tenon::glu<Axis>(std::forward<decltype(x)>(x)); }
};
/// softmax along an axis, the last unless said otherwise.
template <std::ptrdiff_t Axis = -1>
struct softmax {
    using layer_tag = void;
    using preserves_features = void;
    constexpr auto operator()(auto&& x) const { return tenon::softmax<Axis>(std::forward<decltype(x)>(x)); }
};
template <std::ptrdiff_t Axis = -1>
struct log_softmax {
    using layer_tag = void;
    using preserves_features = void;
    constexpr auto operator()(auto&& x) const { return tenon::log_softmax<Axis>(std::forward<decltype(x)>(x)); }
};
template <std::ptrdiff_t Axis = -1>
struct softmin {
    using layer_tag = void;
    using preserves_features = void;
    constexpr auto operator()(auto&& x) const { return tenon::softmin<Axis>(std::forward<decltype(x)>(x)); }
};
/// softmax over the channels of images [n, c, h, w] or [c, h, w]; torch.nn.Softmax2d.
struct softmax2d {
    using layer_tag = void;
    using preserves_features = void;
    constexpr auto operator()(auto&& x) const { return tenon::softmax<-3>(std::forward<decltype(x)>(x)); }
};
/// Passes its input on.
struct identity {
    using layer_tag = void;
    using preserves_features = void;
    constexpr auto operator()(auto&& x) const { return as_node(std::forward<decltype(x)>(x)); }
};
/// Joins all axes from From on; torch.nn.Flatten.
template <std::ptrdiff_t From = 1, std::ptrdiff_t To = -1>
struct flatten {
    using layer_tag = void;
    constexpr auto operator()(auto&& x) const { return tenon::flatten<From, To>(std::forward<decltype(x)>(x)); }
};
/// Splits an axis into axes of extents E; torch.nn.Unflatten.
template <std::ptrdiff_t Axis, std::size_t... E>
struct unflatten {
    using layer_tag = void;
    constexpr auto operator()(auto&& x) const { return tenon::unflatten<Axis, E...>(std::forward<decltype(x)>(x)); }
};

}  // namespace tenon::inline TENON_TARGET::nn
