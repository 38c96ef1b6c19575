// Values that have a function applied to them as they are written, and the function's slope for their gradient. A slope
// is called as slope(g, y, i) with lanes of a gradient and of the value, and with the element's index.
#pragma once

#include <cstddef>

#include <tenon/eval/cuda/dense.hpp>
#include <tenon/op/elementwise.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// An operator whose value is all that its slope needs.
template <class Op>
concept slope_of_value = requires { typename Op::slope_of_value; };

/// The slope of such an operator.
template <slope_of_value Op>
struct value_slope {
    Op op;
    template <class G, class Y, class Index>
    TENON_INLINE __device__ auto operator()(G const& g, Y const& y, Index) const {
        return tenon::detail::times_slope(g, op.template slope<0>(y, y));
    }
};

/// Reads the values of a function; gradients go through its slope to memory before it.
template <class T, class Slope, gradient_store Store>
struct sloped_reader : memory_reader<T, Store, true> {
    Slope slope;

    TENON_HOST_DEVICE sloped_reader(memory_reader<T, Store, true> const& r, Slope const& s)
        : memory_reader<T, Store, true>(r), slope(s) {}
    template <std::size_t N, class Index, class R, class V>
    TENON_INLINE __device__ void adjoint(Index i, R const& r, lanes<V, N> const& g) {
        lanes<lane_t<T, 1>, N> sent;
        for (std::size_t k = 0; k < N; ++k)
            sent.at[k] = math::convert<T>(slope(g.at[k], r.value.at[k], static_cast<Index>(i + k)));
        memory_reader<T, Store, true>::template adjoint<N>(i, r, sent);
    }
};

}  // namespace tenon::inline TENON_TARGET::eval
