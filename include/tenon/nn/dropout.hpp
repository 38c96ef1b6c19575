// Dropout as a layer.
#pragma once

#include <concepts>
#include <string>
#include <utility>

#include <tenon/expr/dropout.hpp>
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

}  // namespace tenon::inline TENON_TARGET::nn
