// How losses join their elements.
#pragma once

#include <tenon/base/target.hpp>

namespace tenon::inline TENON_TARGET {

/// How a loss joins its elements. `batchmean` is for kl_div alone: the sum divided by the first extent.
enum class reduction { mean, sum, none, batchmean };

}  // namespace tenon::inline TENON_TARGET
