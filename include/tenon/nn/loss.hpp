// Losses as layers: objects that keep the options of a loss.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <tenon/core/creation.hpp>
#include <tenon/core/to.hpp>
#include <tenon/expr/cross_entropy.hpp>
#include <tenon/function/binary_cross_entropy.hpp>
#include <tenon/function/kl_div.hpp>
#include <tenon/function/loss.hpp>
#include <tenon/function/nll_loss.hpp>
#include <tenon/op/cast.hpp>

namespace tenon::inline TENON_TARGET::nn {

/// The weights that a loss layer keeps, a copy of a tensor or computation of any shape and device or a number. Whether
/// they fit the elements of a loss is known when the layer is called: shape_error if not. A loss on another device than
/// the processor refers to them, so the layer has to outlive what it returns; those that live on the processor are
/// copied, and brought to the loss at each evaluation.
/// @tparam Device where they live: where the loss is computed, or the processor
template <class Device = cpu>
class loss_weights {
public:
    using holds_no_parameters = void;

    loss_weights() = default;
    template <class N>
        requires std::is_arithmetic_v<N>
    loss_weights(N number) {
        tensor<double, dyn> value(1);
        value(0) = static_cast<double>(number);
        keep(value);
    }
    template <expression W>
    loss_weights(W const& w) {
        auto const t = to<cpu>(w);
        auto const s = t.shape().extents();
        extents_.assign(s.begin(), s.end());
        tensor<double, dyn> values(t.size());
        std::transform(t.data(), t.data() + t.size(), values.data(), [](auto v) { return static_cast<double>(v); });
        keep(values);
    }
    template <class T, class Shape, class Where>
    operator loss_weight<T, Shape, Where>() const {
        using weight = loss_weight<T, Shape, Where>;
        auto const& values = values_as(std::type_identity<typename weight::value_type>{});
        if (values.size() == 0) return {};
        if constexpr (in_host_memory<Device>) return {values.data(), values.size(), extents_};
        else {
            static_assert(std::is_same_v<Device, Where>,
                          "the weights of a loss layer live on another device than the loss's elements");
            return weight::referring(values.device_data(), extents_);
        }
    }

private:
    template <class T>
    using elements = typename Device::template tensor<T, dyn>;

    /// Of which type a loss's elements are is known when the layer is called.
    template <class Values>
    void keep(Values const& values) {
        as_float_ = to<Device>(cast<float>(values));
        as_double_ = to<Device>(values);
    }
    auto const& values_as(std::type_identity<float>) const { return as_float_; }
    auto const& values_as(std::type_identity<double>) const { return as_double_; }

