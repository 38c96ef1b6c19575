// Distances of any order between vectors, and losses of distances.
#pragma once

#include <stdexcept>
#include <type_traits>
#include <utility>

#include <tenon/function/margin_loss.hpp>
#include <tenon/function/norm.hpp>
#include <tenon/function/statistics.hpp>
#include <tenon/op/extremum.hpp>
#include <tenon/op/sqrt.hpp>

namespace tenon::inline TENON_TARGET {

/// Options of triplet_margin_loss.
struct triplet_margin_options {
    double margin = 1;  ///< how much farther the negative shall be than the positive
    double p = 2;       ///< the order of the distances
    double eps = 1e-6;  ///< added to differences
    bool swap = false;  ///< whether the negative's distance from the positive counts where it is less
};
/// Options of triplet_margin_with_distance_loss.
struct triplet_margin_with_distance_options {
    double margin = 1;  ///< how much farther the negative shall be than the positive
    bool swap = false;  ///< whether the negative's distance from the positive counts where it is less
};
/// The targets of cosine_embedding_loss are one for each pair of vectors: [n] for [n, d], without axes for [d].
template <class Input, class Targets>
struct cosine_targets_do_not_fit;

namespace op {
/// max(positive − negative + margin, 0), where a lesser distance of the other two may stand for the negative's.
struct triplet_margin_loss : floating {
    static constexpr char const* name = "triplet_margin_loss";
    double margin;
    bool swap;
    template <class V>
    TENON_LANE V value(V positive, V negative, V others) const {
        return above_zero(V(margin) + positive - (swap ? math::minimum(negative, others) : negative));
    }
    template <std::size_t I, class V>
    TENON_LANE V slope(V, V positive, V negative, V others) const {
        V const nearest = swap ? element::minimum(negative, others) : negative, v = V(margin) + positive - nearest;
        if constexpr (I == 0) return passes_above_zero(v, V(1));
        else {
            V const own = I == 1 ? negative : others, other = I == 1 ? others : negative;
            V const part =
                swap ? math::select(own == other, V(0.5), math::select(own < other, V(1), V(0))) : V(I == 1 ? 1 : 0);
            return passes_above_zero(v, -part);
        }
    }
};
/// 1 − c for t = 1, max(c − margin, 0) for t = −1, else 0.
struct cosine_embedding_loss : floating {
    static constexpr char const* name = "cosine_embedding_loss";
    double margin;
    template <class V>
    TENON_LANE V value(V c, V t) const {
        return math::select(t == V(1), V(1) - c, V(0)) + math::select(t == V(-1), above_zero(c - V(margin)), V(0));
    }
    template <std::size_t I, class V>
    TENON_LANE V slope(V, V c, V t) const {
        if constexpr (I == 1) return V(0);
        else
            return math::select(t == V(1), V(-1), V(0)) +
                   math::select(t == V(-1), passes_above_zero(c - V(margin), V(1)), V(0));
    }
};
}  // namespace op

/// ‖a − b + eps‖ of order p along the last axis of what a and b are broadcast to, which is dropped, or kept with `keepdim` as a last
/// argument; torch.nn.functional.pairwise_distance.
template <expression A, expression B, keepdim_tag... Keep>
    requires(sizeof...(Keep) <= 1)
constexpr auto pairwise_distance(A&& a, B&& b, double p = 2, double eps = 1e-6, Keep... keep) {
    return norm<-1>(std::forward<A>(a) - std::forward<B>(b) + eps, p, keep...);
}
template <expression A, expression B>
constexpr auto pairwise_distance(A&& a, B&& b, keepdim_t) {
    return pairwise_distance(std::forward<A>(a), std::forward<B>(b), 2, 1e-6, keepdim);
}

namespace detail {
template <reduction R, operation_name Loss, class D, class A, class P, class N>
constexpr auto triplet_loss(D const& distance, double margin, bool swap, A&& anchor, P&& positive, N&& negative) {
    if (!(margin > 0)) throw std::invalid_argument(text_of({Loss.text, ": margin has to be positive"}));
    return compare_three<R, Loss>(
        [&](auto&& a, auto&& p, auto&& n) {
            auto const u = reused(std::forward<decltype(a)>(a));
            auto const v = reused(std::forward<decltype(p)>(p));
            auto const w = reused(std::forward<decltype(n)>(n));
            return reduce_loss<R>(
                make_map(op::triplet_margin_loss{{}, margin, swap}, distance(u, v), distance(u, w), distance(v, w)));
        },
        std::forward<A>(anchor), std::forward<P>(positive), std::forward<N>(negative));
}
}  // namespace detail

/// max(d(a, positive) − d(a, negative) + margin, 0) for the distances d = pairwise_distance of vectors along the last axis; averaged (or
/// summed, or one for each triplet). Compile error `loss_shapes_differ`; @throws std::invalid_argument unless the margin is positive;
/// torch.nn.functional.triplet_margin_loss.
template <reduction R = reduction::mean, expression A, expression P, expression N>
constexpr auto triplet_margin_loss(A&& anchor, P&& positive, N&& negative, triplet_margin_options o = {}) {
    auto const distance = [&](auto const& a, auto const& b) { return pairwise_distance(a, b, o.p, o.eps); };
    return detail::triplet_loss<R, "triplet_margin_loss">(distance, o.margin, o.swap, std::forward<A>(anchor),
                                                          std::forward<P>(positive), std::forward<N>(negative));
}
/// The same with a distance that is given: a function of two expressions, or pairwise_distance;
/// torch.nn.functional.triplet_margin_with_distance_loss.
template <reduction R = reduction::mean, expression A, expression P, expression N, class Distance>
    requires requires(Distance const& d, A const& a) { d(a, a); }
constexpr auto triplet_margin_with_distance_loss(A&& anchor, P&& positive, N&& negative, Distance const& distance,
                                                 triplet_margin_with_distance_options o = {}) {
    return detail::triplet_loss<R, "triplet_margin_with_distance_loss">(
        distance, o.margin, o.swap, std::forward<A>(anchor), std::forward<P>(positive), std::forward<N>(negative));
}
template <reduction R = reduction::mean, expression A, expression P, expression N>
constexpr auto triplet_margin_with_distance_loss(A&& anchor, P&& positive, N&& negative,
                                                 triplet_margin_with_distance_options o = {}) {
    auto const distance = [](auto const& a, auto const& b) { return pairwise_distance(a, b); };
    return detail::triplet_loss<R, "triplet_margin_with_distance_loss">(
        distance, o.margin, o.swap, std::forward<A>(anchor), std::forward<P>(positive), std::forward<N>(negative));
}

/// 1 − cos of vectors that shall be alike (t = 1), max(cos − margin, 0) of those that shall not (t = −1), for a and b of shape [n, d] or
/// [d]; averaged (or summed, or one for each pair). Squares are summed with 10⁻¹², as PyTorch does. Compile errors `loss_shapes_differ`,
/// `cosine_targets_do_not_fit`; torch.nn.functional.cosine_embedding_loss.
template <reduction R = reduction::mean, expression A, expression B, expression T>
constexpr auto cosine_embedding_loss(A&& a, B&& b, T&& t, margin_options options = {}) {
    using s = shape_t<A>;
    constexpr bool fits = [] {
        if constexpr ((s::rank() != 1 && s::rank() != 2) || shape_t<T>::rank() + 1 != s::rank()) return false;
        else return s::rank() == 1 || detail::extents_agree(s::static_extents[0], shape_t<T>::static_extents[0]);
    }();
    if constexpr (!fits) return cosine_targets_do_not_fit<s, shape_t<T>>{};
    else
        return detail::compare_elements<R, "cosine_embedding_loss">(
            [&](auto&& x, auto&& y) {
                auto const u = detail::reused(std::forward<decltype(x)>(x));
                auto const v = detail::reused(std::forward<decltype(y)>(y));
                auto cosine = sum<-1>(u * v) / sqrt((sum<-1>(square(u)) + 1e-12) * (sum<-1>(square(v)) + 1e-12));
                return detail::reduce_loss<R>(
                    make_map(op::cosine_embedding_loss{{}, options.margin}, std::move(cosine), std::forward<T>(t)));
            },
            std::forward<A>(a), std::forward<B>(b));
}

}  // namespace tenon::inline TENON_TARGET
