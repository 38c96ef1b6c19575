// Normalisation over a batch as layers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include <tenon/expr/batch_norm.hpp>
#include <tenon/nn/module.hpp>
#include <tenon/nn/parameter.hpp>

namespace tenon::inline TENON_TARGET::nn {

namespace detail {
/// A buffer that starts with ones.
template <class Tensor>
Tensor ones_buffer() {
    tensor_of_t<value_t<Tensor>, shape_t<Tensor>> t;
    t.fill(1);
    return Tensor(t);
}
/// What the layers share: statistics of the layer, its weight and bias.
template <class X, class Layer>
constexpr auto batch_normalized(X&& x, Layer const& l) {
    running_statistics<float> const running{elements_of(l.running_mean), elements_of(l.running_var),
                                            elements_of(l.num_batches_tracked), l.momentum};
    return tenon::detail::scale_channels(
        tenon::detail::standardize_channels(std::forward<X>(x), running, l.training, l.eps), parameter_for(x, l.weight),
        parameter_for(x, l.bias));
}
TENON_ON_USE
std::string describe_batch_norm(char const* name, std::size_t channels, double eps, double momentum) {
    return text_of({name, "(", channels, ", eps=", number_text(eps), ", momentum=", number_text(momentum), ")"});
}
}  // namespace detail

/// (x − mean) / √(var + eps) · weight + bias for each channel of x. While training, mean and variance are the batch's, and each
/// evaluation moves the running ones by `momentum` towards them (their variance is divided by n − 1); in evaluation mode the
/// running ones are used. Compile error `channels_do_not_fit`; shape_error while training with one element for a channel.
/// @tparam Dimensions 1: x is [n, Channels] or [n, Channels, length]; 2: it is [n, Channels, height, width]; 3: it is [n, Channels, depth, height, width]
template <std::size_t Channels, std::size_t Dimensions, class Device = cpu>
struct basic_batch_norm {
    static_assert(Dimensions >= 1 && Dimensions <= 3, "batch_norm: a channel has one to three dimensions");
    using layer_tag = void;
    using preserves_features = void;
    using parameters = typename Device::template variable<float, Channels>;
    using statistics = typename Device::template tensor<float, Channels>;

    parameters weight = detail::constant_parameter<parameters>(1);
    parameters bias{};
    mutable statistics running_mean{};
    mutable statistics running_var = detail::ones_buffer<statistics>();
    mutable typename Device::template tensor<std::int64_t> num_batches_tracked{};
    double eps = 1e-5;
    double momentum = 0.1;
    bool training = true;

    constexpr auto operator()(auto&& x) const& {
        using s = shape_t<decltype(x)>;
        constexpr bool rank_fits = Dimensions == 1 ? s::rank() <= 3 : s::rank() == Dimensions + 2;
        if constexpr (!rank_fits || !tenon::detail::channels_fit<Channels, s>())
            return channels_do_not_fit<"batch_norm", Channels, s>{};
        else return detail::batch_normalized(std::forward<decltype(x)>(x), *this);
    }
    /// Compile error `temporary_layer`.
    constexpr auto operator()(auto&&... x) && {
        using named = decltype(std::as_const(*this)(std::forward<decltype(x)>(x)...));
        return detail::refused_temporary<basic_batch_norm, named>();
    }
    std::string description() const {
        constexpr char const* names[] = {"batch_norm1d", "batch_norm2d", "batch_norm3d"};
        return detail::describe_batch_norm(names[Dimensions - 1], Channels, eps, momentum);
    }
};

/// torch.nn.BatchNorm1d, torch.nn.BatchNorm2d and torch.nn.BatchNorm3d.
template <std::size_t Channels, class Device = cpu>
using batch_norm1d = basic_batch_norm<Channels, 1, Device>;
template <std::size_t Channels, class Device = cpu>
using batch_norm2d = basic_batch_norm<Channels, 2, Device>;
template <std::size_t Channels, class Device = cpu>
using batch_norm3d = basic_batch_norm<Channels, 3, Device>;

}  // namespace tenon::inline TENON_TARGET::nn
