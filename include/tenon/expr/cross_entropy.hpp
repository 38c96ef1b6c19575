// The loss of a classifier: softmax and negative log-likelihood in one row operation.
#pragma once

#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>

#include <tenon/expr/softmax.hpp>

namespace tenon::inline TENON_TARGET {

/// How a loss joins its elements.
enum class reduction { mean, sum, none };

/// Targets that do not fit the logits: class indices are integers, one for each row; a distribution has the logits' shape.
template <class Logits, class Targets>
struct cross_entropy_targets_do_not_fit;

namespace detail {
/// The shape of targets: the logits' without the class axis, which is 1 where there is a batch and 0 otherwise.
template <class S>
inline constexpr std::size_t class_axis = S::rank() == 1 ? 0 : 1;
template <class S>
using target_shape = reduced_shape<false, S, class_axis<S>>;
}  // namespace detail

/// Options of cross_entropy, for logits of element type T and a number of classes.
template <class T, std::size_t Classes>
struct cross_entropy_options {
    std::optional<tensor<T, Classes>> weight{};  ///< one weight for each class; the mean divides by the weights' sum
    std::int64_t ignore_index = -100;            ///< rows with this index count nothing
    double label_smoothing = 0;                  ///< the part of the target that is spread over all classes
};

namespace detail {
template <class S>
inline constexpr std::size_t class_extent = [] {
    if constexpr (S::rank() == 0) return dyn;
    else return S::static_extents[class_axis<S>];
}();
template <class X>
using options_for = cross_entropy_options<value_t<node_t<X>>, class_extent<shape_t<node_t<X>>>>;
template <reduction R, class Logits>
using loss_shape = std::conditional_t<R == reduction::none, target_shape<shape_t<Logits>>, tenon::shape<>>;
}  // namespace detail

template <reduction R, class Logits, class Targets>
class cross_entropy_node
    : public expression_base<cross_entropy_node<R, Logits, Targets>, value_t<Logits>, detail::loss_shape<R, Logits>> {
public:
    using shape_type = detail::loss_shape<R, Logits>;
    using device = device_of_nodes<Logits, Targets>;
    using options_type = cross_entropy_options<value_t<Logits>, detail::class_extent<shape_t<Logits>>>;
    constexpr cross_entropy_node(Logits x, Targets t, options_type o) : logits(std::move(x)), targets(std::move(t)), options(std::move(o)) {}
    constexpr shape_type shape() const {
        if constexpr (R != reduction::none) return {};
        else return shape_type(detail::reduced_extents<false, shape_t<Logits>, detail::class_axis<shape_t<Logits>>>::left(logits.shape().extents()));
    }
    Logits logits;
    Targets targets;
    options_type options;
};

namespace detail {
template <class S, class T>
constexpr bool targets_fit() {
    if constexpr (S::rank() == 0 || T::rank() + 1 != S::rank()) return false;
    else return std::is_same_v<target_shape<S>, T> || (broadcast_pair<target_shape<S>, T>::fits && [] {
        for (std::size_t a = 0; a != T::rank(); ++a) {
            std::size_t const x = target_shape<S>::static_extents[a], y = T::static_extents[a];
            if (!is_dynamic(x) && !is_dynamic(y) && x != y) return false;
        }
        return true;
    }());
}
}  // namespace detail

/// −log softmax(x)_t for class indices t, averaged over the rows (or summed, or one for each row). Logits are [classes],
/// [rows, classes] or [rows, classes, …]; targets the same without the class axis. Rows with the index `ignore_index` count
/// nothing; with `label_smoothing` ε the target is (1 − ε) at t plus ε / classes everywhere. Compile error
/// `cross_entropy_targets_do_not_fit`; index_error for a class that does not exist; torch.nn.functional.cross_entropy.
template <reduction R = reduction::mean, operand Logits, operand Targets>
constexpr auto cross_entropy(Logits&& x, Targets&& t, detail::options_for<Logits> options = {}) {
    using s = shape_t<node_t<Logits>>;
    using u = shape_t<node_t<Targets>>;
    if constexpr (!std::is_integral_v<value_t<node_t<Targets>>> || !detail::targets_fit<s, u>())
        return cross_entropy_targets_do_not_fit<s, u>{};
    else {
        if constexpr (!s::is_static || !u::is_static) {
            auto const wanted = detail::reduced_extents<false, s, detail::class_axis<s>>::left(x.shape().extents());
            if (wanted != t.shape().extents()) throw_shapes("cross_entropy", to_string(x.shape()), to_string(t.shape()));
        }
        return cross_entropy_node<R, node_t<Logits>, node_t<Targets>>(as_node(std::forward<Logits>(x)), as_node(std::forward<Targets>(t)), std::move(options));
    }
}

}  // namespace tenon::inline TENON_TARGET
