// Losses as layers: objects that keep the options of a loss.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <tuple>
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
        keep(full<double, dyn>(1, static_cast<double>(number)));
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
        auto const& values = std::get<elements<typename weight::value_type>>(values_);
        if (values.size() == 0) return {};
        if constexpr (std::is_same_v<Device, cpu>) return {values.data(), values.size(), extents_};
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
    void keep(tensor<double, dyn> const& values) { values_ = {to<Device>(cast<float>(values)), to<Device>(values)}; }

    std::tuple<elements<float>, elements<double>> values_;
    std::vector<std::size_t> extents_;
};

/// cross_entropy(x, t) as an object; torch.nn.CrossEntropyLoss. Like the layers below it averages under its plain name;
/// another reduction is written `nn::cross_entropy_loss_as<reduction::sum>`. Those with weights keep them on the
/// processor; `nn::cross_entropy_loss_on<Device>` and `nn::cross_entropy_loss_as<reduction::sum, Device>` keep them on
/// a device.
template <reduction R, class Device = cpu>
struct cross_entropy_loss_as {
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
using cross_entropy_loss = cross_entropy_loss_as<reduction::mean>;
template <class Device>
using cross_entropy_loss_on = cross_entropy_loss_as<reduction::mean, Device>;

/// nll_loss(x, t) as an object; torch.nn.NLLLoss.
template <reduction R, class Device = cpu>
struct nll_loss_as {
    loss_weights<Device> weight{};     ///< one weight for each class; the mean divides by the weights' sum
    std::int64_t ignore_index = -100;  ///< rows with this index count nothing
    auto operator()(auto&& x, auto&& t) const {
        return tenon::nll_loss<R>(std::forward<decltype(x)>(x), std::forward<decltype(t)>(t),
                                  {.weight = weight, .ignore_index = ignore_index});
    }
    static std::string description() { return "nll_loss()"; }
};
using nll_loss = nll_loss_as<reduction::mean>;
template <class Device>
using nll_loss_on = nll_loss_as<reduction::mean, Device>;

/// mse_loss(x, t) as an object; torch.nn.MSELoss.
template <reduction R>
struct mse_loss_as {
    constexpr auto operator()(auto&& x, auto&& t) const {
        return tenon::mse_loss<R>(std::forward<decltype(x)>(x), std::forward<decltype(t)>(t));
    }
    static std::string description() { return "mse_loss()"; }
};
using mse_loss = mse_loss_as<reduction::mean>;

/// l1_loss(x, t) as an object; torch.nn.L1Loss.
template <reduction R>
struct l1_loss_as {
    constexpr auto operator()(auto&& x, auto&& t) const {
        return tenon::l1_loss<R>(std::forward<decltype(x)>(x), std::forward<decltype(t)>(t));
    }
    static std::string description() { return "l1_loss()"; }
};
using l1_loss = l1_loss_as<reduction::mean>;

/// smooth_l1_loss(x, t) as an object; torch.nn.SmoothL1Loss.
template <reduction R>
struct smooth_l1_loss_as {
    double beta = 1;  ///< from this difference on the loss grows linearly
    constexpr auto operator()(auto&& x, auto&& t) const {
        return tenon::smooth_l1_loss<R>(std::forward<decltype(x)>(x), std::forward<decltype(t)>(t), {.beta = beta});
    }
    static std::string description() { return "smooth_l1_loss()"; }
};
using smooth_l1_loss = smooth_l1_loss_as<reduction::mean>;

/// huber_loss(x, t) as an object; torch.nn.HuberLoss.
template <reduction R>
struct huber_loss_as {
    double delta = 1;  ///< from this difference on the loss grows linearly
    constexpr auto operator()(auto&& x, auto&& t) const {
        return tenon::huber_loss<R>(std::forward<decltype(x)>(x), std::forward<decltype(t)>(t), {.delta = delta});
    }
    static std::string description() { return "huber_loss()"; }
};
using huber_loss = huber_loss_as<reduction::mean>;

/// binary_cross_entropy(x, t) as an object; torch.nn.BCELoss.
template <reduction R, class Device = cpu>
struct bce_loss_as {
    loss_weights<Device> weight{};  ///< what each element's loss is multiplied by
    auto operator()(auto&& x, auto&& t) const {
        return binary_cross_entropy<R>(std::forward<decltype(x)>(x), std::forward<decltype(t)>(t), {.weight = weight});
    }
    static std::string description() { return "bce_loss()"; }
};
using bce_loss = bce_loss_as<reduction::mean>;
template <class Device>
using bce_loss_on = bce_loss_as<reduction::mean, Device>;
using binary_cross_entropy_loss = bce_loss;
template <class Device>
using binary_cross_entropy_loss_on = bce_loss_on<Device>;

/// binary_cross_entropy_with_logits(x, t) as an object; torch.nn.BCEWithLogitsLoss.
template <reduction R, class Device = cpu>
struct bce_with_logits_loss_as {
    loss_weights<Device> weight{};      ///< what each element's loss is multiplied by
    loss_weights<Device> pos_weight{};  ///< what the part of positive targets is multiplied by
    auto operator()(auto&& x, auto&& t) const {
        return binary_cross_entropy_with_logits<R>(std::forward<decltype(x)>(x), std::forward<decltype(t)>(t),
                                                   {.weight = weight, .pos_weight = pos_weight});
    }
    static std::string description() { return "bce_with_logits_loss()"; }
};
using bce_with_logits_loss = bce_with_logits_loss_as<reduction::mean>;
template <class Device>
using bce_with_logits_loss_on = bce_with_logits_loss_as<reduction::mean, Device>;
using binary_cross_entropy_with_logits_loss = bce_with_logits_loss;
template <class Device>
using binary_cross_entropy_with_logits_loss_on = bce_with_logits_loss_on<Device>;

/// kl_div(x, t) as an object; torch.nn.KLDivLoss.
template <reduction R>
struct kl_div_loss_as {
    bool log_target = false;  ///< whether the targets are logarithms too
    constexpr auto operator()(auto&& x, auto&& t) const {
        return kl_div<R>(std::forward<decltype(x)>(x), std::forward<decltype(t)>(t), {.log_target = log_target});
    }
    static std::string description() { return "kl_div_loss()"; }
};
using kl_div_loss = kl_div_loss_as<reduction::mean>;

}  // namespace tenon::inline TENON_TARGET::nn
