// Losses of distances, margins and likelihoods as layers.
#pragma once

#include <string>
#include <utility>

#include <tenon/function/distance.hpp>
#include <tenon/function/likelihood_loss.hpp>
#include <tenon/function/margin_loss.hpp>
#include <tenon/function/multilabel_margin_loss.hpp>
#include <tenon/function/similarity.hpp>
#include <tenon/nn/loss.hpp>

namespace tenon::inline TENON_TARGET::nn {

/// margin_ranking_loss(a, b, t) as an object; torch.nn.MarginRankingLoss. Like the losses below it averages under its plain name; the
/// class behind it takes another reduction: `nn::basic_margin_ranking_loss<reduction::sum>`.
template <reduction R = reduction::mean>
struct basic_margin_ranking_loss {
    double margin = 0;  ///< how far apart counts as far enough
    constexpr auto operator()(auto&& a, auto&& b, auto&& t) const {
        return tenon::margin_ranking_loss<R>(std::forward<decltype(a)>(a), std::forward<decltype(b)>(b),
                                             std::forward<decltype(t)>(t), {.margin = margin});
    }
    static std::string description() { return "margin_ranking_loss()"; }
};
using margin_ranking_loss = basic_margin_ranking_loss<>;

/// hinge_embedding_loss(x, t) as an object; torch.nn.HingeEmbeddingLoss.
template <reduction R = reduction::mean>
struct basic_hinge_embedding_loss {
    double margin = 1;  ///< distances of unlike pairs from this on count nothing
    constexpr auto operator()(auto&& x, auto&& t) const {
        return tenon::hinge_embedding_loss<R>(std::forward<decltype(x)>(x), std::forward<decltype(t)>(t),
                                              {.margin = margin});
    }
    static std::string description() { return "hinge_embedding_loss()"; }
};
using hinge_embedding_loss = basic_hinge_embedding_loss<>;

/// soft_margin_loss(x, t) as an object; torch.nn.SoftMarginLoss.
template <reduction R = reduction::mean>
struct basic_soft_margin_loss {
    constexpr auto operator()(auto&& x, auto&& t) const {
        return tenon::soft_margin_loss<R>(std::forward<decltype(x)>(x), std::forward<decltype(t)>(t));
    }
    static std::string description() { return "soft_margin_loss()"; }
};
using soft_margin_loss = basic_soft_margin_loss<>;

/// multi_margin_loss(x, t) as an object; torch.nn.MultiMarginLoss.
template <reduction R = reduction::mean, class Device = cpu>
struct basic_multi_margin_loss {
    int p = 1;                      ///< the power of what is closer than the margin: 1 or 2
    double margin = 1;              ///< how far the target's score shall be above the others
    loss_weights<Device> weight{};  ///< what the loss of a row is multiplied by, for each target
    auto operator()(auto&& x, auto&& t) const {
        return tenon::multi_margin_loss<R>(std::forward<decltype(x)>(x), std::forward<decltype(t)>(t),
                                           {.p = p, .margin = margin, .weight = weight});
    }
    static std::string description() { return "multi_margin_loss()"; }
};
using multi_margin_loss = basic_multi_margin_loss<>;

/// multilabel_margin_loss(x, t) as an object; torch.nn.MultiLabelMarginLoss.
template <reduction R = reduction::mean>
struct basic_multilabel_margin_loss {
    constexpr auto operator()(auto&& x, auto&& t) const {
        return tenon::multilabel_margin_loss<R>(std::forward<decltype(x)>(x), std::forward<decltype(t)>(t));
    }
    static std::string description() { return "multilabel_margin_loss()"; }
};
using multilabel_margin_loss = basic_multilabel_margin_loss<>;

/// multilabel_soft_margin_loss(x, t) as an object; torch.nn.MultiLabelSoftMarginLoss.
template <reduction R = reduction::mean, class Device = cpu>
struct basic_multilabel_soft_margin_loss {
    loss_weights<Device> weight{};  ///< what each element's loss is multiplied by
    auto operator()(auto&& x, auto&& t) const {
        return tenon::multilabel_soft_margin_loss<R>(std::forward<decltype(x)>(x), std::forward<decltype(t)>(t),
                                                     {.weight = weight});
    }
    static std::string description() { return "multilabel_soft_margin_loss()"; }
};
using multilabel_soft_margin_loss = basic_multilabel_soft_margin_loss<>;

/// poisson_nll_loss(x, t) as an object; torch.nn.PoissonNLLLoss.
template <reduction R = reduction::mean>
struct basic_poisson_nll_loss {
    bool log_input = true;  ///< whether the input is the logarithm of the rate
    bool full = false;      ///< whether Stirling's approximation of log t! is added where t > 1
    double eps = 1e-8;      ///< added to the rate before its logarithm is taken
    constexpr auto operator()(auto&& x, auto&& t) const {
        return tenon::poisson_nll_loss<R>(std::forward<decltype(x)>(x), std::forward<decltype(t)>(t),
                                          {.log_input = log_input, .full = full, .eps = eps});
    }
    static std::string description() { return "poisson_nll_loss()"; }
};
using poisson_nll_loss = basic_poisson_nll_loss<>;

/// gaussian_nll_loss(x, t, variance) as an object; torch.nn.GaussianNLLLoss.
template <reduction R = reduction::mean>
struct basic_gaussian_nll_loss {
    bool full = false;  ///< whether ½ log 2π is added
    double eps = 1e-6;  ///< what smaller variances count as
    constexpr auto operator()(auto&& x, auto&& t, auto&& variance) const {
        return tenon::gaussian_nll_loss<R>(std::forward<decltype(x)>(x), std::forward<decltype(t)>(t),
                                           std::forward<decltype(variance)>(variance), {.full = full, .eps = eps});
    }
    static std::string description() { return "gaussian_nll_loss()"; }
};
using gaussian_nll_loss = basic_gaussian_nll_loss<>;

/// cosine_embedding_loss(a, b, t) as an object; torch.nn.CosineEmbeddingLoss.
template <reduction R = reduction::mean>
struct basic_cosine_embedding_loss {
    double margin = 0;  ///< the cosine from which on unlike vectors count
    constexpr auto operator()(auto&& a, auto&& b, auto&& t) const {
        return tenon::cosine_embedding_loss<R>(std::forward<decltype(a)>(a), std::forward<decltype(b)>(b),
                                               std::forward<decltype(t)>(t), {.margin = margin});
    }
    static std::string description() { return "cosine_embedding_loss()"; }
};
using cosine_embedding_loss = basic_cosine_embedding_loss<>;

/// triplet_margin_loss(anchor, positive, negative) as an object; torch.nn.TripletMarginLoss.
template <reduction R = reduction::mean>
struct basic_triplet_margin_loss {
    double margin = 1;  ///< how much farther the negative shall be than the positive
    double p = 2;       ///< the order of the distances
    double eps = 1e-6;  ///< added to differences
    bool swap = false;  ///< whether the negative's distance from the positive counts where it is less
    constexpr auto operator()(auto&& anchor, auto&& positive, auto&& negative) const {
        return tenon::triplet_margin_loss<R>(
            std::forward<decltype(anchor)>(anchor), std::forward<decltype(positive)>(positive),
            std::forward<decltype(negative)>(negative), {.margin = margin, .p = p, .eps = eps, .swap = swap});
    }
    static std::string description() { return "triplet_margin_loss()"; }
};
using triplet_margin_loss = basic_triplet_margin_loss<>;

/// ‖a − b + eps‖ along the last axis as an object; torch.nn.PairwiseDistance.
struct pairwise_distance {
    double p = 2;       ///< the order of the norm
    double eps = 1e-6;  ///< added to differences
    constexpr auto operator()(auto&& a, auto&& b) const {
        return tenon::pairwise_distance(std::forward<decltype(a)>(a), std::forward<decltype(b)>(b), p, eps);
    }
    static std::string description() { return "pairwise_distance()"; }
};
/// cosine_similarity(a, b) as an object; torch.nn.CosineSimilarity.
template <std::ptrdiff_t Axis = 1>
struct cosine_similarity {
    double eps = 1e-8;  ///< the least length that a vector counts with
    constexpr auto operator()(auto&& a, auto&& b) const {
        return tenon::cosine_similarity<Axis>(std::forward<decltype(a)>(a), std::forward<decltype(b)>(b), {.eps = eps});
    }
    static std::string description() { return "cosine_similarity()"; }
};

/// triplet_margin_with_distance_loss(anchor, positive, negative) as an object: `basic_triplet_margin_with_distance_loss<reduction::mean,
/// D>{.distance_function = d}`; torch.nn.TripletMarginWithDistanceLoss.
template <reduction R = reduction::mean, class Distance = pairwise_distance>
struct basic_triplet_margin_with_distance_loss {
    [[no_unique_address]] Distance distance_function{};  ///< a function of two expressions
    double margin = 1;                                   ///< how much farther the negative shall be than the positive
    bool swap = false;  ///< whether the negative's distance from the positive counts where it is less
    constexpr auto operator()(auto&& anchor, auto&& positive, auto&& negative) const {
        return tenon::triplet_margin_with_distance_loss<R>(
            std::forward<decltype(anchor)>(anchor), std::forward<decltype(positive)>(positive),
            std::forward<decltype(negative)>(negative), distance_function, {.margin = margin, .swap = swap});
    }
    static std::string description() { return "triplet_margin_with_distance_loss()"; }
};
using triplet_margin_with_distance_loss = basic_triplet_margin_with_distance_loss<>;

}  // namespace tenon::inline TENON_TARGET::nn
