// Plans of expressions: what evaluation would do.
#pragma once

#include <tenon/core/executor.hpp>
#include <tenon/core/leaf.hpp>
#include <tenon/eval/common/execution_plan.hpp>

namespace tenon::inline TENON_TARGET {

/// The plan of assigning an expression to a tensor, which is not evaluated: one kernel for each loop. An elementwise
/// region of any size is one kernel, and so is a reduction, softmax or loss with the elementwise region that it reads; where
/// the rows of such a result, or of a shallow product, are too many for the L1 cache, the loop that reads them computes them
/// when it comes to them. A named node is evaluated once. A result that has memory of its own is copied to the tensor by its kernel.
///
/// What runs on another device has that device's plan, where a kernel is a launch or a call of a library.
template <expression A>
execution_plan plan(A const& e) {
    return executor<device_of_t<A>>::plan(as_node(e));
}
/// The plan of `backward(loss)`: forward, with what it keeps, and backward. Compile error `backward_needs_a_scalar`.
template <expression A>
auto plan_backward(A const& loss) {
    if constexpr (static_size<shape_t<A>> != 1) return backward_needs_a_scalar<shape_t<A>>{};
    else return executor<device_of_t<A>>::plan_backward(as_node(loss));
}

}  // namespace tenon::inline TENON_TARGET