    elements<float> as_float_;
    elements<double> as_double_;
    std::vector<std::size_t> extents_;
};

/// cross_entropy(x, t) as an object; torch.nn.CrossEntropyLoss. Like the losses below it averages, and keeps weights on
/// the processor, under its plain name; the class behind it takes another reduction and, where a loss has weights, the
/// device that they live on: `nn::basic_cross_entropy_loss<reduction::sum, Device>`.
template <reduction R = reduction::mean, class Device = cpu>
struct basic_cross_entropy_loss {
    /// One weight for each class; the mean over class indices divides by the weights' sum.
    loss_weights<Device> weight{};
    std::int64_t ignore_index = -100;  ///< rows with this index count nothing
    double label_smoothing = 0;        ///< the part of the target that is spread over all classes
    auto operator()(auto&& x, auto&& t) const {
        return cross_entropy<R>(std::forward<decltype(x)>(x), std::forward<decltype(t)>(t),
                                {.weight = weight, .ignore_index = ignore_index, .label_smoothing = label_smoothing});
    }
    static std::string description() { return "cross_entropy_loss()"; }
};
using cross_entropy_loss = basic_cross_entropy_loss<>;

/// nll_loss(x, t) as an object; torch.nn.NLLLoss.
template <reduction R = reduction::mean, class Device = cpu>
struct basic_nll_loss {
    loss_weights<Device> weight{};     ///< one weight for each class; the mean divides by the weights' sum
    std::int64_t ignore_index = -100;  ///< rows with this index count nothing
    auto operator()(auto&& x, auto&& t) const {
        return tenon::nll_loss<R>(std::forward<decltype(x)>(x), std::forward<decltype(t)>(t),
                                  {.weight = weight, .ignore_index = ignore_index});
    }
    static std::string description() { return "nll_loss()"; }
};
using nll_loss = basic_nll_loss<>;

/// mse_loss(x, t) as an object; torch.nn.MSELoss.
template <reduction R = reduction::mean>
struct basic_mse_loss {
    constexpr auto operator()(auto&& x, auto&& t) const {
        return tenon::mse_loss<R>(std::forward<decltype(x)>(x), std::forward<decltype(t)>(t));
    }
    static std::string description() { return "mse_loss()"; }
};
using mse_loss = basic_mse_loss<>;

/// l1_loss(x, t) as an object; torch.nn.L1Loss.
template <reduction R = reduction::mean>
struct basic_l1_loss {
    constexpr auto operator()(auto&& x, auto&& t) const {
        return tenon::l1_loss<R>(std::forward<decltype(x)>(x), std::forward<decltype(t)>(t));
    }
    static std::string description() { return "l1_loss()"; }
};
using l1_loss = basic_l1_loss<>;

/// smooth_l1_loss(x, t) as an object; torch.nn.SmoothL1Loss.
template <reduction R = reduction::mean>
struct basic_smooth_l1_loss {
    double beta = 1;  ///< from this difference on the loss grows linearly
    constexpr auto operator()(auto&& x, auto&& t) const {
        return tenon::smooth_l1_loss<R>(std::forward<decltype(x)>(x), std::forward<decltype(t)>(t), {.beta = beta});
    }
    static std::string description() { return "smooth_l1_loss()"; }
};
using smooth_l1_loss = basic_smooth_l1_loss<>;

/// huber_loss(x, t) as an object; torch.nn.HuberLoss.
template <reduction R = reduction::mean>
struct basic_huber_loss {
    double delta = 1;  ///< from this difference on the loss grows linearly
    constexpr auto operator()(auto&& x, auto&& t) const {
        return tenon::huber_loss<R>(std::forward<decltype(x)>(x), std::forward<decltype(t)>(t), {.delta = delta});
    }
    static std::string description() { return "huber_loss()"; }
};
using huber_loss = basic_huber_loss<>;

/// binary_cross_entropy(x, t) as an object; torch.nn.BCELoss.
template <reduction R = reduction::mean, class Device = cpu>
struct basic_binary_cross_entropy_loss {
    loss_weights<Device> weight{};  ///< what each element's loss is multiplied by
    auto operator()(auto&& x, auto&& t) const {
        return binary_cross_entropy<R>(std::forward<decltype(x)>(x), std::forward<decltype(t)>(t), {.weight = weight});
    }
    static std::string description() { return "binary_cross_entropy_loss()"; }
};
using binary_cross_entropy_loss = basic_binary_cross_entropy_loss<>;

/// binary_cross_entropy_with_logits(x, t) as an object; torch.nn.BCEWithLogitsLoss.
template <reduction R = reduction::mean, class Device = cpu>
struct basic_binary_cross_entropy_with_logits_loss {
    loss_weights<Device> weight{};      ///< what each element's loss is multiplied by
    loss_weights<Device> pos_weight{};  ///< what the part of positive targets is multiplied by
    auto operator()(auto&& x, auto&& t) const {
        return binary_cross_entropy_with_logits<R>(std::forward<decltype(x)>(x), std::forward<decltype(t)>(t),
                                                   {.weight = weight, .pos_weight = pos_weight});
    }
    static std::string description() { return "binary_cross_entropy_with_logits_loss()"; }
};
using binary_cross_entropy_with_logits_loss = basic_binary_cross_entropy_with_logits_loss<>;

/// kl_div(x, t) as an object; torch.nn.KLDivLoss.
template <reduction R = reduction::mean>
struct basic_kl_div_loss {
    bool log_target = false;  ///< whether the targets are logarithms too
    constexpr auto operator()(auto&& x, auto&& t) const {
        return kl_div<R>(std::forward<decltype(x)>(x), std::forward<decltype(t)>(t), {.log_target = log_target});
    }
    static std::string description() { return "kl_div_loss()"; }
};
using kl_div_loss = basic_kl_div_loss<>;

}  // namespace tenon::inline TENON_TARGET::nn
