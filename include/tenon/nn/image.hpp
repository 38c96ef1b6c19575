// Resizing, shuffling and taking apart of images as layers, and other functions of torch.nn.functional.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include <tenon/expr/unfold.hpp>
#include <tenon/function/bilinear.hpp>
#include <tenon/function/ctc_loss.hpp>
#include <tenon/function/embedding_bag.hpp>
#include <tenon/function/interpolate.hpp>
#include <tenon/function/pixel_shuffle.hpp>
#include <tenon/nn/linear.hpp>

namespace tenon::inline TENON_TARGET::nn {

using tenon::interpolation;
using tenon::scale_factor;
using tenon::unfold_options;

/// interpolate<Scale>(x): `nn::upsample<nn::scale_factor{2}>{.mode = nn::interpolation::bilinear}`; torch.nn.Upsample.
template <scale_factor Scale>
struct upsample {
    using layer_tag = void;
    using preserves_features = void;
    interpolation mode = interpolation::nearest;
    bool align_corners = false;
    constexpr auto operator()(auto&& x) const {
        return tenon::interpolate<Scale>(std::forward<decltype(x)>(x), {.mode = mode, .align_corners = align_corners});
    }
    static std::string description() { return "upsample()"; }
};
/// interpolate<Size…>(x): `nn::upsample_to<224, 224>{.mode = nn::interpolation::bilinear}`; torch.nn.Upsample(size=…).
template <std::size_t... Size>
struct upsample_to {
    using layer_tag = void;
    using preserves_features = void;
    interpolation mode = interpolation::nearest;
    bool align_corners = false;
    constexpr auto operator()(auto&& x) const {
        return tenon::interpolate<Size...>(std::forward<decltype(x)>(x),
                                           {.mode = mode, .align_corners = align_corners});
    }
    static std::string description() { return "upsample_to()"; }
};
/// pixel_shuffle<Factor>(x); torch.nn.PixelShuffle. The layers below are the functions of their names in the same way.
template <std::size_t Factor>
struct pixel_shuffle {
    using layer_tag = void;
    constexpr auto operator()(auto&& x) const { return tenon::pixel_shuffle<Factor>(std::forward<decltype(x)>(x)); }
    static std::string description() { return text_of({"pixel_shuffle(upscale_factor=", Factor, ")"}); }
};
template <std::size_t Factor>
struct pixel_unshuffle {
    using layer_tag = void;
    constexpr auto operator()(auto&& x) const { return tenon::pixel_unshuffle<Factor>(std::forward<decltype(x)>(x)); }
    static std::string description() { return text_of({"pixel_unshuffle(downscale_factor=", Factor, ")"}); }
};
template <std::size_t Groups>
struct channel_shuffle {
    using layer_tag = void;
    using preserves_features = void;
    constexpr auto operator()(auto&& x) const { return tenon::channel_shuffle<Groups>(std::forward<decltype(x)>(x)); }
    static std::string description() { return text_of({"channel_shuffle(groups=", Groups, ")"}); }
};
template <extent2 Kernel, unfold_options Options = unfold_options{}>
struct unfold {
    using layer_tag = void;
    constexpr auto operator()(auto&& x) const { return tenon::unfold<Kernel, Options>(std::forward<decltype(x)>(x)); }
    static std::string description() { return "unfold(kernel_size=" + tenon::detail::short_text(Kernel) + ")"; }
};
template <extent2 Output, extent2 Kernel, unfold_options Options = unfold_options{}>
struct fold {
    using layer_tag = void;
    constexpr auto operator()(auto&& x) const {
        return tenon::fold<Output, Kernel, Options>(std::forward<decltype(x)>(x));
    }
    static std::string description() {
        return text_of({"fold(output_size=", tenon::detail::short_text(Output),
                        ", kernel_size=", tenon::detail::short_text(Kernel), ")"});
    }
};
/// local_response_norm<Size>(x, alpha, beta, k); torch.nn.LocalResponseNorm.
template <std::size_t Size>
struct local_response_norm {
    using layer_tag = void;
    using preserves_features = void;
    double alpha = 1e-4, beta = 0.75, k = 1;
    constexpr auto operator()(auto&& x) const {
        return tenon::local_response_norm<Size>(std::forward<decltype(x)>(x), alpha, beta, k);
    }
    static std::string description() { return text_of({"local_response_norm(", Size, ")"}); }
};

/// bilinear(a, b, weight, bias) for a […, In1] and b […, In2]; the weight is [Out, In1, In2] and the bias [Out], both uniform in
/// ±1/sqrt(In1) at first; torch.nn.Bilinear.
template <std::size_t In1, std::size_t In2, std::size_t Out, class Device = cpu, class Bias = with_bias>
struct bilinear {
    static constexpr bool has_bias = !std::is_same_v<Bias, no_bias>;
    using weight_type = typename Device::template variable<float, Out, In1, In2>;
    using bias_type = std::conditional_t<has_bias, typename Device::template variable<float, Out>, no_bias>;
    weight_type weight = detail::uniform_parameter<weight_type>(In1);
    [[no_unique_address]] bias_type bias = detail::uniform_parameter<bias_type>(In1);

