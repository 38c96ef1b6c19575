// How several elements become one, as losses and scatter_reduce name it.
#pragma once

#include <tenon/base/target.hpp>

namespace tenon::inline TENON_TARGET {

/// How a loss joins its elements, or what is written to one place. `batchmean` is for kl_div alone, the sum divided by the first
/// extent; `prod`, `amax` and `amin` are for scatter_reduce and index_reduce.
enum class reduction { mean, sum, none, batchmean, prod, amax, amin };

/// Whether a reduction is one of those that every loss takes.
template <reduction R>
inline constexpr bool joins_losses = R == reduction::mean || R == reduction::sum || R == reduction::none;

}  // namespace tenon::inline TENON_TARGET
