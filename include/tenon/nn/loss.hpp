// Losses as layers.
#pragma once

#include <tenon/expr/cross_entropy.hpp>
#include <tenon/expr/loss.hpp>

namespace tenon::inline TENON_TARGET::nn {

/// cross_entropy(x, t) as an object; torch.nn.CrossEntropyLoss.
struct cross_entropy_loss {
    constexpr auto operator()(auto const& x, auto const& t) const { return cross_entropy(x, t); }
};
/// mse_loss(x, t) as an object; torch.nn.MSELoss.
struct mse_loss {
    constexpr auto operator()(auto const& x, auto const& t) const { return tenon::mse_loss(x, t); }
};

}  // namespace tenon::inline TENON_TARGET::nn
