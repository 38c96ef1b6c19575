// The loss of a classifier: softmax and negative log-likelihood in one row operation.
#pragma once

#include <array>
#include <cstdint>
#include <type_traits>
#include <utility>

#include <tenon/expr/loss_weight.hpp>
#include <tenon/expr/reduce.hpp>
#include <tenon/expr/reduction.hpp>
#include <tenon/expr/softmax.hpp>

namespace tenon::inline TENON_TARGET {

/// Targets that do not fit the logits: class indices are integers, one for each row; a distribution has the logits'
/// shape.
template <class Logits, class Targets, class TargetElement>
struct cross_entropy_targets_do_not_fit;

namespace detail {
/// The shape of targets: the logits' without the class axis, which is 1 where there is a batch and 0 otherwise.
template <class S>
inline constexpr std::size_t class_axis = S::rank() == 1 ? 0 : 1;
template <class S>
using target_shape = reduced_shape<false, S, class_axis<S>>;
}  // namespace detail

/// Options of cross_entropy, for logits of element type T and a number of classes on a device.
template <class T, std::size_t Classes, class Device = cpu>
struct cross_entropy_options {
    /// One weight for each class; the mean over class indices divides by the weights' sum.
    loss_weight<T, shape<Classes>, Device> weight{};
    std::int64_t ignore_index = -100;  ///< rows with this index count nothing; distributions have no use for it
    double label_smoothing = 0;        ///< the part of the target that is spread over all classes
};

namespace detail {
template <class S>
inline constexpr std::size_t class_extent = [] {
    if constexpr (S::rank() == 0) return dyn;
    else return S::static_extents[class_axis<S>];
}();
template <class X>
using options_for = cross_entropy_options<element::computed_t<value_t<node_t<X>>>, class_extent<shape_t<node_t<X>>>,
                                          device_of_t<node_t<X>>>;
template <reduction R, class Logits>
using loss_shape = std::conditional_t<R == reduction::none, target_shape<shape_t<Logits>>, tenon::shape<>>;
}  // namespace detail

template <reduction R, class Logits, class Targets>
class cross_entropy_node
    : public expression_base<cross_entropy_node<R, Logits, Targets>, value_t<Logits>, detail::loss_shape<R, Logits>> {
public:
    using shape_type = detail::loss_shape<R, Logits>;
    using device = device_of_nodes<Logits, Targets>;
    using options_type =
        cross_entropy_options<value_t<Logits>, detail::class_extent<shape_t<Logits>>, device_of_t<Logits>>;
    constexpr cross_entropy_node(Logits x, Targets t, options_type o)
        : logits(std::move(x)), targets(std::move(t)), options(std::move(o)) {}
    constexpr shape_type shape() const {
        if constexpr (R != reduction::none) return {};
        else
            return shape_type(
                detail::reduced_extents<false, shape_t<Logits>, detail::class_axis<shape_t<Logits>>>::left(
                    logits.shape().extents()));
    }
    static constexpr char const *name = "cross_entropy", *kind = "softmax";
    static constexpr read_as read[2] = {read_as::streamed, read_as::indices};
    constexpr auto operands() const { return references(logits, targets); }
    /// As softmax, and for each row a logarithm and the target.
    constexpr std::size_t operations() const { return 5 * logits.shape().size(); }
    constexpr std::size_t gradient_operations() const { return logits.shape().size(); }
    Logits logits;
    Targets targets;
    options_type options;
};

namespace detail {
template <class S, class T>
constexpr bool targets_fit() {
    if constexpr (S::rank() == 0 || T::rank() + 1 != S::rank()) return false;
    else
        return std::is_same_v<target_shape<S>, T> || (broadcast_pair<target_shape<S>, T>::fits && [] {
                   for (std::size_t a = 0; a != T::rank(); ++a) {
                       std::size_t const x = target_shape<S>::static_extents[a], y = T::static_extents[a];
                       if (!is_dynamic(x) && !is_dynamic(y) && x != y) return false;
                   }
                   return true;
               }());
}
}  // namespace detail

namespace detail {
/// @throws shape_error when run-time extents of class indices differ from the logits' without the class axis
template <class X, class T>
constexpr void check_targets(char const* what, X const& x, T const& t) {
    if constexpr (!shape_t<X>::is_static || !shape_t<T>::is_static) {
        auto const wanted = reduced_extents<false, shape_t<X>, class_axis<shape_t<X>>>::left(x.shape().extents());
        if (wanted != t.shape().extents()) throw_shapes(what, to_string(x.shape()), to_string(t.shape()));
    }
}
/// −Σ_c w_c t_c log softmax(x)_c for targets that are distributions.
/// @param weight what the products are multiplied with: weights, or slope_one where there are none
template <reduction R, class X, class T, class W>
constexpr auto cross_entropy_of_distribution(X&& x, T&& t, W const& weight) {
    constexpr auto axis = static_cast<std::ptrdiff_t>(class_axis<shape_t<node_t<X>>>);
    auto const s = x.shape();
    auto product = [&] {
        auto p = log_softmax<axis>(std::forward<X>(x)) * std::forward<T>(t);
        if constexpr (std::is_same_v<W, slope_one>) return p;
        else return std::move(p) * weight;
    }();
    if constexpr (R == reduction::none) return -sum<axis>(std::move(product));
    else if constexpr (R == reduction::sum) return -sum(std::move(product));
    else
        return sum(std::move(product)) /
               -(static_cast<double>(s.size()) / static_cast<double>(s[static_cast<std::size_t>(axis)]));
}
template <class X, class T>
inline constexpr bool targets_are_distributions =
    !std::is_integral_v<typename plain_element<value_t<node_t<T>>>::type> && shape_t<node_t<X>>::rank() > 0 &&
    shapes_may_match<shape_t<node_t<X>>, shape_t<node_t<T>>>();
}  // namespace detail

/// −log softmax(x)_t for class indices t, averaged over the rows (or summed, or one for each row). Logits are
/// [classes], [rows, classes] or [rows, classes, …]; targets the same without the class axis. Rows with the index
/// `ignore_index` count nothing; with `label_smoothing` ε the target is (1 − ε) at t plus ε / classes everywhere.
///
/// Floating point targets of the logits' shape are distributions over the classes: −Σ_c w_c t_c log softmax(x)_c, whose
/// mean divides by the number of rows; they have gradients too. Compile error `cross_entropy_targets_do_not_fit`;
/// index_error for a class that does not exist; torch.nn.functional.cross_entropy.
template <reduction R = reduction::mean, operand Logits, operand Targets>
constexpr auto cross_entropy(Logits&& x, Targets&& t, detail::options_for<Logits> const& options) {
    static_assert(joins_losses<R>, "cross_entropy: takes mean, sum or none; reduction::batchmean is for kl_div alone");
    using s = shape_t<node_t<Logits>>;
    using u = shape_t<node_t<Targets>>;
    if constexpr (detail::targets_are_distributions<Logits, Targets>) {
        if (!(x.shape() == t.shape())) throw_shapes("cross_entropy", to_string(x.shape()), to_string(t.shape()));
        auto const weights = detail::class_weights_of<detail::class_axis<s>>(options.weight, x.shape());
        double const smoothing = options.label_smoothing,
                     spread = smoothing / static_cast<double>(x.shape()[detail::class_axis<s>]);
        return detail::cross_entropy_of_distribution<R>(std::forward<Logits>(x),
                                                        std::forward<Targets>(t) * (1 - smoothing) + spread, weights);
    } else if constexpr (!std::is_integral_v<value_t<node_t<Targets>>> || !detail::targets_fit<s, u>())
        return cross_entropy_targets_do_not_fit<s, u, value_t<node_t<Targets>>>{};
    else if constexpr (element::narrow<value_t<node_t<Logits>>>)
        return detail::in_float(std::forward<Logits>(x), [&](auto&& wide) {
            return cross_entropy<R>(std::move(wide), std::forward<Targets>(t), options);
        });
    else {
        detail::check_targets("cross_entropy", x, t);
        options.weight.check(
            shape<s::static_extents[detail::class_axis<s>]>(std::array{x.shape()[detail::class_axis<s>]}));
        return cross_entropy_node<R, node_t<Logits>, node_t<Targets>>(as_node(std::forward<Logits>(x)),
                                                                      as_node(std::forward<Targets>(t)), options);
    }
}
template <reduction R = reduction::mean, operand Logits, operand Targets>
constexpr auto cross_entropy(Logits&& x, Targets&& t) {
    if constexpr (detail::targets_are_distributions<Logits, Targets>) {
        if (!(x.shape() == t.shape())) throw_shapes("cross_entropy", to_string(x.shape()), to_string(t.shape()));
        return detail::cross_entropy_of_distribution<R>(std::forward<Logits>(x), std::forward<Targets>(t), slope_one{});
    } else return cross_entropy<R>(std::forward<Logits>(x), std::forward<Targets>(t), detail::options_for<Logits>{});
}

}  // namespace tenon::inline TENON_TARGET
