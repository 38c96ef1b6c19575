// Losses as layers: objects that keep the options of a loss.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

#include <tenon/core/to.hpp>
#include <tenon/expr/binary_cross_entropy.hpp>
#include <tenon/expr/cross_entropy.hpp>
#include <tenon/expr/kl_div.hpp>
#include <tenon/expr/loss.hpp>
#include <tenon/expr/nll_loss.hpp>

namespace tenon::inline TENON_TARGET::nn {

/// The weights that a loss layer keeps on the host, a copy of a tensor or computation of any shape and device or a
/// number. Whether they fit the elements of a loss is known when the layer is called: shape_error if not.
class loss_weights {
public:
    loss_weights() = default;
    template <class N>
        requires std::is_arithmetic_v<N>
    loss_weights(N number) : values_{static_cast<double>(number)} {}
    template <expression W>
    loss_weights(W const& w) {
        auto const t = to<cpu>(w);
        auto const s = t.shape().extents();
        extents_.assign(s.begin(), s.end());
        for (auto const v : t) values_.push_back(static_cast<double>(v));
    }
    template <class T, class Shape, class Device>
    operator loss_weight<T, Shape, Device>() const {
        if (values_.empty()) return {};
        return {values_.data(), values_.size(), extents_};
    }

private:
    std::vector<double> values_;
    std::vector<std::size_t> extents_;
};

/// cross_entropy(x, t) as an object; torch.nn.CrossEntropyLoss. Like the layers below it averages under its plain name;
/// another reduction is written `nn::cross_entropy_loss_as<reduction::sum>`.
template <reduction R>
struct cross_entropy_loss_as {
    loss_weights weight{};  ///< one weight for each class; the mean over class indices divides by the weights' sum
    std::int64_t ignore_index = -100;  ///< rows with this index count nothing
    double label_smoothing = 0;        ///< the part of the target that is spread over all classes
    auto operator()(auto const& x, auto const& t) const {
        return cross_entropy<R>(x, t,
                                {.weight = weight, .ignore_index = ignore_index, .label_smoothing = label_smoothing});
    }
    static std::string description() { return "cross_entropy_loss()"; }
};
using cross_entropy_loss = cross_entropy_loss_as<reduction::mean>;

/// nll_loss(x, t) as an object; torch.nn.NLLLoss.
template <reduction R>
struct nll_loss_as {
    loss_weights weight{};             ///< one weight for each class; the mean divides by the weights' sum
    std::int64_t ignore_index = -100;  ///< rows with this index count nothing
    auto operator()(auto const& x, auto const& t) const {
        return tenon::nll_loss<R>(x, t, {.weight = weight, .ignore_index = ignore_index});
    }
    static std::string description() { return "nll_loss()"; }
};
using nll_loss = nll_loss_as<reduction::mean>;

/// mse_loss(x, t) as an object; torch.nn.MSELoss.
template <reduction R>
struct mse_loss_as {
    constexpr auto operator()(auto const& x, auto const& t) const { return tenon::mse_loss<R>(x, t); }
    static std::string description() { return "mse_loss()"; }
};
using mse_loss = mse_loss_as<reduction::mean>;

/// l1_loss(x, t) as an object; torch.nn.L1Loss.
template <reduction R>
struct l1_loss_as {
    constexpr auto operator()(auto const& x, auto const& t) const { return tenon::l1_loss<R>(x, t); }
    static std::string description() { return "l1_loss()"; }
};
using l1_loss = l1_loss_as<reduction::mean>;

/// smooth_l1_loss(x, t) as an object; torch.nn.SmoothL1Loss.
template <reduction R>
struct smooth_l1_loss_as {
    double beta = 1;  ///< from this difference on the loss grows linearly
    constexpr auto operator()(auto const& x, auto const& t) const {
        return tenon::smooth_l1_loss<R>(x, t, {.beta = beta});
    }
    static std::string description() { return "smooth_l1_loss()"; }
};
using smooth_l1_loss = smooth_l1_loss_as<reduction::mean>;

/// huber_loss(x, t) as an object; torch.nn.HuberLoss.
template <reduction R>
struct huber_loss_as {
    double delta = 1;  ///< from this difference on the loss grows linearly
    constexpr auto operator()(auto const& x, auto const& t) const {
        return tenon::huber_loss<R>(x, t, {.delta = delta});
    }
    static std::string description() { return "huber_loss()"; }
};
using huber_loss = huber_loss_as<reduction::mean>;

/// binary_cross_entropy(x, t) as an object; torch.nn.BCELoss.
template <reduction R>
struct bce_loss_as {
    loss_weights weight{};  ///< what each element's loss is multiplied by
    auto operator()(auto const& x, auto const& t) const { return binary_cross_entropy<R>(x, t, {.weight = weight}); }
    static std::string description() { return "bce_loss()"; }
};
using bce_loss = bce_loss_as<reduction::mean>;
using binary_cross_entropy_loss = bce_loss;

/// binary_cross_entropy_with_logits(x, t) as an object; torch.nn.BCEWithLogitsLoss.
template <reduction R>
struct bce_with_logits_loss_as {
    loss_weights weight{};      ///< what each element's loss is multiplied by
    loss_weights pos_weight{};  ///< what the part of positive targets is multiplied by
    auto operator()(auto const& x, auto const& t) const {
        return binary_cross_entropy_with_logits<R>(x, t, {.weight = weight, .pos_weight = pos_weight});
    }
    static std::string description() { return "bce_with_logits_loss()"; }
};
using bce_with_logits_loss = bce_with_logits_loss_as<reduction::mean>;
using binary_cross_entropy_with_logits_loss = bce_with_logits_loss;

/// kl_div(x, t) as an object; torch.nn.KLDivLoss.
template <reduction R>
struct kl_div_loss_as {
    bool log_target = false;  ///< whether the targets are logarithms too
    constexpr auto operator()(auto const& x, auto const& t) const {
        return kl_div<R>(x, t, {.log_target = log_target});
    }
    static std::string description() { return "kl_div_loss()"; }
};
using kl_div_loss = kl_div_loss_as<reduction::mean>;

}  // namespace tenon::inline TENON_TARGET::nn
