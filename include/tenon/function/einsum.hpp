// Einstein summation, its subscripts parsed and checked by the compiler.
#pragma once

#include <cstddef>
#include <utility>

#include <tenon/function/contraction.hpp>

namespace tenon::inline TENON_TARGET {

namespace detail {
template <class P, std::size_t... I, class... A>
constexpr auto make_einsum(std::index_sequence<I...>, A&&... x) {
    return contract_all(letters_of<result_of<P>>(), with_letters(letters_of<term_of<P, I>>(), std::forward<A>(x))...);
}
}  // namespace detail

/// Einstein summation: einsum<"ik,jk->ij">(a, b) is Σ_k a_ik b_jk. Repeated letters in one operand take its diagonal; "..." stands for
/// any axes, the last of which belong together; an axis of extent 1 serves any extent; without an arrow the result has the axes of
/// "..." and then the letters that occur once, in alphabetical order. Several operands are joined in the order with the fewest
/// operations, which `explain` shows: the best of all orders of up to eight operands, a run-time extent counting as 100. What is summed
/// runs as batched matrix products. Compile error `einsum_operands_do_not_fit`, or shape_error where only run time can know;
/// torch.einsum.
template <subscripts Text, operand... X>
    requires(sizeof...(X) != 0)
constexpr auto einsum(X&&... x) {
    using p = detail::subscripts_of<Text, shape_t<node_t<X>>...>;
    if constexpr (!p::fits) return einsum_operands_do_not_fit<Text, shape_t<node_t<X>>...>{};
    else {
        if constexpr (!(shape_t<node_t<X>>::is_static && ...)) detail::check_letters<p>(x.shape()...);
        return detail::make_einsum<p>(std::index_sequence_for<X...>{}, std::forward<X>(x)...);
    }
}

}  // namespace tenon::inline TENON_TARGET
