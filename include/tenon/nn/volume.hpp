// Convolutions and pools of volumes as layers, and pools that say where they found their values.
#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include <tenon/expr/max_unpool.hpp>
#include <tenon/expr/pool3d.hpp>
#include <tenon/function/conv3d.hpp>
#include <tenon/function/lp_pool.hpp>
#include <tenon/nn/conv.hpp>
#include <tenon/nn/pool.hpp>

namespace tenon::inline TENON_TARGET::nn {

using tenon::conv3d_options;
using tenon::extent3;
using tenon::pool3d_options;

namespace detail {
/// `(2, 3, 4)`, as PyTorch prints extents.
TENON_ON_USE
std::string triple_text(extent3 e) { return text_of({"(", e.depth, ", ", e.height, ", ", e.width, ")"}); }
/// `2` where all are equal.
TENON_ON_USE
std::string short_text(extent3 e) { return e == extent3(e.width) ? text_of({e.width}) : triple_text(e); }
TENON_ON_USE
std::string describe_conv3d(char const* name, std::size_t in, std::size_t out, extent3 kernel, conv3d_options const& o,
                            bool bias) {
    std::string text =
        text_of({name, "(", in, ", ", out, ", kernel_size=", triple_text(kernel), ", stride=", triple_text(o.stride)});
    if (o.padding == extent3(same_padding)) append_text(text, {", padding=same"});
    else if (o.padding != extent3(0)) append_text(text, {", padding=", triple_text(o.padding)});
    if (o.dilation != extent3(1)) append_text(text, {", dilation=", triple_text(o.dilation)});
    if (o.output_padding != extent3(0)) append_text(text, {", output_padding=", triple_text(o.output_padding)});
    if (o.groups != 1) append_text(text, {", groups=", o.groups});
    append_text(text, {bias ? ")" : ", bias=false)"});
    return text;
}
TENON_ON_USE
std::string describe_pool3d(char const* name, extent3 kernel, pool3d_options const& o) {
    return text_of({name, "(kernel_size=", short_text(kernel), ", stride=",
                    short_text(o.stride == extent3(0) ? kernel : o.stride), ", padding=", short_text(o.padding), ")"});
}
}  // namespace detail

/// conv3d(x, weight, bias) for x of shape [n, In, d, h, w] or [In, d, h, w]; the weight is [Out, In / groups, kd, kh, kw] and the bias
/// [Out], both uniform in ±1/sqrt(In / groups · kd · kh · kw) at first. Compile errors of tenon::conv3d; torch.nn.Conv3d.
template <std::size_t In, std::size_t Out, extent3 Kernel, conv3d_options Options = conv3d_options{},
          class Device = cpu, class Bias = with_bias>
struct conv3d {
    using layer_tag = void;
    using parameters = detail::layer_parameters<Device, Bias, Out, Out, In / Options.groups, Kernel.depth,
                                                Kernel.height, Kernel.width>;
    static constexpr std::size_t in_features = In, out_features = Out;

    typename parameters::weight_type weight =
        detail::uniform_parameter<typename parameters::weight_type>(parameters::fan_in);
    [[no_unique_address]] typename parameters::bias_type bias =
        detail::uniform_parameter<typename parameters::bias_type>(parameters::fan_in);

    constexpr auto operator()(auto&& x) const& {
        if constexpr (parameters::has_bias)
            return tenon::conv3d<Options>(std::forward<decltype(x)>(x), detail::parameter_for(x, weight),
                                          detail::parameter_for(x, bias));
        else return tenon::conv3d<Options>(std::forward<decltype(x)>(x), detail::parameter_for(x, weight));
    }
    constexpr auto operator()(auto&& x) && {
        if constexpr (parameters::has_bias)
            return tenon::conv3d<Options>(std::forward<decltype(x)>(x), detail::parameter_for(x, std::move(weight)),
                                          detail::parameter_for(x, std::move(bias)));
        else return tenon::conv3d<Options>(std::forward<decltype(x)>(x), detail::parameter_for(x, std::move(weight)));
    }
    static std::string description() {
        return detail::describe_conv3d("conv3d", In, Out, Kernel, Options, parameters::has_bias);
    }
};

/// conv_transpose3d(x, weight, bias); the weight is [In, Out / groups, kd, kh, kw], uniform at first as PyTorch has it;
/// torch.nn.ConvTranspose3d.
template <std::size_t In, std::size_t Out, extent3 Kernel, conv3d_options Options = conv3d_options{},
          class Device = cpu, class Bias = with_bias>
struct conv_transpose3d {
    using layer_tag = void;
    using parameters = detail::layer_parameters<Device, Bias, Out, In, Out / Options.groups, Kernel.depth,
                                                Kernel.height, Kernel.width>;
    static constexpr std::size_t in_features = In, out_features = Out;

