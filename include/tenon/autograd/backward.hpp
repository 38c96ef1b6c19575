// Reverse mode: one walk forward, one walk back, both made from the computation's type.
#pragma once

#include <tenon/autograd/variable.hpp>
#include <tenon/eval/cpu/executor.hpp>

namespace tenon::inline TENON_TARGET {

/// backward() needs a computation with one element: only a scalar has a gradient without a seed.
template <class Shape>
struct backward_needs_a_scalar;

namespace detail {
struct seed_of_one {
    template <std::size_t N, class R>
    TENON_INLINE constexpr auto load(std::size_t, R const& r) const {
        return std::remove_cvref_t<decltype(r.value)>(1);
    }
};
/// Whether a variable in a computation on the processor gets a gradient from it.
template <class A>
inline constexpr bool reaches_a_variable =
    !std::is_same_v<device_of_t<A>, cpu> || eval::tape<node_t<A const&>, true>::differentiable;
}  // namespace detail

/// Runs a computation forward and backward: adds ∂e/∂v to the gradient of every variable v in it, and returns its value, a
/// tensor without axes. No virtual call and no tape in memory. Compile errors `backward_needs_a_scalar` and
/// `backward_finds_no_variable`; torch.Tensor.backward.
template <expression A>
constexpr auto backward(A const& e) {
    using T = value_t<A>;
    if constexpr (static_size<shape_t<A>> != 1) return backward_needs_a_scalar<shape_t<A>>{};
    else if constexpr (!std::is_same_v<device_of_t<A>, cpu>) return executor<device_of_t<A>>::backward(as_node(e));
    else if constexpr (!host_pass) return tensor<T>{};
    else if constexpr (!detail::reaches_a_variable<A>) return backward_finds_no_variable<T>{};
    else {
        auto const& node = detail::node_of(e);
        eval::tape<std::remove_cvref_t<decltype(node)>, true> t(node);
        t.forward();
        T const value =
            element::element_of<T>(math::convert<T>(eval::value_at(t, std::array<std::size_t, A::rank()>{}).value));
        eval::backward_region(t, [](auto const&) { return detail::seed_of_one{}; });
        t.finish();
        return tensor<T>(value);
    }
}

}  // namespace tenon::inline TENON_TARGET
