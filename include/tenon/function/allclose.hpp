// Whether tensors agree: isclose, allclose, equal.
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

#include <tenon/expr/reduce.hpp>
#include <tenon/op/compare.hpp>
#include <tenon/scalar/math.hpp>

namespace tenon::inline TENON_TARGET {

/// Options of isclose and allclose.
struct close_options {
    double rtol = 1e-5;      ///< the error that is allowed relative to b, and
    double atol = 1e-8;      ///< the absolute one, which is added
    bool equal_nan = false;  ///< whether NaN is close to NaN
};

namespace op {
struct isclose : comparison {
    using for_complex = void;
    static constexpr char const* name = "isclose";
    /// Integers are compared as double.
    template <class Common>
    using computed = std::conditional_t<std::is_integral_v<Common>, double, Common>;
    close_options options;
    template <class V>
    TENON_LANE auto value(V a, V b) const {
        auto const error = math::abs(a - b);
        auto near = (a == b) | (math::isfinite(error) & (error <= options.atol + options.rtol * math::abs(b)));
        if (options.equal_nan) near = near | (math::isnan(a) & math::isnan(b));
        return near;
    }
};
}  // namespace op

/// Whether |a − b| ≤ atol + rtol · |b|, elementwise; equal infinities are close, NaN is close to nothing unless an option
/// says so; bool; torch.isclose.
template <class A, class B>
    requires elementwise_operands<A, B>
TENON_LANE auto isclose(A&& a, B&& b, close_options options = {}) {
    return call_op(op::isclose{{}, options}, std::forward<A>(a), std::forward<B>(b));
}

/// Whether all elements of a and b are close: `allclose(a, b, {.rtol = 1e-4})`. Evaluates at once; torch.allclose.
template <operand A, operand B>
    requires(expression<A> || expression<B>)
constexpr bool allclose(A&& a, B&& b, close_options options = {}) {
    return evaluate(all(isclose(std::forward<A>(a), std::forward<B>(b), options)));
}

/// Whether a and b have the same shape and equal elements; NaN equals nothing. Evaluates at once; torch.equal.
template <expression A, expression B>
constexpr bool equal(A&& a, B&& b) {
    if constexpr (shape_t<A>::rank() != shape_t<B>::rank() || !broadcast_all<shape_t<A>, shape_t<B>>::fits)
        return false;
    else {
        if (!(a.shape() == b.shape())) return false;
        return evaluate(all(std::forward<A>(a) == std::forward<B>(b)));
    }
}
/// The same under NumPy's name.
template <expression A, expression B>
constexpr bool array_equal(A&& a, B&& b) {
    return tenon::equal(std::forward<A>(a), std::forward<B>(b));
}

}  // namespace tenon::inline TENON_TARGET
