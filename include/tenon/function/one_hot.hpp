// Classes as rows of zeros with a single one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include <tenon/expr/index.hpp>
#include <tenon/op/cast.hpp>
#include <tenon/op/compare.hpp>

namespace tenon::inline TENON_TARGET {

/// y(…, c) = 1 where idx(…) = c, else 0, for the classes c from 0 to Classes − 1, as int64; a row of zeros where there is no such
/// class. It takes part in its consumer's loop: no row is ever in memory. torch.nn.functional.one_hot.
/// @param idx elements of any integer type
template <std::size_t Classes, expression I>
constexpr auto one_hot(I&& idx) {
    if constexpr (!detail::counts_positions<value_t<I>>) return indices_are_integers<"one_hot", value_t<I>>{};
    else
        return cast<std::int64_t>(cast<std::int64_t>(unsqueeze<-1>(std::forward<I>(idx))) ==
                                  roll_positions<Classes>(Classes, 0));
}

}  // namespace tenon::inline TENON_TARGET
