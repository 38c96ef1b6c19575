// Convolutional layers.
#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include <tenon/expr/conv.hpp>
#include <tenon/nn/linear.hpp>

namespace tenon::inline TENON_TARGET::nn {

using tenon::conv_options;
using tenon::extent2;

namespace detail {

/// The text that PyTorch prints between a convolution's parentheses; options at their defaults are left out.
/// @tparam Text how extents are written: pairs for images, `(5,)` on one axis
template <auto Text>
std::string describe_conv(char const* name, std::size_t in, std::size_t out, extent2 kernel, conv_options const& o,
                          bool bias) {
    std::string text = text_of({name, "(", in, ", ", out, ", kernel_size=", Text(kernel), ", stride=", Text(o.stride)});
    if (o.padding != extent2(0)) append_text(text, {", padding=", Text(o.padding)});
    if (o.dilation != extent2(1)) append_text(text, {", dilation=", Text(o.dilation)});
    if (o.output_padding != extent2(0)) append_text(text, {", output_padding=", Text(o.output_padding)});
    if (o.groups != 1) append_text(text, {", groups=", o.groups});
    append_text(text, {bias ? ")" : ", bias=false)"});
    return text;
}
TENON_ON_USE
std::string width_text(extent2 e) { return text_of({"(", e.width, ",)"}); }
}  // namespace detail

/// conv2d(x, weight, bias) for x of shape [n, In, h, w] or [In, h, w]; the weight is [Out, In / groups, kh, kw] and the bias
/// [Out], both uniform in ±1/sqrt(In / groups · kh · kw) at first. Compile errors of tenon::conv2d; torch.nn.Conv2d.
template <std::size_t In, std::size_t Out, extent2 Kernel, conv_options Options = conv_options{}, class Device = cpu,
          class Bias = with_bias>
struct conv2d {
    using layer_tag = void;
    using parameters =
        detail::layer_parameters<Device, Bias, Out, Out, In / Options.groups, Kernel.height, Kernel.width>;
    static constexpr std::size_t in_features = In, out_features = Out;

    typename parameters::weight_type weight =
        detail::uniform_parameter<typename parameters::weight_type>(parameters::fan_in);
    [[no_unique_address]] typename parameters::bias_type bias =
        detail::uniform_parameter<typename parameters::bias_type>(parameters::fan_in);

    constexpr auto operator()(auto&& x) const& {
        if constexpr (parameters::has_bias)
            return tenon::conv2d<Options>(std::forward<decltype(x)>(x), detail::parameter_for(x, weight),
                                          detail::parameter_for(x, bias));
        else return tenon::conv2d<Options>(std::forward<decltype(x)>(x), detail::parameter_for(x, weight));
    }
    constexpr auto operator()(auto&& x) && {
        if constexpr (parameters::has_bias)
            return tenon::conv2d<Options>(std::forward<decltype(x)>(x), detail::parameter_for(x, std::move(weight)),
                                          detail::parameter_for(x, std::move(bias)));
        else return tenon::conv2d<Options>(std::forward<decltype(x)>(x), detail::parameter_for(x, std::move(weight)));
    }
    static std::string description() {
        return detail::describe_conv<&tenon::detail::pair_text<>>("conv2d", In, Out, Kernel, Options,
                                                                  parameters::has_bias);
    }
};

/// conv1d(x, weight, bias) for x of shape [n, In, l] or [In, l]; the weight is [Out, In / groups, Kernel]; torch.nn.Conv1d.
template <std::size_t In, std::size_t Out, std::size_t Kernel, conv_options Options = conv_options{},
          class Device = cpu, class Bias = with_bias>
struct conv1d {
    using layer_tag = void;
    using parameters = detail::layer_parameters<Device, Bias, Out, Out, In / Options.groups, Kernel>;
    static constexpr std::size_t in_features = In, out_features = Out;

    typename parameters::weight_type weight =
        detail::uniform_parameter<typename parameters::weight_type>(parameters::fan_in);
    [[no_unique_address]] typename parameters::bias_type bias =
        detail::uniform_parameter<typename parameters::bias_type>(parameters::fan_in);

    constexpr auto operator()(auto&& x) const& {
        if constexpr (parameters::has_bias)
            return tenon::conv1d<Options>(std::forward<decltype(x)>(x), detail::parameter_for(x, weight),
                                          detail::parameter_for(x, bias));
        else return tenon::conv1d<Options>(std::forward<decltype(x)>(x), detail::parameter_for(x, weight));
    }
    constexpr auto operator()(auto&& x) && {
        if constexpr (parameters::has_bias)
            return tenon::conv1d<Options>(std::forward<decltype(x)>(x), detail::parameter_for(x, std::move(weight)),
                                          detail::parameter_for(x, std::move(bias)));
        else return tenon::conv1d<Options>(std::forward<decltype(x)>(x), detail::parameter_for(x, std::move(weight)));
    }
    static std::string description() {
        return detail::describe_conv<&detail::width_text<>>("conv1d", In, Out, Kernel, Options, parameters::has_bias);
    }
};

/// conv_transpose2d(x, weight, bias) for x of shape [n, In, h, w] or [In, h, w]; the weight is [In, Out / groups, kh, kw] and
/// the bias [Out], both uniform in ±1/sqrt(Out / groups · kh · kw) at first, as PyTorch has it; torch.nn.ConvTranspose2d.
template <std::size_t In, std::size_t Out, extent2 Kernel, conv_options Options = conv_options{}, class Device = cpu,
          class Bias = with_bias>
struct conv_transpose2d {
    using layer_tag = void;
    using parameters =
        detail::layer_parameters<Device, Bias, Out, In, Out / Options.groups, Kernel.height, Kernel.width>;
    static constexpr std::size_t in_features = In, out_features = Out;

    typename parameters::weight_type weight =
        detail::uniform_parameter<typename parameters::weight_type>(parameters::fan_in);
    [[no_unique_address]] typename parameters::bias_type bias =
        detail::uniform_parameter<typename parameters::bias_type>(parameters::fan_in);

    constexpr auto operator()(auto&& x) const& {
        if constexpr (parameters::has_bias)
            return tenon::conv_transpose2d<Options>(std::forward<decltype(x)>(x), detail::parameter_for(x, weight),
                                                    detail::parameter_for(x, bias));
        else return tenon::conv_transpose2d<Options>(std::forward<decltype(x)>(x), detail::parameter_for(x, weight));
    }
    constexpr auto operator()(auto&& x) && {
        if constexpr (parameters::has_bias)
            return tenon::conv_transpose2d<Options>(std::forward<decltype(x)>(x),
                                                    detail::parameter_for(x, std::move(weight)),
                                                    detail::parameter_for(x, std::move(bias)));
        else
            return tenon::conv_transpose2d<Options>(std::forward<decltype(x)>(x),
                                                    detail::parameter_for(x, std::move(weight)));
    }
    static std::string description() {
        return detail::describe_conv<&tenon::detail::pair_text<>>("conv_transpose2d", In, Out, Kernel, Options,
                                                                  parameters::has_bias);
    }
};

}  // namespace tenon::inline TENON_TARGET::nn
