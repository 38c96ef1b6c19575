// The fully connected layer.
#pragma once

#include <cmath>
#include <cstddef>
#include <string>
#include <utility>

#include <tenon/autograd/variable.hpp>
#include <tenon/core/random.hpp>
#include <tenon/expr/let.hpp>
#include <tenon/expr/matmul.hpp>
#include <tenon/nn/module.hpp>
#include <tenon/nn/parameter.hpp>

namespace tenon::inline TENON_TARGET::nn {

/// Whether a layer adds a bias.
struct with_bias {};
struct no_bias {
    using holds_no_parameters = void;
};

/// The input's last extent is not the layer's in_features.
template <std::size_t InFeatures, std::size_t OutFeatures, class Input>
struct linear_input_does_not_fit;

namespace detail {
/// Uniform in ±1/sqrt(fan_in), PyTorch's default for linear and convolutional layers.
template <class Variable>
Variable uniform_parameter(std::size_t fan_in) {
    using T = typename Variable::value_type;
    tensor_of_t<T, typename Variable::shape_type> t;
    T const bound = fan_in == 0 ? T(0) : static_cast<T>(1 / std::sqrt(static_cast<double>(fan_in)));
    uniform_(t, -bound, bound);
    return Variable(t);
}

template <std::size_t In, std::size_t Out, class X, class Weight>
constexpr auto times_transposed(X&& x, Weight&& weight) {
    constexpr std::size_t last = shape_t<X>::rank() == 0 ? 0 : inner_extent<shape_t<X>>;
    if constexpr (shape_t<X>::rank() == 0 || (!is_dynamic(last) && last != In))
        return linear_input_does_not_fit<In, Out, shape_t<X>>{};
    else if constexpr (element::narrow<value_t<X>>)
        return matmul(
            std::forward<X>(x),
            transpose(let(parameter_for(x, std::forward<Weight>(weight)))));  // converted once, and read where it lies
    else return matmul(std::forward<X>(x), transpose(std::forward<Weight>(weight)));
}
/// x Wᵀ + b, as torch.nn.functional.linear.
template <std::size_t In, std::size_t Out, class X, class Weight, class B>
constexpr auto affine(X&& x, Weight&& weight, B&& bias) {
    return times_transposed<In, Out>(std::forward<X>(x), std::forward<Weight>(weight)) +
           parameter_for(x, std::forward<B>(bias));
}
TENON_ON_USE
std::string describe_linear(std::size_t in, std::size_t out, bool bias) {
    return text_of({"linear(in_features=", in, ", out_features=", out, ", bias=", bias ? "true" : "false", ")"});
}
}  // namespace detail

/// y = x Wᵀ + b for x of shape [In] or [rows…, In]; W is [Out, In] and b [Out] as in torch.nn.Linear, both uniform in
/// ±1/sqrt(In) at first. Compile error `linear_input_does_not_fit`.
template <std::size_t In, std::size_t Out, class Device = cpu, class Bias = with_bias>
struct linear {
    using layer_tag = void;
    static constexpr std::size_t in_features = In, out_features = Out;

    typename Device::template variable<float, Out, In> weight =
        detail::uniform_parameter<typename Device::template variable<float, Out, In>>(In);
    typename Device::template variable<float, Out> bias =
        detail::uniform_parameter<typename Device::template variable<float, Out>>(In);

    constexpr auto operator()(auto&& x) const& {
        return detail::affine<In, Out>(std::forward<decltype(x)>(x), weight, bias);
    }
    constexpr auto operator()(auto&& x) && {
        return detail::affine<In, Out>(std::forward<decltype(x)>(x), std::move(weight), std::move(bias));
    }
    static std::string description() { return detail::describe_linear(In, Out, true); }
};

/// y = x Wᵀ, without a bias.
template <std::size_t In, std::size_t Out, class Device>
struct linear<In, Out, Device, no_bias> {
    using layer_tag = void;
    static constexpr std::size_t in_features = In, out_features = Out;

    typename Device::template variable<float, Out, In> weight =
        detail::uniform_parameter<typename Device::template variable<float, Out, In>>(In);

    constexpr auto operator()(auto&& x) const& {
        return detail::times_transposed<In, Out>(std::forward<decltype(x)>(x), weight);
    }
    constexpr auto operator()(auto&& x) && {
        return detail::times_transposed<In, Out>(std::forward<decltype(x)>(x), std::move(weight));
    }
    static std::string description() { return detail::describe_linear(In, Out, false); }
};

}  // namespace tenon::inline TENON_TARGET::nn
