// Puts the values of a pool back to the places that it took them from.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>

#include <tenon/expr/array.hpp>
#include <tenon/expr/index.hpp>
#include <tenon/expr/pool3d.hpp>

namespace tenon::inline TENON_TARGET {

/// max_unpool takes values [n, c, …] or [c, …] with as many axes behind the channels as its name says, and indices of the same shape, and
/// makes extents of 1 at least.
template <operation_name Operation, class Values, class Indices>
struct cannot_unpool;

namespace detail {
/// y(plane, index(plane, i)) = x(plane, i), and 0 elsewhere; the last of equal indices counts.
template <class T, class S>
struct unpool_rule {
    using value_type = T;
    using shape_type = S;
    static constexpr char const *name = "max_unpool", *kind = "scatter";
    static constexpr bool has_gradient = true;
    [[no_unique_address]] S to;
    std::size_t planes;
    constexpr S shape(auto const&...) const { return to; }
    constexpr std::size_t operations(auto const& x, auto const&) const { return x.size(); }

    template <class X, class I, class J>
    void forward(array_of<T, S> const& y, array_of<T const, X> const& x, array_of<I, J> const& index) const {
        std::size_t const extent = planes == 0 ? 0 : to.size() / planes, n = planes == 0 ? 0 : x.shape.size() / planes;
        std::fill_n(y.data, to.size(), T(0));
        for (std::size_t i = 0; i < x.shape.size(); ++i) {
            if (static_cast<std::size_t>(index.data[i]) >= extent)
                refuse(static_cast<std::int64_t>(index.data[i]), extent);
            y.data[i / n * extent + static_cast<std::size_t>(index.data[i])] = x.data[i];
        }
    }
    template <class X, class I, class J>
    void backward(array_of<T const, S> const&, array_of<T const, S> const& g, array_of<T const, X> const& x,
                  array_of<I, J> const& index, array_of<T, X> const& gx, auto const&) const {
        std::size_t const extent = planes == 0 ? 0 : to.size() / planes, n = planes == 0 ? 0 : x.shape.size() / planes;
        if (gx.data == nullptr) return;
        for (std::size_t i = 0; i < x.shape.size(); ++i)
            gx.data[i] += g.data[i / n * extent + static_cast<std::size_t>(index.data[i])];
    }

private:
    [[noreturn, gnu::noinline, gnu::cold]] static void refuse(std::int64_t index, std::size_t extent) {
        throw index_error(text_of({"max_unpool: index ", index, " is outside a plane of ", extent, " elements"}));
    }
};
/// The last extents n become (n − 1) · stride − 2 · padding + kernel, or those given.
template <auto Windows, std::size_t... E>
struct unpooled_extents {
    template <std::size_t R>
    static constexpr auto of(std::array<std::size_t, R> e) {
        constexpr std::size_t n = Windows.size();
        std::size_t const given[] = {E..., 0};
        for (std::size_t a = 0; a < n; ++a) {
            std::size_t& extent = e[R - n + a];
            extent = sizeof...(E) != 0 ? given[a] : extent == 0 ? 0 : Windows[a].transposed(extent, 0);
        }
        return e;
    }
};
template <operation_name Name, auto Windows, std::size_t... E, class X, class I>
constexpr auto unpool(X&& x, I&& index) {
    using s = shape_t<X>;
    constexpr std::size_t n = Windows.size();
    if constexpr (!counts_positions<value_t<I>>) return indices_are_integers<Name, value_t<I>>{};
    else if constexpr ((s::rank() != n + 1 && s::rank() != n + 2) || !shapes_may_match<s, shape_t<I>>())
        return cannot_unpool<Name, s, shape_t<I>>{};
    else {
        auto const from = x.shape();
        if (!(from == index.shape())) throw_shapes(Name.text, to_string(from), to_string(index.shape()));
        std::size_t planes = 1;
        for (std::size_t a = 0; a < s::rank() - n; ++a) planes *= from[a];
        auto const to = shape_by<unpooled_extents<Windows, E...>>(from);
        return make_array(unpool_rule<value_t<X>, std::remove_const_t<decltype(to)>>{to, planes}, std::forward<X>(x),
                          std::forward<I>(index));
    }
}
template <pool_options O, std::size_t... Kernel>
inline constexpr std::array<window, sizeof...(Kernel)> unpool_windows = [] {
    std::size_t const stride[] = {O.stride.height, O.stride.width}, padding[] = {O.padding.height, O.padding.width};
    std::size_t const kernel[] = {Kernel...};
    std::array<window, sizeof...(Kernel)> w{};
    for (std::size_t a = 0; a < w.size(); ++a) {
        std::size_t const from = a + 2 - w.size();
        w[a] = {kernel[a], stride[from] == 0 ? kernel[a] : stride[from], padding[from], 1};
    }
    return w;
}();
}  // namespace detail

/// The values of max_pool1d at the places that it took them from, and zeros elsewhere: for values and indices [n, c, l] or [c, l] of a
/// window and options. The output has (l − 1) · stride − 2 · padding + Kernel elements, or as many as said as a third argument:
/// `max_unpool1d<2, pool_options{}, 9>(values, indices)`. Compile error `cannot_unpool`; @throws index_error for a place outside;
/// torch.nn.functional.max_unpool1d.
template <std::size_t Kernel, pool_options Options = pool_options{}, std::size_t... Length, expression X, expression I>
    requires(sizeof...(Length) <= 1)
constexpr auto max_unpool1d(X&& values, I&& indices) {
    return detail::unpool<"max_unpool1d", detail::unpool_windows<Options, Kernel>, Length...>(std::forward<X>(values),
                                                                                              std::forward<I>(indices));
}
/// The same along two axes; torch.nn.functional.max_unpool2d.
/// @tparam Size no numbers, or the output's height and width
template <extent2 Kernel, pool_options Options = pool_options{}, std::size_t... Size, expression X, expression I>
    requires(sizeof...(Size) == 0 || sizeof...(Size) == 2)
constexpr auto max_unpool2d(X&& values, I&& indices) {
    return detail::unpool<"max_unpool2d", detail::unpool_windows<Options, Kernel.height, Kernel.width>, Size...>(
        std::forward<X>(values), std::forward<I>(indices));
}
/// The same along three axes; torch.nn.functional.max_unpool3d.
template <extent3 Kernel, pool3d_options Options = pool3d_options{}, std::size_t... Size, expression X, expression I>
    requires(sizeof...(Size) == 0 || sizeof...(Size) == 3)
constexpr auto max_unpool3d(X&& values, I&& indices) {
    return detail::unpool<"max_unpool3d", detail::pool_windows<Kernel, Options>, Size...>(std::forward<X>(values),
                                                                                          std::forward<I>(indices));
}

}  // namespace tenon::inline TENON_TARGET
