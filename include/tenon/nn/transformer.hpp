// Transformers: encoders and decoders of attention and feed-forward networks.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <utility>

#include <tenon/function/statistics.hpp>
#include <tenon/nn/attention.hpp>
#include <tenon/nn/dropout.hpp>
#include <tenon/nn/layer_norm.hpp>
#include <tenon/nn/linear.hpp>
#include <tenon/op/gelu.hpp>
#include <tenon/op/relu.hpp>

namespace tenon::inline TENON_TARGET::nn {

/// What a transformer's feed-forward networks apply between their linear maps.
enum class transformer_activation { relu, gelu };

/// Options of transformers, those of torch.nn.Transformer that change what is computed.
struct transformer_options {
    transformer_activation activation = transformer_activation::relu;
    bool norm_first = false;  ///< whether each part normalises its input instead of its sum with that
};

namespace detail {
/// W₂ dropout(f(W₁ x)), and dropout of that.
template <transformer_options Options, class X, class Layer, class Last>
auto feed_forward(X&& x, Layer const& l, Last const& last) {
    auto hidden = l.linear1(std::forward<X>(x));
    if constexpr (Options.activation == transformer_activation::gelu)
        return last(l.linear2(l.dropout(tenon::gelu(std::move(hidden)))));
    else return last(l.linear2(l.dropout(tenon::relu(std::move(hidden)))));
}
/// norm(x + part(x)), or x + part(norm(x)).
template <transformer_options Options, class X, class Norm, class Part>
auto residual(X&& x, Norm const& norm, Part const& part) {
    auto const whole = let(std::forward<X>(x));
    if constexpr (Options.norm_first) return whole + part(let(norm(whole)));
    else return norm(whole + part(whole));
}
TENON_ON_USE
std::string describe_transformer(char const* name, std::size_t embed, std::size_t heads, std::size_t hidden) {
    return text_of({name, "(d_model=", embed, ", nhead=", heads, ", dim_feedforward=", hidden, ")"});
}
}  // namespace detail

/// Attention of a sequence to itself and a feed-forward network, each with a residual connection and a normalisation, for x of shape
/// [batch, length, Embed] (batch first) or [length, Embed]; `{.is_causal = true}` as a last argument hides what comes after a place.
/// Members have PyTorch's names; dropout is 0.1. torch.nn.TransformerEncoderLayer; Vaswani et al. (2017), "Attention is all you need".
template <std::size_t Embed, std::size_t Heads, std::size_t FeedForward = 2048,
          transformer_options Options = transformer_options{}, class Device = cpu>
struct transformer_encoder_layer {
    using layer_tag = void;
    static constexpr std::size_t in_features = Embed, out_features = Embed;

    multihead_attention<Embed, Heads, Device> self_attn{};
    linear<Embed, FeedForward, Device> linear1{};
    nn::dropout dropout{0.1};
    linear<FeedForward, Embed, Device> linear2{};
    basic_layer_norm<shape<Embed>, Device> norm1{}, norm2{};
    nn::dropout dropout1{0.1}, dropout2{0.1};

    auto operator()(auto&& x, attention_options options = {}) const& {
        auto attended = detail::residual<Options>(std::forward<decltype(x)>(x), norm1,
                                                  [&](auto const& y) { return dropout1(self_attn(y, options)); });
        return detail::residual<Options>(std::move(attended), norm2, [&](auto const& y) {
            return detail::feed_forward<Options>(y, *this, dropout2);
        });
    }
    /// Compile error `temporary_layer`.
    constexpr auto operator()(auto&&... x) && {
        using named = decltype(std::as_const(*this)(std::forward<decltype(x)>(x)...));
        return detail::refused_temporary<transformer_encoder_layer, named>();
    }
    static std::string description() {
        return detail::describe_transformer("transformer_encoder_layer", Embed, Heads, FeedForward);
    }
};

/// The same for a target that attends to itself and then to a memory, what an encoder has made: `layer(target, memory,
/// {.is_causal = true})` hides from each place of the target what comes after it. torch.nn.TransformerDecoderLayer.
template <std::size_t Embed, std::size_t Heads, std::size_t FeedForward = 2048,
          transformer_options Options = transformer_options{}, class Device = cpu>
struct transformer_decoder_layer {
    multihead_attention<Embed, Heads, Device> self_attn{}, multihead_attn{};
    linear<Embed, FeedForward, Device> linear1{};
    nn::dropout dropout{0.1};
    linear<FeedForward, Embed, Device> linear2{};
    basic_layer_norm<shape<Embed>, Device> norm1{}, norm2{}, norm3{};
    nn::dropout dropout1{0.1}, dropout2{0.1}, dropout3{0.1};