    constexpr auto operator()(auto&& a, auto&& b) const& {
        if constexpr (has_bias)
            return tenon::bilinear(std::forward<decltype(a)>(a), std::forward<decltype(b)>(b), weight, bias);
        else return tenon::bilinear(std::forward<decltype(a)>(a), std::forward<decltype(b)>(b), weight);
    }
    /// Compile error `temporary_layer`.
    constexpr auto operator()(auto&&... x) && {
        using named = decltype(std::as_const(*this)(std::forward<decltype(x)>(x)...));
        return detail::refused_temporary<bilinear, named>();
    }
    static std::string description() {
        return text_of({"bilinear(in1_features=", In1, ", in2_features=", In2, ", out_features=", Out,
                        ", bias=", has_bias ? "true" : "false", ")"});
    }
};

/// embedding_bag(indices, weight, …) of a table [Count, Dim], normal numbers at first; torch.nn.EmbeddingBag.
template <std::size_t Count, std::size_t Dim, class Device = cpu>
struct embedding_bag {
    using layer_tag = void;
    static constexpr std::size_t out_features = Dim;
    using table = typename Device::template variable<float, Count, Dim>;
    table weight = detail::normal_parameter<table>();
    bag_mode mode = bag_mode::mean;
    std::int64_t padding_idx = embedding_bag_options::no_padding;  ///< indices that count nothing

    constexpr auto operator()(auto&& indices) const& {
        return tenon::embedding_bag(std::forward<decltype(indices)>(indices), weight, options());
    }
    /// Bags of a list that begin at offsets, or bags with weights of their rows.
    constexpr auto operator()(auto&& indices, auto&& offsets) const& {
        return tenon::embedding_bag(std::forward<decltype(indices)>(indices), weight,
                                    std::forward<decltype(offsets)>(offsets), options());
    }
    constexpr auto operator()(auto&& indices, auto&& offsets, auto&& weights) const& {
        return tenon::embedding_bag(std::forward<decltype(indices)>(indices), weight,
                                    std::forward<decltype(offsets)>(offsets), std::forward<decltype(weights)>(weights),
                                    options());
    }
    /// Compile error `temporary_layer`.
    constexpr auto operator()(auto&&... x) && {
        using named = decltype(std::as_const(*this)(std::forward<decltype(x)>(x)...));
        return detail::refused_temporary<embedding_bag, named>();
    }
    static std::string description() { return text_of({"embedding_bag(", Count, ", ", Dim, ")"}); }

private:
    constexpr embedding_bag_options options() const { return {mode, padding_idx, false}; }
};

/// ctc_loss(log_probs, targets, input_lengths, target_lengths) as an object; torch.nn.CTCLoss.
template <reduction R = reduction::mean>
struct basic_ctc_loss {
    std::int64_t blank = 0;      ///< the class that stands for no label
    bool zero_infinity = false;  ///< whether sequences that are too short for their targets count nothing instead of ∞
    auto operator()(auto&& log_probs, auto&& targets, auto&& input_lengths, auto&& target_lengths) const {
        return tenon::ctc_loss<R>(
            std::forward<decltype(log_probs)>(log_probs), std::forward<decltype(targets)>(targets),
            std::forward<decltype(input_lengths)>(input_lengths),
            std::forward<decltype(target_lengths)>(target_lengths), {.blank = blank, .zero_infinity = zero_infinity});
    }
    static std::string description() { return "ctc_loss()"; }
};
using ctc_loss = basic_ctc_loss<>;

}  // namespace tenon::inline TENON_TARGET::nn
