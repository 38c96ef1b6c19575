// Rows of a table by their numbers.
#pragma once

#include <type_traits>
#include <utility>

#include <tenon/expr/index.hpp>
#include <tenon/expr/reshape.hpp>
#include <tenon/expr/view.hpp>

namespace tenon::inline TENON_TARGET {

/// y(…, :) = table(x(…), :) for integers x of any shape, also without axes. The gradient of a row sums up where the row was used.
/// index_error where there is no such row; torch.nn.functional.embedding. The layer is `nn::embedding`.
template <expression X, expression Table>
constexpr auto embedding(X&& x, Table&& table) {
    if constexpr (shape_t<X>::rank() == 0)
        return select<0>(index_select<0>(std::forward<Table>(table), reshape<1>(std::forward<X>(x))), 0);
    else return index_select<0>(std::forward<Table>(table), std::forward<X>(x));
}

}  // namespace tenon::inline TENON_TARGET