    auto operator()(auto&& target, auto&& memory, attention_options options = {}) const& {
        auto attended = detail::residual<Options>(std::forward<decltype(target)>(target), norm1,
                                                  [&](auto const& y) { return dropout1(self_attn(y, options)); });
        auto const from = let(std::forward<decltype(memory)>(memory));
        auto remembered = detail::residual<Options>(
            std::move(attended), norm2, [&](auto const& y) { return dropout2(multihead_attn(y, from, from)); });
        return detail::residual<Options>(std::move(remembered), norm3, [&](auto const& y) {
            return detail::feed_forward<Options>(y, *this, dropout3);
        });
    }
    /// Compile error `temporary_layer`.
    constexpr auto operator()(auto&&... x) && {
        using named = decltype(std::as_const(*this)(std::forward<decltype(x)>(x)...));
        return detail::refused_temporary<transformer_decoder_layer, named>();
    }
    static std::string description() {
        return detail::describe_transformer("transformer_decoder_layer", Embed, Heads, FeedForward);
    }
};

/// What stands in the place of a last normalisation that is not there.
struct no_norm {
    using holds_no_parameters = void;
    constexpr auto operator()(auto&& x) const { return as_node(std::forward<decltype(x)>(x)); }
};

/// Layers one after another; torch.nn.TransformerEncoder.
/// @tparam Norm what comes last: no_norm, or layer_norm<Embed> as torch.nn.Transformer has it
template <std::size_t Embed, std::size_t Heads, std::size_t Layers, std::size_t FeedForward = 2048,
          transformer_options Options = transformer_options{}, class Device = cpu, class Norm = no_norm>
struct transformer_encoder {
    using layer_tag = void;
    static constexpr std::size_t in_features = Embed, out_features = Embed;
    std::array<transformer_encoder_layer<Embed, Heads, FeedForward, Options, Device>, Layers> layers{};
    [[no_unique_address]] Norm norm{};

    auto operator()(auto&& x, attention_options options = {}) const& {
        return norm(through<0>(std::forward<decltype(x)>(x), options));
    }
    /// Compile error `temporary_layer`.
    constexpr auto operator()(auto&&... x) && {
        using named = decltype(std::as_const(*this)(std::forward<decltype(x)>(x)...));
        return detail::refused_temporary<transformer_encoder, named>();
    }
    template <std::size_t I>
    auto through(auto&& x, attention_options const& options) const {
        if constexpr (I == Layers) return as_node(std::forward<decltype(x)>(x));
        else return through<I + 1>(layers[I](std::forward<decltype(x)>(x), options), options);
    }
};

/// Layers one after another, which all attend to one memory; torch.nn.TransformerDecoder.
template <std::size_t Embed, std::size_t Heads, std::size_t Layers, std::size_t FeedForward = 2048,
          transformer_options Options = transformer_options{}, class Device = cpu, class Norm = no_norm>
struct transformer_decoder {
    std::array<transformer_decoder_layer<Embed, Heads, FeedForward, Options, Device>, Layers> layers{};
    [[no_unique_address]] Norm norm{};

    auto operator()(auto&& target, auto&& memory, attention_options options = {}) const& {
        auto const from = let(std::forward<decltype(memory)>(memory));
        return norm(through<0>(std::forward<decltype(target)>(target), from, options));
    }
    /// Compile error `temporary_layer`.
    constexpr auto operator()(auto&&... x) && {
        using named = decltype(std::as_const(*this)(std::forward<decltype(x)>(x)...));
        return detail::refused_temporary<transformer_decoder, named>();
    }
    template <std::size_t I>
    auto through(auto&& x, auto const& memory, attention_options const& options) const {
        if constexpr (I == Layers) return as_node(std::forward<decltype(x)>(x));
        else return through<I + 1>(layers[I](std::forward<decltype(x)>(x), memory, options), memory, options);
    }
};

/// An encoder of sources and a decoder of targets, `model(source, target, {.is_causal = true})`, where the option is the target's;
/// torch.nn.Transformer with batch_first=True.
template <std::size_t Embed = 512, std::size_t Heads = 8, std::size_t EncoderLayers = 6, std::size_t DecoderLayers = 6,
          std::size_t FeedForward = 2048, transformer_options Options = transformer_options{}, class Device = cpu>
struct transformer {
    transformer_encoder<Embed, Heads, EncoderLayers, FeedForward, Options, Device,
                        basic_layer_norm<shape<Embed>, Device>>
        encoder{};
    transformer_decoder<Embed, Heads, DecoderLayers, FeedForward, Options, Device,
                        basic_layer_norm<shape<Embed>, Device>>
        decoder{};

    auto operator()(auto&& source, auto&& target, attention_options options = {}) const& {
        return decoder(std::forward<decltype(target)>(target), encoder(std::forward<decltype(source)>(source)),
                       options);
    }
    /// Compile error `temporary_layer`.
    constexpr auto operator()(auto&&... x) && {
        using named = decltype(std::as_const(*this)(std::forward<decltype(x)>(x)...));
        return detail::refused_temporary<transformer, named>();
    }
};

}  // namespace tenon::inline TENON_TARGET::nn
