// Complex numbers beside pairs of real ones, and what conjugates: view_as_real, view_as_complex, adjoint.
#pragma once

#include <cstddef>
#include <utility>

#include <tenon/expr/concat.hpp>
#include <tenon/expr/view.hpp>
#include <tenon/function/statistics.hpp>
#include <tenon/op/complex.hpp>

namespace tenon::inline TENON_TARGET {

/// view_as_complex takes pairs of real numbers: a last axis of extent 2.
template <class Shape>
struct view_as_complex_needs_pairs;
/// view_as_real takes complex elements.
template <class T>
struct view_as_real_needs_complex_numbers;

/// Real and imaginary parts along a new last axis of extent 2; torch.view_as_real. Compile error
/// `view_as_real_needs_complex_numbers`.
template <expression A>
constexpr auto view_as_real(A&& z) {
    if constexpr (!element::is_complex<value_t<A>>) return view_as_real_needs_complex_numbers<value_t<A>>{};
    else {
        auto h = detail::reused(std::forward<A>(z));
        auto re = real(h);
        return stack<-1>(std::move(re), imag(std::move(h)));
    }
}
/// Complex numbers of pairs along the last axis, which is dropped; torch.view_as_complex. Compile error
/// `view_as_complex_needs_pairs`; shape_error where run time finds another extent.
template <expression A>
constexpr auto view_as_complex(A&& x) {
    using s = shape_t<A>;
    constexpr std::size_t last = s::rank() == 0 ? 0 : s::static_extents[s::rank() - 1];
    if constexpr (s::rank() == 0 || (last != 2 && !is_dynamic(last))) return view_as_complex_needs_pairs<s>{};
    else {
        if (x.shape()[s::rank() - 1] != 2)
            throw shape_error(
                text_of({"view_as_complex: the last axis of ", to_string(x.shape()), " has not two parts"}));
        auto h = detail::reused(std::forward<A>(x));
        auto re = select<-1>(h, 0);
        return complex(std::move(re), select<-1>(std::move(h), 1));
    }
}
/// The conjugate of the last two axes' transpose, xᴴ; torch.adjoint, Tensor.mH. Compile error `too_few_axes`.
template <expression A>
constexpr auto adjoint(A&& x) {
    if constexpr (shape_t<A>::rank() < 2) return too_few_axes<"adjoint", shape_t<A>>{};
    else return conj(transpose<-2, -1>(std::forward<A>(x)));
}

}  // namespace tenon::inline TENON_TARGET
