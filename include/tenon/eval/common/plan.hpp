// Plans of expressions: what evaluation would do.
#pragma once

#include <type_traits>

#include <tenon/eval/common/execution_plan.hpp>
#include <tenon/eval/cpu/plan.hpp>

namespace tenon::inline TENON_TARGET {

/// backward() needs a computation with one element: only a scalar has a gradient without a seed.
template <class Shape>
struct backward_needs_a_scalar;

/// The plan of assigning an expression to a tensor, which is not evaluated: one kernel for each loop. An elementwise
/// region of any size is one kernel, and so is a reduction, softmax or loss with the elementwise region that it reads; where
/// the rows of such a result, or of a shallow product, are too many for the L1 cache, the loop that reads them computes them
/// when it comes to them. A named node is evaluated once. A result that has memory of its own is copied to the tensor by its kernel.
///
/// What runs on another device has that device's plan, where a kernel is a launch or a call of a library.
template <expression A>
execution_plan plan(A const& e) {
    if constexpr (!std::is_same_v<device_of_t<A>, cpu>) return executor<device_of_t<A>>::plan(as_node(e));
    else return eval::planner{}.forward(as_node(e));
}
/// The plan of `backward(loss)`: the way forward, with what it keeps, and the way back.
template <expression A>
auto plan_backward(A const& loss) {
    if constexpr (static_size<shape_t<A>> != 1) return backward_needs_a_scalar<shape_t<A>>{};
    else if constexpr (!std::is_same_v<device_of_t<A>, cpu>)
        return executor<device_of_t<A>>::plan_backward(as_node(loss));
    else return eval::planner{}.backward(as_node(loss));
}

}  // namespace tenon::inline TENON_TARGET
