// Bilinear forms, and normalisation over neighbouring channels.
#pragma once

#include <array>
#include <cstddef>
#include <type_traits>
#include <utility>

#include <tenon/expr/matmul.hpp>
#include <tenon/expr/pad.hpp>
#include <tenon/expr/pool.hpp>
#include <tenon/expr/reduce.hpp>
#include <tenon/expr/reshape.hpp>
#include <tenon/expr/window_grid.hpp>
#include <tenon/function/statistics.hpp>
#include <tenon/op/pow.hpp>
#include <tenon/op/square.hpp>

namespace tenon::inline TENON_TARGET {

/// bilinear takes […, in1] and […, in2] with equal leading axes and a weight [out, in1, in2] of static extents.
template <class First, class Second, class Weight>
struct bilinear_does_not_fit;
/// local_response_norm takes [n, c, …] of three axes at least.
template <class Input>
struct local_response_norm_does_not_fit;

namespace detail {
template <class A, class B, class W>
inline constexpr bool bilinear_fits = [] {
    if constexpr (A::rank() == 0 || A::rank() != B::rank() || W::rank() != 3 || !W::is_static) return false;
    else {
        auto const agree = [](std::size_t a, std::size_t b) { return a == b || is_dynamic(a) || is_dynamic(b); };
        for (std::size_t a = 0; a + 1 < A::rank(); ++a)
            if (!agree(A::static_extents[a], B::static_extents[a])) return false;
        return agree(inner_extent<A>, W::static_extents[1]) && agree(inner_extent<B>, W::static_extents[2]);
    }
}();
/// […, in] with the last extents instead of `in`.
template <std::size_t... E>
struct last_becomes {
    template <std::size_t R>
    static constexpr auto of(std::array<std::size_t, R> const& e) {
        std::array<std::size_t, R - 1 + sizeof...(E)> all{};
        for (std::size_t a = 0; a + 1 < R; ++a) all[a] = e[a];
        std::size_t a = R - 1;
        ((all[a++] = E), ...);
        return all;
    }
};
/// [n, c, …] as [n, 1, c, rest].
struct channels_as_rows {
    template <std::size_t R>
    static constexpr auto of(std::array<std::size_t, R> const& e) {
        std::size_t rest = 1;
        for (std::size_t a = 2; a < R; ++a) rest = extent_product(rest, e[a]);
        return std::array<std::size_t, 4>{e[0], 1, e[1], rest};
    }
};
}  // namespace detail

/// y_o = Σ_i Σ_j a_i W_oij b_j + bias_o along the last axes of a and b, whose leading axes are equal; the weight is [out, in1, in2].
/// Compile error `bilinear_does_not_fit`, or shape_error where only run time can know; torch.nn.functional.bilinear.
template <expression A, expression B, expression W>
constexpr auto bilinear(A&& a, B&& b, W&& weight) {
    using t = shape_t<W>;
    if constexpr (!detail::bilinear_fits<shape_t<A>, shape_t<B>, t>)
        return bilinear_does_not_fit<shape_t<A>, shape_t<B>, t>{};
    else {
        constexpr std::size_t out = t::static_extents[0], in1 = t::static_extents[1], in2 = t::static_extents[2];
        auto const e = a.shape();
        auto const other = b.shape();
        bool fits = e[e.rank() - 1] == in1 && other[e.rank() - 1] == in2;
        for (std::size_t axis = 0; axis + 1 < e.rank(); ++axis) fits = fits && e[axis] == other[axis];
        if (!fits) throw_shapes("bilinear", to_string(e), to_string(other));
        auto const to = detail::shape_by<detail::last_becomes<out, in2>>(e);
        auto forms = detail::reshape_to(
            matmul(std::forward<A>(a), reshape<in1, out * in2>(permute<1, 0, 2>(std::forward<W>(weight)))), to);
        return sum<-1>(std::move(forms) * unsqueeze<-2>(std::forward<B>(b)));
    }
}
template <expression A, expression B, expression W, expression Bias>
constexpr auto bilinear(A&& a, B&& b, W&& weight, Bias&& bias) {
    return bilinear(std::forward<A>(a), std::forward<B>(b), std::forward<W>(weight)) + std::forward<Bias>(bias);
}

/// x / (k + α · mean of x² over Size neighbouring channels)^β for x of shape [n, c, …]; channels beyond the ends count as zeros. Compile
/// error `local_response_norm_does_not_fit`; torch.nn.functional.local_response_norm.
template <std::size_t Size, expression X>
constexpr auto local_response_norm(X&& x, double alpha = 1e-4, double beta = 0.75, double k = 1) {
    using s = shape_t<X>;
    static_assert(Size > 0, "local_response_norm: a window has one channel at least");
    if constexpr (s::rank() < 3) return local_response_norm_does_not_fit<s>{};
    else {
        auto const whole = detail::reused(std::forward<X>(x));
        auto const rows = detail::shape_by<detail::channels_as_rows>(whole.shape());
        auto padded = pad<2, Size / 2, (Size - 1) / 2>(detail::reshape_to(square(whole), rows));
        auto means = avg_pool2d<extent2(Size, 1), pool_options{.stride = 1}>(std::move(padded));
        return whole / pow(detail::reshape_to(std::move(means), whole.shape()) * alpha + k, beta);
    }
}

}  // namespace tenon::inline TENON_TARGET
