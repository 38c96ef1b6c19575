// Normalisation of each channel over a batch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include <tenon/expr/normalize.hpp>

namespace tenon::inline TENON_TARGET {

/// Mean and variance of each channel that move with the batches seen, and lie outside the computation.
/// @tparam R their element type
template <class R>
struct running_statistics {
    R* mean = nullptr;  ///< null where there are none
    R* var = nullptr;
    std::int64_t* batches = nullptr;  ///< null where batches are not counted
    double momentum = 0.1;            ///< the weight of a new batch
};

/// Options of batch_norm with running statistics, those of torch.nn.functional.batch_norm.
struct batch_norm_options {
    bool training = false;  ///< whether the batch's statistics are used, and move the running ones
    double momentum = 0.1;  ///< the weight of a new batch
    double eps = 1e-5;
};

/// (x − mean) / √(var + eps) for each channel, axis 1 of A. While training mean and var (divided by n) are the batch's, and each
/// evaluation moves the running ones; otherwise they are the running ones, which are constants.
template <class A, class R>
class batch_norm_node : public expression_base<batch_norm_node<A, R>, value_t<A>, shape_t<A>> {
public:
    using device = device_of_nodes<A>;
    constexpr batch_norm_node(A a, running_statistics<R> r, bool t, double e)
        : operand(std::move(a)), running(r), training(t), eps(e) {}
    constexpr auto shape() const { return operand.shape(); }
    static constexpr char const *name = "batch_norm", *kind = "normalization";
    constexpr auto operands() const { return references(operand); }
    constexpr std::size_t operations() const { return (training ? 6 : 2) * shape().size(); }
    constexpr std::size_t gradient_operations() const { return (training ? 8 : 1) * shape().size(); }
    A operand;
    running_statistics<R> running;
    bool training;
    double eps;
};

namespace detail {
template <class R, class X>
constexpr auto standardize_channels(X&& x, running_statistics<R> running, bool training, double eps) {
    static_assert(!std::is_integral_v<value_t<X>>, "normalisation needs floating point elements");
    if constexpr (element::narrow<value_t<X>>)
        return in_float(std::forward<X>(x),
                        [=](auto&& wide) { return standardize_channels(std::move(wide), running, training, eps); });
    else return batch_norm_node<node_t<X>, R>(as_node(std::forward<X>(x)), running, training, checked_eps(eps));
}
/// y · weight + bias with a value of each for every channel.
template <class Y, class W, class B>
constexpr auto scale_channels(Y&& y, W&& weight, B&& bias) {
    constexpr std::size_t rank = shape_t<Y>::rank();
    return std::forward<Y>(y) * along_channels<rank>(std::forward<W>(weight)) +
           along_channels<rank>(std::forward<B>(bias));
}
template <class X, class W>
inline constexpr bool one_for_each_channel = [] {
    if constexpr (W::rank() != 1) return false;
    else return is_dynamic(W::static_extents[0]) || channels_fit<W::static_extents[0], X>();
}();
template <class X, class W>
constexpr void check_channels(X const& x, W const& w) {
    if (x.shape()[1] != w.shape()[0]) throw_shapes("batch_norm", to_string(x.shape()), to_string(w.shape()));
}
/// f of x standardised by statistics that run, which have an element for each channel.
template <class X, class Statistics, class F>
constexpr auto with_running_statistics(X&& x, Statistics& mean, Statistics& var, batch_norm_options const& o,
                                       F const& f) {
    using channels = shape_t<Statistics>;
    if constexpr (!one_for_each_channel<shape_t<X>, channels>)
        return channels_do_not_fit<"batch_norm", channels::rank() == 0 ? 0 : inner_extent<channels>, shape_t<X>>{};
    else {
        static_assert(std::is_same_v<device_of_nodes<node_t<X>, Statistics>, typename Statistics::device>);
        check_channels(x, mean);
        check_channels(x, var);
        running_statistics<value_t<Statistics>> const running{elements_of(mean), elements_of(var), nullptr, o.momentum};
        return f(standardize_channels(std::forward<X>(x), running, o.training, o.eps));
    }
}
}  // namespace detail

/// (x − mean) / √(var + eps) · weight + bias with the mean and variance (divided by n) of each channel in the batch; x is
/// [n, channels, …]. Compile error `channels_do_not_fit`; torch.nn.functional.batch_norm without running statistics.
template <expression X, expression W, expression B>
constexpr auto batch_norm(X&& x, W&& weight, B&& bias, double eps = 1e-5) {
    if constexpr (!detail::one_for_each_channel<shape_t<X>, shape_t<W>>)
        return channels_do_not_fit<"batch_norm", shape_t<W>::rank() == 0 ? 0 : inner_extent<shape_t<W>>, shape_t<X>>{};
    else {
        detail::check_channels(x, weight);
        return detail::scale_channels(detail::standardize_channels<float>(std::forward<X>(x), {}, true, eps),
                                      std::forward<W>(weight), std::forward<B>(bias));
    }
}
/// The same with running statistics: `batch_norm(x, mean, var, weight, bias, {.training = true})`. While training each evaluation
/// moves them by `momentum` towards the batch's mean and variance (divided by n − 1); otherwise they take the place of the batch's. They have to outlive the computation.
/// @tparam Statistics a tensor in x's memory with an element for each channel
template <expression X, class Statistics, expression W, expression B>
    requires requires { typename Statistics::tensor_tag; }
constexpr auto batch_norm(X&& x, Statistics& running_mean, Statistics& running_var, W&& weight, B&& bias,
                          batch_norm_options options = {}) {
    return detail::with_running_statistics(std::forward<X>(x), running_mean, running_var, options, [&](auto&& y) {
        return detail::scale_channels(std::move(y), std::forward<W>(weight), std::forward<B>(bias));
    });
}
/// The same without weight and bias: `batch_norm(x, mean, var, {.training = true})`.
template <expression X, class Statistics>
    requires requires { typename Statistics::tensor_tag; }
constexpr auto batch_norm(X&& x, Statistics& running_mean, Statistics& running_var, batch_norm_options options) {
    return detail::with_running_statistics(std::forward<X>(x), running_mean, running_var, options,
                                           [](auto&& y) { return std::move(y); });
}
/// The same with the batch's statistics alone: `batch_norm(x)`.
template <expression X>
constexpr auto batch_norm(X&& x, double eps = 1e-5) {
    static_assert(shape_t<X>::rank() > 1, "batch_norm: x is [n, channels, ...]");
    return detail::standardize_channels<float>(std::forward<X>(x), {}, true, eps);
}

}  // namespace tenon::inline TENON_TARGET