    typename parameters::weight_type weight =
        detail::uniform_parameter<typename parameters::weight_type>(parameters::fan_in);
    [[no_unique_address]] typename parameters::bias_type bias =
        detail::uniform_parameter<typename parameters::bias_type>(parameters::fan_in);

    constexpr auto operator()(auto&& x) const& {
        if constexpr (parameters::has_bias)
            return tenon::conv_transpose3d<Options>(std::forward<decltype(x)>(x), detail::parameter_for(x, weight),
                                                    detail::parameter_for(x, bias));
        else return tenon::conv_transpose3d<Options>(std::forward<decltype(x)>(x), detail::parameter_for(x, weight));
    }
    constexpr auto operator()(auto&& x) && {
        if constexpr (parameters::has_bias)
            return tenon::conv_transpose3d<Options>(std::forward<decltype(x)>(x),
                                                    detail::parameter_for(x, std::move(weight)),
                                                    detail::parameter_for(x, std::move(bias)));
        else
            return tenon::conv_transpose3d<Options>(std::forward<decltype(x)>(x),
                                                    detail::parameter_for(x, std::move(weight)));
    }
    static std::string description() {
        return detail::describe_conv3d("conv_transpose3d", In, Out, Kernel, Options, parameters::has_bias);
    }
};

/// max_pool3d<Kernel, Options>(x); torch.nn.MaxPool3d. The layers below are the functions of their names in the same way.
template <extent3 Kernel, pool3d_options Options = pool3d_options{}>
struct max_pool3d {
    using layer_tag = void;
    using preserves_features = void;
    constexpr auto operator()(auto&& x) const {
        return tenon::max_pool3d<Kernel, Options>(std::forward<decltype(x)>(x));
    }
    static std::string description() { return detail::describe_pool3d("max_pool3d", Kernel, Options); }
};
template <extent3 Kernel, pool3d_options Options = pool3d_options{}>
struct avg_pool3d {
    using layer_tag = void;
    using preserves_features = void;
    constexpr auto operator()(auto&& x) const {
        return tenon::avg_pool3d<Kernel, Options>(std::forward<decltype(x)>(x));
    }
    static std::string description() { return detail::describe_pool3d("avg_pool3d", Kernel, Options); }
};
template <std::size_t Depth, std::size_t Height = Depth, std::size_t Width = Height>
struct adaptive_avg_pool3d {
    using layer_tag = void;
    using preserves_features = void;
    constexpr auto operator()(auto&& x) const {
        return tenon::adaptive_avg_pool3d<Depth, Height, Width>(std::forward<decltype(x)>(x));
    }
    static std::string description() {
        return "adaptive_avg_pool3d(output_size=" + detail::short_text({Depth, Height, Width}) + ")";
    }
};
template <std::size_t Length, bool Indices = false>
struct adaptive_max_pool1d {
    using layer_tag = void;
    using preserves_features = void;
    constexpr auto operator()(auto&& x) const {
        return tenon::adaptive_max_pool1d<Length, Indices>(std::forward<decltype(x)>(x));
    }
    static std::string description() { return text_of({"adaptive_max_pool1d(output_size=", Length, ")"}); }
};
template <std::size_t Height, std::size_t Width = Height, bool Indices = false>
struct adaptive_max_pool2d {
    using layer_tag = void;
    using preserves_features = void;
    constexpr auto operator()(auto&& x) const {
        return tenon::adaptive_max_pool2d<Height, Width, Indices>(std::forward<decltype(x)>(x));
    }
    static std::string description() {
        return "adaptive_max_pool2d(output_size=" + tenon::detail::short_text({Height, Width}) + ")";
    }
};
template <std::size_t Depth, std::size_t Height = Depth, std::size_t Width = Height, bool Indices = false>
struct adaptive_max_pool3d {
    using layer_tag = void;
    using preserves_features = void;
    constexpr auto operator()(auto&& x) const {
        return tenon::adaptive_max_pool3d<Depth, Height, Width, Indices>(std::forward<decltype(x)>(x));
    }
    static std::string description() {
        return "adaptive_max_pool3d(output_size=" + detail::short_text({Depth, Height, Width}) + ")";
    }
};

/// lp_pool1d<Kernel, Options>(x, norm_type); torch.nn.LPPool1d.
template <std::size_t Kernel, pool_options Options = pool_options{}>
struct lp_pool1d {
    using layer_tag = void;
    using preserves_features = void;
    double norm_type = 2;  ///< the power
    constexpr auto operator()(auto&& x) const {
        return tenon::lp_pool1d<Kernel, Options>(std::forward<decltype(x)>(x), norm_type);
    }
    static std::string description() { return detail::describe_flat_pool("lp_pool1d", Kernel, Options, false); }
};
/// torch.nn.LPPool2d.
template <extent2 Kernel, pool_options Options = pool_options{}>
struct lp_pool2d {
    using layer_tag = void;
    using preserves_features = void;
    double norm_type = 2;  ///< the power
    constexpr auto operator()(auto&& x) const {
        return tenon::lp_pool2d<Kernel, Options>(std::forward<decltype(x)>(x), norm_type);
    }
    static std::string description() { return detail::describe_pool("lp_pool2d", Kernel, Options, false); }
};
/// torch.nn.LPPool3d.
template <extent3 Kernel, pool3d_options Options = pool3d_options{}>
struct lp_pool3d {
    using layer_tag = void;
    using preserves_features = void;
    double norm_type = 2;  ///< the power
    constexpr auto operator()(auto&& x) const {
        return tenon::lp_pool3d<Kernel, Options>(std::forward<decltype(x)>(x), norm_type);
    }
    static std::string description() { return detail::describe_pool3d("lp_pool3d", Kernel, Options); }
};

/// max_unpool1d<Kernel, Options>(values, indices); torch.nn.MaxUnpool1d.
template <std::size_t Kernel, pool_options Options = pool_options{}>
struct max_unpool1d {
    constexpr auto operator()(auto&& values, auto&& indices) const {
        return tenon::max_unpool1d<Kernel, Options>(std::forward<decltype(values)>(values),
                                                    std::forward<decltype(indices)>(indices));
    }
    static std::string description() { return detail::describe_flat_pool("max_unpool1d", Kernel, Options, false); }
};
/// torch.nn.MaxUnpool2d.
template <extent2 Kernel, pool_options Options = pool_options{}>
struct max_unpool2d {
    constexpr auto operator()(auto&& values, auto&& indices) const {
        return tenon::max_unpool2d<Kernel, Options>(std::forward<decltype(values)>(values),
                                                    std::forward<decltype(indices)>(indices));
    }
    static std::string description() { return detail::describe_pool("max_unpool2d", Kernel, Options, false); }
};
/// torch.nn.MaxUnpool3d.
template <extent3 Kernel, pool3d_options Options = pool3d_options{}>
struct max_unpool3d {
    constexpr auto operator()(auto&& values, auto&& indices) const {
        return tenon::max_unpool3d<Kernel, Options>(std::forward<decltype(values)>(values),
                                                    std::forward<decltype(indices)>(indices));
    }
    static std::string description() { return detail::describe_pool3d("max_unpool3d", Kernel, Options); }
};

}  // namespace tenon::inline TENON_TARGET::nn
