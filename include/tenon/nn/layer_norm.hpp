// Normalisation within each sample as layers.
#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include <tenon/expr/normalize.hpp>
#include <tenon/nn/module.hpp>
#include <tenon/nn/parameter.hpp>

namespace tenon::inline TENON_TARGET::nn {

namespace detail {
/// Extents as PyTorch writes them: "(3,)", "(2, 3)".
template <std::size_t... E>
std::string extents_text() {
    std::string text = "(";
    std::size_t n = 0;
    (append_text(text, {n++ == 0 ? "" : ", ", E}), ...);
    append_text(text, {sizeof...(E) == 1 ? ",)" : ")"});
    return text;
}
}  // namespace detail

/// (x − mean) / √(var + eps) · weight + bias over the last axes, whose extents are E; torch.nn.LayerNorm. Compile error
/// `normalized_shape_does_not_fit`.
/// `layer_norm<E...>` is the processor's; the class behind it takes extents and device: `basic_layer_norm<shape<E...>, Device>`.
template <class Shape, class Device = cpu>
struct basic_layer_norm;
template <std::size_t... E, class Device>
struct basic_layer_norm<shape<E...>, Device> {
    using layer_tag = void;
    using preserves_features = void;
    using parameters = typename Device::template variable<float, E...>;

    parameters weight = detail::constant_parameter<parameters>(1);
    parameters bias{};
    double eps = 1e-5;

    constexpr auto operator()(auto&& x) const& {
        return tenon::layer_norm(std::forward<decltype(x)>(x), detail::parameter_for(x, weight),
                                 detail::parameter_for(x, bias), eps);
    }
    constexpr auto operator()(auto&& x) && {
        return tenon::layer_norm(std::forward<decltype(x)>(x), detail::parameter_for(x, std::move(weight)),
                                 detail::parameter_for(x, std::move(bias)), eps);
    }
    std::string description() const {
        return text_of({"layer_norm(", detail::extents_text<E...>(), ", eps=", detail::number_text(eps), ")"});
    }
};
template <std::size_t... E>
using layer_norm = basic_layer_norm<shape<E...>>;

/// x / √(mean of x² + eps) · weight over the last axes, whose extents are E; torch.nn.RMSNorm. Compile error
/// `normalized_shape_does_not_fit`.
/// `rms_norm<E...>` is the processor's; the class behind it takes extents and device: `basic_rms_norm<shape<E...>, Device>`.
template <class Shape, class Device = cpu>
struct basic_rms_norm;
template <std::size_t... E, class Device>
struct basic_rms_norm<shape<E...>, Device> {
    using layer_tag = void;
    using preserves_features = void;
    using parameters = typename Device::template variable<float, E...>;

    parameters weight = detail::constant_parameter<parameters>(1);
    double eps = tenon::detail::machine_epsilon<float>;

    constexpr auto operator()(auto&& x) const& {
        return tenon::rms_norm(std::forward<decltype(x)>(x), detail::parameter_for(x, weight), eps);
    }
    constexpr auto operator()(auto&& x) && {
        return tenon::rms_norm(std::forward<decltype(x)>(x), detail::parameter_for(x, std::move(weight)), eps);
    }
    std::string description() const {
        return text_of({"rms_norm(", detail::extents_text<E...>(), ", eps=", detail::number_text(eps), ")"});
    }
};
template <std::size_t... E>
using rms_norm = basic_rms_norm<shape<E...>>;

/// Normalises each of Groups groups of the Channels channels of each sample, then scales and shifts every channel; x is
/// [n, Channels, …]; torch.nn.GroupNorm. Compile error `channels_do_not_fit`.
template <std::size_t Groups, std::size_t Channels, class Device = cpu>
struct group_norm {
    static_assert(Groups > 0 && Channels % Groups == 0, "group_norm: the channels have to be divisible by the groups");
    using layer_tag = void;
    using preserves_features = void;
    using parameters = typename Device::template variable<float, Channels>;

    parameters weight = detail::constant_parameter<parameters>(1);
    parameters bias{};
    double eps = 1e-5;

    constexpr auto operator()(auto&& x) const& { return normalized(std::forward<decltype(x)>(x), weight, bias); }
    constexpr auto operator()(auto&& x) && {
        return normalized(std::forward<decltype(x)>(x), std::move(weight), std::move(bias));
    }
    std::string description() const {
        return text_of({"group_norm(", Groups, ", ", Channels, ", eps=", detail::number_text(eps), ")"});
    }

private:
    template <class X, class P>
    constexpr auto normalized(X&& x, P&& w, P&& b) const {
        using s = shape_t<X>;
        if constexpr (!tenon::detail::channels_fit<Channels, s>())
            return channels_do_not_fit<"group_norm", Channels, s>{};
        else
            return tenon::group_norm<Groups>(std::forward<X>(x), detail::parameter_for(x, std::forward<P>(w)),
                                             detail::parameter_for(x, std::forward<P>(b)), eps);
    }
};

/// Normalises each channel of each sample; has no parameters, as torch.nn.InstanceNorm2d unless told otherwise. Compile error
/// `channels_do_not_fit`.
/// @tparam Dimensions 1: x is [n, Channels, length]; 2: [n, Channels, height, width]; 3: [n, Channels, depth, height, width]
template <std::size_t Channels, std::size_t Dimensions>
struct basic_instance_norm {
    static_assert(Dimensions >= 1 && Dimensions <= 3, "instance_norm: a channel has one to three dimensions");
    using layer_tag = void;
    using preserves_features = void;

    double eps = 1e-5;

    constexpr auto operator()(auto&& x) const {
        using s = shape_t<decltype(x)>;
        if constexpr (s::rank() != Dimensions + 2 || !tenon::detail::channels_fit<Channels, s>())
            return channels_do_not_fit<"instance_norm", Channels, s>{};
        else return tenon::instance_norm(std::forward<decltype(x)>(x), eps);
    }
    std::string description() const {
        return text_of({"instance_norm", Dimensions, "d(", Channels, ", eps=", detail::number_text(eps), ")"});
    }
};
template <std::size_t Channels>
using instance_norm1d = basic_instance_norm<Channels, 1>;
template <std::size_t Channels>
using instance_norm2d = basic_instance_norm<Channels, 2>;
template <std::size_t Channels>
using instance_norm3d = basic_instance_norm<Channels, 3>;

}  // namespace tenon::inline TENON_TARGET::nn
