// Losses of pairs, and of classes, that count what is closer than a margin.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include <tenon/expr/index.hpp>
#include <tenon/expr/loss_weight.hpp>
#include <tenon/function/loss.hpp>
#include <tenon/function/statistics.hpp>
#include <tenon/op/cast.hpp>
#include <tenon/op/compare.hpp>
#include <tenon/op/sigmoid.hpp>

namespace tenon::inline TENON_TARGET {

/// Targets of a loss that are no classes of its input's rows: integers, one for each row (multi_margin_loss), or a row for each
/// (multilabel_margin_loss).
template <operation_name Loss, class Input, class Targets, class TargetElement>
struct loss_targets_do_not_fit;

/// Options of margin_ranking_loss and cosine_embedding_loss.
struct margin_options {
    double margin = 0;  ///< how far apart counts as far enough
};
/// Options of hinge_embedding_loss.
struct hinge_embedding_options {
    double margin = 1;  ///< distances of unlike pairs from this on count nothing
};
/// Options of multi_margin_loss, for scores of element type T and a number of classes on a device.
template <class T, std::size_t Classes, class Device = cpu>
struct multi_margin_options {
    int p = 1;                                        ///< the power of what is closer than the margin: 1 or 2
    double margin = 1;                                ///< how far the target's score shall be above the others
    loss_weight<T, shape<Classes>, Device> weight{};  ///< what the loss of a row is multiplied by, for each target
};
/// Options of multilabel_soft_margin_loss, for logits of element type T and a shape on a device.
template <class T, class Shape, class Device = cpu>
struct multilabel_soft_margin_options {
    loss_weight<T, Shape, Device> weight{};  ///< what each element's loss is multiplied by, broadcast to the shape
};

namespace op {
/// max(v, 0), whose slope is 0 at 0, as torch.clamp_min.
template <class V>
TENON_LANE V above_zero(V v) {
    return math::maximum(v, V(0));
}
template <class V>
TENON_LANE V passes_above_zero(V v, V slope) {
    return math::select(v > V(0), slope, V(0));
}
/// max(−t (a − b) + margin, 0).
struct margin_ranking_loss : floating {
    static constexpr char const* name = "margin_ranking_loss";
    double margin;
    template <class V>
    TENON_LANE V value(V a, V b, V t) const {
        return above_zero(V(margin) - t * (a - b));
    }
    template <std::size_t I, class V>
    TENON_LANE V slope(V, V a, V b, V t) const {
        return passes_above_zero(V(margin) - t * (a - b), I == 0 ? -t : I == 1 ? t : b - a);
    }
};
/// x where t is 1, max(margin − x, 0) where it is −1, their sum for other t, as PyTorch.
struct hinge_embedding_loss : floating {
    static constexpr char const* name = "hinge_embedding_loss";
    double margin;
    template <class V>
    TENON_LANE V value(V x, V t) const {
        return math::select(t != V(1), above_zero(V(margin) - x), V(0)) + math::select(t != V(-1), x, V(0));
    }
    template <std::size_t I, class V>
    TENON_LANE V slope(V, V x, V t) const {
        if constexpr (I == 1) return V(0);
        else
            return math::select(t != V(1), passes_above_zero(V(margin) - x, V(-1)), V(0)) +
                   math::select(t != V(-1), V(1), V(0));
    }
};
/// log(1 + exp(−t x)).
struct soft_margin_loss : floating {
    static constexpr char const* name = "soft_margin_loss";
    template <class V>
    TENON_LANE static V value(V x, V t) {
        return -logsigmoid::value(t * x);
    }
    template <std::size_t I, class V>
    TENON_LANE static V slope(V, V x, V t) {
        return -(I == 0 ? t : x) * element::sigmoid(-t * x);
    }
};
/// max(margin − own + x, 0)ᵖ of a score and the target's own.
struct multi_margin_loss : floating {
    static constexpr char const* name = "multi_margin_loss";
    double margin;
    bool squared;
    template <class V>
    TENON_LANE V value(V x, V own) const {
        V const z = V(margin) - own + x;
        return math::select(z > V(0), squared ? z * z : z, V(0));
    }
    template <std::size_t I, class V>
    TENON_LANE V slope(V, V x, V own) const {
        V const z = V(margin) - own + x, s = squared ? V(2) * z : V(1);
        return math::select(z > V(0), I == 0 ? s : -s, V(0));
    }
};
/// −t log σ(x) − (1 − t) log σ(−x).
struct multilabel_soft_margin_loss : floating {
    static constexpr char const* name = "multilabel_soft_margin_loss";
    template <class V>
    TENON_LANE static V value(V x, V t) {
        return -(t * logsigmoid::value(x) + (V(1) - t) * logsigmoid::value(-x));
    }
    template <std::size_t I, class V>
    TENON_LANE static V slope(V, V x, V t) {
        if constexpr (I == 0) return (V(1) - t) * element::sigmoid(x) - t * element::sigmoid(-x);
        else return -x;
    }
};
}  // namespace op

namespace detail {
/// f(a, b, c) for operands whose shapes have to be equal.
template <reduction R, operation_name Loss, class F, class A, class B, class C>
constexpr auto compare_three(F&& f, A&& a, B&& b, C&& c) {
    using s = shape_t<node_t<A>>;
    using u = shape_t<node_t<C>>;
    if constexpr (!shapes_may_match<s, u>()) return loss_shapes_differ<Loss, s, u>{};
    else {
        if constexpr (!s::is_static || !u::is_static)
            if (!(a.shape() == c.shape())) throw_shapes(Loss.text, to_string(a.shape()), to_string(c.shape()));
        return compare_elements<R, Loss>(
            [&](auto&& x, auto&& y) {
                return f(std::forward<decltype(x)>(x), std::forward<decltype(y)>(y), std::forward<C>(c));
            },
            std::forward<A>(a), std::forward<B>(b));
    }
}
/// Whether extents are equal as far as their types say.
constexpr bool extents_agree(std::size_t a, std::size_t b) { return a == b || is_dynamic(a) || is_dynamic(b); }
template <class X>
inline constexpr std::size_t last_extent_of = inner_extent<shape_t<node_t<X>>>;
template <class X>
using multi_margin_options_for =
    multi_margin_options<element::computed_t<value_t<node_t<X>>>, last_extent_of<X>, device_of_t<node_t<X>>>;
template <class X>
using element_weight_options =
    multilabel_soft_margin_options<element::computed_t<value_t<node_t<X>>>, shape_t<node_t<X>>, device_of_t<node_t<X>>>;
}  // namespace detail

/// max(−t (a − b) + margin, 0): t is 1 where a shall be above b by the margin, −1 where below; averaged (or summed, or element by
/// element). Compile error `loss_shapes_differ`, or shape_error where only run time can know; torch.nn.functional.margin_ranking_loss.
template <reduction R = reduction::mean, operand A, operand B, operand T>
constexpr auto margin_ranking_loss(A&& a, B&& b, T&& t, margin_options options = {}) {
    return detail::compare_three<R, "margin_ranking_loss">(
        [&](auto&& x, auto&& y, auto&& target) {
            return detail::reduce_loss<R>(make_map(op::margin_ranking_loss{{}, options.margin},
                                                   std::forward<decltype(x)>(x), std::forward<decltype(y)>(y),
                                                   std::forward<decltype(target)>(target)));
        },
        std::forward<A>(a), std::forward<B>(b), std::forward<T>(t));
}

/// x for distances of like pairs (t = 1), max(margin − x, 0) for those of unlike ones (t = −1); averaged (or summed, or element by
/// element). Compile error `loss_shapes_differ`; torch.nn.functional.hinge_embedding_loss.
template <reduction R = reduction::mean, operand X, operand T>
constexpr auto hinge_embedding_loss(X&& x, T&& t, hinge_embedding_options options = {}) {
    return detail::elementwise_loss<R, "hinge_embedding_loss">(op::hinge_embedding_loss{{}, options.margin},
                                                               std::forward<X>(x), std::forward<T>(t));
}

/// log(1 + exp(−t x)) for t of 1 or −1, finite for all finite x; averaged (or summed, or element by element). Compile error
/// `loss_shapes_differ`; torch.nn.functional.soft_margin_loss.
template <reduction R = reduction::mean, operand X, operand T>
constexpr auto soft_margin_loss(X&& x, T&& t) {
    return detail::elementwise_loss<R, "soft_margin_loss">(op::soft_margin_loss{}, std::forward<X>(x),
                                                           std::forward<T>(t));
}

/// The mean of −t log σ(x) − (1 − t) log σ(−x) over the last axis, for logits x and classes that are there (t = 1) or not (0); averaged
/// (or summed, or one for each row). `{.weight = w}` multiplies the loss of an element. Compile error `loss_shapes_differ`;
/// torch.nn.functional.multilabel_soft_margin_loss.
template <reduction R = reduction::mean, operand X, operand T>
constexpr auto multilabel_soft_margin_loss(X&& x, T&& t, detail::element_weight_options<X> const& options) {
    return detail::compare_elements<R, "multilabel_soft_margin_loss">(
        [&](auto&& a, auto&& b) {
            auto weight = detail::weights_of(options.weight, a.shape());
            return detail::reduce_loss<R>(
                mean<-1>(make_map(op::multilabel_soft_margin_loss{}, std::forward<decltype(a)>(a),
                                  std::forward<decltype(b)>(b)) *
                         std::move(weight)));
        },
        std::forward<X>(x), std::forward<T>(t));
}
template <reduction R = reduction::mean, operand X, operand T>
constexpr auto multilabel_soft_margin_loss(X&& x, T&& t) {
    return detail::compare_elements<R, "multilabel_soft_margin_loss">(
        [&](auto&& a, auto&& b) {
            return detail::reduce_loss<R>(mean<-1>(make_map(
                op::multilabel_soft_margin_loss{}, std::forward<decltype(a)>(a), std::forward<decltype(b)>(b))));
        },
        std::forward<X>(x), std::forward<T>(t));
}

/// Σ max(margin − x_t + x_j, 0)ᵖ / classes over the classes j other than the target t, for scores [rows, classes] or [classes] and a class
/// for each row; averaged (or summed, or one for each row). Compile error `loss_targets_do_not_fit`; @throws index_error for a class that
/// does not exist, std::invalid_argument for a p other than 1 and 2; torch.nn.functional.multi_margin_loss.
template <reduction R = reduction::mean, operand X, operand T>
constexpr auto multi_margin_loss(X&& x, T&& t, detail::multi_margin_options_for<X> const& options = {}) {
    using s = shape_t<node_t<X>>;
    using u = shape_t<node_t<T>>;
    static_assert(joins_losses<R>, "multi_margin_loss: takes mean, sum or none; reduction::batchmean is for kl_div alone");
    constexpr bool one_row = s::rank() == 1;
    constexpr bool fits = [] {
        if constexpr (one_row) return u::rank() == 0 || (u::rank() == 1 && (u::static_extents[0] == 1));
        else if constexpr (s::rank() != 2 || u::rank() != 1) return false;
        else return detail::extents_agree(s::static_extents[0], u::static_extents[0]);
    }();
    if constexpr (!fits || !detail::counts_positions<value_t<node_t<T>>>)
        return loss_targets_do_not_fit<"multi_margin_loss", s, u, value_t<node_t<T>>>{};
    else if constexpr (element::narrow<value_t<node_t<X>>>)
        return detail::in_float(std::forward<X>(x), [&](auto&& wide) {
            return multi_margin_loss<R>(std::move(wide), std::forward<T>(t), options);
        });
    else if constexpr (one_row) {
        auto rows = multi_margin_loss<R>(unsqueeze<0>(std::forward<X>(x)), reshape<1>(std::forward<T>(t)), options);
        if constexpr (R == reduction::none && u::rank() == 0) return squeeze<0>(std::move(rows));
        else return rows;
    } else {
        if (options.p != 1 && options.p != 2) throw std::invalid_argument("multi_margin_loss: p is 1 or 2");
        auto const e = x.shape();
        if (e[0] != t.shape()[0]) throw_shapes("multi_margin_loss", to_string(e), to_string(t.shape()));
        using plain = typename detail::plain_element<value_t<node_t<X>>>::type;
        constexpr std::size_t classes = s::static_extents[1];
        auto const scores = detail::reused(std::forward<X>(x));
        auto const target = detail::reused(unsqueeze<1>(cast<std::int64_t>(as_node(std::forward<T>(t)))));
        auto losses =
            make_map(op::multi_margin_loss{{}, options.margin, options.p == 2}, scores, gather<1>(scores, target));
        auto others = where(roll_positions<classes>(e[1], 0) == target, plain(0), std::move(losses));
        auto weights = detail::class_weights_of<0>(options.weight, shape<classes>(std::array{e[1]}));
        auto rows = sum<1>(std::move(others)) / static_cast<double>(e[1]) *
                    squeeze<1>(index_select<0>(std::move(weights), target));
        return detail::reduce_loss<R>(std::move(rows));
    }
}

}  // namespace tenon::inline TENON_TARGET
