// Dropout and its relatives as layers.
#pragma once

#include <concepts>
#include <string>
#include <utility>

#include <tenon/expr/dropout.hpp>
#include <tenon/function/feature_dropout.hpp>
#include <tenon/nn/module.hpp>
#include <tenon/nn/parameter.hpp>

namespace tenon::inline TENON_TARGET::nn {

/// While it trains: each element 0 with probability p, the others divided by 1 − p, drawn anew at each evaluation from the
/// default generator. In evaluation mode it passes its input on; torch.nn.Dropout.
class dropout {
public:
    using layer_tag = void;
    using preserves_features = void;
    using holds_no_parameters = void;
    /// @throws std::invalid_argument where p is not in [0, 1]
    explicit constexpr dropout(double p) : p_(tenon::detail::checked_probability(p)) {}
    constexpr dropout() = default;
    template <std::same_as<bool> Given>
    explicit constexpr dropout(Given) {
        static_assert(tenon::detail::never<Given>,
                      "dropout: takes a probability; nn::train(m) and nn::eval(m) set training");
    }

    auto operator()(auto&& x) const { return tenon::dropout(std::forward<decltype(x)>(x), p_, training); }
    constexpr double p() const { return p_; }
    TENON_ON_USE
    std::string description() const { return "dropout(p=" + detail::number_text(p_) + ")"; }

    bool training = true;

private:
    double p_ = 0.5;
};

namespace detail {
/// Drops with other functions than dropout.
template <class F>
class other_dropout : public dropout {
public:
    using dropout::dropout;
    auto operator()(auto&& x) const { return F::drop(std::forward<decltype(x)>(x), p(), training); }
    TENON_ON_USE
    std::string description() const { return F::name + ("(p=" + number_text(p())) + ")"; }
};
struct drop_1d {
    static constexpr char const* name = "dropout1d";
    static auto drop(auto&& x, double p, bool training) {
        return tenon::dropout1d(std::forward<decltype(x)>(x), p, training);
    }
};
struct drop_2d {
    static constexpr char const* name = "dropout2d";
    static auto drop(auto&& x, double p, bool training) {
        return tenon::dropout2d(std::forward<decltype(x)>(x), p, training);
    }
};
struct drop_3d {
    static constexpr char const* name = "dropout3d";
    static auto drop(auto&& x, double p, bool training) {
        return tenon::dropout3d(std::forward<decltype(x)>(x), p, training);
    }
};
struct drop_alpha {
    static constexpr char const* name = "alpha_dropout";
    static auto drop(auto&& x, double p, bool training) {
        return tenon::alpha_dropout(std::forward<decltype(x)>(x), p, training);
    }
};
struct drop_feature_alpha {
    static constexpr char const* name = "feature_alpha_dropout";
    static auto drop(auto&& x, double p, bool training) {
        return tenon::feature_alpha_dropout(std::forward<decltype(x)>(x), p, training);
    }
};
}  // namespace detail

/// Whole channels are dropped; torch.nn.Dropout1d, Dropout2d, Dropout3d.
using dropout1d = detail::other_dropout<detail::drop_1d>;
using dropout2d = detail::other_dropout<detail::drop_2d>;
using dropout3d = detail::other_dropout<detail::drop_3d>;
/// Dropout that keeps mean 0 and variance 1 of what comes from selu; torch.nn.AlphaDropout.
using alpha_dropout = detail::other_dropout<detail::drop_alpha>;
/// The same for whole channels; torch.nn.FeatureAlphaDropout.
using feature_alpha_dropout = detail::other_dropout<detail::drop_feature_alpha>;

/// x where x > 0, else r · x with r uniform in [lower, upper), drawn anew at each evaluation; in evaluation mode r is their mean;
/// torch.nn.RReLU.
struct rrelu {
    using layer_tag = void;
    using preserves_features = void;
    using holds_no_parameters = void;
    double lower = 1. / 8, upper = 1. / 3;
    bool training = true;

    auto operator()(auto&& x) const { return tenon::rrelu(std::forward<decltype(x)>(x), lower, upper, training); }
    TENON_ON_USE
    std::string description() const {
        return "rrelu(lower=" + detail::number_text(lower) + ", upper=" + detail::number_text(upper) + ")";
    }
};

}  // namespace tenon::inline TENON_TARGET::nn
