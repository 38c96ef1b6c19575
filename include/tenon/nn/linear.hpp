// The fully connected layer.
#pragma once

#include <cmath>
#include <cstddef>
#include <string>
#include <type_traits>
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

/// What a layer has in the place of a bias that it has not.
template <>
inline no_bias uniform_parameter<no_bias>(std::size_t) {
    return {};
}

/// The weight and the bias of a linear or convolutional layer. Both are uniform in ±1/sqrt(fan_in) at first, where fan_in is the weight's size over
/// its first extent; without a bias a `no_bias` stands in its place.
template <class Device, class Bias, std::size_t Out, std::size_t First, std::size_t Second, std::size_t... Kernel>
struct layer_parameters {
    static constexpr bool has_bias = !std::is_same_v<Bias, no_bias>;
    static constexpr std::size_t fan_in = (Kernel * ... * Second);
    using weight_type = typename Device::template variable<float, First, Second, Kernel...>;
    using bias_type = std::conditional_t<has_bias, typename Device::template variable<float, Out>, no_bias>;
};

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
    using parameters = detail::layer_parameters<Device, Bias, Out, Out, In>;
    static constexpr std::size_t in_features = In, out_features = Out;

    typename parameters::weight_type weight = detail::uniform_parameter<typename parameters::weight_type>(In);
    [[no_unique_address]] typename parameters::bias_type bias =
        detail::uniform_parameter<typename parameters::bias_type>(In);

    constexpr auto operator()(auto&& x) const& {
        if constexpr (parameters::has_bias) return detail::affine<In, Out>(std::forward<decltype(x)>(x), weight, bias);
        else return detail::times_transposed<In, Out>(std::forward<decltype(x)>(x), weight);
    }
    constexpr auto operator()(auto&& x) && {
        if constexpr (parameters::has_bias)
            return detail::affine<In, Out>(std::forward<decltype(x)>(x), std::move(weight), std::move(bias));
        else return detail::times_transposed<In, Out>(std::forward<decltype(x)>(x), std::move(weight));
    }
    static std::string description() { return detail::describe_linear(In, Out, parameters::has_bias); }
};

}  // namespace tenon::inline TENON_TARGET::nn
