// The axis of what has none: PyTorch lets a tensor without axes be reduced, scanned and sorted along axis 0 or -1.
#pragma once

#include <cstddef>
#include <utility>

#include <tenon/expr/view.hpp>

namespace tenon::inline TENON_TARGET {

/// What functions along an axis give that find elements: `auto [values, indices] = tn::sort<1>(x)`.
template <class Values, class Indices>
struct values_and_indices {
    Values values;
    Indices indices;
};

namespace detail {
/// Whether the axis of an operation is what an operand without axes may be given, 0 or -1.
template <std::size_t Rank, std::ptrdiff_t... Axes>
inline constexpr bool axis_of_one = Rank == 0 && sizeof...(Axes) == 1 && ((Axes == 0 || Axes == -1) && ...);

template <class Y>
constexpr auto first_of_vector(Y&& y) {
    if constexpr (!expression<Y>) {
        auto values = first_of_vector(std::move(y.values));
        auto indices = first_of_vector(std::move(y.indices));
        return values_and_indices<decltype(values), decltype(indices)>{std::move(values), std::move(indices)};
    } else if constexpr (shape_t<Y>::rank() == 1) return select<0>(std::forward<Y>(y), 0);
    else return std::forward<Y>(y);
}
/// What f makes of x, which has no axes, as of a vector of one element; without that axis again.
template <class A, class F>
constexpr auto as_vector(A&& x, F const& f) {
    return first_of_vector(f(unsqueeze<0>(as_node(std::forward<A>(x)))));
}
}  // namespace detail

}  // namespace tenon::inline TENON_TARGET
