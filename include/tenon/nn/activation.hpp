// Activations and reshaping as layers.
#pragma once

#include <string>

#include <tenon/expr/reshape.hpp>
#include <tenon/expr/softmax.hpp>
#include <tenon/nn/module.hpp>
#include <tenon/op/elu.hpp>
#include <tenon/op/gelu.hpp>
#include <tenon/op/hard.hpp>
#include <tenon/op/hardtanh.hpp>
#include <tenon/op/hyperbolic.hpp>
#include <tenon/op/leaky_relu.hpp>
#include <tenon/op/mish.hpp>
#include <tenon/op/relu.hpp>
#include <tenon/op/sigmoid.hpp>
#include <tenon/op/softplus.hpp>

namespace tenon::inline TENON_TARGET::nn {

/// relu(x) elementwise; torch.nn.ReLU. The layers below are the functions of their names in the same way.
struct relu {
    using layer_tag = void;
    using preserves_features = void;
    constexpr auto operator()(auto const& x) const { return tenon::relu(x); }
};
struct relu6 {
    using layer_tag = void;
    using preserves_features = void;
    constexpr auto operator()(auto const& x) const { return tenon::relu6(x); }
};
struct leaky_relu {
    using layer_tag = void;
    using preserves_features = void;
    float negative_slope = 0.01f;
    constexpr auto operator()(auto const& x) const { return tenon::leaky_relu(x, negative_slope); }
    std::string description() const { return "leaky_relu()"; }
};
struct elu {
    using layer_tag = void;
    using preserves_features = void;
    float alpha = 1;
    constexpr auto operator()(auto const& x) const { return tenon::elu(x, alpha); }
    std::string description() const { return "elu()"; }
};
struct selu {
    using layer_tag = void;
    using preserves_features = void;
    constexpr auto operator()(auto const& x) const { return tenon::selu(x); }
};
struct gelu {
    using layer_tag = void;
    using preserves_features = void;
    constexpr auto operator()(auto const& x) const { return tenon::gelu(x); }
};
struct silu {
    using layer_tag = void;
    using preserves_features = void;
    constexpr auto operator()(auto const& x) const { return tenon::silu(x); }
};
struct mish {
    using layer_tag = void;
    using preserves_features = void;
    constexpr auto operator()(auto const& x) const { return tenon::mish(x); }
};
struct softplus {
    using layer_tag = void;
    using preserves_features = void;
    constexpr auto operator()(auto const& x) const { return tenon::softplus(x); }
};
struct sigmoid {
    using layer_tag = void;
    using preserves_features = void;
    constexpr auto operator()(auto const& x) const { return tenon::sigmoid(x); }
};
struct tanh {
    using layer_tag = void;
    using preserves_features = void;
    constexpr auto operator()(auto const& x) const { return tenon::tanh(x); }
};
struct hardtanh {
    using layer_tag = void;
    using preserves_features = void;
    constexpr auto operator()(auto const& x) const { return tenon::hardtanh(x); }
};
struct hardswish {
    using layer_tag = void;
    using preserves_features = void;
    constexpr auto operator()(auto const& x) const { return tenon::hardswish(x); }
};
/// softmax along an axis, the last unless said otherwise.
template <std::ptrdiff_t Axis = -1>
struct softmax {
    using layer_tag = void;
    using preserves_features = void;
    constexpr auto operator()(auto const& x) const { return tenon::softmax<Axis>(x); }
};
template <std::ptrdiff_t Axis = -1>
struct log_softmax {
    using layer_tag = void;
    using preserves_features = void;
    constexpr auto operator()(auto const& x) const { return tenon::log_softmax<Axis>(x); }
};
/// Passes its input on.
struct identity {
    using layer_tag = void;
    using preserves_features = void;
    constexpr auto operator()(auto const& x) const { return as_node(x); }
};
/// Joins all axes from From on; torch.nn.Flatten.
template <std::ptrdiff_t From = 1, std::ptrdiff_t To = -1>
struct flatten {
    using layer_tag = void;
    constexpr auto operator()(auto const& x) const { return tenon::flatten<From, To>(x); }
};

}  // namespace tenon::inline TENON_TARGET::nn
