// Reverse mode.
#pragma once

#include <tenon/autograd/variable.hpp>
#include <tenon/core/executor.hpp>
#include <tenon/eval/cpu/executor.hpp>

namespace tenon::inline TENON_TARGET {

/// Runs a computation forward and backward: adds ∂e/∂v to the gradient of every variable v in it, and returns its value, a
/// tensor without axes. No virtual call and no tape in memory. Compile errors `backward_needs_a_scalar`,
/// `backward_needs_a_real_number` and `backward_finds_no_variable`. The gradient of a complex variable x + iy is ∂e/∂x + i ∂e/∂y; torch.Tensor.backward.
template <expression A>
constexpr auto backward(A const& e) {
    using device = device_of_t<A>;
    if constexpr (static_size<shape_t<A>> != 1) return backward_needs_a_scalar<shape_t<A>>{};
    else if constexpr (element::is_complex<value_t<A>>) return backward_needs_a_real_number<value_t<A>>{};
    else if constexpr (!executor<device>::template reaches_variable<node_t<A const&>>)
        return backward_finds_no_variable<value_t<A>>{};
    else return executor<device>::backward(detail::node_of(e));
}

}  // namespace tenon::inline TENON_TARGET
